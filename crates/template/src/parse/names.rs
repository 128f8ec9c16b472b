//! Names that a template repeats, each kept once.

use crate::value::Str;

/// Names beyond these share places with others.
const PLACES: usize = 256;

/// The last name of each place. Names that meet in a place cost an allocation each, and nothing worse. Not an array: a `tpl`
/// that calls itself keeps the frames of its parsers.
#[derive(Default)]
pub(super) struct Names(Vec<Option<Str>>);

impl Names {
    pub(super) fn get(&mut self, name: &[u8]) -> Str {
        if self.0.is_empty() {
            self.0.resize(PLACES, None);
        }
        let place = &mut self.0[place(name)];
        match place {
            Some(known) if **known == *name => known.clone(),
            _ => place.insert(Str::from(name)).clone(),
        }
    }
}

/// FNV-1a, folded.
fn place(name: &[u8]) -> usize {
    let hash = name.iter().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
    });
    (hash ^ hash >> 16) as usize % PLACES
}
