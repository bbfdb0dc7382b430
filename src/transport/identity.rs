//! The node's own TLS key and the certificate that carries it.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, DnType, PKCS_ED25519, PublicKeyData,
};
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::ring::sign::any_eddsa_type;
use rustls::pki_types::{PrivatePkcs8KeyDer, SubjectPublicKeyInfoDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, SigningKey};

use crate::base::{Digest, NodeId};
use crate::seal::trust::TlsVoucher;

use super::peers::dns_name;
use super::reset::ResetKey;

/// The bytes are not an Ed25519 key in PKCS#8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the TLS key is not an Ed25519 key in PKCS#8 (RFC 8410)")]
pub struct IdentityError;

/// A node's TLS key, with its certificate.
#[derive(Clone)]
pub struct TlsIdentity {
    node: NodeId,
    pub(super) certified: Arc<CertifiedKey>,
    pub(super) reset: ResetKey,
}

impl TlsIdentity {
    /// The node that the certificate names.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The certificate, in DER.
    pub fn certificate(&self) -> &[u8] {
        &self.certified.cert[0]
    }
}

impl fmt::Debug for TlsIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TlsIdentity({})", self.node)
    }
}

/// The certificate that is shown now, whoever dials. Replaced as a whole.
#[derive(Debug)]
pub(super) struct Presented(Mutex<Arc<CertifiedKey>>);

impl Presented {
    pub(super) fn new(identity: &TlsIdentity) -> Self {
        Self(Mutex::new(identity.certified.clone()))
    }

    pub(super) fn replace(&self, identity: &TlsIdentity) {
        *self.lock() = identity.certified.clone();
    }

    fn lock(&self) -> MutexGuard<'_, Arc<CertifiedKey>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ResolvesServerCert for Presented {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.lock().clone())
    }
}

impl ResolvesClientCert for Presented {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(self.lock().clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// The extension of a certificate that holds the voucher of the node's identity key: 2.25 and a number
/// of this protocol's own (Rec. ITU-T X.667).
const VOUCHER_OID: [u64; 3] = [2, 25, 11_756_524_281_166_853];
/// The same in DER, with tag and length.
const VOUCHER_OID_DER: [u8; 11] = [
    0x06, 0x09, 0x69, 0x94, 0xf1, 0x8f, 0xf1, 0xec, 0xc9, 0xf8, 0x05,
];

/// The voucher in a certificate, if it has one. Where in the certificate it stands does not matter: it
/// is signed, and says which key it is for.
pub(super) fn voucher_in(certificate: &[u8]) -> Option<TlsVoucher> {
    let mut places = certificate.windows(VOUCHER_OID_DER.len());
    let place = places.position(|bytes| bytes == VOUCHER_OID_DER)?;
    // OCTET STRING with a length of two bytes.
    let value = certificate[place + VOUCHER_OID_DER.len()..].strip_prefix(&[0x04, 0x82])?;
    let (length, value) = value.split_first_chunk()?;
    TlsVoucher::decode(value.get(..usize::from(u16::from_be_bytes(*length)))?)
}

/// Reads an Ed25519 key from PKCS#8 DER and signs a certificate for `node` with it, with the voucher
/// where there is one. The same always gives the same certificate. It never expires: how long the key
/// serves is said by the key bundle that pins it.
///
/// # Errors
/// [`IdentityError`].
pub fn tls_identity(
    pkcs8: &[u8],
    node: NodeId,
    voucher: Option<&TlsVoucher>,
) -> Result<TlsIdentity, IdentityError> {
    let (key, spki) = read(pkcs8)?;
    let mut params = CertificateParams::new([dns_name(node)]).map_err(|_| IdentityError)?;
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, node.to_string());
    if let Some(voucher) = voucher {
        let voucher = CustomExtension::from_oid_content(&VOUCHER_OID, voucher.encode());
        params.custom_extensions.push(voucher);
    }
    let signer = Signer {
        key: &*key,
        public: raw_public_key(&spki)?,
    };
    let certificate = params.self_signed(&signer).map_err(|_| IdentityError)?;
    Ok(TlsIdentity {
        node,
        certified: Arc::new(CertifiedKey::new(vec![certificate.into()], key)),
        reset: ResetKey::derive(pkcs8),
    })
}

/// The pin of a key in PKCS#8: SHA-256 of its `SubjectPublicKeyInfo` in DER.
///
/// # Errors
/// [`IdentityError`].
pub fn pin_of(pkcs8: &[u8]) -> Result<Digest, IdentityError> {
    read(pkcs8).map(|(_, spki)| Digest::of(&spki))
}

fn read(
    pkcs8: &[u8],
) -> Result<(Arc<dyn SigningKey>, SubjectPublicKeyInfoDer<'static>), IdentityError> {
    let key = any_eddsa_type(&PrivatePkcs8KeyDer::from(pkcs8)).map_err(|_| IdentityError)?;
    let spki = key.public_key().ok_or(IdentityError)?.into_owned();
    Ok((key, spki))
}

/// The key is the last thing in its `SubjectPublicKeyInfo` (RFC 8410 § 4).
fn raw_public_key(spki: &[u8]) -> Result<&[u8], IdentityError> {
    spki.last_chunk::<32>()
        .map(|key| &key[..])
        .ok_or(IdentityError)
}

/// Lets rcgen sign with the key that rustls holds, so that there is no second copy of it.
struct Signer<'a> {
    key: &'a dyn SigningKey,
    public: &'a [u8],
}

