//! Learning sessions: what each brought.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::days::{Family, Measure, Series};
use super::stored::{self, Writer};
use super::window::{self, Totals};
use super::{Effects, Identifier, Plan, Result, Timestamp, View};

/// A session, as it is stored, answered and exported.
#[derive(Debug, Serialize, Deserialize)]
pub struct Session<'a> {
    /// Its type.
    #[serde(borrow)]
    pub session_type: Cow<'a, str>,
    /// How many patterns were learned.
    pub patterns_learned: u64,
    /// How many insights were generated.
    pub insights_generated: u64,
    /// What else there is to say, anonymized.
    pub session_data: Option<Cow<'a, RawValue>>,
    /// When it was recorded.
    pub created_at: Timestamp,
}

impl Session<'_> {
    /// As it is stored.
    fn write(&self) -> String {
        let data = self.session_data.as_ref().map(|data| data.get());
        Writer::with_capacity(160 + self.session_type.len() + data.map_or(0, str::len))
            .raw("{\"session_type\":")
            .string(&self.session_type)
            .raw(",\"patterns_learned\":")
            .whole(self.patterns_learned)
            .raw(",\"insights_generated\":")
            .whole(self.insights_generated)
            .raw(",\"session_data\":")
            .or_null(data, Writer::raw)
            .raw(",\"created_at\":")
            .time(self.created_at)
            .raw("}")
            .finish()
    }

    /// Reads a stored session.
    pub fn read(text: &str) -> Option<Session<'static>> {
        let session: Session<'_> = serde_json::from_str(text).ok()?;
        Some(Session {
            session_type: Cow::Owned(session.session_type.into_owned()),
            session_data: session.session_data.map(|d| Cow::Owned(d.into_owned())),
            ..session
        })
    }
}

/// Records a session; answers how many are kept.
pub fn record(
    view: &View<'_>,
    session_type: Identifier<'_>,
    patterns_learned: u64,
    insights_generated: u64,
    data: Option<Box<RawValue>>,
) -> Result<(Effects, i64)> {
    let session = Session {
        session_type: session_type.as_str().into(),
        patterns_learned,
        insights_generated,
        session_data: data.map(Cow::Owned),
        created_at: view.now,
    };
    let mut plan = Plan::new();
    let kept = view.store.list_len(&view.keys.sessions())?;
    let most = view.settings.max_sessions;
    plan.list_push(view.keys.sessions(), session.write(), kept, most);
    for (measure, n) in [
        (Measure::Count, 1),
        (Measure::Patterns, patterns_learned),
        (Measure::Insights, insights_generated),
    ] {
        let series = Series::Session {
            session_type: session_type.as_str().into(),
            measure,
        };
        plan.count(view.today(), series.name(), n);
    }
    Ok((plan.seal(view)?, (kept + 1).min(most) as i64))
}

/// What the sessions of a window brought.
#[derive(Debug, Default, Serialize)]
pub struct Analytics {
    /// How many sessions.
    pub total_sessions: u64,
    /// Patterns learned in all.
    pub total_patterns_learned: u64,
    /// Insights generated in all.
    pub total_insights_generated: u64,
    /// The same by type of session.
    pub session_breakdown: BTreeMap<String, Breakdown>,
}

/// What the sessions of one type brought.
#[derive(Debug, Default, Serialize)]
pub struct Breakdown {
    /// How many sessions.
    pub session_count: u64,
    /// Patterns learned.
    pub patterns_learned: u64,
    /// Insights generated.
    pub insights_generated: u64,
}

/// Sums the daily counters of the last `days` days.
pub fn analytics(view: &View<'_>, days: u32) -> Result<Analytics> {
    Ok(Analytics::of(&window::totals(
        view,
        days,
        &[Family::Sessions],
    )?))
}

impl Analytics {
    /// What the sums of a window say of sessions.
    pub fn of(totals: &Totals) -> Self {
        let mut found = Analytics::default();
        totals.each(&mut |series, n| {
            let Series::Session {
                session_type,
                measure,
            } = series
            else {
                return;
            };
            let breakdown = &mut found.session_breakdown;
            let of_type = breakdown.entry(session_type.into_owned()).or_default();
            let (total, part) = match measure {
                Measure::Count => (&mut found.total_sessions, &mut of_type.session_count),
                Measure::Patterns => (
                    &mut found.total_patterns_learned,
                    &mut of_type.patterns_learned,
                ),
                Measure::Insights => (
                    &mut found.total_insights_generated,
                    &mut of_type.insights_generated,
                ),
            };
            *total = total.saturating_add(n);
            *part = part.saturating_add(n);
        });
        found
    }
}

/// The sessions from `offset` on, newest first, at most `count`, as one JSON array.
pub fn list(view: &View<'_>, offset: usize, count: usize) -> Result<String> {
    stored::array(view, &view.keys.sessions(), offset, count, |text| {
        serde_json::from_str::<Session<'_>>(text).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::Memory;

    fn learn(memory: &Memory, session_type: &str, patterns: u64) -> i64 {
        let session_type = Identifier::own(session_type);
        let data = RawValue::from_string("{\"x\":1}".into()).ok();
        let (effects, kept) = record(&memory.view("r"), session_type, patterns, 1, data).unwrap();
        memory.apply(&effects);
        kept
    }

    #[test]
    fn a_session_is_written_as_serde_does() {
        for (session_type, data) in [("review", None), ("a\"b\\\u{1}", Some("{\"x\":[1]}"))] {
            let data = data.map(|data| Cow::Owned(RawValue::from_string(data.into()).unwrap()));
            let session = Session {
                session_type: session_type.into(),
                patterns_learned: 7,
                insights_generated: 0,
                session_data: data,
                created_at: Timestamp::from_ms(1_795_000_000_007),
            };
            assert_eq!(session.write(), serde_json::to_string(&session).unwrap());
        }
    }

    #[test]
    fn the_list_is_capped_and_the_analytics_go_on() {
        let mut memory = Memory::empty();
        memory.settings.max_sessions = 3;
        let kept: Vec<i64> = (0..5).map(|n| learn(&memory, "review", n)).collect();
        assert_eq!(kept, [1, 2, 3, 3, 3]);
        let found = analytics(&memory.view("r"), 30).unwrap();
        assert_eq!(
            (found.total_sessions, found.total_patterns_learned),
            (5, 10)
        );
        assert_eq!(found.session_breakdown["review"].insights_generated, 5);
    }

    #[test]
    fn a_corrupt_session_does_not_hide_the_others() {
        let memory = Memory::empty();
        learn(&memory, "review", 1);
        let mut plan = Plan::new();
        plan.list_push(memory.view("r").keys.sessions(), "{]".into(), 1, 10);
        memory.apply(&plan.seal(&memory.view("r")).unwrap());
        learn(&memory, "scan", 2);
        let array = list(&memory.view("r"), 0, 9).unwrap();
        let all: Vec<Session<'_>> = serde_json::from_str(&array).unwrap();
        let types: Vec<&str> = all.iter().map(|s| s.session_type.as_ref()).collect();
        assert_eq!((types, memory.corrupt.get()), (vec!["scan", "review"], 1));
    }
}
