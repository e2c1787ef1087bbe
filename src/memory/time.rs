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
    /// How many bytes an instant is written with: the years 1970 to 9999 have four digits.
    pub const LENGTH: usize = 24;

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
        if let Some(written) = Self::read(text.as_bytes()) {
            return Some(written);
        }
        let ms = text.parse::<jiff::Timestamp>().ok()?.as_millisecond();
        let within = Self::from_ms(ms);
        (within.0 == ms).then_some(within)
    }

    /// Reads what [`Timestamp::write`] wrote, which is what is stored, and nothing else.
    pub fn read(text: &[u8]) -> Option<Self> {
        let text: &[u8; Self::LENGTH] = text.try_into().ok()?;
        let marks = [(10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
        if marks.iter().any(|&(at, mark)| text[at] != mark) {
            return None;
        }
        let [hour, minute, second] = [11, 14, 17].map(|at| digits(&text[at..at + 2]));
        let (hour, minute, second, ms) = (hour?, minute?, second?, digits(&text[20..23])?);
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let day = Day::read(text[..10].try_into().ok()?)?;
        let within_day = ((hour * 60 + minute) * 60 + second) * 1_000 + ms;
        Some(Timestamp(i64::from(day.0) * DAY_MS + within_day))
    }

    /// As ISO 8601 with milliseconds and `Z`.
    pub fn write(self) -> [u8; Self::LENGTH] {
        let mut text = *b"0000-00-00T00:00:00.000Z";
        text[..10].copy_from_slice(&self.day().write());
        let ms = self.0 % DAY_MS;
        put(&mut text[11..13], ms / 3_600_000);
        put(&mut text[14..16], ms / 60_000 % 60);
        put(&mut text[17..19], ms / 1_000 % 60);
        put(&mut text[20..23], ms % 1_000);
        text
    }

    /// The UTC day that the instant lies in.
    pub fn day(self) -> Day {
        Day((self.0 / DAY_MS) as i32)
    }
}

/// ISO 8601 with milliseconds and `Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(ascii(&self.write()))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(ascii(&self.write()))
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
        Self::read(text.as_bytes().try_into().ok()?)
    }

    fn read(text: &[u8; 10]) -> Option<Self> {
        let (year, month, day) = (
            digits(&text[..4])?,
            digits(&text[5..7])?,
            digits(&text[8..])?,
        );
        let found = Day::of(year, month, day)?;
        // What is no date comes out as another one.
        (found.write() == *text).then_some(found)
    }

    /// The day of a date of the Gregorian calendar, from 1970 on (Hinnant, "chrono-Compatible Low-Level Date
    /// Algorithms").
    fn of(year: i64, month: i64, day: i64) -> Option<Self> {
        let year = if month <= 2 { year - 1 } else { year };
        let era = year / 400;
        let year_of_era = year - era * 400;
        let month = if month > 2 { month - 3 } else { month + 9 };
        let day_of_year = (153 * month + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        (days >= 0).then_some(Day(days as i32))
    }

    /// As `YYYY-MM-DD`; the inverse of [`Day::of`].
    pub fn write(self) -> [u8; 10] {
        let days = i64::from(self.0) + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        let mut text = *b"0000-00-00";
        put(&mut text[..4], year);
        put(&mut text[5..7], month);
        put(&mut text[8..], day);
        text
    }

    /// Its first instant.
    pub fn start(self) -> Timestamp {
        Timestamp(i64::from(self.0) * DAY_MS)
    }

    /// The last `days` days up to and with this one, oldest first.
    pub fn window(self, days: u32) -> impl Iterator<Item = Day> {
        (self.first_of(days).0..=self.0).map(Day)
    }

    /// The day so many days after this one.
    pub fn after(self, days: u32) -> Day {
        Day(self.0.saturating_add_unsigned(days))
    }

    /// The first day of the last `days` days up to and with this one.
    pub fn first_of(self, days: u32) -> Day {
        Day((self.0 + 1).saturating_sub_unsigned(days).max(0))
    }
}

/// `YYYY-MM-DD`.
impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(ascii(&self.write()))
    }
}

/// What is made of ASCII digits and marks only.
fn ascii(text: &[u8]) -> &str {
    std::str::from_utf8(text).unwrap_or_default()
}

/// Writes a number that is not negative with as many digits as there is room for.
fn put(room: &mut [u8], mut number: i64) {
    for digit in room.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Reads a number of nothing but digits.
fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + i64::from(digit - b'0'))
    })
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
            let told = jiff::Timestamp::from_millisecond(ms).unwrap();
            prop_assert_eq!(instant.to_string(), format!("{told:.3}"));
        }

        #[test]
        fn what_is_read_by_hand_is_read_alike(text in "(19|20|99|00)[0-9]{2}-[0-3][0-9]-[0-3][0-9]T[0-2][0-9]:[0-6][0-9]:[0-6][0-9]\\.[0-9]{3}Z") {
            let told = text.parse::<jiff::Timestamp>().ok().map(|t| t.as_millisecond());
            let told = told.filter(|ms| Timestamp::from_ms(*ms).ms() == *ms);
            prop_assert_eq!(Timestamp::parse(&text).map(Timestamp::ms), told);
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
