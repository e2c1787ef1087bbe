//! What is stored of an issue, and how occurrences change it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::memory::burst::{Burst, FAST_DAYS, SLOW_DAYS};
use crate::memory::stored::{Reader, Writer};
use crate::memory::{decay, Day, Result, Timestamp, View};

/// The latest trend that is believed, in seconds: in the year 9999.
const LATEST_TREND: f64 = 253_402_000_000.0;
/// The highest frequency: what fits into an integer reply.
const MOST: u64 = i64::MAX as u64;
/// An issue as it is stored and exported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Record<'a> {
    /// Occurrences in its life.
    pub frequency: u64,
    /// The severity last given.
    #[serde(borrow)]
    pub severity: Cow<'a, str>,
    /// When it was first seen.
    pub created_at: Timestamp,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// The instant, in seconds, at which its decayed count falls to one: its score in the sorted set.
    pub trend: f64,
    /// The UTC day of the first number in `days`, counted from 1970.
    pub day: i32,
    /// Occurrences of that day, the day before, and so on.
    pub days: Vec<u64>,
}

impl Record<'_> {
    /// An issue that was never seen.
    pub fn new(now: Timestamp) -> Self {
        Record {
            frequency: 0,
            severity: Cow::Borrowed(""),
            created_at: now,
            last_seen: now,
            trend: f64::NEG_INFINITY,
            day: now.day().0,
            days: Vec::new(),
        }
    }

    /// Reads a stored record.
    pub fn read(bytes: &[u8]) -> Option<Record<'_>> {
        let record = match Record::read_as_written(bytes) {
            Some(record) => record,
            None => serde_json::from_slice(bytes).ok()?,
        };
        record.is_sound().then_some(record)
    }

    /// Reads a record in the form in which we write it.
    fn read_as_written(bytes: &[u8]) -> Option<Record<'_>> {
        let mut json = Reader::new(bytes);
        json.pass("{\"frequency\":")?;
        let frequency = json.whole()?;
        json.pass(",\"severity\":")?;
        let severity = Cow::Borrowed(json.string()?);
        json.pass(",\"created_at\":")?;
        let created_at = json.time()?;
        json.pass(",\"last_seen\":")?;
        let last_seen = json.time()?;
        json.pass(",\"trend\":")?;
        let trend = json.number()?;
        json.pass(",\"day\":")?;
        let day = i32::try_from(json.whole()?).ok()?;
        json.pass(",\"days\":[")?;
        let mut days = Vec::with_capacity(4);
        while !json.passes("]") {
            if !days.is_empty() {
                json.pass(",")?;
            }
            days.push(json.whole()?);
        }
        json.pass("}")?;
        json.end()?;
        Some(Record {
            frequency,
            severity,
            created_at,
            last_seen,
            trend,
            day,
            days,
        })
    }

    /// As it is stored.
    pub fn write(&self) -> String {
        let mut json = Writer::with_capacity(160 + self.severity.len() + 4 * self.days.len())
            .raw("{\"frequency\":")
            .whole(self.frequency)
            .raw(",\"severity\":")
            .string(&self.severity)
            .raw(",\"created_at\":")
            .time(self.created_at)
            .raw(",\"last_seen\":")
            .time(self.last_seen)
            .raw(",\"trend\":")
            .number(self.trend)
            .raw(",\"day\":")
            .whole(self.day.max(0) as u64)
            .raw(",\"days\":[");
        for (place, count) in self.days.iter().enumerate() {
            json = json.raw(if place == 0 { "" } else { "," }).whole(*count);
        }
        json.raw("]}").finish()
    }

    /// Whether the numbers are such as an issue can have.
    pub fn is_sound(&self) -> bool {
        let days = self.day >= 0 && self.days.len() <= SLOW_DAYS as usize;
        days && (0.0..=LATEST_TREND).contains(&self.trend) && self.frequency <= MOST
    }

    /// The same, with a severity of its own.
    pub fn into_owned(self) -> Record<'static> {
        Record {
            severity: Cow::Owned(self.severity.into_owned()),
            ..self
        }
    }

    /// Counts occurrences at `now`; half-life of the trend in seconds.
    pub fn occur(&mut self, now: Timestamp, count: u64, half_life: f64) {
        self.frequency = self.frequency.saturating_add(count).min(MOST);
        self.last_seen = self.last_seen.max(now);
        let known = self.trend.is_finite().then_some(self.trend);
        self.trend = decay::add(known, now.seconds(), count as f64, half_life);
        self.leave_the_future(now.day());
        self.add_day(now.day(), count);
    }

    /// Drops days that a clock was ahead by; one day is borne, as clocks differ about midnight.
    fn leave_the_future(&mut self, today: Day) {
        let ahead = i64::from(self.day) - i64::from(today.0);
        if ahead > 1 {
            let gone = self.days.len().min(ahead as usize);
            self.days.drain(..gone);
            self.day = today.0;
        }
    }

    fn add_day(&mut self, day: Day, count: u64) {
        let ahead = i64::from(day.0) - i64::from(self.day);
        if ahead > 0 {
            let shift = ahead.min(i64::from(SLOW_DAYS)) as usize;
            self.days.splice(0..0, std::iter::repeat_n(0, shift));
            self.day = day.0;
        }
        let age = (-ahead).max(0) as usize;
        if age < SLOW_DAYS as usize {
            if self.days.len() <= age {
                self.days.resize(age + 1, 0);
            }
            self.days[age] = self.days[age].saturating_add(count);
        }
        self.days.truncate(SLOW_DAYS as usize);
        let used = self.days.iter().rposition(|&n| n > 0).map_or(0, |i| i + 1);
        self.days.truncate(used);
    }

    /// Adds the occurrences of another record of the same issue.
    pub fn merge<'b>(self, other: Record<'b>, half_life: f64) -> Record<'b>
    where
        Self: 'b,
    {
        let trend = decay::join(self.trend, other.trend, half_life);
        let mut merged = Record {
            frequency: self.frequency.saturating_add(other.frequency).min(MOST),
            created_at: self.created_at.min(other.created_at),
            last_seen: self.last_seen.max(other.last_seen),
            trend,
            day: self.day,
            days: self.days,
            severity: if other.last_seen >= self.last_seen {
                other.severity
            } else {
                self.severity
            },
        };
        for (day, count) in (0..=other.day).rev().zip(&other.days) {
            merged.add_day(Day(day), *count);
        }
        merged
    }

    /// Its rates, and whether they are a burst, as of a day.
    pub fn burst(&self, today: Day) -> Burst {
        let since = |days: u32| {
            let first = today.first_of(days);
            let counts = (0..=self.day).rev().zip(&self.days);
            counts
                .take_while(|(day, _)| *day >= first.0)
                .filter(|(day, _)| *day <= today.0)
                .fold(0u64, |sum, (_, n)| sum.saturating_add(*n))
        };
        Burst::of(since(FAST_DAYS), since(SLOW_DAYS))
    }
}

