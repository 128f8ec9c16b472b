//! Lengths of time as Go writes and reads them, since every duration in Flux's API and messages is one.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What the definitions accept for intervals: hours down to milliseconds.
const PATTERN: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$";

/// What the definitions accept for a source's timeout: no hours.
const TIMEOUT_PATTERN: &str = r"^([0-9]+(\.[0-9]+)?(ms|s|m))+$";

const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// A signed number of nanoseconds, Go's `time.Duration`: about 292 years either way, and an error beyond.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duration(i64);

/// A text is not a duration. The message is Go's, with the text quoted and its control characters escaped.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseDurationError {
    #[error("time: invalid duration {0:?}")]
    Invalid(String),
    #[error("time: missing unit in duration {0:?}")]
    MissingUnit(String),
    #[error("time: unknown unit {unit:?} in duration {text:?}")]
    UnknownUnit { unit: String, text: String },
}

impl Duration {
    pub const ZERO: Self = Self(0);

    pub const fn from_secs(seconds: u32) -> Self {
        Self(seconds as i64 * 1_000_000_000)
    }

    pub const fn from_millis(millis: u32) -> Self {
        Self(millis as i64 * 1_000_000)
    }

    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    pub const fn as_nanos(self) -> i64 {
        self.0
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The length as the standard library has it; negative lengths become zero.
    pub fn to_std(self) -> std::time::Duration {
        std::time::Duration::from_nanos(u64::try_from(self.0).unwrap_or(0))
    }

    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The nearest multiple of `unit`, halves away from zero, as Go's `Round`.
    pub const fn round(self, unit: Self) -> Self {
        if unit.0 <= 0 {
            return self;
        }
        let rest = self.0 % unit.0;
        let down = self.0 - rest;
        if rest.unsigned_abs() < (unit.0 as u64).div_ceil(2) {
            Self(down)
        } else if self.0 < 0 {
            Self(down.saturating_sub(unit.0))
        } else {
            Self(down.saturating_add(unit.0))
        }
    }
}

impl From<std::time::Duration> for Duration {
    /// Lengths beyond Go's range become its largest one.
    fn from(value: std::time::Duration) -> Self {
        Self(i64::try_from(value.as_nanos()).unwrap_or(i64::MAX))
    }
}

impl FromStr for Duration {
    type Err = ParseDurationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || ParseDurationError::Invalid(text.to_owned());
        let (negative, mut rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "0" {
            return Ok(Self::ZERO);
        }
        if rest.is_empty() {
            return Err(invalid());
        }
        let mut total: u64 = 0;
        while !rest.is_empty() {
            let (number, after) = Number::take(rest).ok_or_else(invalid)?;
            let end = after
                .find(|c: char| c == '.' || c.is_ascii_digit())
                .unwrap_or(after.len());
            let (unit, after) = after.split_at(end);
            if unit.is_empty() {
                return Err(ParseDurationError::MissingUnit(text.to_owned()));
            }
            let Some((_, nanos)) = UNITS.iter().find(|(name, _)| *name == unit) else {
                return Err(ParseDurationError::UnknownUnit {
                    unit: unit.to_owned(),
                    text: text.to_owned(),
                });
            };
            total = number
                .in_nanos(*nanos)
                .and_then(|part| total.checked_add(part))
                .ok_or_else(invalid)?;
            if total > 1 << 63 {
                return Err(invalid());
            }
            rest = after;
        }
        match (negative, i64::try_from(total)) {
            (false, Ok(nanos)) => Ok(Self(nanos)),
            (true, Ok(nanos)) => Ok(Self(-nanos)),
            (true, Err(_)) => Ok(Self(i64::MIN)),
            (false, Err(_)) => Err(invalid()),
        }
    }
}

/// Digits, and after a point the digits of a fraction.
struct Number {
    whole: u64,
    fraction: u64,
    scale: f64,
}

impl Number {
    /// Reads `[0-9]*(\.[0-9]*)?` with at least one digit; none on overflow of the whole part.
    fn take(text: &str) -> Option<(Self, &str)> {
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let whole = if digits == 0 {
            0
        } else {
            text[..digits]
                .parse()
                .ok()
                .filter(|n: &u64| *n <= 1 << 63)?
        };
        let mut number = Self {
            whole,
            fraction: 0,
            scale: 1.0,
        };
        let Some(after) = text[digits..].strip_prefix('.') else {
            return (digits > 0).then_some((number, &text[digits..]));
        };
        let places = after.len() - after.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        for digit in after[..places].bytes() {
            // Digits that no longer fit are below a nanosecond: dropped, as in Go.
            let Some(next) = number
                .fraction
                .checked_mul(10)
                .and_then(|f| f.checked_add(u64::from(digit - b'0')))
            else {
                break;
            };
            if next > i64::MAX as u64 {
                break;
            }
            number.fraction = next;
            number.scale *= 10.0;
        }
        (digits + places > 0).then_some((number, &after[places..]))
    }

