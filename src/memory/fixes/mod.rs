//! Fixes: what was tried against an issue, whether it worked, and what to try next.
//!
//! | file | holds |
//! | --- | --- |
//! | `outcome` | the outcomes: recording and listing them |
//! | `stats` | the statistics that the writes keep |
//! | `advice` | rates, and which fix to use |
//!
//! Beside the list of outcomes, statistics are kept by the writes: one row for each pair of issue type and fix
//! type, and one for each fix type over all issue types. So advice and rates cost the same however much was tried.

mod advice;
mod outcome;
mod stats;

pub use advice::{advise, rates, Action, Advice, Rate, Thresholds};
pub(super) use outcome::series_of;
pub use outcome::{list, record, Outcome};
pub use stats::Row;
pub(super) use stats::{each_row, lost_rows, overall, row, rows_of, write_rows};

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::prelude::*;

    use super::*;
    use crate::memory::bounds::wilson;
    use crate::memory::testing::Memory;
    use crate::memory::{decay, Identifier, Timestamp};

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
