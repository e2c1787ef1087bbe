//! The statistics of fixes: a row for each pair of issue type and fix type, and one for each fix type.

use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};

use super::outcome::Outcome;
use crate::memory::bounds::wilson;
use crate::memory::keys::{escape, joined, pair, split_pair};
use crate::memory::stored::{Reader, Writer};
use crate::memory::{decay, Plan, Result, Timestamp, View};

/// One row of the statistics, as it is stored and exported.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Attempts in all.
    pub attempts: u64,
    /// Those that worked.
    pub successes: u64,
    /// The sum of the feedback.
    pub feedback_sum: f64,
    /// How many outcomes gave feedback.
    pub feedback_count: u64,
    /// Attempts, decayed to `last_applied_at`.
    pub recent_attempts: f64,
    /// Those that worked, decayed to `last_applied_at`.
    pub recent_successes: f64,
    /// When the fix was last tried.
    pub last_applied_at: Timestamp,
}

impl Row {
    /// Nothing tried yet.
    pub fn empty(at: Timestamp) -> Self {
        Row {
            attempts: 0,
            successes: 0,
            feedback_sum: 0.0,
            feedback_count: 0,
            recent_attempts: 0.0,
            recent_successes: 0.0,
            last_applied_at: at,
        }
    }

    fn read(bytes: &[u8]) -> Option<Row> {
        let row = Row::read_as_written(bytes).or_else(|| serde_json::from_slice(bytes).ok());
        row.filter(Row::is_sound)
    }

    /// Reads a row in the form in which we write it.
    fn read_as_written(bytes: &[u8]) -> Option<Row> {
        let mut json = Reader::new(bytes);
        json.pass("{\"attempts\":")?;
        let attempts = json.whole()?;
        json.pass(",\"successes\":")?;
        let successes = json.whole()?;
        json.pass(",\"feedback_sum\":")?;
        let feedback_sum = json.number()?;
        json.pass(",\"feedback_count\":")?;
        let feedback_count = json.whole()?;
        json.pass(",\"recent_attempts\":")?;
        let recent_attempts = json.number()?;
        json.pass(",\"recent_successes\":")?;
        let recent_successes = json.number()?;
        json.pass(",\"last_applied_at\":")?;
        let last_applied_at = json.time()?;
        json.pass("}")?;
        json.end()?;
        Some(Row {
            attempts,
            successes,
            feedback_sum,
            feedback_count,
            recent_attempts,
            recent_successes,
            last_applied_at,
        })
    }

    /// As it is stored.
    fn write(&self) -> String {
        Writer::with_capacity(200)
            .raw("{\"attempts\":")
            .whole(self.attempts)
            .raw(",\"successes\":")
            .whole(self.successes)
            .raw(",\"feedback_sum\":")
            .number(self.feedback_sum)
            .raw(",\"feedback_count\":")
            .whole(self.feedback_count)
            .raw(",\"recent_attempts\":")
            .number(self.recent_attempts)
            .raw(",\"recent_successes\":")
            .number(self.recent_successes)
            .raw(",\"last_applied_at\":")
            .time(self.last_applied_at)
            .raw("}")
            .finish()
    }

    /// Whether the numbers can belong together.
    pub fn is_sound(&self) -> bool {
        // Sums of many feedbacks and decayed counts may be off by what binary fractions lose.
        let at_most =
            |part: f64, whole: f64| part.is_finite() && part <= whole * (1.0 + 1e-6) + 1e-6;
        self.attempts <= i64::MAX as u64
            && self.successes <= self.attempts
            && self.feedback_count <= self.attempts
            && at_most(self.feedback_sum.abs(), self.feedback_count as f64)
            && at_most(self.recent_attempts, self.attempts as f64)
            && at_most(self.recent_successes, self.recent_attempts)
            && self.recent_successes >= 0.0
    }

    /// One outcome alone.
    pub fn of(outcome: &Outcome<'_>) -> Self {
        let success = u64::from(outcome.success);
        Row {
            attempts: 1,
            successes: success,
            feedback_sum: outcome.feedback_score.unwrap_or(0.0),
            feedback_count: u64::from(outcome.feedback_score.is_some()),
            recent_attempts: 1.0,
            recent_successes: success as f64,
            last_applied_at: outcome.applied_at,
        }
    }

