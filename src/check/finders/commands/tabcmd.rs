//! What command lines of Tableau's own `tabcmd` name ("tabcmd Commands", help.tableau.com).

use std::path::Path;

use super::named::{leaf, named};
use super::shell::{Sorted, Word, sort};

use crate::check::finders::finder::has_extension;
use crate::check::reference::{Project, Spanned, Target};
use crate::resource::{ProjectPath, ResourceKind, SiteName};

/// Options without a value, of these commands and of all commands.
const FLAGS: [&str; 28] = [
    "incremental",
    "synchronous",
    "addcalculations",
    "removecalculations",
    "no-certcheck",
    "x",
    "no-prompt",
    "no-cookie",
    "cookie",
    "no-proxy",
    "c",
    "use-certificate",
    "fullpdf",
    "pdf",
    "png",
    "csv",
    "csvdata",
    "overwrite",
    "o",
    "replace",
    "append",
    "tabbed",
    "disable-uploader",
    "encrypt",
    "include-all",
    "continue-if-exists",
    "restart",
    "async",
];

/// What `delete` takes without a value, or, in the first version, before the name.
const KINDS: [&str; 4] = ["workbook", "w", "datasource", "d"];

pub(super) fn target(words: Vec<Word>) -> Option<Target> {
    let sorted = sort(words.clone(), &FLAGS);
    let command = sorted.plain.first()?.value.as_deref()?.to_ascii_lowercase();
    match command.as_str() {
        "refreshextracts" | "createextracts" | "deleteextracts" => of_resource(&sorted),
        "delete" => of_deleted(&sort(words, &[&FLAGS[..], &KINDS].concat())),
        // What is published for the first time is not there yet; these two change what is.
        "publish" if sorted.has(&["replace", "append"]) => of_published(&sorted),
        "export" => sorted
            .plain
            .get(1)
            .filter(|path| path.value.as_ref().is_none_or(|path| path.contains('/')))
            .and_then(|path| of_path(path, site(&sorted))),
        // It also gets lists of users and whatever else has a path.
        "get" => sorted
            .plain
            .get(1)
            .filter(|path| is_of_content(path))
            .and_then(|path| of_path(path, site(&sorted))),
        _ => None,
    }
}

fn site(sorted: &Sorted) -> Option<&Word> {
    sorted.option(&["site", "t"])
}

fn of_resource(sorted: &Sorted) -> Option<Target> {
    let names = [
        (ResourceKind::Workbook, sorted.option(&["workbook", "w"])),
        (ResourceKind::Datasource, sorted.option(&["datasource", "d"])),
    ];
    if let Some((kind, name)) = names.into_iter().find_map(|(kind, name)| Some((kind, name?))) {
        return Some(of_name(kind, name, sorted));
    }
    sorted.option(&["url"]).and_then(|path| of_path(path, site(sorted)))
}

/// `delete --workbook NAME` and `delete NAME --workbook`.
fn of_deleted(sorted: &Sorted) -> Option<Target> {
    let [workbook, w, datasource, d] = KINDS;
    let kind = match (sorted.has(&[workbook, w]), sorted.has(&[datasource, d])) {
        (true, false) => ResourceKind::Workbook,
        (false, true) => ResourceKind::Datasource,
        // `--workbook=NAME`, or any of both kinds.
        _ => return of_resource(sorted),
    };
    sorted.plain.get(1).map(|name| of_name(kind, name, sorted))
}

/// The kind of what is published is that of its file.
fn of_published(sorted: &Sorted) -> Option<Target> {
    let file = Path::new(sorted.plain.get(1)?.value.as_deref()?);
    let is_workbook = has_extension(file, &["twb", "twbx"]);
    let kind = if is_workbook { ResourceKind::Workbook } else { ResourceKind::Datasource };
    sorted.option(&["name", "n"]).map(|name| of_name(kind, name, sorted))
}

fn of_name(kind: ResourceKind, name: &Word, sorted: &Sorted) -> Target {
    let project = sorted.option(&["project", "r"]);
    let parents = sorted.option(&["parent-project-path"]);
    let text = |word: Option<&Word>| word.and_then(|word| word.value.clone());
    let written = match (text(project), text(parents), parents) {
        (Some(leaf), Some(parents), _) => {
            let leaf = ProjectPath::leaf_only(&leaf);
            Some(Project::Tail(format!("/{}/{leaf}", parents.trim_matches('/'))))
        }
        (Some(one), None, None) if one.eq_ignore_ascii_case("default") => Some(Project::Default),
        (Some(one), None, None) => Some(leaf(&one)),
        // What is computed may be an option with its value.
        (None, None, None) if project.is_none() && sorted.plain.iter().all(|word| word.value.is_some()) => {
            Some(Project::Default)
        }
        // One of them is computed.
        _ => None,
    };
    named(kind, name, written, project.or(parents), site(sorted))
}

fn is_of_content(path: &Word) -> bool {
    let mut parts = path.value.iter().flat_map(|path| path.trim_start_matches('/').split('/'));
    parts.next().is_some_and(|first| {
        first == "views" || ResourceKind::ALL.iter().any(|kind| kind.path_segment() == first)
    })
}

/// `/views/WB/Sheet.png`, `WB/Sheet?param=1`, `/workbooks/WB.twbx`, `/datasources/DS.tdsx`.
fn of_path(word: &Word, site: Option<&Word>) -> Option<Target> {
    let Some(path) = word.value.as_deref() else { return Some(Target::Computed) };
    // An address is found as an address, and a site in a path is not of this command.
    if path.contains("://") || path.starts_with("/t/") || path.starts_with('#') {
        return None;
    }
    let path = path.trim_start_matches('/');
    let (kind, rest) = match path.split_once('/') {
        Some(("views", rest)) => (ResourceKind::Workbook, rest),
        Some((segment, rest)) => {
            let of = ResourceKind::ALL.into_iter().find(|kind| kind.path_segment() == segment);
            of.map_or((ResourceKind::Workbook, path), |kind| (kind, rest))
        }
        None => (ResourceKind::Workbook, path),
    };
    let name = rest.split(['/', '?', '#']).next()?;
    let name =
        [".twbx", ".twb", ".tdsx", ".tds"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name);
    if name.is_empty() {
        return None;
    }
    let site = match site {
        None => None,
        Some(Word { value: None, .. }) => return Some(Target::Computed),
        Some(Word { value: Some(text), .. }) if text.is_empty() => Some(SiteName::from_content_url("")),
        Some(Word { value: Some(text), .. }) => Some(text.parse().ok()?),
    };
    Some(Target::Address { host: None, site, kind, name: part(word, path, name) })
}

/// Where a part of a word stands; all of the word, where that holds escapes.
fn part(word: &Word, path: &str, name: &str) -> Spanned<String> {
    let all = word.value.as_deref().unwrap_or_default();
    let before = all.len() - path.len() + path.find(name).unwrap_or_default();
    let is_plain = word.span.len() == all.len();
    let start = word.span.start + before;
    let span = if is_plain { start..start + name.len() } else { word.span.clone() };
    Spanned { value: name.to_owned(), span }
}
