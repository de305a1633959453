//! An entry under `errors` of the Metadata API, and what it means for a listing.

/// An entry under `errors`, free of the types of `graphql_client`.
#[derive(Debug)]
pub struct MetadataError {
    /// Tableau's code; `error` where it has none.
    pub code: String,
    /// Tableau's words.
    pub message: String,
    /// Whether Tableau calls it a warning.
    pub is_warning: bool,
}

impl From<graphql_client::Error> for MetadataError {
    fn from(error: graphql_client::Error) -> Self {
        let extension = |name: &str| error.extensions.as_ref()?.get(name)?.as_str();
        Self {
            code: extension("code").unwrap_or("error").to_owned(),
            is_warning: extension("severity").is_some_and(|text| text.eq_ignore_ascii_case("warning")),
            message: error.message,
        }
    }
}

/// The Metadata API sends warnings under `errors` too, beside good data
/// (help.tableau.com, `meta_api_errors`).
pub enum ErrorVerdict {
    /// The listing is as good as without it.
    Harmless,
    /// The data can be used, but something may be missing.
    Doubtful,
    /// A limit cut the page off: a smaller one may pass.
    TooMuch,
    /// Wait, then ask again.
    TooFast,
    /// A server before 2022.3.
    UnknownProjectLuid,
    /// Without data there is nothing to go on with.
    Fatal,
}

impl ErrorVerdict {
    /// Judges one entry.
    #[must_use]
    pub fn of(error: &MetadataError) -> Self {
        let message = &error.message;
        match error.code.as_str() {
            "MAX_PAGE_SIZE_EXCEEDED" | "INHERITANCE_INCOMPLETE" | "LINKED_RESULTS_INCOMPLETE" => {
                Self::Harmless
            }
            "NODE_LIMIT_EXCEEDED" | "TIME_LIMIT_EXCEEDED" => Self::TooMuch,
            "RATE_EXCEEDED" => Self::TooFast,
            "BACKFILL_RUNNING" | "PERMISSIONS_MODE_SWITCHED" | "USER_VISIBILITY_IS_LIMITED" => Self::Doubtful,
            // These come without a code.
            _ if message.contains("FieldUndefined") && message.contains("projectLuid") => {
                Self::UnknownProjectLuid
            }
            _ if message.contains("Execution canceled because timeout")
                || message.contains("Reached time limit")
                || message.contains("Unexpected error occurred")
                || message.contains("Internal Server Error") =>
            {
                Self::TooMuch
            }
            _ if error.is_warning => Self::Doubtful,
            _ => Self::Fatal,
        }
    }
}
