//! Who may do what with a resource.

use reqwest::StatusCode;
use serde::Deserialize;

use super::shapes::or_default;
use super::{Session, TableauError};
use crate::resource::{Luid, ResourceKind};

/// What Tableau tells of the rules of a resource.
#[derive(Debug)]
pub enum Rules {
    /// The rules.
    Told(Vec<Rule>),
    /// Only the owner, project leaders and administrators are told them.
    Closed(TableauError),
}

/// What one user or group may do, or may not.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The user; `None` of a group's rule.
    pub user: Option<Luid>,
    /// The capability, such as `ExtractRefresh`.
    pub capability: String,
    /// Whether it is allowed; it is denied otherwise.
    pub is_allowed: bool,
}

#[derive(Deserialize)]
struct PermissionsAnswer {
    permissions: Permissions,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Permissions {
    #[serde(default, deserialize_with = "or_default")]
    grantee_capabilities: Vec<Grantee>,
}

#[derive(Deserialize)]
struct Grantee {
    user: Option<Named>,
    #[serde(default, deserialize_with = "or_default")]
    capabilities: Capabilities,
}

#[derive(Deserialize)]
struct Named {
    id: Luid,
}

#[derive(Default, Deserialize)]
struct Capabilities {
    #[serde(default, deserialize_with = "or_default")]
    capability: Vec<Capability>,
}

#[derive(Deserialize)]
struct Capability {
    name: String,
    mode: String,
}

impl Session {
    /// The rules of one resource.
    pub async fn rules(&self, kind: ResourceKind, luid: &Luid) -> Result<Rules, TableauError> {
        let doing = format!("read the permissions of {kind} {luid}");
        let url = self.address(&format!("{}/{luid}/permissions", kind.path_segment()));
        let reply = self.once(&doing, |http| http.get(url)).await?;
        match self.tableau.decode::<PermissionsAnswer>(&doing, "permissions", &reply) {
            Ok(answer) => Ok(Rules::Told(answer.permissions.rules())),
            // With a connected app, 401 says that its scopes do not reach that far.
            Err(error) if [StatusCode::FORBIDDEN, StatusCode::UNAUTHORIZED].contains(&reply.status) => {
                Ok(Rules::Closed(error))
            }
            Err(error) => Err(error),
        }
    }
}

impl Permissions {
    fn rules(self) -> Vec<Rule> {
        let of_grantee = |Grantee { user, capabilities }: Grantee| {
            let user = user.map(|user| user.id);
            capabilities.capability.into_iter().map(move |Capability { name, mode }| Rule {
                user: user.clone(),
                capability: name,
                is_allowed: mode == "Allow",
            })
        };
        self.grantee_capabilities.into_iter().flat_map(of_grantee).collect()
    }
}