impl PublicKeyData for Signer<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.public
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &PKCS_ED25519
    }
}

impl rcgen::SigningKey for Signer<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.key
            .choose_scheme(&[SignatureScheme::ED25519])
            .and_then(|signer| signer.sign(message).ok())
            .ok_or(rcgen::Error::RemoteKeyError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::server::ParsedCertificate;

    fn pkcs8() -> Vec<u8> {
        rcgen::KeyPair::generate_for(&PKCS_ED25519)
            .unwrap()
            .serialize_der()
    }

    #[test]
    fn the_certificate_holds_the_pinned_key_and_the_nodes_name() {
        let key = pkcs8();
        let node = "MK-1".parse().unwrap();
        let identity = tls_identity(&key, node, None).unwrap();
        let certificate = identity.certified.cert[0].clone();
        let parsed = ParsedCertificate::try_from(&certificate).unwrap();
        assert_eq!(
            Digest::of(&parsed.subject_public_key_info()),
            pin_of(&key).unwrap()
        );
        let name = super::super::peers::server_name(node);
        rustls::client::verify_server_name(&parsed, &name).unwrap();
        let again = tls_identity(&key, node, None).unwrap();
        assert_eq!(identity.certificate(), again.certificate());
    }

    #[test]
    fn a_voucher_is_found_in_the_certificate_that_carries_it() {
        let node = "MK-1".parse().unwrap();
        let mut entropy = crate::base::SeededEntropy::new(1);
        let by = crate::seal::sign::SigningKey::generate(&mut entropy);
        let (key, now) = (pkcs8(), crate::base::Timestamp::from_millis(1_000));
        let pin = pin_of(&key).unwrap();
        let voucher = TlsVoucher::issue(&by, node, (7, &pin), now, &mut entropy);
        let with = tls_identity(&key, node, Some(&voucher)).unwrap();
        assert_eq!(voucher_in(with.certificate()), Some(voucher));
        let without = tls_identity(&key, node, None).unwrap();
        assert_eq!(voucher_in(without.certificate()), None);
        let bytes = with.certificate();
        for len in 0..bytes.len() {
            let whole = voucher_in(&bytes[..len]).is_some();
            assert!(!whole || len > bytes.len() - 80, "{len}");
        }
    }

    #[test]
    fn what_is_no_ed25519_key_is_refused() {
        let p256 = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let key = pkcs8();
        for bad in [&[][..], &p256.serialize_der(), &key[1..]] {
            assert_eq!(pin_of(bad), Err(IdentityError));
            assert!(tls_identity(bad, "MK-1".parse().unwrap(), None).is_err());
        }
    }

    #[test]
    fn the_key_is_not_printed() {
        let identity = tls_identity(&pkcs8(), "MK-1".parse().unwrap(), None).unwrap();
        assert_eq!(format!("{identity:?}"), "TlsIdentity(MK-1)");
    }
}
