//! Runs one template over JSON data.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test file uses some of it, and a failure is a failed test"
)]

use std::rc::Rc;

use rosin_template::{Env, MissingKey, RenderError, Still, Templates, json, parse, sprig};

pub(crate) fn render_with(
    missing_key: MissingKey,
    template: &str,
    data: &str,
) -> Result<String, RenderError> {
    let functions = sprig::functions();
    let mut templates = Templates::default();
    templates.add(
        parse("case", template, &functions).map_err(|error| RenderError::new(error.to_string()))?,
    );
    let mut env = Env::new(Rc::new(functions), Rc::new(templates), Rc::new(Still));
    env.missing_key = missing_key;
    env.limits.depth = 200;
    env.limits.output = 64 << 20;
    let output = env.execute(b"case", json::decode(data.as_bytes()).unwrap())?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

pub(crate) fn render(template: &str, data: &str) -> Result<String, RenderError> {
    render_with(MissingKey::Zero, template, data)
}

pub(crate) fn output(template: &str, data: &str) -> String {
    render(template, data).unwrap_or_else(|error| panic!("{template}: {error}"))
}

pub(crate) fn error(template: &str, data: &str) -> String {
    match render(template, data) {
        Ok(output) => panic!("{template} gave {output:?}"),
        Err(error) => error.text,
    }
}
