//! Sentences that an agent can act on.

use std::collections::BTreeMap;

use super::fixes::{Action, Rate, Thresholds};
use super::issues::Issue;
use super::patterns::{Overview, HIGH_CONFIDENCE, LOW_CONFIDENCE};

/// How many patterns or bursts one sentence names.
const NAMED: usize = 5;
/// How many trending issues are worth a sentence.
const TRENDING: usize = 3;

/// What to do, in this order: patterns to review, patterns to enforce, issues that trend or burst, fixes to stop
/// or to automate.
pub fn recommend(
    patterns: &[Overview],
    trending: &[Issue],
    rates: &BTreeMap<String, Rate>,
) -> Vec<String> {
    let mut sentences = Vec::new();
    let low: Vec<&Overview> = patterns
        .iter()
        .rev()
        .filter(|p| p.confidence < LOW_CONFIDENCE)
        .collect();
    if !low.is_empty() {
        sentences.push(format!(
            "Review {} of low confidence (below {LOW_CONFIDENCE}): {}.",
            counted(low.len(), "pattern", "patterns"),
            named(&low, with_confidence)
        ));
    }
    let high: Vec<&Overview> = patterns
        .iter()
        .filter(|p| p.confidence >= HIGH_CONFIDENCE)
        .collect();
    if !high.is_empty() {
        sentences.push(format!(
            "Enforce {} ({HIGH_CONFIDENCE} or more): {}.",
            counted(
                high.len(),
                "well-established pattern",
                "well-established patterns"
            ),
            named(&high, with_confidence)
        ));
    }
    for issue in trending.iter().take(TRENDING) {
        sentences.push(format!(
            "Address the trending issue {} {}: seen {}, trend score {:.2}.",
            issue.issue_type,
            issue.issue_rule,
            counted(issue.frequency as usize, "time", "times"),
            issue.trend_score
        ));
    }
    let bursts: Vec<&Issue> = trending.iter().filter(|issue| issue.burst).collect();
    if !bursts.is_empty() {
        sentences.push(format!(
            "Look into {} (occurrences a day over 3 days against 30): {}.",
            counted(bursts.len(), "burst", "bursts"),
            named(&bursts, |issue| format!(
                "{} {} ({:.1} against {:.1})",
                issue.issue_type, issue.issue_rule, issue.fast_rate, issue.slow_rate
            ))
        ));
    }
    for action in [Action::Stop, Action::Auto] {
        for (fix_type, rate) in rates {
            let (low, high) = (rate.success_low, rate.success_high);
            if Thresholds::default().judge(rate.total_attempts, low, high) != action {
                continue;
            }
            let attempts = counted(rate.total_attempts as usize, "attempt", "attempts");
            sentences.push(if action == Action::Stop {
                format!(
                    "Stop applying the fix {fix_type}: it works in at most {:.0} % of cases ({attempts}).",
                    100.0 * high
                )
            } else {
                format!(
                    "Apply the fix {fix_type} automatically: it works in at least {:.0} % of cases ({attempts}).",
                    100.0 * low
                )
            });
        }
    }
    sentences
}

fn counted(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

/// The first few by name, and how many more there are.
fn named<T>(all: &[&T], name: impl Fn(&T) -> String) -> String {
    let first: Vec<String> = all.iter().take(NAMED).map(|one| name(one)).collect();
    let mut text = first.join(", ");
    if all.len() > NAMED {
        text.push_str(&format!(" and {} more", all.len() - NAMED));
    }
    text
}

fn with_confidence(pattern: &Overview) -> String {
    let Overview {
        pattern_type, id, ..
    } = pattern;
    format!("{pattern_type} {id} ({:.2})", pattern.confidence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Timestamp;

    #[test]
    fn sentences_come_in_the_order_of_the_design() {
        let pattern = |id: &str, confidence| Overview {
            pattern_type: "naming".into(),
            id: id.into(),
            confidence,
            usage_count: 0,
        };
        let now = Timestamp::from_ms(0);
        let issue = Issue {
            issue_type: "style".into(),
            issue_rule: "E501".into(),
            severity: "low".into(),
            frequency: 5,
            trend_score: 0.5,
            fast_rate: 5.0 / 3.0,
            slow_rate: 5.0 / 30.0,
            burst: true,
            burst_p: 0.0,
            created_at: now,
            last_seen: now,
        };
        let rate = |attempts, low, high| Rate {
            total_attempts: attempts,
            successful_fixes: 0,
            success_rate: None,
            avg_feedback: None,
            success_low: low,
            success_high: high,
            recent_success_rate: None,
            last_applied_at: now,
        };
        let rates = [
            ("bad".into(), rate(9, 0.0, 0.3)),
            ("good".into(), rate(90, 0.95, 1.0)),
            ("young".into(), rate(4, 0.95, 1.0)),
        ]
        .into();
        let patterns = [pattern("a", 0.9), pattern("b", 0.7), pattern("c", 0.1)];
        let sentences = recommend(&patterns, &[issue], &rates);
        assert_eq!(
            sentences,
            [
                "Review 1 pattern of low confidence (below 0.6): naming c (0.10).",
                "Enforce 1 well-established pattern (0.8 or more): naming a (0.90).",
                "Address the trending issue style E501: seen 5 times, trend score 0.50.",
                "Look into 1 burst (occurrences a day over 3 days against 30): style E501 (1.7 against 0.2).",
                "Stop applying the fix bad: it works in at most 30 % of cases (9 attempts).",
                "Apply the fix good automatically: it works in at least 95 % of cases (90 attempts).",
            ]
        );
    }
}
