//! A simulation by seeds: random sites, histories, incomplete listings, refusals by the limits, lost answers, dead processes,
//! and another sync in the midst of one. Whatever happens, the map is late at worst, and never wrong.
//!
//! `TABMAP_SEED=7` runs that seed alone; `TABMAP_SEEDS=100000` runs so many.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tabmap::mapping::Mapping;
use tabmap::plan::{Limits, Plan};
use tabmap::resource::{Details, Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};
use tabmap::snapshot::{Header, Notes, Snapshot};
use tabmap::source::{Source, SourceError};
use tabmap::store::{
    Applied, ChangeFilter, Found, Lookup, Migration, Past, RecordedChange, Run, Store, StoreError,
};
use tabmap::sync::{Mode, Sync, SyncError, SyncOutcome, Synced};

use crate::ground::{Ground, NO_LIMITS, SqliteGround, minute, site};

const SEEDS: u64 = 1000;
const STEPS: u64 = 10;
const PROJECTS: [&str; 4] = ["default", "Finance", "Finance/EMEA", "Marketing/EMEA"];
const NAMES: [&str; 4] = ["Sales", "sales", "Caf\u{e9}", "O'Brien \"$$\" \\ {x} ?"];

/// Numbers that follow from a seed (SplitMix64, by Sebastiano Vigna).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    fn one_in(&mut self, number: usize) -> bool {
        self.below(number) == 0
    }

    fn pick<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        if all.is_empty() { None } else { Some(all[self.below(all.len())].clone()) }
    }
}

type Id = (ResourceKind, Luid);

/// The site as it is, and as a source sees it.
struct World {
    random: Random,
    present: BTreeMap<Id, Resource>,
    made: u64,
    clock: Timestamp,
    /// All that was ever seen, for old recordings and for the evidence.
    snapshots: Vec<Snapshot>,
}

impl World {
    fn new(seed: u64) -> Self {
        let (present, snapshots) = (BTreeMap::new(), Vec::new());
        Self { random: Random(seed), present, made: 0, clock: minute(0), snapshots }
    }

    fn fresh(&mut self, kind: ResourceKind, project: &str, name: &str) {
        self.made += 1;
        let luid = Luid::new(&format!("luid-{}", self.made)).unwrap();
        let details = Details { vizportal_url_id: Some(self.made.to_string()), ..Details::default() };
        let key = ResourceKey {
            site: site("Main"),
            kind,
            project: ProjectPath::parse(project),
            name: name.to_owned(),
        };
        self.present.insert((kind, luid.clone()), Resource { key, luid, details });
    }

    /// What people do to a site.
    fn change(&mut self) {
        let ids: Vec<Id> = self.present.keys().cloned().collect();
        let project = self.random.pick(&PROJECTS).unwrap();
        let name = self.random.pick(&NAMES).unwrap();
        match (self.random.below(8), self.random.pick(&ids)) {
            (0..=3, _) | (_, None) => {
                let kind = self.random.pick(&ResourceKind::ALL).unwrap();
                self.fresh(kind, project, name);
            }
            (4, Some(id)) => drop(self.present.remove(&id)),
            (5, Some(id)) => {
                let old = self.present.remove(&id).unwrap().key;
                self.fresh(old.kind, &old.project.to_string(), &old.name);
            }
            (6, Some(id)) => name.clone_into(&mut self.present.get_mut(&id).unwrap().key.name),
            (_, Some(id)) => self.present.get_mut(&id).unwrap().key.project = ProjectPath::parse(project),
        }
        if self.random.one_in(40) {
            self.present.clear();
        }
    }

    /// A listing, complete or not, with what single looks say of the rows that it lacks.
    fn look(&mut self, known: &Mapping) -> Snapshot {
        self.clock += SignedDuration::from_millis(1);
        let mut listed: Vec<Resource> = self.present.values().cloned().collect();
        let mut complete: BTreeSet<ResourceKind> = ResourceKind::ALL.into_iter().collect();
        let mut gone = BTreeSet::new();
        for kind in ResourceKind::ALL {
            if !self.random.one_in(4) {
                continue;
            }
            complete.remove(&kind);
            listed.retain(|one| one.key.kind != kind || !self.random.one_in(2));
            for row in known.rows.iter().filter(|row| row.resource.key.kind == kind) {
                let id = (kind, row.resource.luid.clone());
                if !self.present.contains_key(&id) && self.random.one_in(2) {
                    gone.insert(id);
                }
            }
        }
        if self.random.one_in(5) {
            // The parents of projects are hidden.
            for one in &mut listed {
                one.key.project = ProjectPath::leaf_only(one.key.project.leaf());
            }
        }
        let header = Header {
            server: crate::ground::SERVER.to_owned(),
            site: site("Main"),
            source: "simulated".to_owned(),
            taken_at: self.clock,
            complete,
            notes: Notes::default(),
        };
        let snapshot = Snapshot::new(header, listed).knowing_gone(gone);
        self.snapshots.push(snapshot.clone());
        snapshot
    }
}

