//! Whether a name leads to one resource, and to where it leads if not.

use super::judgement::{Judgement, bad, described, unknown_site};
use crate::check::finding::Code;
use crate::check::knowledge::{Departure, Knowledge};
use crate::check::reference::{Name, Project, Site, Spanned};
use crate::resource::matching::{MOST_NEAR_NAMES, is_same_name, near};
use crate::resource::{ProjectPath, Resource, ResourceKind, SiteName};
use crate::text::on_one_line;

/// What a reference says of a resource.
struct Wanted<'a> {
    kind: ResourceKind,
    name: &'a Spanned<Name>,
    project: Option<&'a Spanned<Project>>,
    site: Option<&'a Spanned<Site>>,
    knowledge: &'a Knowledge,
}

pub(super) fn judge(
    kind: ResourceKind,
    name: &Spanned<Name>,
    project: Option<&Spanned<Project>>,
    site: Option<&Spanned<Site>>,
    knowledge: &Knowledge,
) -> Judgement {
    Wanted { kind, name, project, site, knowledge }.judge()
}

impl Wanted<'_> {
    fn judge(&self) -> Judgement {
        if let Some(site) = self.site
            && !self.knowledge.sites().iter().any(|known| self.is_on(known))
        {
            return self.wrong_site(site);
        }
        let on_site = |one: &&Resource| self.is_on(&one.key.site);
        let of_name: Vec<_> = self.named().filter(on_site).collect();
        let fitting: Vec<_> = of_name.iter().copied().filter(|one| self.is_in(&one.key.project)).collect();
        match fitting.as_slice() {
            [_] => Judgement::Fine,
            [] => match self.departed() {
                // It is known by its LUID to be elsewhere.
                Some((judgement, Some(_))) => judgement,
                _ if self.knowledge.may_lack(self.kind, |site| self.is_on(site)) => Judgement::Open,
                _ if self.may_be_told_apart(&of_name) => Judgement::Open,
                Some((judgement, None)) => judgement,
                None => self.unknown(&of_name),
            },
            // A project or site that is computed may well tell them apart, and so may parents that nobody knows.
            several
                if self.is_open() || self.may_be_told_apart(several) || self.is_alone_on_a_site(several) =>
            {
                Judgement::Open
            }
            several => self.ambiguous(several),
        }
    }

    /// All that the name fits, wherever it is.
    fn named(&self) -> impl Iterator<Item = &Resource> {
        let name = self.name.value.as_str();
        let by_name = self.knowledge.with_name(self.kind, name);
        let by_number = self.knowledge.with_number(self.kind, name);
        let by_number = by_number.filter(|one| !is_same_name(&one.key.name, name));
        by_name.chain(by_number).filter(|one| self.name.value.fits(one))
    }

    fn is_sql(&self) -> bool {
        matches!(self.name.value, Name::Column(_))
    }

    /// In SQL, a project or site may be left to the run; where people write, what is left out is not asked.
    fn is_open(&self) -> bool {
        (self.project.is_none() || self.site.is_none()) && self.is_sql()
    }

    /// Whether only a run can tell the site, and on one that may be meant there is no other of the name.
    fn is_alone_on_a_site(&self, several: &[&Resource]) -> bool {
        let is_computed = self.site.is_some_and(|site| site.value == Site::Computed);
        let on = |site: &SiteName| several.iter().filter(|one| one.key.site == *site).count();
        is_computed && several.iter().any(|one| on(&one.key.site) == 1)
    }

    /// Whether a path was given, and the whole path of one that may be meant is unknown.
    fn may_be_told_apart(&self, several: &[&Resource]) -> bool {
        self.project.is_some_and(|project| several.iter().any(|one| project.value.may_fit(&one.key.project)))
    }

    fn is_on(&self, site: &SiteName) -> bool {
        self.site.is_none_or(|one| one.value.fits(site))
    }

    fn is_in(&self, project: &ProjectPath) -> bool {
        self.project.is_none_or(|one| one.value.fits(project))
    }

    /// As a sentence names it.
    fn what(&self) -> String {
        let written = self.project.filter(|one| one.value != Project::Computed);
        let project = written.map(|one| format!(" in project `{}`", on_one_line(one.value.as_str())));
        let site = match self.site.map(|one| &one.value) {
            Some(Site::Column(text)) => format!(" on site `{}`", SiteName::from_content_url(text)),
            Some(Site::Loose(site)) => format!(" on site `{site}`"),
            Some(Site::Computed) | None => String::new(),
        };
        let name = on_one_line(self.name.value.as_str());
        format!("{} `{name}`{}{site}", self.kind, project.unwrap_or_default())
    }

    fn wrong_site(&self, site: &Spanned<Site>) -> Judgement {
        let Site::Column(text) = &site.value else {
            let Site::Loose(name) = &site.value else { return Judgement::Open };
            return unknown_site(&name.to_string(), &site.span, self.knowledge);
        };
        let meant = text.parse::<SiteName>().ok();
        let meant =
            meant.and_then(|meant| self.knowledge.sites().iter().find(|known| known.is_same_site(&meant)));
        match meant {
            Some(meant) => {
                let message = format!("no site has the content URL `{}`", on_one_line(text));
                let remedy = format!("write '{}': it must match exactly, including case", meant.as_str());
                bad(Code::UnknownSite, &site.span, message, Some(remedy))
            }
            None => unknown_site(text, &site.span, self.knowledge),
        }
    }

    /// Something had that name and place, and the map remembers what became of it, and what it is now.
    fn departed(&self) -> Option<(Judgement, Option<&Resource>)> {
        let name = &self.name.value;
        let fits = |one: &Departure| {
            name.is(&one.before.name) && self.is_on(&one.site) && self.is_in(&one.before.project)
        };
        let mut former = self.knowledge.former(self.kind, name.as_str()).filter(|(one, _)| fits(one));
        let (departure, now) = former.next()?;
        let Some(now) = now else {
            let message = format!("{} is gone, noticed {}", described(departure), departure.at);
            let remedy = "remove the reference, or name the resource that is meant now".to_owned();
            return Some((bad(Code::UnknownResource, &self.name.span, message, Some(remedy)), None));
        };
        let is_renamed = !name.is(&now.key.name);
        let is_elsewhere = !self.is_in(&now.key.project);
        let (name, project) = (on_one_line(&now.key.name), self.project_of(now));
        let (message, remedy) = match (is_renamed, is_elsewhere) {
            (true, false) => {
                (format!("{} is now called `{name}`", self.what()), format!("use name '{name}'"))
            }
            (true, true) => (
                format!("{} is now `{name}` in project {project}", self.what()),
                format!("use name '{name}' and project {project}"),
            ),
            _ => (format!("{} is in another project now", self.what()), format!("use project {project}")),
        };
        let blamed =
            if is_renamed { &self.name.span } else { self.project.map_or(&self.name.span, |one| &one.span) };
        Some((bad(Code::MovedResource, blamed, message, Some(remedy)), Some(now)))
    }

    fn unknown(&self, of_name: &[&Resource]) -> Judgement {
        let message = format!("there is no {}", self.what());
        let mut in_other_form = self.knowledge.with_name(self.kind, self.name.value.as_str());
        let (blamed, remedy) = match (of_name, self.project) {
            ([], _) if in_other_form.any(|one| self.is_on(&one.key.site)) => {
                let remedy = "the name is there in another normal form of Unicode, and SQL compares it byte by byte: copy it \
                              from Tableau or `tabmap list`";
                (&self.name.span, remedy.to_owned())
            }
            ([_, ..], Some(Spanned { value: Project::Default, span })) => {
                let projects: Vec<_> = of_name.iter().map(|one| self.project_of(one)).collect();
                let remedy = format!(
                    "`tabcmd` looks in project `Default` unless `--project` names another: it is in {}",
                    projects.join(", ")
                );
                (span, remedy)
            }
            ([one], Some(project)) => (&project.span, format!("use project {}", self.project_of(one))),
            ([_, ..], Some(project)) => {
                let projects: Vec<_> = of_name.iter().map(|one| self.project_of(one)).collect();
                (&project.span, format!("it is in project {}", projects.join(", ")))
            }
            _ => {
                let near = self.near();
                let remedy = if near.is_empty() {
                    format!("names must match exactly, including case{}", self.knowledge.if_new())
                } else {
                    format!("did you mean {}?", near.join(", "))
                };
                (&self.name.span, remedy)
            }
        };
        bad(Code::UnknownResource, blamed, message, Some(remedy))
    }

    /// Names like this one, those in the given project first.
    fn near(&self) -> Vec<String> {
        let on_site = self.knowledge.resources().iter().filter(|one| self.is_on(&one.key.site));
        let (inside, outside): (Vec<_>, Vec<_>) = on_site.partition(|one| self.is_in(&one.key.project));
        let near = |some: Vec<_>| near(self.kind, self.name.value.as_str(), some.into_iter());
        near(inside).into_iter().chain(near(outside)).take(MOST_NEAR_NAMES).map(place).collect()
    }

    fn ambiguous(&self, several: &[&Resource]) -> Judgement {
        let places: Vec<_> =
            several.iter().map(|one| format!("{} on site `{}`", place(one), one.key.site)).collect();
        let message = format!("{} is ambiguous: it fits {}", self.what(), places.join(" and "));
        let is_sql = matches!(self.project.map(|one| &one.value), Some(Project::Leaf(_)));
        let remedy = if is_sql {
            let paths: Vec<_> = several
                .iter()
                .map(|one| format!("'{}'", on_one_line(&one.key.project.to_string())))
                .collect();
            format!("pass the sixth argument too, PROJECT_PATH: {}", paths.join(" or "))
        } else {
            "write as much of the project's path, and the site, as tells them apart".to_owned()
        };
        bad(Code::AmbiguousResource, &self.name.span, message, Some(remedy))
    }

    /// The project of a resource as the reference would have to write it.
    fn project_of(&self, one: &Resource) -> String {
        let path = on_one_line(&one.key.project.to_string());
        match self.project.map(|one| &one.value) {
            Some(Project::Leaf(_)) if one.key.project.leaf() != path => {
                format!("'{}' (its path is '{path}')", on_one_line(one.key.project.leaf()))
            }
            _ => format!("'{path}'"),
        }
    }
}

fn place(one: &Resource) -> String {
    format!("`{}`", one.place())
}
