//! What to do where no connection comes about.

/// What to do, by the words of what went wrong below HTTP: those of rustls, of the resolver and of the operating system.
const BROKEN: [(&str, &str); 7] = [
    (
        // Bytes that are not TLS.
        "InvalidContentType",
        "something answered without TLS: the port may be one for plain http. Write the address with `http://`, which is for \
         this machine and for hosts in `allow_http`, or name the port for https",
    ),
    (
        "UnknownIssuer",
        "the certificate was issued by an authority that this machine does not trust: set TABLEAU_CA_BUNDLE to a PEM file with the \
         authority's certificate (of the private authority, or of the proxy that opens TLS), or add it to the operating \
         system's",
    ),
    (
        "certificate expired",
        "the server's certificate has expired: renew it; if it has not, check this machine's clock",
    ),
    ("certificate not valid yet", "the server's certificate is not valid yet: check this machine's clock"),
    (
        "certificate not valid for name",
        "the certificate is for another name: write the server in TABLEAU_SERVER by a name that its certificate has",
    ),
    (
        "dns error",
        "the server's name cannot be resolved: check the spelling of TABLEAU_SERVER, the name servers and the VPN",
    ),
    (
        "Connection refused",
        "nothing listens there: check host and port of TABLEAU_SERVER, and whether the server runs; HTTPS_PROXY where a proxy \
         leads to it",
    ),
];

/// What to check when no answer came.
pub(super) fn unreachable_remedy(error: &reqwest::Error) -> &'static str {
    let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
    let causes: Vec<_> = causes.map(ToString::to_string).collect();
    let is_said = |words: &str| causes.iter().any(|cause| cause.contains(words));
    BROKEN.iter().find(|(words, _)| is_said(words)).map_or(
        "check TABLEAU_SERVER, the network, HTTPS_PROXY and, for a private certificate authority, TABLEAU_CA_BUNDLE",
        |(_, remedy)| remedy,
    )
}
