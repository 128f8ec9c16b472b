//! `include`, `tpl`, `required`, `fail`, `lookup`.

use std::cell::RefCell;
use std::collections::HashMap;

use rosin_template::strconv::quote;
use rosin_template::{CallError, Env, Functions, Map, Param, RenderError, Str, Value};

/// How often templates are inside themselves at the moment, and what the host answers to lookups.
#[derive(Default)]
pub(crate) struct Includes {
    depth: RefCell<HashMap<Str, usize>>,
    lookup: Option<Lookup>,
}

impl Includes {
    pub(crate) fn with_lookup(lookup: Lookup) -> Self {
        Self {
            lookup: Some(lookup),
            ..Self::default()
        }
    }
}

/// Asks the cluster: API version, kind, namespace, name.
type Lookup = Box<dyn Fn(&str, &str, &str, &str) -> Result<Value, String>>;

/// As in Helm.
const MAX_RECURSION: usize = 1_000;
const MARK_START: &str = "HELM_ERR_START";
const MARK_END: &str = "HELM_ERR_END";
/// The name under which Helm runs texts of `tpl`.
const TPL: &str = "gotpl";

pub(super) fn register(functions: &mut Functions) {
    use Param::{Any, String as Text};
    let mut add = |name, params, body| functions.add(name, params, body);
    add("include", &[Text, Any], include);
    add("tpl", &[Text, Any], tpl);
    add("required", &[Text, Any], |_, a| {
        let missing = match &a[1] {
            Value::Nil => true,
            Value::Str(text) => text.is_empty(),
            _ => false,
        };
        if missing {
            Err(marked(&text(a, 0)))
        } else {
            Ok(a[1].clone())
        }
    });
    add("fail", &[Text], |_, a| Err(marked(&text(a, 0))));
    add("lookup", &[Text, Text, Text, Text], |env, a| {
        let part = |index| text(a, index).to_text().into_owned();
        match env
            .host
            .downcast_ref::<Includes>()
            .and_then(|host| host.lookup.as_ref())
        {
            Some(lookup) => Ok(lookup(&part(0), &part(1), &part(2), &part(3))?),
            None => Ok(Value::Map(Map::default())),
        }
    });
    // Without DNS, as Helm is by default.
    add("getHostByName", &[Text], |_, _| Ok(Value::from("")));
}

fn text(args: &[Value], index: usize) -> Str {
    args.get(index)
        .and_then(Value::as_str)
        .cloned()
        .unwrap_or_else(|| Str::from(""))
}

/// The chart author's words, to be found again inside the engine's.
fn marked(message: &Str) -> CallError {
    format!("{MARK_START}{message}{MARK_END}").into()
}

/// The words of `fail` and `required`, if the error is one of these.
pub(crate) fn author_message(text: &str) -> Option<&str> {
    let start = text.find(MARK_START)? + MARK_START.len();
    let end = text.rfind(MARK_END).filter(|end| *end >= start)?;
    Some(&text[start..end])
}

fn include(env: &mut Env, args: &[Value]) -> Result<Value, CallError> {
    let name = text(args, 0);
    let host = env.host.clone();
    let Some(includes) = host.downcast_ref::<Includes>() else {
        return Err("include without a chart".into());
    };
    {
        let mut depth = includes.depth.borrow_mut();
        let count = depth.entry(name.clone()).or_default();
        if *count > MAX_RECURSION {
            return Err(format!(
                "rendering template has a nested reference name: {name}: unable to execute template"
            )
            .into());
        }
        *count += 1;
    }
    let result = env.execute(&name, args[1].clone());
    if let Some(count) = includes.depth.borrow_mut().get_mut(&name) {
        *count -= 1;
    }
    Ok(Value::string(result?))
}

fn tpl(env: &mut Env, args: &[Value]) -> Result<Value, CallError> {
    let source = text(args, 0);
    if memchr::memmem::find(&source, b"{{").is_none() {
        return Ok(Value::string(without_missing(source.to_vec())));
    }
    let (tree, templates) = env.overlay(TPL, source.clone()).map_err(|error| {
        let cause = RenderError::new(error.to_string());
        cause.context(format!("cannot parse template {}", quote(&source)))
    })?;
    let data = args[1].clone();
    let result = env.with_templates(templates, |env| env.execute_tree(&tree, data));
    match result {
        Ok(output) => Ok(Value::string(without_missing(output))),
        Err(error) => Err(error
            .context(format!(
                "error during tpl function execution for {}",
                quote(&source)
            ))
            .into()),
    }
}

/// What Go prints where there is no value.
pub(crate) const MISSING: &[u8] = b"<no value>";

/// Helm's texts have nothing where Go's would say that there is no value.
pub(crate) fn without_missing(text: Vec<u8>) -> Vec<u8> {
    let finder = memchr::memmem::Finder::new(MISSING);
    if finder.find(&text).is_none() {
        return text;
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = &text[..];
    while let Some(at) = finder.find(rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at + MISSING.len()..];
    }
    out.extend_from_slice(rest);
    out
}
