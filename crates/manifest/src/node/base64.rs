//! The standard alphabet with padding, as `!!binary` has it.

/// The decoded text; bytes that are not UTF-8 become replacement characters, as Go's JSON encoder makes them. None if it is not base64.
pub(crate) fn decode(text: &str) -> Option<String> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !matches!(byte, b'\n' | b'\r'))
        .collect();
    if !digits.len().is_multiple_of(4) {
        return None;
    }
    let padding = digits
        .iter()
        .rev()
        .take_while(|byte| **byte == b'=')
        .count();
    if padding > 2 {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() / 4 * 3);
    let mut bits = 0u32;
    let payload = &digits[..digits.len() - padding];
    for (at, digit) in payload.iter().enumerate() {
        bits = bits << 6 | u32::from(value(*digit)?);
        // The second, third and fourth digit complete a byte and leave 4, 2 and 0 bits.
        if at % 4 > 0 {
            bytes.push(u8::try_from(bits >> (6 - 2 * (at % 4)) & 0xFF).ok()?);
        }
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

fn value(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn decodes_with_and_without_padding() {
        for (text, plain) in [
            ("", ""),
            ("aGk=", "hi"),
            ("aG\nkh", "hi!"),
            ("aGkhIQ==", "hi!!"),
        ] {
            assert_eq!(decode(text).as_deref(), Some(plain));
        }
        for text in ["a", "aGk", "aG=k", "a===", "aG k"] {
            assert_eq!(decode(text), None, "{text}");
        }
    }
}
