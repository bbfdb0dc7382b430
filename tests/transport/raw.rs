//! A peer made of quinn and rustls on aws-lc-rs alone, which says whatever a test wants.

use std::net::SocketAddr;
use std::sync::Arc;

use liaison::base::NodeId;
use liaison::transport::crypto::ALPN;
use liaison::transport::dns_name;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{
    ClientConfig, Connection, ConnectionError, Endpoint, RecvStream, SendStream, ServerConfig,
};
use rustls::NamedGroup;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::version::TLS13;

use crate::support::{Identity, soon};
use crate::trusting::Trusting;

/// The other implementation, with these groups.
pub fn provider(groups: &[NamedGroup]) -> Arc<CryptoProvider> {
    let mut provider = aws_lc_rs::default_provider();
    provider.kx_groups = groups
        .iter()
        .map(|name| {
            *aws_lc_rs::ALL_KX_GROUPS
                .iter()
                .find(|group| group.name() == *name)
                .expect("aws-lc-rs has the group")
        })
        .collect();
    Arc::new(provider)
}

pub fn hybrid() -> Arc<CryptoProvider> {
    provider(&[NamedGroup::X25519MLKEM768])
}

fn certificate(identity: &Identity) -> Vec<CertificateDer<'static>> {
    vec![identity.tls().certificate().to_vec().into()]
}

fn key(identity: &Identity) -> PrivatePkcs8KeyDer<'static> {
    identity.pkcs8.clone().into()
}

/// How a raw peer dials; without an identity it shows no certificate.
pub fn client(identity: Option<&Identity>, provider: Arc<CryptoProvider>) -> ClientConfig {
    let config = client_tls(identity, provider, ALPN);
    ClientConfig::new(Arc::new(QuicClientConfig::try_from(config).unwrap()))
}

/// The same for TLS alone, with a protocol to name or none.
pub fn client_tls(
    identity: Option<&Identity>,
    provider: Arc<CryptoProvider>,
    protocol: &[u8],
) -> rustls::ClientConfig {
    let builder = rustls::ClientConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Trusting(provider)));
    let mut config = match identity {
        Some(identity) => builder
            .with_client_auth_cert(certificate(identity), key(identity).into())
            .unwrap(),
        None => builder.with_no_client_auth(),
    };
    if !protocol.is_empty() {
        config.alpn_protocols = vec![protocol.to_vec()];
    }
    config
}

/// An endpoint that can only dial.
pub fn dialler() -> Endpoint {
    Endpoint::client("127.0.0.1:0".parse().unwrap()).unwrap()
}

/// An endpoint that listens as `identity`.
pub fn listener(identity: &Identity, provider: Arc<CryptoProvider>) -> Endpoint {
    let mut config = rustls::ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&TLS13])
        .unwrap()
        .with_client_cert_verifier(Arc::new(Trusting(provider)))
        .with_single_cert(certificate(identity), key(identity).into())
        .unwrap();
    config.alpn_protocols = vec![ALPN.to_vec()];
    let config = QuicServerConfig::try_from(config).unwrap();
    let config = ServerConfig::with_crypto(Arc::new(config));
    Endpoint::server(config, "127.0.0.1:0".parse().unwrap()).unwrap()
}

/// The next connection that comes in.
pub async fn accepted(endpoint: &Endpoint) -> Result<Connection, ConnectionError> {
    let incoming = soon(endpoint.accept()).await.expect("it listens");
    soon(incoming.into_future()).await
}

/// Dials `node` as `config` says.
pub async fn dial(
    endpoint: &Endpoint,
    config: ClientConfig,
    node: NodeId,
    address: SocketAddr,
) -> Result<Connection, ConnectionError> {
    let connecting = endpoint
        .connect_with(config, address, &dns_name(node))
        .unwrap();
    soon(connecting).await
}

/// Dials and waits for the verdict that TLS 1.3 gives only later: the error that ends it.
pub async fn refusal(
    endpoint: &Endpoint,
    config: ClientConfig,
    node: NodeId,
    address: SocketAddr,
) -> ConnectionError {
    match dial(endpoint, config, node, address).await {
        Ok(connection) => soon(connection.closed()).await,
        Err(error) => error,
    }
}

/// What a raw peer says of itself.
#[derive(Clone, Copy)]
pub struct Standing {
    pub instance: [u8; 16],
    pub lost: u64,
}

/// The urgent streams of a connection on which the greeting is done.
pub struct Greeted {
    pub connection: Connection,
    pub send: SendStream,
    pub receive: RecvStream,
}

impl Greeted {
    pub async fn on(connection: Connection, standing: Standing) -> Self {
        let mut send = soon(connection.open_uni()).await.unwrap();
        send.write_all(&opening(standing, b"raw")).await.unwrap();
        let mut receive = soon(connection.accept_uni()).await.unwrap();
        let mut start = [0; 37];
        soon(receive.read_exact(&mut start)).await.unwrap();
        assert_eq!(start[0], 1);
        let length = u32::from_be_bytes([start[33], start[34], start[35], start[36]]);
        let mut hello = vec![0; length as usize];
        soon(receive.read_exact(&mut hello)).await.unwrap();
        send.write_all(&[0; 4]).await.unwrap();
        let mut admitted = [1; 4];
        soon(receive.read_exact(&mut admitted)).await.unwrap();
        assert_eq!(admitted, [0; 4]);
        Self {
            connection,
            send,
            receive,
        }
    }

    /// Says everything on a connection that the node has no use for, and waits for the code with
    /// which it is closed, perhaps before the node has said everything too.
    pub async fn in_vain(connection: Connection, standing: Standing) -> u64 {
        let mut send = soon(connection.open_uni()).await.unwrap();
        let said = [&opening(standing, b"raw")[..], &[0; 4]].concat();
        send.write_all(&said).await.unwrap();
        close_code(soon(connection.closed()).await)
    }

    /// The code with which the node closes the connection.
    pub async fn closed(&self) -> u64 {
        close_code(soon(self.connection.closed()).await)
    }
}

/// The first bytes of an urgent stream: its name, the standing, a clock of 1970, and a hello.
pub fn opening(standing: Standing, hello: &[u8]) -> Vec<u8> {
    let length = u32::try_from(hello.len()).unwrap();
    [
        &[1][..],
        &standing.instance,
        &standing.lost.to_be_bytes(),
        &[0; 8],
        &length.to_be_bytes(),
        hello,
    ]
    .concat()
}

pub fn close_code(error: ConnectionError) -> u64 {
    match error {
        ConnectionError::ApplicationClosed(close) => close.error_code.into_inner(),
        other => panic!("not closed by the node: {other}"),
    }
}
