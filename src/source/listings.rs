//! What Tableau listed of one site becomes a snapshot, whichever source asked.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::lookup::look_up;
use super::reconcile::{Listed, reconcile};
use super::witness::Witness;
use super::{SourceError, SourceName};
use crate::mapping::Mapping;
use crate::resource::ResourceKind;
use crate::snapshot::{Header, Snapshot};
use crate::tableau::Session;

/// What was listed in one session.
pub(super) struct Listings {
    /// When the first listing began.
    pub taken_at: Timestamp,
    /// Of the Metadata API, by kind; none where REST was asked alone.
    pub metadata: BTreeMap<ResourceKind, Listed>,
    /// Of REST.
    pub witness: Witness,
}

impl Listings {
    /// Takes the second looks that the listings call for, and puts everything together.
    pub async fn into_snapshot(
        self,
        source: SourceName,
        session: &Session,
        known: &Mapping,
    ) -> Result<Snapshot, SourceError> {
        let Self { taken_at, metadata, mut witness } = self;
        let mut warnings = Vec::new();
        for failure in &witness.failures {
            tracing::warn!(reason = %failure, "REST could not list");
            warnings.push(match source {
                SourceName::Metadata => format!("REST could not confirm the listing: {failure}"),
                SourceName::Rest | SourceName::Repository => failure.to_string(),
            });
        }
        let lookups = look_up(session, &metadata, &mut witness, known).await?;
        let found = reconcile(session.site(), metadata, witness, lookups);
        let mut notes = found.notes;
        notes.warnings.splice(0..0, warnings);
        let header = Header {
            server: session.server().identity(),
            site: session.site().clone(),
            source: source.to_string(),
            taken_at,
            complete: found.complete,
            notes,
        };
        Ok(Snapshot::new(header, found.resources).knowing_gone(found.gone).withholding(found.withheld))
    }
}

/// Now, in the microseconds that the stores keep.
pub(super) fn now() -> Timestamp {
    let now = Timestamp::now();
    Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
}
