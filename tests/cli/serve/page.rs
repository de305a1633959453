//! What the status page shows.

use tableau_simulator::Outcome;

use crate::serving::{SALES, Serving, desk, event, in_state, plan, until};

#[test]
fn message_of_a_job_is_text_on_the_page_and_steers_nothing() {
    let (desk, _) = desk(SALES);
    let words = "no <b>\"ORDERS\"</b> & no \u{202e}rights\u{1b}[31m";
    desk.tableau.plan_jobs(plan(0, 0, Outcome::Failure(words.to_owned())));
    let serving = Serving::start(&desk);
    assert_eq!(serving.deliver(&event("wev_1", "42")), "accepted");
    until("the end", || in_state(&desk, "failed") == 1);
    let (_, page) = serving.get("/");
    let shown = r"no &lt;b&gt;&quot;ORDERS&quot;&lt;/b&gt; &amp; no \u{202e}rights\u{1b}[31m";
    assert!(page.contains(shown), "{page}");
}
