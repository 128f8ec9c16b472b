//! Lets libgit2 speak through our connection. It knows repositories as `rosin://<number>`; the number stands for a session that
//! lives as long as one fetch, so that neither addresses nor credentials enter libgit2 or its files.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use bytes::{Buf, Bytes};
use git2::transport::{Service, SmartSubtransport, SmartSubtransportStream, Transport};
use reqwest::{Response, Url};

use super::RemoteError;
use super::connection::Connection;

const SCHEME: &str = "rosin";

static SESSIONS: Mutex<BTreeMap<u64, Arc<Session>>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(0);

/// One fetch from one server.
pub(super) struct Session {
    pub(super) connection: Connection,
    /// Where the server wants to be asked.
    pub(super) base: Url,
    /// The list of references that has been read already: libgit2 gets the same, so that it cannot see another state.
    pub(super) list: Bytes,
    received: AtomicU64,
    /// The error in our own terms; libgit2 only carries a text.
    failure: Mutex<Option<RemoteError>>,
}

/// A session that libgit2 can find, until this is dropped.
pub(super) struct Open {
    number: u64,
    session: Arc<Session>,
}

impl Session {
    pub(super) fn new(connection: Connection, base: Url, list: Bytes) -> Self {
        Self {
            connection,
            base,
            list,
            received: AtomicU64::new(0),
            failure: Mutex::default(),
        }
    }

    pub(super) fn open(self) -> Result<Open, git2::Error> {
        prepare_libgit2()?;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let session = Arc::new(self);
        lock(&SESSIONS).insert(number, session.clone());
        Ok(Open { number, session })
    }

    fn fail(&self, error: RemoteError) -> io::Error {
        let shown = io::Error::other(error.to_string());
        lock(&self.failure).get_or_insert(error);
        shown
    }
}

impl Open {
    pub(super) fn url(&self) -> String {
        format!("{SCHEME}://{}/", self.number)
    }

    pub(super) fn session(&self) -> &Session {
        &self.session
    }

    /// Why libgit2 failed: what our side noted, or its own words.
    pub(super) fn explain(&self, error: &git2::Error) -> RemoteError {
        let noted = lock(&self.session.failure).take();
        noted.unwrap_or_else(|| RemoteError::from(error))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        lock(&SESSIONS).remove(&self.number);
    }
}

/// Once per process: our transport, and no configuration but our own.
pub(super) fn prepare_libgit2() -> Result<(), git2::Error> {
    static DONE: OnceLock<Result<(), String>> = OnceLock::new();
    let done = DONE.get_or_init(|| configure().map_err(|error| error.message().to_owned()));
    done.clone()
        .map_err(|message| git2::Error::from_str(&message))
}

#[expect(unsafe_code, reason = "libgit2's global settings; proof at each call")]
fn configure() -> Result<(), git2::Error> {
    use git2::ConfigLevel::{Global, ProgramData, System, XDG};
    for level in [System, Global, XDG, ProgramData] {
        // SAFETY: libgit2 asks that its search paths are not changed while other threads read them. `prepare_libgit2` runs this
        // once, under a lock, and every use of libgit2 in this crate comes after it.
        unsafe { git2::opts::set_search_path(level, "")? };
    }
    // SAFETY: libgit2 asks that registration is not concurrent with the creation of transports. As above: once, under a lock,
    // before any repository or remote is created. The closure is `Send + Sync` and captures nothing.
    unsafe {
        git2::transport::register(SCHEME, |remote| {
            Transport::smart(remote, true, Subtransport)
        })?
    };
    Ok(())
}

struct Subtransport;

impl SmartSubtransport for Subtransport {
    fn action(
        &self,
        url: &str,
        action: Service,
    ) -> Result<Box<dyn SmartSubtransportStream>, git2::Error> {
        let number = url
            .strip_prefix("rosin://")
            .and_then(|rest| rest.trim_end_matches('/').parse().ok());
        let session = number.and_then(|number: u64| lock(&SESSIONS).get(&number).cloned());
        let session = session.ok_or_else(|| git2::Error::from_str("the session has ended"))?;
        match action {
            Service::UploadPackLs => Ok(Box::new(Listing(session.list.clone()))),
            Service::UploadPack => Ok(Box::new(Exchange {
                session,
                request: Vec::new(),
                answer: None,
            })),
            Service::ReceivePackLs | Service::ReceivePack => {
                Err(git2::Error::from_str("pushing is not supported"))
            }
        }
    }

    fn close(&self) -> Result<(), git2::Error> {
        Ok(())
    }
}

struct Listing(Bytes);

impl Read for Listing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(take(&mut self.0, buffer))
    }
}

impl Write for Listing {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::from(io::ErrorKind::Unsupported))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Collects a request while libgit2 writes, sends it when libgit2 starts to read.
struct Exchange {
    session: Arc<Session>,
    request: Vec<u8>,
    answer: Option<(Response, Bytes)>,
}

impl Read for Exchange {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let session = &self.session;
        let (response, rest) = match &mut self.answer {
            Some(answer) => answer,
            None => {
                let request = std::mem::take(&mut self.request);
                let sent = session.connection.exchange(&session.base, request);
                self.answer
                    .insert((sent.map_err(|error| session.fail(error))?, Bytes::new()))
            }
        };
        while rest.is_empty() {
            let Some(chunk) = session
                .connection
                .chunk(response)
                .map_err(|error| session.fail(error))?
            else {
                return Ok(0);
            };
            let limit = session.connection.limits().pack;
            let received = session
                .received
                .fetch_add(chunk.len() as u64, Ordering::Relaxed)
                + chunk.len() as u64;
            if received > limit {
                return Err(session.fail(RemoteError::TooLarge(limit)));
            }
            *rest = chunk;
        }
        Ok(take(rest, buffer))
    }
}

impl Write for Exchange {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // What follows an answer is the next request.
        self.answer = None;
        self.request.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn take(from: &mut Bytes, buffer: &mut [u8]) -> usize {
    let length = from.len().min(buffer.len());
    from.copy_to_slice(&mut buffer[..length]);
    length
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
