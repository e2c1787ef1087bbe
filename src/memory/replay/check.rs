//! Every report against the books.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{json, Value};

use super::super::answer::Room;
use super::super::bounds::wilson;
use super::super::fixes::{self, Thresholds};
use super::super::insights::insights;
use super::super::issues::{self, Filter};
use super::super::testing::Memory;
use super::super::{decay, patterns, sessions, Identifier, Timestamp, View};
use super::books::{data, Books, Event, Fix, Issue, Lesson, Sighting};
use super::{name, REPO};

/// All reports on the last `days` days, with at most `top` issues and patterns.
pub fn all(memory: &Memory, books: &Books, days: u32, top: usize) {
    let view = memory.view(REPO);
    for kind in [None, Some(0), Some(1)] {
        for severity in [None, Some(0), Some(1), Some(2)] {
            let wanted = Wanted { kind, severity };
            trends(&view, books, days, top, wanted);
            history(&view, books, days, wanted);
        }
    }
    learned(&view, books, days);
    fixed(&view, books);
    stored(&view, books, top);
    whole(&view, days, top);
    assert_eq!(memory.corrupt.get(), 0);
    assert!(memory.expiries().values().all(Option::is_some));
}

fn value(report: &impl Serialize) -> Value {
    serde_json::to_value(report).unwrap()
}

#[derive(Debug, Clone, Copy)]
struct Wanted {
    kind: Option<u8>,
    severity: Option<u8>,
}

impl Wanted {
    fn takes(self, kind: u8, severity: u8) -> bool {
        self.kind.is_none_or(|wanted| wanted == kind)
            && self.severity.is_none_or(|wanted| wanted == severity)
    }

    /// Calls `then` with the filter.
    fn with<T>(self, then: impl FnOnce(Filter<'_>) -> T) -> T {
        let kind = self.kind.map(|kind| name("k", kind));
        let severity = self.severity.map(|severity| name("s", severity));
        then(Filter {
            issue_type: kind.as_deref().map(Identifier::own),
            severity: severity.as_deref().map(Identifier::own),
        })
    }
}

/// The events of the days from `days` days ago to today.
fn events<'b>(view: &View<'_>, books: &'b Books, days: u32) -> impl Iterator<Item = &'b Event> {
    let today = view.today();
    let within = books.days.range(today.first_of(days)..=today);
    within.flat_map(|(_, events)| events)
}

fn sightings<'e>(events: impl Iterator<Item = &'e Event>, wanted: Wanted) -> Vec<&'e Sighting> {
    let seen = events.filter_map(|event| match event {
        Event::Sighting(sighting) => Some(sighting),
        _ => None,
    });
    seen.filter(|s| wanted.takes(s.kind, s.severity)).collect()
}

/// By type, by severity, in all.
fn spread(seen: &[&Sighting]) -> (BTreeMap<String, u64>, BTreeMap<String, u64>, u64) {
    let (mut kinds, mut severities, mut total) = (BTreeMap::new(), BTreeMap::new(), 0);
    for sighting in seen {
        *kinds.entry(name("k", sighting.kind)).or_default() += sighting.count;
        *severities.entry(name("s", sighting.severity)).or_default() += sighting.count;
        total += sighting.count;
    }
    (kinds, severities, total)
}

fn is_close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-6 * b.abs().max(1e-9)
}

fn trends(view: &View<'_>, books: &Books, days: u32, top: usize, wanted: Wanted) {
    let found = wanted.with(|filter| issues::trends(view, days, top, filter).unwrap());
    let (kinds, severities, _) = spread(&sightings(events(view, books, days), wanted));
    assert_eq!(found.issue_distribution, kinds, "{wanted:?}");
    assert_eq!(found.severity_distribution, severities, "{wanted:?}");

    let taken = books.issues.iter();
    let taken = taken.filter(|((kind, _), issue)| wanted.takes(*kind, issue.severity));
    assert_eq!(found.total_patterns, taken.clone().count(), "{wanted:?}");
    let score = |issue: &Issue| issue.score(view.now, view.settings.trend_half_life);
    let start = view.today().first_of(days).start();
    let trending = taken.filter(|(_, issue)| issue.last_seen() >= start);
    let mut scores: Vec<f64> = trending.map(|(_, issue)| score(issue)).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    scores.truncate(top);
    let shown: Vec<f64> = found
        .trending_issues
        .iter()
        .map(|i| i.trend_score)
        .collect();
    let same = shown.iter().zip(&scores).all(|(a, b)| is_close(*a, *b));
    assert!(
        same && shown.len() == scores.len(),
        "{wanted:?} {shown:?} {scores:?}"
    );

    let mut names = Vec::new();
    for shown in found.trending_issues {
        let kept = books.issues.iter().find(|((kind, rule), _)| {
            (name("k", *kind), name("r", *rule))
                == (shown.issue_type.clone(), shown.issue_rule.clone())
        });
        let (key, kept) = kept.expect("an issue that the books have");
        assert!(wanted.takes(key.0, kept.severity) && !names.contains(key));
        names.push(*key);
        assert!(is_close(shown.trend_score, score(kept)));
        assert_eq!(
            (
                shown.frequency,
                shown.severity,
                shown.created_at,
                shown.last_seen
            ),
            (
                kept.frequency(),
                name("s", kept.severity),
                kept.created_at(),
                kept.last_seen()
            )
        );
    }
}