/// What a report looks at in every record, which costs less to read than all of it.
#[derive(Debug, Deserialize)]
pub struct Glance<'a> {
    /// The severity last given.
    #[serde(borrow)]
    severity: Cow<'a, str>,
    /// When it was last seen.
    pub last_seen: Timestamp,
    /// The instant at which its decayed count falls to one.
    pub trend: f64,
}

impl<'a> Glance<'a> {
    /// Looks at a stored record.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        Self::as_we_write(bytes).or_else(|| serde_json::from_slice(bytes).ok())
    }

    /// Looks at a record whose fields lie as [`Record`] writes them.
    fn as_we_write(bytes: &'a [u8]) -> Option<Self> {
        let (severity, rest) = plain_severity(bytes)?;
        let rest = rest.strip_prefix(b"\",\"created_at\":\"")?;
        let rest = rest.get(INSTANT..)?.strip_prefix(b"\",\"last_seen\":\"")?;
        let (last_seen, rest) = rest.split_at_checked(INSTANT)?;
        let rest = rest.strip_prefix(b"\",\"trend\":")?;
        let end = rest.iter().position(|byte| *byte == b',')?;
        Some(Glance {
            severity: severity.into(),
            last_seen: Timestamp::parse(std::str::from_utf8(last_seen).ok()?)?,
            trend: std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?,
        })
    }
}

