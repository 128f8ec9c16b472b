//! Runs the templates of a chart and its subcharts, and words their errors as Helm does.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use rosin_template::{
    Ambient, Env, Functions, Map, MapType, ParseError, RenderError, Str, Templates, Trace, Value,
    parse,
};

use crate::chart::Chart;
use crate::context::FilesObject;
use crate::functions::{Includes, MISSING, author_message, without_missing};
use crate::{Error, functions};

/// What a rendering happens in, besides charts and values.
pub struct Scene {
    pub functions: Rc<Functions>,
    pub ambient: Rc<dyn Ambient>,
    pub(crate) includes: Rc<Includes>,
    remains: RefCell<Vec<Box<dyn Any>>>,
}

impl Scene {
    #[must_use]
    pub fn new(ambient: Rc<dyn Ambient>) -> Self {
        Self {
            functions: Rc::new(functions()),
            ambient,
            includes: Rc::default(),
            remains: RefCell::default(),
        }
    }

    /// Keeps what a rendering is done with. Taking trees and values apart costs a tenth of it, and a component that ends
    /// with its rendering may as well let them be.
    pub(crate) fn keep(&self, remains: impl Any) {
        self.remains.borrow_mut().push(Box::new(remains));
    }

    /// With a cluster that answers `lookup`: API version, kind, namespace, name.
    #[must_use]
    pub fn with_lookup(
        ambient: Rc<dyn Ambient>,
        lookup: impl Fn(&str, &str, &str, &str) -> Result<Value, String> + 'static,
    ) -> Self {
        let includes = Includes::with_lookup(Box::new(lookup));
        Self {
            includes: Rc::new(includes),
            ..Self::new(ambient)
        }
    }
}

struct Renderable {
    text: Str,
    data: Map,
    base_path: String,
}

/// What one template gave.
pub(crate) struct RenderedFile {
    pub(crate) text: Str,
    trace: Trace,
    /// Where Helm took out Go's mark for a missing value.
    removed: Vec<usize>,
}

impl RenderedFile {
    /// The line of the template that made the text at an offset.
    pub(crate) fn template_line(&self, offset: usize) -> usize {
        let before = self.removed.iter().take_while(|at| **at <= offset).count();
        self.trace.line(offset + before * MISSING.len())
    }
}

/// The texts of all templates, by their paths from the root chart.
pub(crate) fn render(
    chart: &Chart,
    top: &Map,
    scene: &Scene,
) -> Result<BTreeMap<String, RenderedFile>, Error> {
    let mut all = BTreeMap::new();
    collect(chart, chart.name(), top, true, &mut all);
    let mut names: Vec<&String> = all.keys().collect();
    // Deeper templates first, so that a parent's definitions replace those of its subcharts.
    names.sort_by(|a, b| (depth(b), b).cmp(&(depth(a), a)));
    let mut templates = Templates::default();
    for name in &names {
        let Some(found) = all.get(name.as_str()) else {
            continue;
        };
        let trees = parse(name.as_str(), found.text.clone(), &scene.functions)
            .map_err(|error| parse_failed(&error))?;
        templates.add(trees);
    }
    let mut env = Env::new(
        scene.functions.clone(),
        Rc::new(templates),
        scene.ambient.clone(),
    );
    env.host = scene.includes.clone();
    env.to_yaml = Some(|value| rosin_chart::yaml::write(value).map(|text| text + "\n"));
    let mut rendered = BTreeMap::new();
    for name in names {
        if name
            .rsplit('/')
            .next()
            .is_some_and(|base| base.starts_with('_'))
        {
            continue;
        }
        let Some(found) = all.get(name) else { continue };
        let place = Map::typed(MapType::Values, BTreeMap::new());
        place.insert("Name", name.as_str());
        place.insert("BasePath", found.base_path.as_str());
        found.data.insert("Template", Value::Map(place));
        let (text, trace) = env
            .execute_traced(name.as_bytes(), Value::Map(found.data.clone()))
            .map_err(run_failed)?;
        let removed = memchr::memmem::find_iter(&text, MISSING).enumerate();
        let removed = removed
            .map(|(index, at)| at - index * MISSING.len())
            .collect();
        let text = Str::from(without_missing(text));
        rendered.insert(
            name.clone(),
            RenderedFile {
                text,
                trace,
                removed,
            },
        );
    }
    scene.keep((env, all));
    Ok(rendered)
}