    fn in_nanos(&self, unit: u64) -> Option<u64> {
        let whole = self.whole.checked_mul(unit)?;
        let fraction = (self.fraction as f64 * (unit as f64 / self.scale)) as u64;
        whole.checked_add(fraction)
    }
}

impl fmt::Display for Duration {
    /// `1h30m0s`, `1.5s`, `20ms`, `0s`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        if self.0 < 0 {
            f.write_str("-")?;
        }
        match nanos {
            0 => f.write_str("0s"),
            1..1_000 => write!(f, "{nanos}ns"),
            1_000..1_000_000 => write!(f, "{}\u{b5}s", Decimal(nanos, 1_000)),
            1_000_000..1_000_000_000 => write!(f, "{}ms", Decimal(nanos, 1_000_000)),
            _ => {
                let (minutes, rest) = (nanos / 60_000_000_000, nanos % 60_000_000_000);
                if minutes >= 60 {
                    write!(f, "{}h", minutes / 60)?;
                }
                if minutes > 0 {
                    write!(f, "{}m", minutes % 60)?;
                }
                write!(f, "{}s", Decimal(rest, 1_000_000_000))
            }
        }
    }
}

/// A number of parts and how many make one, printed without trailing zeros.
struct Decimal(u64, u64);

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / self.1, self.0 % self.1);
        if rest == 0 {
            return write!(f, "{whole}");
        }
        let width = self.1.ilog10() as usize;
        write!(
            f,
            "{whole}.{}",
            format!("{rest:0width$}").trim_end_matches('0')
        )
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Cow::<'de, str>::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Duration {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": PATTERN })
    }
}

/// The schema of a source's timeout.
pub(crate) fn timeout_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string", "pattern": TIMEOUT_PATTERN })
}

/// The schema of a duration that is only written, never validated.
pub(crate) fn plain_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "type": "string" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn go(text: &str) -> String {
        match text.parse::<Duration>() {
            Ok(duration) => duration.to_string(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn durations_read_and_print_as_in_go() {
        // parity: KS-API-005
        for (text, expected) in [
            ("10m", "10m0s"),
            ("1h30m", "1h30m0s"),
            ("60s", "1m0s"),
            ("0", "0s"),
            ("0s", "0s"),
            ("-1s", "-1s"),
            ("+5s", "5s"),
            ("1.5h", "1h30m0s"),
            (".5s", "500ms"),
            ("5.s", "5s"),
            ("1500ms", "1.5s"),
            ("1500us", "1.5ms"),
            ("1500\u{b5}s", "1.5ms"),
            ("1500ns", "1.5\u{b5}s"),
            ("100h", "100h0m0s"),
            ("2562047h47m16.854775807s", "2562047h47m16.854775807s"),
            ("-2562047h47m16.854775808s", "-2562047h47m16.854775808s"),
            ("0.3333333333333333333h", "20m0s"),
            ("39h9m14.425s", "39h9m14.425s"),
        ] {
            assert_eq!(go(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_duration_is_refused_in_gos_words() {
        for (text, expected) in [
            ("", r#"time: invalid duration """#),
            ("3", r#"time: missing unit in duration "3""#),
            ("1e9h", r#"time: unknown unit "e" in duration "1e9h""#),
            ("10x", r#"time: unknown unit "x" in duration "10x""#),
            (".s", r#"time: invalid duration ".s""#),
            ("-", r#"time: invalid duration "-""#),
            ("1000000000h", r#"time: invalid duration "1000000000h""#),
            (
                "9223372036854775808ns",
                r#"time: invalid duration "9223372036854775808ns""#,
            ),
            (
                "99999999999999999999s",
                r#"time: invalid duration "99999999999999999999s""#,
            ),
            ("\u{0}1s", r#"time: invalid duration "\01s""#),
        ] {
            assert_eq!(go(text), expected, "{text}");
        }
    }

    #[test]
    fn rounding_is_to_the_nearest() {
        let unit = Duration::from_millis(10);
        assert_eq!(
            Duration::from_millis(14).round(unit),
            Duration::from_millis(10)
        );
        assert_eq!(
            Duration::from_millis(15).round(unit),
            Duration::from_millis(20)
        );
        assert_eq!(
            Duration::from_nanos(-15_000_000).round(unit).to_string(),
            "-20ms"
        );
    }
}
