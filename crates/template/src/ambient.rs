//! What a rendering may ask of the world. Output that used it cannot be reused, so it is asked for by name.

/// Clock and entropy.
pub trait Ambient {
    /// Nanoseconds since the epoch.
    fn now(&self) -> i64;

    /// Fills with random bytes.
    fn random(&self, bytes: &mut [u8]);
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
