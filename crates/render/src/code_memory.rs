//! Makes compiled code executable in the place where it is, as the dynamic linker does with the program's own. Copies of the
//! built-in plugins would be most of what a small render costs.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use rustix::mm::{MprotectFlags, mprotect};
use wasmtime::CustomCodeMemory;

pub(crate) struct InPlace;

/// Whether code may run in its place: only for who asks first. Wasmtime finds code by its address and knows one owner of each, so that
/// a second engine of a process works with a copy.
pub(crate) fn claim(code: &'static [u8]) -> bool {
    static CLAIMED: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());
    CLAIMED
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(code.as_ptr().addr())
}

#[expect(
    unsafe_code,
    reason = "the one exception: our own code, compiled ahead of time"
)]
impl CustomCodeMemory for InPlace {
    fn required_alignment(&self) -> usize {
        rustix::param::page_size()
    }

    fn publish_executable(&self, start: *const u8, length: usize) -> wasmtime::Result<()> {
        // SAFETY: wasmtime passes the part of an image that holds code and nothing else, on page boundaries, and keeps the
        // image for as long as the code may run. Nothing writes to it: it becomes readable and executable only.
        unsafe {
            mprotect(
                start.cast_mut().cast(),
                length,
                MprotectFlags::READ | MprotectFlags::EXEC,
            )
        }?;
        Ok(())
    }

    fn unpublish_executable(&self, _start: *const u8, _length: usize) -> wasmtime::Result<()> {
        // An image of its own is unmapped next. One that is part of the program may be in use by another engine.
        Ok(())
    }
}
