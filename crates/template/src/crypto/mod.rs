//! The formats around keys: DER, PEM, PKCS, X.509, and AES-CBC. Arithmetic with keys is done elsewhere ([`crate::Crypto`]).

pub(crate) mod aes;
pub(crate) mod der;
pub(crate) mod keys;
pub(crate) mod pem;
pub(crate) mod x509;
