//! What reconciles of all source kinds share: the Secrets that they read, and the care of what they stored.

pub(super) mod secrets;
pub(super) mod storage;