/// When another sync runs from beginning to end within one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meanwhile {
    Nothing,
    BeforeTheListing,
    AfterTheListing,
    BeforeTheWrite,
}

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Good,
    /// The process died before it.
    Died,
    /// It was done, and nobody heard of it.
    Unheard,
}

struct Tried<'a> {
    world: &'a Mutex<World>,
    store: &'a dyn Store,
    meanwhile: Meanwhile,
    fate: Fate,
}

impl Tried<'_> {
    /// Another sync, from its beginning to its end.
    fn other(&self, when: Meanwhile) {
        if self.meanwhile != when {
            return;
        }
        self.world.lock().unwrap().change();
        let other = Tried { meanwhile: Meanwhile::Nothing, fate: Fate::Good, ..*self };
        std::thread::scope(|scope| {
            let run = || runtime().block_on(other.sync(NO_LIMITS)).map(drop);
            let _ = scope.spawn(run).join().expect("no panic");
        });
        self.world.lock().unwrap().change();
    }

    async fn sync(&self, limits: Limits) -> Result<Synced, SyncError> {
        Sync { source: self, store: self, limits, mode: Mode::Changes, is_live: true }
            .site(&site("Main"))
            .await
    }
}

#[async_trait]
impl Source for Tried<'_> {
    fn name(&self) -> &'static str {
        "simulated"
    }

    fn server(&self) -> String {
        crate::ground::SERVER.to_owned()
    }

    async fn snapshot(&self, _: &SiteName, known: &Mapping) -> Result<Snapshot, SourceError> {
        self.other(Meanwhile::BeforeTheListing);
        let snapshot = self.world.lock().unwrap().look(known);
        self.other(Meanwhile::AfterTheListing);
        Ok(snapshot)
    }
}