fn depth(name: &str) -> usize {
    name.matches('/').count()
}

/// Gathers the templates of a chart and its subcharts, and makes the data that each chart's templates see.
fn collect(
    chart: &Chart,
    path: &str,
    parent: &Map,
    root: bool,
    all: &mut BTreeMap<String, Renderable>,
) -> Map {
    let metadata = chart.metadata.to_map();
    metadata.insert("IsRoot", Value::Bool(root));
    let subcharts = Map::default();
    let get = |key: &str| parent.get(key.as_bytes()).unwrap_or_default();
    let own = match get("Values") {
        values if root => values,
        Value::Map(values) => match values.get(chart.name().as_bytes()) {
            Some(Value::Map(own)) => Value::Map(own.with_kind(MapType::Values)),
            _ => Value::Map(Map::typed(MapType::Values, BTreeMap::new())),
        },
        _ => Value::Map(Map::typed(MapType::Values, BTreeMap::new())),
    };
    let data = Map::from_iter([
        ("Chart", Value::Map(metadata)),
        ("Files", Value::object(FilesObject::new(&chart.files))),
        ("Release", get("Release")),
        ("Capabilities", get("Capabilities")),
        ("Values", own),
        ("Subcharts", Value::Map(subcharts.clone())),
    ]);
    for subchart in &chart.dependencies {
        let path = format!("{path}/charts/{}", subchart.name());
        let inner = collect(subchart, &path, &data, false, all);
        subcharts.insert(subchart.name(), Value::Map(inner));
    }
    for template in &chart.templates {
        let partial = template
            .name
            .rsplit('/')
            .next()
            .is_some_and(|base| base.starts_with('_'));
        if chart.is_library() && !partial {
            continue;
        }
        all.insert(
            format!("{path}/{}", template.name),
            Renderable {
                text: template.data.clone(),
                data: data.clone(),
                base_path: format!("{path}/templates"),
            },
        );
    }
    data
}

fn parse_failed(error: &ParseError) -> Error {
    // Helm keeps the place, and of the words those behind the last colon.
    let message = error.message.rsplit(": ").next().unwrap_or_default();
    Error::Template {
        text: format!("parse error at ({}:{}): {message}", error.name, error.line),
        cause: None,
    }
}

fn run_failed(error: RenderError) -> Error {
    Error::Template {
        text: reworded(&error),
        cause: Some(Box::new(error)),
    }
}

/// Helm's form of an error: the chart author's words, or a trace with a place for each level.
fn reworded(error: &RenderError) -> String {
    if !error.executing {
        return error.text.clone();
    }
    let mut parts = error.text.splitn(3, ": ");
    let (Some(_), Some(place), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return error.text.clone();
    };
    if let Some(message) = author_message(rest) {
        return format!("execution error at ({place}): {message}");
    }
    let mut trace: Vec<String> = Vec::new();
    for level in error.chain() {
        let Some(entry) = trace_entry(&level.text) else {
            return error.text.clone();
        };
        if trace.last() != Some(&entry) {
            trace.push(entry);
        }
    }
    trace.concat().trim().to_owned()
}

fn trace_entry(text: &str) -> Option<String> {
    let rest = text.strip_prefix("template: ")?;
    if rest.starts_with("no template ") {
        return Some(format!("{text}\n"));
    }
    let cut = |message: &str| {
        message
            .split_once(" template:")
            .map_or(message, |(head, _)| head)
            .to_owned()
    };
    if let Some((place, after)) = rest.split_once(": executing ") {
        let quoted = after.strip_prefix('"');
        let (function, tail) = quoted.and_then(|after| after.split_once('"'))?;
        let (expression, message) = tail.strip_prefix(" at <")?.split_once(">: ")?;
        let message = cut(message);
        let mut entry = format!("{place}\n  executing \"{function}\" at <{expression}>:\n    ");
        if !message.is_empty() {
            entry.push_str(&message);
            entry.push('\n');
        }
        return Some(entry);
    }
    let (place, message) = rest.rsplit_once(": ")?;
    Some(format!("{place}\n  {}\n", cut(message)))
}
