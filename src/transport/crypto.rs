//! TLS as links use it: version 1.3, the one hybrid group, a certificate from both sides, and
//! nothing that outlives a connection.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::crypto::{
    ActiveKeyExchange, CompletedKeyExchange, CryptoProvider, SharedSecret, SupportedKxGroup, ring,
};
use rustls::ffdhe_groups::FfdheGroup;
use rustls::server::NoServerSessionStorage;
use rustls::version::TLS13;
use rustls::{ClientConfig, Error, NamedGroup, PeerMisbehaved, ProtocolVersion, ServerConfig};

use crate::seal::kx::{self, ClientExchange, KxError, KxSecret};

use super::identity::Presented;
use super::verify::PinVerifier;

/// The application protocol that both sides must name (RFC 7301).
pub const ALPN: &[u8] = b"liaison/1";

/// The same over TCP, so that no handshake of one can be passed off as the other's.
pub const ALPN_TCP: &[u8] = b"liaison-tcp/1";

/// The group X25519MLKEM768 for rustls.
#[derive(Debug)]
struct Hybrid;

static HYBRID: Hybrid = Hybrid;

impl SupportedKxGroup for Hybrid {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(Active(ClientExchange::start().map_err(error)?)))
    }

    fn start_and_complete(&self, client_share: &[u8]) -> Result<CompletedKeyExchange, Error> {
        let (share, secret) = kx::answer(client_share).map_err(error)?;
        Ok(CompletedKeyExchange {
            group: self.name(),
            pub_key: share.to_vec(),
            secret: shared(&secret),
        })
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::from(kx::CODE_POINT)
    }

    fn usable_for_version(&self, version: ProtocolVersion) -> bool {
        version == ProtocolVersion::TLSv1_3
    }
}

struct Active(ClientExchange);

impl ActiveKeyExchange for Active {
    fn complete(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, Error> {
        let secret = self.0.complete(server_share).map_err(error)?;
        Ok(shared(&secret))
    }

    fn pub_key(&self) -> &[u8] {
        self.0.share()
    }

    fn ffdhe_group(&self) -> Option<FfdheGroup<'static>> {
        None
    }

    fn group(&self) -> NamedGroup {
        HYBRID.name()
    }
}

fn shared(secret: &KxSecret) -> SharedSecret {
    SharedSecret::from(&secret.as_bytes()[..])
}

fn error(error: KxError) -> Error {
    match error {
        KxError::NoRandomness => Error::FailedToGetRandomBytes,
        KxError::WrongLength | KxError::InvalidEncapsulationKey | KxError::LowOrder => {
            PeerMisbehaved::InvalidKeyShare.into()
        }
    }
}

/// Ring's cipher suites of TLS 1.3 with X25519MLKEM768 as the only group: a peer that has none
/// but classical groups fails the handshake, and nobody can be talked down to one.
/// `TLS13_AES_128_GCM_SHA256` is among the suites because QUIC's first packets need it.
pub fn provider() -> CryptoProvider {
    let mut provider = ring::default_provider();
    provider
        .cipher_suites
        .retain(|suite| suite.version().version == ProtocolVersion::TLSv1_3);
    provider.kx_groups = vec![&HYBRID];
    provider
}

/// How the node dials.
pub(super) fn client_config(
    presented: Arc<Presented>,
    verifier: Arc<PinVerifier>,
    provider: Arc<CryptoProvider>,
    protocol: &[u8],
) -> Result<ClientConfig, Error> {
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(presented);
    config.alpn_protocols = vec![protocol.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    Ok(config)
}

/// How the node is dialled.
pub(super) fn server_config(
    presented: Arc<Presented>,
    verifier: Arc<PinVerifier>,
    provider: Arc<CryptoProvider>,
    protocol: &[u8],
) -> Result<ServerConfig, Error> {
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(presented);
    config.alpn_protocols = vec![protocol.to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{CipherSuite, PeerIncompatible, SupportedProtocolVersion};

    use super::super::identity::tls_identity;
    use super::super::peers::server_name;

    #[test]
    fn the_only_group_is_the_hybrid_one_and_quic_finds_its_suite() {
        let provider = provider();
        let groups: Vec<_> = provider
            .kx_groups
            .iter()
            .map(|group| group.name())
            .collect();
        assert_eq!(groups, [NamedGroup::X25519MLKEM768]);
        let suites: Vec<_> = provider.cipher_suites.iter().map(|s| s.suite()).collect();
        assert!(suites.contains(&CipherSuite::TLS13_AES_128_GCM_SHA256));
        assert_eq!(suites.len(), 3);
    }

    /// Whether our side of TLS, as dialled, takes the first message of a client with this version.
    fn takes(version: &'static SupportedProtocolVersion) -> Result<(), Error> {
        let key = rcgen::KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        let identity = tls_identity(&key.serialize_der(), "MK-1".parse().unwrap(), None).unwrap();
        let (_, peers) = tokio::sync::watch::channel(Arc::default());
        let provider = Arc::new(provider());
        let verifier = PinVerifier::new(identity.node(), peers, Arc::default(), provider.clone());
        let presented = Arc::new(Presented::new(&identity));
        let server = server_config(presented, verifier, provider, ALPN).unwrap();

        let mut client = ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::aws_lc_rs::default_provider(),
        ))
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
        client.alpn_protocols = vec![ALPN.to_vec()];
        let mut client =
            rustls::ClientConnection::new(Arc::new(client), server_name(identity.node())).unwrap();
        let mut server = rustls::ServerConnection::new(Arc::new(server)).unwrap();
        let mut hello = Vec::new();
        client.write_tls(&mut hello).unwrap();
        server.read_tls(&mut &hello[..]).unwrap();
        server.process_new_packets().map(|_| ())
    }

    #[test]
    fn tls_1_2_is_refused() {
        assert_eq!(takes(&rustls::version::TLS13), Ok(()));
        assert_eq!(
            takes(&rustls::version::TLS12),
            Err(PeerIncompatible::Tls12NotOfferedOrEnabled.into())
        );
    }
}
