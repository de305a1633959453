//! What is on the sites now, and what became of what was there: all that references are judged by.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;

use crate::diff::{Change, ChangeSet};
use crate::mapping::Mapping;
use crate::resource::matching::nfc;
use crate::resource::{Details, Luid, Resource, ResourceKind, SiteName};
use crate::snapshot::Snapshot;
use crate::store::{Past, Side};

/// One site, as far as somebody knows it.
#[derive(Debug, Clone, Copy, Default)]
pub struct SiteView<'a> {
    /// What Tableau says now.
    pub snapshot: Option<&'a Snapshot>,
    /// What the map says.
    pub mapping: Option<&'a Mapping>,
    /// What separates them, where both are there.
    pub changes: Option<&'a ChangeSet>,
}

/// Something that is no longer what it was.
#[derive(Debug, Clone)]
pub struct Departure {
    /// The site.
    pub site: SiteName,
    /// Workbook or data source.
    pub kind: ResourceKind,
    /// When it was noticed.
    pub at: Timestamp,
    /// As it was.
    pub before: Side,
    /// What is in its place; `None` when it is gone.
    pub after: Option<Side>,
}

/// What became of a resource that is gone.
#[derive(Debug, Clone, Copy)]
pub enum Fate<'a> {
    /// It was republished, perhaps more than once, and this is what it is now.
    Replaced {
        /// The first time.
        departure: &'a Departure,
        /// The resource that has its place now.
        by: &'a Resource,
    },
    /// Nothing is in its place.
    Gone(&'a Departure),
}

/// What is on the sites now, and what became of what was there.
#[derive(Debug, Default)]
pub struct Knowledge {
    hosts: Vec<String>,
    /// Whether a map is among what is known.
    pub has_map: bool,
    sites: Vec<SiteName>,
    /// What Tableau did not list completely: absence is no evidence there.
    incomplete: Vec<(SiteName, ResourceKind)>,
    resources: Vec<Resource>,
    by_luid: HashMap<String, Vec<usize>>,
    by_name: HashMap<(ResourceKind, String), Vec<usize>>,
    by_number: HashMap<(ResourceKind, String), Vec<usize>>,
    departures: Vec<Departure>,
    departed_by_luid: HashMap<String, Vec<usize>>,
    departed_by_name: HashMap<(ResourceKind, String), Vec<usize>>,
    /// What addresses name.
    addressed: HashSet<Address>,
    departed_by_address: HashMap<Address, Vec<usize>>,
}

/// A name in addresses, on a site in lower case.
type Address = (String, ResourceKind, AddressName);

#[derive(Debug, PartialEq, Eq, Hash)]
enum AddressName {
    /// As Tableau told it, in lower case.
    Told(String),
    /// Made from the name of a workbook whose name in addresses was never told.
    Derived(String),
}

