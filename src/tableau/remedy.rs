//! What to do about a sign-in that Tableau refused, by the kind of credentials and by Tableau's number.

use super::connected_app::SCOPES;
use super::credentials::Credentials;

/// What to check. `detail` is Tableau's own sentence; for connected apps it ends with a number, as in
/// `Error signing in to Tableau Cloud (10084)`.
pub(super) fn remedy(credentials: &Credentials, detail: &str) -> String {
    match credentials {
        Credentials::PersonalAccessToken { .. } => {
            "check the name and the secret of the token, and the site: Tableau gives the same answer for a wrong secret, a \
             site that does not exist and a token that expired, which it does when it was not used for 15 days"
                .to_owned()
        }
        Credentials::Password { .. } => {
            "check the user, the password and the site: Tableau gives the same answer for each. Where people sign in through \
             an identity provider or with a second factor (always on Tableau Cloud), no password is taken: use a personal \
             access token or a connected app"
                .to_owned()
        }
        Credentials::UnifiedAccess(access) => format!(
            "compare TABLEAU_UAT_ISSUER, TABLEAU_UAT_TENANT_ID, the claim `{}` and the key with the configuration in Tableau Cloud \
             Manager, which must cover this site and the scopes {}; check that `{}` is a user of the site, and this machine's clock. \
             Unified access tokens need Tableau Cloud",
            access.username_claim,
            SCOPES.join(", "),
            access.username
        ),
        Credentials::ConnectedApp { client_id, username, .. } => {
            of_connected_app(number_at_the_end(detail), client_id, username)
        }
    }
}

/// Source: help.tableau.com, "Troubleshoot Connected Apps".
fn of_connected_app(number: Option<u32>, client_id: &str, username: &str) -> String {
    match number {
        Some(5 | 16) => format!(
            "Tableau does not know the user `{username}` of TABLEAU_JWT_USERNAME on this site (case matters), or this \
             machine's clock is wrong: the token is valid for five minutes, counted in UTC"
        ),
        Some(126) => format!(
            "Tableau finds no connected app `{client_id}`: check TABLEAU_JWT_CLIENT_ID, and that the app is enabled on this \
             site"
        ),
        Some(127) => "Tableau finds no such secret of the connected app: check TABLEAU_JWT_SECRET_ID and \
             TABLEAU_JWT_SECRET, which belong together"
            .to_owned(),
        Some(10083..=10085) => "Tableau could not take the token that was made for the connected app: check that \
             TABLEAU_JWT_CLIENT_ID, TABLEAU_JWT_SECRET_ID and TABLEAU_JWT_SECRET belong together, and this machine's clock"
            .to_owned(),
        Some(10096..=10099) => format!(
            "Tableau could not take the token that was made for the connected app: check this machine's clock, and that the \
             app may use the REST API with the scopes {}",
            SCOPES.join(", ")
        ),
        _ => "check TABLEAU_JWT_CLIENT_ID, TABLEAU_JWT_SECRET_ID, TABLEAU_JWT_SECRET, TABLEAU_JWT_USERNAME and the site; \
             what a number at the end of Tableau's answer means is in its help, \"Troubleshoot Connected Apps\""
            .to_owned(),
    }
}

fn number_at_the_end(detail: &str) -> Option<u32> {
    detail.trim_end_matches('.').strip_suffix(')')?.rsplit_once('(')?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_connected_app_is_explained_by_tableaus_number() {
        let app = Credentials::ConnectedApp {
            client_id: "app-1".to_owned(),
            secret_id: "key-1".to_owned(),
            secret: "hush".into(),
            username: "ann@example.com".to_owned(),
        };
        for (detail, word) in [
            ("Error signing in to Tableau Cloud (5)", "`ann@example.com`"),
            ("Error signing in to Tableau Server (16)", "clock"),
            ("Error signing in to Tableau Cloud (126)", "`app-1`"),
            ("Error signing in to Tableau Cloud (127)", "TABLEAU_JWT_SECRET_ID"),
            ("Fehler bei der Anmeldung (10084).", "belong together"),
            ("Error signing in to Tableau Cloud (10096)", "clock"),
            ("Error signing in to Tableau Cloud (10099)", "tableau:content:read"),
            ("Error signing in to Tableau Cloud (4711)", "Troubleshoot Connected Apps"),
            ("Error signing in to Tableau Cloud", "Troubleshoot Connected Apps"),
            ("", "Troubleshoot Connected Apps"),
        ] {
            let remedy = remedy(&app, detail);
            assert!(remedy.contains(word), "{detail}: {remedy}");
            assert!(!remedy.contains("15 days") && !remedy.contains("hush"), "{detail}: {remedy}");
        }
    }
}
