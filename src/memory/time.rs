//! Instants and UTC days.

use std::borrow::Cow;
use std::fmt;

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
        if let Some(instant) = Self::parse_own(text.as_bytes()) {
            return Some(instant);
        }
        Self::within(text.parse::<jiff::Timestamp>().ok()?.as_millisecond())
    }

    /// The instant, where it lies in the years that are known.
    fn within(ms: i64) -> Option<Self> {
        let within = Self::from_ms(ms);
        (within.0 == ms).then_some(within)
    }

    /// Reads an instant of our own writing, of which reports read many.
    fn parse_own(text: &[u8]) -> Option<Self> {
        let (date, time) = (text.get(..10)?, text.get(10..)?);
        let [b'T', h1, h2, b':', m1, m2, b':', s1, s2, b'.', f1, f2, f3, b'Z'] = *time else {
            return None;
        };
        let (hour, minute, second) = (digits(&[h1, h2])?, digits(&[m1, m2])?, digits(&[s1, s2])?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let seconds = (hour * 60 + minute) * 60 + second;
        let day = Day::parse_own(date)?;
        let of_day = i64::from(seconds * 1_000 + digits(&[f1, f2, f3])?);
        Self::within(i64::from(day.0) * DAY_MS + of_day)
    }

    /// The UTC day that the instant lies in.
    pub fn day(self) -> Day {
        Day((self.0 / DAY_MS) as i32)
    }
}

/// ISO 8601 with milliseconds and `Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let of_day = (self.0 % DAY_MS) as u32;
        self.day().write_to(&mut text);
        write_digits(&mut text[11..13], of_day / 3_600_000);
        write_digits(&mut text[14..16], of_day / 60_000 % 60);
        write_digits(&mut text[17..19], of_day / 1_000 % 60);
        write_digits(&mut text[20..23], of_day % 1_000);
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
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
        Self::parse_own(text.as_bytes())
    }

    fn parse_own(text: &[u8]) -> Option<Self> {
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
            return None;
        };
        let date = (
            digits(&[y1, y2, y3, y4])?,
            digits(&[m1, m2])?,
            digits(&[d1, d2])?,
        );
        let found = Day::of_date(date);
        // What is no day of the calendar comes out as another one.
        let is_known = Timestamp::within(i64::from(found.0) * DAY_MS).is_some();
        (is_known && found.date() == date).then_some(found)
    }

    /// The day of a date of the Gregorian calendar, by Howard Hinnant's `days_from_civil`: years begin in March, so
    /// that a leap day is the last of one.
    fn of_date((year, month, day): (u32, u32, u32)) -> Self {
        let (month, day) = (month as i32, day as i32);
        let year = year as i32 - i32::from(month <= 2);
        let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
        let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
        Day(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
    }

    /// Its year, month and day, by Howard Hinnant's `civil_from_days`.
    fn date(self) -> (u32, u32, u32) {
        let days = self.0 + 719_468;
        let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let day = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = era * 400 + year + i32::from(month <= 2);
        (year as u32, month as u32, day as u32)
    }

    /// Writes `YYYY-MM-DD` into the first ten bytes.
    fn write_to(self, text: &mut [u8]) {
        let (year, month, day) = self.date();
        write_digits(&mut text[..4], year);
        text[4] = b'-';
        write_digits(&mut text[5..7], month);
        text[7] = b'-';
        write_digits(&mut text[8..10], day);
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
        let mut text = [0; 10];
        self.write_to(&mut text);
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// The number that some digits write; `None` where they are no digits.
fn digits(text: &[u8]) -> Option<u32> {
    text.iter().try_fold(0, |number, byte| {
        byte.is_ascii_digit()
            .then(|| number * 10 + u32::from(byte - b'0'))
    })
}

/// Writes the last digits of a number over all of `text`.
fn write_digits(text: &mut [u8], number: u32) {
    let mut left = number;
    for byte in text.iter_mut().rev() {
        *byte = b'0' + (left % 10) as u8;
        left /= 10;
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
        for text in [
            "2026-02-30",
            "2026-2-3",
            "",
            "2026-11-23T00",
            "1969-12-31",
            "2026-00-10",
            "2026-13-01",
            "2026-01-00",
            "0000-01-01",
            "+026-01-01",
            "2026-02-29",
            "2100-02-29",
        ] {
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

        #[test]
        fn they_are_written_and_read_as_the_calendar_has_them(ms in 0i64..253_402_000_000_000, text in "20[0-9]{2}-[01][0-9]-[0-3][0-9]") {
            let theirs = jiff::Timestamp::from_millisecond(ms).unwrap();
            prop_assert_eq!(Timestamp::from_ms(ms).to_string(), format!("{theirs:.3}"));
            let date: Option<jiff::civil::Date> = text.parse().ok();
            prop_assert_eq!(Day::parse(&text).map(|day| day.to_string()), date.map(|date| date.to_string()));
        }

        #[test]
        fn an_instant_that_is_not_as_we_write_it_is_read_all_the_same(text in "20[0-9]{2}-[01][0-9]-[0-3][0-9][Tt][0-2][0-9]:[0-6][0-9]:[0-6][0-9]([.][0-9]{3})?(Z|[+]01:00)") {
            let theirs: Option<jiff::Timestamp> = text.parse().ok();
            prop_assert_eq!(Timestamp::parse(&text).map(Timestamp::ms), theirs.map(|theirs| theirs.as_millisecond()));
        }
    }
}
