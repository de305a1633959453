//! Workloads that the cloud vouches for, through the `tabmap` binary. Stand-ins on this machine answer for the services of the
//! clouds, and the emulator checks what they vouched for.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use test_support::desk::Desk;
use test_support::emulator::Tenant;
use url::Url;

use crate::sign_in::keys;
use crate::stand_in::{Asked, StandIn};
use crate::ways::{
    desk, init, issued, official_clients_sign_in, proofs, signs_in, signs_in_as_snowflakes_own_client,
};

const OWN_HOST: (&str, &str) = ("SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES", "127.0.0.1");

/// The settings of a workload of this provider.
fn way(provider: &str) -> [(&str, &str); 2] {
    [("authenticator", "WORKLOAD_IDENTITY"), ("workload_identity_provider", provider)]
}

/// A tenant whose user is a workload that this issuer's tokens name, and the claims of its token.
async fn workload(provider: &str, issuer: &str, audience: &str) -> (Tenant, Value) {
    let subject = uuid::Uuid::new_v4().to_string();
    let identity =
        json!({"provider": provider, "issuer": issuer, "subject": subject, "public_key": keys()["public"]});
    let tenant = Tenant::with(json!({"workload_identity": identity, "password": null})).await;
    (tenant, json!({"iss": issuer, "sub": subject, "aud": audience}))
}

/// A desk of a workload of this provider, with these variables.
fn workplace(tenant: &Tenant, provider: &str, variables: &[(&str, &str)]) -> Desk {
    let mut desk = desk(tenant, &way(provider));
    for (name, value) in variables.iter().chain(&[OWN_HOST]) {
        desk.set(name, *value);
    }
    desk
}

const GOOGLE: &str = "https://accounts.google.com";

const GOOGLES_QUESTION: &str =
    "GET /computeMetadata/v1/instance/service-accounts/default/identity?audience=snowflakecomputing.com";

