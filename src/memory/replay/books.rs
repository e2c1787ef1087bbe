//! The events of a repo as an accountant would keep them: nothing is summed, decayed or shortened.

use std::collections::{BTreeMap, BTreeSet};

use super::super::testing::Memory;
use super::super::{Day, Timestamp};
use super::{name, MOST_FIXES, MOST_ISSUES, MOST_SESSIONS};

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sighting {
    pub at: Timestamp,
    pub kind: u8,
    pub rule: u8,
    pub severity: u8,
    pub count: u64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fix {
    pub at: Timestamp,
    pub kind: u8,
    pub fix: u8,
    pub success: bool,
    /// In halves.
    pub feedback: Option<i8>,
    pub id: Option<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lesson {
    pub at: Timestamp,
    pub kind: u8,
    pub patterns: u64,
    pub insights: u64,
}

/// An issue since it was last unknown.
#[derive(Debug, Clone)]
pub struct Issue {
    pub severity: u8,
    pub sightings: Vec<Sighting>,
}

impl Issue {
    pub fn frequency(&self) -> u64 {
        self.sightings.iter().map(|sighting| sighting.count).sum()
    }

    pub fn created_at(&self) -> Timestamp {
        // An import takes the earlier of two, a clock that is set back does not.
        self.sightings[0].at
    }

    pub fn last_seen(&self) -> Timestamp {
        let at = self.sightings.iter().map(|sighting| sighting.at);
        at.max().unwrap()
    }

    /// A tenth of the decayed count, by definition.
    pub fn score(&self, now: Timestamp, half_life: f64) -> f64 {
        let weigh = |sighting: &Sighting| {
            let age = now.seconds() - sighting.at.seconds();
            0.1 * sighting.count as f64 * (-age / half_life).exp2()
        };
        self.sightings.iter().map(weigh).sum()
    }
}

/// The outcomes that a row of the statistics counts.
#[derive(Debug, Clone, Default)]
pub struct Row {
    pub fixes: Vec<Fix>,
    /// When the last was applied; what is discounted still was.
    pub last: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Event {
    Sighting(Sighting),
    Fix(Fix),
    Lesson(Lesson),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub at: Timestamp,
    pub version: u64,
    /// Data and confidence.
    pub before: Option<(u8, f64)>,
    pub after: (u8, f64),
    pub reason: Option<String>,
    pub user: Option<String>,
}

#[derive(Debug, Clone)]
pub struct Pattern {
    pub data: u8,
    pub confidence: f64,
    pub version: u64,
    pub uses: u64,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Newest first.
    pub changes: Vec<Change>,
}

/// All of it, apart for each key: keys expire each at their time.
#[derive(Debug, Default)]
pub struct Books {
    pub issues: BTreeMap<(u8, u8), Issue>,
    pub days: BTreeMap<Day, Vec<Event>>,
    /// Newest first.
    pub fixes: Vec<Fix>,
    pub ids: BTreeSet<u8>,
    /// By the type of the issues (`None`: over all) and that of the fixes.
    pub rows: BTreeMap<(Option<u8>, u8), Row>,
    /// Newest first.
    pub sessions: Vec<Lesson>,
    pub patterns: BTreeMap<u8, Pattern>,
}

/// The data of a pattern: some short, some too long for a hash that `HSET` writes to stay compact.
pub fn data(n: u8) -> String {
    match n {
        2 => format!(
            "{{\"n\":2,\"text\":\"{}\"}}",
            "in snake case, please; ".repeat(5)
        ),
        _ => format!("{{\"n\":{n}}}"),
    }
}

impl Books {
    /// Counts sightings; answers what the frequencies are after each.
    pub fn track(&mut self, seen: &[Sighting]) -> Vec<i64> {
        let mut frequencies = Vec::new();
        for &sighting in seen {
            let issue = self.issues.entry((sighting.kind, sighting.rule));
            let issue = issue.or_insert(Issue {
                severity: 0,
                sightings: Vec::new(),
            });
            issue.severity = sighting.severity;
            issue.sightings.push(sighting);
            frequencies.push(issue.frequency() as i64);
            self.note(sighting.at, Event::Sighting(sighting));
        }
        frequencies
    }

    fn note(&mut self, at: Timestamp, event: Event) {
        self.days.entry(at.day()).or_default().push(event);
    }

    /// Takes out the issues that have left, after checking that they were those to leave: beyond the cap, and the least
    /// trending but for those just seen.
    pub fn evict(&mut self, seen: &[Sighting], now: Timestamp, left: &BTreeSet<(u8, u8)>) {
        let gone: Vec<_> = self
            .issues
            .keys()
            .filter(|key| !left.contains(key))
            .copied()
            .collect();
        assert_eq!(left.len(), self.issues.len().min(MOST_ISSUES));
        let is_seen = |key: &(u8, u8)| seen.iter().any(|s| (s.kind, s.rule) == *key);
        let score = |key: &(u8, u8)| self.issues[key].score(now, 14.0 * 86_400.0);
        let others = left.iter().filter(|key| !is_seen(key));
        let least = others.map(score).fold(f64::INFINITY, f64::min);
        for key in &gone {
            assert!(
                !is_seen(key) && score(key) <= least * (1.0 + 1e-6),
                "{key:?}"
            );
        }
        self.issues.retain(|key, _| !gone.contains(key));
    }

    /// Records an outcome, unless its id is known; answers the attempts of its fix type.
    pub fn fix(&mut self, fix: Fix) -> i64 {
        // Keys of outcomes that nobody has any more.
        if fix.id.is_some() && self.ids.len() > self.fixes.len() {
            self.travel();
        }
        if !fix.id.is_some_and(|id| self.ids.contains(&id)) {
            self.fixes.insert(0, fix);
            for gone in self.fixes.drain(MOST_FIXES.min(self.fixes.len())..) {
                gone.id.map(|id| self.ids.remove(&id));
            }
            self.ids.extend(fix.id);
            self.tally(fix);
            self.note(fix.at, Event::Fix(fix));
        }
        let row = self.rows.get(&(None, fix.fix));
        row.map_or(0, |row| row.fixes.len() as i64)
    }

    fn tally(&mut self, fix: Fix) {
        for kind in [Some(fix.kind), None] {
            let row = self.rows.entry((kind, fix.fix)).or_default();
            row.fixes.push(fix);
            row.last = row.last.max(Some(fix.at));
        }
    }

    pub fn learn(&mut self, lesson: Lesson) {
        self.sessions.insert(0, lesson);
        self.sessions.truncate(MOST_SESSIONS);
        self.note(lesson.at, Event::Lesson(lesson));
    }

    /// Stores a pattern; answers its version.
    pub fn store(&mut self, now: Timestamp, id: u8, data: u8, confidence: Option<f64>) -> u64 {
        let known = self.patterns.get(&id).cloned();
        let before = known.as_ref().map(|known| (known.data, known.confidence));
        let mut pattern = known.unwrap_or(Pattern {
            data,
            confidence: 0.0,
            version: 0,
            uses: 0,
            created_at: now,
            updated_at: now,
            changes: Vec::new(),
        });
        pattern.data = data;
        pattern.confidence = confidence.unwrap_or(pattern.confidence);
        pattern.version += 1;
        pattern.uses += u64::from(before.is_some());
        pattern.updated_at = now;
        let after = (data, pattern.confidence);
        if before != Some(after) {
            let change = Change {
                at: now,
                version: pattern.version,
                before,
                after,
                reason: confidence.map(|c| format!("judged {c}")),
                user: (data > 0).then(|| "agent".into()),
            };
            pattern.changes.insert(0, change);
        }
        let version = pattern.version;
        self.patterns.insert(id, pattern);
        version
    }

    /// Sets a confidence; answers the version, `None` where there is no such pattern.
    pub fn judge(&mut self, now: Timestamp, id: u8, confidence: f64) -> Option<u64> {
        let pattern = self.patterns.get_mut(&id)?;
        let before = (pattern.data, pattern.confidence);
        (pattern.confidence, pattern.updated_at) = (confidence, now);
        pattern.version += 1;
        let change = Change {
            at: now,
            version: pattern.version,
            before: Some(before),
            after: (pattern.data, confidence),
            reason: None,
            user: None,
        };
        pattern.changes.insert(0, change);
        Some(pattern.version)
    }

    /// Closes what was kept under keys that have expired.
    pub fn bury(&mut self, memory: &Memory, repo: &str) {
        let alive = memory.expiries();
        let lives = |key: &str| alive.contains_key(&format!("pm:{{{repo}}}:{key}"));
        if !lives("issues") {
            self.issues.clear();
        }
        if !lives("fixes") {
            self.fixes.clear();
        }
        // What the list of outcomes tells of these is known still.
        if !lives("fixes:ids") {
            self.travel();
        }
        if !lives("fixes:stats") {
            self.rows.clear();
            for fix in self.fixes.clone() {
                self.tally(fix);
            }
        }
        if !lives("sessions") {
            self.sessions.clear();
        }
        for (day, events) in &mut self.days {
            // Each family of counters has a key of its own.
            let [issues, fixes, sessions] =
                ["", ":fixes", ":sessions"].map(|family| lives(&format!("day:{day}{family}")));
            events.retain(|event| match event {
                Event::Sighting(_) => issues,
                Event::Fix(_) => fixes,
                Event::Lesson(_) => sessions,
            });
        }
        self.days.retain(|_, events| !events.is_empty());
        self.patterns.retain(|id, _| {
            let id = name("p", *id).replace('%', "%25").replace(':', "%3A");
            lives(&format!("pattern:naming:{id}"))
        });
    }

    /// An export and an import elsewhere know of ids only what the list says.
    pub fn travel(&mut self) {
        self.ids = self.fixes.iter().filter_map(|fix| fix.id).collect();
    }

    /// Adds what another repo has in its books.
    pub fn merge(&mut self, theirs: Books, now: Timestamp, left: &BTreeSet<(u8, u8)>) {
        let Books {
            issues,
            mut days,
            fixes,
            mut rows,
            sessions,
            patterns,
            ..
        } = theirs;
        for (key, their) in issues {
            let Some(our) = self.issues.get_mut(&key) else {
                self.issues.insert(key, their);
                continue;
            };
            if their.last_seen() >= our.last_seen() {
                our.severity = their.severity;
            }
            let (first, rest) = if their.created_at() < our.created_at() {
                (their.sightings, std::mem::take(&mut our.sightings))
            } else {
                (std::mem::take(&mut our.sightings), their.sightings)
            };
            our.sightings = [first, rest].concat();
        }
        self.evict(&[], now, left);

        let known: BTreeSet<u8> = self.fixes.iter().filter_map(|fix| fix.id).collect();
        let is_known = |fix: &Fix| fix.id.is_some_and(|id| known.contains(&id));
        let (twice, new): (Vec<Fix>, Vec<Fix>) = fixes.into_iter().partition(is_known);
        for fix in twice {
            for kind in [Some(fix.kind), None] {
                if let Some(row) = rows.get_mut(&(kind, fix.fix)) {
                    take_one(&mut row.fixes, |other| *other == fix);
                }
            }
            if let Some(events) = days.get_mut(&fix.at.day()) {
                let series = (fix.fix, fix.success);
                take_one(
                    events,
                    |event| matches!(event, Event::Fix(other) if (other.fix, other.success) == series),
                );
            }
        }
        let ours = std::mem::take(&mut self.fixes);
        let mut all = interleave(ours, new, |fix| fix.at);
        for gone in all.split_off(all.len().min(MOST_FIXES)) {
            gone.id.map(|id| self.ids.remove(&id));
        }
        self.ids.extend(all.iter().filter_map(|fix| fix.id));
        self.fixes = all;
        for (key, row) in rows.into_iter().filter(|(_, row)| !row.fixes.is_empty()) {
            let our = self.rows.entry(key).or_default();
            our.fixes.extend(row.fixes);
            our.last = our.last.max(row.last);
        }
        let ours = std::mem::take(&mut self.sessions);
        self.sessions = interleave(ours, sessions, |lesson| lesson.at);
        self.sessions.truncate(MOST_SESSIONS);
        for (day, events) in days {
            self.days.entry(day).or_default().extend(events);
        }
        for (id, their) in patterns {
            let merged = match self.patterns.remove(&id) {
                None => their,
                Some(our) => our.merge(their),
            };
            self.patterns.insert(id, merged);
        }
    }
}

impl Pattern {
    fn merge(self, theirs: Pattern) -> Pattern {
        let (ours, known) = (self.changes, theirs.changes);
        let new = known.into_iter().filter(|change| !ours.contains(change));
        let changes = interleave(ours.clone(), new.collect(), |c| (c.at, c.version));
        let (data, confidence, updated_at) = if theirs.updated_at > self.updated_at {
            (theirs.data, theirs.confidence, theirs.updated_at)
        } else {
            (self.data, self.confidence, self.updated_at)
        };
        Pattern {
            data,
            confidence,
            updated_at,
            version: self.version.max(theirs.version) + 1,
            uses: self.uses + theirs.uses,
            created_at: self.created_at.min(theirs.created_at),
            changes,
        }
    }
}

fn take_one<T>(all: &mut Vec<T>, is_it: impl Fn(&T) -> bool) {
    let at = all.iter().position(is_it);
    at.map(|at| all.remove(at));
}

/// Two lists, newest first, as one; of two heads the later goes first, ours before theirs.
fn interleave<T, K: Ord>(ours: Vec<T>, theirs: Vec<T>, at: impl Fn(&T) -> K) -> Vec<T> {
    let (mut ours, mut theirs) = (ours.into_iter().peekable(), theirs.into_iter().peekable());
    let mut all = Vec::new();
    loop {
        let is_ours = match (ours.peek(), theirs.peek()) {
            (Some(our), Some(their)) => at(our) >= at(their),
            (our, their) if our.is_some() || their.is_some() => our.is_some(),
            _ => return all,
        };
        all.extend(if is_ours { ours.next() } else { theirs.next() });
    }
}
