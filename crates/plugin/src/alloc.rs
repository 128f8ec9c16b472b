//! The allocator of guests. An instance lives for one render, so blocks are handed out and taken back in a few instructions, by
//! classes of size, and never joined: the toolchain's own allocator takes a fifth of a render's time.
#![expect(unsafe_code, reason = "an allocator")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr::null_mut;

/// Larger blocks are the toolchain's business.
const LARGEST: usize = 8 << 10;
/// All blocks begin at, and have the length of, a multiple of this.
const ALIGNMENT: usize = 16;
/// Classes are this much apart up to [`FINE`], and a quarter of a power of two above.
const FINE: usize = 256;
const CLASSES: usize = class(LARGEST) + 1;
/// What the first blocks are cut from. Later chunks grow with what was taken before.
const SMALLEST_CHUNK: usize = 64 << 10;
const LARGEST_CHUNK: usize = 1 << 20;

/// Blocks by class, cut from chunks of the toolchain's allocator.
pub(crate) struct Blocks(UnsafeCell<State>);

struct State {
    /// The first free block of each class; each free block begins with the address of the next one.
    free: [*mut u8; CLASSES],
    /// What is left of the last chunk.
    rest: *mut u8,
    left: usize,
    taken: usize,
}

// SAFETY: a guest has one thread.
#[cfg(target_family = "wasm")]
unsafe impl Sync for Blocks {}

#[cfg(target_family = "wasm")]
#[global_allocator]
static ALLOCATOR: Blocks = Blocks::new();

const fn class(size: usize) -> usize {
    if size <= FINE {
        return size.saturating_sub(1) / ALIGNMENT;
    }
    let (power, quarter) = split(size);
    FINE / ALIGNMENT + (power - FINE.ilog2() as usize) * 4 + quarter
}

/// Where `size`, more than [`FINE`], lies: above which power of two, and in which quarter above it.
const fn split(size: usize) -> (usize, usize) {
    let power = (size - 1).ilog2() as usize;
    (power, (size - 1 - (1 << power)) >> (power - 2))
}

/// The size of the blocks that `size` bytes are taken from.
const fn rounded(size: usize) -> usize {
    if size <= FINE {
        return (class(size) + 1) * ALIGNMENT;
    }
    let (power, quarter) = split(size);
    (1 << power) + ((quarter + 1) << (power - 2))
}

fn is_small(layout: Layout) -> bool {
    layout.size() <= LARGEST && layout.align() <= ALIGNMENT
}

impl Blocks {
    pub(crate) const fn new() -> Self {
        Self(UnsafeCell::new(State {
            free: [null_mut(); CLASSES],
            rest: null_mut(),
            left: 0,
            taken: 0,
        }))
    }
}

impl State {
    fn take(&mut self, size: usize) -> *mut u8 {
        let first = &mut self.free[class(size)];
        if !first.is_null() {
            let block = *first;
            // SAFETY: a free block is ours, aligned, and holds the address of the next one.
            *first = unsafe { block.cast::<*mut u8>().read() };
            return block;
        }
        let size = rounded(size);
        if self.left < size && !self.refill() {
            return null_mut();
        }
        let block = self.rest;
        // SAFETY: the chunk has `left` bytes from here, and `size` is no more.
        self.rest = unsafe { block.add(size) };
        self.left -= size;
        block
    }

    fn refill(&mut self) -> bool {
        let length = (self.taken / 8).clamp(SMALLEST_CHUNK, LARGEST_CHUNK);
        let length = length.next_multiple_of(SMALLEST_CHUNK);
        let Ok(layout) = Layout::from_size_align(length, ALIGNMENT) else {
            return false;
        };
        // SAFETY: the length is not zero.
        let chunk = unsafe { System.alloc(layout) };
        if chunk.is_null() {
            return false;
        }
        (self.rest, self.left) = (chunk, length);
        self.taken += length;
        true
    }
}

