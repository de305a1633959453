//! What comes over the network: each page is read, put together, and written and read again.

use std::collections::HashSet;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Request;
use hmac::{Hmac, Mac};
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::runtime::{Builder, Runtime};

use super::files::recorded_again;
use crate::resource::{ResourceKind, SiteName};
use crate::serve::delivery::{Delivery, Rejected, Secrets, verified};
use crate::snapshot::{Header, Notes, Snapshot};
use crate::source::metadata::pager::{LARGEST_PAGE, Pager, SMALLEST_PAGE, Step};
use crate::tableau::content::{Listing, Projects, RestProject, RestResource};
use crate::tableau::jobs::{Job, JobPage};
use crate::tableau::metadata::{MetadataPage, PageRequest};
use crate::tableau::page::{Listed, Page};
use crate::tableau::shapes::read_mended;

const SECRET: &str = "of-the-webhook";

static SECRETS: LazyLock<Secrets> = LazyLock::new(|| Secrets::read(&SecretString::from(SECRET)));

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_all().build().expect("a runtime"));

/// The bodies of several answers, with an empty line between them.
fn bodies(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(input);
    std::iter::from_fn(move || {
        let all = rest?;
        let end = all.windows(2).position(|two| two == b"\n\n");
        rest = end.map(|end| &all[end + 2..]);
        Some(end.map_or(all, |end| &all[..end]))
    })
}

pub(super) fn delivery(input: &[u8]) {
    match deliver(input, 0) {
        Err(rejected) => assert_eq!(rejected, Rejected::Malformed),
        Ok(read) => {
            let Delivery { event_id, event_type, at, .. } = &read;
            assert!((1..=200).contains(&event_id.len()), "{event_id}");
            let data = json!({
                "jobId": read.job_id, "jobName": read.job_name, "runId": read.run_id, "runStatus": read.run_status,
                "environmentId": read.environment_id, "environmentName": read.environment_name,
            });
            let event = json!({"eventId": event_id, "eventType": event_type, "timestamp": at, "data": data});
            let again = deliver(event.to_string().as_bytes(), 0).expect("a delivery");
            assert_eq!(format!("{again:?}"), format!("{read:?}"));
        }
    }
    let altered = deliver(input, 1).map(|read| format!("{read:?}"));
    assert_eq!(altered, Err(Rejected::Unsigned));
}

/// Sends a body whose signature differs from the right one in these bits.
fn deliver(body: &[u8], bits: u8) -> Result<Delivery, Rejected> {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("a key of any length");
    let mut signature = mac.chain_update(body).finalize().into_bytes();
    signature[0] ^= bits;
    let request = Request::builder().header("authorization", format!("{signature:x}"));
    let request = request.body(Body::from(body.to_vec())).expect("a request");
    RUNTIME.block_on(verified(request, &SECRETS))
}

/// Pages of projects, workbooks, data sources and jobs, in any order.
pub(super) fn rest(input: &[u8]) {
    let projects = Projects::of(listing::<RestProject>(input, "projects", "project"));
    let site = SiteName::from_content_url("MySite");
    let mut resources = Vec::new();
    for kind in ResourceKind::ALL {
        let listed = listing::<RestResource>(input, kind.path_segment(), kind.as_str()).entries;
        resources.extend(listed.into_iter().filter_map(|one| one.into_resource(&site, kind, &projects)));
    }
    let header = Header {
        server: "tableau.example.com".to_owned(),
        site,
        source: "rest".to_owned(),
        taken_at: Timestamp::UNIX_EPOCH,
        complete: ResourceKind::ALL.into(),
        notes: Notes::default(),
    };
    recorded_again("tableau.example.com", &[Snapshot::new(header, resources)]);
    for body in bodies(input) {
        let job = read_mended(body, |body| serde_json::from_slice::<Job>(body));
        assert!(!job.is_ok_and(|job| job.is_at_bridge && job.has_ended()), "at Bridge, and ended");
        let _ = read_mended(body, |body| serde_json::from_slice::<JobPage>(body));
    }
}

/// All entries of all pages that can be read, as one listing.
fn listing<T: Listed>(input: &[u8], segment: &str, member: &str) -> Listing<T> {
    let mut listing =
        Listing { entries: Vec::new(), unreadable: Vec::new(), announced: None, is_complete: true };
    for body in bodies(input) {
        let Ok(page) = read_mended(body, |body| Page::<T>::read(body, segment, member)) else { continue };
        assert!(page.size > 0, "a listing of such pages has no end");
        let one_by_one = read_mended(body, |body| Page::<T>::read_one_by_one(body, segment, member));
        if let Some(other) = one_by_one.ok().filter(|_| names_alone(body, segment, member)) {
            let luids = |page: &Page<T>| {
                let entries = page.entries.iter();
                entries.map(|one| one.as_ref().ok().map(|one| one.luid().clone())).collect::<Vec<_>>()
            };
            assert_eq!((page.total, page.size, luids(&page)), (other.total, other.size, luids(&other)));
        }
        listing.entries.extend(page.entries.into_iter().flatten());
        listing.announced = Some(page.total);
    }
    listing
}

/// Whether a page holds one listing, which is the one that was asked for.
fn names_alone(body: &[u8], segment: &str, member: &str) -> bool {
    let Ok(page) = read_mended(body, |body| serde_json::from_slice::<Value>(body)) else { return false };
    let lacks = |value: &Value, names: &[&str], but: &str| {
        names.iter().all(|name| *name == but || value.get(name).is_none())
    };
    lacks(&page, &["workbooks", "datasources", "projects"], segment)
        && lacks(&page[segment], &["workbook", "datasource", "project"], member)
}

/// The pages of one listing, in their order.
pub(super) fn graphql(input: &[u8]) {
    for kind in ResourceKind::ALL {
        let mut pager = Pager::new(kind);
        for body in bodies(input) {
            let Ok(answer) = pager.next.read(body) else { continue };
            if let Some(page) = &answer.page {
                read_again(&pager.next, page);
            }
            if matches!(pager.take(answer), Err(_) | Ok(Step::Done)) {
                break;
            }
            assert!((SMALLEST_PAGE..=LARGEST_PAGE).contains(&pager.next.first), "{:?}", pager.next);
        }
        let luids: Vec<_> = pager.nodes.iter().filter_map(|node| node.luid.as_ref()).collect();
        let distinct: HashSet<_> = luids.iter().collect();
        assert_eq!(distinct.len(), luids.len(), "{luids:?}");
    }
}

/// A page that is written as an answer is read as the same.
fn read_again(request: &PageRequest, page: &MetadataPage) {
    let connection = match request.kind {
        ResourceKind::Workbook => "workbooksConnection",
        ResourceKind::Datasource => "publishedDatasourcesConnection",
    };
    let nodes = page.nodes.iter().map(|node| {
        json!({
            "luid": node.luid, "name": node.name, "vizportalUrlId": node.vizportal_url_id,
            "projectName": node.project_name, "projectLuid": node.project_luid,
        })
    });
    let info = json!({"hasNextPage": !page.is_last, "endCursor": page.end_cursor});
    let listing =
        json!({"nodes": nodes.collect::<Vec<_>>(), "pageInfo": info, "totalCount": page.total_count});
    let answer = json!({"data": {connection: listing}}).to_string();
    let again = request.read(answer.as_bytes()).ok().and_then(|answer| answer.page).expect("a page");
    let parts =
        |page: &MetadataPage| (page.nodes.clone(), page.end_cursor.clone(), page.is_last, page.total_count);
    assert_eq!(parts(&again), parts(page));
}
