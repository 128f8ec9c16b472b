//! The artifact server: the stored files under their paths, nothing else. No listing, no hidden files, no decoding of paths: whatever
//! needs an escape is not the address of an artifact.

use std::io::SeekFrom;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{
    ACCEPT_RANGES, ALLOW, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
    IF_RANGE, RANGE,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri};
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;

use crate::artifact::{Store, StoreError};

/// A router that answers every path of its listener.
pub fn router(store: Arc<Store>) -> Router {
    Router::new().fallback(serve).with_state(store)
}

async fn serve(
    State(store): State<Arc<Store>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(ALLOW, "GET, HEAD")]).into_response();
    }
    let Some(path) = uri.path().strip_prefix('/').map(str::to_owned) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let opened = tokio::task::spawn_blocking(move || open(&store, &path)).await;
    match opened {
        Ok(Ok(found)) => respond(found, &headers, method == Method::HEAD).await,
        Ok(Err(StoreError::Missing)) => StatusCode::NOT_FOUND.into_response(),
        Ok(Err(error)) => {
            tracing::error!(%error, "serving an artifact failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

struct Found {
    file: std::fs::File,
    size: u64,
    etag: String,
    kind: &'static str,
}

fn open(store: &Store, path: &str) -> Result<Found, StoreError> {
    let file = store.open_file(path)?;
    let metadata = file.metadata()?;
    let age = metadata
        .modified()?
        .into_std()
        .duration_since(SystemTime::UNIX_EPOCH);
    // Files are replaced as a whole, never changed, so size and time identify the content.
    let etag = format!(
        "\"{:x}-{:x}\"",
        age.unwrap_or(Duration::ZERO).as_nanos(),
        metadata.len()
    );
    let kind = if path.ends_with(".yaml") {
        "text/yaml"
    } else {
        "application/gzip"
    };
    Ok(Found {
        file: file.into_std(),
        size: metadata.len(),
        etag,
        kind,
    })
}

async fn respond(found: Found, headers: &HeaderMap, head: bool) -> Response {
    let header = |name: http::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let known = |value: &str| {
        value.trim() == "*"
            || value
                .split(',')
                .any(|tag| tag.trim().trim_start_matches("W/") == found.etag)
    };
    if header(IF_NONE_MATCH).is_some_and(known) {
        return with_etag(StatusCode::NOT_MODIFIED.into_response(), &found.etag);
    }
    let wanted = header(RANGE).filter(|_| header(IF_RANGE).is_none_or(|tag| tag == found.etag));
    let (status, start, end) = match wanted
        .map_or(Wanted::All, |range| Wanted::parse(range, found.size))
    {
        Wanted::All => (StatusCode::OK, 0, found.size),
        Wanted::Part(start, end) => (StatusCode::PARTIAL_CONTENT, start, end),
        Wanted::Outside => {
            let range = format!("bytes */{}", found.size);
            return (StatusCode::RANGE_NOT_SATISFIABLE, [(CONTENT_RANGE, range)]).into_response();
        }
    };
    let body = if head {
        Body::empty()
    } else {
        match read(found.file, start, end).await {
            Ok(body) => body,
            Err(error) => {
                tracing::error!(%error, "reading an artifact failed");
                return StatusCode::INTERNAL_SERVER_ERROR.into_response();
            }
        }
    };
    let mut response = (status, body).into_response();
    let out = response.headers_mut();
    out.insert(CONTENT_TYPE, HeaderValue::from_static(found.kind));
    out.insert(CONTENT_LENGTH, HeaderValue::from(end - start));
    out.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if status == StatusCode::PARTIAL_CONTENT
        && let Ok(range) =
            HeaderValue::from_str(&format!("bytes {start}-{}/{}", end - 1, found.size))
    {
        out.insert(CONTENT_RANGE, range);
    }
    with_etag(response, &found.etag)
}

async fn read(file: std::fs::File, start: u64, end: u64) -> std::io::Result<Body> {
    let mut file = tokio::fs::File::from_std(file);
    file.seek(SeekFrom::Start(start)).await?;
    Ok(Body::from_stream(ReaderStream::with_capacity(
        file.take(end - start),
        64 * 1024,
    )))
}

fn with_etag(mut response: Response, etag: &str) -> Response {
    if let Ok(etag) = HeaderValue::from_str(etag) {
        response.headers_mut().insert(ETAG, etag);
    }
    response
}

#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    All,
    /// From the first byte up to, not including, the second.
    Part(u64, u64),
    Outside,
}

impl Wanted {
    /// One range; a list of them, which is how servers are flooded, gets the whole file.
    fn parse(range: &str, size: u64) -> Self {
        let Some((first, last)) = range
            .trim()
            .strip_prefix("bytes=")
            .and_then(|range| range.split_once('-'))
        else {
            return Self::All;
        };
        let last = if last.is_empty() {
            Some(None)
        } else {
            last.parse::<u64>().ok().map(Some)
        };
        let first = if first.is_empty() {
            Some(None)
        } else {
            first.parse::<u64>().ok().map(Some)
        };
        let (start, end) = match (first, last) {
            (Some(Some(start)), Some(None)) => (start, size),
            (Some(Some(start)), Some(Some(last))) if start <= last => {
                (start, last.saturating_add(1).min(size))
            }
            (Some(None), Some(Some(length))) => (size.saturating_sub(length), size),
            _ => return Self::All,
        };
        if start >= end {
            Self::Outside
        } else {
            Self::Part(start, end)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_stay_inside_the_file() {
        for (range, expected) in [
            ("bytes=0-", Wanted::Part(0, 10)),
            ("bytes=2-4", Wanted::Part(2, 5)),
            ("bytes=-3", Wanted::Part(7, 10)),
            ("bytes=-99", Wanted::Part(0, 10)),
            ("bytes=5-99999999999999999999", Wanted::All),
            ("bytes=5-18446744073709551615", Wanted::Part(5, 10)),
            ("bytes=10-", Wanted::Outside),
            ("bytes=-0", Wanted::Outside),
            ("bytes=4-2", Wanted::All),
            ("bytes=0-1,3-4", Wanted::All),
            ("bytes=-", Wanted::All),
            ("lines=1-2", Wanted::All),
        ] {
            assert_eq!(Wanted::parse(range, 10), expected, "{range}");
        }
    }
}
