//! `tabmap resolve`: a name, a browser URL, a number from a URL or a LUID in; the LUID out.

use clap::Args;
use miette::Diagnostic;
use serde::Serialize;
use thiserror::Error;

use super::{CommandError, Exit, list, open_store};
use crate::browser_url::{BrowserUrl, NotAnAddress, Page};
use crate::config::Config;
use crate::report::{self, FORMAT_VERSION, Format, ResourceReport, on_one_line};
use crate::resource::{Luid, ProjectPath, Resource, ResourceKind};
use crate::store::{RecordedChange, Store};

/// How many near names an unknown one is answered with.
const MOST_NEAR_NAMES: usize = 3;
/// How alike a near name must be, from 0 to 1.
const NEAR: f64 = 0.7;

/// Print the current LUID of a resource
///
/// WHAT is a name or the number from a browser's address bar, after its kind; or, without a kind, a whole
/// browser address or a LUID:
///
///   tabmap resolve workbook 'Sales' --project Finance/EMEA
///   tabmap resolve https://tableau.example.com/#/site/MySite/workbooks/12345/views
///   tabmap resolve workbook 12345
///   tabmap resolve 3f2504e0-4f89-11d3-9a0c-0305e82c3301
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    override_usage = "tabmap resolve [OPTIONS] [workbook|datasource] <WHAT>"
)]
pub struct Resolve {
    /// `workbook` or `datasource`, then a name or a number; or a browser address or a LUID alone
    #[arg(required = true, num_args = 1..=2, value_name = "WHAT")]
    what: Vec<String>,
    /// The project: its name, or as much of its path as tells it apart (`EMEA`, `Finance/EMEA`); `/Finance` for
    /// a project at the top. A `/` inside a name is written `\/`
    #[arg(long, value_name = "PROJECT")]
    project: Option<String>,
    /// Form of the answer
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What was asked has no single answer.
#[derive(Debug, Error, Diagnostic)]
pub enum ResolveError {
    /// The question cannot be read.
    #[error("{what}")]
    #[diagnostic(code(tabmap::resolve::usage))]
    Usage {
        /// What is wrong.
        what: String,
        /// The remedy.
        #[help]
        help: &'static str,
    },
    /// Not an address.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Address(#[from] NotAnAddress),
    /// The address is of another server than the map.
    #[error("the address is on server `{host}`, and this map belongs to `{server}`")]
    #[diagnostic(
        code(tabmap::resolve::other_server),
        help("name the store of that server with `--store`")
    )]
    OtherServer {
        /// The host of the address.
        host: String,
        /// The server of the map.
        server: String,
    },
    /// Nothing by that name.
    #[error("the map has no {what}")]
    #[diagnostic(code(tabmap::resolve::unknown))]
    Unknown {
        /// What was looked for.
        what: String,
        /// Near names, or where else to look.
        #[help]
        help: String,
    },
    /// Several by that name.
    #[error("{what} is ambiguous: {} resources fit\n{}", candidates.len(), table_of(candidates))]
    #[diagnostic(
        code(tabmap::resolve::ambiguous),
        help(
            "add `--project` with as much of the path as tells them apart, or `--site`, or resolve the LUID that you mean"
        )
    )]
    Ambiguous {
        /// What was looked for.
        what: String,
        /// All that fit.
        candidates: Vec<ResourceReport>,
    },
    /// A LUID that was current once.
    #[error("LUID {luid} is stale: {what}")]
    #[diagnostic(code(tabmap::resolve::stale))]
    Stale {
        /// The LUID.
        luid: Luid,
        /// What became of it.
        what: String,
        /// What to use instead.
        #[help]
        help: String,
    },
}

impl ResolveError {
    /// A question that cannot be read is a usage error; one without a single answer is a finding.
    #[must_use]
    pub fn exit(&self) -> Exit {
        match self {
            Self::Usage { .. } | Self::Address(_) => Exit::Usage,
            _ => Exit::Found,
        }
    }
}

fn table_of(candidates: &[ResourceReport]) -> String {
    let lines: Vec<_> = candidates
        .iter()
        .map(|one| {
            format!(
                "  {}  site `{}`, {} `{}`",
                one.luid,
                one.site,
                one.kind,
                one.place()
            )
        })
        .collect();
    lines.join("\n")
}

#[derive(Debug, Serialize)]
struct Document {
    format_version: u32,
    #[serde(flatten)]
    resource: ResourceReport,
}

