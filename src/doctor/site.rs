//! One site: signing in, and who one is there.

use super::exam::Exam;
use super::outcome::{CheckOutcome, Status};
use crate::resource::SiteName;
use crate::tableau::{Credentials, SHORT_LIFE};
use crate::text::plural;

pub(super) async fn sign_in(exam: &mut Exam, site: &SiteName) -> CheckOutcome {
    (exam.session, exam.who) = (None, None);
    let signed_in = match exam.tableau() {
        Ok(tableau) => tableau.sign_in(site).await,
        Err(outcome) => return outcome,
    };
    let session = match signed_in {
        Ok(session) => session,
        Err(error) => return CheckOutcome::failed(&error, "check the credentials and the site"),
    };
    let mut outcome = CheckOutcome::ok(match exam.credentials(site) {
        Some(credentials) => format!("signed in with {credentials}"),
        None => "signed in".to_owned(),
    });
    if session.site() != site {
        outcome = outcome.and(format!("Tableau spells the site `{}`", session.site()));
    }
    if let Some(days) = session.days_left() {
        outcome = outcome.and(format!("the token expires in {}", plural(days.into(), "day")));
        if days < SHORT_LIFE {
            let remedy = "make a new token in Tableau under My Account Settings, and put its name and secret in the place of \
                          this one's"
                .to_owned();
            outcome = CheckOutcome { status: Status::Warning, remedy: Some(remedy), ..outcome };
        }
    }
    exam.session = Some(session);
    outcome
}

pub(super) async fn role(exam: &mut Exam) -> CheckOutcome {
    let session = match exam.session() {
        Ok(session) => session,
        Err(outcome) => return outcome,
    };
    let ask_an_administrator = "look the role up in Tableau under Users; a sync needs a role that may see all content, best Site Administrator \
         Explorer, and refreshes one that may start them";
    let who = match session.who().await {
        Ok(who) => who,
        Err(error) => return CheckOutcome::failed(&error, ask_an_administrator).with_status(Status::Unknown),
    };
    let name = who.name.as_deref().unwrap_or("(unnamed)");
    let Some(role) = who.site_role.as_deref() else {
        return CheckOutcome::unknown(
            format!("signed in as `{name}`; Tableau does not say with which site role"),
            ask_an_administrator,
        );
    };
    let said = format!("signed in as `{name}`, with the site role {role}");
    let is_administrator = who.is_administrator() == Some(true);
    let outcome = match role {
        _ if is_administrator => CheckOutcome::ok(said),
        "Unlicensed" | "UnlicensedWithPublish" | "Guest" => CheckOutcome::problem(
            said,
            "this role sees nothing: let an administrator give the user a licence, best the site role Site Administrator \
             Explorer",
        ),
        "Viewer" | "ViewerWithPublish" | "ReadOnly" | "Interactor" => CheckOutcome::warning(
            said,
            "this role may not start refreshes, and sees only what is shared with it, so the map lacks the rest: let an \
             administrator give the user the site role Site Administrator Explorer",
        ),
        _ => CheckOutcome::warning(
            said,
            "without an administrator's role the map lacks what is not shared with the user, and jobs cannot be read: let an \
             administrator give the user the site role Site Administrator Explorer, or share all projects with it",
        ),
    };
    exam.who = Some(who);
    outcome
}

/// Made last in the session: whoever holds the same token signs in again when this examination ended their session, and
/// so ends this one.
pub(super) async fn token_holder(exam: &mut Exam) -> CheckOutcome {
    let session = match exam.session() {
        Ok(session) => session,
        Err(outcome) => return outcome,
    };
    let Some(Credentials::PersonalAccessToken { name, .. }) = exam.credentials(session.site()) else {
        return CheckOutcome::ok("sessions of this way to sign in do not end each other");
    };
    let sign_ins = session.sign_ins().await;
    let has_ended = match session.who().await {
        Err(error) if error.has_code("401002") => true,
        Err(error) => {
            return CheckOutcome::failed(&error, "run `tabmap doctor` again").with_status(Status::Unknown);
        }
        Ok(_) => false,
    };
    let ends = sign_ins.saturating_sub(1) + u32::from(has_ended);
    if ends == 0 {
        return CheckOutcome::ok(format!("nobody else signed in with the token `{name}` while this ran"));
    }
    CheckOutcome::problem(
        format!("the session of the token `{name}` was ended {} while this ran", plural(ends.into(), "time")),
        "another process uses the same personal access token, and each sign-in ends the other's session: give every job a \
         token of its own, or use a connected app",
    )
}
