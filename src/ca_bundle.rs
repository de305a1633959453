//! Files of certificate authorities, for servers whose authority the operating system does not know.

use std::error::Error;
use std::path::Path;

use reqwest::Certificate;
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;

/// The authorities of a PEM file, at least one.
pub fn certificates_in(path: &Path) -> Result<Vec<Certificate>, Box<dyn Error + Send + Sync>> {
    let pem = std::fs::read(path)?;
    let mut usable = RootCertStore::empty();
    let mut certificates = Vec::new();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate?;
        // Among the authorities of an operating system may be some whose form nobody uses any more.
        if usable.add(certificate.clone()).is_ok() {
            certificates.push(Certificate::from_der(&certificate)?);
        }
    }
    if certificates.is_empty() { Err("it holds no certificate".into()) } else { Ok(certificates) }
}