/// Hosts of Tableau Cloud are `prod-useast-a.online.tableau.com` and the like (help.tableau.com, "Tableau Cloud tips").
fn is_cloud(host: &str) -> bool {
    let suffix = ".online.tableau.com";
    let start = host.len().checked_sub(suffix.len());
    start.and_then(|start| host.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

impl Knowledge {
    /// Puts together what is known. `hosts` are the names of the server in addresses; with none, any is ours.
    #[must_use]
    pub fn of(hosts: Vec<String>, sites: &[SiteView<'_>], past: &Past) -> Self {
        let has_map = sites.iter().any(|site| site.mapping.is_some());
        let mut knowledge = Self { hosts, has_map, ..Self::default() };
        for site in sites {
            knowledge.add_site(site);
        }
        for change in &past.changes {
            if let Some(before) = change.before.clone() {
                let (site, after) = (change.site.clone(), change.after.clone());
                let (kind, at) = (change.kind, change.changed_at);
                knowledge.departures.push(Departure { site, kind, at, before, after });
            }
        }
        for set in sites.iter().filter_map(|site| site.changes) {
            for change in &set.changes {
                let (before, after) = change.sides();
                if let (Some(before), false) = (before, matches!(change, Change::Added(_))) {
                    let (site, kind) = (before.key.site.clone(), before.key.kind);
                    let (at, before, after) = (set.snapshot.taken_at, side(before), after.map(side));
                    knowledge.departures.push(Departure { site, kind, at, before, after });
                }
            }
        }
        knowledge.index();
        knowledge
    }

    fn add_site(&mut self, site: &SiteView<'_>) {
        let name = site.snapshot.map(|one| &one.header.site).or(site.mapping.map(|one| &one.site));
        self.sites.extend(name.cloned());
        if let Some(header) = site.snapshot.map(|snapshot| &snapshot.header) {
            let missing = ResourceKind::ALL.into_iter().filter(|kind| !header.complete.contains(kind));
            self.incomplete.extend(missing.map(|kind| (header.site.clone(), kind)));
        }
        let live = site.snapshot.map(Snapshot::resources).unwrap_or_default();
        let is_gone = |one: &Resource| site.snapshot.is_some_and(|snapshot| snapshot.proves_gone(one));
        let live_ids: HashSet<_> = live.iter().map(|one| (one.key.kind, &one.luid)).collect();
        let rows = site.mapping.map(|one| one.rows.as_slice()).unwrap_or_default();
        // Where the listing was incomplete, the map knows better than nothing.
        let rows = rows
            .iter()
            .map(|row| &row.resource)
            .filter(|one| !is_gone(one) && !live_ids.contains(&(one.key.kind, &one.luid)));
        self.resources.extend(live.iter().map(AsRef::as_ref).chain(rows).cloned());
    }

    fn index(&mut self) {
        self.resources.sort();
        self.resources.dedup();
        self.sites.sort();
        self.sites.dedup();
        for (at, one) in self.resources.iter().enumerate() {
            self.by_luid.entry(one.luid.as_str().to_lowercase()).or_default().push(at);
            self.by_name.entry((one.key.kind, nfc(&one.key.name))).or_default().push(at);
            if let Some(number) = &one.details.vizportal_url_id {
                self.by_number.entry((one.key.kind, number.clone())).or_default().push(at);
            }
            self.addressed.extend(address(&one.key.site, one.key.kind, &one.key.name, &one.details));
        }
        for (at, one) in self.departures.iter().enumerate() {
            self.departed_by_luid.entry(one.before.luid.as_str().to_lowercase()).or_default().push(at);
            self.departed_by_name.entry((one.kind, nfc(&one.before.name))).or_default().push(at);
            let former = || address(&one.site, one.kind, &one.before.name, &one.before.details);
            let current = one.after.as_ref().and_then(|after| self.current(&one.site, one.kind, &after.luid));
            // A rename changes no address.
            if current.is_some_and(|current| current.details.content_url.is_none()) {
                self.addressed.extend(former());
            }
            if let Some(former) = former() {
                self.departed_by_address.entry(former).or_default().push(at);
            }
        }
    }

    /// What helps where something is missing that may be newer than what is known.
    #[must_use]
    pub fn if_new(&self) -> &'static str {
        if self.has_map { "; if it was created recently, run `tabmap sync`" } else { "" }
    }

    fn has(&self, site: &SiteName, kind: ResourceKind, luid: &Luid) -> bool {
        self.current(site, kind, luid).is_some()
    }

    fn current(&self, site: &SiteName, kind: ResourceKind, luid: &Luid) -> Option<&Resource> {
        self.with_luid(luid.as_str()).find(|one| one.key.site == *site && one.key.kind == kind)
    }

    /// Whether an address on a host leads to what is known. Tableau Cloud moves sites from one of its hosts to another, and
    /// no two sites of it share a name.
    #[must_use]
    pub fn is_ours(&self, host: &str, site: &SiteName) -> bool {
        self.hosts.is_empty()
            || self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host))
            || is_cloud(host) && self.is_on_cloud() && self.sites.iter().any(|known| known.is_same_site(site))
    }

    /// Whether our server is a host of Tableau Cloud: other customers' sites are on it too.
    #[must_use]
    pub fn is_on_cloud(&self) -> bool {
        self.hosts.iter().any(|ours| is_cloud(ours))
    }

    /// The sites of which something is known, sorted.
    #[must_use]
    pub fn sites(&self) -> &[SiteName] {
        &self.sites
    }

    /// Whether there may be more of a kind, on one of the sites that `is_meant`, than is known.
    #[must_use]
    pub fn may_lack(&self, kind: ResourceKind, is_meant: impl Fn(&SiteName) -> bool) -> bool {
        self.incomplete.iter().any(|(site, incomplete)| *incomplete == kind && is_meant(site))
    }

    /// All resources that exist now, sorted by key.
    #[must_use]
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// Whether a text is, or was, the LUID of a resource.
    #[must_use]
    pub fn knows_luid(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        self.by_luid.contains_key(&text) || self.departed_by_luid.contains_key(&text)
    }

    /// The resources that have a LUID now.
    pub fn with_luid(&self, text: &str) -> impl Iterator<Item = &Resource> {
        self.found(self.by_luid.get(&text.to_lowercase()))
    }

    /// The resources of a kind that have a number in their addresses.
    pub fn with_number(&self, kind: ResourceKind, number: &str) -> impl Iterator<Item = &Resource> {
        self.found(self.by_number.get(&(kind, number.to_owned())))
    }

    /// The resources of a kind and name, in whatever normal form.
    pub fn with_name(&self, kind: ResourceKind, name: &str) -> impl Iterator<Item = &Resource> {
        self.found(self.by_name.get(&(kind, nfc(name))))
    }

    fn found<'a>(&'a self, at: Option<&'a Vec<usize>>) -> impl Iterator<Item = &'a Resource> {
        at.into_iter().flatten().filter_map(|at| self.resources.get(*at))
    }

    /// What became of the resources that had a LUID and are gone, each once.
    #[must_use]
    pub fn fates_of_luid(&self, text: &str) -> Vec<Fate<'_>> {
        self.fates(self.departed_with_luid(text))
    }

    /// What became of the resources that had a number in their address.
    #[must_use]
    pub fn fates_of_number(&self, site: &SiteName, kind: ResourceKind, number: &str) -> Vec<Fate<'_>> {
        let fits = |one: &&Departure| {
            one.kind == kind
                && one.site.is_same_site(site)
                && one.before.details.vizportal_url_id.as_deref() == Some(number)
        };
        self.fates(self.departures.iter().filter(fits))
    }

    /// The resources that had a name once, in whatever normal form, with what they are now, latest first.
    pub fn former(
        &self,
        kind: ResourceKind,
        name: &str,
    ) -> impl Iterator<Item = (&Departure, Option<&Resource>)> {
        let found = self.departed(self.departed_by_name.get(&(kind, nfc(name))));
        found.rev().map(|one| (one, self.successor(one)))
    }

    fn departed<'a>(
        &'a self,
        found: Option<&'a Vec<usize>>,
    ) -> impl DoubleEndedIterator<Item = &'a Departure> {
        found.into_iter().flatten().filter_map(|at| self.departures.get(*at))
    }

    fn departed_with_luid(&self, text: &str) -> impl DoubleEndedIterator<Item = &Departure> {
        self.departed(self.departed_by_luid.get(&text.to_lowercase()))
    }

    fn fates<'a>(&'a self, departures: impl Iterator<Item = &'a Departure>) -> Vec<Fate<'a>> {
        let mut last: BTreeMap<(&SiteName, ResourceKind, &Luid), &Departure> = BTreeMap::new();
        // A resource that only moved has its LUID still; the last departure is the one that counts.
        let left =
            departures.filter(|one| one.after.as_ref().is_none_or(|after| after.luid != one.before.luid));
        for one in left.filter(|one| !self.has(&one.site, one.kind, &one.before.luid)) {
            last.insert((&one.site, one.kind, &one.before.luid), one);
        }
        let fate = |departure| match self.successor(departure) {
            Some(by) => Fate::Replaced { departure, by },
            None => Fate::Gone(departure),
        };
        last.into_values().map(fate).collect()
    }

    /// What is in the place of a resource now, however often it was republished.
    fn successor<'a>(&'a self, departure: &'a Departure) -> Option<&'a Resource> {
        let mut luid = &departure.after.as_ref()?.luid;
        let mut seen = HashSet::new();
        while seen.insert(luid) {
            if let Some(current) = self.current(&departure.site, departure.kind, luid) {
                return Some(current);
            }
            luid = &self
                .departed_with_luid(luid.as_str())
                .rev()
                .filter(|one| one.site == departure.site && one.kind == departure.kind)
                .find_map(|one| one.after.as_ref().filter(|after| after.luid != *luid))?
                .luid;
        }
        None
    }

    /// Whether something on the site has this name in addresses.
    #[must_use]
    pub fn has_address(&self, site: &SiteName, kind: ResourceKind, name: &str) -> bool {
        meanings(site, kind, name).any(|address| self.addressed.contains(&address))
    }

    /// Whether Tableau told the name in addresses of all that is known of a kind on a site.
    #[must_use]
    pub fn has_all_addresses(&self, site: &SiteName, kind: ResourceKind) -> bool {
        let mut of_kind =
            self.resources.iter().filter(|one| one.key.kind == kind && one.key.site.is_same_site(site));
        of_kind.all(|one| one.details.content_url.is_some())
    }

    /// What became of that which had this name in addresses.
    #[must_use]
    pub fn fates_of_address(&self, site: &SiteName, kind: ResourceKind, name: &str) -> Vec<Fate<'_>> {
        let of_name = meanings(site, kind, name)
            .flat_map(|address| self.departed(self.departed_by_address.get(&address)));
        let of_luid = of_name.flat_map(|one| self.departed_with_luid(one.before.luid.as_str()));
        self.fates(of_luid.filter(|one| one.site.is_same_site(site) && one.kind == kind))
    }
}

