//! What a Secret holds: the record's JSON, gzipped, in base 64.

use std::io::{Read, Write};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;

use super::{Release, decode as read, encode as write};

/// What a record may grow to. A Secret holds 1 MiB; charts shrink to a tenth, so this is what a thousandth could be.
const MAX_SIZE: u64 = 64 << 20;

const GZIP: [u8; 3] = [0x1f, 0x8b, 0x08];

/// Why something is no record.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("the record is not base 64")]
    Base64(#[source] base64::DecodeError),
    #[error("the record cannot be unpacked")]
    Gzip(#[source] std::io::Error),
    #[error("the record is larger than {} MiB", MAX_SIZE >> 20)]
    TooLarge,
    #[error("the record is not UTF-8")]
    Text,
    #[error("the record's {at} is not as Helm writes it")]
    Json {
        at: &'static str,
        #[source]
        source: serde_json::Error,
    },
    #[error("the record's {at} has a {name} that is no time")]
    Time {
        at: &'static str,
        name: &'static str,
    },
    #[error("the record's {at} has {name} that are no map")]
    Values {
        at: &'static str,
        name: &'static str,
    },
    #[error("the record's chart has metadata that is no Chart.yaml")]
    Metadata,
    #[error("a file in the record's chart is not base 64")]
    File,
    #[error("the record has no {0}")]
    Missing(&'static str),
}

/// The content of the key `release` of a Secret.
#[must_use]
pub fn encode(release: &Release) -> String {
    let json = write::release(release);
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    // Writing to memory does not fail.
    let packed = match packed
        .write_all(json.as_bytes())
        .and_then(|()| packed.finish())
    {
        Ok(packed) => packed,
        Err(_) => json.into_bytes(),
    };
    STANDARD.encode(packed)
}

/// The record in the content of a Secret. Records of early versions of Helm are not packed.
pub fn decode(content: &[u8]) -> Result<Release, RecordError> {
    let data = STANDARD
        .decode(content.trim_ascii())
        .map_err(RecordError::Base64)?;
    let json = if data.starts_with(&GZIP) {
        let mut json = Vec::new();
        let read = MultiGzDecoder::new(data.as_slice())
            .take(MAX_SIZE + 1)
            .read_to_end(&mut json)
            .map_err(RecordError::Gzip)?;
        if read as u64 > MAX_SIZE {
            return Err(RecordError::TooLarge);
        }
        json
    } else {
        data
    };
    let json = String::from_utf8(json).map_err(|_| RecordError::Text)?;
    read::release(&json)
}

impl Release {
    /// The record as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        write::release(self)
    }

    /// A record of JSON.
    pub fn from_json(text: &str) -> Result<Self, RecordError> {
        read::release(text)
    }
}
