//! Calls of functions and methods.

use std::rc::Rc;

use super::Ev;
use super::state::{At, State, Step};
use crate::error::CallError;
use crate::func::{Action, Function, Param, Signature};
use crate::parse::Expr;
use crate::value::{IntType, MapType, Str, Value};

/// The signature of a method, if the value has it.
pub(super) fn method(value: &Value, name: &Str) -> Option<Signature> {
    // Nearly all values have none.
    let name = || std::str::from_utf8(name).ok();
    match value {
        Value::Object(object) => object.method(name()?),
        Value::Int(IntType::Duration, _) => crate::methods::duration_signature(name()?),
        Value::Map(map) if map.kind() == MapType::Values => {
            crate::methods::values_signature(name()?)
        }
        _ => None,
    }
}

/// Arguments of this many bytes, or items, cost one step more.
const BYTES_A_STEP: usize = 256;
const ITEMS_A_STEP: usize = 32;
/// Of a list that a function gives.
const MAX_ITEMS: usize = 1_000_000;

/// Steps of a call: functions look at all of their arguments, at least once.
fn cost(values: &[Value]) -> u64 {
    let size = |value: &Value| match value {
        Value::Str(text) => text.len() / BYTES_A_STEP,
        Value::List(list) => list.len() / ITEMS_A_STEP,
        Value::Map(map) => map.len() / ITEMS_A_STEP,
        _ => 0,
    };
    1 + values.iter().map(size).sum::<usize>() as u64
}

impl<'t> State<'_, 't> {
    pub(super) fn call_function(
        &mut self,
        dot: &Ev,
        function: &'t Rc<Function>,
        node: At<'t>,
        args: &'t [Expr],
        last: Option<Ev>,
    ) -> Step<Ev> {
        let signature = function.signature;
        let name = function.name;
        self.check_count(name, signature, args, last.as_ref())?;
        match function.action {
            Action::And => self.and_or(dot, false, args, last),
            Action::Or => self.and_or(dot, true, args, last),
            Action::Plain(body) => {
                let values = self.plain_args(dot, signature, args, last)?;
                self.at = node;
                self.step(cost(&values))?;
                let result = body(self.env, &values);
                self.finish(name, node, result.map(Ev::plain))
            }
            Action::Raw(body) => {
                let values = self.args(dot, signature, args, last)?;
                self.finish(name, node, body(&values))
            }
            Action::Call => {
                let callee = match (args.first(), &last) {
                    (Some(first), _) => first.to_string(),
                    (None, Some(last)) => format!("<{} Value>", last.type_name()),
                    (None, None) => String::new(),
                };
                let values = self.args(dot, signature, args, last)?;
                let result = match &values[0].value {
                    Value::Nil => Err(CallError::from("call of nil")),
                    value => {
                        Err(format!("non-function {callee} of type {}", value.type_name()).into())
                    }
                };
                self.finish(name, node, result)
            }
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the shape of Go's own evaluator, kept for comparison"
    )]
    pub(super) fn call_method(
        &mut self,
        dot: &Ev,
        receiver: &Value,
        name: &Str,
        signature: Signature,
        node: &'t Expr,
        args: &'t [Expr],
        last: Option<Ev>,
    ) -> Step<Ev> {
        let name = name.to_text();
        self.check_count(&name, signature, args, last.as_ref())?;
        let values = self.plain_args(dot, signature, args, last)?;
        let result = match receiver {
            Value::Object(object) => object.call(&name, &values),
            Value::Int(IntType::Duration, value) => {
                crate::methods::duration(*value, &name, &values)
            }
            Value::Map(map) => crate::methods::values(map, &name, &values, self.env.to_yaml),
            _ => Err(format!("no method {name}")),
        };
        self.finish(
            &name,
            At::Expr(node),
            result.map(Ev::plain).map_err(CallError::from),
        )
    }

    fn finish(&mut self, name: &str, node: At<'t>, result: Result<Ev, CallError>) -> Step<Ev> {
        match result {
            Ok(value) => {
                if let Value::Str(text) = &value.value {
                    self.at = node;
                    self.check_text(text.len())?;
                    self.env.produced += text.len();
                }
                if let Value::List(list) = &value.value
                    && list.len() > MAX_ITEMS
                {
                    self.at = node;
                    return self.fail(format!("the list has more than {MAX_ITEMS} items"));
                }
                Ok(value)
            }
            Err(CallError(cause)) => {
                self.at = node;
                Err(self.wrap(name, cause))
            }
        }
    }

    fn check_count(
        &self,
        name: &str,
        signature: Signature,
        args: &[Expr],
        last: Option<&Ev>,
    ) -> Step<()> {
        let given = args.len() + usize::from(last.is_some());
        let fixed = signature.params.len();
        if signature.variadic.is_some() {
            if given < fixed {
                let got = args.len();
                return self.fail(format!(
                    "wrong number of args for {name}: want at least {fixed} got {got}"
                ));
            }
        } else if given != fixed {
            return self.fail(format!(
                "wrong number of args for {name}: want {fixed} got {given}"
            ));
        }
        Ok(())
    }

    fn args(
        &mut self,
        dot: &Ev,
        signature: Signature,
        args: &'t [Expr],
        last: Option<Ev>,
    ) -> Step<Vec<Ev>> {
        let mut values = Vec::with_capacity(args.len() + 1);
        let param = |index: usize| signature.params.get(index).copied().or(signature.variadic);
        for (index, node) in args.iter().enumerate() {
            let value = self.arg(dot, Some(param(index).unwrap_or(Param::Any)), node)?;
            values.push(value);
        }
        if let Some(last) = last {
            let value = self.validate(last, Some(param(values.len()).unwrap_or(Param::Any)))?;
            values.push(value);
        }
        Ok(values)
    }

    fn plain_args(
        &mut self,
        dot: &Ev,
        signature: Signature,
        args: &'t [Expr],
        last: Option<Ev>,
    ) -> Step<Vec<Value>> {
        Ok(self
            .args(dot, signature, args, last)?
            .into_iter()
            .map(|ev| ev.value)
            .collect())
    }

    /// `and` and `or` stop at the first argument that decides.
    fn and_or(&mut self, dot: &Ev, stop_at: bool, args: &'t [Expr], last: Option<Ev>) -> Step<Ev> {
        let mut value = Ev::default();
        for node in args {
            value = self.arg(dot, Some(Param::Raw), node)?;
            if value.value.truth() == stop_at {
                return Ok(value);
            }
        }
        match last {
            Some(last) => self.validate(last, Some(Param::Raw)),
            None => Ok(value),
        }
    }
}
