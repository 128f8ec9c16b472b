//! Signed assertions: what services trade for a token.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use ring::{
    rand::SystemRandom,
    signature::{RSA_PKCS1_SHA256, RsaKeyPair},
};
use serde_json::Value as Json;
use zeroize::Zeroizing;

/// Signs claims with an RSA key.
pub(super) fn sign(header: &Json, claims: &Json, key: &RsaKeyPair) -> Option<String> {
    let part = |json: &Json| URL_SAFE_NO_PAD.encode(json.to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let mut signature = vec![0; key.public().modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        signed.as_bytes(),
        &mut signature,
    )
    .ok()?;
    Some(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

/// The first RSA key in PEM: PKCS #8, or the older form of RSA alone.
pub(super) fn rsa_key(pem: &str) -> Option<RsaKeyPair> {
    if let Some(der) = pem_block(pem, "PRIVATE KEY") {
        return RsaKeyPair::from_pkcs8(&der).ok();
    }
    RsaKeyPair::from_der(&pem_block(pem, "RSA PRIVATE KEY")?).ok()
}

/// The bytes of the first block of a kind.
pub(super) fn pem_block(pem: &str, kind: &str) -> Option<Zeroizing<Vec<u8>>> {
    let begin = format!("-----BEGIN {kind}-----");
    let start = pem.find(&begin)? + begin.len();
    let end = start + pem[start..].find(&format!("-----END {kind}-----"))?;
    let packed: Zeroizing<String> = Zeroizing::new(
        pem[start..end]
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect(),
    );
    STANDARD.decode(packed.as_bytes()).ok().map(Zeroizing::new)
}
