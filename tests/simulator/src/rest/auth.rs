//! Signing in and out, and what a client asks before and after.

use serde::Deserialize;

use super::{Answer, Call, RestError, Result};
use crate::answer::Element;
use crate::body;
use crate::jwt;
use crate::sessions::Origin;
use crate::state::State;
use crate::world::Site;

#[derive(Deserialize)]
struct SignIn {
    credentials: Credentials,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Credentials {
    personal_access_token_name: Option<String>,
    personal_access_token_secret: Option<String>,
    name: Option<String>,
    password: Option<String>,
    jwt: Option<String>,
    /// XML, which Tableau's own client sends, has texts alone.
    #[serde(default)]
    is_uat: serde_json::Value,
    #[serde(default)]
    site: NamedSite,
}

#[derive(Default, Deserialize)]
struct NamedSite {
    #[serde(default, rename = "contentUrl")]
    content_url: String,
}

#[derive(Deserialize)]
struct Switch {
    site: NamedSite,
}

pub(super) fn server_info(call: &Call<'_>) -> Answer {
    let (product, build) = if call.options.old_server {
        ("2019.4.0", "20194.19.1105.1033")
    } else {
        ("2026.2.0", "20262.26.0601.1200")
    };
    let version = Element::new("productVersion").with("build", build).text(product);
    let rest = Element::new("restApiVersion").text(format!("3.{}", call.options.rest_minor()));
    Answer::ok(vec![Element::new("serverInfo").child(version).child(rest)])
}

pub(super) fn sign_in(state: &mut State, call: &Call<'_>) -> Result {
    if call.body.trim().is_empty() {
        return Err(RestError::new(401_009));
    }
    let parsed = body::parse(call.body).and_then(|body| serde_json::from_value::<SignIn>(body).ok());
    let credentials = parsed.ok_or(RestError::new(400_000))?.credentials;
    let (origin, scopes) = check(&credentials, call)?;
    let content_url = &credentials.site.content_url;
    if call.options.cloud && content_url.is_empty() {
        return Err(refused(call));
    }
    let Some(site) = state.world.site_to_sign_in(content_url) else {
        return Err(refused(call));
    };
    let lifetime = matches!(origin, Origin::Token(_)).then_some(call.options.token_lifetime.as_str());
    let token = state.sessions.open(&mut state.random, site, origin, scopes);
    Ok(credentials_answer(site, &token, lifetime))
}

/// Whose credentials they are, and what they allow.
fn check(
    given: &Credentials,
    call: &Call<'_>,
) -> std::result::Result<(Origin, Option<Vec<String>>), RestError> {
    let options = call.options;
    if let Some(jwt) = &given.jwt {
        if given.is_uat == true || given.is_uat == "true" {
            let scopes = if options.cloud { jwt::verify_unified(jwt, options) } else { None };
            return scopes.map(|scopes| (Origin::Jwt, Some(scopes))).ok_or_else(|| refused(call));
        }
        return match jwt::verify(jwt, options) {
            Ok(scopes) => Ok((Origin::Jwt, Some(scopes))),
            Err(why) => {
                let detail = format!("Error signing in to {} ({})", options.product(), why as u32);
                Err(RestError::with_detail(401_001, detail))
            }
        };
    }
    if let Some(name) = &given.personal_access_token_name {
        let secret = given.personal_access_token_secret.as_ref();
        let known = options.tokens.iter().any(|token| token.name == *name && Some(&token.secret) == secret);
        return if known { Ok((Origin::Token(name.clone()), None)) } else { Err(refused(call)) };
    }
    let known =
        given.name.as_ref() == Some(&options.username) && given.password.as_ref() == Some(&options.password);
    if known { Ok((Origin::Password, None)) } else { Err(refused(call)) }
}

fn refused(call: &Call<'_>) -> RestError {
    RestError::with_detail(401_001, format!("Error signing in to {}", call.options.product()))
}

fn credentials_answer(site: &Site, token: &str, lifetime: Option<&str>) -> Answer {
    let credentials = Element::new("credentials")
        .with("token", token)
        .with_some("estimatedTimeToExpiration", lifetime)
        .child(Element::new("site").with("id", &site.luid).with("contentUrl", &site.content_url))
        .child(Element::new("user").with("id", &site.user.luid));
    Answer::ok(vec![credentials])
}

pub(super) fn sign_out(state: &mut State, call: &Call<'_>) -> Result {
    signed_in(state, call, None)?;
    if let Some(token) = call.token {
        state.sessions.close(token);
    }
    Ok(Answer::NoContent)
}

pub(super) fn switch_site(state: &mut State, call: &Call<'_>) -> Result {
    if call.options.cloud {
        return Err(RestError::with_detail(403_004, "Switching sites is not available in Tableau Cloud."));
    }
    let current = signed_in(state, call, None)?;
    let parsed = body::parse(call.body).and_then(|body| serde_json::from_value::<Switch>(body).ok());
    let wanted = parsed.ok_or(RestError::new(400_000))?.site.content_url;
    let Some(site) = state.world.site_to_sign_in(&wanted) else {
        return Err(refused(call));
    };
    if site.luid == current {
        return Err(RestError::new(403_070));
    }
    let old = call.token.unwrap_or_default();
    let Some(session) = state.sessions.use_token(old).cloned() else {
        return Err(RestError::new(401_002));
    };
    state.sessions.close(old);
    let token = state.sessions.open(&mut state.random, site, session.origin, session.scopes);
    Ok(credentials_answer(site, &token, None))
}

pub(super) fn session(state: &mut State, call: &Call<'_>) -> Result {
    let luid = signed_in(state, call, None)?;
    let site = state.world.site_by_luid(&luid).ok_or(RestError::new(404_000))?;
    let about_site = Element::new("site")
        .with("id", &site.luid)
        .with("name", &site.name)
        .with("contentUrl", &site.content_url);
    Ok(Answer::ok(vec![Element::new("session").child(about_site).child(user(site, call))]))
}

/// What the user may do.
pub(super) fn role(call: &Call<'_>) -> &'static str {
    match (call.options.administrator, call.options.cloud) {
        (false, _) => "ExplorerCanPublish",
        (true, true) => "SiteAdministratorExplorer",
        (true, false) => "ServerAdministrator",
    }
}

/// The user of a site, as several answers show it.
pub(super) fn user(site: &Site, call: &Call<'_>) -> Element {
    Element::new("user")
        .with("id", &site.user.luid)
        .with("name", &site.user.name)
        .with("siteRole", role(call))
        .with("fullName", &site.user.name)
        .with("externalAuthUserId", "")
        .with("authSetting", "ServerDefault")
}

/// LUID of the site that the token is good for; a JWT must have the scope, and without it Tableau answers as
/// if the token were wrong.
pub(super) fn signed_in(
    state: &mut State,
    call: &Call<'_>,
    scope: Option<&str>,
) -> std::result::Result<String, RestError> {
    let session = call.token.and_then(|token| state.sessions.use_token(token));
    match session {
        Some(session) if scope.is_none_or(|scope| session.allows(scope)) => Ok(session.site.clone()),
        _ => Err(RestError::new(401_002)),
    }
}
