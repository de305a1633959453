//! What to do about a statement that was refused, by the code of the refusal.
//!
//! "Apply again" stands only where the same statement may succeed then: what was applied before stays, and is found.

use crate::store::snowflake::error::Fault;

/// The remedies by code. The codes are those that Snowflake's drivers and people's reports show with these messages; where
/// two stand for one thing, Snowflake has used both.
const REMEDIES: &[(&[&str], &str)] = &[
    (
        &["391531", "000606"],
        "Snowflake builds the procedure in a warehouse, and the session has none: `warehouse` under `[snowflake.objects]` must \
         name one that exists (SHOW WAREHOUSES lists them); then apply again: it continues from here",
    ),
    (
        &["100357", "391529", "391546"],
        "Anaconda's packages are not available: set `packages = \"pypi\"` under `[snowflake.objects]`, which asks for no terms, or let \
         ORGADMIN accept Anaconda's terms for the organisation, in Snowsight under Admin > Terms; then apply again: it continues \
         from here",
    ),
    (
        &["100351"],
        "a package that the procedure names is not available: the message says which; a packages policy of the account may block \
         it (SHOW PACKAGES POLICIES): let an administrator allow it; then apply again: it continues from here",
    ),
    (
        &["509009", "509019"],
        "a trial account has no external access, so nothing in it can call Tableau, and applying again changes nothing: an \
         administrator makes it a paid account with billing information in Snowsight. The map needs none of this: `tabmap \
         init` and `tabmap sync` keep it from outside",
    ),
    (
        &["394209"],
        "each recipient must be the verified e-mail address of a user of this account: the user verifies it in Snowsight under \
         their profile; or set `alert` under `[snowflake.objects]` to another address, or to `{ webhook = … }`; then apply again: it continues from here",
    ),
    (
        &["003001"],
        "the role in use lacks a privilege on what the message names (SHOW GRANTS ON … says whose it is): what is there already \
         must belong to the role of `sync_role`, or to ACCOUNTADMIN and roles below it (GRANT OWNERSHIP ON … TO ROLE … COPY \
         CURRENT GRANTS); then apply again: it continues from here",
    ),
    (
        &["003013"],
        "this needs ACCOUNTADMIN: connect as somebody who may use that role, or give them what `--print` prints; then apply \
         again: it continues from here",
    ),
    (
        &["000949"],
        "a procedure or function of this name with other arguments is in the way: rename it (ALTER PROCEDURE … RENAME TO …) or \
         drop it yourself; then apply again: it continues from here",
    ),
    (
        &["000904"],
        "the map has fewer columns than it needs: `tabmap init` upgrades it, as the role that owns it; then apply again: it continues \
         from here",
    ),
];

const WAREHOUSE: &str = "the warehouse does not exist, or the role may not see it: `warehouse` under `[snowflake.objects]` must name \
                         one that exists (SHOW WAREHOUSES lists them; case matters); then apply again: it continues from here";

const REPOSITORY: &str = "the account has no such database role for the repository of the packages: older accounts get the one for Anaconda \
                          with the bundle of behaviour changes 2026_06; set `packages = \"pypi\"` under `[snowflake.objects]`, or \
                          enable the bundle; then apply again: it continues from here";

const OBJECT: &str = "what the message names does not exist, or the role may not see it: somebody dropped or renamed it since, or it \
                      belongs to a role that is not below SYSADMIN; case counts in the names under `[snowflake]`. When it is \
                      there, apply again: it continues from here";

const AGAIN: &str = "apply again: it continues from here";

const UNKNOWN: &str = "the message says why. What was applied before stays: when the cause is gone, apply again: it continues from here";

/// What to do about this fault of a statement of ours, by its first line.
pub(super) fn remedy(fault: &Fault, statement: &str) -> &'static str {
    match fault {
        Fault::Statement { code, .. } => of_code(code, statement),
        Fault::SessionEnded { .. } | Fault::ConnectionLost { .. } | Fault::DeadlinePassed { .. } => AGAIN,
        Fault::SignInRefused { .. }
        | Fault::NoToken { .. }
        | Fault::Unreachable { .. }
        | Fault::Answer { .. } => fault.help().unwrap_or(UNKNOWN),
    }
}

fn of_code(code: &str, statement: &str) -> &'static str {
    match code {
        "002003" | "002043" if statement.contains("WAREHOUSE ") => WAREHOUSE,
        "002003" | "002043" if statement.contains("DATABASE ROLE ") => REPOSITORY,
        "002003" | "002043" => OBJECT,
        "000604" | "000625" | "000630" | "002002" => AGAIN,
        _ => REMEDIES.iter().find(|(codes, _)| codes.contains(&code)).map_or(UNKNOWN, |(_, remedy)| remedy),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_one_remedy() {
        let mut codes: Vec<_> = REMEDIES.iter().flat_map(|(codes, _)| *codes).collect();
        codes.sort_unstable();
        assert!(codes.windows(2).all(|pair| pair[0] != pair[1]), "{codes:?}");
    }

    #[test]
    fn a_missing_warehouse_is_told_apart_by_the_statement_that_names_it() {
        let missing = Fault::from_code("002043", "Object does not exist", None);
        assert_eq!(remedy(&missing, "USE WAREHOUSE \"W\""), WAREHOUSE);
        assert_eq!(remedy(&missing, "GRANT USAGE ON WAREHOUSE \"W\" TO ROLE \"R\""), WAREHOUSE);
        let role = "GRANT DATABASE ROLE SNOWFLAKE.ANACONDA_REPOSITORY_USER TO ROLE \"R\"";
        assert_eq!(remedy(&missing, role), REPOSITORY);
        assert_eq!(remedy(&missing, "CREATE TASK IF NOT EXISTS \"T\""), OBJECT);
    }

    #[test]
    fn a_fault_of_the_connection_keeps_the_remedy_of_the_connection() {
        let lost = Fault::ConnectionLost { reason: "reset".to_owned() };
        assert_eq!(remedy(&lost, ""), AGAIN);
        let refused = Fault::SignInRefused {
            code: "390144".to_owned(),
            message: String::new(),
            remedy: "look at the key",
        };
        assert_eq!(remedy(&refused, ""), "look at the key");
    }
}
