//! Trust in a peer's certificate: its key is pinned by the trust list in force, and it names the
//! node that the list pins it for. Nothing else in it counts, neither issuer nor dates.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, PeerIncompatible,
    SignatureScheme,
};
use tokio::sync::watch;

use crate::base::{Digest, NodeId, Timestamp};

use super::identity::voucher_in;
use super::peers::{Peers, Shown, server_name};
use super::refused::{Counters, Refusal};

/// Checks certificates against whatever peers are in force at that moment.
pub(super) struct PinVerifier {
    me: NodeId,
    peers: watch::Receiver<Arc<Peers>>,
    counters: Arc<Counters>,
    provider: Arc<CryptoProvider>,
}

impl PinVerifier {
    pub(super) fn new(
        me: NodeId,
        peers: watch::Receiver<Arc<Peers>>,
        counters: Arc<Counters>,
        provider: Arc<CryptoProvider>,
    ) -> Arc<Self> {
        Arc::new(Self {
            me,
            peers,
            counters,
            provider,
        })
    }

    /// The node that presents this certificate, and how its key is known.
    pub(super) fn node_of(
        &self,
        certificate: &CertificateDer<'_>,
    ) -> Result<(NodeId, Shown), Error> {
        let parsed = ParsedCertificate::try_from(certificate)?;
        let pin = Digest::of(&parsed.subject_public_key_info());
        let peers = self.peers.borrow().clone();
        let names = |node: NodeId| verify_server_name(&parsed, &server_name(node)).is_ok();
        let mut listed = false;
        for node in peers.with_pin(pin).filter(|node| *node != self.me) {
            listed = true;
            if names(node) {
                return Ok((node, Shown::Pinned(pin)));
            }
        }
        if listed {
            return Err(self.refuse(Refusal::WrongName));
        }
        let vouched = voucher_in(certificate).and_then(|voucher| {
            let mut others = peers.iter().filter(|peer| peer.node != self.me);
            let peer = others.find(|peer| names(peer.node))?;
            let vouched = peer.vouched.as_ref()?;
            let now = Timestamp::system();
            let holds = vouched.after < voucher.sequence
                && voucher.holds(&vouched.by, peer.node, &pin, now);
            holds.then_some((peer.node, Shown::Vouched(pin, voucher.sequence)))
        });
        vouched.ok_or_else(|| self.refuse(Refusal::UnlistedKey))
    }

    fn refuse(&self, refusal: Refusal) -> Error {
        self.counters.count(refusal);
        CertificateError::ApplicationVerificationFailure.into()
    }

    fn verify_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        if signed.scheme != SignatureScheme::ED25519 {
            return Err(PeerIncompatible::NoSignatureSchemesInCommon.into());
        }
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }
}

impl fmt::Debug for PinVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PinVerifier")
            .field("me", &self.me)
            .finish_non_exhaustive()
    }
}

/// TLS 1.2 is not among the configured versions.
fn no_tls12() -> Result<HandshakeSignatureValid, Error> {
    Err(PeerIncompatible::ServerDoesNotSupportTls12Or13.into())
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let expected = self.peers.borrow().named(name);
        let (node, _) = self.node_of(end_entity)?;
        if Some(node) != expected {
            return Err(self.refuse(Refusal::WrongName));
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

impl ClientCertVerifier for PinVerifier {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.node_of(end_entity)?;
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        no_tls12()
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
