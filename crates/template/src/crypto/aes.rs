//! AES-256 in CBC mode, as `encryptAES` and `decryptAES` use it.

use aes::Aes256;
use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};

pub(crate) const BLOCK: usize = 16;

/// A password is the key: cut at 32 bytes, or filled with zeros.
fn cipher(password: &[u8]) -> Aes256 {
    let mut key = [0; 32];
    let used = password.len().min(key.len());
    key[..used].copy_from_slice(&password[..used]);
    Aes256::new(&key.into())
}

/// `start`, then the text with its padding, encrypted.
pub(crate) fn encrypt(password: &[u8], start: [u8; BLOCK], text: &[u8]) -> Vec<u8> {
    let cipher = cipher(password);
    let padding = BLOCK - text.len() % BLOCK;
    let mut out = start.to_vec();
    let mut before = start;
    let padded: Vec<u8> = text
        .iter()
        .copied()
        .chain(std::iter::repeat_n(padding as u8, padding))
        .collect();
    for part in padded.chunks_exact(BLOCK) {
        let mut block = before;
        for (byte, other) in block.iter_mut().zip(part) {
            *byte ^= other;
        }
        let mut block = block.into();
        cipher.encrypt_block(&mut block);
        before = block.into();
        out.extend_from_slice(&before);
    }
    out
}

/// The text, or what is wrong with the data.
pub(crate) fn decrypt(password: &[u8], data: &[u8]) -> Result<Vec<u8>, &'static str> {
    let Some((mut before, rest)) = data.split_at_checked(BLOCK) else {
        return Err("the data is shorter than a block");
    };
    if rest.is_empty() || rest.len() % BLOCK != 0 {
        return Err("crypto/cipher: input not full blocks");
    }
    let cipher = cipher(password);
    let mut out = Vec::with_capacity(rest.len());
    for part in rest.chunks_exact(BLOCK) {
        let mut block = [0; BLOCK];
        block.copy_from_slice(part);
        let mut block = block.into();
        cipher.decrypt_block(&mut block);
        out.extend(block.iter().zip(before).map(|(byte, other)| byte ^ other));
        before = part;
    }
    let padding = usize::from(out.last().copied().unwrap_or_default());
    if padding > out.len() {
        return Err("the padding is longer than the data: another password?");
    }
    out.truncate(out.len() - padding);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encrypted_is_decrypted() {
        for text in [&b"x"[..], b"sixteen bytes ok", b"seventeen bytes ok"] {
            let data = encrypt(b"key", [3; BLOCK], text);
            assert_eq!(data.len() % BLOCK, 0);
            assert_eq!(decrypt(b"key", &data).unwrap(), text);
            assert_ne!(decrypt(b"other", &data).ok().as_deref(), Some(text));
        }
        assert!(decrypt(b"key", b"short").is_err());
        assert!(decrypt(b"key", &[0; 16]).is_err());
        assert!(decrypt(b"key", &[0; 40]).is_err());
    }
}
