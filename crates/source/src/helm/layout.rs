//! Cuts an index in block style, as all tools write it, into its parts without reading it as YAML: one part for each chart, one for each
//! other field. Only a part is in memory at a time.

use std::io::{self, BufRead};

/// A field of the index, or a chart in its entries, as YAML text of a mapping with that one key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Field(Vec<u8>),
    Chart(Vec<u8>),
}

/// Why a text cannot be cut; it may be a sound index all the same.
#[derive(Debug, thiserror::Error)]
pub(super) enum LayoutError {
    #[error("the index is not laid out as a block mapping")]
    Layout,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Gives each part to `take`, in the order of the text.
pub(super) fn cut<E: From<LayoutError>>(
    mut text: impl BufRead,
    mut take: impl FnMut(Part) -> Result<(), E>,
) -> Result<(), E> {
    let mut line = Vec::new();
    let mut part: Option<(Kind, Vec<u8>)> = None;
    // The column of the names of charts, once the entries have begun.
    let mut entries: Option<Option<usize>> = None;
    loop {
        line.clear();
        if text
            .read_until(b'\n', &mut line)
            .map_err(LayoutError::from)?
            == 0
        {
            break;
        }
        let column = line.iter().take_while(|byte| **byte == b' ').count();
        let content = line[column..].trim_ascii_end();
        if content.is_empty() || content.starts_with(b"#") {
            // Blank lines matter in block scalars.
            if let Some((_, text)) = &mut part {
                text.extend_from_slice(&line);
            }
            continue;
        }
        if column == 0 {
            if content == b"---" && part.is_none() && entries.is_none() {
                continue;
            }
            let continues = content.starts_with(b"- ") || content == b"-";
            if !continues {
                if !has_key(content) {
                    return Err(LayoutError::Layout.into());
                }
                finish(&mut part, &mut take)?;
                if content == b"entries:" {
                    entries = Some(None);
                } else {
                    entries = None;
                    part = Some((Kind::Field, line.clone()));
                }
                continue;
            }
        } else if let Some(names) = &mut entries {
            let names = *names.get_or_insert(column);
            if column < names {
                return Err(LayoutError::Layout.into());
            }
            if column == names && !content.starts_with(b"-") {
                if !has_key(content) {
                    return Err(LayoutError::Layout.into());
                }
                finish(&mut part, &mut take)?;
                part = Some((Kind::Chart, line.clone()));
                continue;
            }
        }
        match &mut part {
            Some((_, text)) => text.extend_from_slice(&line),
            None => return Err(LayoutError::Layout.into()),
        }
    }
    finish(&mut part, &mut take)
}

#[derive(Clone, Copy)]
enum Kind {
    Field,
    Chart,
}

fn finish<E>(
    part: &mut Option<(Kind, Vec<u8>)>,
    take: &mut impl FnMut(Part) -> Result<(), E>,
) -> Result<(), E> {
    match part.take() {
        None => Ok(()),
        Some((Kind::Field, text)) => take(Part::Field(text)),
        Some((Kind::Chart, text)) => take(Part::Chart(text)),
    }
}

fn has_key(content: &[u8]) -> bool {
    let flow = matches!(content[0], b'{' | b'[' | b'}' | b']' | b'&' | b'*' | b'!');
    !flow && (content.ends_with(b":") || content.windows(2).any(|pair| pair == b": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Result<Vec<(bool, String)>, LayoutError> {
        let mut found = Vec::new();
        cut(text.as_bytes(), |part| {
            let (chart, text) = match part {
                Part::Field(text) => (false, text),
                Part::Chart(text) => (true, text),
            };
            found.push((chart, String::from_utf8(text).unwrap()));
            Ok::<_, LayoutError>(())
        })?;
        Ok(found)
    }

    #[test]
    fn charts_are_cut_at_their_names() {
        let text = "---\napiVersion: v1\nentries:\n  a:\n  - name: a\n    description: |\n      b:\n\n      c: d\n  # note\n  b.c:\n    - name: b\ngenerated: x\nannotations:\n  z: y\n";
        let found = parts(text).unwrap();
        let texts: Vec<_> = found
            .iter()
            .map(|(chart, text)| (*chart, &**text))
            .collect();
        assert_eq!(
            texts,
            [
                (false, "apiVersion: v1\n"),
                (
                    true,
                    "  a:\n  - name: a\n    description: |\n      b:\n\n      c: d\n  # note\n"
                ),
                (true, "  b.c:\n    - name: b\n"),
                (false, "generated: x\n"),
                (false, "annotations:\n  z: y\n"),
            ]
        );
    }

    #[test]
    fn other_layouts_are_left_to_others() {
        for text in [
            "{apiVersion: v1}",
            "entries: &a\n  x: []\n*a\n",
            "  apiVersion: v1\n",
            "entries:\n    a:\n    - x\n  b:\n  - y\n",
            "just a text",
        ] {
            assert!(matches!(parts(text), Err(LayoutError::Layout)), "{text:?}");
        }
    }
}
