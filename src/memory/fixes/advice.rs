//! How fixes fare, and which to use.

use std::collections::BTreeMap;

use serde::Serialize;

use super::stats::each_row;
use crate::memory::{Identifier, Result, Timestamp, View};

/// Below so many attempts a fix is explored, not judged.
const ENOUGH_ATTEMPTS: u64 = 5;

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
    each_row(view, &str::is_empty, &mut |_, fix_type, row| {
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
    let wanted = |found: &str| found == issue_type.as_str();
    each_row(view, &wanted, &mut |_, fix_type, row| {
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
