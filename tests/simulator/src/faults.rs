//! Trouble on demand: which requests it meets, and what it does to them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::change::Change;

/// What a request asks for; what a [`Fault`] is armed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Endpoint {
    /// Every request, the control API excepted.
    Any,
    /// `GET serverinfo`.
    ServerInfo,
    /// `POST auth/signin`.
    SignIn,
    /// `POST auth/signout`.
    SignOut,
    /// `POST auth/switchSite`.
    SwitchSite,
    /// `GET sessions/current`.
    Session,
    /// `GET sites`.
    Sites,
    /// `GET sites/{site}`.
    Site,
    /// `GET sites/{site}/users/{user}`.
    User,
    /// `GET sites/{site}/projects`.
    Projects,
    /// `GET sites/{site}/workbooks`.
    Workbooks,
    /// `GET sites/{site}/workbooks/{workbook}`.
    Workbook,
    /// `GET sites/{site}/datasources`.
    Datasources,
    /// `GET sites/{site}/datasources/{datasource}`.
    Datasource,
    /// `GET …/permissions`.
    Permissions,
    /// `POST …/refresh`.
    Refresh,
    /// `GET sites/{site}/jobs`.
    Jobs,
    /// `GET` or `PUT sites/{site}/jobs/{job}`.
    Job,
    /// The Metadata API.
    Metadata,
    /// `GET /api/metadata/v1/control/eventing/status`.
    EventingStatus,
    /// Anything else; never armed on.
    Unknown,
}

/// One effect on the requests it matches, until it has had its number of times or faults are cleared.
///
/// ```
/// use tableau_simulator::{Effect, Endpoint, Fault, GraphqlProblem};
///
/// // The second and third metadata request are refused for being too many.
/// let busy = Fault::on(Endpoint::Metadata, Effect::GraphqlErrors { problem: GraphqlProblem::RateExceeded });
/// let busy = busy.skip(1).times(2);
///
/// // The third page of the workbooks never arrives whole, until faults are cleared.
/// let torn = Fault::on(Endpoint::Workbooks, Effect::CutBody).page(3);
/// ```
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// What must be asked for.
    pub endpoint: Endpoint,
    /// Only this page of a REST listing (`pageNumber`). Metadata pages have no number: use `skip`.
    #[serde(default)]
    pub page: Option<usize>,
    /// Only requests that have this text in their path, query or body, for example `publishedDatasources`.
    #[serde(default)]
    pub containing: Option<String>,
    /// Let so many matching requests pass first.
    #[serde(default)]
    pub skip: usize,
    /// Strike so many times; until cleared when absent.
    #[serde(default)]
    pub times: Option<usize>,
    /// What happens.
    pub effect: Effect,
}

/// What happens to a request.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Effect {
    /// This answer in place of the real one.
    Status {
        /// The HTTP status.
        status: u16,
        /// The body.
        #[serde(default)]
        body: String,
        /// More headers, such as `Retry-After`; `Content-Type` is `text/plain` unless given.
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// A REST error of this code in proper XML or JSON, whose status is the code's first three digits.
    RestError {
        /// For example 429000.
        code: u32,
        /// More headers, such as `Retry-After`.
        #[serde(default)]
        headers: BTreeMap<String, String>,
    },
    /// Adds an error element to a good metadata answer.
    GraphqlWarning {
        /// What it says.
        problem: GraphqlProblem,
    },
    /// A metadata answer without data.
    GraphqlErrors {
        /// What it says.
        problem: GraphqlProblem,
    },
    /// A metadata answer whose first object lacks this non-null field, so that no data is left.
    NullField {
        /// For example `owner`.
        field: String,
    },
    /// Drops all rows of the listing from position `keep` on; the total stays as it was.
    Truncate {
        /// Rows that stay.
        keep: usize,
    },
    /// The listing claims to have this many rows.
    TotalCount {
        /// The claim.
        total: usize,
    },
    /// Every page but the first begins with the last `rows` rows of the page before.
    RepeatRows {
        /// Rows that come twice; less than the page size.
        rows: usize,
    },
    /// The metadata listing's cursor never moves on, and there is always a next page.
    LoopingCursor,
    /// Every `from` in the body of the answer becomes `to`.
    Rewrite {
        /// What stands there.
        from: String,
        /// What belongs there.
        to: String,
    },
    /// The HTML page of a gateway, status 502.
    GatewayPage,
    /// Status 200 and no body.
    EmptyBody,
    /// The connection closes in the middle of the body.
    CutBody,
    /// The body goes on behind its end with white space, for ever.
    EndlessBody,
    /// A byte of the body comes at a time, ten in a second.
    DrippingBody,
    /// The connection is reset in place of an answer.
    Reset,
    /// The request is carried out, and the connection is reset in place of the answer.
    LoseAnswer,
    /// The answer comes this late.
    Delay {
        /// How late.
        milliseconds: u64,
    },
    /// The 401 that the Metadata API's gateway answers.
    Unauthorized,
    /// The session of the request is gone, from this request on.
    KillSession,
    /// The content changes right after the answer was made: a listing that moves while it is being read.
    Change {
        /// What changes.
        changes: Vec<Change>,
    },
}

/// An error element of the Metadata API.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "named after the codes that Tableau documents")]
pub enum GraphqlProblem {
    BackfillRunning,
    NodeLimitExceeded,
    TimeLimitExceeded,
    PermissionsModeSwitched,
    /// `Execution canceled because timeout of 30000 millis was reached`; has no code.
    Timeout,
    /// `Unexpected error occurred`; has no code.
    Unexpected,
    RateExceeded,
    FeatureDisabled,
    AccessDenied,
    SiteDisabled,
    /// Any element you like.
    Custom(Value),
}

