//! `rosin:render/crypto`: keys, signatures and slow hashes. They run beside the threads for guests, so that other renders go on and
//! the deadline is heard; a render has one under way at most.

use crate::bindings::rosin::render::crypto::{Host, KeyKind};
use crate::call::{Call, Stop};
use crate::crypto;

/// Runs what takes milliseconds to seconds.
async fn beside<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> wasmtime::Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| {
        Stop::Unavailable(format!("computing for the plugin failed: {error}")).into()
    })
}

impl Host for Call {
    async fn generate_key(&mut self, kind: KeyKind) -> wasmtime::Result<Vec<u8>> {
        self.reads.note_ambient();
        let key = beside(move || crypto::generate_key(kind)).await?;
        key.map_err(|error| Stop::Unavailable(error).into())
    }

    async fn public_key(
        &mut self,
        private_key: Vec<u8>,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        beside(move || crypto::public_key(&private_key)).await
    }

    async fn sign(
        &mut self,
        private_key: Vec<u8>,
        message: Vec<u8>,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        self.reads.note_ambient();
        beside(move || crypto::sign(&private_key, &message)).await
    }

    async fn bcrypt(
        &mut self,
        password: Vec<u8>,
        cost: u32,
    ) -> wasmtime::Result<Result<String, String>> {
        self.reads.note_ambient();
        beside(move || crypto::bcrypt(&password, cost)).await
    }

    async fn scrypt(
        &mut self,
        password: Vec<u8>,
        salt: Vec<u8>,
        log_cost: u8,
        blocks: u32,
        lanes: u32,
        length: u32,
    ) -> wasmtime::Result<Result<Vec<u8>, String>> {
        beside(move || crypto::scrypt(&password, &salt, log_cost, blocks, lanes, length)).await
    }
}
