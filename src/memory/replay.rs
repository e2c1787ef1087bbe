//! Random lives of a repo, with every report compared with one computed from the raw events.

use std::borrow::Cow;
use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::value::RawValue;

use super::answer::Room;
use super::bounds::wilson;
use super::fixes::{self, Outcome};
use super::import::{self, Mode};
use super::issues::{self, Filter, Occurrence};
use super::patterns::{self, StoreRequest};
use super::testing::{anonymizer, Memory};
use super::{decay, export, sessions, upkeep, Identifier, Repo, Timestamp};

const DAY: i64 = 86_400_000;

#[derive(Debug, Clone)]
enum Step {
    Track(u8, u8, u64),
    Fix(u8, bool, Option<u8>),
    Learn(u8, u64, u64),
    Store(u8, u8, Option<u8>),
    Judge(u8, u8),
    Delete(u8),
    Forget,
    /// Exports, forgets and imports.
    Travel(bool),
    Pass(i64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..6u8, 0..3u8, 1..9u64).prop_map(|(rule, severity, n)| Step::Track(rule, severity, n)),
        4 => (0..3u8, any::<bool>(), prop::option::of(0..6u8)).prop_map(|(f, s, id)| Step::Fix(f, s, id)),
        2 => (0..2u8, 0..9u64, 0..9u64).prop_map(|(t, p, i)| Step::Learn(t, p, i)),
        4 => (0..4u8, 0..3u8, prop::option::of(0..5u8)).prop_map(|(id, data, c)| Step::Store(id, data, c)),
        1 => (0..4u8, 0..5u8).prop_map(|(id, c)| Step::Judge(id, c)),
        1 => (0..4u8).prop_map(Step::Delete),
        1 => Just(Step::Forget),
        1 => any::<bool>().prop_map(Step::Travel),
        4 => (-2 * DAY..9 * DAY).prop_map(Step::Pass),
    ]
}

/// What happened, as an accountant would keep it.
#[derive(Debug, Default)]
struct Events {
    tracked: Vec<(Timestamp, u8, u8, u64)>,
    fixed: Vec<(Timestamp, u8, bool, Option<u8>)>,
    learned: Vec<(Timestamp, u8, u64, u64)>,
    /// Data, confidence, version, uses.
    patterns: BTreeMap<u8, (u8, f64, u64, u64)>,
}

const FIX_CAP: usize = 5;

impl Events {
    /// Whether an idempotency key is that of an outcome still in the list.
    fn knows(&self, id: u8) -> bool {
        let newest = self.fixed.iter().rev().take(FIX_CAP);
        newest.into_iter().any(|event| event.3 == Some(id))
    }
}

fn name(prefix: &str, n: u8) -> String {
    format!("{prefix}:{n}%")
}

