//! `rosin:render/ambient`: time and randomness, which end the reuse of output.

use std::time::{SystemTime, UNIX_EPOCH};

use rand::TryRng;
use rand::rngs::SysRng;

use crate::bindings::rosin::render::ambient::Host;
use crate::call::{Call, Stop};

const MAX_RANDOM: u32 = 1 << 16;

impl Host for Call {
    fn now(&mut self) -> wasmtime::Result<i64> {
        self.reads.note_ambient();
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Ok(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
    }

    fn random(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        self.reads.note_ambient();
        if length > MAX_RANDOM {
            return Err(Stop::Random(length).into());
        }
        let mut bytes = vec![0; length as usize];
        // From the operating system: certificates are made of it.
        SysRng.try_fill_bytes(&mut bytes)?;
        Ok(bytes)
    }
}