#[async_trait]
impl Store for Tried<'_> {
    fn name(&self) -> String {
        self.store.name()
    }
    fn schema_sql(&self) -> String {
        self.store.schema_sql()
    }
    async fn migrate(&self) -> Result<Migration, StoreError> {
        self.store.migrate().await
    }
    async fn rename_server(&self, old: &str, new: &str) -> Result<u64, StoreError> {
        self.store.rename_server(old, new).await
    }
    async fn sites(&self) -> Result<Vec<SiteName>, StoreError> {
        self.store.sites().await
    }
    async fn load(&self, site: &SiteName) -> Result<Mapping, StoreError> {
        self.store.load(site).await
    }
    async fn find(&self, lookup: &Lookup, sites: &[SiteName]) -> Result<Found, StoreError> {
        self.store.find(lookup, sites).await
    }
    async fn apply(&self, run: &Run, plan: &Plan) -> Result<Applied, StoreError> {
        self.other(Meanwhile::BeforeTheWrite);
        // Any error that nobody tries again by itself.
        let lost = || StoreError::OtherServer { map: "the process".to_owned(), run: "died".to_owned() };
        match self.fate {
            Fate::Good => self.store.apply(run, plan).await,
            Fate::Died => Err(lost()),
            Fate::Unheard => self.store.apply(run, plan).await.and_then(|_| Err(lost())),
        }
    }
    async fn changes(&self, filter: &ChangeFilter) -> Result<Vec<RecordedChange>, StoreError> {
        self.store.changes(filter).await
    }
    async fn past(&self) -> Result<Past, StoreError> {
        self.store.past().await
    }
    async fn abort(&self) {
        self.store.abort().await;
    }
    async fn close(&self) -> Result<(), StoreError> {
        self.store.close().await
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

async fn rows(store: &dyn Store) -> BTreeMap<Id, Resource> {
    let mapping = store.load(&site("Main")).await.unwrap();
    mapping
        .rows
        .into_iter()
        .map(|row| ((row.resource.key.kind, row.resource.luid.clone()), row.resource))
        .collect()
}

async fn run(seed: u64) {
    let ground = SqliteGround::new();
    let store = ground.store();
    store.migrate().await.unwrap();
    let world = Mutex::new(World::new(seed));
    let mut before = BTreeMap::new();
    for _ in 0..STEPS {
        let (meanwhile, fate, limits, is_old) = {
            let mut world = world.lock().unwrap();
            for _ in 0..world.random.below(4) {
                world.change();
            }
            let meanwhile =
                [Meanwhile::BeforeTheListing, Meanwhile::AfterTheListing, Meanwhile::BeforeTheWrite];
            let meanwhile = if world.random.one_in(2) {
                world.random.pick(&meanwhile).unwrap()
            } else {
                Meanwhile::Nothing
            };
            let fate = match world.random.below(6) {
                0 => Fate::Died,
                1 => Fate::Unheard,
                _ => Fate::Good,
            };
            let limits = if world.random.one_in(3) { Limits::default() } else { NO_LIMITS };
            (meanwhile, fate, limits, world.random.one_in(6))
        };
        let looks_before = world.lock().unwrap().snapshots.len();
        if is_old {
            replay(&world, store.as_ref(), &before).await;
            continue;
        }
        let tried = Tried { world: &world, store: store.as_ref(), meanwhile, fate };
        let result = tried.sync(limits).await;
        let after = rows(store.as_ref()).await;
        let world = world.lock().unwrap();
        let looks = &world.snapshots[looks_before..];
        // Nothing is removed without evidence, whichever of the syncs did it.
        for id in before.keys().filter(|id| !after.contains_key(*id)) {
            assert!(looks.iter().any(|one| says_gone(one, id)), "{id:?} went without evidence");
        }
        // No row points to what a newer look that was written says is gone.
        if let Ok(synced) = &result {
            agrees(synced, &after);
        }
        before = after;
    }
}

/// Whether a look is evidence that a resource does not exist: the listing of its kind was complete and lacks it, or
/// Tableau answered so for itself.
fn says_gone(snapshot: &Snapshot, (kind, luid): &Id) -> bool {
    let is_listed = snapshot.resources().iter().any(|one| one.key.kind == *kind && one.luid == *luid);
    let is_gone = snapshot.gone().any(|gone| gone == &(*kind, luid.clone()));
    is_gone || snapshot.header.complete.contains(kind) && !is_listed
}

/// After a sync that ended well, the map says what it saw.
fn agrees(synced: &Synced, after: &BTreeMap<Id, Resource>) {
    if !matches!(synced.outcome, SyncOutcome::Applied | SyncOutcome::Unchanged) {
        assert_eq!(synced.outcome, SyncOutcome::Superseded);
        return;
    }
    let listed: BTreeMap<Id, &Resource> =
        synced.snapshot.resources().iter().map(|one| ((one.key.kind, one.luid.clone()), &**one)).collect();
    for (id, seen) in &listed {
        let row = after.get(id).unwrap_or_else(|| panic!("{id:?} was listed and is not in the map"));
        assert_eq!(row.key.name, seen.key.name);
        assert!(row.key.project.agrees_with(&seen.key.project), "{row:?} {seen:?}");
    }
    for id in after.keys() {
        assert!(!says_gone(&synced.snapshot, id), "{id:?} is gone and in the map");
    }
}

/// An old recording changes nothing in a map that is newer.
async fn replay(world: &Mutex<World>, store: &dyn Store, before: &BTreeMap<Id, Resource>) {
    struct Old(Snapshot);
    #[async_trait]
    impl Source for Old {
        fn name(&self) -> &'static str {
            "simulated"
        }
        fn server(&self) -> String {
            self.0.header.server.clone()
        }
        async fn snapshot(&self, _: &SiteName, _: &Mapping) -> Result<Snapshot, SourceError> {
            Ok(self.0.clone())
        }
    }
    let newest = store.load(&site("Main")).await.unwrap().newest_snapshot_at;
    let old = {
        let mut world = world.lock().unwrap();
        let older: Vec<Snapshot> = world
            .snapshots
            .iter()
            .filter(|one| newest.is_some_and(|newest| one.header.taken_at < newest))
            .cloned()
            .collect();
        world.random.pick(&older)
    };
    let Some(old) = old else { return };
    let source = Old(old);
    let sync = Sync { source: &source, store, limits: NO_LIMITS, mode: Mode::Changes, is_live: false };
    assert!(sync.site(&site("Main")).await.is_err());
    assert_eq!(rows(store).await, *before);
}

#[test]
fn whatever_happens_by_any_seed_the_map_is_late_at_worst_and_never_wrong() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    let seeds = match (number("TABMAP_SEED"), number("TABMAP_SEEDS")) {
        (Some(seed), _) => seed..seed + 1,
        (None, Some(count)) => 0..count,
        (None, None) => 0..SEEDS,
    };
    let next = std::sync::atomic::AtomicU64::new(seeds.start);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                let runtime = runtime();
                loop {
                    let seed = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    if seed >= seeds.end {
                        break;
                    }
                    let one = std::panic::AssertUnwindSafe(|| runtime.block_on(run(seed)));
                    assert!(
                        std::panic::catch_unwind(one).is_ok(),
                        "see above; TABMAP_SEED={seed} shows it again"
                    );
                }
            });
        }
    });
}
