//! Whether the settings fit into the files.

use super::container;
use super::error::ObjectsError;
use super::wanted::Wanted;
use crate::loopback::is_loopback;

pub(super) fn check(wanted: &Wanted<'_>) -> Result<(), ObjectsError> {
    let Wanted { tables, settings, server, .. } = wanted;
    let names = [
        ("`database` under `[snowflake]`", &tables.database),
        ("`schema` under `[snowflake]`", &tables.schema),
        ("`resources` under `[snowflake]`", &tables.resources),
        ("`sync_runs` under `[snowflake]`", &tables.runs),
        ("`resource_changes` under `[snowflake]`", &tables.changes),
        ("`schema` under `[snowflake.objects]`", &settings.schema),
        ("`sync_role` under `[snowflake.objects]`", &settings.sync_role),
        ("`call_role` under `[snowflake.objects]`", &settings.call_role),
        ("`warehouse` under `[snowflake.objects]`", &settings.warehouse),
        ("`integration` under `[snowflake.objects]`", &settings.integration),
    ];
    // Names stand between `$$`, in the bodies of procedure, functions and tasks, and in comments, which end with their
    // line; neither knows escapes.
    let is_unfit = |name: &str| name.is_empty() || name.contains("$$") || name.contains(char::is_control);
    if let Some((name, value)) = names.into_iter().find(|(_, value)| is_unfit(value)) {
        let reason = format!("{value:?} is empty, or holds `$$` or a control character");
        return Err(ObjectsError::Setting { name, reason, help: "use another name" });
    }
    let url = server.join("");
    // The handler takes this very machine by plain http too: for tests.
    if url.scheme() != "https" && !is_loopback(&url) {
        return Err(ObjectsError::Setting {
            name: "the Tableau server",
            reason: format!("`{url}` is plain http, which the procedure does not speak"),
            help: "give the server a certificate: from Snowflake, anyone on the network could read the token",
        });
    }
    container::check(wanted)
}
