//! Private keys in the forms that Go's tools write: PKCS #1, SEC 1, PKCS #8, and OpenSSL's of DSA keys.

use super::der::{self, INTEGER, NULL, OCTET_STRING, OID, Reader, SEQUENCE, context};
use super::pem;
use crate::ambient::Crypto;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const P384: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x22];
const P521: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 0x23];
const SUFFIX: &str = " PRIVATE KEY";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Algorithm {
    Rsa,
    Dsa,
    Ec(Curve),
    Ed25519,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Curve {
    /// P-256, and what is no other.
    P256,
    P384,
    P521,
}

/// A private key and what is public of it.
#[derive(Clone, Debug)]
pub(crate) struct PrivateKey {
    algorithm: Algorithm,
    /// PKCS #8.
    pub(crate) der: Vec<u8>,
    /// SubjectPublicKeyInfo.
    pub(crate) public: Vec<u8>,
}

impl PrivateKey {
    /// From PKCS #8; the key itself is checked on the way.
    pub(crate) fn from_pkcs8(der: &[u8], crypto: &dyn Crypto) -> Result<Self, String> {
        let (algorithm, parameters, _) =
            split(der).ok_or("x509: failed to parse private key: malformed PKCS #8")?;
        let algorithm = match algorithm {
            RSA => Algorithm::Rsa,
            DSA => Algorithm::Dsa,
            EC => Algorithm::Ec(curve(parameters)),
            ED25519 => Algorithm::Ed25519,
            _ => {
                return Err(
                    "x509: PKCS#8 wrapping contained private key with unknown algorithm".into(),
                );
            }
        };
        Ok(Self {
            algorithm,
            public: crypto.public_key(der)?,
            der: der.to_vec(),
        })
    }

    /// From PEM.
    pub(crate) fn parse(text: &[u8], crypto: &dyn Crypto) -> Result<Self, String> {
        let block = pem::decode(text).ok_or("no PEM data in input")?;
        if block.kind == "PRIVATE KEY" {
            return Self::from_pkcs8(&block.bytes, crypto)
                .map_err(|error| format!("decoding PEM as PKCS#8: {error}"));
        }
        let Some(kind) = block.kind.strip_suffix(SUFFIX) else {
            return Err(format!(
                "no private key data in PEM block of type {}",
                block.kind
            ));
        };
        let der = match kind {
            "RSA" => Some(wrap(&[&der::element(OID, &[RSA]), NULL], &block.bytes)),
            "EC" => pkcs8_of_ec(&block.bytes),
            "DSA" => pkcs8_of_dsa(&block.bytes),
            _ => return Err(format!("invalid private key type {kind}")),
        };
        der.ok_or_else(|| "malformed structure".to_owned())
            .and_then(|der| Self::from_pkcs8(&der, crypto))
            .map_err(|error| format!("parsing {kind} private key from PEM: {error}"))
    }

    /// In the form that Go's tools write.
    pub(crate) fn to_pem(&self) -> String {
        let native = match self.algorithm {
            Algorithm::Rsa => split(&self.der).map(|(_, _, inner)| ("RSA", inner.to_vec())),
            Algorithm::Dsa => self.dsa().map(|der| ("DSA", der)),
            Algorithm::Ec(_) => self.sec1().map(|der| ("EC", der)),
            Algorithm::Ed25519 => None,
        };
        match native {
            Some((kind, der)) => pem::encode(&format!("{kind}{SUFFIX}"), &der),
            None => pem::encode("PRIVATE KEY", &self.der),
        }
    }

    /// SEC 1 with curve and public key.
    fn sec1(&self) -> Option<Vec<u8>> {
        let (_, parameters, inner) = split(&self.der)?;
        let mut fields = der::only(inner, SEQUENCE)?;
        let version = fields.expect(INTEGER)?;
        let secret = fields.expect(OCTET_STRING)?;
        let public = der::bits(public_bits(&self.public)?);
        Some(der::sequence(&[
            version.whole,
            secret.whole,
            &der::element(context(0, true), &[parameters]),
            &der::element(context(1, true), &[&public]),
        ]))
    }

    /// Version, p, q, g, y, x.
    fn dsa(&self) -> Option<Vec<u8>> {
        let (_, parameters, x) = split(&self.der)?;
        let parameters = der::only(parameters, SEQUENCE)?;
        let y = public_bits(&self.public)?;
        Some(der::sequence(&[&der::unsigned(&[]), parameters.0, y, x]))
    }

    /// The algorithm of its signatures; none if it cannot sign.
    pub(crate) fn signature_algorithm(&self) -> Option<Vec<u8>> {
        let ecdsa = |last| der::element(OID, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, last]]);
        Some(match self.algorithm {
            Algorithm::Rsa => {
                let oid = [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0b];
                der::sequence(&[&der::element(OID, &[&oid]), NULL])
            }
            Algorithm::Ec(Curve::P256) => der::sequence(&[&ecdsa(2)]),
            Algorithm::Ec(Curve::P384) => der::sequence(&[&ecdsa(3)]),
            Algorithm::Ec(Curve::P521) => der::sequence(&[&ecdsa(4)]),
            Algorithm::Ed25519 => der::sequence(&[&der::element(OID, &[ED25519])]),
            Algorithm::Dsa => return None,
        })
    }

    /// May certificates be made for it?
    pub(crate) fn is_for_certificates(&self) -> bool {
        self.algorithm != Algorithm::Dsa
    }
}

