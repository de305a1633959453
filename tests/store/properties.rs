//! Random histories of a site, with a lagging index, lost witnesses, truncated listings and syncs that are given up
//! under way: whatever happens, the map is late at worst, and never wrong.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use secrecy::SecretString;
use tableau_simulator::{
    Content, Effect, Endpoint, Fault, GraphqlProblem, IndexMode, Item, Kind, Options, Simulator,
};
use tabmap::diff::diff;
use tabmap::source::Source;
use tabmap::source::metadata::MetadataSource;
use tabmap::store::{Run, Store, StoreError};
use tabmap::sync::{Mode, Sync};
use tabmap::tableau::Credentials;
use tabmap::tableau::Tableau;
use test_support::emulator::Tenant;
use tokio::runtime::Runtime;

use crate::ground::{Ground, NO_LIMITS, SqliteGround, approve, site};

const SITE: &str = "MySite";
const PROJECTS: &[&[&str]] =
    &[&["default"], &["Finance"], &["Finance", "EMEA"], &["Marketing"], &["Marketing", "EMEA"]];
const NAMES: &[&str] = &["Sales", "sales", "O'Brien \"$$\" \\ {x} ?", "四半期\n📊"];

#[derive(Debug, Clone)]
enum Step {
    Publish {
        kind: Kind,
        project: usize,
        name: usize,
    },
    Republish(usize),
    Rename {
        which: usize,
        name: usize,
    },
    Move {
        which: usize,
        project: usize,
    },
    Delete(usize),
    Freeze,
    Settle,
    Sync(Trouble),
    /// A sync that is given up after so many microseconds.
    GiveUp(u64),
    /// One plan, applied twice.
    Twice,
}

#[derive(Debug, Clone, Copy)]
enum Trouble {
    None,
    NoWitness,
    NoRest,
    NoWitnessAndBackfill,
    NoWitnessAndCutShort,
    Backfill,
    CutShort,
    StolenSession,
    SmallPages,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let kind = prop_oneof![Just(Kind::Workbook), Just(Kind::Datasource)];
    let (project, name) = (0..PROJECTS.len(), 0..NAMES.len());
    let trouble = prop_oneof![
        4 => Just(Trouble::None),
        1 => Just(Trouble::NoWitness),
        1 => Just(Trouble::NoRest),
        1 => Just(Trouble::NoWitnessAndBackfill),
        1 => Just(Trouble::NoWitnessAndCutShort),
        1 => Just(Trouble::Backfill),
        1 => Just(Trouble::CutShort),
        1 => Just(Trouble::StolenSession),
        1 => Just(Trouble::SmallPages),
    ];
    let step = prop_oneof![
        6 => (kind, project.clone(), name.clone()).prop_map(|(kind, project, name)| Step::Publish { kind, project, name }),
        3 => any::<usize>().prop_map(Step::Republish),
        2 => (any::<usize>(), name).prop_map(|(which, name)| Step::Rename { which, name }),
        2 => (any::<usize>(), project).prop_map(|(which, project)| Step::Move { which, project }),
        3 => any::<usize>().prop_map(Step::Delete),
        1 => Just(Step::Freeze),
        1 => Just(Step::Settle),
        6 => trouble.prop_map(Step::Sync),
        2 => (0_u64..30_000).prop_map(Step::GiveUp),
        1 => Just(Step::Twice),
    ];
    proptest::collection::vec(step, 1..25)
}

/// What a row and a resource have in common: kind, LUID, path (or leaf), name.
type Fact = (String, String, String, String);

struct World<'a> {
    tableau: Simulator,
    source: MetadataSource,
    ground: &'a dyn Ground,
    store: Box<dyn Store>,
    /// What syncs that were given up were about to write: one may still be at it, and end during a later step.
    given_up: RefCell<Vec<Vec<Fact>>>,
}

