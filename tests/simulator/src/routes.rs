//! What a method and a path ask for: every address that the server answers, on one page.

use crate::faults::Endpoint;
use crate::world::Kind;

/// One thing to ask for, with the LUIDs of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route<'a> {
    ServerInfo,
    SignIn,
    SignOut,
    SwitchSite,
    Session,
    Sites,
    Site {
        site: &'a str,
    },
    User {
        site: &'a str,
        user: &'a str,
    },
    Projects {
        site: &'a str,
    },
    List {
        site: &'a str,
        kind: Kind,
    },
    One {
        site: &'a str,
        kind: Kind,
        luid: &'a str,
    },
    Permissions {
        site: &'a str,
        kind: Kind,
        luid: &'a str,
    },
    Views {
        site: &'a str,
    },
    View {
        site: &'a str,
        view: &'a str,
    },
    /// The views of one workbook.
    ViewsOf {
        site: &'a str,
        workbook: &'a str,
    },
    Connections {
        site: &'a str,
        kind: Kind,
        luid: &'a str,
    },
    Around {
        site: &'a str,
        what: Around,
    },
    /// The users in a group.
    UsersOf {
        site: &'a str,
        group: &'a str,
    },
    /// The groups of a user.
    GroupsOf {
        site: &'a str,
        user: &'a str,
    },
    Schedules,
    Refresh {
        site: &'a str,
        kind: Kind,
        luid: &'a str,
    },
    Jobs {
        site: &'a str,
    },
    Job {
        site: &'a str,
        job: &'a str,
    },
    CancelJob {
        site: &'a str,
        job: &'a str,
    },
    /// The Metadata API's GraphQL.
    Metadata,
    /// How far the Metadata API lags behind.
    EventingStatus,
    /// Whether the Metadata API has seen everything once.
    BackfillStatus,
    /// The control API, with the rest of the path.
    Control {
        path: &'a [String],
    },
    /// Below `/api/`, but not a version that this server speaks.
    UnknownVersion,
    /// A known path asked with another method.
    WrongMethod,
    Unknown,
}

/// What stands around the content of a site, and is only listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Around {
    Users,
    Groups,
    Flows,
    /// Those that refresh extracts.
    Tasks,
    Subscriptions,
    Webhooks,
}

/// The parts of a path between its slashes, decoded: an encoded slash belongs to its part.
pub(crate) fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|segment| !segment.is_empty()).map(decode).collect()
}

/// A form's decoder does it, once it cannot see what has a meaning in forms alone.
fn decode(segment: &str) -> String {
    let segment = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(segment.as_bytes()).map(|(text, _)| text.into_owned()).collect()
}

impl<'a> Route<'a> {
    /// Finds the route of a path's [`segments`]; `newest` is the newest minor version of REST API 3.
    pub(crate) fn of(method: &str, path: &'a [String], newest: u32) -> Self {
        let segments: Vec<&str> = path.iter().map(String::as_str).collect();
        match (method, segments.as_slice()) {
            (_, ["simulator", ..]) => Self::Control { path: &path[1..] },
            ("POST" | "GET", ["api", "metadata", "graphql"]) => Self::Metadata,
            ("GET", ["api", "metadata", "v1", "control", "eventing", "status"]) => Self::EventingStatus,
            ("GET", ["api", "metadata", "v1", "control", "backfill", "status"]) => Self::BackfillStatus,
            (_, ["api", "metadata", ..]) => Self::Unknown,
            (_, ["api", version, rest @ ..]) if speaks(version, newest) => Self::rest(method, rest),
            (_, ["api", ..]) => Self::UnknownVersion,
            _ => Self::Unknown,
        }
    }

