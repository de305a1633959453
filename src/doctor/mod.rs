//! `tabmap doctor`: is everything there that a sync and a refresh need? Named checks, all made even when one fails, each
//! with what was seen and what to do about it. Nothing is written, here or there.
//!
//! [`CHECKS`] is the list. A check has a name, the checks that it needs, and a function. A further check is one entry
//! there and one function in the file of its subject.

mod check;
mod clock;
mod content;
mod exam;
mod outcome;
mod reach;
mod repository;
mod settings;
mod site;
mod store;

use self::check::Run::{EachSite, Known, Once};
pub use self::check::{Check, Checked};
pub use self::exam::{Exam, Given, Trouble};
pub use self::outcome::{CheckOutcome, Status};
use crate::resource::SiteName;

/// All checks, in the order in which they are made. Neighbours of one site are made for one site after the other.
pub const CHECKS: &[Check] = &[
    Check {
        name: "configuration",
        about: "which settings apply, and where each comes from; secrets by name only",
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
        name: "repository",
        about: "Tableau's repository lets the user in and lists the sites, where a site is read from it",
        needs: &["tableau-server"],
        run: Once(|exam| Box::pin(repository::repository(exam))),
    },
    Check {
        name: "tableau-proxy",
        about: "whether requests to Tableau go through a proxy, and whether it answers",
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
        about: "the server accepts a connection, and its certificate is trusted",
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
        about: "Tableau accepts the credentials for the site; which ones, and when a token expires",
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
        about: "the Metadata API is on, answers this user, and reports no gaps",
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
    Check {
        name: "store",
        about: "the store can be reached and signed in to",
        needs: &[],
        run: Once(|exam| Box::pin(store::reach(exam))),
    },
    Check {
        name: "store-clock",
        about: "this machine's clock beside the `Date` of Snowflake's answers",
        needs: &["store"],
        run: Known(store::clock),
    },
    Check {
        name: "store-privileges",
        about: "what the role may do with the map (SHOW GRANTS), or this user with the file",
        needs: &["store"],
        run: Once(|exam| Box::pin(store::privileges(exam))),
    },
    Check {
        name: "store-tables",
        about: "the three tables are there, with all columns, in a schema version that this release knows",
        needs: &["store"],
        run: Once(|exam| Box::pin(store::tables(exam))),
    },
    Check {
        name: "warehouse",
        about: "the session has a warehouse, which starts by itself and is suspended soon",
        needs: &["store"],
        run: Once(|exam| Box::pin(store::warehouse(exam))),
    },
    Check {
        name: "network-policy",
        about: "a user who signs in to Snowflake with a programmatic access token is under a network policy",
        needs: &["store"],
        run: Once(|exam| Box::pin(store::token_policy(exam))),
    },
    Check {
        name: "map-server",
        about: "the map belongs to the Tableau server that is set",
        needs: &["store-tables"],
        run: Once(|exam| Box::pin(store::map_server(exam))),
    },
    Check {
        name: "unfinished-runs",
        about: "no run was left `applying` by a process that died",
        needs: &["store-tables"],
        run: Once(|exam| Box::pin(store::unfinished_runs(exam))),
    },
    Check {
        name: "last-sync",
        about: "the age of the last complete sync",
        needs: &["store-tables", "tableau-sites"],
        run: EachSite(|exam, site| Box::pin(store::last_sync(exam, site))),
    },
    Check {
        name: "ambiguous-keys",
        about: "keys that several resources of the map share",
        needs: &["store-tables", "tableau-sites"],
        run: EachSite(|exam, site| Box::pin(store::ambiguous_keys(exam, site))),
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

async fn make(check: &Check, exam: &mut Exam, site: Option<&SiteName>, before: &[Checked]) -> CheckOutcome {
    let blocking = |need: &&str| {
        let is_it = |one: &&Checked| one.name == *need && (one.site.is_none() || one.site.as_ref() == site);
        before.iter().rev().find(is_it).filter(|one| one.outcome.status.blocks())
    };
    if let Some(one) = check.needs.iter().find_map(blocking) {
        let became = if one.outcome.status == Status::Problem { "failed" } else { "was skipped" };
        return CheckOutcome::skipped(format!("`{}` {became}, and this check needs it", one.name));
    }
    match (&check.run, site) {
        (Known(tell), _) => tell(exam),
        (Once(run), _) => run(exam).await,
        (EachSite(run), Some(site)) => run(exam, site).await,
        (EachSite(_), None) => CheckOutcome::skipped("no site is named"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_lists_the_checks_as_they_are() {
        let page = include_str!("../../docs/doctor.md");
        let (_, section) = page.split_once("\n## The checks\n").unwrap();
        let (section, _) = section.split_once("\n## ").unwrap();
        let row = |check: &Check| {
            let of_site = if check.is_of_site() { " yes" } else { "" };
            format!("| `{}` | {} |{of_site} |", check.name, check.about)
        };
        let listed: Vec<_> = section.lines().filter(|line| line.starts_with("| `")).collect();
        assert_eq!(listed, CHECKS.iter().map(row).collect::<Vec<_>>());
    }

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
