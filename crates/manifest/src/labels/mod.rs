//! Kubernetes' label selectors: `app=web, tier in (front, back), !legacy`.

mod parse;
mod valid;

use smol_str::SmolStr;

pub use valid::{is_label_value, is_qualified_name};

/// The errors say what Kubernetes says.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[error("{0}")]
pub struct SelectorError(pub(super) String);

/// All requirements have to be met; no requirements match everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Requirement {
    key: SmolStr,
    operator: Operator,
    values: Vec<SmolStr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operator {
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

impl Selector {
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        parse::requirements(text).map(|requirements| Self { requirements })
    }

    /// Labels that all have to be there with their values. They are not checked.
    pub fn from_labels<K: Into<SmolStr>, V: Into<SmolStr>>(
        labels: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let requirement = |(key, value): (K, V)| Requirement {
            key: key.into(),
            operator: Operator::In,
            values: vec![value.into()],
        };
        Self {
            requirements: labels.into_iter().map(requirement).collect(),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether labels, looked up by their key, meet the selector.
    pub fn matches<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        self.requirements
            .iter()
            .all(|requirement| requirement.matches(label(&requirement.key)))
    }
}

impl Requirement {
    fn matches(&self, label: Option<&str>) -> bool {
        let listed = |label: &str| self.values.iter().any(|value| value == label);
        match self.operator {
            Operator::Exists => label.is_some(),
            Operator::DoesNotExist => label.is_none(),
            Operator::In => label.is_some_and(listed),
            Operator::NotIn => !label.is_some_and(listed),
            Operator::GreaterThan => self
                .compare(label)
                .is_some_and(|(label, limit)| label > limit),
            Operator::LessThan => self
                .compare(label)
                .is_some_and(|(label, limit)| label < limit),
        }
    }

    fn compare(&self, label: Option<&str>) -> Option<(i64, i64)> {
        Some((label?.parse().ok()?, self.values.first()?.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(selector: &str, labels: &[(&str, &str)]) -> bool {
        let selector = Selector::parse(selector).unwrap();
        selector.matches(|key| {
            labels
                .iter()
                .find(|(name, _)| *name == key)
                .map(|(_, value)| *value)
        })
    }

    #[test]
    fn operators_select() {
        let labels = [
            ("app", "web"),
            ("tier", "front"),
            ("count", "5"),
            ("in", "in"),
            ("empty", ""),
        ];
        for selector in [
            "",
            "app",
            "!other",
            "app=web",
            "app==web",
            " app = web ",
            "app!=db",
            "other!=db",
            "tier in (front,back)",
            "tier notin (a,b)",
            "x notin (a)",
            "app=web,tier",
            "count>4",
            "count<6",
            "in in (in)",
            "empty=",
            "empty in (,a)",
            "app,!other,count in (4, 5)",
        ] {
            assert!(matches(selector, &labels), "{selector}");
        }
        for selector in [
            "other",
            "!app",
            "app=db",
            "app!=web",
            "tier in (a)",
            "tier notin (front)",
            "x in (a)",
            "count>5",
            "app>1",
            "app=web,x",
        ] {
            assert!(!matches(selector, &labels), "{selector}");
        }
    }

    #[test]
    fn errors_are_those_of_kubernetes() {
        let rows = [
            ("a=b,", "found '', expected: identifier after ','"),
            (
                "=b",
                "found '=', expected: !, identifier, or 'end of string'",
            ),
            (
                "a b",
                "unable to parse requirement: found 'b', expected: '=', '!=', '==', 'in', notin'",
            ),
            (
                "a in b",
                "unable to parse requirement: found 'b' expected: '('",
            ),
            (
                "a in (b",
                "unable to parse requirement: found '', expected: ',' or ')'",
            ),
            ("a=b c", "found 'c', expected: ',' or 'end of string'"),
            (
                "a>x",
                "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer",
            ),
        ];
        for (selector, wanted) in rows {
            assert_eq!(
                Selector::parse(selector).unwrap_err().to_string(),
                wanted,
                "{selector}"
            );
        }
    }
}
