//! Trust: a server whose certificate only the object's Secret vouches for, and which asks for ours.

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rosin_source::git::Fetched;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use support::{Client, Server, branch, message};

struct Pki {
    ca: CertifiedIssuer<'static, KeyPair>,
}

impl Pki {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("params");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("key")).expect("ca");
        Self { ca }
    }

    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().expect("key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("params");
        let certificate = params.signed_by(&key, &*self.ca).expect("signs");
        (certificate.pem(), key.serialize_pem())
    }
}

/// Passes connections on to a plain server, after the handshake.
fn terminate(pki: &Pki, name: &str, clients: bool, behind: &str) -> u16 {
    let (certificate, key) = pki.issue(name);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("versions");
    let builder = if clients {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(pki.ca.pem().as_bytes()).expect("pem"))
            .expect("root");
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
            .build()
            .expect("verifier");
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).expect("pem")];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).expect("pem");
    let config = Arc::new(builder.with_single_cert(chain, key).expect("pair"));
    let listener = TcpListener::bind("127.0.0.1:0").expect("port");
    let port = listener.local_addr().expect("address").port();
    let behind = behind.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (config, behind) = (config.clone(), behind.clone());
            std::thread::spawn(move || {
                let connection = ServerConnection::new(config).expect("connection");
                let _ = pass_on(StreamOwned::new(connection, stream), &behind);
            });
        }
    });
    port
}

/// One request (its head in one piece, then the announced body) and its answer.
fn pass_on(
    mut client: StreamOwned<ServerConnection, TcpStream>,
    behind: &str,
) -> std::io::Result<()> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        client.read_exact(&mut byte)?;
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
        .unwrap_or(0);
    let mut body = vec![0; length];
    client.read_exact(&mut body)?;
    let mut server = TcpStream::connect(behind)?;
    server.write_all(&request)?;
    server.write_all(&body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    client.write_all(&answer)?;
    client.conn.send_close_notify();
    client.flush()
}

#[test]
fn certificates_of_the_secret_count_and_unknown_ones_do_not() {
    // parity: SRC-GIT-019, SEC-GIT-16
    let server = Server::start();
    server
        .repository("app")
        .commit("main", "one", &[("a", "1")]);
    let (pki, other) = (Pki::new(), Pki::new());
    let (client, ca) = (Client::new(), pki.ca.pem());
    let credentials = [("username", "u"), ("password", "p")];
    let fetch = |port: u16, host: &str, secret: &[(&str, &str)]| {
        let secret: Vec<_> = secret.iter().chain(&credentials).copied().collect();
        client.fetch_with(
            &format!("https://{host}:{port}/app.git"),
            &secret,
            &branch("main"),
            None,
        )
    };

    let port = terminate(&pki, "localhost", false, &server.address);
    server.requests();
    for secret in [&[][..], &[("ca.crt", other.ca.pem().as_str())]] {
        let refused = message(fetch(port, "localhost", secret));
        assert!(refused.contains("invalid peer certificate"), "{refused}");
    }
    let elsewhere = message(fetch(port, "127.0.0.1", &[("ca.crt", &ca)]));
    assert!(elsewhere.contains("not valid for name"), "{elsewhere}");
    assert!(
        server.requests().is_empty(),
        "no request, hence no credentials, before the certificate is accepted"
    );
    assert!(matches!(
        fetch(port, "localhost", &[("ca.crt", &ca)]),
        Ok(Fetched::Checkout(_))
    ));
    assert!(matches!(
        fetch(port, "localhost", &[("caFile", &ca)]),
        Ok(Fetched::Checkout(_))
    ));
    let broken = fetch(port, "localhost", &[("ca.crt", "no certificate")]);
    assert_eq!(message(broken), "the CA certificate is not valid PEM");

    let port = terminate(&pki, "localhost", true, &server.address);
    let (certificate, key) = pki.issue("client");
    assert!(
        fetch(port, "localhost", &[("ca.crt", &ca)]).is_err(),
        "the server wants to know who we are"
    );
    let known = [
        ("ca.crt", ca.as_str()),
        ("tls.crt", &certificate),
        ("tls.key", &key),
    ];
    assert!(matches!(
        fetch(port, "localhost", &known),
        Ok(Fetched::Checkout(_))
    ));
}
