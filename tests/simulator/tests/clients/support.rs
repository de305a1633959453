//! A client without opinions: it sends what it is told and shows what came back.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use tableau_simulator::{Content, Generate, Options, Simulator};

pub const SITE: &str = "MySite";

/// A server with generated content and nothing unusual.
pub fn simulator(generate: &Generate) -> Simulator {
    start(Options { content: Content::generate(generate), ..Options::default() })
}

pub fn start(options: Options) -> Simulator {
    Simulator::start(options).expect("start the simulator")
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub content_type: String,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The code of a REST error in JSON.
    pub fn code(&self) -> String {
        let code = self.json()["error"]["code"].as_str().map(ToOwned::to_owned);
        let code = code.unwrap_or_else(|| panic!("not an error: {}", self.text));
        assert_eq!(self.status.to_string(), code[..3], "the status is the first three digits of the code");
        code
    }
}

/// A signed-in session that asks for JSON.
pub struct Session {
    pub http: reqwest::Client,
    pub url: String,
    pub token: String,
    pub site: String,
    pub user: String,
}

impl Session {
    /// Signs in by token.
    pub async fn start(simulator: &Simulator, site: &str) -> Self {
        Self::start_at(simulator, site, "3.29").await
    }

    /// Signs in by token at a server that speaks this version at most.
    pub async fn start_at(simulator: &Simulator, site: &str, version: &str) -> Self {
        let (name, secret) = simulator.pat();
        let credentials = json!({
            "personalAccessTokenName": name, "personalAccessTokenSecret": secret, "site": { "contentUrl": site }
        });
        let body = json!({ "credentials": credentials }).to_string();
        Self::of(simulator, &post(simulator, &format!("/api/{version}/auth/signin"), &body).await)
    }

    /// The session of an answer to a sign-in.
    pub fn of(simulator: &Simulator, answer: &Answer) -> Self {
        let body = answer.json();
        let credentials = &body["credentials"];
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        Self {
            http: reqwest::Client::new(),
            url: simulator.url().to_owned(),
            token: text(&credentials["token"]),
            site: text(&credentials["site"]["id"]),
            user: text(&credentials["user"]["id"]),
        }
    }

    /// Gets a path below the site (`workbooks?pageSize=2`).
    pub async fn get(&self, path: &str) -> Answer {
        self.call("GET", &format!("/api/3.29/sites/{}/{path}", self.site), "").await
    }

    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.call("POST", &format!("/api/3.29/sites/{}/{path}", self.site), body).await
    }

    pub async fn call(&self, method: &str, path: &str, body: &str) -> Answer {
        let method = method.parse().expect("a method");
        let request = self.http.request(method, format!("{}{path}", self.url)).body(body.to_owned());
        answer(request.header("X-Tableau-Auth", &self.token).header("Accept", "application/json")).await
    }

    /// Asks the Metadata API.
    pub async fn query(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let answer = self.call("POST", "/api/metadata/graphql", &body.to_string()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// All pages of `workbooksConnection` or another, as nodes with the fields asked for.
    pub async fn nodes(&self, connection: &str, fields: &str, first: usize) -> Vec<Value> {
        let query = format!(
            "query($first: Int, $after: String) {{ list: {connection}(first: $first, after: $after, orderBy: {{field: ID, \
             direction: ASC}}) {{ nodes {{ {fields} }} pageInfo {{ hasNextPage endCursor }} }} }}"
        );
        let (mut nodes, mut after) = (Vec::new(), Value::Null);
        loop {
            let page = self.query(&query, json!({ "first": first, "after": after })).await;
            let page = &page["data"]["list"];
            nodes.extend(
                page["nodes"].as_array().unwrap_or_else(|| panic!("no nodes: {page}")).iter().cloned(),
            );
            if page["pageInfo"]["hasNextPage"] == false {
                return nodes;
            }
            after = page["pageInfo"]["endCursor"].clone();
        }
    }
}

pub async fn sign_in(simulator: &Simulator, credentials: Value) -> Answer {
    let body = json!({ "credentials": credentials }).to_string();
    post(simulator, "/api/3.29/auth/signin", &body).await
}

/// A request without a token that asks for JSON.
pub async fn post(simulator: &Simulator, path: &str, body: &str) -> Answer {
    let request = reqwest::Client::new().post(format!("{}{path}", simulator.url())).body(body.to_owned());
    answer(request.header("Accept", "application/json")).await
}

pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.expect("an answer");
    let content_type =
        response.headers().get("content-type").map(|value| value.to_str().expect("a text").to_owned());
    Answer {
        status: response.status().as_u16(),
        content_type: content_type.unwrap_or_default(),
        text: response.text().await.expect("a body"),
    }
}

/// The claims of a JWT that the simulator accepts.
pub fn claims(simulator: &Simulator) -> Value {
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    json!({
        "iss": simulator.options().connected_app.client_id,
        "exp": now + 300,
        "jti": "4f0e7a52-0000-4000-8000-000000000001",
        "aud": "tableau",
        "sub": simulator.options().username,
        "scp": ["tableau:content:read", "tableau:tasks:run", "tableau:jobs:read"],
    })
}

/// Signs claims as the simulator's connected app does.
pub fn jwt(simulator: &Simulator, claims: &Value) -> String {
    let app = &simulator.options().connected_app;
    let header = json!({ "alg": "HS256", "typ": "JWT", "kid": app.secret_id, "iss": app.client_id });
    signed(&header, claims, &app.secret)
}

pub fn signed(header: &Value, claims: &Value, secret: &str) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key will do");
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}
