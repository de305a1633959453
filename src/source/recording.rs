//! A snapshot in a JSON file: `sync --record FILE` writes it, `sync --from FILE` reads it in place of Tableau.

use std::fs;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Source;
pub use super::error::RecordingError;
use super::error::SourceError;
use crate::mapping::Mapping;
use crate::resource::{Details, Luid, ProjectPath, Resource, ResourceKey, ResourceKind, SiteName};
use crate::snapshot::{Header, Notes, Snapshot};
use crate::tableau::ServerUrl;
use crate::whole_file::write_whole;

/// The version of the file's form; raised when an older tabmap could misread a newer file.
const FORMAT_VERSION: u32 = 1;

/// How far ahead the clock of the machine that recorded may be.
const ONE_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Snapshots of one or many sites of one server, read from a file.
#[derive(Debug)]
pub struct Recording {
    path: PathBuf,
    server: String,
    snapshots: Vec<Snapshot>,
}

impl Recording {
    /// Reads a file.
    pub fn read(path: &Path) -> Result<Self, RecordingError> {
        let text = fs::read_to_string(path).map_err(|source| RecordingError::Io {
            doing: "read",
            path: path.to_owned(),
            source,
        })?;
        Self::of_text(path, &text)
    }

    /// Reads the text of a file.
    pub(crate) fn of_text(path: &Path, text: &str) -> Result<Self, RecordingError> {
        let form = |reason: String| RecordingError::Form { path: path.to_owned(), reason };
        let document: Document = serde_json::from_str(text).map_err(|error| form(error.to_string()))?;
        if document.format_version != FORMAT_VERSION {
            return Err(form(format!("format version {}", document.format_version)));
        }
        let server = ServerUrl::identity_of(&document.server).map_err(|error| form(error.to_string()))?;
        let mut snapshots = Vec::new();
        for site in document.sites {
            snapshots.push(site.into_snapshot(&server).map_err(&form)?);
        }
        Ok(Self { path: path.to_owned(), server, snapshots })
    }

    /// What is recorded, in order.
    pub(crate) fn snapshots(&self) -> &[Snapshot] {
        &self.snapshots
    }

    /// The recorded sites, in order.
    #[must_use]
    pub fn sites(&self) -> Vec<SiteName> {
        self.snapshots.iter().map(|snapshot| snapshot.header.site.clone()).collect()
    }

    /// Whether [`Recording::write`] can put a file at `path`, as far as that can be said beforehand.
    pub fn check_place(path: &Path) -> Result<(), RecordingError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if folder.is_dir() && !path.is_dir() && path.file_name().is_some() {
            return Ok(());
        }
        Err(RecordingError::Place { path: path.to_owned() })
    }

    /// Writes `snapshots`, which are of one server, to a file; it appears whole or not at all.
    pub fn write(path: &Path, server: &str, snapshots: &[Snapshot]) -> Result<(), RecordingError> {
        let failed = |source| RecordingError::Io { doing: "write", path: path.to_owned(), source };
        let text = Self::text_of(server, snapshots).map_err(|error| failed(error.into()))?;
        write_whole(path, text.as_bytes(), None).map_err(failed)
    }

    /// The text of the file of `snapshots`.
    pub(crate) fn text_of(server: &str, snapshots: &[Snapshot]) -> serde_json::Result<String> {
        let document = Document {
            format_version: FORMAT_VERSION,
            server: server.to_owned(),
            sites: snapshots.iter().map(RecordedSite::from).collect(),
        };
        Ok(serde_json::to_string_pretty(&document)? + "\n")
    }
}

#[async_trait]
impl Source for Recording {
    fn name(&self) -> &'static str {
        "recording"
    }

    fn server(&self) -> String {
        self.server.clone()
    }

    async fn snapshot(&self, site: &SiteName, _known: &Mapping) -> Result<Snapshot, SourceError> {
        let recorded = self.snapshots.iter().find(|snapshot| snapshot.header.site.is_same_site(site));
        Ok(recorded
            .cloned()
            .ok_or_else(|| RecordingError::Site { path: self.path.clone(), site: site.clone() })?)
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format_version: u32,
    server: String,
    sites: Vec<RecordedSite>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedSite {
    site: SiteName,
    source: String,
    taken_at: Timestamp,
    complete: Vec<ResourceKind>,
    lagging: u64,
    ghosts: u64,
    skipped: u64,
    warnings: Vec<String>,
    gone: Vec<RecordedId>,
    resources: Vec<RecordedResource>,
}

/// A resource that is surely gone, although its kind may not have been listed completely.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedId {
    kind: ResourceKind,
    luid: Luid,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedResource {
    kind: ResourceKind,
    project_name: String,
    project_path: Option<String>,
    name: String,
    luid: Luid,
    #[serde(flatten)]
    details: Details,
}

impl From<&Snapshot> for RecordedSite {
    fn from(snapshot: &Snapshot) -> Self {
        let Header { server: _, site, source, taken_at, complete, notes } = &snapshot.header;
        let Notes { lagging, ghosts, skipped, warnings } = notes;
        let mut resources: Vec<_> = snapshot.resources().iter().collect();
        resources.sort_unstable();
        Self {
            site: site.clone(),
            source: source.clone(),
            taken_at: *taken_at,
            complete: complete.iter().copied().collect(),
            lagging: *lagging,
            ghosts: *ghosts,
            skipped: *skipped,
            warnings: warnings.clone(),
            gone: snapshot
                .gone()
                .map(|(kind, luid)| RecordedId { kind: *kind, luid: luid.clone() })
                .collect(),
            resources: resources.into_iter().map(|one| RecordedResource::from(&**one)).collect(),
        }
    }
}

impl From<&Resource> for RecordedResource {
    fn from(resource: &Resource) -> Self {
        let Resource { key, luid, details } = resource;
        Self {
            kind: key.kind,
            project_name: key.project.leaf().to_owned(),
            project_path: key.project.full(),
            name: key.name.clone(),
            luid: luid.clone(),
            details: details.clone(),
        }
    }
}

impl RecordedSite {
    fn into_snapshot(self, server: &str) -> Result<Snapshot, String> {
        if self.taken_at > Timestamp::now() + ONE_DAY {
            return Err(format!(
                "site `{}` was recorded at {}, which is in the future",
                self.site, self.taken_at
            ));
        }
        let mut resources = Vec::new();
        for recorded in self.resources {
            let project = match &recorded.project_path {
                Some(path) => ProjectPath::parse(path),
                None => ProjectPath::leaf_only(&recorded.project_name),
            };
            if project.leaf() != recorded.project_name {
                return Err(format!(
                    "`{}` is in project `{}`, whose path is `{project}`",
                    recorded.name, recorded.project_name
                ));
            }
            let key =
                ResourceKey { site: self.site.clone(), kind: recorded.kind, project, name: recorded.name };
            resources.push(Resource { key, luid: recorded.luid, details: recorded.details });
        }
        let notes = Notes {
            lagging: self.lagging,
            ghosts: self.ghosts,
            skipped: self.skipped,
            warnings: self.warnings,
        };
        let header = Header {
            server: server.to_owned(),
            site: self.site,
            source: self.source,
            taken_at: self.taken_at,
            complete: self.complete.into_iter().collect(),
            notes,
        };
        let gone = self.gone.into_iter().map(|id| (id.kind, id.luid)).collect();
        Ok(Snapshot::new(header, resources).knowing_gone(gone))
    }
}