/// What has an address: as Tableau told it; without that, as workbooks are named in addresses of their views.
fn address(site: &SiteName, kind: ResourceKind, name: &str, details: &Details) -> Option<Address> {
    let told = details.content_url.as_ref().map(|told| AddressName::Told(told.to_lowercase()));
    let derived = || kind.facts().names_views.then(|| AddressName::Derived(view_name(name)));
    Some((lower(site), kind, told.or_else(derived)?))
}

/// What a name in an address may stand for: it, and what Tableau may have made it from, with and without a suffix.
fn meanings(site: &SiteName, kind: ResourceKind, name: &str) -> impl Iterator<Item = Address> {
    let told = AddressName::Told(name.to_lowercase());
    let derived = [Some(name), without_suffix(name)].into_iter().flatten().map(view_name);
    let derived = derived.filter(|name| !name.is_empty()).map(AddressName::Derived);
    std::iter::once(told).chain(derived).map(move |name| (lower(site), kind, name))
}

/// Tableau tells workbooks of one name apart by a suffix: `Superstore`, `Superstore_0`, `Superstore_17078880698360` (a
/// time in tenths of a millisecond). Other digits are part of the name.
fn without_suffix(name: &str) -> Option<&str> {
    let (name, digits) = name.rsplit_once('_')?;
    let is_time = digits.len() >= TIME_DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
    (digits == "0" || is_time).then_some(name)
}

