//! Who is signed in where.

use std::time::{Duration, Instant};

use crate::random::Random;
use crate::world::Site;

/// How a session came to be; tells which sessions a new one ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// A personal access token of this name. One live session each: signing in again ends the one before.
    Token(String),
    Password,
    Jwt,
}

#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// What `X-Tableau-Auth` must say.
    pub(crate) token: String,
    pub(crate) origin: Origin,
    /// What a JWT allows; other sessions may do everything.
    pub(crate) scopes: Option<Vec<String>>,
    /// LUID of the one site that the token is good for.
    pub(crate) site: String,
    last_used: Instant,
}

#[derive(Debug)]
pub(crate) struct Sessions {
    idle_timeout: Duration,
    live: Vec<Session>,
}

impl Sessions {
    pub(crate) fn new(idle_timeout: Duration) -> Self {
        Self { idle_timeout, live: Vec::new() }
    }

    /// Opens a session on the site and answers its token.
    pub(crate) fn open(
        &mut self,
        random: &mut Random,
        site: &Site,
        origin: Origin,
        scopes: Option<Vec<String>>,
    ) -> String {
        if matches!(origin, Origin::Token(_)) {
            self.live.retain(|session| session.origin != origin);
        }
        let token = format!("{}|{}|{}", random.text(22), random.text(32), site.luid);
        self.live.push(Session {
            token: token.clone(),
            origin,
            scopes,
            site: site.luid.clone(),
            last_used: Instant::now(),
        });
        token
    }

    /// The live session of a token; it counts as used now.
    pub(crate) fn use_token(&mut self, token: &str) -> Option<&Session> {
        self.drop_idle();
        let session = self.live.iter_mut().find(|session| session.token == token)?;
        session.last_used = Instant::now();
        Some(session)
    }

    pub(crate) fn close(&mut self, token: &str) {
        self.live.retain(|session| session.token != token);
    }

    pub(crate) fn close_all(&mut self) {
        self.live.clear();
    }

    pub(crate) fn count(&mut self) -> usize {
        self.drop_idle();
        self.live.len()
    }

    fn drop_idle(&mut self) {
        let limit = self.idle_timeout;
        self.live.retain(|session| session.last_used.elapsed() < limit);
    }
}

impl Session {
    /// Whether a JWT's scopes cover what is asked; `tableau:jobs:*` covers `tableau:jobs:read`.
    pub(crate) fn allows(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| {
            scopes.iter().any(|held| {
                held == scope || held.strip_suffix('*').is_some_and(|prefix| scope.starts_with(prefix))
            })
        })
    }
}
