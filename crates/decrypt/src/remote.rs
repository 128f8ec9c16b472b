//! The way to key services.

/// One HTTP exchange at a time, and the time of day, which signed requests carry. Calls block until there is an answer; whoever
/// implements this sets the deadlines, and answers over TLS only for `https` addresses.
pub trait Remote: Send + Sync {
    fn send(&self, request: http::Request<Vec<u8>>)
    -> Result<http::Response<Vec<u8>>, RemoteError>;
    fn now(&self) -> jiff::Timestamp;
}

/// There was no answer. The text goes to tenants: it names no credentials.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub struct RemoteError(pub String);
