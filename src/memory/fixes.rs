//! Fixes: what was tried against an issue, whether it worked, and what to try next.
//!
//! Beside the list of outcomes, statistics are kept by the writes: one row for each pair of issue type and fix
//! type, and one for each fix type over all issue types. So advice and rates cost the same however much was tried.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};
use std::ops::ControlFlow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::bounds::wilson;
use super::days::Series;
use super::keys::{escape, pair, split_pair};
use super::patterns::json;
use super::sessions::stored_array;
use super::{decay, Effects, Identifier, KeyKind, Plan, Result, Timestamp, View};

/// Below so many attempts a fix is explored, not judged.
const ENOUGH_ATTEMPTS: u64 = 5;

/// A recorded outcome, as it is stored, answered and exported.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Outcome<'a> {
    /// The type of the issue.
    #[serde(borrow)]
    pub issue_type: Cow<'a, str>,
    /// The type of the fix.
    #[serde(borrow)]
    pub fix_type: Cow<'a, str>,
    /// Whether it worked.
    pub success: bool,
    /// What people thought of it, -1 to 1, where they said.
    pub feedback_score: Option<f64>,
    /// What else there is to say, anonymized.
    pub metadata: Option<Cow<'a, RawValue>>,
    /// The idempotency key, where one was given.
    pub id: Option<Cow<'a, str>>,
    /// When.
    pub applied_at: Timestamp,
}

impl Outcome<'_> {
    /// Reads a stored outcome.
    pub fn read(text: &str) -> Option<Outcome<'static>> {
        let outcome: Outcome<'_> = serde_json::from_str(text).ok()?;
        Some(Outcome {
            issue_type: Cow::Owned(outcome.issue_type.into_owned()),
            fix_type: Cow::Owned(outcome.fix_type.into_owned()),
            metadata: outcome.metadata.map(|m| Cow::Owned(m.into_owned())),
            id: outcome.id.map(|id| Cow::Owned(id.into_owned())),
            ..outcome
        })
    }
}

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
    fn empty(at: Timestamp) -> Self {
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
        serde_json::from_slice::<Row>(bytes)
            .ok()
            .filter(Row::is_sound)
    }

    /// Whether the numbers can belong together.
    pub fn is_sound(&self) -> bool {
        let finite = [
            self.feedback_sum,
            self.recent_attempts,
            self.recent_successes,
        ];
        self.successes <= self.attempts
            && self.feedback_count <= self.attempts
            && finite.iter().all(|n| n.is_finite())
            && self.recent_attempts >= 0.0
            && self.recent_successes >= 0.0
    }

    fn of(outcome: &Outcome<'_>) -> Self {
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
        self.attempts = self.attempts.saturating_add(other.attempts);
        self.successes = self.successes.saturating_add(other.successes);
        self.feedback_sum += other.feedback_sum;
        self.feedback_count = self.feedback_count.saturating_add(other.feedback_count);
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

    fn avg_feedback(&self) -> Option<f64> {
        (self.feedback_count > 0).then(|| self.feedback_sum / self.feedback_count as f64)
    }

    fn success_rate(&self) -> Option<f64> {
        (self.attempts > 0).then(|| self.successes as f64 / self.attempts as f64)
    }

    fn bounds(&self, view: &View<'_>) -> (f64, f64) {
        let (attempts, successes) = self.recent_at(view.now, view.settings.fix_half_life);
        wilson(successes, attempts)
    }
}

/// The field of the row over all issue types; an issue type is never empty, so it meets no pair.
pub(super) fn overall(fix_type: &str) -> String {
    format!(":{}", escape(fix_type))
}

/// The two fields that count an outcome.
pub(super) fn rows_of(outcome: &Outcome<'_>) -> [String; 2] {
    [
        pair(&outcome.issue_type, &outcome.fix_type),
        overall(&outcome.fix_type),
    ]
}

/// The daily counter of an outcome.
pub(super) fn series_of(outcome: &Outcome<'_>) -> String {
    let series = Series::Fix {
        fix_type: outcome.fix_type.as_ref().into(),
        success: outcome.success,
    };
    series.to_string()
}

