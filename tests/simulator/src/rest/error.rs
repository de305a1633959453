//! REST errors: a code of six digits whose first three are the HTTP status, a summary in the language of the
//! account, and a detail.

use crate::answer::Element;
use crate::options::Language;

/// One error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RestError {
    pub(crate) code: u32,
    detail: Option<String>,
}

/// Code, English summary, German summary, detail.
const ERRORS: &[(u32, &str, &str, &str)] = &[
    (400_000, "Bad Request", "Ungültige Anforderung", "Payload is either malformed or incomplete."),
    (400_006, "Invalid page number", "Ungültige Seitenzahl", "The page number is beyond the last page."),
    (
        400_007,
        "Invalid page size",
        "Ungültige Seitengröße",
        "The page size must be a whole number of at least 1.",
    ),
    (401_000, "Unauthorized", "Nicht autorisiert", "The request was not authorized."),
    (401_001, "Signin Error", "Anmeldefehler", "Error signing in to Tableau Server"),
    (
        401_002,
        "Unauthorized Access",
        "Nicht autorisierter Zugriff",
        "Invalid authentication credentials were provided.",
    ),
    (401_009, "Invalid Signin Request", "Ungültige Anmeldeanforderung", "The sign-in request has no body."),
    (403_004, "Forbidden", "Unzulässig", "The user does not have permission to do this."),
    (
        403_010,
        "Forbidden",
        "Unzulässig",
        "The authentication token being used does not have access to the specified site.",
    ),
    (
        403_014,
        "Page size limit exceeded",
        "Maximale Seitengröße überschritten",
        "The page size must not exceed 1000.",
    ),
    (403_069, "Forbidden", "Unzulässig", "Sites query is unsupported for Tableau Cloud."),
    (403_070, "Forbidden", "Unzulässig", "The user is already signed in to this site."),
    (404_000, "Resource Not Found", "Ressource nicht gefunden", "The site could not be found."),
    (404_001, "API Version Not Found", "API-Version nicht gefunden", "The API version could not be found."),
    (404_002, "Resource Not Found", "Ressource nicht gefunden", "The user could not be found."),
    (404_003, "Resource Not Found", "Ressource nicht gefunden", "The path names no resource of this server."),
    (404_004, "Resource Not Found", "Ressource nicht gefunden", "The datasource could not be found."),
    (404_005, "Resource Not Found", "Ressource nicht gefunden", "The project could not be found."),
    (404_006, "Resource Not Found", "Ressource nicht gefunden", "The workbook could not be found."),
    (404_011, "Resource Not Found", "Ressource nicht gefunden", "The view could not be found."),
    (404_012, "Resource Not Found", "Ressource nicht gefunden", "The group could not be found."),
    (404_018, "Resource Not Found", "Ressource nicht gefunden", "The job could not be found."),
    (
        405_000,
        "Invalid request method",
        "Ungültige Anforderungsmethode",
        "The path does not allow this method.",
    ),
    (409_090, "Bad Request", "Ungültige Anforderung", "Extract operation is not allowed."),
    (
        409_093,
        "Resource Conflict",
        "Ressourcenkonflikt",
        "The job is already queued. Not queuing a duplicate.",
    ),
    (429_000, "Too Many Requests", "Zu viele Anforderungen", "Too many requests. Try again later."),
    (500_000, "Internal Server Error", "Interner Serverfehler", "The request could not be completed."),
];

impl RestError {
    /// The error of this code, with its usual detail.
    pub(crate) const fn new(code: u32) -> Self {
        Self { code, detail: None }
    }

    pub(crate) fn with_detail(code: u32, detail: impl Into<String>) -> Self {
        Self { code, detail: Some(detail.into()) }
    }

    pub(crate) fn status(&self) -> u16 {
        u16::try_from(self.code / 1000).unwrap_or(500)
    }

    pub(crate) fn element(&self, language: Language) -> Element {
        let known = ERRORS.iter().find(|(code, ..)| *code == self.code);
        let (english, german, detail) = known
            .map_or(("Error", "Fehler", "Unknown error."), |(_, english, german, detail)| {
                (english, german, detail)
            });
        let summary = match language {
            Language::English => english,
            Language::German => german,
        };
        Element::new("error")
            .with("code", self.code.to_string())
            .child(Element::new("summary").text(summary))
            .child(Element::new("detail").text(self.detail.as_deref().unwrap_or(detail)))
    }
}
