//! The parts of a sync and of `check` that wait for nobody, one by one: `cargo bench --locked --bench pieces [-- NAME]`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use jiff::Timestamp;
use serde_json::{Value, json};
use tabmap::check::finders::calls::{Calls, Procedure};
use tabmap::check::finders::{Finders, TextFile};
use tabmap::diff::diff;
use tabmap::mapping::{Mapping, Row};
use tabmap::resource::{Resource, ResourceKind, SiteName};
use tabmap::snapshot::{Header, Notes, Snapshot};
use tabmap::source::reconcile::{Evidence, Listed, Lookups, reconcile};
use tabmap::source::witness::Witness;
use tabmap::tableau::content::{Listing, Projects, RestProject, RestResource};
use tabmap::tableau::metadata::PageRequest;
use tabmap::tableau::page::{self, Page};

/// The entries of a page.
const PAGE: usize = 1_000;
/// The resources of a site.
const SITE: usize = 10_000;
/// In each project are as many others, down to the seventh level.
const PROJECTS: usize = 1_000;
/// In bytes.
const FILE: usize = 100_000;

fn luid(number: usize) -> String {
    format!("{number:08x}-0000-4000-8000-{number:012x}")
}

fn name(number: usize) -> String {
    format!("Weekly Sales {number}")
}

fn project(number: usize) -> usize {
    number % PROJECTS
}

fn rest_page(count: usize) -> Vec<u8> {
    let entry = |number: usize| {
        json!({
            "id": luid(number), "name": name(number), "contentUrl": format!("WeeklySales{number}"),
            "webpageUrl": format!("https://tableau.example.com/#/site/MySite/workbooks/{number}/views"),
            "project": {"id": luid(project(number)), "name": name(project(number))},
        })
    };
    let entries: Vec<_> = (0..count).map(entry).collect();
    let pagination = json!({"pageNumber": "1", "pageSize": "1000", "totalAvailable": count.to_string()});
    json!({"pagination": pagination, "workbooks": {"workbook": entries}}).to_string().into_bytes()
}

fn metadata_page(count: usize) -> Vec<u8> {
    let node = |number: usize| {
        json!({
            "luid": luid(number), "name": name(number), "vizportalUrlId": number.to_string(),
            "projectName": name(project(number)), "projectLuid": luid(project(number)),
        })
    };
    let nodes: Vec<_> = (0..count).map(node).collect();
    let connection =
        json!({"nodes": nodes, "pageInfo": {"hasNextPage": false, "endCursor": "x"}, "totalCount": count});
    json!({"data": {"workbooksConnection": connection}}).to_string().into_bytes()
}

fn project_page() -> Vec<u8> {
    let entry = |number: usize| {
        let parent = if number == 0 { Value::Null } else { luid(number / 3).into() };
        json!({"id": luid(number), "name": name(number), "parentProjectId": parent})
    };
    let entries: Vec<_> = (0..PROJECTS).map(entry).collect();
    json!({"pagination": {"totalAvailable": PROJECTS}, "projects": {"project": entries}})
        .to_string()
        .into_bytes()
}

fn whole_listing<T: page::Listed>(body: &[u8], segment: &str, member: &str) -> Listing<T> {
    let page = Page::<T>::read(body, segment, member).expect("a page");
    let entries: Vec<T> = page.entries.into_iter().map(|entry| entry.expect("an entry")).collect();
    Listing { announced: Some(entries.len()), entries, unreadable: Vec::new(), is_complete: true }
}

fn listed() -> BTreeMap<ResourceKind, Listed> {
    let request =
        PageRequest { kind: ResourceKind::Workbook, knows_project_luid: true, first: 1_000, after: None };
    let page = request.read(&metadata_page(SITE)).expect("a page").page.expect("data");
    let evidence = Evidence { announced: Some(SITE), ..Evidence::default() };
    BTreeMap::from([(ResourceKind::Workbook, Listed { nodes: page.nodes, evidence })])
}

fn witness() -> Witness {
    let workbooks = whole_listing::<RestResource>(&rest_page(SITE), "workbooks", "workbook");
    let projects = Projects::of(whole_listing::<RestProject>(&project_page(), "projects", "project"));
    Witness {
        listings: BTreeMap::from([(ResourceKind::Workbook, workbooks)]),
        projects,
        failures: Vec::new(),
    }
}

fn site() -> SiteName {
    SiteName::from_content_url("MySite")
}

