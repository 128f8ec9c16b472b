//! SOPS: encrypted files and objects to plain ones.
//!
//! Bytes and [`Keys`] go in, bytes or a typed error come out. Nothing here reads a disk, a clock or the network: what a key service has
//! to be asked goes through [`Remote`]. What was decrypted stays in memory, and errors name files, keys and recipients, never values.
//!
//! The order is Flux's: [`decrypt_tree`] reads what generators and patches need before a build, [`decrypt_object`] what came out of it.

mod account;
mod cipher;
mod data_key;
mod error;
mod format;
mod integrity;
mod key;
mod keys;
mod metadata;
mod object;
mod remote;
mod rules;
mod shamir;
mod sources;
mod store;
mod value;
mod walk;

pub use account::Account;
pub use cipher::CipherError;
pub use data_key::{DataKeyError, KeyFailure};
pub use error::{Error, FileError};
pub use format::Format;
pub use key::{Endpoints, KeyError};
pub use keys::{ImportError, Keys};
pub use object::{decrypt_object, is_encrypted_secret, is_opted_out};
pub use remote::{Remote, RemoteError};
pub use sources::decrypt_tree;

/// Larger encrypted files are refused.
pub const MAX_SIZE: usize = 5 << 20;

/// Decrypts a file of one format to a file of another. The integrity code is checked unless the caller knows that something
/// has been put into the file since.
pub fn decrypt_file(
    bytes: &[u8],
    from: Format,
    to: Format,
    keys: &Keys,
    integrity: Integrity,
) -> Result<Vec<u8>, FileError> {
    if bytes.len() > MAX_SIZE {
        return Err(FileError::TooLarge);
    }
    let (mut documents, metadata) = store::read_encrypted(bytes, from)?;
    let data_key = data_key::recover(&metadata, keys)?;
    let found = walk::decrypt(&mut documents, &metadata, &data_key)?;
    if integrity == Integrity::Verify {
        walk::verify(&metadata, &data_key, &found)?;
    }
    store::write(&documents, from, to)
}

/// Whether the integrity code of a file is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integrity {
    Verify,
    /// For files that were changed on purpose after they had been encrypted, as objects are by a build.
    Ignore,
}