/// The metadata server of Google Cloud, on a machine whose service account gets these tokens.
fn google(token: String) -> impl Fn(&Asked) -> (u16, String) + Clone {
    // The newest of Snowflake's clients asks for all claims; the others get along without.
    move |asked| match (asked.line.trim_end_matches("&format=full"), asked.header("metadata-flavor")) {
        (GOOGLES_QUESTION, "Google") => (200, token.clone()),
        (_, "Google") => (404, "<html>Not found</html>".to_owned()),
        _ => (403, "<html>Missing Metadata-Flavor</html>".to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_on_google_cloud_signs_in_as_its_service_account() {
    let (tenant, claims) = workload("GCP", GOOGLE, "snowflakecomputing.com").await;
    let token = issued("plain", &claims);
    let metadata = StandIn::start(google(token.clone())).await;
    let host = metadata.address.to_string();
    signs_in(&workplace(&tenant, "gcp", &[("GCE_METADATA_HOST", &host)]));
    let expected = json!({"AUTHENTICATOR": "WORKLOAD_IDENTITY", "PROVIDER": "GCP", "TOKEN": token});
    assert_eq!(proofs(&tenant).await, [expected]);

    // Snowflake's own client knows no other host, and goes through a proxy.
    let proxy = format!("http://{host}");
    let variables =
        [OWN_HOST, ("GCE_METADATA_HOST", &host), ("http_proxy", &proxy), ("no_proxy", "127.0.0.1")];
    signs_in_as_snowflakes_own_client(&tenant, &way("GCP"), &variables).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_that_google_cloud_does_not_vouch_for_is_told_why() {
    let (tenant, claims) = workload("GCP", GOOGLE, "snowflakecomputing.com").await;
    let at = |host: &str| workplace(&tenant, "GCP", &[("GCE_METADATA_HOST", host)]);

    // The service account of another machine.
    let mut other = claims.clone();
    other["sub"] = json!("somebody else");
    let other = issued("plain", &other);
    let metadata = StandIn::start(google(other.clone())).await;
    let answer = init(&at(&metadata.address.to_string()));
    answer.refused(1, &["395091", "issuer, subject and audience"]);
    assert!(!answer.stderr.contains(&other), "{}", answer.stderr);
    let logins = tenant.log("logins").await.len();

    // A machine without a service account, none of Google's, and something else at the address.
    let metadata = StandIn::start(|_: &Asked| (404, "<html></html>".to_owned())).await;
    init(&at(&metadata.address.to_string()))
        .refused(1, &["Google Cloud answered status 404", "a service account"]);
    init(&at("127.0.0.1:1")).refused(1, &["does not answer", "run this on Google Cloud"]);
    let portal =
        StandIn::start(|_: &Asked| (200, "<html>Please log in. It is free.</html>".to_owned())).await;
    init(&at(&portal.address.to_string())).refused(1, &["something else than a token"]);
    init(&at("not a host")).refused(2, &["GCE_METADATA_HOST"]);
    assert_eq!(tenant.log("logins").await.len(), logins, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_metadata_server_that_is_busy_is_asked_again() {
    let (tenant, claims) = workload("GCP", GOOGLE, "snowflakecomputing.com").await;
    let token = issued("plain", &claims);
    let busy = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let metadata =
        StandIn::start(move |_: &Asked| match busy.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => (503, String::new()),
            1 => (429, String::new()),
            _ => (200, token.clone()),
        })
        .await;
    signs_in(&workplace(&tenant, "GCP", &[("GCE_METADATA_HOST", &metadata.address.to_string())]));
    assert!(metadata.lines().len() >= 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_workload_is_never_taken_for_another_in_silence() {
    let (tenant, _) = workload("GCP", GOOGLE, "snowflakecomputing.com").await;
    let settings = [&way("GCP")[..], &[("workload_identity_impersonation_path", "other@acme")]].concat();
    let mut desk = desk(&tenant, &settings);
    desk.set(OWN_HOST.0, OWN_HOST.1);
    init(&desk).refused(2, &["`workload_identity_impersonation_path`", "as itself"]);
}

const ENTRA: &str = "https://sts.windows.net/8f3a/";

const SNOWFLAKES_APPLICATION: &str = "api://fd3f753b-eed3-462c-b6a7-a4b5bb650aad";

/// A service of Azure that gives this token to whoever asks at this path, with this query and header.
fn azure(
    path: &'static str,
    query: &'static [(&'static str, &'static str)],
    header: (&'static str, &'static str),
    token: &str,
) -> impl Fn(&Asked) -> (u16, String) + Clone + use<> {
    let answer = json!({"access_token": token, "token_type": "Bearer"}).to_string();
    move |asked| {
        let url = Url::parse("http://azure").unwrap().join(asked.line.trim_start_matches("GET ")).unwrap();
        let found: Vec<_> = url.query_pairs().collect();
        let is_asked = query.iter().all(|(name, value)| found.contains(&((*name).into(), (*value).into())));
        if url.path() == path && is_asked && asked.header(header.0) == header.1 {
            return (200, answer.clone());
        }
        (400, json!({"error": "invalid_request", "error_description": "Identity not found"}).to_string())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_of_azure_signs_in_with_its_managed_identity() {
    let (tenant, claims) = workload("AZURE", ENTRA, SNOWFLAKES_APPLICATION).await;
    let token = issued("plain", &claims);
    let query = &[("api-version", "2018-02-01"), ("resource", SNOWFLAKES_APPLICATION)];
    let metadata = StandIn::start(azure(AZURES_PATH, query, ("metadata", "true"), &token)).await;
    let address = format!("http://{}", metadata.address);
    signs_in(&workplace(&tenant, "azure", &[("AZURE_POD_IDENTITY_AUTHORITY_HOST", &address)]));
    let expected = json!({"AUTHENTICATOR": "WORKLOAD_IDENTITY", "PROVIDER": "AZURE", "TOKEN": token});
    assert_eq!(proofs(&tenant).await, [expected]);

    // Snowflake's own client knows no other address, and goes through a proxy.
    let variables = [
        OWN_HOST,
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", &address),
        ("http_proxy", &address),
        ("no_proxy", "127.0.0.1"),
    ];
    signs_in_as_snowflakes_own_client(&tenant, &way("AZURE"), &variables).await;
}

const AZURES_PATH: &str = "/metadata/identity/oauth2/token";

#[tokio::test(flavor = "multi_thread")]
async fn a_function_of_azure_signs_in_with_one_of_its_identities() {
    let (tenant, claims) = workload("AZURE", ENTRA, SNOWFLAKES_APPLICATION).await;
    let token = issued("plain", &claims);
    let query =
        &[("api-version", "2019-08-01"), ("resource", SNOWFLAKES_APPLICATION), ("client_id", "the-second")];
    let service = StandIn::start(azure("/msi/token", query, ("x-identity-header", "s3cret"), &token)).await;
    let endpoint = format!("http://{}/msi/token", service.address);
    let variables = [
        OWN_HOST,
        ("IDENTITY_ENDPOINT", endpoint.as_str()),
        ("IDENTITY_HEADER", "s3cret"),
        ("MANAGED_IDENTITY_CLIENT_ID", "the-second"),
    ];
    signs_in_as_snowflakes_own_client(&tenant, &way("AZURE"), &variables).await;

    let logins = tenant.log("logins").await.len();
    let other = [&variables[..3], &[("MANAGED_IDENTITY_CLIENT_ID", "the-third")]].concat();
    let answer = init(&workplace(&tenant, "AZURE", &other));
    answer.refused(1, &["status 400: Identity not found", "MANAGED_IDENTITY_CLIENT_ID"]);
    assert!(!answer.stderr.contains("s3cret"), "{}", answer.stderr);
    init(&workplace(&tenant, "AZURE", &variables[..2])).refused(2, &["IDENTITY_HEADER is not"]);
    assert_eq!(tenant.log("logins").await.len(), logins, "nothing was sent");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_of_azure_changes_its_token_for_one_of_entra() {
    let application = "api://of-the-account";
    let subject = uuid::Uuid::new_v4().to_string();
    let identity = json!({
        "provider": "AZURE", "issuer": ENTRA, "subject": subject, "audience": application, "public_key": keys()["public"],
    });
    let tenant = Tenant::with(json!({"workload_identity": identity, "password": null})).await;
    let token = issued("plain", &json!({"iss": ENTRA, "sub": subject, "aud": application}));
    let answer = json!({ "access_token": token }).to_string();
    let entra = StandIn::start(move |asked: &Asked| {
        let form: HashMap<_, _> = url::form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
        let is_asked = form["grant_type"] == "client_credentials"
            && form["client_id"] == "app"
            && form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            && form["client_assertion"] == "token-of-kubernetes"
            && form["scope"] == "api://of-the-account/.default";
        match asked.line.as_str() {
            "POST /8f3a/oauth2/v2.0/token" if is_asked => (200, answer.clone()),
            _ => {
                (401, json!({"error_description": "AADSTS70021: No matching federated identity"}).to_string())
            }
        }
    })
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "token-of-kubernetes\n").unwrap();
    let authority = format!("http://{}/", entra.address);
    let pod = |client: &'static str, authority: &str| {
        let mut desk = desk(
            &tenant,
            &[&way("AZURE")[..], &[("workload_identity_entra_resource", application)]].concat(),
        );
        desk.set(OWN_HOST.0, OWN_HOST.1).set("AZURE_CLIENT_ID", client).set("AZURE_TENANT_ID", "8f3a");
        desk.set("AZURE_FEDERATED_TOKEN_FILE", file.path().to_str().unwrap())
            .set("AZURE_AUTHORITY_HOST", authority);
        desk
    };
    signs_in(&pod("app", &authority));
    let expected = json!({"AUTHENTICATOR": "WORKLOAD_IDENTITY", "PROVIDER": "AZURE", "TOKEN": token});
    assert_eq!(proofs(&tenant).await, [expected]);
    init(&pod("other", &authority)).refused(1, &["AADSTS70021", "federated credential"]);
    init(&pod("app", "http://login.example")).refused(2, &["AZURE_AUTHORITY_HOST", "https://"]);
}

/// A tenant whose user is a role of AWS, and the variables of its keys.
async fn role() -> (Tenant, [(&'static str, String); 3]) {
    let [key_id, key, token] =
        ["ASIA", "key/+", "token=="].map(|name| format!("{name}{}", uuid::Uuid::new_v4().simple()));
    let identity = json!({"provider": "AWS", "key_id": key_id, "key": key, "session_token": token});
    let tenant = Tenant::with(json!({"workload_identity": identity, "password": null})).await;
    (tenant, [("AWS_ACCESS_KEY_ID", key_id), ("AWS_SECRET_ACCESS_KEY", key), ("AWS_SESSION_TOKEN", token)])
}

/// The keys as services of AWS answer them.
fn answered(keys: &[(&str, String); 3]) -> String {
    let [key_id, key, token] = keys.each_ref().map(|(_, value)| value);
    json!({"Code": "Success", "AccessKeyId": key_id, "SecretAccessKey": key, "Token": token}).to_string()
}

/// The requests that the login requests carried: all but what depends on the time.
async fn carried(tenant: &Tenant) -> Vec<Value> {
    let mut carried = Vec::new();
    for proof in proofs(tenant).await {
        assert_eq!(proof["PROVIDER"], "AWS");
        assert!(proof.get("LOGIN_NAME").is_none_or(|name| name == ""), "{proof}");
        let request = STANDARD.decode(proof["TOKEN"].as_str().unwrap()).unwrap();
        let mut request: Value = serde_json::from_slice(&request).unwrap();
        let headers = request["headers"].as_object_mut().unwrap();
        headers["X-Amz-Date"] = json!("then");
        let authorization = headers["Authorization"].as_str().unwrap().to_owned();
        let (_, signed) = authorization.split_once("SignedHeaders=").unwrap();
        headers["Authorization"] = json!(signed.split_once(',').unwrap().0);
        carried.push(request);
    }
    carried.dedup();
    carried
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_aws_signs_in_with_a_request_like_that_of_snowflakes_own_client() {
    let (tenant, keys) = role().await;
    let keys = keys.each_ref().map(|(name, value)| (*name, value.as_str()));
    for region in ["eu-central-1", "cn-north-1"] {
        let variables = [&keys[..], &[OWN_HOST, ("AWS_REGION", region)]].concat();
        signs_in(&workplace(&tenant, "aws", &variables));
        official_clients_sign_in(&way("AWS"), &variables);
    }
    let carried = carried(&tenant).await;
    let urls: Vec<_> = carried.iter().map(|request| request["url"].as_str().unwrap()).collect();
    let url = |host: &str| format!("https://{host}/?Action=GetCallerIdentity&Version=2011-06-15");
    let expected = [url("sts.eu-central-1.amazonaws.com"), url("sts.cn-north-1.amazonaws.com.cn")];
    assert_eq!(urls, expected, "both clients carry the same request: {carried:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_of_aws_signs_in_with_its_role() {
    let (tenant, keys) = role().await;
    let answer = answered(&keys);
    let metadata = StandIn::start(move |asked: &Asked| {
        let role = "GET /latest/meta-data/iam/security-credentials/";
        match (asked.line.as_str(), asked.header("x-aws-ec2-metadata-token")) {
            ("PUT /latest/api/token", _)
                if !asked.header("x-aws-ec2-metadata-token-ttl-seconds").is_empty() =>
            {
                (200, "of-the-session".to_owned())
            }
            ("GET /latest/meta-data/placement/region", "of-the-session") => (200, "eu-west-1".to_owned()),
            (line, "of-the-session") if line == role => (200, "tabmap-role".to_owned()),
            (line, "of-the-session") if line == format!("{role}tabmap-role") => (200, answer.clone()),
            _ => (401, String::new()),
        }
    })
    .await;
    let address = format!("http://{}", metadata.address);
    let at = |more: &[(&str, &str)]| {
        workplace(
            &tenant,
            "AWS",
            &[&[("AWS_EC2_METADATA_SERVICE_ENDPOINT", address.as_str())], more].concat(),
        )
    };
    signs_in(&at(&[]));
    let carried = carried(&tenant).await;
    assert_eq!(carried[0]["headers"]["Host"], "sts.eu-west-1.amazonaws.com");
    init(&at(&[("AWS_EC2_METADATA_DISABLED", "true")]))
        .refused(1, &["AWS_EC2_METADATA_DISABLED", "AWS_REGION"]);
    let nowhere = [("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://127.0.0.1:1")];
    init(&workplace(&tenant, "AWS", &nowhere)).refused(1, &["AWS does not answer", "run this on AWS"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_container_of_aws_signs_in_with_the_role_of_its_task() {
    let (tenant, keys) = role().await;
    let answer = answered(&keys);
    let service =
        StandIn::start(move |asked: &Asked| match (asked.line.as_str(), asked.header("authorization")) {
            ("GET /v1/credentials", "token-of-the-pod") => (200, answer.clone()),
            _ => (403, String::new()),
        })
        .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "token-of-the-pod\n").unwrap();
    let address = format!("http://{}/v1/credentials", service.address);
    let at = |address: &str, token: (&str, &str)| {
        let variables = [("AWS_REGION", "eu-west-1"), ("AWS_CONTAINER_CREDENTIALS_FULL_URI", address), token];
        workplace(&tenant, "AWS", &variables)
    };
    signs_in(&at(&address, ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file.path().to_str().unwrap())));
    signs_in(&at(&address, ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token-of-the-pod")));
    let answer = init(&at(&address, ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "stale-token")));
    answer.refused(1, &["the credentials service of the container", "status 403"]);
    assert!(!answer.stderr.contains("stale-token"), "{}", answer.stderr);
    let elsewhere = ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "token-of-the-pod");
    init(&at("http://credentials.example/v1", elsewhere))
        .refused(2, &["AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_of_aws_signs_in_with_the_role_of_its_service_account() {
    let (tenant, keys) = role().await;
    let sts = StandIn::start(move |asked: &Asked| {
        let form: HashMap<_, _> = url::form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
        let is_asked = form["Action"] == "AssumeRoleWithWebIdentity"
            && form["Version"] == "2011-06-15"
            && form["RoleArn"] == "arn:aws:iam::1234:role/tabmap"
            && form["RoleSessionName"] == "tabmap"
            && form["WebIdentityToken"] == "token-of-kubernetes";
        if asked.line != "POST /" || !is_asked {
            return (403, "<ErrorResponse><Error><Code>AccessDenied</Code></Error></ErrorResponse>".to_owned());
        }
        let [key_id, key, token] = keys.each_ref().map(|(_, value)| value);
        let credentials = format!(
            "<AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>{key}</SecretAccessKey><SessionToken>{token}</SessionToken>"
        );
        (200, format!("<Response><Result><Credentials>{credentials}</Credentials></Result></Response>"))
    })
    .await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(&file, "token-of-kubernetes\n").unwrap();
    let address = format!("http://{}", sts.address);
    let pod = |role: &str| {
        let variables = [
            ("AWS_REGION", "eu-west-1"),
            ("AWS_WEB_IDENTITY_TOKEN_FILE", file.path().to_str().unwrap()),
            ("AWS_ROLE_ARN", role),
            ("AWS_ENDPOINT_URL_STS", &address),
        ];
        workplace(&tenant, "AWS", &variables)
    };
    signs_in(&pod("arn:aws:iam::1234:role/tabmap"));
    init(&pod("arn:aws:iam::1234:role/other")).refused(1, &["status 403", "trust policy"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_of_aws_that_snowflake_does_not_know_is_told_what_to_compare() {
    let (tenant, keys) = role().await;
    let region = ("AWS_REGION", "eu-west-1");
    let with = |key: &str| {
        let variables = [("AWS_ACCESS_KEY_ID", keys[0].1.as_str()), ("AWS_SECRET_ACCESS_KEY", key), region];
        init(&workplace(&tenant, "AWS", &variables))
    };
    let answer = with("of somebody else");
    answer.refused(1, &["395091", "the ARN of the role"]);
    assert!(!answer.stderr.contains("of somebody else"), "{}", answer.stderr);
    init(&workplace(&tenant, "AWS", &[region, ("AWS_PROFILE", "dev")]))
        .refused(2, &["AWS_PROFILE", "export-credentials"]);
    for (name, value, words) in [
        ("workload_identity_aws_use_outbound_token", "true", "only the signed request"),
        ("workload_identity_host", "https://sts.example/path", "is not a host"),
    ] {
        let mut desk = desk(&tenant, &[&way("AWS")[..], &[(name, value)]].concat());
        desk.set(OWN_HOST.0, OWN_HOST.1);
        init(&desk).refused(2, &[name, words]);
    }
}