fn resources() -> Vec<Resource> {
    reconcile(&site(), listed(), witness(), Lookups::default()).resources
}

fn snapshot() -> Snapshot {
    let header = Header {
        server: "tableau.example.com".to_owned(),
        site: site(),
        source: "metadata".to_owned(),
        taken_at: Timestamp::UNIX_EPOCH,
        complete: ResourceKind::ALL.into(),
        notes: Notes::default(),
    };
    Snapshot::new(header, resources())
}

/// The map of that site, in which one of `nth` has another LUID.
fn mapping(nth: usize) -> Mapping {
    let mut rows: Vec<_> = resources();
    for (number, resource) in rows.iter_mut().enumerate().filter(|(number, _)| number.is_multiple_of(nth)) {
        resource.luid = tabmap::resource::Luid::new(&luid(number + SITE)).expect("a LUID");
    }
    let row = |resource| Row { resource, first_seen_at: None, changed_at: None };
    Mapping { rows: rows.into_iter().map(row).collect(), sites: vec![site()], ..Mapping::empty(&site()) }
}

fn pages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("page");
    group.throughput(Throughput::Elements(PAGE as u64));
    let body = rest_page(PAGE);
    group.bench_function("rest", |bencher| {
        bencher.iter(|| {
            Page::<RestResource>::read(&body, "workbooks", "workbook").map(|page| page.entries.len())
        });
    });
    let body = metadata_page(PAGE);
    let request =
        PageRequest { kind: ResourceKind::Workbook, knows_project_luid: true, first: 1_000, after: None };
    group.bench_function("metadata", |bencher| {
        bencher.iter(|| request.read(&body).map(|answer| answer.page.map(|page| page.nodes.len())));
    });
    group.finish();
}

fn sites(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("site");
    group.throughput(Throughput::Elements(SITE as u64));
    group.bench_function("reconcile", |bencher| {
        let given = || (listed(), witness());
        let put_together = |(listed, witness)| reconcile(&site(), listed, witness, Lookups::default());
        bencher.iter_batched(given, put_together, BatchSize::LargeInput);
    });
    let snapshot = snapshot();
    for (name, nth) in [("diff, unchanged", SITE + 1), ("diff, 1 % republished", 100)] {
        let mut mapping = mapping(nth);
        if nth > SITE {
            mapping.rows = snapshot
                .resources()
                .iter()
                .map(|one| Row { resource: (**one).clone(), first_seen_at: None, changed_at: None })
                .collect();
        }
        group.bench_function(name, |bencher| bencher.iter(|| diff(&snapshot, &mapping)));
    }
    group.throughput(Throughput::Elements(PROJECTS as u64));
    let body = project_page();
    group.bench_function("project paths", |bencher| {
        let given = || whole_listing::<RestProject>(&body, "projects", "project");
        bencher.iter_batched(given, Projects::of, BatchSize::LargeInput);
    });
    group.finish();
}

/// A file that has `line` at its end, behind much else.
fn file(line: &str, filler: &str) -> String {
    let mut text = String::new();
    while text.len() + line.len() < FILE {
        let _ = writeln!(text, "{filler} {}", text.len());
    }
    text + line
}

fn scanner(criterion: &mut Criterion) {
    let procedure = Procedure { name: "API__TABLEAU__REFRESH_RESOURCE".to_owned(), arguments: None };
    let finders = Finders::new(Calls::of(vec![procedure]).expect("a pattern"));
    let mut group = criterion.benchmark_group("check");
    group.throughput(Throughput::Bytes(FILE as u64));
    let call = "CALL API__TABLEAU__REFRESH_RESOURCE('workbook', 'Weekly Sales', 'Finance', 'MySite');\n";
    for (name, path, text) in [
        ("a file of another matter", "other.py", file("", "total += order.amount  # in cents")),
        ("calls in SQL", "calls.sql", call.repeat(FILE / call.len())),
        (
            "addresses in prose",
            "links.md",
            file("", "https://tableau.example.com/#/site/MySite/workbooks/4711/views"),
        ),
        ("LUIDs in YAML", "luids.yml", file("", &format!("# {}", luid(4711)))),
    ] {
        let file = TextFile { path: Path::new(path), text: &text };
        group.bench_function(name, |bencher| bencher.iter(|| finders.find(&file).references.len()));
    }
    group.finish();
}

criterion_group!(pieces, pages, sites, scanner);
criterion_main!(pieces);
