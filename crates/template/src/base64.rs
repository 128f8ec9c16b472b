//! Base 64 and base 32 in Go's standard alphabets, with its error texts.

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

#[must_use]
pub(crate) fn encode(bytes: &[u8]) -> String {
    radix(bytes, BASE64, 6, 3, 4)
}

#[must_use]
pub(crate) fn encode32(bytes: &[u8]) -> String {
    radix(bytes, BASE32, 5, 5, 8)
}

/// Groups of `input` bytes become groups of `output` characters of `bits` bits each.
fn radix(bytes: &[u8], alphabet: &[u8], bits: usize, input: usize, output: usize) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(input) * output);
    for group in bytes.chunks(input) {
        let mut word = 0u64;
        for index in 0..input {
            word = word << 8 | u64::from(group.get(index).copied().unwrap_or(0));
        }
        let used = (group.len() * 8).div_ceil(bits);
        for index in 0..output {
            let shift = bits * (output - 1 - index);
            let digit = (word >> shift) as usize & ((1 << bits) - 1);
            out.push(if index < used {
                char::from(alphabet[digit])
            } else {
                '='
            });
        }
    }
    out
}

pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, String> {
    unradix(text, BASE64, 6, 4).map_err(|at| format!("illegal base64 data at input byte {at}"))
}

pub(crate) fn decode32(text: &[u8]) -> Result<Vec<u8>, String> {
    unradix(text, BASE32, 5, 8).map_err(|at| format!("illegal base32 data at input byte {at}"))
}

/// Newlines are skipped; padding is required and must be the end. Errors are positions in the input, as Go counts them.
fn unradix(text: &[u8], alphabet: &[u8], bits: usize, group: usize) -> Result<Vec<u8>, usize> {
    let mut table = [None; 256];
    for (value, byte) in alphabet.iter().enumerate() {
        table[usize::from(*byte)] = Some(value as u64);
    }
    let mut out = Vec::with_capacity(text.len() * bits / 8);
    let mut word = 0u64;
    let mut count = 0;
    let mut symbols = text
        .iter()
        .enumerate()
        .filter(|(_, byte)| !matches!(byte, b'\r' | b'\n'));
    while let Some((at, byte)) = symbols.next() {
        if *byte == b'=' {
            // What is left must be padding that fills the group and nothing else.
            let whole = count * bits / 8;
            let valid = count > 0 && (whole * 8).div_ceil(bits) == count;
            if !valid {
                return Err(at);
            }
            for _ in count + 1..group {
                match symbols.next() {
                    Some((_, b'=')) => {}
                    Some((at, _)) => return Err(at),
                    None => return Err(text.len()),
                }
            }
            if let Some((at, _)) = symbols.next() {
                return Err(at);
            }
            let padded = word << (bits * (group - count));
            let total = bits * group / 8;
            for index in 0..whole {
                out.push((padded >> (8 * (total - 1 - index))) as u8);
            }
            return Ok(out);
        }
        let Some(value) = table[usize::from(*byte)] else {
            return Err(at);
        };
        word = word << bits | value;
        count += 1;
        if count == group {
            let total = bits * group / 8;
            for index in 0..total {
                out.push((word >> (8 * (total - 1 - index))) as u8);
            }
            word = 0;
            count = 0;
        }
    }
    if count > 0 {
        Err(text.len() - count)
    } else {
        Ok(out)
    }
}