impl<'a> World<'a> {
    async fn new(ground: &'a dyn Ground) -> Self {
        let content = Content::from_json(&format!(r#"{{"sites": [{{"content_url": "{SITE}"}}]}}"#)).unwrap();
        let tableau = Simulator::start(Options { content, ..Options::default() }).unwrap();
        for project in &PROJECTS[1..] {
            tableau.create_project(SITE, project);
        }
        let (name, secret) = tableau.pat();
        let credentials =
            Credentials::PersonalAccessToken { name: name.to_owned(), secret: SecretString::from(secret) };
        let source =
            MetadataSource::new(Tableau::new(tableau.url().parse().unwrap(), credentials, None).unwrap());
        let store = ground.store();
        store.migrate().await.unwrap();
        Self { tableau, source, ground, store, given_up: RefCell::default() }
    }

    fn sync(&self) -> Sync<'_> {
        let (source, store) = (&self.source, self.store.as_ref());
        Sync { source, store, limits: NO_LIMITS, mode: Mode::Changes, is_live: true }
    }

    fn pick(&self, which: usize) -> Option<Item> {
        let mut items = self.tableau.resources(SITE);
        (!items.is_empty()).then(|| items.swap_remove(which % items.len()))
    }

    /// Tableau has one resource of a kind and name in a project.
    fn is_free(&self, kind: Kind, project: &[String], name: &str) -> bool {
        !self
            .tableau
            .resources(SITE)
            .iter()
            .any(|item| item.kind == kind && item.project_path == project && item.name == name)
    }

    fn present(&self) -> Vec<Fact> {
        let items = self.tableau.resources(SITE);
        let mut facts: Vec<Fact> = items
            .into_iter()
            .map(|item| (item.kind.word().to_owned(), item.luid, item.project_path.join("/"), item.name))
            .collect();
        facts.sort();
        facts
    }

    async fn mapped(&self) -> Vec<Fact> {
        let rows = self.store.load(&site(SITE)).await.unwrap().rows;
        let mut facts: Vec<Fact> = rows
            .into_iter()
            .map(|row| row.resource)
            .map(|one| {
                (one.key.kind.to_string(), one.luid.to_string(), one.key.project.to_string(), one.key.name)
            })
            .collect();
        facts.sort();
        facts
    }

    fn arm(&self, trouble: Trouble) {
        let refused = || Effect::RestError { code: 403_004, headers: BTreeMap::new() };
        let no_witness = || {
            for listing in [Endpoint::Workbooks, Endpoint::Datasources, Endpoint::Projects] {
                self.tableau.arm(Fault::on(listing, refused()));
            }
        };
        let backfill = || Effect::GraphqlWarning { problem: GraphqlProblem::BackfillRunning };
        let metadata = |effect| self.tableau.arm(Fault::on(Endpoint::Metadata, effect));
        match trouble {
            Trouble::None => {}
            Trouble::NoWitness => no_witness(),
            Trouble::NoRest => {
                no_witness();
                for single in [Endpoint::Workbook, Endpoint::Datasource] {
                    self.tableau.arm(Fault::on(single, refused()));
                }
            }
            Trouble::NoWitnessAndBackfill => {
                no_witness();
                metadata(backfill());
            }
            Trouble::NoWitnessAndCutShort => {
                no_witness();
                metadata(Effect::Truncate { keep: 1 });
            }
            Trouble::Backfill => metadata(backfill()),
            Trouble::CutShort => metadata(Effect::Truncate { keep: 1 }),
            Trouble::StolenSession => {
                self.tableau.arm(Fault::on(Endpoint::Datasources, Effect::KillSession).once());
            }
            Trouble::SmallPages => {
                let problem = GraphqlProblem::Timeout;
                self.tableau.arm(Fault::on(Endpoint::Metadata, Effect::GraphqlErrors { problem }).times(2));
            }
        }
    }

    async fn take(&self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Publish { kind, project, name } => {
                let path: Vec<String> = PROJECTS[*project].iter().map(ToString::to_string).collect();
                if self.is_free(*kind, &path, NAMES[*name]) {
                    self.tableau.publish(SITE, *kind, PROJECTS[*project], NAMES[*name]);
                }
            }
            Step::Republish(which) => {
                if let Some(item) = self.pick(*which) {
                    self.tableau.republish(SITE, item.kind, &item.luid);
                }
            }
            Step::Rename { which, name } => {
                if let Some(item) = self.pick(*which)
                    && self.is_free(item.kind, &item.project_path, NAMES[*name])
                {
                    self.tableau.rename(SITE, item.kind, &item.luid, NAMES[*name]);
                }
            }
            Step::Move { which, project } => {
                let path: Vec<String> = PROJECTS[*project].iter().map(ToString::to_string).collect();
                if let Some(item) = self.pick(*which)
                    && self.is_free(item.kind, &path, &item.name)
                {
                    self.tableau.move_to(SITE, item.kind, &item.luid, PROJECTS[*project]);
                }
            }
            Step::Delete(which) => {
                if let Some(item) = self.pick(*which) {
                    self.tableau.delete(SITE, item.kind, &item.luid);
                }
            }
            Step::Freeze => self.tableau.set_index(IndexMode::Frozen),
            Step::Settle => self.tableau.set_index(IndexMode::Immediate),
            Step::Sync(trouble) => self.sync_in(*trouble).await?,
            Step::GiveUp(microseconds) => {
                let (old, new) = (self.mapped().await, self.present());
                let _ =
                    tokio::time::timeout(Duration::from_micros(*microseconds), self.sync().site(&site(SITE)))
                        .await;
                let now = self.mapped().await;
                let is_late = self.given_up.borrow().contains(&now);
                prop_assert!(now == old || now == new || is_late, "a mix of old and new: {now:?}");
                self.given_up.borrow_mut().push(new);
            }
            Step::Twice => self.apply_twice().await?,
        }
        Ok(())
    }

