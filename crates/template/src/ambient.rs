//! What a rendering may ask of the world. Output that used it cannot be reused, so it is asked for by name.

/// Clock and entropy.
pub trait Ambient {
    /// Nanoseconds since the epoch.
    fn now(&self) -> i64;

    /// Fills with random bytes.
    fn random(&self, bytes: &mut [u8]);

    /// Keys and slow hashes, where there is somebody who makes them.
    fn crypto(&self) -> Option<&dyn Crypto> {
        None
    }
}

/// A world where nothing happens: the epoch, and zeros. For templates that must not depend on chance.
#[derive(Clone, Copy, Debug, Default)]
pub struct Still;

impl Ambient for Still {
    fn now(&self) -> i64 {
        0
    }

    fn random(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// The keys that templates ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    Rsa2048,
    Rsa4096,
    Dsa2048,
    EcdsaP256,
    Ed25519,
}

/// What takes too long in a sandbox. Private keys are PKCS #8, public ones SubjectPublicKeyInfo, both in DER.
pub trait Crypto {
    fn generate_key(&self, kind: KeyKind) -> Vec<u8>;
    fn public_key(&self, private_key: &[u8]) -> Result<Vec<u8>, String>;
    /// With the hash that X.509 uses for the key by default.
    fn sign(&self, private_key: &[u8], message: &[u8]) -> Result<Vec<u8>, String>;
    fn bcrypt(&self, password: &[u8], cost: u32) -> Result<String, String>;
    fn scrypt(
        &self,
        password: &[u8],
        salt: &[u8],
        cost: ScryptCost,
        length: u32,
    ) -> Result<Vec<u8>, String>;
}

/// scrypt's parameters: the logarithm of N, r and p.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScryptCost {
    pub log_cost: u8,
    pub blocks: u32,
    pub lanes: u32,
}
