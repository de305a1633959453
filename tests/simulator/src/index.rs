//! The lagging view of the Metadata API: what it believes each site to hold.
//!
//! Every change of the [world](crate::world) marks entries as stale. When they are brought up to date is the
//! mode's business: at once, after a while, or when told to. Until then new resources are missing, deleted
//! ones linger as ghosts, and renamed or moved ones show their past.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::change::Stale;
use crate::world::{Kind, Resource, Site, User, Visibility, World};

/// When the Metadata API learns of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IndexMode {
    /// At once.
    #[default]
    Immediate,
    /// Not before [`Simulator::settle_index`](crate::Simulator::settle_index).
    Frozen,
    /// This long after each change.
    After(Duration),
}

/// What the Metadata API says about a site.
#[derive(Debug)]
pub(crate) struct SiteRow {
    pub(crate) luid: String,
    pub(crate) number: u64,
    pub(crate) metadata_id: String,
    pub(crate) name: String,
    pub(crate) created_at: String,
    pub(crate) user: User,
}

/// What the Metadata API says about the project of a resource.
#[derive(Debug)]
pub(crate) struct ProjectRow {
    pub(crate) luid: String,
    pub(crate) number: u64,
    pub(crate) name: String,
}

/// What the Metadata API says about a workbook or data source.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) site: Arc<SiteRow>,
    pub(crate) kind: Kind,
    pub(crate) metadata_id: String,
    pub(crate) luid: String,
    pub(crate) number: u64,
    pub(crate) name: String,
    /// Its name in addresses.
    pub(crate) content_url: String,
    pub(crate) project: Option<ProjectRow>,
    pub(crate) has_extract: bool,
    pub(crate) visibility: Visibility,
    pub(crate) created_at: String,
    pub(crate) updated_at: String,
    pub(crate) refreshed_at: String,
}

/// Rows by metadata id, the order in which the Metadata API lists them.
pub(crate) type Rows = BTreeMap<String, Arc<Row>>;

/// Everything the Metadata API believes about one site. Cheap to clone, so that a query runs on a view of its
/// own and holds no lock.
#[derive(Clone, Debug)]
pub(crate) struct SiteIndex {
    pub(crate) site: Arc<SiteRow>,
    pub(crate) workbooks: Arc<Rows>,
    pub(crate) datasources: Arc<Rows>,
}

#[derive(Debug)]
pub(crate) struct Index {
    mode: IndexMode,
    sites: Vec<SiteIndex>,
    pending: VecDeque<(Instant, Stale)>,
}

impl Index {
    pub(crate) fn new(world: &World, mode: IndexMode) -> Self {
        let sites = world.sites.iter().map(SiteIndex::new).collect();
        Self { mode, sites, pending: VecDeque::new() }
    }

    /// The view of the site at this position, after all that is due.
    pub(crate) fn view(&mut self, world: &World, site: usize) -> SiteIndex {
        self.catch_up(world);
        self.sites[site].clone()
    }

    pub(crate) fn set_mode(&mut self, world: &World, mode: IndexMode) {
        self.mode = mode;
        self.catch_up(world);
    }

    pub(crate) fn note(&mut self, world: &World, stale: Vec<Stale>) {
        let now = Instant::now();
        self.pending.extend(stale.into_iter().map(|stale| (now, stale)));
        self.catch_up(world);
    }

    /// Brings one site up to date, whatever the mode.
    pub(crate) fn settle(&mut self, world: &World, site: usize) {
        let (due, later) = self.pending.drain(..).partition(|(_, stale)| stale.site == site);
        self.pending = later;
        self.refresh(world, due);
    }

    /// How many entries of a kind are out of date on a site, and since when the oldest.
    pub(crate) fn backlog(&mut self, world: &World, site: usize, kind: Kind) -> usize {
        self.catch_up(world);
        self.pending.iter().filter(|(_, stale)| stale.site == site && stale.kind == kind).count()
    }

    fn catch_up(&mut self, world: &World) {
        let lag = match self.mode {
            IndexMode::Frozen => return,
            IndexMode::Immediate => Duration::ZERO,
            IndexMode::After(lag) => lag,
        };
        let due = self.pending.iter().take_while(|(since, _)| since.elapsed() >= lag).count();
        let due = self.pending.drain(..due).collect();
        self.refresh(world, due);
    }

    fn refresh(&mut self, world: &World, due: VecDeque<(Instant, Stale)>) {
        for (_, stale) in due {
            let site = &world.sites[stale.site];
            let index = &mut self.sites[stale.site];
            let row = site.resources.iter().find(|resource| resource.metadata_id == stale.metadata_id);
            let row = row.map(|resource| Arc::new(Row::new(&index.site, site, resource)));
            let rows = Arc::make_mut(match stale.kind {
                Kind::Workbook => &mut index.workbooks,
                Kind::Datasource => &mut index.datasources,
            });
            match row {
                Some(row) => rows.insert(stale.metadata_id, row),
                None => rows.remove(&stale.metadata_id),
            };
        }
    }
}

impl SiteIndex {
    fn new(site: &Site) -> Self {
        let about = Arc::new(SiteRow {
            luid: site.luid.clone(),
            number: site.number,
            metadata_id: site.metadata_id.clone(),
            name: site.name.clone(),
            created_at: site.created_at.clone(),
            user: site.user.clone(),
        });
        let rows = |kind| {
            let real = site.resources.iter().map(|resource| Row::new(&about, site, resource));
            let phantoms = site.phantoms.iter().map(|(metadata_id, number, phantom)| Row {
                site: Arc::clone(&about),
                kind: phantom.kind,
                metadata_id: metadata_id.clone(),
                luid: phantom.luid.clone(),
                number: *number,
                name: phantom.name.clone(),
                content_url: phantom.name.clone(),
                project: site
                    .project_at(&phantom.project)
                    .map(|project| ProjectRow::new(site, &project.luid)),
                has_extract: true,
                visibility: Visibility::Full,
                created_at: site.created_at.clone(),
                updated_at: site.created_at.clone(),
                refreshed_at: site.created_at.clone(),
            });
            let rows = real.chain(phantoms).filter(|row| row.kind == kind);
            Arc::new(rows.map(|row| (row.metadata_id.clone(), Arc::new(row))).collect())
        };
        let (workbooks, datasources) = (rows(Kind::Workbook), rows(Kind::Datasource));
        Self { site: about, workbooks, datasources }
    }
}

impl Row {
    fn new(about: &Arc<SiteRow>, site: &Site, resource: &Resource) -> Self {
        Self {
            site: Arc::clone(about),
            kind: resource.kind,
            metadata_id: resource.metadata_id.clone(),
            luid: resource.luid.clone(),
            number: resource.number,
            name: resource.name.clone(),
            content_url: resource.content_url.clone(),
            project: resource.project.as_deref().map(|luid| ProjectRow::new(site, luid)),
            has_extract: resource.has_extract,
            visibility: resource.visibility,
            created_at: resource.created_at.clone(),
            updated_at: resource.updated_at.clone(),
            refreshed_at: resource.refreshed_at.clone(),
        }
    }
}

impl ProjectRow {
    fn new(site: &Site, luid: &str) -> Self {
        let project = site.project(luid);
        Self {
            luid: luid.to_owned(),
            number: project.map(|project| project.number).unwrap_or_default(),
            name: project.map(|project| project.name.clone()).unwrap_or_default(),
        }
    }
}
