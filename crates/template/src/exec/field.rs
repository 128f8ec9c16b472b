//! Fields, methods and variables.

use super::Ev;
use super::state::{At, State, Step};
use super::{MissingKey, hint};
use crate::parse::Expr;
use crate::value::{Kind, MapType, Str, Value};

impl<'t> State<'_, 't> {
    /// `.a.b.c` from `receiver`; arguments go to the last one, which must be a method then.
    pub(super) fn field_chain(
        &mut self,
        dot: &Ev,
        receiver: Ev,
        node: &'t Expr,
        names: &'t [Str],
        args: &'t [Expr],
        last: Option<Ev>,
    ) -> Step<Ev> {
        let Some((end, path)) = names.split_last() else {
            return Ok(receiver);
        };
        let mut receiver = receiver;
        let start = receiver.clone();
        for (index, name) in path.iter().enumerate() {
            receiver = self.field(
                dot,
                name,
                node,
                &[],
                None,
                receiver,
                (&start, &names[..index]),
            )?;
        }
        self.field(dot, end, node, args, last, receiver, (&start, path))
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the shape of Go's own evaluator, kept for comparison"
    )]
    fn field(
        &mut self,
        dot: &Ev,
        name: &'t Str,
        node: &'t Expr,
        args: &'t [Expr],
        last: Option<Ev>,
        receiver: Ev,
        walked: (&Ev, &[Str]),
    ) -> Step<Ev> {
        if !receiver.is_valid() {
            if self.env.missing_key == MissingKey::Error {
                let why = format!("nil data; no entry for key {}", crate::strconv::quote(name));
                return Err(self.missing(why, hint::missing(node, walked.0, walked.1)));
            }
            return Ok(Ev::default());
        }
        if matches!(receiver.value, Value::Nil) {
            let why = format!("nil pointer evaluating interface {{}}.{name}");
            return Err(self.missing(why, hint::missing(node, walked.0, walked.1)));
        }
        if let Some(signature) = super::call::method(&receiver.value, name) {
            return self.call_method(dot, &receiver.value, name, signature, node, args, last);
        }
        let has_args = !args.is_empty() || last.is_some();
        let plain = match &receiver.value {
            Value::Object(object) => match object.kind() {
                Kind::Map => object.plain(),
                _ => {
                    if let Some(field) = std::str::from_utf8(name)
                        .ok()
                        .and_then(|name| object.field(name))
                    {
                        if has_args {
                            return self.fail(format!(
                                "{name} has arguments but cannot be invoked as function"
                            ));
                        }
                        return Ok(Ev::plain(field));
                    }
                    return self.no_field(name, node, &receiver, walked);
                }
            },
            value => value.clone(),
        };
        let Value::Map(map) = &plain else {
            return self.no_field(name, node, &receiver, walked);
        };
        if has_args {
            return self.fail(format!("{name} is not a method but has arguments"));
        }
        let boxed = map.kind() != MapType::String;
        if let Some(value) = map.get(name) {
            return Ok(Ev { value, boxed });
        }
        if let (MissingKey::Zero, Value::Object(object)) = (self.env.missing_key, &receiver.value)
            && let Some(zero) = object.missing()
        {
            return Ok(Ev::plain(zero));
        }
        match self.env.missing_key {
            MissingKey::Invalid => Ok(Ev::default()),
            MissingKey::Zero if boxed => Ok(Ev::boxed(Value::Nil)),
            MissingKey::Zero => Ok(Ev::plain(Value::from(""))),
            MissingKey::Error => {
                let why = format!("map has no entry for key {}", crate::strconv::quote(name));
                Err(self.missing(why, Some(hint::in_map(node, walked.1, name, map))))
            }
        }
    }

    fn no_field(&self, name: &Str, node: &Expr, receiver: &Ev, walked: (&Ev, &[Str])) -> Step<Ev> {
        let why = format!(
            "can't evaluate field {name} in type {}",
            receiver.type_name()
        );
        Err(self.missing(why, hint::missing(node, walked.0, walked.1)))
    }

    pub(super) fn variable_node(
        &mut self,
        dot: &Ev,
        node: &'t Expr,
        names: &'t [Str],
        args: &'t [Expr],
        last: Option<Ev>,
    ) -> Step<Ev> {
        self.at = At::Expr(node);
        let value = self.variable(&names[0])?;
        if names.len() == 1 {
            self.not_a_function(node, args, last.as_ref())?;
            return Ok(value);
        }
        self.field_chain(dot, value, node, &names[1..], args, last)
    }

    pub(super) fn chain_node(
        &mut self,
        dot: &Ev,
        node: &'t Expr,
        inner: &'t Expr,
        names: &'t [Str],
        args: &'t [Expr],
        last: Option<Ev>,
    ) -> Step<Ev> {
        self.at = At::Expr(node);
        if matches!(inner, Expr::Nil(_)) {
            return self.fail(format!("indirection through explicit nil in {node}"));
        }
        let receiver = self.arg(dot, None, inner)?;
        self.field_chain(dot, receiver, node, names, args, last)
    }

    pub(super) fn not_a_function(
        &self,
        first: &Expr,
        args: &[Expr],
        last: Option<&Ev>,
    ) -> Step<()> {
        if args.is_empty() && last.is_none() {
            return Ok(());
        }
        let shown = match first {
            Expr::Pipe(pipe) => pipe.to_string(),
            first => first.to_string(),
        };
        self.fail(format!("can't give argument to non-function {shown}"))
    }
}
