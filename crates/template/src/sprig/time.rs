//! Go's `time.Time`: an instant in a zone, its layouts, its methods.

use std::any::Any;
use std::rc::Rc;

use jiff::tz::TimeZone;

use crate::func::{Param, Signature};
use crate::strconv::quote;
use crate::value::{IntType, Kind, Object, Value};

const DAY: i64 = 86_400;
/// Seconds from year 1 to the epoch: Go's zero time is the start of year 1.
const ZERO: i64 = -62_135_596_800;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];

const RFC_3339: &str = "2006-01-02T15:04:05.999999999Z07:00";
/// TOML's kinds without an offset: layout, and the name of the zone.
const LOCAL: [(&str, &str); 3] = [
    ("2006-01-02T15:04:05.999999999", "datetime-local"),
    ("2006-01-02", "date-local"),
    ("15:04:05.999999999", "time-local"),
];

/// Offset from UTC and its name at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Offset {
    seconds: i64,
    name: Rc<str>,
}

/// An instant, and the zone it is shown in.
#[derive(Clone, Debug)]
pub struct Time {
    seconds: i64,
    nanoseconds: i64,
    offset: Offset,
}

fn utc() -> Offset {
    Offset {
        seconds: 0,
        name: "UTC".into(),
    }
}

/// A named zone of the time zone database.
pub(super) fn zone(name: &str) -> Option<TimeZone> {
    match name {
        "" | "UTC" | "Local" => Some(TimeZone::UTC),
        name => TimeZone::get(name).ok(),
    }
}

fn offset_at(zone: &TimeZone, seconds: i64) -> Offset {
    let Ok(at) = jiff::Timestamp::from_second(seconds) else {
        return utc();
    };
    let info = zone.to_offset_info(at);
    Offset {
        seconds: info.offset().seconds().into(),
        name: info.abbreviation().into(),
    }
}

/// Days since the epoch of a date in the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month, day of a number of days since the epoch.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

impl Time {
    /// Go's zero time.
    #[must_use]
    pub fn zero() -> Self {
        Self {
            seconds: ZERO,
            nanoseconds: 0,
            offset: utc(),
        }
    }

