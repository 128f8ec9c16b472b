//! Dates and durations. The local zone is UTC: a rendering must not depend on where it happens.

use super::args::{any, text};
use super::time::{Time, parse, zone};
use crate::duration::{self, HOUR, MINUTE, SECOND};
use crate::error::CallError;
use crate::exec::Env;
use crate::func::{Functions, Param};
use crate::strconv::parse_int;
use crate::value::{IntType, Value, lossy};

const DATE: Param = Param::Object("time.Time");

pub(super) fn register(functions: &mut Functions) {
    use Param::{Any, String as Text};
    let mut add = |name, params, body| functions.add(name, params, body);
    add("now", &[], |env, _| {
        Ok(Value::object(Time::from_nanoseconds(env.ambient.now())))
    });
    add("date", &[Text, Any], |env, a| {
        shown(env, &lossy(text(a, 0)), any(a, 1), "Local")
    });
    for name in ["dateInZone", "date_in_zone"] {
        add(name, &[Text, Any, Text], |env, a| {
            shown(env, &lossy(text(a, 0)), any(a, 1), &lossy(text(a, 2)))
        });
    }
    add("htmlDate", &[Any], |env, a| {
        shown(env, "2006-01-02", any(a, 0), "Local")
    });
    add("htmlDateInZone", &[Any, Text], |env, a| {
        shown(env, "2006-01-02", any(a, 0), &lossy(text(a, 1)))
    });
    for name in ["dateModify", "date_modify"] {
        add(name, &[Text, DATE], |_, a| {
            Ok(modify(a).unwrap_or_else(|_| any(a, 1).clone()))
        });
    }
    for name in ["mustDateModify", "must_date_modify"] {
        add(name, &[Text, DATE], |_, a| modify(a));
    }
    add("ago", &[Any], |env, a| {
        let since = Time::from_nanoseconds(env.ambient.now()).since(&instant(env, any(a, 0)));
        Ok(Value::from(duration::format(duration::round(
            since, SECOND,
        ))))
    });
    add("toDate", &[Text, Text], |_, a| {
        Ok(Value::object(
            parse(&lossy(text(a, 0)), &lossy(text(a, 1))).unwrap_or_else(|_| Time::zero()),
        ))
    });
    add("mustToDate", &[Text, Text], |_, a| {
        Ok(Value::object(parse(
            &lossy(text(a, 0)),
            &lossy(text(a, 1)),
        )?))
    });
    add("unixEpoch", &[DATE], |_, a| {
        Ok(Value::from(
            time(any(a, 0))
                .unwrap_or_else(Time::zero)
                .unix()
                .to_string(),
        ))
    });
    add("duration", &[Any], |_, a| {
        let seconds = match any(a, 0) {
            Value::Str(text) => parse_int(text, 10).unwrap_or(0),
            Value::Int(IntType::Int64, seconds) => *seconds,
            _ => 0,
        };
        Ok(Value::from(duration::format(seconds.wrapping_mul(SECOND))))
    });
    add("durationRound", &[Any], |env, a| {
        Ok(Value::from(rounded(env, any(a, 0))))
    });
}

fn time(value: &Value) -> Option<Time> {
    match value {
        Value::Object(object) => object.as_any().downcast_ref::<Time>().cloned(),
        _ => None,
    }
}

/// A time, seconds since the epoch, or failing both, now.
fn instant(env: &Env, value: &Value) -> Time {
    match value {
        Value::Int(IntType::Int | IntType::Int64 | IntType::Int32, seconds) => {
            Time::from_seconds(*seconds)
        }
        value => time(value).unwrap_or_else(|| Time::from_nanoseconds(env.ambient.now())),
    }
}

fn shown(env: &Env, layout: &str, value: &Value, name: &str) -> Result<Value, CallError> {
    let zone = zone(name).unwrap_or(jiff::tz::TimeZone::UTC);
    Ok(Value::from(
        instant(env, value).in_zone(&zone).format(layout),
    ))
}

fn modify(args: &[Value]) -> Result<Value, CallError> {
    let by = duration::parse(text(args, 0))?;
    Ok(Value::object(
        time(any(args, 1)).unwrap_or_else(Time::zero).add(by),
    ))
}

/// The largest unit that fits.
fn rounded(env: &Env, value: &Value) -> String {
    let nanoseconds = match value {
        Value::Str(text) => duration::parse(text).unwrap_or(0),
        Value::Int(IntType::Int64, nanoseconds) => *nanoseconds,
        value => time(value).map_or(0, |time| {
            Time::from_nanoseconds(env.ambient.now()).since(&time)
        }),
    };
    let size = nanoseconds.unsigned_abs();
    let units = [
        (24 * 365 * HOUR, "y"),
        (24 * 30 * HOUR, "mo"),
        (24 * HOUR, "d"),
        (HOUR, "h"),
        (MINUTE, "m"),
        (SECOND, "s"),
    ];
    for (unit, name) in units {
        if size > unit as u64 {
            return format!("{}{name}", size / unit as u64);
        }
    }
    "0s".into()
}
