//! Times as Go's JSON has them: nanoseconds, the writer's offset, and year 1 for none.

use std::fmt;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;

/// 1 January of year 1 in UTC: what Go calls the zero time.
const ZERO_SECOND: i64 = -62_135_596_800;

/// A moment, with the offset from UTC that it is written with. Digests cover the text, so the offset is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Time {
    at: Timestamp,
    /// In minutes.
    offset: i32,
}

impl Default for Time {
    fn default() -> Self {
        Self::from_seconds(ZERO_SECOND)
    }
}

impl From<Timestamp> for Time {
    fn from(at: Timestamp) -> Self {
        Self { at, offset: 0 }
    }
}

impl Time {
    /// A time that is beyond what can be written becomes the zero time.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self {
            at: Timestamp::from_second(seconds).unwrap_or(Timestamp::UNIX_EPOCH),
            offset: 0,
        }
    }

    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.at.as_second() == ZERO_SECOND && self.at.subsec_nanosecond() == 0
    }

    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.at
    }

    /// RFC 3339, as strictly as Go reads it from JSON.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let number = |from: usize, to: usize| -> Option<i16> {
            let digits = bytes.get(from..to)?;
            digits.iter().try_fold(0, |number: i16, digit| {
                digit
                    .is_ascii_digit()
                    .then(|| number * 10 + i16::from(digit - b'0'))
            })
        };
        let small = |from, to| number(from, to).and_then(|number| i8::try_from(number).ok());
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if marks.iter().any(|(at, mark)| bytes.get(*at) != Some(mark)) {
            return None;
        }
        let mut at = 19;
        let mut nanos = 0;
        if bytes.get(at) == Some(&b'.') {
            at += 1;
            let digits = bytes[at..]
                .iter()
                .take_while(|b| b.is_ascii_digit())
                .count();
            if digits == 0 {
                return None;
            }
            // Go reads nine digits and leaves the rest.
            for place in 0..9 {
                let digit = if place < digits {
                    bytes[at + place] - b'0'
                } else {
                    0
                };
                nanos = nanos * 10 + i32::from(digit);
            }
            at += digits;
        }
        let offset = match bytes.get(at..)? {
            [b'Z'] => 0,
            [sign @ (b'+' | b'-'), _, _, b':', _, _] => {
                let (hours, minutes) = (number(at + 1, at + 3)?, number(at + 4, at + 6)?);
                if hours > 23 || minutes > 59 {
                    return None;
                }
                let offset = i32::from(hours) * 60 + i32::from(minutes);
                if *sign == b'-' { -offset } else { offset }
            }
            _ => return None,
        };
        let civil = DateTime::new(
            number(0, 4)?,
            small(5, 7)?,
            small(8, 10)?,
            small(11, 13)?,
            small(14, 16)?,
            small(17, 19)?,
            nanos,
        )
        .ok()?;
        let at = Offset::from_seconds(offset * 60)
            .ok()?
            .to_timestamp(civil)
            .ok()?;
        Some(Self { at, offset })
    }
}

/// RFC 3339 with as many digits behind the second as it takes.
impl fmt::Display for Time {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = Offset::from_seconds(self.offset * 60).unwrap_or(Offset::UTC);
        let civil = offset.to_datetime(self.at);
        let (date, time) = (civil.date(), civil.time());
        write!(
            out,
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            date.year(),
            date.month(),
            date.day(),
            time.hour(),
            time.minute(),
            time.second()
        )?;
        let nanos = time.subsec_nanosecond();
        if nanos != 0 {
            let digits = format!("{nanos:09}");
            write!(out, ".{}", digits.trim_end_matches('0'))?;
        }
        match self.offset {
            0 => out.write_str("Z"),
            offset => {
                let sign = if offset < 0 { '-' } else { '+' };
                let minutes = offset.abs();
                write!(out, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_out_as_they_went_in() {
        // parity: HR-STORAGE-006
        for text in [
            "2026-11-21T10:27:14.449180675Z",
            "2026-11-21T10:27:14.4Z",
            "2024-02-29T23:59:59+02:00",
            "2024-02-29T23:59:59.000000001-11:30",
            "0001-01-01T00:00:00Z",
        ] {
            assert_eq!(Time::parse(text).unwrap().to_string(), text);
        }
        let utc = Time::parse("2024-01-01T00:00:00.500+00:00").unwrap();
        assert_eq!(utc.to_string(), "2024-01-01T00:00:00.5Z");
        assert!(Time::default().is_zero());
        assert!(Time::parse("0001-01-01T00:00:00Z").unwrap().is_zero());
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in [
            "",
            "2024",
            "2024-01-01",
            "2024-01-01 00:00:00Z",
            "2024-13-01T00:00:00Z",
            "2024-01-01T00:00:00",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00z",
            "+024-01-01T00:00:00Z",
        ] {
            assert_eq!(Time::parse(text), None, "{text}");
        }
    }
}
