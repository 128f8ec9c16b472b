//! Makes compiled code executable in the place where it is, as the dynamic linker does with the program's own. Copies of the
//! built-in plugins would be most of what a small render costs.

use rustix::mm::{MprotectFlags, mprotect};
use wasmtime::CustomCodeMemory;

pub(crate) struct InPlace;

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
