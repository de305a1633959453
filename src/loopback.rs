//! What "this machine" means in an address: the one place where plain HTTP shows nothing to a network.

use url::{Host, Url};

/// Whether an address is of this machine: `localhost` and names below it (RFC 6761), and loopback addresses.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_is_localhost_names_below_it_and_loopback_addresses() {
        for (url, expected) in [
            ("http://localhost/", true),
            ("http://LOCALHOST:8080/", true),
            ("http://tableau.localhost/", true),
            ("http://127.0.0.1:8080/", true),
            ("http://127.8.9.10/", true),
            ("http://[::1]:1/", true),
            ("http://localhost.example.com/", false),
            ("http://notlocalhost/", false),
            ("http://126.0.0.1/", false),
            ("http://[::2]/", false),
            ("file:///localhost", false),
        ] {
            let parsed = Url::parse(url).expect("an address");
            assert_eq!(is_loopback(&parsed), expected, "{url}");
        }
    }
}
