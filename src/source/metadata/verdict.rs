//! What an entry under `errors` means for a listing.

/// The Metadata API sends warnings under `errors` too, beside good data
/// (help.tableau.com, `meta_api_errors`).
pub enum Verdict {
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

impl Verdict {
    /// Judges one entry.
    pub fn of(error: &graphql_client::Error) -> Self {
        let message = &error.message;
        match code_of(error).as_str() {
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
            _ if is_warning(error) => Self::Doubtful,
            _ => Self::Fatal,
        }
    }
}

fn extension<'a>(error: &'a graphql_client::Error, name: &str) -> Option<&'a str> {
    error.extensions.as_ref()?.get(name)?.as_str()
}

fn is_warning(error: &graphql_client::Error) -> bool {
    extension(error, "severity").is_some_and(|severity| severity.eq_ignore_ascii_case("warning"))
}

/// Its code; `error` where it has none.
pub fn code_of(error: &graphql_client::Error) -> String {
    extension(error, "code").unwrap_or("error").to_owned()
}