/// As many as a time in milliseconds has.
const TIME_DIGITS: usize = 13;

fn lower(site: &SiteName) -> String {
    site.as_str().to_lowercase()
}

/// Tableau leaves out of a workbook's name what an address cannot hold.
fn view_name(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn side(resource: &Resource) -> Side {
    Side {
        project: resource.key.project.clone(),
        name: resource.key.name.clone(),
        luid: resource.luid.clone(),
        details: resource.details.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_behind_a_name_are_its_own_unless_tableau_put_them_there() {
        for (name, expected) in [
            ("Superstore_17078880698360", Some("Superstore")),
            ("Superstore_1707888069836", Some("Superstore")),
            ("Superstore_0", Some("Superstore")),
            ("Sales_2023_0", Some("Sales_2023")),
            ("_0", Some("")),
            ("Superstore_170788806983", None),
            ("Sales_2023", None),
            ("Sales_1", None),
            ("Sales2023", None),
            ("Report2", None),
            ("Sales_1707888069836x", None),
            ("Sales_", None),
            ("2023", None),
        ] {
            assert_eq!(without_suffix(name), expected, "{name}");
        }
    }

    #[test]
    fn an_address_holds_letters_and_digits_of_a_name_alone() {
        for (name, expected) in [("Weekly Sales", "weeklysales"), ("Größe (m²)!", "größem²"), ("_ - _", "")]
        {
            assert_eq!(view_name(name), expected);
        }
    }
}
