//! The daily counters: what happened on each UTC day, by kind.
//!
//! A day is three hashes of counters, one for each [`Family`]; a counter's field is a [`Series`]. Reports sum days
//! instead of reading lists, so they cost the same however much has happened. A small hash is searched from its start,
//! so a family has a hash of its own: its counters are few, and nobody else's are before them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use super::keys::{escape, joined, split, unescape};
use super::stored::whole;
use super::{Day, Plan, Result, View};

/// Counts by field of a day's hash, each field once, in order.
pub type Counts = Vec<(String, u64)>;

/// What takes the place of a name once a day holds as many counters as it may.
pub const OTHER: &str = "(other)";

/// What a counter counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Series<'a> {
    /// `issue:<type>:<severity>`: occurrences.
    Issue {
        /// The type of the issues.
        issue_type: Cow<'a, str>,
        /// Their severity when they occurred.
        severity: Cow<'a, str>,
    },
    /// `fix:<fix_type>:success` or `…:failure`: outcomes.
    Fix {
        /// The type of the fixes.
        fix_type: Cow<'a, str>,
        /// Whether they worked.
        success: bool,
    },
    /// `session:<type>:count`, `…:patterns`, `…:insights`.
    Session {
        /// The type of the sessions.
        session_type: Cow<'a, str>,
        /// What of them is counted.
        measure: Measure,
    },
}

/// What counters have a hash of their own, each day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// Occurrences of issues. An earlier build kept the other counters here too, and they are still read.
    Issues,
    /// Outcomes of fixes.
    Fixes,
    /// Sessions.
    Sessions,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 3] = [Family::Issues, Family::Fixes, Family::Sessions];

    /// The family of a field; of what is none of ours, the one that holds everything.
    fn of(field: &str) -> Self {
        if field.starts_with("fix:") {
            Family::Fixes
        } else if field.starts_with("session:") {
            Family::Sessions
        } else {
            Family::Issues
        }
    }
}

/// What of a session is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The sessions.
    Count,
    /// The patterns learned.
    Patterns,
    /// The insights generated.
    Insights,
}

impl<'a> Series<'a> {
    /// Reads a field's name; `None` where it is none of ours.
    pub fn parse(field: &'a str) -> Option<Self> {
        let (family, rest) = split(field)?;
        let (name, last) = split(rest)?;
        if last.bytes().any(|byte| byte == b':') {
            return None;
        }
        let name = unescape(name);
        Some(match (family, last) {
            ("issue", severity) => Series::Issue {
                issue_type: name,
                severity: unescape(severity),
            },
            ("fix", "success" | "failure") => Series::Fix {
                fix_type: name,
                success: last == "success",
            },
            ("session", "count") => Series::session(name, Measure::Count),
            ("session", "patterns") => Series::session(name, Measure::Patterns),
            ("session", "insights") => Series::session(name, Measure::Insights),
            _ => return None,
        })
    }

    fn session(session_type: Cow<'a, str>, measure: Measure) -> Self {
        Series::Session {
            session_type,
            measure,
        }
    }

    /// Of another measure of a type of session, the field that counts its sessions.
    fn count_of_session(&self) -> Option<String> {
        match self {
            Series::Session {
                session_type,
                measure: Measure::Patterns | Measure::Insights,
            } => Some(Series::session(session_type.clone(), Measure::Count).name()),
            _ => None,
        }
    }

    /// The series that takes the counts where there is no room for this one.
    fn overflow(self) -> Series<'static> {
        match self {
            Series::Issue { .. } => Series::Issue {
                issue_type: OTHER.into(),
                severity: OTHER.into(),
            },
            Series::Fix { success, .. } => Series::Fix {
                fix_type: OTHER.into(),
                success,
            },
            Series::Session { measure, .. } => Series::session(OTHER.into(), measure),
        }
    }
}

