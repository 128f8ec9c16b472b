//! age's post-quantum identities (`AGE-SECRET-KEY-PQ-1…`), which the age crate does not read: HPKE with the KEM MLKEM768-X25519
//! (X-Wing), HKDF-SHA256 and ChaCha20-Poly1305.

use age::{DecryptError, Identity};
use age_core::{
    format::{FILE_KEY_BYTES, FileKey, Stanza},
    primitives::bech32_decode,
};
use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use ml_kem::{KemCore, MlKem768, kem::Decapsulate as _};
use ring::{aead, hkdf};
use sha3::{
    Digest as _, Sha3_256, Shake256,
    digest::{ExtendableOutput as _, Update as _, XofReader as _},
};
use x25519_dalek::{PublicKey, StaticSecret};
use zeroize::{Zeroize as _, Zeroizing};

const TAG: &str = "mlkem768x25519";
const INFO: &[u8] = b"age-encryption.org/mlkem768x25519";
/// Suite of HPKE: KEM 0x647a, KDF HKDF-SHA256, AEAD ChaCha20-Poly1305.
const SUITE: &[u8] = b"HPKE\x64\x7a\x00\x01\x00\x03";
const KEM_LABEL: &[u8] = br"\.//^\";
const PQ_CIPHERTEXT: usize = 1088;
const CURVE_POINT: usize = 32;

pub(super) struct HybridIdentity {
    lattice: <MlKem768 as KemCore>::DecapsulationKey,
    curve: StaticSecret,
}

impl HybridIdentity {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let is_ours = |hrp: bech32::Hrp| {
            let fits = hrp.as_str().eq_ignore_ascii_case("age-secret-key-pq-");
            fits.then_some(()).ok_or(())
        };
        let mut seed = Zeroizing::new([0; 32]);
        bech32_decode(
            text,
            |_| (),
            is_ours,
            |_, mut bytes| {
                for place in seed.iter_mut() {
                    *place = bytes.next().ok_or(())?;
                }
                bytes.next().map_or(Ok(()), |_| Err(()))
            },
        )
        .ok()?;
        Some(Self::from_seed(&seed))
    }

    fn from_seed(seed: &[u8; 32]) -> Self {
        let mut stream = Shake256::default().chain(seed).finalize_xof();
        let mut parts = [[0; 32]; 3];
        for part in &mut parts {
            stream.read(part);
        }
        let (lattice, _) = MlKem768::generate_deterministic(&parts[0].into(), &parts[1].into());
        let curve = StaticSecret::from(parts[2]);
        parts.zeroize();
        Self { lattice, curve }
    }

    /// The secret that the sender of an encapsulation shares with us. A wrong key gives a wrong secret.
    fn shared_secret(&self, encapsulation: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        if encapsulation.len() != PQ_CIPHERTEXT + CURVE_POINT {
            return None;
        }
        let (ciphertext, point) = encapsulation.split_at(PQ_CIPHERTEXT);
        let from_lattice = self
            .lattice
            .decapsulate(&ciphertext.try_into().ok()?)
            .ok()?;
        let point: [u8; CURVE_POINT] = point.try_into().ok()?;
        let from_curve = self.curve.diffie_hellman(&PublicKey::from(point));
        if !from_curve.was_contributory() {
            return None;
        }
        let secret = Sha3_256::new()
            .chain_update(from_lattice)
            .chain_update(from_curve.as_bytes())
            .chain_update(point)
            .chain_update(PublicKey::from(&self.curve))
            .chain_update(KEM_LABEL)
            .finalize();
        Some(Zeroizing::new(secret.into()))
    }
}

impl Identity for HybridIdentity {
    fn unwrap_stanza(&self, stanza: &Stanza) -> Option<Result<FileKey, DecryptError>> {
        if stanza.tag != TAG {
            return None;
        }
        let (Ok([encapsulation]), true) = (
            <&[String; 1]>::try_from(stanza.args.as_slice()),
            stanza.body.len() == FILE_KEY_BYTES + 16,
        ) else {
            return Some(Err(DecryptError::InvalidHeader));
        };
        let Ok(encapsulation) = STANDARD_NO_PAD.decode(encapsulation) else {
            return Some(Err(DecryptError::InvalidHeader));
        };
        let Some(secret) = self.shared_secret(&encapsulation) else {
            return Some(Err(DecryptError::InvalidHeader));
        };
        // A key that does not open it is another recipient's.
        open(&secret, &stanza.body).map(Ok)
    }
}

fn open(secret: &[u8; 32], sealed: &[u8]) -> Option<FileKey> {
    let (key, nonce) = schedule(secret)?;
    let key = aead::UnboundKey::new(&aead::CHACHA20_POLY1305, key.as_slice()).ok()?;
    let nonce = aead::Nonce::assume_unique_for_key(nonce);
    let mut text = Zeroizing::new(sealed.to_vec());
    let plain = aead::LessSafeKey::new(key)
        .open_in_place(nonce, aead::Aad::empty(), &mut text)
        .ok()?;
    let plain: [u8; FILE_KEY_BYTES] = (&*plain).try_into().ok()?;
    Some(FileKey::new(Box::new(plain)))
}

/// RFC 9180, section 5.1, base mode, for the first message.
fn schedule(secret: &[u8; 32]) -> Option<(Zeroizing<[u8; 32]>, [u8; 12])> {
    // Extracts are wanted as bytes, which HKDF gives to nobody: HMAC is what an extract is.
    let id = extract(b"", b"psk_id_hash", b"");
    let info = extract(b"", b"info_hash", INFO);
    let context = [&[0][..], &id, &info].concat();
    let labelled = [b"HPKE-v1", SUITE, b"secret"].concat();
    let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, secret).extract(&labelled);
    let mut key = Zeroizing::new([0; 32]);
    let mut nonce = [0; 12];
    expand(&secret, b"key", &context, key.as_mut_slice())?;
    expand(&secret, b"base_nonce", &context, &mut nonce)?;
    Some((key, nonce))
}

fn extract(salt: &[u8], label: &[u8], material: &[u8]) -> [u8; 32] {
    let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, salt);
    let mut context = ring::hmac::Context::with_key(&key);
    for part in [b"HPKE-v1", SUITE, label, material] {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.sign().as_ref());
    out
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn expand(secret: &hkdf::Prk, label: &[u8], context: &[u8], out: &mut [u8]) -> Option<()> {
    let length = u16::try_from(out.len()).ok()?.to_be_bytes();
    let parts = [&length[..], b"HPKE-v1", SUITE, label, context];
    secret
        .expand(&parts, Length(out.len()))
        .ok()?
        .fill(out)
        .ok()
}
