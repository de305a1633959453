//! TLS in front of a server that speaks none.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// TLS in front of a server, with a certificate of an authority that nobody knows.
pub struct Gateway {
    /// Where it listens.
    pub address: SocketAddr,
    /// The authority's certificate, in PEM.
    pub authority: String,
    /// Taken when the gateway goes, which may be inside of another runtime.
    runtime: Option<Runtime>,
}

impl Gateway {
    /// In front of the server with this address (`http://host:port`), and with a certificate for this name.
    pub fn before(server: &str, name: &str) -> Self {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut parameters = rcgen::CertificateParams::new(Vec::new()).expect("parameters");
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        // Authorities of one name would be taken for each other.
        let name_of_authority = format!("authority {}", uuid::Uuid::new_v4());
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name_of_authority);
        let authority = parameters.self_signed(&key).expect("an authority");
        let issuer = rcgen::Issuer::new(parameters, key);

        let key = rcgen::KeyPair::generate().expect("a key");
        let parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        let certificate = parameters.signed_by(&key, &issuer).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("protocol versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a usable certificate");

        let runtime = Runtime::new().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let target = server.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (acceptor, target) = (acceptor.clone(), target.clone());
                tokio::spawn(async move {
                    // A client that does not trust us hangs up here.
                    let Ok(mut tls) = acceptor.accept(stream).await else { return };
                    let mut plain = TcpStream::connect(target).await.expect("reach the server");
                    let _ = copy_bidirectional(&mut tls, &mut plain).await;
                });
            }
        });
        Self { address, authority: authority.pem(), runtime: Some(runtime) }
    }

    /// A proxy that leads every tunnel to this gateway and remembers what was asked for.
    pub fn proxy(&self) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
        let runtime = self.runtime.as_ref().expect("it runs");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("an address");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, target) = (Arc::clone(&asked), self.address);
        runtime.spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let Ok(byte) = stream.read_u8().await else { break };
                    head.push(byte);
                }
                if head.is_empty() {
                    // Somebody looked whether anybody is here.
                    continue;
                }
                let line = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
                log.lock().expect("the log").push(line);
                tokio::spawn(async move {
                    let mut onward = TcpStream::connect(target).await.expect("reach the gateway");
                    stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.expect("answer");
                    let _ = copy_bidirectional(&mut stream, &mut onward).await;
                });
            }
        });
        (address, asked)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
