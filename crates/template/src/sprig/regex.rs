//! Regular expressions in RE2's syntax, with Go's rules for finding, replacing and splitting.

use std::collections::HashMap;
use std::rc::Rc;

use ::regex::bytes::{Captures, Regex, RegexBuilder};

use super::args::{int, text};
use super::re2;
use super::strings::MAX_RESULT;
use crate::error::CallError;
use crate::exec::Env;
use crate::func::{Functions, Param};
use crate::value::{List, ListType, Str, Value, lossy};

type Called = Result<Value, CallError>;

/// Compiled size beyond which a pattern is refused.
const MAX_PROGRAM: usize = 4 << 20;
const MAX_PATTERN: usize = 64 << 10;

pub(super) fn register(functions: &mut Functions) {
    use Param::{Int, String as Text};
    functions.add("regexMatch", &[Text, Text], |env, a| {
        Ok(Value::Bool(
            compile(env, a).is_ok_and(|regex| regex.is_match(text(a, 1))),
        ))
    });
    functions.add("mustRegexMatch", &[Text, Text], |env, a| {
        Ok(Value::Bool(compile(env, a)?.is_match(text(a, 1))))
    });
    let mut pair = |name, must, params, body: crate::func::Body, must_body: crate::func::Body| {
        functions.add(name, params, body);
        functions.add(must, params, must_body);
    };
    pair(
        "regexFind",
        "mustRegexFind",
        &[Text, Text],
        |env, a| find(env, a).map_err(panicked),
        find,
    );
    pair(
        "regexFindAll",
        "mustRegexFindAll",
        &[Text, Text, Int],
        |env, a| find_all(env, a).map_err(panicked),
        find_all,
    );
    pair(
        "regexReplaceAll",
        "mustRegexReplaceAll",
        &[Text, Text, Text],
        |env, a| replace(env, a, false).map_err(panicked),
        |env, a| replace(env, a, false),
    );
    pair(
        "regexReplaceAllLiteral",
        "mustRegexReplaceAllLiteral",
        &[Text, Text, Text],
        |env, a| replace(env, a, true).map_err(panicked),
        |env, a| replace(env, a, true),
    );
    pair(
        "regexSplit",
        "mustRegexSplit",
        &[Text, Text, Int],
        |env, a| split(env, a).map_err(panicked),
        split,
    );
    functions.add("regexQuoteMeta", &[Text], |_, a| {
        let mut out = Vec::new();
        for byte in text(a, 0) {
            if b"\\.+*?()|[]{}^$".contains(byte) {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        Ok(Value::string(out))
    });
}

/// Compiled patterns that are kept.
const MOST_KEPT: usize = 128;
/// What compiling a pattern costs of a rendering's steps: those that repeat can become large.
const STEPS: u64 = 100;
const STEPS_OF_REPETITION: u64 = 10_000;

/// Patterns of a rendering: templates use few, in loops and includes, and compiling one costs more than many matches.
#[derive(Default)]
pub(crate) struct Patterns(HashMap<Str, Rc<Regex>>);

fn compile(env: &mut Env, a: &[Value]) -> Result<Rc<Regex>, CallError> {
    let pattern = text(a, 0);
    if let Some(regex) = env.patterns.0.get(pattern) {
        return Ok(regex.clone());
    }
    env.spend(if pattern.contains(&b'{') {
        STEPS_OF_REPETITION
    } else {
        STEPS + pattern.len() as u64
    });
    let known = &mut env.patterns.0;
    let regex = Rc::new(compiled(pattern)?);
    if known.len() >= MOST_KEPT {
        known.clear();
    }
    known.insert(Str::from(pattern), regex.clone());
    Ok(regex)
}

fn compiled(pattern: &[u8]) -> Result<Regex, CallError> {
    if pattern.len() > MAX_PATTERN {
        return Err("error parsing regexp: expression too large".into());
    }
    let pattern = lossy(pattern);
    let translated =
        re2::translate(&pattern).map_err(|error| format!("error parsing regexp: {error}"))?;
    RegexBuilder::new(&translated)
        .size_limit(MAX_PROGRAM)
        .build()
        .map_err(|_| {
            format!("error parsing regexp: expression too large or not supported: `{pattern}`")
                .into()
        })
}

/// The functions without `must` panic in Go, which words the same error differently.
fn panicked(error: CallError) -> CallError {
    let text = &error.0.text;
    match (
        text.strip_prefix("error parsing regexp: "),
        text.split_once('`'),
    ) {
        (Some(_), Some((_, tail))) => {
            let pattern = tail.trim_end_matches('`').to_owned();
            format!("regexp: Compile(`{pattern}`): {text}").into()
        }
        _ => error,
    }
}

/// Matches as Go finds them: none that is empty right behind the one before.
fn matches<'r, 't>(
    regex: &'r Regex,
    source: &'t [u8],
    limit: i64,
) -> impl Iterator<Item = Captures<'t>> + use<'r, 't> {
    let mut left = usize::try_from(limit).unwrap_or(usize::MAX);
    let mut at = 0;
    let mut previous_end = None;
    std::iter::from_fn(move || {
        while at <= source.len() && left > 0 {
            let captures = regex.captures_at(source, at)?;
            let whole = captures.get(0)?;
            let (start, end) = (whole.start(), whole.end());
            let empty_after = end == start && previous_end == Some(start);
            at = if end == start {
                start + step(&source[start..])
            } else {
                end
            };
            previous_end = Some(end);
            if !empty_after {
                left -= 1;
                return Some(captures);
            }
        }
        None
    })
}

/// The size of the next rune, at least one.
fn step(source: &[u8]) -> usize {
    let window = &source[..source.len().min(4)];
    window
        .utf8_chunks()
        .next()
        .and_then(|chunk| chunk.valid().chars().next())
        .map_or(1, char::len_utf8)
}

fn find(env: &mut Env, args: &[Value]) -> Called {
    let regex = compile(env, args)?;
    Ok(Value::string(
        regex
            .find(text(args, 1))
            .map_or(&b""[..], |found| found.as_bytes()),
    ))
}

fn find_all(env: &mut Env, args: &[Value]) -> Called {
    let regex = compile(env, args)?;
    let found: Vec<Str> = matches(&regex, text(args, 1), int(args, 2))
        .map(|captures| Str::from(captures.get(0).map_or(&b""[..], |found| found.as_bytes())))
        .collect();
    if found.is_empty() {
        return Ok(Value::List(List::nil(ListType::String)));
    }
    Ok(Value::List(List::strings(found)))
}

fn replace(env: &mut Env, args: &[Value], literal: bool) -> Called {
    let regex = compile(env, args)?;
    let (source, template) = (text(args, 1), text(args, 2));
    let mut out = Vec::with_capacity(source.len());
    let mut last = 0;
    for captures in matches(&regex, source, -1) {
        let Some(whole) = captures.get(0) else {
            continue;
        };
        out.extend_from_slice(&source[last..whole.start()]);
        if literal {
            out.extend_from_slice(template);
        } else {
            expand(&mut out, template, &captures);
        }
        last = whole.end();
        if out.len() > MAX_RESULT {
            return Err(format!("result of more than {MAX_RESULT} bytes is too large").into());
        }
    }
    out.extend_from_slice(&source[last..]);
    Ok(Value::string(out))
}

/// `$1`, `${name}`, `$$`. A name is as long as it can be, and unknown ones are empty.
fn expand(out: &mut Vec<u8>, template: &[u8], captures: &Captures<'_>) {
    let mut rest = template;
    while let Some(dollar) = memchr::memchr(b'$', rest) {
        out.extend_from_slice(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let [b'$', tail @ ..] = rest {
            out.push(b'$');
            rest = tail;
            continue;
        }
        let (braced, body) = match rest {
            [b'{', tail @ ..] => (true, tail),
            _ => (false, rest),
        };
        let length = body
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        if length == 0 || (braced && body.get(length) != Some(&b'}')) {
            out.push(b'$');
            continue;
        }
        let name = lossy(&body[..length]);
        let group = match name.parse::<usize>() {
            Ok(index) => captures.get(index),
            Err(_) => captures.name(&name),
        };
        if let Some(group) = group {
            out.extend_from_slice(group.as_bytes());
        }
        rest = &body[length + usize::from(braced)..];
    }
    out.extend_from_slice(rest);
}

fn split(env: &mut Env, args: &[Value]) -> Called {
    let regex = compile(env, args)?;
    let (source, limit) = (text(args, 1), int(args, 2));
    if limit == 0 {
        return Ok(Value::List(List::nil(ListType::String)));
    }
    if !text(args, 0).is_empty() && source.is_empty() {
        return Ok(Value::List(List::strings([""])));
    }
    let mut parts = Vec::new();
    let (mut start, mut end) = (0, 0);
    for captures in matches(&regex, source, limit) {
        let Some(whole) = captures.get(0) else {
            continue;
        };
        if limit > 0 && parts.len() as i64 == limit - 1 {
            break;
        }
        end = whole.start();
        if whole.end() != 0 {
            parts.push(Str::from(&source[start..end]));
        }
        start = whole.end();
    }
    if end != source.len() {
        parts.push(Str::from(&source[start..]));
    }
    Ok(Value::List(List::strings(parts)))
}