impl Series<'_> {
    /// The field's name.
    pub fn name(&self) -> String {
        match self {
            Series::Issue {
                issue_type,
                severity,
            } => joined(&["issue:", &escape(issue_type), ":", &escape(severity)]),
            Series::Fix { fix_type, success } => {
                let outcome = if *success { ":success" } else { ":failure" };
                joined(&["fix:", &escape(fix_type), outcome])
            }
            Series::Session {
                session_type,
                measure,
            } => {
                let measure = match measure {
                    Measure::Count => ":count",
                    Measure::Patterns => ":patterns",
                    Measure::Insights => ":insights",
                };
                joined(&["session:", &escape(session_type), measure])
            }
        }
    }
}

/// The field's name.
impl fmt::Display for Series<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// Plans that counts are added to a day; answers whether a hash is new.
pub fn add(view: &View<'_>, plan: &mut Plan, day: Day, counts: Counts) -> Result<bool> {
    let mut families: [Counts; 3] = Default::default();
    for (field, n) in counts {
        families[Family::of(&field) as usize].push((field, n));
    }
    let mut new = false;
    for (family, counts) in Family::ALL.into_iter().zip(families) {
        if !counts.is_empty() {
            new |= add_to(view, plan, view.keys.day(day, family), counts)?;
        }
    }
    Ok(new)
}

/// Plans that counts are added to one hash; those that it has no room for go to [`OTHER`].
fn add_to(view: &View<'_>, plan: &mut Plan, key: String, counts: Counts) -> Result<bool> {
    let held = view.store.hash_len(&key)?;
    let mut room = view.settings.max_daily_series.saturating_sub(held);
    // In the order of the fields, as the counts are.
    let mut totals = Counts::with_capacity(counts.len());
    let mut others: BTreeMap<String, u64> = BTreeMap::new();
    let stored = |field: &str| -> Result<Option<u64>> {
        let value = view.store.field(&key, field)?;
        Ok(value.map(|value| {
            number(&value).unwrap_or_else(|| {
                view.store.report_corrupt(&key);
                0
            })
        }))
    };
    for (field, n) in counts {
        let before = stored(&field)?;
        if before.is_none() {
            let series = Series::parse(&field);
            let of_known_session = series.as_ref().and_then(Series::count_of_session);
            let is_known = match of_known_session {
                // The measures of one type of session stay together.
                Some(count) => {
                    totals.binary_search_by(|(f, _)| f.cmp(&count)).is_ok()
                        || stored(&count)?.is_some()
                }
                None => false,
            };
            if is_known {
                room = room.saturating_sub(1);
            } else if room > 0 {
                room -= 1;
            } else if let Some(series) = series {
                let other = others.entry(series.overflow().name()).or_default();
                *other = other.saturating_add(n);
                continue;
            }
        }
        totals.push((field, before.unwrap_or(0).saturating_add(n)));
    }
    for (field, n) in others {
        match totals.binary_search_by(|(f, _)| f.cmp(&field)) {
            Ok(found) => totals[found].1 = totals[found].1.saturating_add(n),
            Err(place) => {
                let total = stored(&field)?.unwrap_or(0).saturating_add(n);
                totals.insert(place, (field, total));
            }
        }
    }
    let fields = totals.into_iter().map(|(f, n)| (f, whole(n)));
    plan.hash_set(key, fields.collect());
    Ok(held == 0)
}

/// Plans that the meta hash knows of days; where one is new, days that have expired are taken out.
pub fn remember(view: &View<'_>, plan: &mut Plan, days: &[Day]) -> Result<()> {
    let meta = view.keys.meta();
    let mut new = Vec::new();
    for day in days {
        let field = format!("{DAY_FIELD}{day}");
        if view.store.field(&meta, &field)?.is_none() {
            new.push((field, "1".to_owned()));
        }
    }
    if new.is_empty() {
        return Ok(());
    }
    let mut gone = known(view)?;
    let expired = |day: &Day| {
        let mut keys = Family::ALL
            .iter()
            .map(|family| view.keys.day(*day, *family));
        keys.all(|key| view.store.kind(&key).is_none())
    };
    gone.retain(|day| !days.contains(day) && expired(day));
    let gone = gone.iter().map(|day| format!("{DAY_FIELD}{day}"));
    plan.hash_delete(meta.clone(), gone.collect());
    plan.hash_set(meta, new);
    Ok(())
}

