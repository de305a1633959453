//! What somebody wants to find.

use std::fmt;

use super::error::ResolveError;
use crate::browser_url::{BrowserPage, BrowserUrl};
use crate::resource::matching::{Lookup, Project};
use crate::resource::{Luid, Resource, ResourceKind, SiteName};
use crate::store::StoreError;
use crate::text::on_one_line;

/// What somebody wants to find.
#[derive(Debug, Clone)]
pub struct Question {
    pub(super) lookup: Lookup,
    pub(super) sites: Vec<SiteName>,
    project: Option<Project>,
    /// The host of the address that was asked about.
    host: Option<String>,
    /// The server that the map has to belong to.
    server: Option<String>,
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
        let (lookup, sites, host) = if BrowserUrl::looks_like_one(text) {
            let url = BrowserUrl::parse(text)?;
            (lookup_of_page(kind, url.page, text)?, vec![url.site], Some(url.host))
        } else {
            (lookup_of(kind, text)?, sites.to_vec(), None)
        };
        let project = project.map(|text| Project::Tail(text.to_owned()));
        Ok(Self { lookup, sites, project, host, server: None })
    }

    /// Reads the words of a command line: `workbook NAME`, or an address or a LUID alone.
    pub fn of_words(
        words: &[String],
        project: Option<&str>,
        sites: &[SiteName],
    ) -> Result<Self, ResolveError> {
        let [kind, what] = words else { return Self::read(None, &words.concat(), project, sites) };
        let usage = || ResolveError::Usage {
            what: format!("`{kind}` is not a kind of resource"),
            help: "write `workbook NAME` or `datasource NAME`; put a name with spaces in quotes",
        };
        Self::read(Some(ResourceKind::from_word(kind).ok_or_else(usage)?), what, project, sites)
    }

    /// The same, to be answered by a map of this server alone: who acts on the answer would act on another server's
    /// resource of that name.
    #[must_use]
    pub fn on_server(self, server: String) -> Self {
        Self { server: Some(server), ..self }
    }

    /// Whether it asks for a name, and not for one resource whatever it is called.
    #[must_use]
    pub fn is_by_name(&self) -> bool {
        matches!(self.lookup, Lookup::Name { .. })
    }

    /// What is looked up.
    pub(crate) fn lookup(&self) -> &Lookup {
        &self.lookup
    }

    /// Where; everywhere if no site is named.
    pub(crate) fn sites(&self) -> &[SiteName] {
        &self.sites
    }

    /// Whether a resource of a site that is searched is what it asks for.
    pub(crate) fn fits(&self, one: &Resource) -> bool {
        let project = &one.key.project;
        self.lookup.fits(one) && self.project.as_ref().is_none_or(|wanted| wanted.fits(project))
    }

    /// Fails where the map belongs to another server than the question is for.
    pub(crate) fn refuse_other_server(&self, server: Option<&str>) -> Result<(), ResolveError> {
        let Some(server) = server.map(str::to_owned) else { return Ok(()) };
        match (&self.host, &self.server) {
            (Some(host), _) if !server.eq_ignore_ascii_case(host) => {
                Err(ResolveError::OtherServer { host: host.clone(), server })
            }
            (_, Some(run)) if *run != server => {
                Err(StoreError::OtherServer { map: server, run: run.clone() }.into())
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.lookup {
            Lookup::Luid { kind: None, luid } => write!(f, "LUID {luid}")?,
            Lookup::Luid { kind: Some(kind), luid } => write!(f, "{kind} with LUID {luid}")?,
            Lookup::Number { kind, number } => write!(f, "{kind} {number}")?,
            Lookup::Address { kind, name } => write!(f, "{kind} `{}` of that address", on_one_line(name))?,
            Lookup::Name { kind, name } => write!(f, "{kind} `{}`", on_one_line(name))?,
        }
        if let Some(project) = &self.project {
            write!(f, " in project `{}`", on_one_line(project.as_str()))?;
        }
        if self.sites.is_empty() {
            return Ok(());
        }
        let sites: Vec<_> = self.sites.iter().map(|site| format!("`{site}`")).collect();
        write!(f, " on site {}", sites.join(" or "))
    }
}

fn lookup_of(kind: Option<ResourceKind>, text: &str) -> Result<Lookup, ResolveError> {
    // Tableau writes LUIDs in lower case, and takes either.
    match (kind, Luid::new(&text.to_lowercase()).filter(Luid::is_well_formed)) {
        (kind, Some(luid)) => Ok(Lookup::Luid { kind, luid }),
        (Some(kind), None) => Ok(Lookup::Name { kind, name: text.to_owned() }),
        (None, None) => Err(ResolveError::Usage {
            what: format!("`{}` is neither a browser address nor a LUID", on_one_line(text)),
            help: "for a name or a number, add the kind: `workbook NAME` or `datasource NAME`",
        }),
    }
}

fn lookup_of_page(
    asked: Option<ResourceKind>,
    page: BrowserPage,
    text: &str,
) -> Result<Lookup, ResolveError> {
    let usage = |what: &str, help| Err(ResolveError::Usage { what: format!("`{text}` is {what}"), help });
    match page {
        BrowserPage::Resource(kind, _) | BrowserPage::Named(kind, _)
            if asked.is_some_and(|asked| asked != kind) =>
        {
            usage(
                &format!("the address of a {kind}, and another kind was asked for"),
                "leave out the kind: the address already says it",
            )
        }
        BrowserPage::Resource(kind, number) => Ok(Lookup::Number { kind, number }),
        BrowserPage::Named(kind, name) => Ok(Lookup::Address { kind, name }),
        BrowserPage::Unmapped | BrowserPage::Other => usage(
            "not the address of a workbook or data source",
            "copy the address of its own page: https://HOST/#/site/SITE/workbooks/123/views",
        ),
    }
}