    fn rest(method: &str, path: &[&'a str]) -> Self {
        let (allowed, route) = match *path {
            ["serverinfo" | "serverInfo"] => ("GET", Self::ServerInfo),
            ["auth", "signin"] => ("POST", Self::SignIn),
            ["auth", "signout"] => ("POST", Self::SignOut),
            ["auth", "switchSite"] => ("POST", Self::SwitchSite),
            ["sessions", "current"] => ("GET", Self::Session),
            ["sites"] => ("GET", Self::Sites),
            ["sites", site] => ("GET", Self::Site { site }),
            ["sites", site, "users", user] => ("GET", Self::User { site, user }),
            ["schedules"] => ("GET", Self::Schedules),
            ["sites", site, "users", user, "groups"] => ("GET", Self::GroupsOf { site, user }),
            ["sites", site, "groups", group, "users"] => ("GET", Self::UsersOf { site, group }),
            ["sites", site, "users"] => ("GET", Self::Around { site, what: Around::Users }),
            ["sites", site, "groups"] => ("GET", Self::Around { site, what: Around::Groups }),
            ["sites", site, "flows"] => ("GET", Self::Around { site, what: Around::Flows }),
            ["sites", site, "tasks", "extractRefreshes"] => {
                ("GET", Self::Around { site, what: Around::Tasks })
            }
            ["sites", site, "subscriptions"] => ("GET", Self::Around { site, what: Around::Subscriptions }),
            ["sites", site, "webhooks"] => ("GET", Self::Around { site, what: Around::Webhooks }),
            ["sites", site, "views"] => ("GET", Self::Views { site }),
            ["sites", site, "views", view] => ("GET", Self::View { site, view }),
            ["sites", site, "projects"] => ("GET", Self::Projects { site }),
            ["sites", site, "jobs"] => ("GET", Self::Jobs { site }),
            ["sites", site, "jobs", job] if method == "PUT" => ("PUT", Self::CancelJob { site, job }),
            ["sites", site, "jobs", job] => ("GET", Self::Job { site, job }),
            ["sites", site, plural, ref rest @ ..] => {
                let kind = match plural {
                    "workbooks" => Kind::Workbook,
                    "datasources" => Kind::Datasource,
                    _ => return Self::Unknown,
                };
                match *rest {
                    [] => ("GET", Self::List { site, kind }),
                    [luid] => ("GET", Self::One { site, kind, luid }),
                    [luid, "permissions"] => ("GET", Self::Permissions { site, kind, luid }),
                    [workbook, "views"] if kind == Kind::Workbook => {
                        ("GET", Self::ViewsOf { site, workbook })
                    }
                    [luid, "connections"] => ("GET", Self::Connections { site, kind, luid }),
                    [luid, "refresh"] => ("POST", Self::Refresh { site, kind, luid }),
                    _ => return Self::Unknown,
                }
            }
            _ => return Self::Unknown,
        };
        if method == allowed { route } else { Self::WrongMethod }
    }

    /// What a fault on this route is armed on.
    pub(crate) const fn endpoint(&self) -> Endpoint {
        match self {
            Self::ServerInfo => Endpoint::ServerInfo,
            Self::SignIn => Endpoint::SignIn,
            Self::SignOut => Endpoint::SignOut,
            Self::SwitchSite => Endpoint::SwitchSite,
            Self::Session => Endpoint::Session,
            Self::Sites => Endpoint::Sites,
            Self::Site { .. } => Endpoint::Site,
            Self::User { .. } => Endpoint::User,
            Self::Projects { .. } => Endpoint::Projects,
            Self::List { kind: Kind::Workbook, .. } => Endpoint::Workbooks,
            Self::List { kind: Kind::Datasource, .. } => Endpoint::Datasources,
            Self::One { kind: Kind::Workbook, .. } => Endpoint::Workbook,
            Self::One { kind: Kind::Datasource, .. } => Endpoint::Datasource,
            Self::Permissions { .. } => Endpoint::Permissions,
            Self::Refresh { .. } => Endpoint::Refresh,
            Self::Jobs { .. } => Endpoint::Jobs,
            Self::Job { .. } | Self::CancelJob { .. } => Endpoint::Job,
            Self::Metadata => Endpoint::Metadata,
            Self::EventingStatus => Endpoint::EventingStatus,
            Self::Views { .. }
            | Self::View { .. }
            | Self::ViewsOf { .. }
            | Self::Connections { .. }
            | Self::Around { .. }
            | Self::UsersOf { .. }
            | Self::GroupsOf { .. }
            | Self::Schedules
            | Self::BackfillStatus
            | Self::Control { .. }
            | Self::UnknownVersion
            | Self::WrongMethod
            | Self::Unknown => Endpoint::Unknown,
        }
    }

    /// Whether errors of this route come as the Metadata API's gateway writes them.
    pub(crate) const fn is_metadata(&self) -> bool {
        matches!(self, Self::Metadata | Self::EventingStatus | Self::BackfillStatus)
    }
}

/// 2.4 to 2.8, then 3.0 to the newest.
fn speaks(version: &str, newest: u32) -> bool {
    let Some((major, minor)) = version.split_once('.') else {
        return false;
    };
    match (major, minor.parse::<u32>()) {
        ("2", Ok(minor)) => (4..=8).contains(&minor),
        ("3", Ok(minor)) => minor <= newest,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_from_2_4_to_the_newest_are_spoken() {
        let versions = ["2.4", "2.8", "3.0", "3.29"];
        assert!(versions.iter().all(|version| speaks(version, 29)));
        let others = ["2.3", "2.9", "3.30", "4.0", "3", "x.y", "3.-1"];
        assert!(!others.iter().any(|version| speaks(version, 29)));
    }

    #[test]
    fn a_known_path_with_another_method_is_not_unknown() {
        let path = segments("/api/3.29/sites/s/workbooks/w");
        assert_eq!(Route::of("DELETE", &path, 29), Route::WrongMethod);
        let path = segments("/api/3.29/sites/s/metrics");
        assert_eq!(Route::of("GET", &path, 29), Route::Unknown);
    }
}
