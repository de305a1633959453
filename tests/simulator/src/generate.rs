//! Content by the thousand, the same for the same seed: names that break naive code first, plain ones after.

use crate::content::{Content, Phantom, ResourceContent, SiteContent};
use crate::random::Random;
use crate::world::Kind;

/// How much to generate. The counts are per site.
#[derive(Clone, Debug)]
pub struct Generate {
    /// Another seed, other LUIDs and other homes for the plain names.
    pub seed: u64,
    /// `MySite`, `Site2`, `Site3` …
    pub sites: usize,
    /// Projects, `default` among them.
    pub projects: usize,
    /// Workbooks that lie in projects.
    pub workbooks: usize,
    /// Data sources that lie in projects.
    pub datasources: usize,
    /// Workbooks in a Personal Space, on top of `workbooks`.
    pub personal_space: usize,
    /// Entries of the Metadata API with an empty LUID, which stand for no resource.
    pub empty_luids: usize,
    /// The first site is the Default site, whose content URL is empty.
    pub default_site: bool,
}

impl Default for Generate {
    fn default() -> Self {
        Self {
            seed: 1,
            sites: 1,
            projects: 12,
            workbooks: 40,
            datasources: 20,
            personal_space: 0,
            empty_luids: 0,
            default_site: false,
        }
    }
}

/// The first projects of every site. `EMEA` is the leaf of two, and each parent stands before its children.
const PROJECTS: &[&[&str]] = &[
    &["default"],
    &["Finance"],
    &["Marketing"],
    &["Finance", "EMEA"],
    &["Marketing", "EMEA"],
    &["Sales/Partners"],
    &["Finance", "EMEA", "Q1 \\ Q2"],
    &["Müller \"GmbH\" & <Söhne>"],
    &["売上"],
    &["Operations 🚀"],
    &["marketing"],
    &["It's $$ \t tabbed"],
];

/// The names that break quoting, encoding, templates and comparison; neighbours share a project.
const NAMES: &[&str] = &[
    "Revenue",
    "revenue",
    "O'Brien's \"Best\" Report",
    "Back\\slash \\n not a newline",
    "Line\nbreak",
    "Tab\tstop",
    "Emoji 📊👩‍💻",
    "四半期レポート",
    "North/South/East",
    "$$ dollar $$ quoted $$",
    "$foo and ${bar}",
    "<b>&amp;</b> ]]> --",
    "100% of :bind ?1 @p {x}",
    "Zoë (combining: Zoe\u{308})",
    "تقرير المبيعات",
    "NULL",
    "'; DROP TABLE resources; --",
    "Carriage\r\nreturn",
    "two  spaces",
    "-dash, comma; semicolon",
];

/// Same name in both `EMEA` projects: the few keys that are ambiguous without the full path.
const TWINS: &str = "Quarterly Review";
const TWIN_PROJECTS: [usize; 2] = [3, 4];

pub(crate) fn content(generate: &Generate) -> Content {
    let sites = (0..generate.sites).map(|at| site(generate, at)).collect();
    Content { seed: generate.seed, sites }
}

fn site(generate: &Generate, at: usize) -> SiteContent {
    let content_url = match at {
        0 if generate.default_site => String::new(),
        0 => "MySite".to_owned(),
        _ => format!("Site{}", at + 1),
    };
    // The site's own sequence: more of one thing on one site changes nothing on another.
    let mut random = Random::new(generate.seed ^ (u64::try_from(at).unwrap_or_default() << 32));
    let projects = projects(&mut random, generate.projects.max(1));
    let mut workbooks = resources(&mut random, &projects, generate.workbooks, Kind::Workbook);
    let datasources = resources(&mut random, &projects, generate.datasources, Kind::Datasource);
    workbooks.extend((1..=generate.personal_space).map(|number| ResourceContent {
        name: format!("Personal Draft {number}"),
        ..ResourceContent::default()
    }));
    let phantoms = (1..=generate.empty_luids)
        .map(|number| Phantom {
            kind: if number % 2 == 1 { Kind::Workbook } else { Kind::Datasource },
            name: format!("Without LUID {number}"),
            project: projects[0].clone(),
            luid: String::new(),
        })
        .collect();
    SiteContent { name: String::new(), content_url, projects, workbooks, datasources, phantoms }
}

fn projects(random: &mut Random, count: usize) -> Vec<Vec<String>> {
    let fixed = PROJECTS.iter().map(|path| path.iter().map(|&name| name.to_owned()).collect());
    let mut projects: Vec<Vec<String>> = fixed.take(count).collect();
    while projects.len() < count {
        let parent = &projects[random.below(projects.len())];
        let mut path = if parent.len() < 5 { parent.clone() } else { Vec::new() };
        path.push(format!("Department {:04}", projects.len()));
        projects.push(path);
    }
    projects
}

fn resources(
    random: &mut Random,
    projects: &[Vec<String>],
    count: usize,
    kind: Kind,
) -> Vec<ResourceContent> {
    let mut named: Vec<(String, Vec<String>)> = Vec::with_capacity(count);
    if projects.len() > TWIN_PROJECTS[1] && count >= 4 {
        named.extend(TWIN_PROJECTS.map(|at| (TWINS.to_owned(), projects[at].clone())));
    }
    let longest: String = "The longest name there is – ".chars().cycle().take(255).collect();
    let nasty = NAMES.iter().map(|&name| name.to_owned()).chain([longest]);
    for (at, name) in nasty.enumerate().take(count.saturating_sub(named.len())) {
        named.push((name, projects[at / 2 % projects.len()].clone()));
    }
    while named.len() < count {
        named.push((plain_name(random, named.len(), kind), projects[random.below(projects.len())].clone()));
    }
    let published = named.into_iter().enumerate();
    published
        .map(|(at, (name, project))| ResourceContent {
            name,
            project,
            extract: at % 7 != 6,
            ..ResourceContent::default()
        })
        .collect()
}

fn plain_name(random: &mut Random, number: usize, kind: Kind) -> String {
    const OF_WORKBOOKS: &[&str] = &["Overview", "Dashboard", "Forecast", "Funnel", "Report", "Scorecard"];
    const OF_DATASOURCES: &[&str] = &["Orders", "Customers", "Ledger", "Inventory", "Tickets", "Web Traffic"];
    const REGIONS: &[&str] = &["Global", "EMEA", "APAC", "Nordic", "Iberia", "Midwest", "Benelux"];
    let subjects = match kind {
        Kind::Workbook => OF_WORKBOOKS,
        Kind::Datasource => OF_DATASOURCES,
    };
    let (region, subject) = (REGIONS[random.below(REGIONS.len())], subjects[random.below(subjects.len())]);
    // The number keeps names apart, whatever project they land in.
    format!("{region} {subject} {number:05}")
}
