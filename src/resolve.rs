//! From what people know a resource by (a name, a browser address, a number from one, a LUID) to the resource.
//!
//! Never a guess: what has no single answer is an error that lists the candidates, or near names.

use std::collections::BTreeSet;

use miette::Diagnostic;
use thiserror::Error;

use crate::browser_url::{BrowserUrl, NotAnAddress, Page};
use crate::mapping::Mapping;
use crate::resource::matching::{Lookup, Project, near};
use crate::resource::{Luid, Resource, ResourceKind, SiteName};
use crate::store::{RecordedChange, Store, StoreError};
use crate::text::on_one_line;

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
    /// The map could not be read.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Store(#[from] StoreError),
    /// Not an address.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Address(#[from] NotAnAddress),
    /// The address is of another server than the map.
    #[error("the address is on server `{host}`, and this map belongs to `{server}`")]
    #[diagnostic(code(tabmap::resolve::other_server), help("name the store of that server with `--store`"))]
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
    #[error("{what} is ambiguous: {} resources fit", candidates.len())]
    #[diagnostic(
        code(tabmap::resolve::ambiguous),
        help(
            "add `--project` with as much of the path as tells them apart, or `--site`, or resolve the LUID that you \
             mean:\n{}",
            table_of(candidates)
        )
    )]
    Ambiguous {
        /// What was looked for.
        what: String,
        /// All that fit.
        candidates: Vec<Resource>,
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

fn table_of(candidates: &[Resource]) -> String {
    let lines: Vec<_> = candidates
        .iter()
        .map(|one| format!("{}  site `{}`, {} `{}`", one.luid, one.key.site, one.key.kind, one.place()))
        .collect();
    lines.join("\n")
}

/// The rows of every site at one moment.
#[derive(Debug)]
pub struct LoadedMap {
    mappings: Vec<Mapping>,
}

impl LoadedMap {
    /// Loads all of it.
    pub async fn load(store: &dyn Store) -> Result<Self, StoreError> {
        let mut mappings = Vec::new();
        for site in store.sites().await? {
            mappings.push(store.load(&site).await?);
        }
        Ok(Self { mappings })
    }

    /// Each site with the time of the newest snapshot that reached the map.
    pub fn newest_snapshots(&self) -> impl Iterator<Item = (&SiteName, Option<jiff::Timestamp>)> {
        self.mappings.iter().map(|mapping| (&mapping.site, mapping.newest_snapshot_at))
    }
}

/// What somebody wants to find.
#[derive(Debug, Clone)]
pub struct Question {
    what: What,
    project: Option<Project>,
    sites: Vec<SiteName>,
    server: Option<String>,
}

#[derive(Debug, Clone)]
enum What {
    Name { kind: ResourceKind, name: String },
    Page { url: BrowserUrl, kind: ResourceKind, number: String },
    Luid { kind: Option<ResourceKind>, luid: Luid },
}

impl Question {
    /// Reads a name or number with its kind, or a browser address or LUID with or without.
    ///
    /// `project` is any tail of a path (`EMEA`, `Finance/EMEA`), or a whole one after a slash (`/Finance`). With
    /// `sites`, only those are searched; an address names its own.
    pub fn read(
        kind: Option<ResourceKind>,
        text: &str,
        project: Option<&str>,
        sites: &[SiteName],
    ) -> Result<Self, ResolveError> {
        let what = read_what(kind, text)?;
        let project = project.map(|text| Project::Tail(text.to_owned()));
        let sites = if let What::Page { url, .. } = &what { vec![url.site.clone()] } else { sites.to_vec() };
        Ok(Self { what, project, sites, server: None })
    }

    /// The same, to be answered by a map of this server alone: who acts on the answer would act on another server's
    /// resource of that name.
    #[must_use]
    pub fn on_server(self, server: String) -> Self {
        Self { server: Some(server), ..self }
    }

    /// The one resource of the map that fits.
    pub async fn resolve(&self, store: &dyn Store) -> Result<Resource, ResolveError> {
        let found = store.find(&self.lookup(), &self.sites).await?;
        self.refuse_other_server(found.server)?;
        let mut resources: Vec<_> = found.rows.into_iter().map(|row| row.resource).collect();
        resources.retain(|one| self.is_in_project(one));
        if resources.is_empty() && self.is_by_name() {
            resources = self.all(store).await?;
        }
        self.answer_with_history(&resources, store).await
    }

    /// What the near names are chosen from.
    async fn all(&self, store: &dyn Store) -> Result<Vec<Resource>, ResolveError> {
        let mut resources = Vec::new();
        for site in store.sites().await? {
            if self.is_searched(&site) {
                let mapping = store.load(&site).await?;
                self.refuse_other_server(mapping.server)?;
                resources.extend(mapping.rows.into_iter().map(|row| row.resource));
            }
        }
        Ok(resources)
    }

    fn is_searched(&self, site: &SiteName) -> bool {
        site.is_among(&self.sites)
    }

    async fn answer_with_history(
        &self,
        resources: &[Resource],
        store: &dyn Store,
    ) -> Result<Resource, ResolveError> {
        match self.answer(resources) {
            Err(ResolveError::Unknown { what, help }) => {
                let stale = self.became_of_it(store).await?;
                Err(stale.unwrap_or(ResolveError::Unknown { what, help }))
            }
            answer => answer.cloned(),
        }
    }

    /// The one resource that fits in a map that was loaded for several questions.
    pub async fn resolve_in(&self, map: &LoadedMap, store: &dyn Store) -> Result<Resource, ResolveError> {
        self.refuse_map_of_other_server(map)?;
        let all = || self.searched(map).flat_map(|mapping| &mapping.rows).map(|row| &row.resource);
        let lookup = self.lookup();
        let fits = |one: &&Resource| lookup.fits(one) && self.is_in_project(one);
        let mut resources: Vec<Resource> = all().filter(fits).cloned().collect();
        if resources.is_empty() {
            // For the near names.
            resources = all().cloned().collect();
        }
        self.answer_with_history(&resources, store).await
    }

    /// Fails where what would be searched belongs to another server than the question is for.
    pub fn refuse_map_of_other_server(&self, map: &LoadedMap) -> Result<(), ResolveError> {
        self.searched(map).try_for_each(|mapping| self.refuse_other_server(mapping.server.clone()))
    }

    fn searched<'a>(&'a self, map: &'a LoadedMap) -> impl Iterator<Item = &'a Mapping> {
        map.mappings.iter().filter(|mapping| self.is_searched(&mapping.site))
    }

    /// Whether it asks for a name, and not for one resource whatever it is called.
    #[must_use]
    pub fn is_by_name(&self) -> bool {
        matches!(self.what, What::Name { .. })
    }

    /// The one of `resources` that fits.
    pub fn answer<'a>(&self, resources: &'a [Resource]) -> Result<&'a Resource, ResolveError> {
        // A table that another tool wrote may hold a resource twice.
        let mut seen = BTreeSet::new();
        let lookup = self.lookup();
        let fits = |one: &&Resource| lookup.fits(one) && self.is_in_project(one);
        let mut fitting: Vec<&Resource> = resources.iter().filter(fits).collect();
        fitting.retain(|one| seen.insert(one.id()));
        match fitting.as_slice() {
            [one] => Ok(one),
            [] => {
                let help = match &self.what {
                    What::Name { kind, name } => near_names(*kind, name, resources),
                    What::Page { .. } | What::Luid { .. } => {
                        "it may be newer than the last sync: run `tabmap sync`, then ask again".to_owned()
                    }
                };
                Err(ResolveError::Unknown { what: self.to_string(), help })
            }
            several => {
                let mut candidates: Vec<_> = several.iter().copied().cloned().collect();
                candidates.sort_by_key(|one| (one.key.site.clone(), one.key.kind, one.place()));
                Err(ResolveError::Ambiguous { what: self.to_string(), candidates })
            }
        }
    }

    fn lookup(&self) -> Lookup {
        match &self.what {
            What::Luid { kind, luid } => Lookup::Luid { kind: *kind, luid: luid.clone() },
            What::Page { kind, number, .. } => Lookup::Number { kind: *kind, number: number.clone() },
            What::Name { kind, name } => Lookup::Name { kind: *kind, name: name.clone() },
        }
    }

    fn is_in_project(&self, one: &Resource) -> bool {
        self.project.as_ref().is_none_or(|project| project.fits(&one.key.project))
    }

    fn refuse_other_server(&self, server: Option<String>) -> Result<(), ResolveError> {
        let Some(server) = server else { return Ok(()) };
        match (&self.what, &self.server) {
            (What::Page { url, .. }, _) if !server.eq_ignore_ascii_case(&url.host) => {
                Err(ResolveError::OtherServer { host: url.host.clone(), server })
            }
            (_, Some(run)) if *run != server => {
                Err(StoreError::OtherServer { map: server, run: run.clone() }.into())
            }
            _ => Ok(()),
        }
    }

    /// The change log remembers LUIDs that the map does not hold any more.
    async fn became_of_it(&self, store: &dyn Store) -> Result<Option<ResolveError>, ResolveError> {
        let (kind, luid) = match &self.what {
            What::Luid { kind, luid } => (*kind, luid.clone()),
            What::Page { kind, number, .. } => match self.last_with_number(store, *kind, number).await? {
                Some(luid) => (Some(*kind), luid),
                None => return Ok(None),
            },
            What::Name { .. } => return Ok(None),
        };
        let luid = &luid;
        let mut next = luid.clone();
        let mut seen = BTreeSet::new();
        let mut last = None;
        // A resource may have been published again more than once: the last of them counts.
        while seen.insert(next.clone()) {
            let fits = |change: &RecordedChange| {
                kind.is_none_or(|kind| kind == change.kind) && self.is_searched(&change.site)
            };
            let Some(change) = store.history(&next).await?.into_iter().rfind(fits) else { break };
            let after = change.after.as_ref().map(|side| side.luid.clone());
            last = Some(change);
            match after {
                // It is in the map, only not where the question looked.
                Some(after) if after == *luid => return Ok(None),
                Some(after) => next = after,
                None => break,
            }
        }
        let Some(last) = last else { return Ok(None) };
        let current = Lookup::Luid { kind: None, luid: next.clone() };
        let is_mapped = !store.find(&current, &self.sites).await?.rows.is_empty();
        Ok(Some(stale(luid, &last, is_mapped.then_some(&next))))
    }
}