const DAY_FIELD: &str = "day:";

/// The days that the meta hash knows of, oldest first.
pub fn known(view: &View<'_>) -> Result<Vec<Day>> {
    let mut days = Vec::new();
    let meta = view.keys.meta();
    view.store.each_field(&meta, &mut |field, _| {
        let Some(day) = field.strip_prefix(DAY_FIELD.as_bytes()) else {
            return;
        };
        match std::str::from_utf8(day).ok().and_then(Day::parse) {
            Some(day) => days.push(day),
            None => view.store.report_corrupt(&meta),
        }
    })?;
    days.sort_unstable();
    Ok(days)
}

/// The counters of a day; what is no counter is passed over and reported. A counter may come twice, where an earlier
/// build began the day.
pub fn each(view: &View<'_>, day: Day, visit: &mut dyn FnMut(Series<'_>, u64)) -> Result<()> {
    for family in Family::ALL {
        let key = view.keys.day(day, family);
        view.store.each_field(&key, &mut |field, value| {
            let counter = std::str::from_utf8(field)
                .ok()
                .and_then(Series::parse)
                .zip(number(value));
            match counter {
                Some((series, n)) => visit(series, n),
                None => view.store.report_corrupt(&key),
            }
        })?;
    }
    Ok(())
}

/// Reads a count.
pub fn number(value: &[u8]) -> Option<u64> {
    // As we write them; none of so few digits overflows.
    if matches!(value.len(), 1..=18) && value.iter().all(u8::is_ascii_digit) {
        let digits = value.iter().map(|digit| u64::from(digit - b'0'));
        return Some(digits.fold(0, |number, digit| 10 * number + digit));
    }
    std::str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::Memory;

    #[test]
    fn a_series_is_read_as_written() {
        let series = [
            Series::Issue {
                issue_type: "a:b".into(),
                severity: "100%".into(),
            },
            Series::Fix {
                fix_type: "x".into(),
                success: false,
            },
            Series::session("review".into(), Measure::Insights),
        ];
        for series in series {
            assert_eq!(Series::parse(&series.to_string()), Some(series.clone()));
        }
        assert_eq!(Series::parse("fix:x:maybe"), None);
        assert_eq!(Series::parse("issue:a:b:c"), None);
    }

    #[test]
    fn a_day_without_room_counts_the_rest_as_other() {
        let mut memory = Memory::empty();
        memory.settings.max_daily_series = 3;
        let series = |n: usize| Series::Issue {
            issue_type: format!("t{n}").into(),
            severity: "low".into(),
        };
        for n in 0..10 {
            let mut plan = Plan::new();
            plan.count(memory.now.day(), series(n).to_string(), 2);
            plan.count(memory.now.day(), series(0).to_string(), 1);
            let effects = plan.seal(&memory.view("r")).unwrap();
            memory.apply(&effects);
        }
        let (mut total, mut first, mut other) = (0, 0, 0);
        let mut distinct = 0;
        each(&memory.view("r"), memory.now.day(), &mut |found, n| {
            distinct += 1;
            total += n;
            if found == series(0) {
                first = n;
            }
            if found == series(0).overflow() {
                other = n;
            }
        })
        .unwrap();
        assert_eq!((distinct, total, first, other), (4, 30, 12, 14));
    }

    #[test]
    fn the_measures_of_a_type_of_session_stay_together() {
        let mut memory = Memory::empty();
        memory.settings.max_daily_series = 1;
        for session_type in ["review", "scan"] {
            let session_type = crate::memory::Identifier::own(session_type);
            let view = memory.view("r");
            let recorded = crate::memory::sessions::record(&view, session_type, 4, 2, None);
            memory.apply(&recorded.unwrap().0);
        }
        let found = crate::memory::sessions::analytics(&memory.view("r"), 1).unwrap();
        for name in ["review", OTHER] {
            let of_type = &found.session_breakdown[name];
            let measures = (
                of_type.session_count,
                of_type.patterns_learned,
                of_type.insights_generated,
            );
            assert_eq!(measures, (1, 4, 2), "{name}");
        }
    }
}