    async fn sync_in(&self, trouble: Trouble) -> Result<(), TestCaseError> {
        let before = self.mapped().await;
        self.arm(trouble);
        let synced = self.sync().site(&site(SITE)).await;
        self.tableau.clear_faults();
        let synced = synced.map_err(|error| TestCaseError::fail(format!("{trouble:?}: {error}")))?;
        let (mapped, present) = (self.mapped().await, self.present());
        let header = &synced.snapshot.header;
        let was_witnessed = !matches!(
            trouble,
            Trouble::NoWitness
                | Trouble::NoRest
                | Trouble::NoWitnessAndBackfill
                | Trouble::NoWitnessAndCutShort
        );
        if was_witnessed {
            prop_assert!(header.is_complete(), "{:?}", header.notes);
            prop_assert_eq!(&mapped, &present);
        }
        // Without any REST the Metadata API's own evidence decides, and it may show ghosts.
        if header.is_complete() && !matches!(trouble, Trouble::NoRest) {
            let exists = |fact: &Fact| present.iter().any(|other| (&other.0, &other.1) == (&fact.0, &fact.1));
            let wrong: Vec<_> = mapped.iter().filter(|fact| !exists(fact)).collect();
            prop_assert!(wrong.is_empty(), "rows of LUIDs that REST does not know: {wrong:?}");
        }
        let is_there = |fact: &Fact| mapped.iter().any(|other| (&other.0, &other.1) == (&fact.0, &fact.1));
        for fact in before {
            let exists = present.iter().any(|other| (&other.0, &other.1) == (&fact.0, &fact.1));
            prop_assert!(!exists || is_there(&fact), "what exists was removed: {fact:?}");
            let was_true = present.contains(&fact);
            prop_assert!(!was_true || mapped.contains(&fact), "what was true was turned back: {fact:?}");
        }
        Ok(())
    }

    async fn apply_twice(&self) -> Result<(), TestCaseError> {
        // A run that was given up is settled first: a plan made before that is rightly refused.
        self.sync().site(&site(SITE)).await.unwrap();
        if let Some(item) = self.pick(0) {
            self.tableau.republish(SITE, item.kind, &item.luid);
        }
        let mapping = self.store.load(&site(SITE)).await.unwrap();
        let snapshot = self.source.snapshot(&site(SITE), &mapping).await.unwrap();
        let snapshot = snapshot.taken_after(mapping.newest_snapshot_at);
        let plan = approve(diff(&snapshot, &mapping));
        self.store.apply(&Run::begin(), &plan).await.unwrap();
        let once = self.mapped().await;
        let again = self.store.apply(&Run::begin(), &plan).await;
        prop_assert!(matches!(again, Err(StoreError::MappingChanged)), "{again:?}");
        prop_assert_eq!(once, self.mapped().await);
        Ok(())
    }

    /// The finished runs' changes in their order, from nothing.
    async fn replayed(&self) -> Vec<(String, String, String, String)> {
        let sql = format!(
            "SELECT c.CHANGE, c.RESOURCE_TYPE, c.RESOURCE_ID_BEFORE, c.RESOURCE_ID_AFTER, c.PROJECT_NAME_AFTER, \
                    c.RESOURCE_NAME_AFTER \
             FROM {changes} AS c JOIN {runs} AS r ON r.RUN_ID = c.RUN_ID \
             WHERE r.STATUS IN ('complete', 'incomplete') \
             ORDER BY c.CHANGED_AT, CASE c.CHANGE WHEN 'removed' THEN 0 ELSE 1 END",
            changes = self.ground.table("API__TABLEAU__RESOURCE_CHANGES"),
            runs = self.ground.table("API__TABLEAU__SYNC_RUNS"),
        );
        let mut map = BTreeMap::new();
        for row in self.ground.sql(&sql).await {
            let [_, Some(kind), before, after, project, name] = &row[..] else { panic!("{row:?}") };
            if let Some(before) = before {
                map.remove(&(kind.clone(), before.clone()));
            }
            if let (Some(after), Some(project), Some(name)) = (after, project, name) {
                map.insert((kind.clone(), after.clone()), (project.clone(), name.clone()));
            }
        }
        map.into_iter().map(|((kind, luid), (project, name))| (kind, luid, project, name)).collect()
    }
}

async fn live(ground: &dyn Ground, history: &[Step]) -> Result<(), TestCaseError> {
    let world = World::new(ground).await;
    for step in history {
        world.take(step).await?;
    }
    world.sync_in(Trouble::None).await?;
    let leaf = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let map: Vec<_> = world
        .mapped()
        .await
        .into_iter()
        .map(|(kind, luid, path, name)| (kind, luid, leaf(&path), name))
        .collect();
    prop_assert_eq!(world.replayed().await, map, "the change log tells another story");
    world.store.close().await.unwrap();
    Ok(())
}

fn check(cases: u32, ground: impl Fn(&Runtime) -> Box<dyn Ground>) {
    let runtime = Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let result = runner.run(&steps(), |history| {
        let ground = ground(&runtime);
        runtime.block_on(live(ground.as_ref(), &history))
    });
    if let Err(error) = result {
        panic!("{error}");
    }
}

#[test]
fn any_history_leaves_a_true_map_in_sqlite() {
    check(300, |_| Box::new(SqliteGround::new()));
}

#[test]
fn any_history_leaves_a_true_map_in_snowflake() {
    check(6, |runtime| Box::new(runtime.block_on(Tenant::new())));
}
