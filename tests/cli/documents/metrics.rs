//! `docs/refresh.md` names what `serve` counts and the paths that it answers.

use std::collections::BTreeSet;
use std::fs;

use test_support::desk::Desk;
use test_support::repository;

use crate::serving::{SALES, SECRET, Serving};

#[test]
fn page_of_serve_names_each_series_each_word_and_each_path() {
    let mut desk = Desk::empty();
    desk.set("DBT_WEBHOOK_SECRET", SECRET).write("tabmap.toml", SALES);
    desk.done(&["init"]);
    let serving = Serving::start(&desk);
    let page = fs::read_to_string(repository("docs/refresh.md")).expect("the page");
    let (_, metrics) = serving.get("/metrics");
    let words = |start: &str| -> BTreeSet<String> {
        let rest = metrics.lines().filter_map(|line| line.strip_prefix(start));
        rest.map(|rest| rest.split('"').next().expect("a word").to_owned()).collect()
    };
    let rows = |start: &str| page.lines().filter(|line| line.starts_with(start)).collect::<Vec<_>>();
    for series in metrics.lines().filter_map(|line| line.strip_prefix("# HELP ")?.split(' ').next()) {
        assert_eq!(rows(&format!("| `{series}` | ")).len(), 1, "{series}");
    }
    let (_, verdicts) = page.split_once("| verdict | status | meaning |\n").expect("a table");
    let table = verdicts.split("\n\n").next().expect("its end");
    let written = table.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    assert_eq!(words("tabmap_deliveries_total{verdict=\""), written.map(str::to_owned).collect());
    for (label, series) in [("end", "tabmap_refreshes_total"), ("state", "tabmap_queue")] {
        let row = rows(&format!("| `{series}` | `{label}` | "))[0];
        let written = row.split('`').skip(5).step_by(2).map(str::to_owned).collect();
        assert_eq!(words(&format!("{series}{{{label}=\"")), written);
    }
    let paths = rows("| `/").into_iter().filter_map(|line| line.split('`').nth(1));
    let paths: Vec<_> = paths.filter(|path| *path != "/webhooks/dbt").collect();
    assert_eq!(paths.len(), 4);
    for path in paths {
        assert_eq!(serving.get(path).0, 200, "{path}");
    }
    serving.kill();
}
