//! What to do about a sign-in that Snowflake refuses, by the code of the refusal, and where no connection comes about.

/// The remedies by code. See "Key-pair authentication and key-pair rotation: troubleshooting" on docs.snowflake.com for
/// 3943xx; the others are in the official drivers, and in the messages that come with them.
const REMEDIES: &[(&[&str], &str)] = &[
    (
        &["390100"],
        "check `account`, `user` and `password` of the connection; service users cannot use passwords any more: take a key pair or a programmatic access token",
    ),
    (
        &["390101"],
        "the user is disabled: an administrator can run ALTER USER … SET DISABLED = FALSE, or name another `user` in the connection",
    ),
    (
        &["390102"],
        "the user is locked after too many refused sign-ins: correct the connection, then wait 15 minutes, or let an administrator run ALTER USER … SET MINS_TO_UNLOCK = 0",
    ),
    (
        &["390144", "394300"],
        "check that the user's RSA_PUBLIC_KEY belongs to the connection's private key (`DESC USER`), and that `account` and `user` are right",
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
        &["390197"],
        "the account wants a second factor beside a password, and the user has none: for an unattended run take a key pair or a programmatic access token; a person signs in to Snowsight once to set one up",
    ),
    (
        &["390201"],
        "create the warehouse or grant USAGE on it to the role, or name another `warehouse` in the connection",
    ),
    (
        &["390202"],
        "an authentication policy of the account or the user does not allow this `authenticator`: take one that it allows, or let an administrator add it to AUTHENTICATION_METHODS (or CLIENT_TYPES) of the policy",
    ),
    (&["390303", "390318"], "get a new OAuth token; the one of the connection is invalid or has expired"),
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
        &["394302", "394303", "394304", "394305", "394306"],
        "the key pair's token was refused: check RSA_PUBLIC_KEY of the user, and this machine's clock, which may be at most 60 seconds off",
    ),
    (&["394307"], "`account` of the connection and the host that was called belong to different accounts"),
    (
        &["394400"],
        "the programmatic access token was removed or has expired, after 15 days if nobody said otherwise: make a new one with ALTER USER … ADD PROGRAMMATIC ACCESS TOKEN",
    ),
    (
        &["394508"],
        "the password alone does not do: add the current code as `passcode` with `authenticator = \"username_password_mfa\"`, or take a key pair or a programmatic access token for unattended runs",
    ),
];

/// What to do about a refusal with this code, of somebody who signed in with this `authenticator`.
pub(super) fn remedy(code: &str, authenticator: &str) -> &'static str {
    let known = || REMEDIES.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, remedy)| *remedy);
    remedy_of_way(code, authenticator).or_else(known).unwrap_or(
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
        "the certificate is of an authority that this machine does not know: where a proxy opens TLS, add the proxy's authority to those of the operating system, or name a file with it in SSL_CERT_FILE",
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

fn is_known(code: &str) -> bool {
    REMEDIES.iter().any(|(codes, _)| codes.contains(&code))
}

/// The remedies that depend on how somebody signed in.
fn remedy_of_way(code: &str, authenticator: &str) -> Option<&'static str> {
    Some(match (code, authenticator) {
        // Whoever sends no key cannot have the wrong one: Snowflake says this where the account is not the user's.
        ("390144", "SNOWFLAKE" | "USERNAME_PASSWORD_MFA") => {
            "the user does not exist in this account: check `account` and `host` of the connection, then `user`"
        }
        ("390303" | "390318", "SPCS") => {
            "the container's token was refused: `host` and `account` must be SNOWFLAKE_HOST and SNOWFLAKE_ACCOUNT as Snowflake sets them; Snowflake replaces the token every few minutes, so run again"
        }
        ("390303" | "390318", "OAUTH_CLIENT_CREDENTIALS") => {
            "Snowflake does not accept the identity provider's token: compare issuer, audience and the claim that names the user with the security integration (`DESC SECURITY INTEGRATION …`), and check that the user has the role of the scope"
        }
        (code, "USERNAME_PASSWORD_MFA") if !is_known(code) => {
            "a passcode is good for 30 seconds and for one sign-in: set the current one; a run that signs in again needs another way, such as a key pair"
        }
        (code, "WORKLOAD_IDENTITY") if !is_known(code) => {
            "compare the workload with WORKLOAD_IDENTITY of the user (`SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER …`): issuer, subject and audience of its token must be the same and the token still valid, or with AWS the ARN of the role"
        }
        _ => return None,
    })
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
    fn an_invalid_token_answered_to_a_password_means_the_wrong_account() {
        assert!(remedy("390144", "SNOWFLAKE").contains("`account` and `host`"));
        assert!(remedy("390144", "SNOWFLAKE_JWT").contains("RSA_PUBLIC_KEY"));
    }
}
