//! Tableau's repository, where a site is read from it.

use super::exam::Exam;
use super::outcome::CheckOutcome;
use crate::resource::{SiteName, SiteState};
use crate::text::plural;

pub(super) async fn repository(exam: &mut Exam) -> CheckOutcome {
    let source = match &exam.given.repository {
        None => return CheckOutcome::skipped("no site is read from Tableau's repository"),
        Some(Err(trouble)) => return CheckOutcome::failed(&**trouble, "set TABLEAU_REPOSITORY_PASSWORD"),
        Some(Ok(source)) => source,
    };
    match source.sites(&SiteName::from_content_url("")).await {
        Ok(sites) => {
            let active = sites.iter().filter(|site| site.state == SiteState::Active).count();
            CheckOutcome::ok(format!(
                "it lists {}, {active} of them active",
                plural(sites.len() as u64, "site")
            ))
        }
        Err(error) => CheckOutcome::failed(&error, "check the log of the repository"),
    }
}