fn live(memory: &mut Memory, events: &mut Events, step: Step) {
    let now = memory.now;
    match step {
        Step::Track(rule, severity, count) => {
            let (rule_name, severity_name) = (name("r", rule), name("s", severity));
            let occurrence = Occurrence {
                issue_type: Identifier::own("style"),
                rule: Identifier::own(&rule_name),
                severity: Identifier::own(&severity_name),
                count,
            };
            let (effects, _) = issues::track(&memory.view("r"), &[occurrence]).unwrap();
            memory.apply(&effects);
            events.tracked.push((now, rule, severity, count));
        }
        Step::Fix(fix, success, id) => {
            let outcome = Outcome {
                issue_type: "style".into(),
                fix_type: name("f", fix).into(),
                success,
                feedback_score: None,
                metadata: None,
                id: id.map(|id| Cow::Owned(name("k", id))),
                applied_at: now,
            };
            let (effects, attempts) = fixes::record(&memory.view("r"), &outcome).unwrap();
            memory.apply(&effects);
            if !id.is_some_and(|id| events.knows(id)) {
                events.fixed.push((now, fix, success, id));
            }
            let all = events.fixed.iter().filter(|event| event.1 == fix).count();
            assert_eq!(attempts, all as i64);
        }
        Step::Learn(kind, learned, generated) => {
            let kind_name = name("t", kind);
            let session_type = Identifier::own(&kind_name);
            let recorded =
                sessions::record(&memory.view("r"), session_type, learned, generated, None);
            memory.apply(&recorded.unwrap().0);
            events.learned.push((now, kind, learned, generated));
        }
        Step::Store(id, data, confidence) => {
            let id_name = name("p", id);
            let confidence = confidence.map(|c| f64::from(c) / 4.0);
            let request = StoreRequest {
                pattern_type: Identifier::own("naming"),
                id: Identifier::own(&id_name),
                data: RawValue::from_string(format!("{{\"n\":{data}}}")).unwrap(),
                confidence,
                reason: None,
                expected_version: None,
                ttl: None,
                user: None,
            };
            let (effects, stored) = patterns::store(&memory.view("r"), request)
                .unwrap()
                .unwrap();
            memory.apply(&effects);
            let entry = events.patterns.entry(id);
            let entry =
                entry.and_modify(|e| *e = (data, confidence.unwrap_or(e.1), e.2 + 1, e.3 + 1));
            let entry = entry.or_insert((data, confidence.unwrap_or(0.0), 1, 0));
            assert_eq!(stored.version, entry.2);
        }
        Step::Judge(id, confidence) => {
            let id_name = name("p", id);
            let (kind, id_name) = (Identifier::own("naming"), Identifier::own(&id_name));
            let confidence = f64::from(confidence) / 4.0;
            let judged =
                patterns::set_confidence(&memory.view("r"), kind, id_name, confidence, None, None);
            if let Some((effects, version)) = judged.unwrap() {
                memory.apply(&effects);
                let entry = events.patterns.get_mut(&id).unwrap();
                *entry = (entry.0, confidence, entry.2 + 1, entry.3);
                assert_eq!(version, entry.2);
            } else {
                assert!(!events.patterns.contains_key(&id));
            }
        }
        Step::Delete(id) => {
            let id_name = name("p", id);
            let (kind, id_name) = (Identifier::own("naming"), Identifier::own(&id_name));
            let (effects, removed) = patterns::delete(&memory.view("r"), kind, id_name).unwrap();
            memory.apply(&effects);
            assert_eq!(removed, i64::from(events.patterns.remove(&id).is_some()));
        }
        Step::Forget => {
            let (effects, _) = upkeep::forget(&memory.view("r")).unwrap();
            memory.apply(&effects);
            assert!(memory.expiries().is_empty());
            *events = Events::default();
        }
        Step::Travel(replace) => {
            let repo = Repo::parse(b"r", anonymizer()).unwrap();
            let document = export::export(&memory.view("r"), repo).unwrap();
            let mode = if replace {
                Mode::Replace
            } else {
                let (effects, _) = upkeep::forget(&memory.view("r")).unwrap();
                memory.apply(&effects);
                Mode::Merge
            };
            let (effects, _, redactions) =
                import::import(&memory.view("r"), anonymizer(), &document, mode).unwrap();
            assert!(redactions.is_empty());
            memory.apply(&effects);
        }
        Step::Pass(ms) => memory.pass(ms),
    }
}

