//! What still waits for the index of the Metadata API.

use jiff::Timestamp;
use serde::Deserialize;

use crate::tableau::error::TableauError;
use crate::tableau::session::Session;

/// What waits for the index, of one type of content.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backlog {
    /// Such as `Workbook`.
    pub content_type: String,
    /// How many changes wait.
    pub queue_size: u64,
    /// Up to when changes are in the index, where Tableau says.
    pub checkpoint_created_time: Option<Timestamp>,
}

impl Session {
    /// What waits for the index, by type of content. Tableau tells it to server administrators alone
    /// (help.tableau.com, "Metadata API: eventing status").
    pub async fn backlog(&self) -> Result<Vec<Backlog>, TableauError> {
        /// A server with one type of content answers it alone.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Answer {
            Several(Vec<Backlog>),
            One(Backlog),
        }
        let doing = "ask what waits for the Metadata API's index";
        let url = self.tableau.server.join("/api/metadata/v1/control/eventing/status");
        let reply = self.once(doing, |http| http.get(url)).await?;
        Ok(match self.tableau.decode(doing, "the state of an index", &reply)? {
            Answer::Several(backlogs) => backlogs,
            Answer::One(backlog) => vec![backlog],
        })
    }
}