/// What is looked for.
enum Question {
    Name {
        kind: ResourceKind,
        name: String,
    },
    Page {
        url: BrowserUrl,
        kind: ResourceKind,
        number: String,
    },
    Luid {
        kind: Option<ResourceKind>,
        luid: Luid,
    },
}

impl Resolve {
    pub(super) async fn run(self, config: &Config) -> Result<Exit, CommandError> {
        let question = self.question()?;
        let store = open_store(config)?;
        let answer = self.answer(config, store.as_ref(), &question).await;
        store.close().await?;
        let resource = answer?;
        match self.format {
            Format::Text => report::print(&format!("{}\n", resource.luid))?,
            Format::Json => report::print_json(&Document {
                format_version: FORMAT_VERSION,
                resource,
            })?,
        }
        Ok(Exit::Done)
    }

    fn question(&self) -> Result<Question, ResolveError> {
        let (kind, what) = match self.what.as_slice() {
            [kind, what] => {
                let help = "write `tabmap resolve workbook NAME` or `tabmap resolve datasource NAME`";
                let usage = || ResolveError::Usage {
                    what: format!("`{kind}` is not a kind of resource"),
                    help,
                };
                (
                    Some(ResourceKind::from_column(&kind.to_lowercase()).ok_or_else(usage)?),
                    what,
                )
            }
            [what] => (None, what),
            _ => unreachable!("clap takes one or two"),
        };
        if BrowserUrl::looks_like_one(what) {
            return page_of(BrowserUrl::parse(what)?, what);
        }
        let is_luid = uuid::Uuid::try_parse(what).is_ok() && what.len() == 36;
        match (kind, Luid::new(what).filter(|_| is_luid)) {
            (kind, Some(luid)) => Ok(Question::Luid { kind, luid }),
            (Some(kind), None) => Ok(Question::Name {
                kind,
                name: what.clone(),
            }),
            (None, None) => Err(ResolveError::Usage {
                what: format!("`{}` is neither a browser address nor a LUID", on_one_line(what)),
                help: "for a name or a number, say of what: `tabmap resolve workbook NAME`, `tabmap resolve datasource NAME`",
            }),
        }
    }

    async fn answer(
        &self,
        config: &Config,
        store: &dyn Store,
        question: &Question,
    ) -> Result<ResourceReport, CommandError> {
        let wanted = if let Question::Page { url, .. } = question {
            vec![url.site.clone()]
        } else {
            config.sites.clone()
        };
        if let Question::Page { url, .. } = question {
            let server = store.load(&url.site).await?.server;
            if let Some(server) = server.filter(|server| !server.eq_ignore_ascii_case(&url.host)) {
                return Err(ResolveError::OtherServer {
                    host: url.host.clone(),
                    server,
                }
                .into());
            }
        }
        let rows = list::rows(store, &wanted).await?;
        let resources: Vec<&Resource> = rows.iter().map(|row| &row.resource).collect();
        let fitting: Vec<&Resource> = resources
            .iter()
            .copied()
            .filter(|one| self.fits(one, question))
            .collect();
        match fitting.as_slice() {
            [one] => Ok(ResourceReport::of(one)),
            [] => Err(self.nothing(store, question, &resources).await?.into()),
            several => {
                let mut candidates: Vec<_> = several.iter().map(|one| ResourceReport::of(one)).collect();
                candidates.sort_by_key(|one| (one.site.clone(), one.kind, one.place()));
                Err(ResolveError::Ambiguous {
                    what: self.describe(question),
                    candidates,
                }
                .into())
            }
        }
    }

    fn fits(&self, one: &Resource, question: &Question) -> bool {
        let fits = match question {
            Question::Luid { kind, luid } => {
                one.luid == *luid && kind.is_none_or(|kind| kind == one.key.kind)
            }
            Question::Page { kind, number, .. } => {
                one.key.kind == *kind && one.vizportal_url_id.as_ref() == Some(number)
            }
            // A number names a page; a resource may also be called by a number, and then both fit.
            Question::Name { kind, name } => {
                one.key.kind == *kind
                    && (one.key.name == *name || one.vizportal_url_id.as_ref() == Some(name))
            }
        };
        fits && self
            .project
            .as_ref()
            .is_none_or(|project| is_project(project, &one.key.project))
    }

