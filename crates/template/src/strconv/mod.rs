//! Go's conversions between text and numbers, and its quoting. Error texts are those that templates show.

mod float;
mod integer;
mod print;
mod quote;
mod unquote;

pub use float::{format_float, parse_float};
pub use integer::{atoi, parse_int, parse_uint};
pub(crate) use print::is_print;
pub(crate) use quote::can_backquote;
pub use quote::{quote, quote_ascii, quote_rune, quote_rune_ascii};
pub(crate) use unquote::{unquote, unquote_char};

/// Why a number could not be read; the words are those of Go's `strconv.NumError`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    Syntax,
    Range,
}

impl NumberError {
    /// The full text of Go's error for `function` and its input.
    #[must_use]
    pub fn text(self, function: &str, input: &[u8]) -> String {
        let why = match self {
            Self::Syntax => "invalid syntax",
            Self::Range => "value out of range",
        };
        format!("strconv.{function}: parsing {}: {why}", quote(input))
    }
}
