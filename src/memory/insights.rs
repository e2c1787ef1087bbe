//! Everything that is known of a repo in one report.

use std::collections::BTreeMap;

use serde::Serialize;

use super::answer::Room;
use super::days::Family;
use super::fixes::{self, Rate};
use super::issues::{self, Filter, Trends};
use super::patterns::{self, Overview, Pattern, HIGH_CONFIDENCE};
use super::recommendations::recommend;
use super::sessions::Analytics;
use super::{window, Result, View};

/// The report.
#[derive(Debug, Serialize)]
pub struct Insights {
    /// The patterns of the highest confidence.
    pub team_patterns: Vec<Pattern>,
    /// What is trending.
    pub issue_trends: Trends,
    /// How the fixes fare.
    pub fix_success_rates: BTreeMap<String, Rate>,
    /// What the sessions brought.
    pub learning_analytics: Analytics,
    /// How sure the patterns are, by type.
    pub pattern_confidence_summary: BTreeMap<String, ConfidenceSummary>,
    /// What to do about it all.
    pub recommendations: Vec<String>,
}

/// How sure the patterns of one type are.
#[derive(Debug, Default, Serialize)]
pub struct ConfidenceSummary {
    /// Their mean confidence.
    pub avg_confidence: f64,
    /// How many there are.
    pub pattern_count: usize,
    /// How many are well established.
    pub high_confidence_count: usize,
}

/// The report on the last `days` days, with at most `top` patterns and issues.
pub fn insights(view: &View<'_>, days: u32, top: usize) -> Result<Insights> {
    let overview = patterns::overview(view, None)?;
    let totals = window::totals(view, days, &[Family::Sessions])?;
    let issue_trends = issues::trends_of(view, &totals, days, top, Filter::default())?;
    let fix_success_rates = fixes::rates(view)?;
    Ok(Insights {
        recommendations: recommend(&overview, &issue_trends.trending_issues, &fix_success_rates),
        team_patterns: patterns::read_all(view, &overview, top, &mut Room::new())?,
        pattern_confidence_summary: summarize(&overview),
        learning_analytics: Analytics::of(&totals),
        issue_trends,
        fix_success_rates,
    })
}

fn summarize(overview: &[Overview]) -> BTreeMap<String, ConfidenceSummary> {
    let mut summary: BTreeMap<String, ConfidenceSummary> = BTreeMap::new();
    for found in overview {
        let of_type = summary.entry(found.pattern_type.clone()).or_default();
        of_type.pattern_count += 1;
        of_type.avg_confidence +=
            (found.confidence - of_type.avg_confidence) / of_type.pattern_count as f64;
        of_type.high_confidence_count += usize::from(found.confidence >= HIGH_CONFIDENCE);
    }
    summary
}
