//! `format`: what texts must look like. Formats that are not known here are not checked.

/// Why a text is not of a format.
pub(crate) fn check(format: &str, text: &str) -> Result<(), String> {
    match format {
        "ipv4" => ipv4(text),
        "ipv6" => ipv6(text),
        "hostname" => hostname(text),
        "email" => email(text),
        "uuid" => uuid(text),
        "date" => date(text),
        "uri" | "iri" if !text.contains(':') => Err("relative url".into()),
        "regex" => rosin_template::sprig::go_regex(text)
            .map(drop)
            .map_err(|error| format!("error parsing regexp: {error}")),
        "json-pointer" if !text.is_empty() && !text.starts_with('/') => {
            Err("not starting with /".into())
        }
        "semver" => rosin_template::sprig::Version::parse(text).map(drop),
        _ => Ok(()),
    }
}

fn fail(why: &str) -> Result<(), String> {
    Err(why.to_owned())
}

fn ipv4(text: &str) -> Result<(), String> {
    let groups: Vec<&str> = text.split('.').collect();
    if groups.len() != 4 {
        return fail("expected four decimals");
    }
    for group in groups {
        if group.len() > 1 && group.starts_with('0') {
            return fail("leading zeros");
        }
        match rosin_template::strconv::atoi(group.as_bytes()) {
            Ok(0..=255) => {}
            Ok(_) => return fail("decimal must be between 0 and 255"),
            Err(error) => return Err(error.text("Atoi", group.as_bytes())),
        }
    }
    Ok(())
}

fn ipv6(text: &str) -> Result<(), String> {
    if !text.contains(':') {
        return fail("missing colon");
    }
    match text.parse::<std::net::Ipv6Addr>() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("ParseAddr({text:?}): unable to parse IP")),
    }
}

fn hostname(text: &str) -> Result<(), String> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.len() > 253 {
        return fail("more than 253 characters long");
    }
    for label in text.split('.') {
        if label.is_empty() || label.len() > 63 {
            return fail("label must be 1 to 63 characters long");
        }
        if label.starts_with('-') {
            return fail("label starts with hyphen");
        }
        if label.ends_with('-') {
            return fail("label ends with hyphen");
        }
        if let Some(c) = label
            .chars()
            .find(|c| !c.is_ascii_alphanumeric() && *c != '-')
        {
            return Err(format!("invalid character '{c}'"));
        }
    }
    Ok(())
}

fn email(text: &str) -> Result<(), String> {
    if text.len() > 254 {
        return fail("more than 255 characters long");
    }
    let Some((local, domain)) = text.rsplit_once('@') else {
        return fail("missing @");
    };
    if local.len() > 64 {
        return fail("local part more than 64 characters long");
    }
    if local.starts_with('.') || local.ends_with('.') {
        return fail(if local.starts_with('.') {
            "starts with dot"
        } else {
            "ends with dot"
        });
    }
    hostname(domain).map_err(|why| format!("invalid domain: {why}"))
}

fn uuid(text: &str) -> Result<(), String> {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    if lengths != [8, 4, 4, 4, 12] {
        return fail(if lengths.len() == 5 {
            "elements have wrong length"
        } else {
            "expected five elements"
        });
    }
    match text.chars().find(|c| !c.is_ascii_hexdigit() && *c != '-') {
        Some(_) => fail("non-hex character"),
        None => Ok(()),
    }
}

fn date(text: &str) -> Result<(), String> {
    let bytes = text.as_bytes();
    let form = bytes.len() == 10
        && bytes.iter().enumerate().all(|(at, byte)| {
            if matches!(at, 4 | 7) {
                *byte == b'-'
            } else {
                byte.is_ascii_digit()
            }
        });
    let part = |from: usize, to: usize| {
        text.get(from..to)
            .and_then(|part| part.parse::<u32>().ok())
            .unwrap_or(0)
    };
    if form && (1..=12).contains(&part(5, 7)) && (1..=31).contains(&part(8, 10)) {
        return Ok(());
    }
    Err(format!(
        "parsing time {text:?} as \"2006-01-02\": cannot parse {text:?} as \"2006\""
    ))
}