fn history(view: &View<'_>, books: &Books, days: u32, wanted: Wanted) {
    let found = wanted.with(|filter| issues::history(view, days, filter).unwrap());
    let none = Vec::new();
    let mut sum = 0;
    let expected: Vec<Value> = view
        .today()
        .window(days)
        .map(|day| {
            let events = books.days.get(&day).unwrap_or(&none);
            let (kinds, severities, total) = spread(&sightings(events.iter(), wanted));
            sum += total;
            json!({"date": day.to_string(), "total": total, "by_type": kinds, "by_severity": severities})
        })
        .collect();
    assert_eq!(value(&found), json!({"days": expected, "total": sum}));
}

fn learned(view: &View<'_>, books: &Books, days: u32) {
    let sum = |lessons: &[&Lesson]| {
        let (mut patterns, mut insights) = (0, 0);
        for lesson in lessons {
            (patterns, insights) = (patterns + lesson.patterns, insights + lesson.insights);
        }
        (lessons.len() as u64, patterns, insights)
    };
    let lessons: Vec<&Lesson> = events(view, books, days)
        .filter_map(|event| match event {
            Event::Lesson(lesson) => Some(lesson),
            _ => None,
        })
        .collect();
    let mut breakdown = BTreeMap::new();
    for kind in [0, 1] {
        let own: Vec<&Lesson> = lessons.iter().copied().filter(|l| l.kind == kind).collect();
        let (n, patterns, insights) = sum(&own);
        if n > 0 {
            let of_kind = json!({"session_count": n, "patterns_learned": patterns, "insights_generated": insights});
            breakdown.insert(name("t", kind), of_kind);
        }
    }
    let (n, patterns, insights) = sum(&lessons);
    assert_eq!(
        value(&sessions::analytics(view, days).unwrap()),
        json!({
            "total_sessions": n, "total_patterns_learned": patterns, "total_insights_generated": insights,
            "session_breakdown": breakdown,
        })
    );
    let listed: Value = serde_json::from_str(&sessions::list(view, 0, 99).unwrap()).unwrap();
    let expected = books.sessions.iter().map(|lesson| {
        json!({
            "session_type": name("t", lesson.kind), "patterns_learned": lesson.patterns,
            "insights_generated": lesson.insights, "session_data": null, "created_at": lesson.at,
        })
    });
    assert_eq!(listed, expected.collect::<Value>());
}

fn fixed(view: &View<'_>, books: &Books) {
    let listed: Value = serde_json::from_str(&fixes::list(view, 0, 99).unwrap()).unwrap();
    let expected = books.fixes.iter().map(|fix| {
        json!({
            "issue_type": name("k", fix.kind), "fix_type": name("f", fix.fix), "success": fix.success,
            "feedback_score": fix.feedback.map(|feedback| f64::from(feedback) / 2.0), "metadata": null,
            "id": fix.id.map(|id| name("i", id)), "applied_at": fix.at,
        })
    });
    assert_eq!(listed, expected.collect::<Value>());

    let rates = fixes::rates(view).unwrap();
    let over_all = |kind: &Option<u8>| kind.is_none();
    assert_eq!(
        rates.len(),
        books.rows.keys().filter(|(kind, _)| over_all(kind)).count()
    );
    for ((kind, fix), row) in &books.rows {
        let fix = name("f", *fix);
        let count = |is_it: &dyn Fn(&&Fix) -> bool| row.fixes.iter().filter(is_it).count() as u64;
        let (tried, worked) = (count(&|_| true), count(&|fix| fix.success));
        // A clock that is set back makes nothing younger than the newest outcome.
        let newest = row.last.unwrap().max(view.now);
        let weigh = |at: Timestamp| {
            let age = newest.seconds() - at.seconds();
            decay::weight(age, view.settings.fix_half_life)
        };
        let recent_tried: f64 = row.fixes.iter().map(|fix| weigh(fix.at)).sum();
        let successes = row.fixes.iter().filter(|fix| fix.success);
        let recent_worked: f64 = successes.map(|fix| weigh(fix.at)).sum();
        let (low, high) = wilson(recent_worked, recent_tried);
        let feedback: Vec<f64> = row
            .fixes
            .iter()
            .filter_map(|f| f.feedback.map(f64::from))
            .collect();
        let mean = feedback.iter().sum::<f64>() / 2.0 / feedback.len() as f64;
        let said = |told: Option<f64>| match told {
            None => feedback.is_empty(),
            Some(told) => (told - mean).abs() < 1e-9,
        };
        let same = |a: f64, b: f64| (a - b).abs() < 1e-6;
        match kind {
            None => {
                let rate = &rates[&fix];
                assert_eq!(
                    (rate.total_attempts, rate.successful_fixes),
                    (tried, worked)
                );
                assert!(same(
                    rate.success_rate.unwrap(),
                    worked as f64 / tried as f64
                ));
                assert!(same(rate.success_low, low) && same(rate.success_high, high));
                assert!(said(rate.avg_feedback), "{:?}", rate.avg_feedback);
                assert_eq!(Some(rate.last_applied_at), row.last);
            }
            Some(kind) => {
                let kind = name("k", *kind);
                let kind = Identifier::own(&kind);
                let advice = fixes::advise(view, kind, Thresholds::default(), 99).unwrap();
                let ordered = advice
                    .windows(2)
                    .all(|pair| pair[0].success_low >= pair[1].success_low);
                assert!(ordered);
                let advice = advice.iter().find(|advice| advice.fix_type == fix).unwrap();
                assert_eq!(advice.attempts, tried);
                assert!(same(advice.success_low, low) && same(advice.success_high, high));
                assert!(said(advice.avg_feedback));
                let judged =
                    Thresholds::default().judge(tried, advice.success_low, advice.success_high);
                assert_eq!(advice.action, judged);
            }
        }
    }
}

