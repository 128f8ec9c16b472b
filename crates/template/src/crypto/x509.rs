//! Certificates: X.509 as Go's `x509.CreateCertificate` writes it, of what sprig asks for.

use std::net::IpAddr;

use sha2::{Digest, Sha256};

use super::der::{self, BOOLEAN, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, context};
use super::keys::{PrivateKey, public_bits};
use crate::ambient::Crypto;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const SUBJECT_KEY: &[u8] = &[0x55, 0x1d, 0x0e];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const AUTHORITY_KEY: &[u8] = &[0x55, 0x1d, 0x23];
const EXTENDED_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const SERVER_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
/// Digital signature and key encipherment; of an authority, signing certificates too.
const USAGE: &[u8] = &[5, 0xa0];
const USAGE_OF_AUTHORITY: &[u8] = &[2, 0xa4];

/// What a certificate is to say.
pub(crate) struct Wanted<'w> {
    pub(crate) common_name: &'w str,
    pub(crate) names: Vec<String>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) authority: bool,
    pub(crate) serial: [u8; 16],
    /// Seconds since the epoch.
    pub(crate) from: i64,
    pub(crate) until: i64,
}

/// Who signs: subject and key identifier of a certificate.
pub(crate) struct Issuer {
    /// As written.
    subject: Vec<u8>,
    key_id: Vec<u8>,
    public: Vec<u8>,
}

impl Issuer {
    /// Reads what is needed of a certificate; none if it is malformed.
    pub(crate) fn parse(certificate: &[u8]) -> Option<Self> {
        let mut outer = der::only(certificate, SEQUENCE)?;
        let mut fields = Reader(outer.expect(SEQUENCE)?.content);
        fields.optional(context(0, true));
        fields.expect(INTEGER)?;
        fields.expect(SEQUENCE)?;
        fields.expect(SEQUENCE)?;
        fields.expect(SEQUENCE)?;
        let subject = fields.expect(SEQUENCE)?.whole.to_vec();
        let public = fields.expect(SEQUENCE)?.whole.to_vec();
        fields.optional(context(1, false));
        fields.optional(context(2, false));
        let mut key_id = Vec::new();
        if let Some(extensions) = fields.optional(context(3, true)) {
            let mut extensions = der::only(extensions.content, SEQUENCE)?;
            while let Some(extension) = extensions.next() {
                let mut extension = Reader(extension.content);
                let name = extension.expect(OID)?.content;
                extension.optional(BOOLEAN);
                let value = extension.expect(OCTET_STRING)?.content;
                if name == SUBJECT_KEY {
                    key_id = Reader(value).expect(OCTET_STRING)?.content.to_vec();
                }
            }
        }
        outer.expect(SEQUENCE)?;
        outer.expect(der::BIT_STRING)?;
        Some(Self {
            subject,
            key_id,
            public,
        })
    }
}

/// A certificate for a key, signed with the issuer's key, or without an issuer with its own.
pub(crate) fn create(
    wanted: &Wanted,
    key: &PrivateKey,
    issuer: Option<(&Issuer, &PrivateKey)>,
    crypto: &dyn Crypto,
) -> Result<Vec<u8>, String> {
    let signer = issuer.map_or(key, |(_, signer)| signer);
    let algorithm = signer
        .signature_algorithm()
        .ok_or("x509: certificate private key does not implement crypto.Signer")?;
    if !key.is_for_certificates() {
        return Err("x509: unsupported public key type: *dsa.PublicKey".to_owned());
    }
    let subject = name(wanted.common_name);
    let mut key_id = Vec::new();
    if wanted.authority {
        let bits = public_bits(&key.public).unwrap_or_default();
        key_id = Sha256::digest(bits)[..20].to_vec();
    }
    let mut authority_key = &[][..];
    if let Some((issuer, signer)) = issuer {
        if issuer.public != signer.public {
            return Err("x509: provided PrivateKey doesn't match parent's PublicKey".to_owned());
        }
        if issuer.subject != subject {
            authority_key = &issuer.key_id;
        }
    }
    let extensions = extensions(
        wanted,
        &key_id,
        authority_key,
        wanted.common_name.is_empty(),
    )?;
    let body = der::sequence(&[
        &der::element(context(0, true), &[&der::element(INTEGER, &[&[2]])]),
        &der::unsigned(&wanted.serial),
        &algorithm,
        issuer.map_or(&subject, |(issuer, _)| &issuer.subject),
        &der::sequence(&[&time(wanted.from)?, &time(wanted.until)?]),
        &subject,
        &key.public,
        &der::element(context(3, true), &[&extensions]),
    ]);
    let signature = crypto.sign(&signer.der, &body)?;
    Ok(der::sequence(&[&body, &algorithm, &der::bits(&signature)]))
}