impl Question {
    /// The resource that had this number in its address last.
    async fn last_with_number(
        &self,
        store: &dyn Store,
        kind: ResourceKind,
        number: &str,
    ) -> Result<Option<Luid>, StoreError> {
        let had_it = |change: &RecordedChange| {
            let before = change.before.as_ref()?;
            let is_of_site = self.sites.iter().any(|site| site.is_same_site(&change.site));
            let is_it = change.kind == kind && before.vizportal_url_id.as_deref() == Some(number);
            (is_of_site && is_it).then(|| before.luid.clone())
        };
        Ok(store.past().await?.changes.iter().rev().find_map(had_it))
    }
}

impl std::fmt::Display for Question {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.what {
            What::Luid { kind: None, luid } => write!(f, "LUID {luid}")?,
            What::Luid { kind: Some(kind), luid } => write!(f, "{kind} with LUID {luid}")?,
            What::Page { url, kind, number } => write!(f, "{kind} {number} on site `{}`", url.site)?,
            What::Name { kind, name } => write!(f, "{kind} `{}`", on_one_line(name))?,
        }
        if let Some(project) = &self.project {
            write!(f, " in project `{}`", on_one_line(project.as_str()))?;
        }
        if self.sites.is_empty() || matches!(self.what, What::Page { .. }) {
            return Ok(());
        }
        let sites: Vec<_> = self.sites.iter().map(|site| format!("`{site}`")).collect();
        write!(f, " on site {}", sites.join(" or "))
    }
}

