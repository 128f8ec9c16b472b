//! Setting conditions: the transition time moves only with the status, messages are cut to what the API takes.

use rosin_api::{Condition, ConditionStatus, Time};

/// What the API takes.
const LONGEST: usize = 32_768;
const CUT: &str = " ...";

/// What a condition says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wording<'a> {
    pub type_: &'a str,
    pub status: ConditionStatus,
    pub reason: &'a str,
    pub message: &'a str,
}

/// Sets a condition. `generation` is that of the object which it was derived from.
pub fn set(
    conditions: &mut Vec<Condition>,
    wording: Wording<'_>,
    generation: Option<i64>,
    now: &Time,
) {
    let Wording {
        type_,
        status,
        reason,
        message,
    } = wording;
    let position = conditions
        .iter()
        .position(|condition| condition.type_ == type_);
    let since = match position.map(|index| &conditions[index]) {
        Some(old) if old.status == status => old.last_transition_time.clone(),
        _ => now.clone(),
    };
    let condition = Condition {
        last_transition_time: since,
        message: cut(message),
        observed_generation: generation,
        reason: reason.to_owned(),
        status,
        type_: type_.to_owned(),
    };
    match position {
        Some(index) => conditions[index] = condition,
        None => conditions.push(condition),
    }
}

pub fn remove(conditions: &mut Vec<Condition>, type_: &str) {
    conditions.retain(|condition| condition.type_ != type_);
}

pub fn find<'a>(conditions: &'a [Condition], type_: &str) -> Option<&'a Condition> {
    conditions.iter().find(|condition| condition.type_ == type_)
}

fn cut(message: &str) -> String {
    if message.len() <= LONGEST {
        return message.to_owned();
    }
    let end = (0..=LONGEST - CUT.len())
        .rev()
        .find(|index| message.is_char_boundary(*index))
        .unwrap_or(0);
    format!("{}{CUT}", &message[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Time {
        Time(jiff::Timestamp::from_second(second).unwrap())
    }

    fn ready(status: ConditionStatus, message: &str) -> Wording<'_> {
        Wording {
            type_: "Ready",
            status,
            reason: "Why",
            message,
        }
    }

    #[test]
    fn the_transition_time_moves_with_the_status_alone() {
        let mut conditions = Vec::new();
        set(
            &mut conditions,
            ready(ConditionStatus::False, "a"),
            Some(1),
            &at(1),
        );
        set(
            &mut conditions,
            ready(ConditionStatus::False, "b"),
            Some(2),
            &at(2),
        );
        assert_eq!(
            (
                conditions[0].last_transition_time.clone(),
                conditions[0].message.as_str()
            ),
            (at(1), "b")
        );
        assert_eq!(conditions[0].observed_generation, Some(2));
        set(
            &mut conditions,
            ready(ConditionStatus::True, "c"),
            Some(2),
            &at(3),
        );
        assert_eq!(
            (conditions[0].last_transition_time.clone(), conditions.len()),
            (at(3), 1)
        );
        remove(&mut conditions, "Ready");
        assert_eq!(find(&conditions, "Ready"), None);
    }

    #[test]
    fn long_messages_are_cut_at_a_character() {
        let mut conditions = Vec::new();
        set(
            &mut conditions,
            ready(ConditionStatus::True, &"\u{e4}".repeat(40_000)),
            None,
            &at(1),
        );
        let message = &conditions[0].message;
        assert!(
            message.len() <= LONGEST && message.ends_with("\u{e4} ..."),
            "{}",
            message.len()
        );
    }
}
