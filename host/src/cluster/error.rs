//! What the API server answers when it refuses, and what the connection says when it does not answer.

/// A failed request. `Display` is fit for a condition: the server's own message, without host or path of the connection.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    #[error("{message}")]
    Refused {
        code: u16,
        reason: String,
        message: String,
    },
    #[error("the API server cannot be reached")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the API server did not answer within {0:?}")]
    Timeout(std::time::Duration),
    #[error("the API server's answer is not JSON")]
    Answer(#[source] serde_json::Error),
    #[error("the request could not be built: {0}")]
    Request(String),
}

impl ApiError {
    pub fn code(&self) -> u16 {
        match self {
            Self::Refused { code, .. } => *code,
            _ => 0,
        }
    }

    /// The machine-readable reason of the Status, such as `Invalid`, `Forbidden` or `NotFound`.
    pub fn reason(&self) -> &str {
        match self {
            Self::Refused { reason, .. } => reason,
            _ => "",
        }
    }

    pub fn is_not_found(&self) -> bool {
        self.code() == 404
    }

    /// The server looked at the object and does not want it. Of one that does not fit its schema it says so with 500, as it does when
    /// something is wrong with itself.
    pub fn is_refusal(&self) -> bool {
        self.code() == 500 || (self.code() >= 400 && !self.is_transient())
    }

    /// The same request may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable(_) | Self::Timeout(_) | Self::Answer(_))
            || matches!(self.code(), 429 | 500 | 502 | 503 | 504)
            // A conflict of resource versions, not one of field managers.
            || (self.code() == 409 && self.reason() == "Conflict")
    }
}

impl From<kube::Error> for ApiError {
    fn from(error: kube::Error) -> Self {
        match error {
            kube::Error::Api(status) => Self::Refused {
                code: status.code,
                reason: status.reason.clone(),
                message: status.message.clone(),
            },
            kube::Error::SerdeError(error) => Self::Answer(error),
            other => Self::Unreachable(Box::new(other)),
        }
    }
}
