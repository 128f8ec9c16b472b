//! What can be done to a value.

use super::parse::Function;
use super::{LARGEST, SubstitutionError, glob};

pub(super) fn apply(
    function: Function,
    value: &[u8],
    arguments: &[Vec<u8>],
) -> Result<Vec<u8>, SubstitutionError> {
    let argument = |index: usize| arguments.get(index).map_or(&[][..], Vec::as_slice);
    Ok(match function {
        Function::Value => value.to_vec(),
        Function::Default if value.is_empty() => arguments.concat(),
        Function::Default => value.to_vec(),
        Function::Length => value.len().to_string().into_bytes(),
        Function::Lower => map(value, usize::MAX, lower),
        Function::LowerFirst => map(value, 1, lower),
        Function::Upper => map(value, usize::MAX, upper),
        Function::UpperFirst => map(value, 1, upper),
        Function::Substring => substring(value, arguments)?,
        Function::TrimShortestPrefix => {
            glob::trim_prefix(value, argument(0), glob::Extent::Shortest)?
        }
        Function::TrimLongestPrefix => {
            glob::trim_prefix(value, argument(0), glob::Extent::Longest)?
        }
        Function::TrimShortestSuffix => {
            glob::trim_suffix(value, argument(0), glob::Extent::Shortest)?
        }
        Function::TrimLongestSuffix => {
            glob::trim_suffix(value, argument(0), glob::Extent::Longest)?
        }
        Function::ReplaceFirst => replace(value, argument(0), argument(1), 1)?,
        Function::ReplaceAll => replace(value, argument(0), argument(1), usize::MAX)?,
        // Without a replacement these two do nothing.
        Function::ReplacePrefix if arguments.len() == 2 && value.starts_with(argument(0)) => {
            [argument(1), &value[argument(0).len()..]].concat()
        }
        Function::ReplaceSuffix if arguments.len() == 2 && value.ends_with(argument(0)) => {
            [&value[..value.len() - argument(0).len()], argument(1)].concat()
        }
        Function::ReplacePrefix | Function::ReplaceSuffix => value.to_vec(),
    })
}

/// Changes the case of the first characters; those whose other case is not one character stay.
fn map(value: &[u8], count: usize, change: fn(char) -> char) -> Vec<u8> {
    let text = String::from_utf8_lossy(value);
    let changed: String = text
        .chars()
        .enumerate()
        .map(|(index, c)| if index < count { change(c) } else { c })
        .collect();
    changed.into_bytes()
}

fn lower(c: char) -> char {
    let mut all = c.to_lowercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn upper(c: char) -> char {
    let mut all = c.to_uppercase();
    match (all.next(), all.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

/// Offset and length in bytes; a negative offset counts from the end. What is no number leaves the value whole.
fn substring(value: &[u8], arguments: &[Vec<u8>]) -> Result<Vec<u8>, SubstitutionError> {
    let number = |index: usize| {
        let text = arguments
            .get(index)
            .and_then(|bytes| std::str::from_utf8(bytes).ok());
        text.and_then(|text| text.parse::<i64>().ok())
    };
    let size = i64::try_from(value.len()).unwrap_or(i64::MAX);
    let Some(offset) = number(0) else {
        return Ok(value.to_vec());
    };
    let start = if offset < 0 {
        size.saturating_add(offset).max(0)
    } else {
        offset
    };
    let end = match arguments.len() {
        0 | 1 => size,
        _ => match number(1) {
            Some(length) => start.saturating_add(length).min(size),
            None => return Ok(value.to_vec()),
        },
    };
    if start >= size {
        return Ok(Vec::new());
    }
    if end < start {
        return Err(SubstitutionError::Limit(
            "a substring has a negative length",
        ));
    }
    let index = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    Ok(value[index(start)..index(end)].to_vec())
}

fn replace(
    value: &[u8],
    from: &[u8],
    to: &[u8],
    most: usize,
) -> Result<Vec<u8>, SubstitutionError> {
    if from.is_empty() {
        return Ok(insert(value, to, most));
    }
    let mut output = Vec::with_capacity(value.len());
    let (mut rest, mut done) = (value, 0);
    while done < most
        && let Some(at) = find(rest, from)
    {
        output.extend_from_slice(&rest[..at]);
        output.extend_from_slice(to);
        if output.len() > LARGEST {
            return Err(SubstitutionError::Limit("the result is larger than 16 MiB"));
        }
        rest = &rest[at + from.len()..];
        done += 1;
    }
    output.extend_from_slice(rest);
    Ok(output)
}

/// An empty pattern is before every character and at the end, as Go has it. Only an empty variable makes one.
fn insert(value: &[u8], to: &[u8], most: usize) -> Vec<u8> {
    let text = String::from_utf8_lossy(value);
    text.replacen("", &String::from_utf8_lossy(to), most)
        .into_bytes()
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}