/// The key's bytes inside a SubjectPublicKeyInfo.
pub(crate) fn public_bits(info: &[u8]) -> Option<&[u8]> {
    let mut fields = der::only(info, SEQUENCE)?;
    fields.expect(SEQUENCE)?;
    let bits = fields.expect(der::BIT_STRING)?.content;
    bits.strip_prefix(&[0])
}

/// Algorithm, its parameters (as written, or nothing), and the key inside PKCS #8.
fn split(pkcs8: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let mut fields = der::only(pkcs8, SEQUENCE)?;
    fields.expect(INTEGER)?;
    let mut algorithm = Reader(fields.expect(SEQUENCE)?.content);
    let name = algorithm.expect(OID)?.content;
    Some((name, algorithm.0, fields.expect(OCTET_STRING)?.content))
}

/// PKCS #8 around a key.
fn wrap(algorithm: &[&[u8]], key: &[u8]) -> Vec<u8> {
    der::sequence(&[
        &der::unsigned(&[]),
        &der::sequence(algorithm),
        &der::element(OCTET_STRING, &[key]),
    ])
}

fn curve(parameters: &[u8]) -> Curve {
    match Reader(parameters).expect(OID).map(|name| name.content) {
        Some(P384) => Curve::P384,
        Some(P521) => Curve::P521,
        _ => Curve::P256,
    }
}

fn pkcs8_of_ec(sec1: &[u8]) -> Option<Vec<u8>> {
    let mut fields = der::only(sec1, SEQUENCE)?;
    let version = fields.expect(INTEGER)?;
    let secret = fields.expect(OCTET_STRING)?;
    let curve = fields.optional(context(0, true))?.content;
    let inner = der::sequence(&[version.whole, secret.whole]);
    Some(wrap(&[&der::element(OID, &[EC]), curve], &inner))
}

fn pkcs8_of_dsa(openssl: &[u8]) -> Option<Vec<u8>> {
    let mut fields = der::only(openssl, SEQUENCE)?;
    let mut number = || fields.expect(INTEGER).map(|number| number.whole);
    let (_, p, q, g, _, x) = (
        number()?,
        number()?,
        number()?,
        number()?,
        number()?,
        number()?,
    );
    let parameters = der::sequence(&[p, q, g]);
    Some(wrap(&[&der::element(OID, &[DSA]), &parameters], x))
}