/// A name with a common name only.
fn name(common_name: &str) -> Vec<u8> {
    if common_name.is_empty() {
        return der::sequence(&[]);
    }
    let printable = |byte: u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte);
    let tag = if common_name.bytes().all(printable) {
        der::PRINTABLE_STRING
    } else {
        der::UTF8_STRING
    };
    let attribute = der::sequence(&[
        &der::element(OID, &[COMMON_NAME]),
        &der::element(tag, &[common_name.as_bytes()]),
    ]);
    der::sequence(&[&der::element(der::SET, &[&attribute])])
}

/// UTC, with two digits for the year where they are enough.
fn time(seconds: i64) -> Result<Vec<u8>, String> {
    let time = crate::sprig::Time::from_seconds(seconds);
    let year = time.year();
    if !(0..=9999).contains(&year) {
        return Err("asn1: structure error: cannot represent time as GeneralizedTime".to_owned());
    }
    let (tag, layout) = if (1950..2050).contains(&year) {
        (der::UTC_TIME, "060102150405Z")
    } else {
        (der::GENERALIZED_TIME, "20060102150405Z")
    };
    Ok(der::element(tag, &[time.format(layout).as_bytes()]))
}

fn extension(name: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let flag = der::element(BOOLEAN, &[&[0xff]]);
    der::sequence(&[
        &der::element(OID, &[name]),
        if critical { &flag } else { &[] },
        &der::element(OCTET_STRING, &[value]),
    ])
}

fn extensions(
    wanted: &Wanted,
    key_id: &[u8],
    authority_key: &[u8],
    nameless: bool,
) -> Result<Vec<u8>, String> {
    let usage = if wanted.authority {
        USAGE_OF_AUTHORITY
    } else {
        USAGE
    };
    let purposes = der::sequence(&[
        &der::element(OID, &[SERVER_AUTH]),
        &der::element(OID, &[CLIENT_AUTH]),
    ]);
    let authority = der::element(BOOLEAN, &[&[0xff]]);
    let constraints = der::sequence(&[if wanted.authority { &authority } else { &[] }]);
    let mut all = vec![
        extension(KEY_USAGE, true, &der::element(der::BIT_STRING, &[usage])),
        extension(EXTENDED_USAGE, false, &purposes),
        extension(BASIC_CONSTRAINTS, true, &constraints),
    ];
    if !key_id.is_empty() {
        let value = der::element(OCTET_STRING, &[key_id]);
        all.push(extension(SUBJECT_KEY, false, &value));
    }
    if !authority_key.is_empty() {
        let value = der::sequence(&[&der::element(context(0, false), &[authority_key])]);
        all.push(extension(AUTHORITY_KEY, false, &value));
    }
    let mut names = Vec::new();
    for name in &wanted.names {
        if !name.is_ascii() {
            let name = crate::strconv::quote(name.as_bytes());
            return Err(format!("x509: {name} cannot be encoded as an IA5String"));
        }
        names.push(der::element(context(2, false), &[name.as_bytes()]));
    }
    for address in &wanted.addresses {
        let address = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => match address.to_ipv4_mapped() {
                Some(address) => address.octets().to_vec(),
                None => address.octets().to_vec(),
            },
        };
        names.push(der::element(context(7, false), &[&address]));
    }
    if !names.is_empty() {
        let value = der::sequence(&[&names.concat()]);
        all.push(extension(ALTERNATIVE_NAMES, nameless, &value));
    }
    Ok(der::sequence(&[&all.concat()]))
}
