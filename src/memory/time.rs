//! Instants and UTC days.

use std::borrow::Cow;
use std::fmt;

use jiff::civil;
use jiff::tz::Offset;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const DAY_MS: i64 = 86_400_000;

/// An instant, in milliseconds since 1970 (UTC).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `ms` milliseconds after 1970, moved into the years 1970 to 9999.
    pub fn from_ms(ms: i64) -> Self {
        Timestamp(ms.clamp(0, 253_402_000_000_000))
    }

    /// Milliseconds since 1970.
    pub fn ms(self) -> i64 {
        self.0
    }

    /// Seconds since 1970.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// Reads an ISO 8601 instant with an offset or `Z`.
    pub fn parse(text: &str) -> Option<Self> {
        let ms = text.parse::<jiff::Timestamp>().ok()?.as_millisecond();
        let within = Self::from_ms(ms);
        (within.0 == ms).then_some(within)
    }

    /// The UTC day that the instant lies in.
    pub fn day(self) -> Day {
        Day((self.0 / DAY_MS) as i32)
    }
}

/// ISO 8601 with milliseconds and `Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(f, "{instant:.3}")
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        Timestamp::parse(&text).ok_or_else(|| D::Error::custom("no instant in ISO 8601"))
    }
}

/// A UTC day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub i32);

impl Day {
    /// Reads `YYYY-MM-DD`.
    pub fn parse(text: &str) -> Option<Self> {
        let date: civil::Date = text.parse().ok()?;
        let midnight = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
        let day = Timestamp::from_ms(midnight.as_millisecond()).day();
        (text.len() == 10 && day.to_string() == text).then_some(day)
    }

    /// Its first instant.
    pub fn start(self) -> Timestamp {
        Timestamp(i64::from(self.0) * DAY_MS)
    }

    /// The last `days` days up to and with this one, oldest first.
    pub fn window(self, days: u32) -> impl Iterator<Item = Day> {
        (self.first_of(days).0..=self.0).map(Day)
    }

    /// The first day of the last `days` days up to and with this one.
    pub fn first_of(self, days: u32) -> Day {
        Day((self.0 + 1).saturating_sub_unsigned(days).max(0))
    }
}

/// `YYYY-MM-DD`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.start().0).map_err(|_| fmt::Error)?;
        write!(f, "{}", Offset::UTC.to_datetime(instant).date())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_instant_is_written_with_milliseconds_and_z() {
        assert_eq!(
            Timestamp::from_ms(1_795_000_000_000).to_string(),
            "2026-11-18T11:06:40.000Z"
        );
        assert_eq!(
            Timestamp::from_ms(1_795_000_000_007).day().to_string(),
            "2026-11-18"
        );
    }

    #[test]
    fn a_window_ends_today_and_holds_the_days_asked_for() {
        let days: Vec<String> = Day::parse("2026-03-01")
            .unwrap()
            .window(3)
            .map(|d| d.to_string())
            .collect();
        assert_eq!(days, ["2026-02-27", "2026-02-28", "2026-03-01"]);
    }

    #[test]
    fn only_real_days_are_read() {
        for text in ["2026-02-30", "2026-2-3", "", "2026-11-23T00", "1969-12-31"] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn instants_and_days_are_read_as_written(ms in 0i64..253_402_000_000_000) {
            let instant = Timestamp::from_ms(ms);
            prop_assert_eq!(Timestamp::parse(&instant.to_string()), Some(instant));
            prop_assert_eq!(Day::parse(&instant.day().to_string()), Some(instant.day()));
        }
    }
}
