//! The way of every request: note it, let faults have their say, answer it, let faults have their say again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request as HttpRequest, State as Shares};
use axum::http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, Response, StatusCode};
use serde_json::{Value, json};

use crate::answer::Form;
use crate::control;
use crate::faults::{Effect, Endpoint, ListingFaults, Seen};
use crate::graphql::{self, View};
use crate::rest::{self, Answer, Call, RestError};
use crate::routes::{Route, segments};
use crate::state::{Request, Shared};
use crate::time;
use crate::wire::{Switch, cut, dripping, endless};
use crate::world::Kind;

/// What goes back to the client.
pub(crate) struct Reply {
    status: u16,
    content_type: &'static str,
    headers: BTreeMap<String, String>,
    body: String,
}

impl Reply {
    fn new(status: u16, content_type: &'static str, body: impl Into<String>) -> Self {
        Self { status, content_type, headers: BTreeMap::new(), body: body.into() }
    }

    pub(crate) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json;charset=utf-8", body.to_string())
    }

    fn rest_error(error: &RestError, shared: &Shared, form: Form) -> Self {
        let element = error.element(shared.options.language);
        Self::new(error.status(), form.content_type(), form.render(&[element]))
    }

    /// What the gateway in front of the Metadata API answers itself.
    fn gateway(status: u16, error: &str) -> Self {
        let timestamp = time::now().replace('Z', ".000+00:00");
        let path = "/relationship-service-war/graphql";
        Self::json(status, &json!({ "timestamp": timestamp, "status": status, "error": error, "path": path }))
    }

    fn into_response(self) -> Response<Body> {
        self.into_response_with(|body| Body::from(body.clone()))
    }

    fn into_response_with(self, body: impl FnOnce(&Bytes) -> Body) -> Response<Body> {
        let bytes = Bytes::from(self.body);
        let length = bytes.len();
        let mut response = Response::new(body(&bytes));
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        if self.status != 204 {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        }
        for (name, value) in self.headers {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// Answers one request.
pub(crate) async fn handle(
    Shares(shared): Shares<Arc<Shared>>,
    ConnectInfo(switch): ConnectInfo<Switch>,
    request: HttpRequest,
) -> Response<Body> {
    let request = read(request).await;
    let path = segments(&request.path);
    let route = Route::of(&request.method, &path, shared.options.rest_minor());
    if let Route::Control { path } = route {
        return control::answer(&shared, &request, &path.join("/")).into_response();
    }
    let parameters: Vec<(String, String)> =
        form_urlencoded::parse(request.query.as_bytes()).into_owned().collect();
    let (effects, delay) = note(&shared, &request, route.endpoint(), &parameters);
    if !delay.is_zero() {
        tokio::time::sleep(delay).await;
    }
    if effects.contains(&Effect::Reset) || effects.contains(&Effect::LoseAnswer) {
        switch.reset();
    }

    let form = Form::of_accept(header(&request, ACCEPT.as_str()).unwrap_or_default());
    let replaced = effects.iter().find_map(|effect| replacement(effect, &shared, form));
    let reply = match replaced {
        Some(reply) => reply,
        None if route.is_metadata() => metadata(&shared, route, &request, &parameters, &effects).await,
        None => rest_reply(&shared, route, &request, &parameters, &effects, form),
    };
    let mut reply = change_content(&shared, &effects).err().unwrap_or(reply);
    for effect in &effects {
        if let Effect::Rewrite { from, to } = effect {
            reply.body = reply.body.replace(from, to);
        }
    }
    let ahead = shared.options.date_ahead;
    if !ahead.is_zero() {
        reply.headers.insert("Date".to_owned(), time::http_date(ahead));
    }
    shared.lock().bytes_answered += reply.body.len() as u64;
    let effect = |wanted: Effect| effects.contains(&wanted);
    if effect(Effect::CutBody) {
        reply.into_response_with(cut)
    } else if effect(Effect::DrippingBody) {
        reply.into_response_with(dripping)
    } else if effect(Effect::EndlessBody) {
        let mut response = reply.into_response_with(endless);
        response.headers_mut().remove(CONTENT_LENGTH);
        response
    } else {
        reply.into_response()
    }
}

/// Notes a request and answers what faults do to it, and how late its answer is.
fn note(
    shared: &Shared,
    request: &Request,
    endpoint: Endpoint,
    parameters: &[(String, String)],
) -> (Vec<Effect>, Duration) {
    let page = parameters.iter().find(|(name, _)| name == "pageNumber").map_or("1", |(_, page)| page);
    let texts = [request.path.as_str(), &request.query, &request.body];
    let seen = Seen { endpoint, page: page.parse().unwrap_or(1), texts };
    let mut state = shared.lock();
    state.requests.push(Request { endpoint, ..request.clone() });
    let effects = state.faults.strike(&seen);
    if let (true, Some(token)) = (effects.contains(&Effect::KillSession), token(request)) {
        state.sessions.close(token);
    }
    let delays = effects.iter().map(|effect| match effect {
        Effect::Delay { milliseconds } => Duration::from_millis(*milliseconds),
        _ => Duration::ZERO,
    });
    let delay = state.latency + delays.sum::<Duration>();
    (effects, delay)
}

/// Makes the changes that faults wait with until a listing was made.
fn change_content(shared: &Shared, effects: &[Effect]) -> Result<(), Reply> {
    for effect in effects {
        let Effect::Change { changes } = effect else { continue };
        let mut state = shared.lock();
        for change in changes {
            // Nobody else would tell that the test is mistaken.
            state.apply(change).map_err(|error| {
                Reply::new(500, "text/plain", format!("an armed fault could not change the content: {error}"))
            })?;
        }
    }
    Ok(())
}

async fn read(request: HttpRequest) -> Request {
    let (parts, body) = request.into_parts();
    // A body that breaks off is as good as none: there is nobody left to answer.
    let body = to_bytes(body, 64 << 20).await.unwrap_or_default();
    let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    let headers: BTreeMap<_, _> =
        parts.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect();
    Request {
        endpoint: Endpoint::Unknown,
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        query: parts.uri.query().unwrap_or_default().to_owned(),
        user_agent: headers.get("user-agent").cloned(),
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    }
}

fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    request.headers.get(name).map(String::as_str)
}

fn token(request: &Request) -> Option<&str> {
    header(request, "x-tableau-auth")
}

/// The answer that a fault puts in place of the real one.
fn replacement(effect: &Effect, shared: &Shared, form: Form) -> Option<Reply> {
    Some(match effect {
        Effect::Status { status, body, headers } => {
            Reply { headers: headers.clone(), ..Reply::new(*status, "text/plain", body) }
        }
        Effect::RestError { code, headers } => {
            Reply { headers: headers.clone(), ..Reply::rest_error(&RestError::new(*code), shared, form) }
        }
        Effect::GraphqlErrors { problem } => {
            Reply::json(200, &json!({ "errors": [problem.element()], "data": null }))
        }
        Effect::GatewayPage => {
            let page =
                "<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>";
            Reply::new(502, "text/html", page)
        }
        Effect::EmptyBody | Effect::Reset => Reply::new(200, form.content_type(), ""),
        Effect::Unauthorized => Reply::gateway(401, "Unauthorized"),
        _ => return None,
    })
}

fn rest_reply(
    shared: &Shared,
    route: Route<'_>,
    request: &Request,
    query: &[(String, String)],
    effects: &[Effect],
    form: Form,
) -> Reply {
    let call = Call {
        route,
        query,
        body: &request.body,
        token: token(request),
        options: &shared.options,
        base: &shared.base,
        faults: ListingFaults::new(effects),
    };
    let answer = rest::answer(&mut shared.lock(), &call);
    match answer {
        Ok(Answer::Elements(status, elements)) => {
            Reply::new(status, form.content_type(), form.render(&elements))
        }
        Ok(Answer::NoContent) => Reply::new(204, form.content_type(), ""),
        Err(error) => Reply::rest_error(&error, shared, form),
    }
}

async fn metadata(
    shared: &Shared,
    route: Route<'_>,
    request: &Request,
    parameters: &[(String, String)],
    effects: &[Effect],
) -> Reply {
    let index = {
        let mut state = shared.lock();
        let state = &mut *state;
        let session = token(request).and_then(|token| state.sessions.use_token(token));
        let session = session.filter(|session| session.allows("tableau:content:read"));
        let site =
            session.and_then(|session| state.world.sites.iter().position(|site| site.luid == session.site));
        let Some(site) = site else {
            return Reply::gateway(401, "Unauthorized");
        };
        match route {
            Route::EventingStatus => {
                let queues = [(Kind::Workbook, "Workbook"), (Kind::Datasource, "PublishedDatasource")];
                let queues = queues.map(|(kind, content_type)| {
                    let waiting = state.index.backlog(&state.world, site, kind);
                    json!({ "contentType": content_type, "queueSize": waiting, "checkpointCreatedTime": time::now() })
                });
                return Reply::json(200, &json!(queues));
            }
            Route::BackfillStatus => return Reply::json(200, &json!({ "backfillComplete": true })),
            _ => {
                for job in state.jobs.newly_succeeded() {
                    let noted = state.world.note_refresh(&job);
                    state.index.note(&state.world, noted);
                }
                state.index.view(&state.world, site)
            }
        }
    };
    let Some(query) = query(request, parameters) else {
        return Reply::gateway(400, "Bad Request");
    };
    let view = View::new(index, effects, shared.options.node_limit);
    let mut outcome = graphql::execute(shared.options.old_server, query, view).await;
    outcome.errors.extend(effects.iter().filter_map(|effect| match effect {
        Effect::GraphqlWarning { problem } => Some(problem.element()),
        _ => None,
    }));
    match serde_json::to_string(&outcome) {
        Ok(body) => Reply::new(200, "application/json;charset=utf-8", body),
        Err(error) => Reply::new(500, "text/plain", error.to_string()),
    }
}

/// The query, in any of the three ways to send one.
fn query(request: &Request, parameters: &[(String, String)]) -> Option<graphql::Query> {
    let text =
        |query: &str| graphql::Query { text: query.to_owned(), variables: Value::Null, operation_name: None };
    let parameter =
        |name: &str| parameters.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if request.method == "GET" {
        let variables =
            parameter("variables").and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
        return Some(graphql::Query { variables, ..text(parameter("query")?) });
    }
    if header(request, "content-type")
        .is_some_and(|content_type| content_type.starts_with("application/graphql"))
    {
        return Some(text(&request.body));
    }
    serde_json::from_str(&request.body).ok()
}
