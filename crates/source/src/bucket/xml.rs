//! The little XML that S3 answers with: elements without attributes of interest, one inside the other.

/// The text of each element of a name, from the start, without what is inside of others of that name.
pub(super) fn elements<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(open.as_str()) {
        let Some((inner, after)) = after.split_once(close.as_str()) else {
            break;
        };
        found.push(inner);
        rest = after;
    }
    found
}

/// The text of the first element of a name, without escapes.
pub(super) fn text(text: &str, name: &str) -> Option<String> {
    let inner = elements(text, name).into_iter().next()?;
    unescape(inner)
}

/// `None` for what is no XML text.
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        plain.push_str(before);
        let (name, after) = after.split_once(';')?;
        plain.push(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            name => {
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16),
                    None => number.parse(),
                };
                char::from_u32(code.ok()?)?
            }
        });
        rest = after;
    }
    plain.push_str(rest);
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read() {
        let list = "<L><C><K>a&amp;b</K></C><C><K>&#x43;&#100;</K></C><C><K>&bad;</K></C></L>";
        let keys: Vec<_> = elements(list, "C").iter().map(|c| text(c, "K")).collect();
        assert_eq!(keys, [Some("a&b".to_owned()), Some("Cd".to_owned()), None]);
        assert_eq!(elements("<C>open", "C"), Vec::<&str>::new());
    }
}
