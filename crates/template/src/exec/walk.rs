//! Statements: text, actions, conditions, loops, template calls.

use super::Ev;
use super::state::{At, State, Step, Stop};
use crate::fmt;
use crate::parse::{Branch, Call, Node, Pipe};
use crate::value::{Kind, Value};

impl<'t> State<'_, 't> {
    pub(super) fn walk_list(&mut self, dot: &Ev, nodes: &'t [Node]) -> Result<(), Stop> {
        nodes.iter().try_for_each(|node| self.walk(dot, node))
    }

    fn walk(&mut self, dot: &Ev, node: &'t Node) -> Result<(), Stop> {
        self.step(1)?;
        match node {
            Node::Text(start, end) => {
                self.trace(*start, true);
                self.out.extend_from_slice(&self.tree.text[*start..*end]);
                self.check_output()?;
            }
            Node::Action(pos, pipe) => {
                self.trace(*pos, false);
                self.at = At::Action(*pos, pipe);
                let value = self.pipeline(dot, pipe)?;
                if pipe.declared.is_empty() {
                    self.at = At::Action(*pos, pipe);
                    self.print(&value)?;
                }
            }
            Node::If(branch) => {
                let mark = self.variables.len();
                let value = self.pipeline(dot, &branch.pipe)?;
                let result = if value.value.truth() {
                    self.walk_list(dot, &branch.list)
                } else {
                    self.otherwise(dot, branch)
                };
                self.variables.truncate(mark);
                return result;
            }
            Node::With(branch) => {
                let mark = self.variables.len();
                let value = self.pipeline(dot, &branch.pipe)?;
                let result = if value.value.truth() {
                    self.walk_list(&value, &branch.list)
                } else {
                    self.otherwise(dot, branch)
                };
                self.variables.truncate(mark);
                return result;
            }
            Node::Range(branch) => return self.walk_range(dot, branch),
            Node::Template(call) => {
                self.trace(call.pos, false);
                self.walk_template(dot, call)?;
            }
            Node::Break => return Err(Stop::Break),
            Node::Continue => return Err(Stop::Continue),
        }
        Ok(())
    }

    /// Notes where in the outermost template the output goes on.
    fn trace(&mut self, pos: usize, text: bool) {
        if self.env.depth == 1
            && let Some(trace) = &mut self.env.trace
        {
            trace.push(self.out.len(), pos, text);
        }
    }

    fn otherwise(&mut self, dot: &Ev, branch: &'t Branch) -> Result<(), Stop> {
        match &branch.otherwise {
            Some(nodes) => self.walk_list(dot, nodes),
            None => Ok(()),
        }
    }

    fn print(&mut self, value: &Ev) -> Step<()> {
        match &value.value {
            Value::Nil => self.out.extend_from_slice(b"<no value>"),
            Value::Func(_) => {
                let text = if let At::Action(_, pipe) = self.at {
                    pipe.to_string()
                } else {
                    String::new()
                };
                return self.fail(format!(
                    "can't print {{{{{text}}}}} of type {}",
                    value.value.type_name()
                ));
            }
            value => fmt::write_value(self.out, value),
        }
        self.check_output()
    }

    fn check_output(&mut self) -> Step<()> {
        self.check_text(self.out.len())
    }

    fn walk_range(&mut self, dot: &Ev, branch: &'t Branch) -> Result<(), Stop> {
        let mark = self.variables.len();
        let result = self.range(dot, branch);
        self.variables.truncate(mark);
        match result {
            Err(Stop::Break) => Ok(()),
            result => result,
        }
    }

    fn range(&mut self, dot: &Ev, branch: &'t Branch) -> Result<(), Stop> {
        let value = self.pipeline(dot, &branch.pipe)?.value;
        let value = match &value {
            Value::Object(object) if matches!(object.kind(), Kind::Map | Kind::Slice) => {
                object.plain()
            }
            _ => value,
        };
        let one = branch.pipe.declared.len() <= 1;
        match &value {
            Value::Int(kind, count) => {
                self.only_one(one, &value)?;
                for index in 0..*count {
                    self.iteration(branch, Ev::default(), Ev::plain(Value::Int(*kind, index)))?;
                }
                if *count > 0 {
                    return Ok(());
                }
            }
            Value::Uint(kind, count) => {
                self.only_one(one, &value)?;
                for index in 0..*count {
                    self.iteration(branch, Ev::default(), Ev::plain(Value::Uint(*kind, index)))?;
                }
                if *count > 0 {
                    return Ok(());
                }
            }
            Value::List(list) => {
                // Go reads element by element: the length is taken again at each turn.
                let boxed = list.kind() == crate::value::ListType::Any;
                let mut index = 0;
                while let Some(item) = list.get(index) {
                    let position = Ev::plain(Value::int(index as i64));
                    self.iteration(branch, position, Ev { value: item, boxed })?;
                    index += 1;
                }
                if index > 0 {
                    return Ok(());
                }
            }
            Value::Bytes(bytes) => {
                for (index, byte) in bytes.iter().enumerate() {
                    let byte = Value::Uint(crate::value::UintType::Uint8, (*byte).into());
                    self.iteration(branch, Ev::plain(Value::int(index as i64)), Ev::plain(byte))?;
                }
                if !bytes.is_empty() {
                    return Ok(());
                }
            }
            Value::Map(map) => {
                let boxed = map.kind() != crate::value::MapType::String;
                let entries = map.snapshot();
                let empty = entries.is_empty();
                for (key, item) in entries {
                    self.iteration(
                        branch,
                        Ev::plain(Value::Str(key)),
                        Ev { value: item, boxed },
                    )?;
                }
                if !empty {
                    return Ok(());
                }
            }
            Value::Nil => {}
            _ => {
                let shown = fmt::display(&value);
                return Err(self
                    .error(format!("range can't iterate over {shown}"))
                    .into());
            }
        }
        self.otherwise(dot, branch)
    }

    fn only_one(&self, one: bool, value: &Value) -> Step<()> {
        if one {
            return Ok(());
        }
        let shown = fmt::display(value);
        self.fail(format!(
            "can't use {shown} to iterate over more than one variable"
        ))
    }

    fn iteration(&mut self, branch: &'t Branch, index: Ev, item: Ev) -> Result<(), Stop> {
        let Pipe {
            declared, assign, ..
        } = &branch.pipe;
        let mark = self.variables.len();
        self.step(1)?;
        match (declared.as_slice(), assign) {
            ([], _) => {}
            ([name], true) => self.assign(name, item.clone())?,
            ([key, name, ..], true) => {
                self.assign(key, index)?;
                self.assign(name, item.clone())?;
            }
            ([_], false) => self.variables[mark - 1].1 = item.clone(),
            ([_, _, ..], false) => {
                self.variables[mark - 1].1 = item.clone();
                self.variables[mark - 2].1 = index;
            }
        }
        let result = self.walk_list(&item, &branch.list);
        self.variables.truncate(mark);
        match result {
            Err(Stop::Continue) => Ok(()),
            result => result,
        }
    }

    fn walk_template(&mut self, dot: &Ev, call: &'t Call) -> Step<()> {
        self.at = At::Template(call);
        let Some(tree) = self.env.templates.get(&call.name) else {
            return self.fail(format!(
                "template {} not defined",
                crate::strconv::quote(&call.name)
            ));
        };
        if self.env.depth >= self.env.limits.depth {
            return self.fail(format!(
                "exceeded maximum template depth ({})",
                self.env.limits.depth
            ));
        }
        let data = match &call.pipe {
            Some(pipe) => self.pipeline(dot, pipe)?,
            None => Ev::default(),
        };
        State::new(self.env, &tree, self.out)
            .run(data)
            .map_err(Box::new)
    }
}
