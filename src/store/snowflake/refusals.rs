//! What to do about a sign-in that Snowflake refuses, by the code of the refusal, and where no connection comes about.

/// The remedies that are the same however somebody signs in, by code. The codes are in the official drivers, and in the
/// messages that come with them. A programmatic access token may come as a password too.
const REMEDIES: &[(&[&str], &str)] = &[
    (
        &["390101"],
        "the user is disabled: an administrator can run ALTER USER … SET DISABLED = FALSE, or name another `user` in the connection",
    ),
    (
        &["390102"],
        "the user is locked after too many refused sign-ins: correct the connection, then wait 15 minutes, or let an administrator run ALTER USER … SET MINS_TO_UNLOCK = 0",
    ),
    (
        &["390186"],
        "grant the role to the user (GRANT ROLE … TO USER …), or name another `role` in the connection",
    ),
    (
        &["390189"],
        "check `role` of the connection: no such role exists, or the user cannot see it; a name that is not all capitals needs double quotes inside the value",
    ),
    (
        &["390201"],
        "create the warehouse or grant USAGE on it to the role, or name another `warehouse` in the connection",
    ),
    (
        &["390202"],
        "an authentication policy of the account or the user does not allow this `authenticator`: use one that it allows, or let an administrator add it to AUTHENTICATION_METHODS (or CLIENT_TYPES) of the policy",
    ),
    (
        &["390422"],
        "a network policy of the account or the user does not let this machine's address in: let an administrator add the address to the policy, or run where it is allowed",
    ),
    (
        &["390432"],
        "a programmatic access token works only for a user under a network policy: ALTER USER … SET NETWORK_POLICY",
    ),
    (
        &["390913"],
        "the account's free trial has ended: an administrator adds billing information in Snowsight; if the account is another one, correct `account` of the connection",
    ),
    (
        &["394400"],
        "the programmatic access token was removed or has expired, after 15 days if nobody said otherwise: make a new one with ALTER USER … ADD PROGRAMMATIC ACCESS TOKEN",
    ),
];

/// The remedies of one way to sign in: they stand before those for all ways.
#[derive(Debug, Clone, Copy, Default)]
pub struct Remedies {
    /// By the code of the refusal.
    pub by_code: &'static [(&'static [&'static str], &'static str)],
    /// For the codes that nobody has a remedy for.
    pub otherwise: Option<&'static str>,
}

/// What to do about a refusal with this code, of somebody who signed in this way.
pub(super) fn remedy(code: &str, of_way: Remedies) -> &'static str {
    let known = of_way.by_code.iter().chain(REMEDIES).find(|(codes, _)| codes.contains(&code));
    known.map(|(_, remedy)| *remedy).or(of_way.otherwise).unwrap_or(
        "check the connection's settings; `snow connection test` of the Snowflake CLI reads the same file",
    )
}

/// What to do where no connection comes about, by the words of rustls and of the resolver.
const BROKEN: [(&str, &str); 3] = [
    (
        // Bytes that are not TLS.
        "InvalidContentType",
        "something answered without TLS: check `port`, `protocol` and `host` of the connection",
    ),
    (
        "UnknownIssuer",
        "this certificate is signed by an unknown authority: set SNOWFLAKE_CA_BUNDLE to a PEM file with the authority's certificate (where a proxy opens TLS, that of the proxy), or add it to those of the operating system",
    ),
    (
        "dns error",
        "the host cannot be resolved: check `account`, `region` and `host` of the connection, and the name servers of this machine",
    ),
];

/// What to check when no answer came.
pub(super) fn unreachable(error: &reqwest::Error) -> &'static str {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let causes: Vec<_> = causes.map(ToString::to_string).collect();
    let is_said = |words: &str| causes.iter().any(|cause| cause.contains(words));
    BROKEN.iter().find(|(words, _)| is_said(words)).map_or(
        "check `account` or `host` of the connection, the network policy, and HTTPS_PROXY",
        |(_, remedy)| remedy,
    )
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
    fn the_remedies_of_a_way_stand_before_those_for_all() {
        let of_way = Remedies { by_code: &[(&["390101"], "its own")], otherwise: Some("for the rest") };
        assert_eq!(remedy("390101", of_way), "its own");
        assert!(remedy("390422", of_way).contains("network policy"));
        assert_eq!(remedy("399999", of_way), "for the rest");
        assert!(remedy("399999", Remedies::default()).contains("snow connection test"));
    }
}
