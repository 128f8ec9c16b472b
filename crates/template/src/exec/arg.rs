//! Pipelines, and arguments against the types of parameters.

use super::Ev;
use super::state::{At, State, Step};
use crate::func::Param;
use crate::parse::{Command, Expr, Number, Pipe};
use crate::value::{UintType, Value};

impl<'t> State<'_, 't> {
    pub(super) fn pipeline(&mut self, dot: &Ev, pipe: &'t Pipe) -> Step<Ev> {
        self.at = At::Pipe(pipe);
        let mut last = None;
        for command in &pipe.commands {
            let mut value = self.command(dot, command, last.take())?;
            value.boxed = false;
            last = Some(value);
        }
        let value = last.unwrap_or_default();
        for name in &pipe.declared {
            if pipe.assign {
                self.assign(name, value.clone())?;
            } else {
                self.variables.push((name.as_bytes(), value.clone()));
            }
        }
        Ok(value)
    }

    fn command(&mut self, dot: &Ev, command: &'t Command, last: Option<Ev>) -> Step<Ev> {
        let first = &command.args[0];
        let args = &command.args[1..];
        match first {
            Expr::Field(_, names) => {
                self.at = At::Expr(first);
                self.field_chain(dot, dot.clone(), first, names, args, last)
            }
            Expr::Chain(_, inner, names) => self.chain_node(dot, first, inner, names, args, last),
            Expr::Function(_, function) => {
                self.at = At::Expr(first);
                self.call_function(dot, function, At::Command(command), args, last)
            }
            Expr::Pipe(pipe) => {
                self.not_a_function(first, args, last.as_ref())?;
                self.pipeline(dot, pipe)
            }
            Expr::Variable(_, names) => self.variable_node(dot, first, names, args, last),
            _ => {
                self.at = At::Expr(first);
                self.not_a_function(first, args, last.as_ref())?;
                match first {
                    Expr::Bool(_, value) => Ok(Ev::plain(Value::Bool(*value))),
                    Expr::Dot(_) => Ok(dot.clone()),
                    Expr::Number(_, number) => self.constant(number),
                    Expr::String(_, literal) => Ok(Ev::plain(Value::Str(literal.value.clone()))),
                    _ => self.fail("nil is not a command"),
                }
            }
        }
    }

    /// A numeric constant where no type is asked for.
    fn constant(&self, number: &Number) -> Step<Ev> {
        let text = number.text.as_bytes();
        if let Some((re, im)) = number.complex {
            return Ok(Ev::plain(Value::Complex(re, im)));
        }
        let hexadecimal = text.len() > 2
            && text[0] == b'0'
            && text[1].eq_ignore_ascii_case(&b'x')
            && !text.iter().any(|byte| matches!(byte, b'p' | b'P'));
        let rune = text.first() == Some(&b'\'');
        if let Some(float) = number.float
            && !hexadecimal
            && !rune
            && text.iter().any(|byte| b".eEpP".contains(byte))
        {
            return Ok(Ev::plain(Value::Float(float)));
        }
        match number.int {
            Some(int) => Ok(Ev::plain(Value::int(int))),
            None => self.fail(format!("{} overflows int", number.text)),
        }
    }

    /// Evaluates an argument for a parameter; `None` takes any type as it is.
    pub(super) fn arg(&mut self, dot: &Ev, param: Option<Param>, node: &'t Expr) -> Step<Ev> {
        self.at = At::Expr(node);
        let value = match node {
            Expr::Dot(_) => dot.clone(),
            Expr::Nil(_) => {
                return match param.and_then(Param::nil) {
                    Some(value) => Ok(Ev {
                        value,
                        boxed: param == Some(Param::Any),
                    }),
                    None => self.fail(format!(
                        "cannot assign nil to {}",
                        param.map_or("nil", Param::name)
                    )),
                };
            }
            Expr::Field(_, names) => self.field_chain(dot, dot.clone(), node, names, &[], None)?,
            Expr::Variable(_, names) => self.variable_node(dot, node, names, &[], None)?,
            Expr::Pipe(pipe) => self.pipeline(dot, pipe)?,
            Expr::Function(_, function) => {
                self.call_function(dot, function, At::Expr(node), &[], None)?
            }
            Expr::Chain(_, inner, names) => self.chain_node(dot, node, inner, names, &[], None)?,
            Expr::Bool(..) | Expr::Number(..) | Expr::String(..) => {
                return self.literal(param, node);
            }
        };
        self.validate(value, param)
    }

    fn literal(&self, param: Option<Param>, node: &Expr) -> Step<Ev> {
        let value = match (param, node) {
            (Some(Param::Bool) | None, Expr::Bool(_, value)) => Value::Bool(*value),
            (Some(Param::Bool), _) => return self.fail(format!("expected bool; found {node}")),
            (Some(Param::String) | None, Expr::String(_, literal)) => {
                Value::Str(literal.value.clone())
            }
            (Some(Param::String), _) => return self.fail(format!("expected string; found {node}")),
            (Some(kind @ (Param::Int | Param::Int64 | Param::Duration)), node) => match node {
                Expr::Number(_, number) if number.int.is_some() => {
                    let int = number.int.unwrap_or_default();
                    match kind {
                        Param::Int => Value::int(int),
                        Param::Int64 => Value::int64(int),
                        _ => Value::Int(crate::value::IntType::Duration, int),
                    }
                }
                _ => return self.fail(format!("expected integer; found {node}")),
            },
            (Some(Param::Uint32), node) => match node {
                Expr::Number(_, number) if number.int.is_some_and(|int| int >= 0) => {
                    let int = number.int.unwrap_or_default();
                    match u32::try_from(int) {
                        Ok(int) => Value::Uint(UintType::Uint32, int.into()),
                        Err(_) => return self.fail(format!("{node} overflows uint32")),
                    }
                }
                _ => return self.fail(format!("expected unsigned integer; found {node}")),
            },
            (Some(Param::Float), node) => match node {
                Expr::Number(_, number) if number.float.is_some() => {
                    Value::Float(number.float.unwrap_or_default())
                }
                _ => return self.fail(format!("expected float; found {node}")),
            },
            (Some(Param::Any | Param::Raw) | None, node) => match node {
                Expr::Bool(_, value) => Value::Bool(*value),
                Expr::Number(_, number) => return self.constant(number),
                Expr::String(_, literal) => Value::Str(literal.value.clone()),
                _ => {
                    return self.fail(format!(
                        "can't handle assignment of {node} to empty interface argument"
                    ));
                }
            },
            (Some(param), node) => {
                return self.fail(format!(
                    "can't handle {node} for arg of type {}",
                    param.name()
                ));
            }
        };
        Ok(Ev::plain(value))
    }

    /// Is the value assignable to the parameter?
    pub(super) fn validate(&self, value: Ev, param: Option<Param>) -> Step<Ev> {
        let Some(param) = param else { return Ok(value) };
        if !value.is_valid() {
            return match param.nil() {
                Some(nil) => Ok(Ev {
                    value: nil,
                    boxed: param == Param::Any,
                }),
                None => self.fail(format!("invalid value; expected {}", param.name())),
            };
        }
        if param == Param::Raw {
            return Ok(value);
        }
        if matches!(value.value, Value::Nil) {
            if param == Param::Any {
                return Ok(value);
            }
            return self.fail(format!(
                "wrong type for value; expected {}; got interface {{}}",
                param.name()
            ));
        }
        if param.accepts(&value.value) {
            return Ok(Ev::plain(value.value));
        }
        let got = value.value.type_name();
        self.fail(format!(
            "wrong type for value; expected {}; got {got}",
            param.name()
        ))
    }
}
