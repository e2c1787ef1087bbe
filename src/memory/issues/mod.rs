//! Issues: what keeps coming back, how often, and whether it is on the rise.
//!
//! | file | holds |
//! | --- | --- |
//! | `record` | what is stored of an issue, and how occurrences change it |
//! | `track` | counting occurrences, and who leaves when there are too many |
//! | `report` | one issue, trends, and occurrences day by day |
//!
//! A record is the truth about an issue; the sorted set beside it is an index of the records by trend.

mod record;
mod report;
mod track;

pub(super) use record::read;
pub use record::Record;
pub use report::{get, history, trends, trends_of, DayCounts, Filter, History, Issue, Trends};
pub use track::{track, Occurrence};
pub(super) use track::{write, Leaving};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::memory::burst::SLOW_DAYS;
    use crate::memory::testing::Memory;
    use crate::memory::{Day, Identifier, Plan, Timestamp};

    const DAY: i64 = 86_400_000;

    fn occurrence<'a>(rule: &'a str, severity: &'a str, count: u64) -> Occurrence<'a> {
        Occurrence {
            issue_type: Identifier::own("style"),
            rule: Identifier::own(rule),
            severity: Identifier::own(severity),
            count,
        }
    }

    fn seen(memory: &Memory, occurrences: &[Occurrence<'_>]) -> Vec<i64> {
        let (effects, frequencies) = track(&memory.view("r"), occurrences).unwrap();
        memory.apply(&effects);
        frequencies
    }

    fn issue(memory: &Memory, rule: &str) -> Option<Issue> {
        let (issue_type, rule) = (Identifier::own("style"), Identifier::own(rule));
        get(&memory.view("r"), issue_type, rule).unwrap()
    }

    #[test]
    fn a_first_sighting_scores_a_tenth_and_halves() {
        let mut memory = Memory::empty();
        assert_eq!(seen(&memory, &[occurrence("E501", "low", 1)]), [1]);
        assert_eq!(issue(&memory, "E501").unwrap().trend_score, 0.1);
        memory.pass(14 * DAY);
        assert!((issue(&memory, "E501").unwrap().trend_score - 0.05).abs() < 1e-9);
    }

    #[test]
    fn the_same_issue_twice_in_a_call_counts_both_and_takes_the_later_severity() {
        let memory = Memory::empty();
        let run = [
            occurrence("a", "low", 2),
            occurrence("b", "low", 1),
            occurrence("a", "high", 3),
        ];
        assert_eq!(seen(&memory, &run), [2, 1, 5]);
        assert_eq!(issue(&memory, "a").unwrap().severity, "high");
        let trends = trends(&memory.view("r"), 30, 20, Filter::default()).unwrap();
        assert_eq!(
            trends.severity_distribution,
            [("high".into(), 3), ("low".into(), 3)].into()
        );
    }

    #[test]
    fn the_least_trending_leaves_and_never_the_one_just_tracked() {
        let mut memory = Memory::empty();
        memory.settings.max_issues = 2;
        seen(&memory, &[occurrence("a", "low", 5)]);
        seen(&memory, &[occurrence("b", "low", 3)]);
        seen(&memory, &[occurrence("c", "low", 1)]);
        assert!(issue(&memory, "a").is_some() && issue(&memory, "b").is_none());
        assert!(issue(&memory, "c").is_some());
        seen(
            &memory,
            &[
                occurrence("d", "low", 1),
                occurrence("e", "low", 1),
                occurrence("f", "low", 1),
            ],
        );
        let view = memory.view("r");
        assert_eq!(view.store.hash_len(&view.keys.issues()), Ok(2));
        assert_eq!(view.store.ranking_len(&view.keys.issues_trend()), Ok(2));
        assert!(issue(&memory, "f").is_some());
    }

    #[test]
    fn a_burst_is_told_from_a_steady_flow() {
        let mut memory = Memory::empty();
        for _ in 0..30 {
            seen(&memory, &[occurrence("steady", "low", 4)]);
            memory.pass(DAY);
        }
        memory.pass(-DAY);
        seen(&memory, &[occurrence("new", "low", 5)]);
        let steady = issue(&memory, "steady").unwrap();
        assert_eq!(
            (steady.fast_rate, steady.slow_rate, steady.burst),
            (4.0, 4.0, false)
        );
        let new = issue(&memory, "new").unwrap();
        assert!(new.burst && new.burst_p < 0.001);
    }

    #[test]
    fn an_issue_outside_the_window_does_not_trend_and_is_still_counted() {
        let mut memory = Memory::empty();
        seen(&memory, &[occurrence("old", "low", 1)]);
        memory.pass(10 * DAY);
        seen(&memory, &[occurrence("new", "low", 1)]);
        let trends = trends(&memory.view("r"), 7, 20, Filter::default()).unwrap();
        assert_eq!(trends.trending_issues.len(), 1);
        assert_eq!(
            (trends.issue_distribution["style"], trends.total_patterns),
            (1, 2)
        );
        let history = history(&memory.view("r"), 11, Filter::default()).unwrap();
        assert_eq!((history.days.len(), history.total), (11, 2));
        assert_eq!((history.days[0].total, history.days[5].total), (1, 0));
    }

    #[test]
    fn a_corrupt_record_is_reported_and_written_anew() {
        let memory = Memory::empty();
        seen(&memory, &[occurrence("a", "low", 7)]);
        let mut plan = Plan::new();
        plan.hash_set("pm:{r}:issues".into(), vec![("style:a".into(), "{".into())]);
        memory.apply(&plan.seal(&memory.view("r")).unwrap());
        assert!(issue(&memory, "a").is_none());
        assert_eq!(seen(&memory, &[occurrence("a", "low", 1)]), [1]);
        assert_eq!(memory.corrupt.get(), 2);
    }

    #[test]
    fn a_corrupt_record_written_anew_pushes_nobody_out() {
        let mut memory = Memory::empty();
        memory.settings.max_issues = 3;
        for rule in ["a", "b", "c"] {
            seen(&memory, &[occurrence(rule, "low", 1)]);
        }
        let mut plan = Plan::new();
        plan.hash_set(
            "pm:{r}:issues".into(),
            vec![("style:c".into(), "bad".into())],
        );
        memory.apply(&plan.seal(&memory.view("r")).unwrap());
        seen(&memory, &[occurrence("c", "low", 1)]);
        for rule in ["a", "b", "c"] {
            assert!(issue(&memory, rule).is_some(), "{rule}");
        }
    }

    #[test]
    fn a_lost_ranking_hides_nothing_and_is_put_back() {
        let memory = Memory::empty();
        for (rule, count) in [("a", 1), ("b", 3), ("c", 2)] {
            seen(&memory, &[occurrence(rule, "low", count)]);
        }
        let mut plan = Plan::new();
        plan.delete(vec!["pm:{r}:issues:trend".into()]);
        memory.apply(&plan.seal(&memory.view("r")).unwrap());
        let rules = || {
            let found = trends(&memory.view("r"), 30, 20, Filter::default()).unwrap();
            let rules = found
                .trending_issues
                .into_iter()
                .map(|issue| issue.issue_rule);
            rules.collect::<Vec<_>>()
        };
        assert_eq!(rules(), ["b", "c", "a"]);
        seen(&memory, &[occurrence("a", "low", 9)]);
        assert_eq!(rules(), ["a", "b", "c"]);
        let view = memory.view("r");
        assert_eq!(view.store.ranking_len(&view.keys.issues_trend()), Ok(3));
    }

    #[test]
    fn days_that_a_clock_was_ahead_by_are_no_burst() {
        let mut memory = Memory::empty();
        memory.settings.default_ttl = 4_000 * DAY;
        memory.pass(365 * DAY);
        seen(&memory, &[occurrence("a", "low", 100)]);
        memory.pass(-365 * DAY);
        assert_eq!(issue(&memory, "a").unwrap().fast_rate, 0.0);
        seen(&memory, &[occurrence("a", "low", 3)]);
        let found = issue(&memory, "a").unwrap();
        assert_eq!(
            (found.frequency, found.fast_rate, found.burst),
            (103, 1.0, false)
        );
    }

    proptest! {
        /// Every figure of an issue against the events themselves, with a clock that steps both ways.
        #[test]
        fn an_issue_is_what_its_events_make_it(steps in prop::collection::vec((-3 * DAY..6 * DAY, 1u64..9), 1..60)) {
            let mut memory = Memory::empty();
            memory.settings.default_ttl = 4_000 * DAY;
            let mut events = Vec::new();
            // What a record keeps by day: 30 days up to the newest, and none that a clock was ahead by.
            let mut kept: Vec<(Day, u64)> = Vec::new();
            for (pass, count) in steps {
                memory.pass(pass);
                seen(&memory, &[occurrence("a", "low", count)]);
                events.push((memory.now, count));
                let today = memory.now.day();
                if kept.iter().any(|(day, _)| day.0 > today.0 + 1) {
                    kept.retain(|(day, _)| *day <= today);
                }
                kept.push((today, count));
                let newest = kept.iter().map(|(day, _)| day.0).max().unwrap();
                kept.retain(|(day, _)| day.0 > newest - SLOW_DAYS as i32);
            }
            let found = issue(&memory, "a").unwrap();
            let (now, today) = (memory.now, memory.now.day());
            prop_assert_eq!(found.frequency, events.iter().map(|e| e.1).sum::<u64>());
            prop_assert_eq!(found.last_seen, events.iter().map(|e| e.0).max().unwrap());
            let half_life = memory.settings.trend_half_life;
            let score: f64 = events.iter().map(|e| 0.1 * e.1 as f64 * ((e.0.seconds() - now.seconds()) / half_life).exp2()).sum();
            prop_assert!((found.trend_score - score).abs() < 1e-6 * score);
            let kept = |first: Day| kept.iter().filter(|(day, _)| (first..=today).contains(day)).map(|(_, n)| n).sum::<u64>();
            prop_assert!((found.fast_rate * 3.0 - kept(today.first_of(3)) as f64).abs() < 1e-9);
            prop_assert!((found.slow_rate * 30.0 - kept(today.first_of(30)) as f64).abs() < 1e-9);
        }

        #[test]
        fn a_merge_is_what_all_events_together_make(a in prop::collection::vec((0..40 * DAY, 1u64..9), 1..20), b in prop::collection::vec((0..40 * DAY, 1u64..9), 1..20)) {
            let record = |events: &[(i64, u64)]| {
                let mut events = events.to_vec();
                events.sort_unstable();
                let mut record = Record::new(Timestamp::from_ms(1_795_000_000_000 + events[0].0));
                for (at, count) in events {
                    record.occur(Timestamp::from_ms(1_795_000_000_000 + at), count, 1e6);
                }
                record
            };
            let merged = record(&a).merge(record(&b), 1e6);
            let together = record(&[a, b].concat());
            prop_assert_eq!((merged.frequency, merged.created_at, merged.last_seen, merged.day, &merged.days),
                (together.frequency, together.created_at, together.last_seen, together.day, &together.days));
            prop_assert!((merged.trend - together.trend).abs() < 1e-3);
        }
    }
}
