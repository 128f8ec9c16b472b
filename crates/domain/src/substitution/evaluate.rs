//! From a template to text.

use std::collections::BTreeMap;

use super::parse::{Expression, Function, Part};
use super::{LARGEST, Missing, Strictness, SubstitutionError, functions};

pub(super) fn evaluate(
    template: &[Part],
    variables: &BTreeMap<String, String>,
    strictness: Strictness,
) -> Result<String, SubstitutionError> {
    let mut evaluation = Evaluation {
        variables,
        strictness,
        missing: Vec::new(),
    };
    let mut output = Vec::new();
    for part in template {
        evaluation.part(part, &mut output)?;
    }
    if !evaluation.missing.is_empty() {
        return Err(SubstitutionError::NotSet(evaluation.missing));
    }
    String::from_utf8(output)
        .map_err(|_| SubstitutionError::Limit("a substring ends within a character"))
}

struct Evaluation<'a> {
    variables: &'a BTreeMap<String, String>,
    strictness: Strictness,
    missing: Vec<Missing>,
}

impl Evaluation<'_> {
    /// Texts are bytes until the end: substrings count bytes.
    fn part(&mut self, part: &Part, output: &mut Vec<u8>) -> Result<(), SubstitutionError> {
        match part {
            Part::Text(text) => output.extend_from_slice(text.as_bytes()),
            Part::Expression(expression) => {
                let value = self.expression(expression)?;
                output.extend_from_slice(&value);
            }
        }
        if output.len() > LARGEST {
            return Err(SubstitutionError::Limit("the result is larger than 16 MiB"));
        }
        Ok(())
    }

    fn expression(&mut self, expression: &Expression) -> Result<Vec<u8>, SubstitutionError> {
        let Expression {
            name,
            function,
            arguments,
        } = expression;
        // Defaults are evaluated even where they are not needed, and so must exist.
        let mut texts = Vec::with_capacity(arguments.len());
        for argument in arguments {
            let mut text = Vec::new();
            self.part(argument, &mut text)?;
            texts.push(text);
        }
        let value = self.variables.get(name).map(String::as_bytes);
        if value.is_none()
            && *function != Function::Default
            && self.strictness == Strictness::Strict
        {
            if !self.missing.iter().any(|missing| missing.name == *name) {
                self.missing.push(Missing {
                    name: name.clone(),
                    field: None,
                });
            }
            return Ok(Vec::new());
        }
        functions::apply(*function, value.unwrap_or_default(), &texts)
    }
}