/// How many bytes an instant takes.
const INSTANT: usize = "2026-11-18T11:06:40.000Z".len();

/// The severity of a record whose fields lie as [`Record`] writes them, and what comes after it; not where it takes
/// escapes to write it.
fn plain_severity(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let rest = bytes.strip_prefix(b"{\"frequency\":")?;
    let digits = rest.iter().position(|byte| !byte.is_ascii_digit())?;
    let rest = rest[digits..].strip_prefix(b",\"severity\":\"")?;
    let end = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
    let (severity, rest) = rest.split_at(end);
    let severity = std::str::from_utf8(severity).ok()?;
    rest.starts_with(b"\"").then_some((severity, rest))
}

/// Only the severity of a stored record.
pub fn severity(bytes: &[u8]) -> Option<Cow<'_, str>> {
    match plain_severity(bytes) {
        Some((severity, _)) => Some(severity.into()),
        None => Glance::of(bytes).map(|glance| glance.severity),
    }
}

/// Reads the stored record of one member; what cannot be read is reported and passed over.
pub fn read(view: &View<'_>, member: &str) -> Result<Option<Record<'static>>> {
    read_as(view, member, |record| record.into_owned())
}

/// The same for who gives it another severity: it comes without one, which costs less.
pub fn read_to_change(view: &View<'_>, member: &str) -> Result<Option<Record<'static>>> {
    read_as(view, member, |record| Record {
        severity: Cow::Borrowed(""),
        ..record
    })
}

fn read_as(
    view: &View<'_>,
    member: &str,
    own: impl for<'a> Fn(Record<'a>) -> Record<'static>,
) -> Result<Option<Record<'static>>> {
    let key = view.keys.issues();
    let Some(bytes) = view.store.field(&key, member)? else {
        return Ok(None);
    };
    let record = Record::read(&bytes).map(own);
    if record.is_none() {
        view.store.report_corrupt(&key);
    }
    Ok(record)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record() -> impl Strategy<Value = Record<'static>> {
        let times = (0i64..253_402_000_000_000, 0i64..253_402_000_000_000);
        let days = prop::collection::vec(0u64..1 << 40, 0..6);
        let numbers = (0u64..1 << 62, 0.0f64..2.5e11, 0i32..3_000_000);
        (".{0,12}", times, numbers, days).prop_map(|(severity, (created, seen), numbers, days)| {
            Record {
                frequency: numbers.0,
                severity: severity.into(),
                created_at: Timestamp::from_ms(created),
                last_seen: Timestamp::from_ms(seen),
                trend: numbers.1,
                day: numbers.2,
                days,
            }
        })
    }

    proptest! {
        #[test]
        fn a_record_is_written_and_read_as_serde_does(record in record()) {
            let text = record.write();
            prop_assert_eq!(&text, &serde_json::to_string(&record).unwrap());
            let read = Record::read(text.as_bytes()).unwrap();
            prop_assert_eq!(read.write(), text);
        }

        #[test]
        fn what_is_read_by_hand_serde_reads_alike(record in record(), at in 0usize..200, with in "[-+0-9.e,:\"{}\\[\\] a-z\\\\]") {
            let mut text = record.write();
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            let end = (at + 1..=text.len()).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
            text.replace_range(at..end, &with);
            if let Some(read) = Record::read_as_written(text.as_bytes()) {
                let told: Record<'_> = serde_json::from_str(&text).unwrap();
                prop_assert_eq!(read.write(), told.write());
            }
        }
    }
}