    #[must_use]
    pub fn from_nanoseconds(nanoseconds: i64) -> Self {
        let second = 1_000_000_000;
        Self {
            seconds: nanoseconds.div_euclid(second),
            nanoseconds: nanoseconds.rem_euclid(second),
            offset: utc(),
        }
    }

    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        Self {
            seconds,
            nanoseconds: 0,
            offset: utc(),
        }
    }

    /// A date, a time or both, as TOML has them; without an offset they are in zones that say what they are.
    #[must_use]
    pub fn from_toml(text: &str) -> Option<Self> {
        if let Ok(time) = parse(RFC_3339, text) {
            return Some(time);
        }
        LOCAL.iter().find_map(|(layout, name)| {
            let time = parse(layout, text).ok()?;
            let offset = Offset {
                seconds: 0,
                name: (*name).into(),
            };
            Some(Self { offset, ..time })
        })
    }

    /// As TOML has it.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let local = LOCAL.iter().find(|(_, name)| *name == &*self.offset.name);
        self.format(local.map_or(RFC_3339, |(layout, _)| layout))
    }

    pub(super) fn unix(&self) -> i64 {
        self.seconds
    }

    pub(super) fn in_zone(&self, zone: &TimeZone) -> Self {
        Self {
            offset: offset_at(zone, self.seconds),
            ..self.clone()
        }
    }

    pub(super) fn add(&self, nanoseconds: i64) -> Self {
        let second = 1_000_000_000;
        let total = self.nanoseconds + nanoseconds.rem_euclid(second);
        Self {
            seconds: self.seconds + nanoseconds.div_euclid(second) + total.div_euclid(second),
            nanoseconds: total.rem_euclid(second),
            offset: self.offset.clone(),
        }
    }

    /// The duration since another instant, kept within its range.
    pub(super) fn since(&self, other: &Self) -> i64 {
        let difference = i128::from(self.seconds - other.seconds) * 1_000_000_000
            + i128::from(self.nanoseconds - other.nanoseconds);
        i64::try_from(difference).unwrap_or(if difference < 0 { i64::MIN } else { i64::MAX })
    }

    fn local(&self) -> i64 {
        self.seconds + self.offset.seconds
    }

    /// The year in its zone.
    #[must_use]
    pub fn year(&self) -> i64 {
        self.civil().0
    }

    fn civil(&self) -> (i64, i64, i64) {
        date(self.local().div_euclid(DAY))
    }

    fn clock(&self) -> (i64, i64, i64) {
        let second = self.local().rem_euclid(DAY);
        (second / 3_600, second / 60 % 60, second % 60)
    }

    fn weekday(&self) -> i64 {
        (self.local().div_euclid(DAY) + 4).rem_euclid(7)
    }

    fn year_day(&self) -> i64 {
        let (year, ..) = self.civil();
        self.local().div_euclid(DAY) - days(year, 1, 1) + 1
    }

    /// `Time.Format`.
    #[must_use]
    pub fn format(&self, layout: &str) -> String {
        let (year, month, day) = self.civil();
        let (hour, minute, second) = self.clock();
        let mut out = String::new();
        let mut rest = layout;
        let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
        while let Some((before, item, after)) = next_item(rest) {
            out.push_str(before);
            match item {
                Item::LongYear => out.push_str(&if year < 0 {
                    format!("-{:04}", -year)
                } else {
                    format!("{year:04}")
                }),
                Item::Year => out.push_str(&format!("{:02}", year.rem_euclid(100))),
                Item::LongMonth => out.push_str(MONTHS[month as usize - 1]),
                Item::Month => out.push_str(&MONTHS[month as usize - 1][..3]),
                Item::NumMonth => out.push_str(&month.to_string()),
                Item::ZeroMonth => out.push_str(&format!("{month:02}")),
                Item::LongWeekday => out.push_str(DAYS[self.weekday() as usize]),
                Item::Weekday => out.push_str(&DAYS[self.weekday() as usize][..3]),
                Item::Day => out.push_str(&day.to_string()),
                Item::UnderDay => out.push_str(&format!("{day:2}")),
                Item::ZeroDay => out.push_str(&format!("{day:02}")),
                Item::UnderYearDay => out.push_str(&format!("{:3}", self.year_day())),
                Item::ZeroYearDay => out.push_str(&format!("{:03}", self.year_day())),
                Item::Hour => out.push_str(&format!("{hour:02}")),
                Item::Hour12 => out.push_str(&twelve.to_string()),
                Item::ZeroHour12 => out.push_str(&format!("{twelve:02}")),
                Item::Minute => out.push_str(&minute.to_string()),
                Item::ZeroMinute => out.push_str(&format!("{minute:02}")),
                Item::Second => out.push_str(&second.to_string()),
                Item::ZeroSecond => out.push_str(&format!("{second:02}")),
                Item::UpperPm => out.push_str(if hour >= 12 { "PM" } else { "AM" }),
                Item::LowerPm => out.push_str(if hour >= 12 { "pm" } else { "am" }),
                Item::Zone => {
                    if self.offset.name.is_empty() {
                        out.push_str(&offset_text(self.offset.seconds, "hhmm"));
                    } else {
                        out.push_str(&self.offset.name);
                    }
                }
                Item::Offset { zulu, form } => {
                    if zulu && self.offset.seconds == 0 {
                        out.push('Z');
                    } else {
                        out.push_str(&offset_text(self.offset.seconds, form));
                    }
                }
                Item::Fraction {
                    digits,
                    trim,
                    separator,
                } => {
                    let text = format!("{:09}", self.nanoseconds);
                    let mut text = &text[..digits.min(9)];
                    if trim {
                        text = text.trim_end_matches('0');
                    }
                    if !trim || !text.is_empty() {
                        out.push(separator);
                        out.push_str(text);
                    }
                }
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// `+0700` and its variants; `form` says which.
fn offset_text(seconds: i64, form: &str) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let absolute = seconds.abs();
    let (hours, minutes, rest) = (absolute / 3_600, absolute / 60 % 60, absolute % 60);
    match form {
        "hh" => format!("{sign}{hours:02}"),
        "hhmm" => format!("{sign}{hours:02}{minutes:02}"),
        "hh:mm" => format!("{sign}{hours:02}:{minutes:02}"),
        "hhmmss" => format!("{sign}{hours:02}{minutes:02}{rest:02}"),
        _ => format!("{sign}{hours:02}:{minutes:02}:{rest:02}"),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Item {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    Zone,
    Offset {
        zulu: bool,
        form: &'static str,
    },
    Fraction {
        digits: usize,
        trim: bool,
        separator: char,
    },
}

/// Texts that stand for something, longer ones before their beginnings.
const ITEMS: [(&str, Item); 37] = [
    ("January", Item::LongMonth),
    ("Jan", Item::Month),
    ("Monday", Item::LongWeekday),
    ("Mon", Item::Weekday),
    ("MST", Item::Zone),
    ("002", Item::ZeroYearDay),
    ("01", Item::ZeroMonth),
    ("02", Item::ZeroDay),
    ("03", Item::ZeroHour12),
    ("04", Item::ZeroMinute),
    ("05", Item::ZeroSecond),
    ("06", Item::Year),
    ("15", Item::Hour),
    ("1", Item::NumMonth),
    ("2006", Item::LongYear),
    ("2", Item::Day),
    ("__2", Item::UnderYearDay),
    ("_2006", Item::LongYear),
    ("_2", Item::UnderDay),
    ("3", Item::Hour12),
    ("4", Item::Minute),
    ("5", Item::Second),
    ("PM", Item::UpperPm),
    ("pm", Item::LowerPm),
    (
        "-07:00:00",
        Item::Offset {
            zulu: false,
            form: "hh:mm:ss",
        },
    ),
    (
        "-070000",
        Item::Offset {
            zulu: false,
            form: "hhmmss",
        },
    ),
    (
        "-07:00",
        Item::Offset {
            zulu: false,
            form: "hh:mm",
        },
    ),
    (
        "-0700",
        Item::Offset {
            zulu: false,
            form: "hhmm",
        },
    ),
    (
        "-07",
        Item::Offset {
            zulu: false,
            form: "hh",
        },
    ),
    (
        "Z07:00:00",
        Item::Offset {
            zulu: true,
            form: "hh:mm:ss",
        },
    ),
    (
        "Z070000",
        Item::Offset {
            zulu: true,
            form: "hhmmss",
        },
    ),
    (
        "Z07:00",
        Item::Offset {
            zulu: true,
            form: "hh:mm",
        },
    ),
    (
        "Z0700",
        Item::Offset {
            zulu: true,
            form: "hhmm",
        },
    ),
    (
        "Z07",
        Item::Offset {
            zulu: true,
            form: "hh",
        },
    ),
    (
        ".0",
        Item::Fraction {
            digits: 0,
            trim: false,
            separator: '.',
        },
    ),
    (
        ",0",
        Item::Fraction {
            digits: 0,
            trim: false,
            separator: ',',
        },
    ),
    (
        ".9",
        Item::Fraction {
            digits: 0,
            trim: true,
            separator: '.',
        },
    ),
];

/// The text before the next item of a layout, the item, and what follows.
fn next_item(layout: &str) -> Option<(&str, Item, &str)> {
    for (at, _) in layout.char_indices() {
        let rest = &layout[at..];
        if let Some(after) = rest.strip_prefix("_2006") {
            // The underscore is text, the year an item.
            return Some((&layout[..=at], Item::LongYear, after));
        }
        if let [b'.' | b',', digit @ (b'0' | b'9'), ..] = rest.as_bytes() {
            let count = rest[1..].bytes().take_while(|byte| byte == digit).count();
            let next = rest.as_bytes().get(1 + count);
            if !next.is_some_and(u8::is_ascii_digit) {
                let separator = char::from(rest.as_bytes()[0]);
                let item = Item::Fraction {
                    digits: count,
                    trim: *digit == b'9',
                    separator,
                };
                return Some((&layout[..at], item, &rest[1 + count..]));
            }
            continue;
        }
        for (text, item) in ITEMS {
            let Some(after) = rest.strip_prefix(text) else {
                continue;
            };
            // A month name must not go on as a word of small letters.
            if text == "Jan"
                && after
                    .bytes()
                    .next()
                    .is_some_and(|byte| byte.is_ascii_lowercase())
            {
                continue;
            }
            return Some((&layout[..at], item, after));
        }
    }
    None
}

fn digits(text: &str, least: usize, most: usize) -> Option<(i64, &str)> {
    let count = text
        .bytes()
        .take(most)
        .take_while(u8::is_ascii_digit)
        .count();
    if count < least {
        return None;
    }
    Some((text[..count].parse().ok()?, &text[count..]))
}

fn name<'t>(names: &[&str], length: usize, text: &'t str) -> Option<(i64, &'t str)> {
    names.iter().zip(1..).find_map(|(name, number)| {
        let name = &name[..length.min(name.len())];
        let head = text.get(..name.len())?;
        head.eq_ignore_ascii_case(name)
            .then(|| (number, &text[name.len()..]))
    })
}

#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<i64>,
    day: Option<i64>,
    year_day: Option<i64>,
    hour: i64,
    minute: i64,
    second: i64,
    nanoseconds: i64,
    pm: Option<bool>,
    offset: Option<i64>,
    zone: Option<String>,
}

/// Why a text is not a time.
enum Wrong {
    Form,
    Range(&'static str),
}

/// `time.ParseInLocation` in UTC.
pub(super) fn parse(layout: &str, value: &str) -> Result<Time, String> {
    let error = |item: &str, rest: &str, wrong: &Wrong| {
        let (layout, value) = (quote(layout.as_bytes()), quote(value.as_bytes()));
        match wrong {
            Wrong::Form => {
                let (rest, item) = (quote(rest.as_bytes()), quote(item.as_bytes()));
                format!("parsing time {value} as {layout}: cannot parse {rest} as {item}")
            }
            Wrong::Range(what) => format!("parsing time {value}: {what} out of range"),
        }
    };
    let mut fields = Fields::default();
    let (mut form, mut rest) = (layout, value);
    loop {
        let (before, item, after) = match next_item(form) {
            Some((before, item, after)) => (before, Some(item), after),
            None => (form, None, ""),
        };
        rest = rest
            .strip_prefix(before)
            .ok_or_else(|| error(before, rest, &Wrong::Form))?;
        let Some(item) = item else { break };
        let shown = &form[before.len()..form.len() - after.len()];
        rest = fields
            .take(item, rest, after)
            .map_err(|wrong| error(shown, rest, &wrong))?;
        form = after;
    }
    if !rest.is_empty() {
        let (value, rest) = (quote(value.as_bytes()), quote(rest.as_bytes()));
        return Err(format!("parsing time {value}: extra text: {rest}"));
    }
    fields.finish().map_err(|wrong| error("", "", &wrong))
}

impl Fields {
    fn take<'t>(&mut self, item: Item, text: &'t str, after: &str) -> Result<&'t str, Wrong> {
        let number = |least, most| digits(text, least, most).ok_or(Wrong::Form);
        let spaced = text.strip_prefix(' ').unwrap_or(text);
        let rest;
        match item {
            Item::LongYear => (self.year, rest) = number(4, 4)?,
            Item::Year => {
                (self.year, rest) = number(2, 2)?;
                self.year += if self.year >= 69 { 1_900 } else { 2_000 };
            }
            Item::LongMonth | Item::Month => {
                let length = if item == Item::Month { 3 } else { 9 };
                let (month, left) = name(&MONTHS, length, text).ok_or(Wrong::Form)?;
                (self.month, rest) = (Some(month), left);
            }
            Item::NumMonth | Item::ZeroMonth => {
                let (month, left) = number(if item == Item::ZeroMonth { 2 } else { 1 }, 2)?;
                if !(1..=12).contains(&month) {
                    return Err(Wrong::Range("month"));
                }
                (self.month, rest) = (Some(month), left);
            }
            Item::LongWeekday | Item::Weekday => {
                let length = if item == Item::Weekday { 3 } else { 9 };
                rest = name(&DAYS, length, text).ok_or(Wrong::Form)?.1;
            }
            Item::Day | Item::UnderDay | Item::ZeroDay => {
                let source = if item == Item::UnderDay { spaced } else { text };
                let least = if item == Item::ZeroDay { 2 } else { 1 };
                let (day, left) = digits(source, least, 2).ok_or(Wrong::Form)?;
                (self.day, rest) = (Some(day), left);
            }
            Item::UnderYearDay | Item::ZeroYearDay => {
                let source = text.trim_start_matches(' ');
                let (day, left) = digits(source, 1, 3).ok_or(Wrong::Form)?;
                (self.year_day, rest) = (Some(day), left);
            }
            Item::Hour | Item::Hour12 | Item::ZeroHour12 => {
                let least = if item == Item::ZeroHour12 { 2 } else { 1 };
                (self.hour, rest) = number(least, 2)?;
                let most = if item == Item::Hour { 23 } else { 12 };
                if self.hour > most {
                    return Err(Wrong::Range("hour"));
                }
            }
            Item::Minute | Item::ZeroMinute => {
                (self.minute, rest) = number(if item == Item::ZeroMinute { 2 } else { 1 }, 2)?;
                if self.minute > 59 {
                    return Err(Wrong::Range("minute"));
                }
            }
            Item::Second | Item::ZeroSecond => {
                let (second, mut left) = number(if item == Item::ZeroSecond { 2 } else { 1 }, 2)?;
                self.second = second;
                if second > 59 {
                    return Err(Wrong::Range("second"));
                }
                // A fraction may follow the seconds even if the layout has none.
                let fraction_next =
                    matches!(next_item(after), Some(("", Item::Fraction { .. }, _)));
                if !fraction_next
                    && left.starts_with(['.', ','])
                    && left[1..].starts_with(|c: char| c.is_ascii_digit())
                {
                    left = self.fraction(left, None)?;
                }
                rest = left;
            }
            Item::UpperPm | Item::LowerPm => {
                let (upper, lower) = (item == Item::UpperPm, item == Item::LowerPm);
                self.pm = match text.get(..2) {
                    Some("PM") if upper => Some(true),
                    Some("AM") if upper => Some(false),
                    Some("pm") if lower => Some(true),
                    Some("am") if lower => Some(false),
                    _ => return Err(Wrong::Form),
                };
                rest = &text[2..];
            }
            Item::Zone => {
                let length = text.bytes().take_while(u8::is_ascii_uppercase).count();
                if !(3..=5).contains(&length) {
                    return Err(Wrong::Form);
                }
                self.zone = Some(text[..length].to_owned());
                rest = &text[length..];
            }
            Item::Offset { zulu, form } => {
                if let (true, Some(left)) = (zulu, text.strip_prefix('Z')) {
                    self.offset = Some(0);
                    return Ok(left);
                }
                rest = self.take_offset(form, text)?;
            }
            Item::Fraction { digits, trim, .. } => {
                if trim
                    && !(text.starts_with(['.', ','])
                        && text[1..].starts_with(|c: char| c.is_ascii_digit()))
                {
                    return Ok(text);
                }
                rest = self.fraction(text, (!trim).then_some(digits))?;
            }
        }
        Ok(rest)
    }

    fn fraction<'t>(&mut self, text: &'t str, exactly: Option<usize>) -> Result<&'t str, Wrong> {
        let body = text.strip_prefix(['.', ',']).ok_or(Wrong::Form)?;
        let count = exactly.unwrap_or_else(|| body.bytes().take_while(u8::is_ascii_digit).count());
        let digits = body
            .get(..count)
            .filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
        let digits = digits.ok_or(Wrong::Form)?;
        let padded: String = digits
            .chars()
            .chain(std::iter::repeat('0'))
            .take(9)
            .collect();
        self.nanoseconds = padded.parse().unwrap_or(0);
        Ok(&body[count..])
    }

    fn take_offset<'t>(&mut self, form: &str, text: &'t str) -> Result<&'t str, Wrong> {
        let sign = match text.as_bytes().first() {
            Some(b'+') => 1,
            Some(b'-') => -1,
            _ => return Err(Wrong::Form),
        };
        let mut rest = &text[1..];
        let mut parts = [0; 3];
        let count = form.matches(|c: char| c.is_ascii_alphabetic()).count() / 2;
        for (index, part) in parts.iter_mut().take(count).enumerate() {
            if index > 0 && form.contains(':') {
                rest = rest.strip_prefix(':').ok_or(Wrong::Form)?;
            }
            (*part, rest) = digits(rest, 2, 2).ok_or(Wrong::Form)?;
        }
        let [hours, minutes, seconds] = parts;
        if hours > 24 || minutes > 60 || seconds > 60 {
            return Err(Wrong::Range("time zone offset"));
        }
        self.offset = Some(sign * (hours * 3_600 + minutes * 60 + seconds));
        Ok(rest)
    }

    fn finish(mut self) -> Result<Time, Wrong> {
        match self.pm {
            Some(true) if self.hour < 12 => self.hour += 12,
            Some(false) if self.hour == 12 => self.hour = 0,
            _ => {}
        }
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let mut day_number = None;
        if let Some(year_day) = self.year_day {
            if !(1..=365 + i64::from(leap)).contains(&year_day) {
                return Err(Wrong::Range("day-of-year"));
            }
            day_number = Some(days(self.year, 1, 1) + year_day - 1);
        }
        let (month, day) = (self.month.unwrap_or(1), self.day.unwrap_or(1));
        let length = match month {
            2 => 28 + i64::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        if !(1..=length).contains(&day) {
            return Err(Wrong::Range("day"));
        }
        let day_number = day_number.unwrap_or_else(|| days(self.year, month, day));
        let local = day_number * DAY + self.hour * 3_600 + self.minute * 60 + self.second;
        let offset = match (self.offset, &self.zone) {
            (Some(0), None) => utc(),
            (Some(seconds), zone) => Offset {
                seconds,
                name: zone.as_deref().unwrap_or_default().into(),
            },
            (None, Some(zone)) => Offset {
                seconds: 0,
                name: zone.as_str().into(),
            },
            (None, None) => utc(),
        };
        Ok(Time {
            seconds: local - offset.seconds,
            nanoseconds: self.nanoseconds,
            offset,
        })
    }
}