    fn describe(&self, question: &Question) -> String {
        let what = match question {
            Question::Luid { kind: None, luid } => format!("LUID {luid}"),
            Question::Luid {
                kind: Some(kind),
                luid,
            } => format!("{kind} with LUID {luid}"),
            Question::Page { url, kind, number } => format!("{kind} {number} on site `{}`", url.site),
            Question::Name { kind, name } => format!("{kind} `{}`", on_one_line(name)),
        };
        match &self.project {
            Some(project) => format!("{what} in project `{}`", on_one_line(project)),
            None => what,
        }
    }

    async fn nothing(
        &self,
        store: &dyn Store,
        question: &Question,
        resources: &[&Resource],
    ) -> Result<ResolveError, CommandError> {
        if let Question::Luid { luid, .. } = question
            && let Some(last) = store.history(luid).await?.pop()
        {
            return Ok(stale(luid, &last));
        }
        let what = self.describe(question);
        let help = match question {
            Question::Name { kind, name } => near_names(*kind, name, resources),
            Question::Page { .. } | Question::Luid { .. } => {
                "it may be newer than the last sync: run `tabmap sync`, then ask again".to_owned()
            }
        };
        Ok(ResolveError::Unknown { what, help })
    }
}

fn page_of(url: BrowserUrl, text: &str) -> Result<Question, ResolveError> {
    match url.page.clone() {
        Page::Resource(kind, number) => Ok(Question::Page { url, kind, number }),
        Page::View => Err(ResolveError::Usage {
            what: format!(
                "`{text}` is the address of a view, which does not say which workbook it belongs to"
            ),
            help: "open the workbook itself in the browser and copy that address (.../workbooks/123/views), or resolve it \
                   by name",
        }),
        Page::Other => Err(ResolveError::Usage {
            what: format!("`{text}` is not the address of a workbook or data source"),
            help: "copy the address of its own page: https://HOST/#/site/SITE/workbooks/123/views",
        }),
    }
}

/// Whether a person who wrote `text` may mean `project`.
fn is_project(text: &str, project: &ProjectPath) -> bool {
    match text.strip_prefix('/') {
        Some(from_root) => ProjectPath::parse(from_root) == *project,
        None => ProjectPath::parse(text).is_tail_of(project),
    }
}

fn stale(luid: &Luid, last: &RecordedChange) -> ResolveError {
    let site = &last.site;
    match (&last.before, &last.after) {
        (Some(before), Some(after)) if before.luid == *luid && after.luid != *luid => ResolveError::Stale {
            luid: luid.clone(),
            what: format!(
                "{} `{}` in project `{}` on site `{site}` was published again",
                last.kind,
                on_one_line(&after.name),
                on_one_line(&after.project.to_string())
            ),
            help: format!("since {} its LUID is {}", last.changed_at, after.luid),
        },
        (before, after) => {
            let named = before.as_ref().or(after.as_ref());
            let named = named.map(|side| {
                format!(
                    "`{}` in project `{}` ",
                    on_one_line(&side.name),
                    on_one_line(&side.project.to_string())
                )
            });
            ResolveError::Stale {
                luid: luid.clone(),
                what: format!(
                    "{} {}on site `{site}` is gone",
                    last.kind,
                    named.unwrap_or_default()
                ),
                help: format!(
                    "it was removed from the map by the snapshot of {}",
                    last.changed_at
                ),
            }
        }
    }
}

fn near_names(kind: ResourceKind, name: &str, resources: &[&Resource]) -> String {
    let wanted = name.to_lowercase();
    let mut near: Vec<_> = resources
        .iter()
        .filter(|one| one.key.kind == kind)
        .map(|one| {
            (
                strsim::normalized_damerau_levenshtein(&wanted, &one.key.name.to_lowercase()),
                one,
            )
        })
        .filter(|(likeness, _)| *likeness >= NEAR)
        .collect();
    near.sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.key.cmp(&other.key)));
    let names: Vec<_> = near
        .iter()
        .take(MOST_NEAR_NAMES)
        .map(|(_, one)| format!("`{}`", ResourceReport::of(one).place()))
        .collect();
    if names.is_empty() {
        "names count letter by letter; `tabmap list` shows all, `tabmap sync` brings the map up to date"
            .to_owned()
    } else {
        format!(
            "did you mean {}? Names count letter by letter, and `--project` must fit too",
            names.join(", ")
        )
    }
}