fn stored(view: &View<'_>, books: &Books, top: usize) {
    let overview = patterns::overview(view, None).unwrap();
    let worth: Vec<_> = overview
        .iter()
        .map(|o| (o.confidence, o.usage_count, o.id.clone()))
        .collect();
    let mut expected: Vec<_> = books
        .patterns
        .iter()
        .map(|(id, p)| (p.confidence, p.uses, name("p", *id)))
        .collect();
    expected.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.cmp(&a.1)).then(a.2.cmp(&b.2)));
    assert_eq!(worth, expected);
    assert_eq!(
        patterns::overview(view, Some("naming")).unwrap().len(),
        overview.len()
    );
    assert_eq!(patterns::overview(view, Some("other")).unwrap().len(), 0);

    let page = overview.iter().take(top);
    let read = patterns::read_all(view, page, usize::MAX, &mut Room::new()).unwrap();
    assert_eq!(read.len(), top.min(overview.len()));
    for (id, kept) in &books.patterns {
        let id = name("p", *id);
        let record = patterns::read(view, "naming", &id).unwrap().unwrap();
        assert_eq!(
            value(&record),
            json!({
                "pattern_type": "naming", "id": id,
                "pattern_data": serde_json::from_str::<Value>(&data(kept.data)).unwrap(),
                "confidence": kept.confidence, "usage_count": kept.uses, "version": kept.version,
                "created_at": kept.created_at, "updated_at": kept.updated_at,
            })
        );
        let (kind, since) = (Identifier::own("naming"), Timestamp::from_ms(0));
        let told = patterns::evolution(view, kind, Identifier::own(&id), since, 99);
        let told = told.unwrap().unwrap();
        let side = |(data, confidence): (u8, f64)| (super::books::data(data), confidence);
        let shown: Vec<_> = told
            .changes
            .into_iter()
            .map(|change| {
                let before = change.before_data.map(|data| data.get().to_owned());
                let before = before.map(|data| (data, change.confidence_before.unwrap()));
                let after = (change.after_data.get().to_owned(), change.confidence_after);
                (
                    change.version,
                    change.created_at,
                    before,
                    after,
                    change.reason,
                    change.user,
                )
            })
            .collect();
        let expected: Vec<_> = kept
            .changes
            .iter()
            .cloned()
            .map(|c| {
                (
                    c.version,
                    c.at,
                    c.before.map(side),
                    side(c.after),
                    c.reason,
                    c.user,
                )
            })
            .collect();
        assert_eq!(shown, expected);
        assert_eq!(told.total_changes, kept.changes.len());
    }
}

/// The report on everything says what the reports on its parts say.
fn whole(view: &View<'_>, days: u32, top: usize) {
    let found = value(&insights(view, days, top).unwrap());
    let overview = patterns::overview(view, None).unwrap();
    let best = patterns::read_all(view, &overview, top, &mut Room::new());
    let trends = issues::trends(view, days, top, Filter::default());
    assert_eq!(found["team_patterns"], value(&best.unwrap()));
    assert_eq!(found["issue_trends"], value(&trends.unwrap()));
    assert_eq!(
        found["fix_success_rates"],
        value(&fixes::rates(view).unwrap())
    );
    assert_eq!(
        found["learning_analytics"],
        value(&sessions::analytics(view, days).unwrap())
    );
    let confidences: Vec<f64> = overview.iter().map(|found| found.confidence).collect();
    let summary = &found["pattern_confidence_summary"];
    if confidences.is_empty() {
        assert_eq!(*summary, json!({}));
        return;
    }
    let mean = confidences.iter().sum::<f64>() / confidences.len() as f64;
    let high = confidences
        .iter()
        .filter(|confidence| **confidence >= 0.8)
        .count();
    let summary = &summary["naming"];
    assert!((summary["avg_confidence"].as_f64().unwrap() - mean).abs() < 1e-9);
    assert_eq!(summary["pattern_count"], confidences.len());
    assert_eq!(summary["high_confidence_count"], high);
}