/// Records an outcome, unless its idempotency key is known; answers the attempts of its fix type.
pub fn record(view: &View<'_>, outcome: &Outcome<'_>) -> Result<(Effects, i64)> {
    let (fixes, ids) = (view.keys.fixes(), view.keys.fixes_ids());
    let [of_pair, of_type] = rows_of(outcome);
    let mut total = row(view, &of_type)?.unwrap_or_else(|| Row::empty(view.now));
    if let Some(id) = &outcome.id {
        if view.store.field(&ids, id)?.is_some() {
            return Ok((Effects::default(), total.attempts as i64));
        }
    }
    let half_life = view.settings.fix_half_life;
    let mut paired = row(view, &of_pair)?.unwrap_or_else(|| Row::empty(view.now));
    paired.add(&Row::of(outcome), half_life);
    total.add(&Row::of(outcome), half_life);
    let attempts = total.attempts as i64;

    let mut plan = Plan::new();
    let kept = view.store.list_len(&fixes)?;
    let most = view.settings.max_fixes;
    forget_ids(view, &mut plan, (kept + 1).saturating_sub(most))?;
    plan.list_push(fixes, json(outcome), kept, most);
    write_rows(view, &mut plan, vec![(of_pair, paired), (of_type, total)])?;
    if let Some(id) = &outcome.id {
        plan.hash_set(ids.clone(), vec![(id.to_string(), "1".into())]);
    }
    plan.follow(&ids, KeyKind::Hash);
    plan.count(view.today(), series_of(outcome), 1);
    Ok((plan.seal(view)?, attempts))
}

/// Plans that the idempotency keys of the oldest `leaving` outcomes are forgotten with them.
fn forget_ids(view: &View<'_>, plan: &mut Plan, leaving: usize) -> Result<()> {
    let (fixes, ids) = (view.keys.fixes(), view.keys.fixes_ids());
    if leaving == 0 || view.store.kind(&ids).is_none() {
        return Ok(());
    }
    let kept = view.store.list_len(&fixes)?;
    let mut gone = Vec::new();
    view.store
        .elements(&fixes, kept.saturating_sub(leaving), &mut |element| {
            let outcome: Option<Outcome<'_>> = serde_json::from_slice(element).ok();
            gone.extend(outcome.and_then(|outcome| outcome.id).map(Cow::into_owned));
            ControlFlow::Continue(())
        })?;
    plan.hash_delete(ids, gone);
    Ok(())
}

/// Plans rows of the statistics; where there is no room for new ones, those used least recently leave.
pub(super) fn write_rows(view: &View<'_>, plan: &mut Plan, rows: Vec<(String, Row)>) -> Result<()> {
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
            let ours: HashSet<&str> = rows.iter().map(|(field, _)| field.as_str()).collect();
            let mut others = Vec::with_capacity(held);
            view.store.each_field(&key, &mut |field, value| {
                let Ok(field) = std::str::from_utf8(field) else {
                    return;
                };
                if !ours.contains(field) {
                    let used = Row::read(value).map(|row| row.last_applied_at);
                    others.push((used, field.starts_with(':'), field.to_owned()));
                }
            })?;
            others.sort();
            let leaving: Vec<String> = others.into_iter().take(excess).map(|o| o.2).collect();
            plan.evict(leaving.len());
            plan.hash_delete(key.clone(), leaving);
        }
    }
    let fields = rows.iter().map(|(field, row)| (field.clone(), json(row)));
    plan.hash_set(key, fields.collect());
    Ok(())
}

/// One row of the statistics; what cannot be read is reported and passed over.
pub(super) fn row(view: &View<'_>, field: &str) -> Result<Option<Row>> {
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

/// Every row of the statistics: issue type (empty: over all), fix type, numbers.
pub(super) fn each_row(view: &View<'_>, visit: &mut dyn FnMut(&str, &str, Row)) -> Result<()> {
    let key = view.keys.fixes_stats();
    view.store.each_field(&key, &mut |field, value| {
        let names = std::str::from_utf8(field).ok().and_then(split_pair);
        match (names, Row::read(value)) {
            (Some((issue_type, fix_type)), Some(row)) => visit(&issue_type, &fix_type, row),
            _ => view.store.report_corrupt(&key),
        }
    })
}

/// How a fix type fares.
#[derive(Debug, Serialize)]
pub struct Rate {
    /// Attempts in all.
    pub total_attempts: u64,
    /// Those that worked.
    pub successful_fixes: u64,
    /// Their share in its life.
    pub success_rate: Option<f64>,
    /// The mean of the feedback, where there was any.
    pub avg_feedback: Option<f64>,
    /// The lower Wilson 95 % bound of the success rate, on decayed counts.
    pub success_low: f64,
    /// The upper one.
    pub success_high: f64,
    /// The share of the decayed counts.
    pub recent_success_rate: Option<f64>,
    /// When the fix was last tried.
    pub last_applied_at: Timestamp,
}

/// The rates of every fix type.
pub fn rates(view: &View<'_>) -> Result<BTreeMap<String, Rate>> {
    let mut rates = BTreeMap::new();
    each_row(view, &mut |issue_type, fix_type, row| {
        if !issue_type.is_empty() {
            return;
        }
        let (success_low, success_high) = row.bounds(view);
        let recent = row.recent_successes / row.recent_attempts;
        let rate = Rate {
            total_attempts: row.attempts,
            successful_fixes: row.successes,
            success_rate: row.success_rate(),
            avg_feedback: row.avg_feedback(),
            success_low,
            success_high,
            recent_success_rate: recent.is_finite().then(|| recent.clamp(0.0, 1.0)),
            last_applied_at: row.last_applied_at,
        };
        rates.insert(fix_type.to_owned(), rate);
    })?;
    Ok(rates)
}

/// What to do with a fix type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Apply it without asking.
    Auto,
    /// Propose it.
    Suggest,
    /// Try it: too little is known.
    Explore,
    /// Do not use it.
    Stop,
}

