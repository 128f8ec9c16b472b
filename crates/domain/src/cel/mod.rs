//! CEL expressions in specs: `readyExpr` and `healthCheckExprs`, in the environment that Flux gives them: the standard library with
//! strings, sets, encoders and optional types, and numbers that compare across types.
//!
//! Expressions are tenants' code. What one may cost is bounded before it runs (see `limits`), because nothing here can watch a clock.

mod limits;
mod sets;
mod shape;
mod value;

use std::sync::{Arc, LazyLock};

use cel::{Context, Env};
use serde_json::Value;

/// An expression is wrong, or cannot be evaluated on this object.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CelError {
    #[error("failed to parse the CEL expression '{expression}': {message}")]
    Parse { expression: String, message: String },
    #[error("CEL expression output type mismatch: expected bool, got {0}")]
    NotBoolean(&'static str),
    #[error("the CEL expression '{expression}' is too expensive: {message}")]
    TooExpensive { expression: String, message: String },
    #[error("failed to evaluate the CEL expression '{expression}': {message}")]
    Evaluation { expression: String, message: String },
    #[error("failed to evaluate CEL expression as boolean: '{0}'")]
    Type(String),
}

/// A parsed expression that tells true from false.
#[derive(Debug)]
pub struct Program {
    source: String,
    program: cel::Program,
}

static ENV: LazyLock<Arc<Env>> = LazyLock::new(|| {
    let mut env = Env::stdlib();
    // These fail only where names are registered twice, which every test of this module would show.
    let added = env
        .add_extension(cel::extensions::strings)
        .and_then(|()| env.add_extension(cel::extensions::encoders))
        .and_then(|()| env.add_extension(sets::extension));
    debug_assert!(added.is_ok(), "{added:?}");
    Arc::new(env)
});

impl Program {
    /// Parses an expression whose variables are not known: the fields of any object.
    pub fn parse(source: &str) -> Result<Self, CelError> {
        let parse = |message: String| CelError::Parse {
            expression: source.to_owned(),
            message,
        };
        limits::check_source(source).map_err(parse)?;
        let program = ENV
            .compile(source)
            .map_err(|errors| parse(errors.to_string()))?;
        limits::check_growth(program.expression()).map_err(|message| CelError::TooExpensive {
            expression: source.to_owned(),
            message,
        })?;
        Ok(Self {
            source: source.to_owned(),
            program,
        })
    }

    /// Parses an expression over these variables only, whose result must be known to be true or false.
    pub fn with_variables(source: &str, variables: &[&str]) -> Result<Self, CelError> {
        let program = Self::parse(source)?;
        if let Some(unknown) = shape::free_variable(program.program.expression(), variables) {
            let message = format!("undeclared reference to '{unknown}'");
            return Err(CelError::Parse {
                expression: source.to_owned(),
                message,
            });
        }
        match shape::result(program.program.expression()) {
            "bool" => Ok(program),
            other => Err(CelError::NotBoolean(other)),
        }
    }

    /// Evaluates the expression with each value as a variable.
    pub fn evaluate<'a>(
        &self,
        variables: impl Iterator<Item = (&'a str, &'a Value)>,
    ) -> Result<bool, CelError> {
        let mut context = Context::with_env(ENV.clone());
        let mut size = 0;
        for (name, value) in variables {
            size += value::size(value);
            context.add_variable_from_value(name, value::from_json(value));
        }
        limits::check_cost(self.program.expression(), size).map_err(|message| {
            CelError::TooExpensive {
                expression: self.source.clone(),
                message,
            }
        })?;
        match self.program.execute(&context) {
            Ok(cel::Value::Bool(result)) => Ok(result),
            Ok(_) => Err(CelError::Type(self.source.clone())),
            Err(error) => Err(CelError::Evaluation {
                expression: self.source.clone(),
                message: error.to_string(),
            }),
        }
    }

    /// Evaluates the expression with the top-level fields of an object as variables.
    pub fn evaluate_fields(&self, object: &Value) -> Result<bool, CelError> {
        let fields = object.as_object().into_iter().flatten();
        self.evaluate(fields.map(|(name, value)| (name.as_str(), value)))
    }
}

#[cfg(test)]
mod tests;
