//! Who signs in to which site.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, PoisonError};

use secrecy::ExposeSecret;

use super::credentials::Credentials;
use crate::resource::SiteName;
use crate::text::plural;

/// Who signs in to which site.
#[derive(Debug, Default)]
pub struct SignIns {
    usual: Option<Credentials>,
    /// Sites with a way of their own, by the content URL in lower case; `None` where it is not known here.
    of_sites: BTreeMap<String, Option<Credentials>>,
    /// The tokens of which it was said that they expire soon; each site signs in anew.
    warned: Mutex<BTreeSet<String>>,
}

impl From<Credentials> for SignIns {
    fn from(usual: Credentials) -> Self {
        Self { usual: Some(usual), ..Self::default() }
    }
}

impl SignIns {
    /// The usual way, if there is one, and those of the sites that have one of their own.
    #[must_use]
    pub fn new(usual: Option<Credentials>, of_sites: Vec<(SiteName, Option<Credentials>)>) -> Self {
        let of_sites = of_sites.into_iter().map(|(site, own)| (site.folded(), own));
        Self { usual, of_sites: of_sites.collect(), ..Self::default() }
    }

    /// The way to sign in to `site`, where one is known.
    #[must_use]
    pub fn to(&self, site: &SiteName) -> Option<&Credentials> {
        self.of_sites.get(&site.folded()).map_or(self.usual.as_ref(), Option::as_ref)
    }

    /// Whether a sign-in to one of the sites ends the session on the other.
    pub(super) fn share_a_session(&self, one: &SiteName, other: &SiteName) -> bool {
        let token = |site| match self.to(site) {
            Some(Credentials::PersonalAccessToken { secret, .. }) => Some(secret.expose_secret()),
            _ => None,
        };
        token(one).is_some_and(|secret| token(other) == Some(secret))
    }

    /// Whether this is the first warning of this token.
    pub(super) fn is_first_warning_of(&self, token: &str) -> bool {
        self.warned.lock().unwrap_or_else(PoisonError::into_inner).insert(token.to_owned())
    }
}

impl fmt::Display for SignIns {
    /// The usual way, and how many sites have one of their own; never a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.usual {
            Some(usual) => write!(f, "{usual}")?,
            None => f.write_str("none for all sites")?,
        }
        match self.of_sites.len() {
            0 => Ok(()),
            sites => write!(f, "; {} with a way of their own", plural(sites as u64, "site")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_with_one_personal_access_token_share_a_session_and_others_do_not() {
        let token = |name: &str, secret: &str| {
            Some(Credentials::PersonalAccessToken { name: name.to_owned(), secret: secret.into() })
        };
        let user = || Some(Credentials::Password { username: "ann".to_owned(), password: "hush".into() });
        let site = SiteName::from_content_url;
        let own = vec![
            (site("Own"), token("own", "2")),
            (site("Usual"), token("usual", "1")),
            (site("User"), user()),
            (site("Unset"), None),
        ];
        let sign_ins = SignIns::new(token("usual", "1"), own);
        for (one, other, expected) in [
            ("A", "B", true),
            ("A", "usual", true),
            ("A", "Own", false),
            ("own", "OWN", true),
            ("A", "User", false),
            ("User", "User", false),
            ("Unset", "Unset", false),
        ] {
            assert_eq!(sign_ins.share_a_session(&site(one), &site(other)), expected, "{one} {other}");
        }
        assert!(sign_ins.to(&site("unset")).is_none(), "the usual way is not taken in its place");
        let users = SignIns::from(user().expect("a user"));
        assert!(!users.share_a_session(&site("A"), &site("B")));
    }
}