fn check(memory: &Memory, events: &Events, days: u32) {
    let view = memory.view("r");
    let today = view.today();
    let within = |at: &Timestamp| at.day() >= today.first_of(days) && at.day() <= today;

    let mut by_severity: BTreeMap<String, u64> = BTreeMap::new();
    for (_, _, severity, n) in events.tracked.iter().filter(|e| within(&e.0)) {
        *by_severity.entry(name("s", *severity)).or_default() += n;
    }
    let trends = issues::trends(&view, days, 99, Filter::default()).unwrap();
    assert_eq!(trends.severity_distribution, by_severity);
    let history = issues::history(&view, days, Filter::default()).unwrap();
    assert_eq!(history.total, by_severity.values().sum::<u64>());
    assert_eq!(history.days.len(), days.min(today.0 as u32 + 1) as usize);

    let mut life: BTreeMap<u8, (u64, f64)> = BTreeMap::new();
    for (at, rule, _, n) in &events.tracked {
        let age = memory.now.seconds() - at.seconds();
        let weight = (-age / memory.settings.trend_half_life).exp2();
        let (count, score) = life.entry(*rule).or_default();
        (*count, *score) = (*count + n, *score + 0.1 * *n as f64 * weight);
    }
    assert_eq!(trends.total_patterns, life.len());
    for (rule, (count, score)) in life {
        let rule = name("r", rule);
        let issue = issues::get(&view, Identifier::own("style"), Identifier::own(&rule))
            .unwrap()
            .unwrap();
        assert_eq!(issue.frequency, count);
        assert!(
            (issue.trend_score - score).abs() <= 1e-6 * score,
            "{} {score}",
            issue.trend_score
        );
    }
    let scores: Vec<f64> = trends
        .trending_issues
        .iter()
        .map(|issue| issue.trend_score)
        .collect();
    assert!(scores.windows(2).all(|pair| pair[0] >= pair[1]));

    let learned = events.learned.iter().filter(|e| within(&e.0));
    let (count, patterns, insights) =
        learned.fold((0, 0, 0), |(c, p, i), e| (c + 1, p + e.2, i + e.3));
    let analytics = sessions::analytics(&view, days).unwrap();
    let found = (
        analytics.total_sessions,
        analytics.total_patterns_learned,
        analytics.total_insights_generated,
    );
    assert_eq!(found, (count, patterns, insights));

    let rates = fixes::rates(&view).unwrap();
    for fix in 0..3u8 {
        let own: Vec<_> = events.fixed.iter().filter(|event| event.1 == fix).collect();
        let Some(rate) = rates.get(&name("f", fix)) else {
            assert!(own.is_empty());
            continue;
        };
        assert_eq!(rate.total_attempts, own.len() as u64);
        assert_eq!(
            rate.successful_fixes,
            own.iter().filter(|event| event.2).count() as u64
        );
        // A clock that is set back makes nothing younger than the newest outcome.
        let newest = own
            .iter()
            .map(|event| event.0)
            .max()
            .unwrap()
            .max(memory.now);
        let weigh = |at: Timestamp| {
            decay::weight(
                newest.seconds() - at.seconds(),
                memory.settings.fix_half_life,
            )
        };
        let tried: f64 = own.iter().map(|event| weigh(event.0)).sum();
        let worked: f64 = own
            .iter()
            .filter(|event| event.2)
            .map(|event| weigh(event.0))
            .sum();
        let (low, high) = wilson(worked, tried);
        assert!((rate.success_low - low).abs() < 1e-9 && (rate.success_high - high).abs() < 1e-9);
    }

    let overview = patterns::overview(&view, None).unwrap();
    assert_eq!(overview.len(), events.patterns.len());
    for record in patterns::read_all(&view, &overview, &mut Room::new()).unwrap() {
        let id: u8 = record.id[2..3].parse().unwrap();
        let (data, confidence, version, uses) = events.patterns[&id];
        assert_eq!(record.pattern_data.get(), format!("{{\"n\":{data}}}"));
        assert_eq!(
            (record.confidence, record.version, record.usage_count),
            (confidence, version, uses)
        );
        let (kind, since) = (Identifier::own("naming"), Timestamp::from_ms(0));
        let told = patterns::evolution(&view, kind, Identifier::own(&record.id), since, 99)
            .unwrap()
            .unwrap();
        let newest = &told.changes[0];
        assert_eq!(newest.after_data.get(), record.pattern_data.get());
        assert_eq!(newest.confidence_after, record.confidence);
        let chained = told.changes.windows(2).all(|pair| {
            let before = pair[0].before_data.as_ref().map(|data| data.get());
            before == Some(pair[1].after_data.get())
                && pair[0].confidence_before == Some(pair[1].confidence_after)
        });
        assert!(chained, "{:?}", told.changes);
    }
    assert_eq!(memory.corrupt.get(), 0);
    assert!(memory.expiries().values().all(Option::is_some));
}

proptest! {
    #[test]
    fn every_report_is_what_the_events_make_it(steps in prop::collection::vec(step(), 1..60), days in 1u32..40) {
        let mut memory = Memory::empty();
        memory.settings.default_ttl = 4_000 * DAY;
        memory.settings.max_fixes = FIX_CAP;
        let mut events = Events::default();
        for step in steps {
            live(&mut memory, &mut events, step);
        }
        check(&memory, &events, days);
    }
}