// SAFETY: a block is at least as large as asked for, aligned to 16 bytes, and in one list or with one owner at a time: it goes into
// the list of its class when it is given back, and out of it when it is handed out. There is one thread, and no call into this
// allocator from within itself, so the state is borrowed once at a time.
unsafe impl GlobalAlloc for Blocks {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_small(layout) {
            // SAFETY: see above.
            unsafe { &mut *self.0.get() }.take(layout.size())
        } else {
            // SAFETY: the caller's promise.
            unsafe { System.alloc(layout) }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if !is_small(layout) {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc_zeroed(layout) };
        }
        // SAFETY: the caller's promise, and the block has that many bytes.
        unsafe {
            let block = self.alloc(layout);
            if !block.is_null() {
                block.write_bytes(0, layout.size());
            }
            block
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if is_small(layout) {
            // SAFETY: see above; the block is no longer used by anybody, and has room for an address.
            unsafe {
                let first = &mut (*self.0.get()).free[class(layout.size())];
                block.cast::<*mut u8>().write(*first);
                *first = block;
            }
        } else {
            // SAFETY: the caller's promise.
            unsafe { System.dealloc(block, layout) }
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the size fits.
        let new = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (is_small(layout), is_small(new)) {
            (true, true) if class(layout.size()) == class(size) => block,
            // SAFETY: the caller's promise.
            (false, false) => unsafe { System.realloc(block, layout, size) },
            // SAFETY: both blocks have as many bytes as are copied, and do not overlap.
            _ => unsafe {
                let moved = self.alloc(new);
                if !moved.is_null() {
                    moved.copy_from_nonoverlapping(block, layout.size().min(size));
                    self.dealloc(block, layout);
                }
                moved
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_fits_into_the_blocks_of_its_class() {
        for size in 0..=LARGEST {
            let block = rounded(size);
            assert!(
                block >= size && block.is_multiple_of(ALIGNMENT),
                "{size}: {block}"
            );
            assert_eq!(class(block), class(size), "{size}");
            assert!(class(block) < class(block + 1), "{size}");
            assert!(
                block <= size + ALIGNMENT || block * 4 <= size * 5,
                "{size}: {block}"
            );
        }
    }

    #[test]
    fn blocks_do_not_overlap_and_keep_what_is_written() {
        let blocks = Blocks::new();
        let mut live: Vec<(*mut u8, Layout, u8)> = Vec::new();
        let mut seed = 7u32;
        let mut chance = move |limit: usize| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 8) as usize % limit
        };
        let check = |block: *mut u8, length: usize, mark: u8| {
            // SAFETY: the block is live and that long.
            let bytes = unsafe { std::slice::from_raw_parts(block, length) };
            assert!(bytes.iter().all(|byte| *byte == mark));
        };
        for round in 0..20_000u32 {
            let mark = round.to_le_bytes()[0];
            let most = [64, 600, 20_000][chance(3)];
            let size = 1 + chance(most);
            match chance(4) {
                0 | 1 => {
                    let layout = Layout::from_size_align(size, 1 << chance(5)).unwrap();
                    // SAFETY: the size is not zero, and the block is that long.
                    let block = unsafe { blocks.alloc(layout) };
                    assert!(block.addr().is_multiple_of(layout.align()));
                    unsafe { block.write_bytes(mark, size) };
                    live.push((block, layout, mark));
                }
                2 if !live.is_empty() => {
                    let (block, layout, mark) = live.swap_remove(chance(live.len()));
                    check(block, layout.size(), mark);
                    // SAFETY: it came from this allocator with this layout.
                    unsafe { blocks.dealloc(block, layout) };
                }
                3 if !live.is_empty() => {
                    let at = chance(live.len());
                    let (block, layout, mark) = live[at];
                    // SAFETY: it came from this allocator with this layout, and becomes that long.
                    let moved = unsafe { blocks.realloc(block, layout, size) };
                    check(moved, layout.size().min(size), mark);
                    unsafe { moved.write_bytes(mark, size) };
                    live[at] = (
                        moved,
                        Layout::from_size_align(size, layout.align()).unwrap(),
                        mark,
                    );
                }
                _ => {}
            }
        }
        for (block, layout, mark) in live {
            check(block, layout.size(), mark);
            // SAFETY: it came from this allocator with this layout.
            unsafe { blocks.dealloc(block, layout) };
        }
    }
}