    /// The recent attempts and successes, decayed to `at`.
    fn recent_at(&self, at: Timestamp, half_life: f64) -> (f64, f64) {
        let weight = decay::weight(at.seconds() - self.last_applied_at.seconds(), half_life);
        (
            self.recent_attempts * weight,
            self.recent_successes * weight,
        )
    }

    /// Adds the attempts of another row.
    pub fn add(&mut self, other: &Row, half_life: f64) {
        let at = self.last_applied_at.max(other.last_applied_at);
        let (ours, theirs) = (
            self.recent_at(at, half_life),
            other.recent_at(at, half_life),
        );
        let add = |a: u64, b: u64| a.saturating_add(b).min(i64::MAX as u64);
        self.attempts = add(self.attempts, other.attempts);
        self.successes = add(self.successes, other.successes);
        self.feedback_sum += other.feedback_sum;
        self.feedback_count = add(self.feedback_count, other.feedback_count);
        self.recent_attempts = ours.0 + theirs.0;
        self.recent_successes = ours.1 + theirs.1;
        self.last_applied_at = at;
    }

    /// Takes one outcome back that the row counts.
    pub fn subtract(&mut self, outcome: &Outcome<'_>, half_life: f64) {
        let one = Row::of(outcome);
        let gone = one.recent_at(self.last_applied_at, half_life);
        self.attempts = self.attempts.saturating_sub(one.attempts);
        self.successes = self
            .successes
            .saturating_sub(one.successes)
            .min(self.attempts);
        self.feedback_sum -= one.feedback_sum;
        self.feedback_count = self
            .feedback_count
            .saturating_sub(one.feedback_count)
            .min(self.attempts);
        self.recent_attempts = (self.recent_attempts - gone.0).max(0.0);
        self.recent_successes = (self.recent_successes - gone.1).clamp(0.0, self.recent_attempts);
    }

    /// The mean of the feedback, where there was any.
    pub fn avg_feedback(&self) -> Option<f64> {
        (self.feedback_count > 0).then(|| self.feedback_sum / self.feedback_count as f64)
    }

    /// The share of attempts that worked, in its life.
    pub fn success_rate(&self) -> Option<f64> {
        (self.attempts > 0).then(|| self.successes as f64 / self.attempts as f64)
    }

    /// The Wilson bounds of the decayed counts.
    pub fn bounds(&self, view: &View<'_>) -> (f64, f64) {
        let (attempts, successes) = self.recent_at(view.now, view.settings.fix_half_life);
        wilson(successes, attempts)
    }
}

/// The field of the row over all issue types; an issue type is never empty, so it meets no pair.
pub fn overall(fix_type: &str) -> String {
    joined(&[":", &escape(fix_type)])
}

/// The two fields that count an outcome.
pub fn rows_of(outcome: &Outcome<'_>) -> [String; 2] {
    [
        pair(&outcome.issue_type, &outcome.fix_type),
        overall(&outcome.fix_type),
    ]
}

/// Plans rows of the statistics; where there is no room for new ones, those used least recently leave, which may be
/// some of these rows themselves.
pub fn write_rows(view: &View<'_>, plan: &mut Plan, mut rows: Vec<(String, Row)>) -> Result<()> {
    let key = view.keys.fixes_stats();
    let held = view.store.hash_len(&key)?;
    let most = view.settings.max_fix_stats;
    if held + rows.len() > most {
        let mut created = 0;
        for (field, _) in &rows {
            created += usize::from(view.store.field(&key, field)?.is_none());
        }
        let excess = (held + created).saturating_sub(most);
        if excess > 0 {
            let leaving = least_recent(view, &rows, excess)?;
            rows.retain(|(field, _)| !leaving.contains(field));
            plan.evict(leaving.len());
            plan.hash_delete(key.clone(), leaving.into_iter().collect());
        }
    }
    let fields = rows.iter().map(|(field, row)| (field.clone(), row.write()));
    plan.hash_set(key, fields.collect());
    Ok(())
}