/// Advice on one fix type.
#[derive(Debug, Serialize)]
pub struct Advice {
    /// The fix type.
    pub fix_type: String,
    /// What to do with it.
    pub action: Action,
    /// How often it was tried against the issue type.
    pub attempts: u64,
    /// How often that worked, as a share.
    pub success_rate: Option<f64>,
    /// The lower Wilson 95 % bound of it, on decayed counts.
    pub success_low: f64,
    /// The upper one.
    pub success_high: f64,
    /// The mean of the feedback, where there was any.
    pub avg_feedback: Option<f64>,
}

/// From which bounds on a fix is automated or stopped.
#[derive(Debug, Clone, Copy)]
pub struct Thresholds {
    /// At least this lower bound: automate.
    pub auto: f64,
    /// Below this upper bound: stop.
    pub stop: f64,
}

impl Default for Thresholds {
    fn default() -> Self {
        Thresholds {
            auto: 0.9,
            stop: 0.5,
        }
    }
}

impl Thresholds {
    /// What to do after `attempts` with these bounds.
    pub fn judge(self, attempts: u64, low: f64, high: f64) -> Action {
        if attempts < ENOUGH_ATTEMPTS {
            Action::Explore
        } else if low >= self.auto {
            Action::Auto
        } else if high < self.stop {
            Action::Stop
        } else {
            Action::Suggest
        }
    }
}

/// The fix types tried against an issue type, the surest first, at most `limit`.
pub fn advise(
    view: &View<'_>,
    issue_type: Identifier<'_>,
    thresholds: Thresholds,
    limit: usize,
) -> Result<Vec<Advice>> {
    let mut advice = Vec::new();
    each_row(view, &mut |found, fix_type, row| {
        if found != issue_type.as_str() {
            return;
        }
        let (success_low, success_high) = row.bounds(view);
        advice.push(Advice {
            fix_type: fix_type.to_owned(),
            action: thresholds.judge(row.attempts, success_low, success_high),
            attempts: row.attempts,
            success_rate: row.success_rate(),
            success_low,
            success_high,
            avg_feedback: row.avg_feedback(),
        });
    })?;
    advice.sort_by(|a, b| {
        let by_worth = b
            .success_low
            .total_cmp(&a.success_low)
            .then(b.attempts.cmp(&a.attempts));
        by_worth.then_with(|| a.fix_type.cmp(&b.fix_type))
    });
    advice.truncate(limit);
    Ok(advice)
}