fn read_what(kind: Option<ResourceKind>, text: &str) -> Result<What, ResolveError> {
    if BrowserUrl::looks_like_one(text) {
        return page_of(kind, BrowserUrl::parse(text)?, text);
    }
    // Tableau writes LUIDs in lower case, and takes either.
    match (kind, Luid::new(&text.to_lowercase()).filter(Luid::is_well_formed)) {
        (kind, Some(luid)) => Ok(What::Luid { kind, luid }),
        (Some(kind), None) => Ok(What::Name { kind, name: text.to_owned() }),
        (None, None) => Err(ResolveError::Usage {
            what: format!("`{}` is neither a browser address nor a LUID", on_one_line(text)),
            help: "for a name or a number, say of what: `workbook NAME` or `datasource NAME`",
        }),
    }
}

fn page_of(asked: Option<ResourceKind>, url: BrowserUrl, text: &str) -> Result<What, ResolveError> {
    match url.page.clone() {
        Page::Resource(kind, _) if asked.is_some_and(|asked| asked != kind) => Err(ResolveError::Usage {
            what: format!("`{text}` is the address of a {kind}, and another kind was asked for"),
            help: "leave the kind away: the address says it",
        }),
        Page::Resource(kind, number) => Ok(What::Page { url, kind, number }),
        Page::View { .. } => Err(ResolveError::Usage {
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

/// What became of a LUID: `last` is the last change on its way, `current` the LUID that took its place.
fn stale(luid: &Luid, last: &RecordedChange, current: Option<&Luid>) -> ResolveError {
    let side = last.after.as_ref().or(last.before.as_ref());
    let named = side.map(|side| {
        format!(" `{}` in project `{}`", on_one_line(&side.name), on_one_line(&side.project.to_string()))
    });
    let place = format!("{}{} on site `{}`", last.kind, named.unwrap_or_default(), last.site);
    let (what, help) = match current {
        Some(current) => (format!("{place} was published again"), format!("its LUID is {current} now")),
        None => {
            (format!("{place} is gone"), format!("it left the map with the snapshot of {}", last.changed_at))
        }
    };
    ResolveError::Stale { luid: luid.clone(), what, help }
}

fn near_names(kind: ResourceKind, name: &str, resources: &[Resource]) -> String {
    let near = near(kind, name, resources.iter());
    let names: Vec<_> = near.into_iter().map(|one| format!("`{}`", one.place())).collect();
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
