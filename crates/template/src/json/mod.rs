//! Go's `encoding/json` over template values, with its escapes, number formats and error texts.

mod decode;
mod encode;

pub use decode::{decode, decode_list, decode_map};
pub use encode::{encode, encode_pretty, encode_raw, number, string};