/// The outcomes from `offset` on, newest first, at most `count`, as one JSON array.
pub fn list(view: &View<'_>, offset: usize, count: usize) -> Result<String> {
    stored_array(view, &view.keys.fixes(), offset, count, |text| {
        serde_json::from_str::<Outcome<'_>>(text).is_ok()
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::memory::testing::Memory;

    fn outcome<'a>(
        memory: &Memory,
        fix_type: &'a str,
        success: bool,
        id: Option<&'a str>,
    ) -> Outcome<'a> {
        Outcome {
            issue_type: "style".into(),
            fix_type: fix_type.into(),
            success,
            feedback_score: None,
            metadata: None,
            id: id.map(Cow::Borrowed),
            applied_at: memory.now,
        }
    }

    fn tried(memory: &Memory, outcome: &Outcome<'_>) -> i64 {
        let (effects, attempts) = record(&memory.view("r"), outcome).unwrap();
        memory.apply(&effects);
        attempts
    }

    #[test]
    fn the_same_id_counts_once_while_its_outcome_is_in_the_list() {
        let mut memory = Memory::empty();
        memory.settings.max_fixes = 2;
        assert_eq!(tried(&memory, &outcome(&memory, "f", true, Some("k"))), 1);
        assert_eq!(tried(&memory, &outcome(&memory, "f", true, Some("k"))), 1);
        assert_eq!(tried(&memory, &outcome(&memory, "f", true, None)), 2);
        assert_eq!(tried(&memory, &outcome(&memory, "f", true, Some("k"))), 2);
        assert_eq!(tried(&memory, &outcome(&memory, "f", true, None)), 3);
        // Two newer outcomes have pushed it out of the list.
        assert_eq!(tried(&memory, &outcome(&memory, "f", true, Some("k"))), 4);
    }

    #[test]
    fn attempts_are_those_of_the_fix_type_over_all_issue_types() {
        let memory = Memory::empty();
        tried(&memory, &outcome(&memory, "f", true, None));
        let elsewhere = Outcome {
            issue_type: "security".into(),
            ..outcome(&memory, "f", false, None)
        };
        assert_eq!(tried(&memory, &elsewhere), 2);
        let rates = rates(&memory.view("r")).unwrap();
        assert_eq!(rates["f"].success_rate, Some(0.5));
        let style = Identifier::own("style");
        let advice = advise(&memory.view("r"), style, Thresholds::default(), 10).unwrap();
        assert_eq!((advice.len(), advice[0].attempts), (1, 1));
    }

    #[test]
    fn advice_goes_from_exploring_to_automating_or_stopping() {
        let memory = Memory::empty();
        for _ in 0..4 {
            tried(&memory, &outcome(&memory, "young", true, None));
        }
        for n in 0..60 {
            tried(&memory, &outcome(&memory, "good", true, None));
            tried(&memory, &outcome(&memory, "bad", n % 5 == 0, None));
            tried(&memory, &outcome(&memory, "fair", n % 4 != 0, None));
        }
        let style = Identifier::own("style");
        let advice = advise(&memory.view("r"), style, Thresholds::default(), 10).unwrap();
        let actions: Vec<_> = advice
            .iter()
            .map(|a| (a.fix_type.as_str(), a.action))
            .collect();
        assert_eq!(
            actions,
            [
                ("good", Action::Auto),
                ("fair", Action::Suggest),
                ("young", Action::Explore),
                ("bad", Action::Stop)
            ]
        );
    }

    #[test]
    fn feedback_averages_only_outcomes_that_gave_one() {
        let memory = Memory::empty();
        tried(&memory, &outcome(&memory, "f", true, None));
        assert_eq!(rates(&memory.view("r")).unwrap()["f"].avg_feedback, None);
        let with = Outcome {
            feedback_score: Some(0.5),
            ..outcome(&memory, "f", true, None)
        };
        tried(&memory, &with);
        assert_eq!(
            rates(&memory.view("r")).unwrap()["f"].avg_feedback,
            Some(0.5)
        );
    }

    #[test]
    fn the_statistics_used_least_recently_leave_first() {
        let mut memory = Memory::empty();
        memory.settings.max_fix_stats = 4;
        for fix_type in ["a", "b", "a", "c"] {
            tried(&memory, &outcome(&memory, fix_type, true, None));
            memory.pass(1);
        }
        let rates = rates(&memory.view("r")).unwrap();
        assert_eq!(rates.keys().collect::<Vec<_>>(), ["a", "c"]);
        assert_eq!(rates["a"].total_attempts, 2);
    }

    proptest! {
        #[test]
        fn rates_are_what_the_outcomes_make_them(steps in prop::collection::vec((0i64..20 * 86_400_000, any::<bool>(), any::<bool>()), 1..40)) {
            let mut memory = Memory::empty();
            memory.settings.default_ttl = 1 << 45;
            let mut events = Vec::new();
            for (pass, success, first) in steps {
                memory.pass(pass);
                tried(&memory, &outcome(&memory, if first { "f" } else { "g" }, success, None));
                events.push((memory.now, success, first));
            }
            let found = rates(&memory.view("r")).unwrap();
            for (fix_type, first) in [("f", true), ("g", false)] {
                let own: Vec<_> = events.iter().filter(|e| e.2 == first).collect();
                prop_assert_eq!(found.contains_key(fix_type), !own.is_empty());
                let Some(rate) = found.get(fix_type) else { continue };
                prop_assert_eq!(rate.total_attempts, own.len() as u64);
                prop_assert_eq!(rate.successful_fixes, own.iter().filter(|e| e.1).count() as u64);
                let weigh = |e: &&&(Timestamp, bool, bool)| decay::weight(memory.now.seconds() - e.0.seconds(), memory.settings.fix_half_life);
                let n: f64 = own.iter().map(|e| weigh(&e)).sum();
                let s: f64 = own.iter().filter(|e| e.1).map(|e| weigh(&e)).sum();
                let (low, high) = wilson(s, n);
                prop_assert!((rate.success_low - low).abs() < 1e-9 && (rate.success_high - high).abs() < 1e-9);
                prop_assert!((rate.recent_success_rate.unwrap() - s / n).abs() < 1e-9);
            }
        }
    }
}
