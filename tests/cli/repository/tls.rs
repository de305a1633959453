//! How the connection to the repository is encrypted, and whose certificate is taken.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use test_support::desk::Desk;
use test_support::postgres::Postgres;
use test_support::workgroup::{Version, Workgroup};

use super::{mapped_from, refused};

const ANY: &str = "host all all 127.0.0.1/32 md5";
const ENCRYPTED: &str = "hostssl all all 127.0.0.1/32 md5";
const PLAIN: &str = "hostnossl all all 127.0.0.1/32 md5";

/// An authority.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut authority = CertificateParams::new(Vec::new()).expect("an authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let pem = authority.self_signed(&key).expect("an authority").pem();
        Self { pem, issuer: Issuer::new(authority, key) }
    }

    /// Certificate and key for a name.
    fn sign(&self, name: &str) -> [String; 2] {
        let key = KeyPair::generate().expect("a key");
        let server = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = server.signed_by(&key, &self.issuer).expect("a certificate");
        [certificate.pem(), key.serialize_pem()]
    }
}

/// A certificate that its own key signed, as Tableau makes it for its repository.
fn self_signed(name: &str) -> [String; 2] {
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec![name.to_owned()]).expect("a name").self_signed(&key);
    [certificate.expect("a certificate").pem(), key.serialize_pem()]
}

/// Lets the server speak TLS with this certificate.
fn certify(postgres: &Postgres, [certificate, key]: &[String; 2]) {
    postgres.put("server.crt", certificate);
    postgres.put("server.key", key);
    postgres.reload("ssl = on", ANY);
}

fn desk() -> (Desk, Arc<Postgres>) {
    let (desk, workgroup) = mapped_from(Workgroup::at(Arc::new(Postgres::start()), Version::New));
    (desk, workgroup.postgres)
}

fn with_mode<'a>(desk: &'a mut Desk, mode: &str) -> &'a Desk {
    desk.set("TABLEAU_REPOSITORY_SSLMODE", mode)
}

#[track_caller]
fn passes(desk: &Desk) {
    assert_eq!(desk.sync()["outcome"], "unchanged");
}

#[test]
fn connection_is_encrypted_as_far_as_both_sides_want_it() {
    let (mut desk, postgres) = desk();
    for mode in ["require", "verify-full"] {
        refused(
            with_mode(&mut desk, mode),
            1,
            &["offers no TLS", mode, "tsm security repository-ssl enable"],
        );
    }
    for mode in ["disable", "prefer"] {
        passes(with_mode(&mut desk, mode));
    }
    certify(&postgres, &self_signed("tableau"));
    for mode in ["disable", "prefer", "require"] {
        passes(with_mode(&mut desk, mode));
    }
    postgres.reload("ssl = on", ENCRYPTED);
    refused(with_mode(&mut desk, "disable"), 1, &["28000", "no encryption", "(`require`)"]);
    for mode in ["prefer", "require"] {
        passes(with_mode(&mut desk, mode));
    }
    desk.set("TABLEAU_REPOSITORY_PASSWORD", "hush-wrong");
    let answer = refused(with_mode(&mut desk, "prefer"), 1, &["28P01"]);
    assert!(!answer.stderr.contains("without TLS"), "a password is sent once: {}", answer.stderr);
}

#[test]
fn prefer_goes_without_tls_where_the_server_wants_none_or_cannot_agree_on_it() {
    let (mut desk, postgres) = desk();
    certify(&postgres, &self_signed("tableau"));
    postgres.reload("ssl = on", PLAIN);
    refused(with_mode(&mut desk, "require"), 1, &["28000", "SSL encryption"]);
    passes(with_mode(&mut desk, "prefer"));
    postgres.reload("ssl_min_protocol_version = 'TLSv1'", ANY);
    postgres.reload("ssl_max_protocol_version = 'TLSv1.1'", ANY);
    refused(with_mode(&mut desk, "require"), 1, &["could not agree on TLS", "`require`"]);
    passes(with_mode(&mut desk, "prefer"));
}

#[test]
fn verify_full_takes_the_certificate_of_this_server_alone() {
    let (mut desk, postgres) = desk();
    let (ours, others) = (Authority::new(), Authority::new());
    let (signed, own) = (ours.sign("localhost"), self_signed("tableau"));
    let files = [("ours", &ours.pem), ("others", &others.pem), ("signed", &signed[0]), ("own", &own[0])];
    for (name, pem) in files {
        desk.write(name, pem);
    }
    with_mode(&mut desk, "verify-full");
    certify(&postgres, &signed);
    for (host, file, takes) in [
        ("localhost", Some("ours"), true),
        ("127.0.0.1", Some("ours"), false),
        ("localhost", Some("others"), false),
        ("localhost", None, false),
        ("127.0.0.1", Some("signed"), true),
    ] {
        try_with(&mut desk, host, file, takes);
    }
    certify(&postgres, &own);
    for (file, takes) in [("own", true), ("signed", false), ("ours", false)] {
        try_with(&mut desk, "127.0.0.1", Some(file), takes);
    }
}

#[track_caller]
fn try_with(desk: &mut Desk, host: &str, file: Option<&str>, takes: bool) {
    desk.set("TABLEAU_REPOSITORY_HOST", host).unset("TABLEAU_REPOSITORY_CA_FILE");
    if let Some(file) = file {
        desk.set("TABLEAU_REPOSITORY_CA_FILE", file);
    }
    if takes {
        passes(desk);
    } else {
        refused(desk, 1, &["could not agree on TLS", "certificate", "`ca_file`"]);
    }
}