impl Fault {
    /// Strikes every request of this kind until cleared.
    #[must_use]
    pub const fn on(endpoint: Endpoint, effect: Effect) -> Self {
        Self { endpoint, page: None, containing: None, skip: 0, times: None, effect }
    }

    /// Only so many times.
    #[must_use]
    pub fn times(self, times: usize) -> Self {
        Self { times: Some(times), ..self }
    }

    /// Only once.
    #[must_use]
    pub fn once(self) -> Self {
        self.times(1)
    }

    /// Not before so many matching requests have passed.
    #[must_use]
    pub fn skip(self, skip: usize) -> Self {
        Self { skip, ..self }
    }

    /// Only this page of a REST listing.
    #[must_use]
    pub fn page(self, page: usize) -> Self {
        Self { page: Some(page), ..self }
    }

    /// Only requests that contain this text.
    #[must_use]
    pub fn containing(self, text: impl Into<String>) -> Self {
        Self { containing: Some(text.into()), ..self }
    }

    fn matches(&self, request: &Seen<'_>) -> bool {
        let page = self.page.is_none_or(|page| request.page == page);
        let text = self
            .containing
            .as_deref()
            .is_none_or(|text| request.texts.iter().any(|part| part.contains(text)));
        (self.endpoint == Endpoint::Any || self.endpoint == request.endpoint) && page && text
    }
}

/// What faults look at in a request.
pub(crate) struct Seen<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) page: usize,
    pub(crate) texts: [&'a str; 3],
}

/// The armed faults.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<Fault>);

impl Faults {
    pub(crate) fn arm(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn armed(&self) -> &[Fault] {
        &self.0
    }

    /// What happens to this request; counts it.
    pub(crate) fn strike(&mut self, request: &Seen<'_>) -> Vec<Effect> {
        let mut effects = Vec::new();
        for fault in self.0.iter_mut().filter(|fault| fault.matches(request)) {
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if let Some(times) = &mut fault.times {
                if *times == 0 {
                    continue;
                }
                *times -= 1;
            }
            effects.push(fault.effect.clone());
        }
        self.0.retain(|fault| fault.times != Some(0));
        effects
    }
}

impl GraphqlProblem {
    /// The element, as recorded from real servers where it was.
    pub(crate) fn element(&self) -> Value {
        let coded = |severity: &str, code: &str, message: &str| json!({ "message": message, "extensions": { "severity": severity, "code": code } });
        match self {
            Self::BackfillRunning => coded(
                "WARNING",
                "BACKFILL_RUNNING",
                "Still creating the Metadata API Store. Results from the query might be incomplete at this time.",
            ),
            Self::NodeLimitExceeded => node_limit_exceeded(20_000),
            Self::TimeLimitExceeded => coded(
                "WARNING",
                "TIME_LIMIT_EXCEEDED",
                "Can't show all data because the timeout limit '30 seconds' has been exceeded.",
            ),
            Self::PermissionsModeSwitched => {
                permissions_mode_switched("workbooksConnection", &["projectNameWithin"])
            }
            Self::Timeout => {
                json!({ "message": "Execution canceled because timeout of 30000 millis was reached", "locations": [] })
            }
            Self::Unexpected => json!({ "message": "Unexpected error occurred", "locations": [] }),
            Self::RateExceeded => {
                coded("ERROR", "RATE_EXCEEDED", "The rate limit for queries has been exceeded.")
            }
            Self::FeatureDisabled => coded(
                "ERROR",
                "FEATURE_DISABLED",
                "Can't run the query because the Metadata API has not been enabled yet. Run the 'tsm maintenance \
                 metadata-services enable' command to enable it.",
            ),
            Self::AccessDenied => {
                coded("ERROR", "ACCESS_DENIED", "You are not authorized to use the Metadata API.")
            }
            Self::SiteDisabled => {
                coded("ERROR", "SITE_DISABLED", "The Metadata API is not enabled for this site: 'sites/1'.")
            }
            Self::Custom(element) => element.clone(),
        }
    }
}

/// The warning of an answer that had more nodes than are allowed.
pub(crate) fn node_limit_exceeded(limit: usize) -> Value {
    json!({
        "message": format!(
            "Showing partial results. The request exceeded the {limit} node limit. Use pagination, additional \
             filtering, or both in the query to adjust results."
        ),
        "extensions": {
            "severity": "WARNING",
            "code": "NODE_LIMIT_EXCEEDED",
            "properties": { "nodeLimit": limit },
        },
    })
}

/// The warning of a list (`workbooks`, say) that leaves out what the user may not see, because these attributes
/// could give it away.
pub(crate) fn permissions_mode_switched(list: &str, attributes: &[&str]) -> Value {
    json!({
        "message": "One or more of the attributes used in your filter contain sensitive data so your results have been \
                    automatically filtered to contain only the results you have permissions to see",
        "extensions": {
            "severity": "WARNING",
            "code": "PERMISSIONS_MODE_SWITCHED",
            "properties": { list: attributes },
        },
    })
}

/// What faults do to a listing, REST or metadata.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ListingFaults {
    pub(crate) keep: Option<usize>,
    pub(crate) total: Option<usize>,
    pub(crate) repeat: usize,
    pub(crate) looping: bool,
}

impl ListingFaults {
    pub(crate) fn new(effects: &[Effect]) -> Self {
        let mut faults = Self::default();
        for effect in effects {
            match effect {
                Effect::Truncate { keep } => faults.keep = Some(*keep),
                Effect::TotalCount { total } => faults.total = Some(*total),
                Effect::RepeatRows { rows } => faults.repeat = *rows,
                Effect::LoopingCursor => faults.looping = true,
                _ => {}
            }
        }
        faults
    }
}
