//! YAML by go-yaml v3's rules. Comments keep their places as far as the reader of manifests knows them.

use rosin_manifest::{
    node::{self, Kind, Mapping, Node, Scalar, Tag},
    yaml::{self, Dialect, resolve},
};

use super::MAX_DEPTH;
use crate::value::{Comment, Field, Fields, Item, Value};

pub(super) fn read(bytes: &[u8]) -> Result<Vec<Fields>, String> {
    let documents = yaml::read(bytes, Dialect::Kyaml).map_err(|error| error.to_string())?;
    documents.iter().map(document).collect()
}

fn document(node: &Node) -> Result<Fields, String> {
    let Kind::Mapping(mapping) = &node.kind else {
        return Err(format!(
            "the document in line {} is not a mapping",
            node.line
        ));
    };
    let mut fields = Fields::new();
    let comments = node.comments.as_deref();
    fields.extend(lines(comments.map(|c| c.head.as_str()), false).map(Field::Comment));
    read_fields(mapping, &mut fields, 1)?;
    fields.extend(lines(comments.map(|c| c.foot.as_str()), false).map(Field::Comment));
    Ok(fields)
}

fn read_fields(mapping: &Mapping, fields: &mut Fields, depth: usize) -> Result<(), String> {
    for (key, node) in mapping.entries() {
        if key.meaning() != Tag::Str {
            return Err(format!("line {} has a key that is not a text", node.line));
        }
        let comments = node.comments.as_deref();
        let inline = node.is_scalar();
        fields.extend(lines(comments.map(|c| c.head.as_str()), false).map(Field::Comment));
        fields.extend(lines(comments.map(|c| c.line.as_str()), inline).map(Field::Comment));
        fields.push(Field::Value(key.value.to_string(), value(node, depth)?));
        fields.extend(lines(comments.map(|c| c.foot.as_str()), false).map(Field::Comment));
    }
    Ok(())
}

fn value(node: &Node, depth: usize) -> Result<Value, String> {
    if depth > MAX_DEPTH {
        return Err("it is nested too deeply".to_owned());
    }
    match &node.kind {
        Kind::Scalar(scalar) => scalar_value(scalar, node.line),
        Kind::Mapping(mapping) => {
            let mut fields = Fields::new();
            read_fields(mapping, &mut fields, depth + 1)?;
            Ok(Value::Map(fields))
        }
        Kind::Sequence(nodes) => {
            let mut items = Vec::new();
            for node in nodes.iter() {
                let comments = node.comments.as_deref();
                items.extend(lines(comments.map(|c| c.head.as_str()), false).map(Item::Comment));
                items.extend(lines(comments.map(|c| c.line.as_str()), true).map(Item::Comment));
                items.push(Item::Value(value(node, depth + 1)?));
                items.extend(lines(comments.map(|c| c.foot.as_str()), false).map(Item::Comment));
            }
            Ok(Value::List(items))
        }
    }
}

fn scalar_value(scalar: &Scalar, line: u32) -> Result<Value, String> {
    let text = scalar.value.as_str();
    let wrong = |kind: &str| format!("line {line} has {kind} that is out of range");
    Ok(match scalar.meaning() {
        Tag::Str => Value::text(text),
        Tag::Null => Value::Null,
        Tag::Bool => {
            Value::Bool(resolve::boolean(text, Dialect::Kyaml).ok_or_else(|| wrong("a boolean"))?)
        }
        Tag::Int => Value::Int(scalar.as_i64().ok_or_else(|| wrong("an integer"))?),
        Tag::Float => Value::Float(float(text).ok_or_else(|| wrong("a number"))?),
        Tag::Timestamp => Value::Time(resolve::timestamp(text).ok_or_else(|| wrong("a time"))?),
        Tag::Binary => {
            Value::text(binary(text).ok_or_else(|| format!("line {line} has broken base64"))?)
        }
    })
}

fn float(text: &str) -> Option<f64> {
    match text.trim_start_matches('+').to_ascii_lowercase().as_str() {
        ".inf" => Some(f64::INFINITY),
        "-.inf" => Some(f64::NEG_INFINITY),
        ".nan" => Some(f64::NAN),
        _ => resolve::float(text),
    }
}

fn binary(text: &str) -> Option<Vec<u8>> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let packed: String = text.split_ascii_whitespace().collect();
    STANDARD.decode(packed).ok()
}

/// The lines of a comment without their marks; empty lines between them are lost, as they are to SOPS.
fn lines(text: Option<&str>, inline: bool) -> impl Iterator<Item = Comment> {
    text.unwrap_or_default()
        .lines()
        .filter(|line| !line.is_empty())
        .map(move |line| Comment {
            text: line.strip_prefix('#').unwrap_or(line).to_owned(),
            inline,
        })
}

/// As SOPS writes YAML: four columns of indentation, lists indented, styles chosen anew.
pub(super) fn write(documents: &[Fields]) -> Result<Vec<u8>, String> {
    let nodes = documents
        .iter()
        .map(|fields| mapping(fields).map(Block::below_key))
        .collect::<Result<Vec<_>, _>>()?;
    let texts: Vec<String> = nodes
        .iter()
        .map(|node| yaml::to_string_indented(node, 4))
        .collect();
    Ok(texts.join("---\n").into_bytes())
}