impl Object for Time {
    fn type_name(&self) -> &str {
        "time.Time"
    }

    fn method(&self, name: &str) -> Option<Signature> {
        let params: &[Param] = match name {
            "Year" | "Month" | "Day" | "Hour" | "Minute" | "Second" | "Nanosecond" | "Weekday"
            | "YearDay" | "Unix" | "UnixNano" | "UnixMilli" | "String" | "UTC" | "Local"
            | "IsZero" => &[],
            "Format" => &[Param::String],
            "Add" => &[Param::Duration],
            "AddDate" => &[Param::Int, Param::Int, Param::Int],
            "Sub" | "Before" | "After" | "Equal" => &[Param::Object("time.Time")],
            _ => return None,
        };
        Some(Signature {
            params,
            variadic: None,
        })
    }

    fn call(&self, name: &str, args: &[Value]) -> Result<Value, String> {
        let (year, month, day) = self.civil();
        let (hour, minute, second) = self.clock();
        let int = |index: usize| super::args::int(args, index);
        let other = || match args.first() {
            Some(Value::Object(other)) => other.as_any().downcast_ref::<Self>().cloned(),
            _ => None,
        };
        let since = || other().map_or(0, |other| self.since(&other));
        Ok(match name {
            "Year" => Value::int(year),
            "Month" => Value::Int(IntType::Month, month),
            "Day" => Value::int(day),
            "Hour" => Value::int(hour),
            "Minute" => Value::int(minute),
            "Second" => Value::int(second),
            "Nanosecond" => Value::int(self.nanoseconds),
            "Weekday" => Value::Int(IntType::Weekday, self.weekday()),
            "YearDay" => Value::int(self.year_day()),
            "Unix" => Value::int64(self.seconds),
            "UnixMilli" => Value::int64(self.seconds * 1_000 + self.nanoseconds / 1_000_000),
            "UnixNano" => Value::int64(
                self.seconds
                    .wrapping_mul(1_000_000_000)
                    .wrapping_add(self.nanoseconds),
            ),
            "String" => Value::from(self.string().unwrap_or_default()),
            "UTC" | "Local" => Value::object(Self {
                offset: utc(),
                ..self.clone()
            }),
            "IsZero" => Value::Bool(self.seconds == ZERO && self.nanoseconds == 0),
            "Format" => Value::from(self.format(&crate::value::lossy(super::args::text(args, 0)))),
            "Add" => Value::object(self.add(int(0))),
            "AddDate" => {
                let months = year * 12 + month - 1 + int(0) * 12 + int(1);
                let number =
                    days(months.div_euclid(12), months.rem_euclid(12) + 1, 1) + day - 1 + int(2);
                let moved = number - self.local().div_euclid(DAY);
                Value::object(Self {
                    seconds: self.seconds + moved * DAY,
                    ..self.clone()
                })
            }
            "Sub" => Value::Int(IntType::Duration, since()),
            "Before" => Value::Bool(since() < 0),
            "After" => Value::Bool(since() > 0),
            "Equal" => Value::Bool(since() == 0),
            _ => return Err(format!("no method {name}")),
        })
    }

    fn string(&self) -> Option<String> {
        Some(self.format("2006-01-02 15:04:05.999999999 -0700 MST"))
    }

    fn kind(&self) -> Kind {
        Kind::Struct
    }

    /// What JSON and YAML show.
    fn plain(&self) -> Value {
        Value::from(self.format(RFC_3339))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
