//! What was configured: checks that send nothing.

use super::exam::Exam;
use super::outcome::{CheckOutcome, Status};
use crate::text::plural;

pub(super) fn configuration(exam: &Exam) -> CheckOutcome {
    match exam.given.settings.as_slice() {
        [] => CheckOutcome::note("nothing is set: every setting has its default"),
        set => CheckOutcome { status: Status::Ok, evidence: set.to_vec(), remedy: None },
    }
}

pub(super) fn server(exam: &Exam) -> CheckOutcome {
    match &exam.given.tableau {
        Ok(tableau) => CheckOutcome::ok(tableau.server().to_string()),
        Err(trouble) => CheckOutcome::failed(&**trouble, "set TABLEAU_SERVER"),
    }
}

pub(super) fn credentials(exam: &Exam) -> CheckOutcome {
    match &exam.given.sign_ins {
        Ok(sign_ins) => CheckOutcome::ok(sign_ins.to_string()),
        Err(trouble) => {
            let outcome = CheckOutcome::failed(&**trouble, "set TABLEAU_PAT_NAME and TABLEAU_PAT_SECRET");
            if exam.given.needs_sign_in {
                outcome
            } else {
                let others =
                    "a sync from the repository does without; `refresh`, `serve` and `check --live` do not";
                outcome.and(others).with_status(Status::Skipped)
            }
        }
    }
}

pub(super) fn sites(exam: &Exam) -> CheckOutcome {
    match &exam.given.sites {
        Ok(sites) => {
            let names: Vec<_> = sites.iter().map(|site| format!("`{site}`")).collect();
            CheckOutcome::ok(format!("{}: {}", plural(sites.len() as u64, "site"), names.join(", ")))
        }
        Err(trouble) => CheckOutcome::failed(&**trouble, "set TABLEAU_SITE"),
    }
}
