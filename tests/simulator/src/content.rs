//! What a server holds at the start.

use serde::{Deserialize, Serialize};

use crate::generate::{self, Generate};
use crate::world::{Kind, Visibility};

/// The sites of a server and what they hold: the format of `--content` files.
///
/// ```json
/// {
///   "seed": 7,
///   "sites": [{
///     "content_url": "MySite",
///     "projects": [["default"], ["Finance", "EMEA"]],
///     "workbooks": [
///       { "name": "Sales", "project": ["Finance", "EMEA"] },
///       { "name": "Draft" },
///       { "name": "Secret", "project": ["default"], "visibility": "hidden", "extract": false }
///     ],
///     "datasources": [{ "name": "Orders", "project": ["default"], "luid": "9dbd2263-16b5-46e1-9c43-a76bb8ab65fb" }],
///     "phantoms": [{ "kind": "workbook", "name": "Gone", "project": ["default"], "luid": "" }]
///   }]
/// }
/// ```
///
/// Only names are needed. Projects on a path that are not listed come into being, every site gets a project
/// `default`, and LUIDs and numbers that are not given follow from the seed. A resource without `project` lies
/// in a Personal Space. A phantom exists in the Metadata API alone.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Content {
    /// LUIDs, metadata ids and numbers that are not given follow from it.
    pub seed: u64,
    /// In the order in which the server lists them.
    pub sites: Vec<SiteContent>,
}

/// One site.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct SiteContent {
    /// As it stands in links; empty for the Default site.
    pub content_url: String,
    /// As people see it; the content URL (or `Default`) when empty.
    pub name: String,
    /// Paths from the root down.
    pub projects: Vec<Vec<String>>,
    /// The workbooks.
    pub workbooks: Vec<ResourceContent>,
    /// The published data sources.
    pub datasources: Vec<ResourceContent>,
    /// What only the Metadata API knows.
    pub phantoms: Vec<Phantom>,
}

/// One workbook or published data source.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct ResourceContent {
    /// Its name.
    pub name: String,
    /// The path of its project; empty in a Personal Space.
    pub project: Vec<String>,
    /// Its LUID, when it matters.
    pub luid: Option<String>,
    /// The number in its URL, when it matters.
    pub vizportal_url_id: Option<u64>,
    /// Whether there is an extract to refresh.
    pub extract: bool,
    /// What the signed-in user may see of it.
    pub visibility: Visibility,
}

impl Default for ResourceContent {
    fn default() -> Self {
        Self {
            name: String::new(),
            project: Vec::new(),
            luid: None,
            vizportal_url_id: None,
            extract: true,
            visibility: Visibility::Full,
        }
    }
}

/// An entry of the Metadata API that stands for no resource: a ghost, or one with an empty LUID.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Phantom {
    /// What it pretends to be.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The path of its project.
    #[serde(default)]
    pub project: Vec<String>,
    /// Its LUID; the Metadata API is known to answer empty ones.
    #[serde(default)]
    pub luid: String,
}

impl Content {
    /// Content for load and for nasty names; the same for the same arguments, always.
    #[must_use]
    pub fn generate(generate: &Generate) -> Self {
        generate::content(generate)
    }

    /// Reads the format that the module describes.
    pub fn from_json(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }
}
