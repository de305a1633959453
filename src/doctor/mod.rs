//! `tabmap doctor`: is everything there that a sync and a refresh need? Named checks, all made even when one fails, each
//! with what was seen and what to do about it. Nothing is written, here or there.
//!
//! [`CHECKS`] is the list. A check has a name, the checks that it needs, and a function. A further check is one entry
//! there and one function in the file of its subject.

mod check;
mod content;
mod exam;
mod outcome;
mod reach;
mod settings;
mod site;

use self::check::Run::{EachSite, Known, Once};
pub use self::check::{Check, Checked};
pub use self::exam::{Exam, Given, Trouble};
pub use self::outcome::{Outcome, Status};
use crate::resource::SiteName;

/// All checks, in the order in which they are made. Neighbours of one site are made for one site after the other.
pub const CHECKS: &[Check] = &[
    Check {
        name: "configuration",
        about: "which settings count, and where each comes from; of secrets, the names alone",
        needs: &[],
        run: Known(settings::configuration),
    },
    Check {
        name: "tableau-server",
        about: "a Tableau server is named, and credentials may be sent to it",
        needs: &[],
        run: Known(settings::server),
    },
    Check {
        name: "tableau-credentials",
        about: "one way to sign in to Tableau is set, and complete",
        needs: &[],
        run: Known(settings::credentials),
    },
    Check {
        name: "tableau-sites",
        about: "at least one site is named",
        needs: &[],
        run: Known(settings::sites),
    },
    Check {
        name: "tableau-proxy",
        about: "whether a proxy stands between here and Tableau, and answers",
        needs: &["tableau-server"],
        run: Once(|exam| Box::pin(reach::proxy(exam))),
    },
    Check {
        name: "tableau-dns",
        about: "the server's name has an address",
        needs: &["tableau-server"],
        run: Once(|exam| Box::pin(reach::dns(exam))),
    },
    Check {
        name: "tableau-tls",
        about: "the server takes a connection, and its certificate is trusted",
        needs: &["tableau-proxy", "tableau-dns"],
        run: Once(|exam| Box::pin(reach::tls(exam))),
    },
    Check {
        name: "tableau-version",
        about: "the versions of the server and of its REST API",
        needs: &["tableau-tls"],
        run: Known(reach::version),
    },
    Check {
        name: "tableau-clock",
        about: "this machine's clock beside the `Date` of Tableau's answers",
        needs: &["tableau-tls"],
        run: Known(reach::clock),
    },
    Check {
        name: "sign-in",
        about: "Tableau takes the credentials for the site; how one signs in, and how long a token still lives",
        needs: &["tableau-version", "tableau-credentials", "tableau-sites"],
        run: EachSite(|exam, site| Box::pin(site::sign_in(exam, site))),
    },
    Check {
        name: "role",
        about: "the user's site role",
        needs: &["sign-in"],
        run: EachSite(|exam, _| Box::pin(site::role(exam))),
    },
    Check {
        name: "metadata-api",
        about: "the Metadata API is on, answers this user, and doubts nothing",
        needs: &["sign-in"],
        run: EachSite(|exam, _| Box::pin(content::metadata_api(exam))),
    },
    Check {
        name: "visible-content",
        about: "what the user sees: counts by both APIs, withheld names, projects whose parents are hidden",
        needs: &["sign-in"],
        run: EachSite(|exam, _| Box::pin(content::visible_content(exam))),
    },
    Check {
        name: "metadata-lag",
        about: "how far the Metadata API is behind REST, and how much waits for its index",
        needs: &["metadata-api", "visible-content"],
        run: EachSite(|exam, _| Box::pin(content::metadata_lag(exam))),
    },
    Check {
        name: "jobs",
        about: "the user may read jobs, by which a refresh is followed",
        needs: &["sign-in"],
        run: EachSite(|exam, _| Box::pin(content::jobs(exam))),
    },
    Check {
        name: "refresh-permission",
        about: "whether the user may refresh, looked at on one workbook or data source without refreshing it",
        needs: &["visible-content"],
        run: EachSite(|exam, _| Box::pin(content::refresh_permission(exam))),
    },
    Check {
        name: "token-holder",
        about: "whether somebody else signed in with the same personal access token meanwhile, which ends this session",
        needs: &["sign-in"],
        run: EachSite(|exam, _| Box::pin(site::token_holder(exam))),
    },
];

/// Makes all checks.
pub async fn examine(exam: &mut Exam) -> Vec<Checked> {
    let sites: Vec<Option<SiteName>> = match &exam.given.sites {
        Ok(sites) => sites.iter().cloned().map(Some).collect(),
        // One round, in which each check says why it is not made.
        Err(_) => vec![None],
    };
    let mut checked = Vec::new();
    for neighbours in CHECKS.chunk_by(|one, next| one.is_of_site() == next.is_of_site()) {
        let rounds = if neighbours[0].is_of_site() { &sites[..] } else { &[None] };
        for site in rounds {
            for check in neighbours {
                let outcome = make(check, exam, site.as_ref(), &checked).await;
                checked.push(Checked { name: check.name, site: site.clone(), outcome });
            }
        }
    }
    exam.close().await;
    checked
}

async fn make(check: &Check, exam: &mut Exam, site: Option<&SiteName>, before: &[Checked]) -> Outcome {
    let is_blocked = |need: &&&str| {
        let is_it = |one: &&Checked| one.name == **need && (one.site.is_none() || one.site.as_ref() == site);
        before.iter().rev().find(is_it).is_none_or(|one| one.outcome.status.blocks())
    };
    if let Some(need) = check.needs.iter().find(is_blocked) {
        return Outcome::skipped(format!("it needs `{need}`"));
    }
    match (&check.run, site) {
        (Known(tell), _) => tell(exam),
        (Once(run), _) => run(exam).await,
        (EachSite(run), Some(site)) => run(exam, site).await,
        (EachSite(_), None) => Outcome::skipped("no site is named"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_check_has_a_name_of_its_own_and_needs_those_before_it() {
        for (at, check) in CHECKS.iter().enumerate() {
            assert!(CHECKS[..at].iter().all(|one| one.name != check.name), "{}", check.name);
            for need in check.needs {
                let needed = CHECKS[..at].iter().find(|one| one.name == *need);
                let needed =
                    needed.unwrap_or_else(|| panic!("{} needs {need}, which comes later", check.name));
                assert!(check.is_of_site() || !needed.is_of_site(), "{} needs one site's {need}", check.name);
            }
        }
    }
}
