//! The status page: plain HTML, made on the server, without scripts and without secrets.

use std::fmt::Write as _;
use std::time::Duration;

use jiff::Timestamp;

use super::Server;
use super::queue::Entry;
use crate::text::on_one_line;

/// How old the map may be that the page shows.
const MAP_AGE: Duration = Duration::from_secs(5 * 60);
/// The page does not wait longer for a store that is slow.
const MAP_TIME: Duration = Duration::from_secs(5);

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="30">
<title>tabmap</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; background: #fff }
h1 { font-size: 1.4rem } h2 { font-size: 1.1rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% } th, td { text-align: left; padding: .3rem .8rem .3rem 0; border-bottom: 1px solid #ddd; vertical-align: top }
.succeeded { color: #176117 } .failed { color: #a11212; font-weight: 600 } .waiting, .starting, .running { color: #7a4d00 }
td.message { white-space: pre-wrap; overflow-wrap: anywhere; font-size: .9em }
</style>
</head>
<body>
"#;

/// The page as of now.
pub async fn render(server: &Server) -> String {
    let mut page = HEAD.to_owned();
    let _ = writeln!(page, "<h1>tabmap {}</h1>", env!("CARGO_PKG_VERSION"));
    syncs(server, &mut page).await;
    match (server.queue.counts().await, server.queue.latest().await) {
        (Ok(counts), Ok(latest)) => {
            queue(&counts, &mut page);
            refreshes(&latest, &mut page);
        }
        (Err(error), _) | (_, Err(error)) => {
            let _ = writeln!(
                page,
                "<p class=\"failed\">The queue cannot be read: {}</p>",
                escaped(&error.to_string())
            );
        }
    }
    let _ = writeln!(page, "<p>As of {}.</p>\n</body>\n</html>", time(Timestamp::now()));
    page
}

async fn syncs(server: &Server, page: &mut String) {
    page.push_str("<h2>Last sync</h2>\n");
    match tokio::time::timeout(MAP_TIME, server.map.load(MAP_AGE)).await {
        Ok(Ok(map)) => {
            page.push_str("<table id=\"syncs\">\n<tr><th>Site</th><th>Snapshot</th></tr>\n");
            for (site, newest) in map.newest_snapshots() {
                let newest = newest.map_or_else(|| "never".to_owned(), time);
                let _ = writeln!(page, "<tr><td>{}</td><td>{newest}</td></tr>", escaped(&site.to_string()));
            }
            page.push_str("</table>\n");
        }
        Ok(Err(error)) => {
            let _ = writeln!(
                page,
                "<p class=\"failed\">The map cannot be read: {}</p>",
                escaped(&error.to_string())
            );
        }
        Err(_) => page.push_str("<p>The map is being loaded.</p>\n"),
    }
}

fn queue(counts: &[(String, i64)], page: &mut String) {
    page.push_str("<h2>Queue</h2>\n<table id=\"queue\">\n<tr><th>State</th><th>Refreshes</th></tr>\n");
    for state in ["waiting", "starting", "running", "failed"] {
        let count = counts.iter().find(|(known, _)| known == state).map_or(0, |(_, count)| *count);
        let _ = writeln!(page, "<tr><td class=\"{state}\">{state}</td><td>{count}</td></tr>");
    }
    page.push_str("</table>\n");
}

fn refreshes(latest: &[Entry], page: &mut String) {
    page.push_str(
        "<h2>Refreshes</h2>\n<table id=\"refreshes\">\n<tr><th>No.</th><th>Target</th><th>State</th><th>Asked for</th>\
         <th>Ended</th><th>Deliveries</th><th>Job</th><th>Message</th></tr>\n",
    );
    for entry in latest {
        let Entry { id, target, state, deliveries, queued_at, finished_at, job_id, message, .. } = entry;
        let ended = finished_at.map(time).unwrap_or_default();
        let job = job_id.as_deref().unwrap_or_default();
        let message = message.as_deref().unwrap_or_default();
        let _ = writeln!(
            page,
            "<tr><td>{id}</td><td>{}</td><td class=\"{state}\">{state}</td><td>{}</td><td>{ended}</td><td>{deliveries}</td>\
             <td>{}</td><td class=\"message\">{}</td></tr>",
            escaped(&on_one_line(target)),
            time(*queued_at),
            escaped(job),
            escaped(message),
        );
    }
    page.push_str("</table>\n");
}

fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
