//! Sprig's functions, as Helm exposes them. One file for each family; `register` of each adds its names.
//!
//! Those that need keys or slow hashes (`genCA`, `htpasswd` …) ask [`crate::Crypto`] for them.

mod args;
mod case;
mod cast;
mod certificates;
mod crypto;
mod date;
mod decimal;
mod defaults;
mod dict;
mod kinds;
mod lists;
mod merge;
mod numbers;
mod passwords;
mod path;
mod random;
mod re2;
mod regex;
mod semver;
mod strings;
mod time;
mod url;

use crate::func::Functions;
pub use cast::to_int64;
pub use defaults::is_empty;
pub use kinds::deep_copy;
pub use re2::translate as go_regex;
pub(crate) use regex::Patterns;
pub use semver::{Constraints, Version};
pub use strings::{text_of, texts_of};
pub use time::Time;

/// Go's own functions and sprig's.
#[must_use]
pub fn functions() -> Functions {
    let mut functions = Functions::builtin();
    strings::register(&mut functions);
    case::register(&mut functions);
    lists::register(&mut functions);
    dict::register(&mut functions);
    merge::register(&mut functions);
    defaults::register(&mut functions);
    kinds::register(&mut functions);
    numbers::register(&mut functions);
    regex::register(&mut functions);
    semver::register(&mut functions);
    date::register(&mut functions);
    path::register(&mut functions);
    url::register(&mut functions);
    crypto::register(&mut functions);
    certificates::register(&mut functions);
    passwords::register(&mut functions);
    random::register(&mut functions);
    functions
}