/// Comments that wait for the value that follows them.
#[derive(Default)]
struct Waiting {
    head: String,
    line: String,
}

impl Waiting {
    fn push(&mut self, comment: &Comment) {
        let lines = if comment.inline {
            &mut self.line
        } else {
            &mut self.head
        };
        add_line(lines, &format!("#{}", comment.text));
    }

    fn attach(&mut self, node: &mut Node) {
        let Self { head, line } = std::mem::take(self);
        put_above(node, &head);
        if !line.is_empty() {
            node.comments.get_or_insert_default().line = line.into();
        }
    }

    /// What is left at the end stands behind the last value.
    fn end(mut self, last: Option<&mut Node>) {
        let line = std::mem::take(&mut self.line);
        add_line(&mut self.head, &line);
        if let (Some(node), false) = (last, self.head.is_empty()) {
            node.comments.get_or_insert_default().foot = self.head.into();
        }
    }
}

fn add_line(lines: &mut String, line: &str) {
    if !lines.is_empty() && !line.is_empty() {
        lines.push('\n');
    }
    lines.push_str(line);
}

fn put_above(node: &mut Node, head: &str) {
    if head.is_empty() {
        return;
    }
    let comments = node.comments.get_or_insert_default();
    let mut lines = head.to_owned();
    add_line(&mut lines, &comments.head);
    comments.head = lines.into();
}

/// A block, and the comment that it begins with: where that goes depends on what holds the block.
struct Block {
    node: Node,
    head: String,
}

impl Block {
    /// Below a key, the comment stands within the block. go-yaml forgets it if the first item of a list begins with one of its own.
    fn below_key(self) -> Node {
        let Self { mut node, head } = self;
        let first = match &mut node.kind {
            Kind::Mapping(mapping) => mapping.iter_mut().next().map(|(_, value)| value),
            Kind::Sequence(items) => items.iter_mut().next().filter(|item| {
                item.comments
                    .as_ref()
                    .is_none_or(|comments| comments.head.is_empty())
            }),
            Kind::Scalar(_) => None,
        };
        if let Some(first) = first {
            put_above(first, &head);
        }
        node
    }

    /// In a list, it stands above the dash.
    fn in_list(self) -> Node {
        let Self { mut node, head } = self;
        put_above(&mut node, &head);
        node
    }
}

fn mapping(fields: &Fields) -> Result<Block, String> {
    let mut mapping = Mapping::with_capacity(fields.len());
    let mut waiting = Waiting::default();
    let mut head = None;
    let mut last = None;
    for field in fields {
        match field {
            Field::Comment(comment) => waiting.push(comment),
            Field::Value(key, value) => {
                if head.is_none() {
                    head = Some(std::mem::take(&mut waiting.head));
                }
                let mut node = block(value)?.below_key();
                waiting.attach(&mut node);
                let style = yaml::go_string_style(key);
                if mapping
                    .insert_key(Scalar::new(key.as_str(), Tag::Str, style), node)
                    .is_some()
                {
                    return Err(format!("field '{key}' is there twice"));
                }
                last = Some(key);
            }
        }
    }
    waiting.end(last.and_then(|key| mapping.get_mut(key)));
    Ok(Block {
        node: mapping.into(),
        head: head.unwrap_or_default(),
    })
}

fn list(items: &[Item]) -> Result<Block, String> {
    let mut nodes: Vec<Node> = Vec::with_capacity(items.len());
    let mut waiting = Waiting::default();
    let mut head = None;
    for item in items {
        match item {
            Item::Comment(comment) => waiting.push(comment),
            Item::Value(value) => {
                if head.is_none() {
                    head = Some(std::mem::take(&mut waiting.head));
                }
                let mut node = block(value)?.in_list();
                waiting.attach(&mut node);
                nodes.push(node);
            }
        }
    }
    waiting.end(nodes.last_mut());
    Ok(Block {
        node: nodes.into(),
        head: head.unwrap_or_default(),
    })
}

fn block(value: &Value) -> Result<Block, String> {
    let node = match value {
        Value::Map(fields) => return mapping(fields),
        Value::List(items) => return list(items),
        Value::Null => Node::null(),
        Value::Bool(value) => Node::bool(*value),
        Value::Int(number) => Node::int(*number),
        Value::Float(number) => Node::plain(yaml_float(*number)),
        Value::Time(time) => Node::plain(time.as_str()),
        Value::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|_| "a value is not UTF-8".to_owned())?;
            Scalar::new(text, Tag::Str, yaml::go_string_style(text)).into()
        }
    };
    Ok(Block {
        node,
        head: String::new(),
    })
}

/// go-yaml's `FormatFloat(f, 'g', -1, 64)`.
fn yaml_float(number: f64) -> String {
    if number.is_nan() {
        ".nan".to_owned()
    } else if number.is_infinite() {
        if number > 0.0 { ".inf" } else { "-.inf" }.to_owned()
    } else {
        node::go_float(number)
    }
}
