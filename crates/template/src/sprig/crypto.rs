//! Encodings and digests.

use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use super::args::text;
use crate::base64;
use crate::func::{Functions, Param};
use crate::value::{Str, Value};

pub(super) fn register(functions: &mut Functions) {
    let mut add = |name, body: crate::func::Body| functions.add(name, &[Param::String], body);
    add("b64enc", |_, a| Ok(Value::from(base64::encode(text(a, 0)))));
    add("b32enc", |_, a| {
        Ok(Value::from(base64::encode32(text(a, 0))))
    });
    // What cannot be decoded gives its error as the result: such is sprig.
    add("b64dec", |_, a| {
        Ok(Value::Str(
            base64::decode(text(a, 0)).map_or_else(Str::from, Str::from),
        ))
    });
    add("b32dec", |_, a| {
        Ok(Value::Str(
            base64::decode32(text(a, 0)).map_or_else(Str::from, Str::from),
        ))
    });
    add("sha1sum", |_, a| {
        Ok(Value::from(hex(&Sha1::digest(text(a, 0)))))
    });
    add("sha256sum", |_, a| {
        Ok(Value::from(hex(&Sha256::digest(text(a, 0)))))
    });
    add("sha512sum", |_, a| {
        Ok(Value::from(hex(&Sha512::digest(text(a, 0)))))
    });
    add("adler32sum", |_, a| {
        Ok(Value::from(adler32(text(a, 0)).to_string()))
    });
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn adler32(bytes: &[u8]) -> u32 {
    let (mut a, mut b) = (1u32, 0u32);
    for byte in bytes {
        a = (a + u32::from(*byte)) % 65_521;
        b = (b + a) % 65_521;
    }
    b << 16 | a
}