/// The fields of the `count` rows used least recently, of those stored and those about to be; a pair before the row
/// over all issue types, and what cannot be read before everything.
fn least_recent(view: &View<'_>, rows: &[(String, Row)], count: usize) -> Result<HashSet<String>> {
    let ours: HashSet<&str> = rows.iter().map(|(field, _)| field.as_str()).collect();
    let rank = |field: &str, row: Option<&Row>, ours: bool| {
        let used = row.map(|row| row.last_applied_at);
        (used, ours, field.starts_with(':'), field.to_owned())
    };
    let mut all: Vec<_> = rows
        .iter()
        .map(|(field, row)| rank(field, Some(row), true))
        .collect();
    view.store
        .each_field(&view.keys.fixes_stats(), &mut |field, value| {
            if let Ok(field) = std::str::from_utf8(field) {
                if !ours.contains(field) {
                    all.push(rank(field, Row::read(value).as_ref(), false));
                }
            }
        })?;
    all.sort();
    Ok(all.into_iter().take(count).map(|row| row.3).collect())
}

/// One row of the statistics; what cannot be read is reported and passed over.
pub fn row(view: &View<'_>, field: &str) -> Result<Option<Row>> {
    let key = view.keys.fixes_stats();
    let Some(bytes) = view.store.field(&key, field)? else {
        return Ok(None);
    };
    let row = Row::read(&bytes);
    if row.is_none() {
        view.store.report_corrupt(&key);
    }
    Ok(row)
}

/// Where the statistics were lost and outcomes are left: what those make of them, by field. It is what can be known.
pub fn lost_rows(view: &View<'_>) -> Result<Option<BTreeMap<String, Row>>> {
    let list = view.keys.fixes();
    if view.store.kind(&view.keys.fixes_stats()).is_some() || view.store.list_len(&list)? == 0 {
        return Ok(None);
    }
    let mut rows: BTreeMap<String, Row> = BTreeMap::new();
    view.store.elements(&list, 0, &mut |element| {
        match serde_json::from_slice::<Outcome<'_>>(element) {
            Ok(outcome) => {
                for field in rows_of(&outcome) {
                    let row = rows
                        .entry(field)
                        .or_insert_with(|| Row::empty(outcome.applied_at));
                    row.add(&Row::of(&outcome), view.settings.fix_half_life);
                }
            }
            Err(_) => view.store.report_corrupt(&list),
        }
        ControlFlow::Continue(())
    })?;
    Ok(Some(rows))
}

/// The rows of the statistics whose issue type (empty: over all) is wanted: issue type, fix type, numbers.
pub fn each_row(
    view: &View<'_>,
    wanted: &dyn Fn(&str) -> bool,
    visit: &mut dyn FnMut(&str, &str, Row),
) -> Result<()> {
    if let Some(rows) = lost_rows(view)? {
        for (field, row) in rows {
            if let Some((issue_type, fix_type)) = split_pair(&field) {
                if wanted(&issue_type) {
                    visit(&issue_type, &fix_type, row);
                }
            }
        }
        return Ok(());
    }
    let key = view.keys.fixes_stats();
    view.store.each_field(&key, &mut |field, value| {
        let names = std::str::from_utf8(field).ok().and_then(split_pair);
        if names
            .as_ref()
            .is_some_and(|(issue_type, _)| !wanted(issue_type))
        {
            return;
        }
        match (names, Row::read(value)) {
            (Some((issue_type, fix_type)), Some(row)) => visit(&issue_type, &fix_type, row),
            _ => view.store.report_corrupt(&key),
        }
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_row_is_written_and_read_as_serde_does(whole in (0u64..1 << 62, 0u64..9, 0u64..9), numbers in (-1e9..1e9, 0.0..1e9, 0.0..1e-3), at in 0i64..253_402_000_000_000) {
            let row = Row {
                attempts: whole.0,
                successes: whole.1,
                feedback_sum: numbers.0,
                feedback_count: whole.2,
                recent_attempts: numbers.1,
                recent_successes: numbers.2,
                last_applied_at: Timestamp::from_ms(at),
            };
            let text = row.write();
            prop_assert_eq!(&text, &serde_json::to_string(&row).unwrap());
            if whole.0 < 10u64.pow(18) {
                prop_assert_eq!(Row::read_as_written(text.as_bytes()), Some(row.clone()));
            }
            let told: Row = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(told, row);
        }
    }
}
