//! The status page: plain HTML, made on the server, without scripts and without secrets.

use std::time::Duration;

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::queue::Entry;
use super::server::Server;
use super::turned_away::REMEDY;
use crate::text::on_one_line;

/// How old the map may be that the page shows.
const MAP_AGE: Duration = Duration::from_secs(5 * 60);
/// The page does not wait longer for a store that is slow.
const MAP_TIME: Duration = Duration::from_secs(5);
const STYLE: &str = include_str!("page.css");

/// The page as of now.
pub async fn render(server: &Server) -> String {
    let syncs = syncs(server).await;
    let queue = match (server.queue.counts().await, server.queue.latest().await) {
        (Ok(counts), Ok(latest)) => html! { (queue(&counts)) (refreshes(&latest)) },
        (Err(error), _) | (_, Err(error)) => failed("The queue cannot be read", &error),
    };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="refresh" content="30";
                title { "tabmap" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { "tabmap " (env!("CARGO_PKG_VERSION")) }
                h2 { "Last sync" }
                (syncs)
                (queue)
                (turned_away(server))
                p { "As of " (time(Timestamp::now())) "." }
            }
        }
    };
    page.into_string()
}

async fn syncs(server: &Server) -> Markup {
    match tokio::time::timeout(MAP_TIME, server.map.load(MAP_AGE)).await {
        Ok(Ok(map)) => html! {
            table #syncs {
                tr { th { "Site" } th { "Snapshot" } }
                @for (site, newest) in map.newest_snapshots() {
                    tr {
                        td { (site) }
                        td { (newest.map_or_else(|| "never".to_owned(), time)) }
                    }
                }
            }
        },
        Ok(Err(error)) => failed("The map cannot be read", &error),
        Err(_) => html! { p { "The map is being loaded." } },
    }
}

fn turned_away(server: &Server) -> Markup {
    html! {
        @if let Some((count, last)) = server.turned_away.so_far() {
            p #refused { (count) " deliveries without a valid signature were refused, the last at " (time(last)) ": " (REMEDY) "." }
        }
    }
}

fn failed(what: &str, error: &impl ToString) -> Markup {
    html! { p.failed { (what) ": " (on_one_line(&error.to_string())) } }
}

fn queue(counts: &[(String, i64)]) -> Markup {
    let count = |state| counts.iter().find(|(known, _)| known == state).map_or(0, |(_, count)| *count);
    html! {
        h2 { "Queue" }
        table #queue {
            tr { th { "State" } th { "Refreshes" } }
            @for state in ["waiting", "starting", "running", "failed"] {
                tr { td class=[(count(state) > 0).then_some(state)] { (state) } td { (count(state)) } }
            }
        }
    }
}

fn refreshes(latest: &[Entry]) -> Markup {
    html! {
        h2 { "Refreshes" }
        table #refreshes {
            tr { @for head in HEADS { th { (head) } } }
            @for entry in latest {
                tr {
                    @for (head, cell) in HEADS.iter().zip(cells(entry)) { td data-head=(head) { (cell) } }
                }
            }
        }
    }
}

const HEADS: [&str; 10] = [
    "No.",
    "Target",
    "State",
    "Asked for",
    "Ended",
    "Next attempt",
    "Failures",
    "Deliveries",
    "Job",
    "Message",
];

fn cells(entry: &Entry) -> [Markup; HEADS.len()] {
    let next = entry.finished_at.is_none().then_some(entry.due_at).filter(|due| *due > Timestamp::now());
    [
        html! { (entry.id) },
        html! { (on_one_line(&entry.target)) },
        html! { span class=(entry.state) { (entry.state) } },
        html! { (time(entry.queued_at)) },
        html! { (entry.finished_at.map(time).unwrap_or_default()) },
        html! { (next.map(time).unwrap_or_default()) },
        html! { (entry.attempt) },
        html! { (entry.deliveries) },
        html! { (entry.job_id.as_deref().unwrap_or_default()) },
        html! { span.message { (lines(entry.message.as_deref().unwrap_or_default())) } },
    ]
}

/// A message keeps its lines, and nothing in one steers what is shown.
fn lines(message: &str) -> String {
    message.lines().map(on_one_line).collect::<Vec<_>>().join("\n")
}

fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
