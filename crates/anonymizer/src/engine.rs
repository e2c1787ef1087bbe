//! The engine: one automaton finds every keyword of every rule; only what is around a keyword is looked at again.

mod keywords;
pub(crate) mod pattern;
pub(crate) mod span;

use crate::detect::{self, numbers, Detector};
use crate::rules_file::{Definition, RuleError};
use keywords::Keywords;
use pattern::Pattern;
use span::Finding;
use std::collections::BTreeMap;
use std::ops::Range;

/// What is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Everything,
    /// Credentials only, no personal data.
    Secrets,
}

/// What a keyword starts.
#[derive(Debug, Clone, Copy)]
enum Action {
    Pattern(usize),
    Detector(Detector),
}

#[derive(Debug)]
pub(crate) struct Engine {
    keywords: Keywords,
    /// By keyword.
    actions: Vec<Vec<Action>>,
    patterns: Vec<Pattern>,
    /// Patterns without keywords, which are searched for everywhere.
    everywhere: Vec<usize>,
    /// The number of the first rule that is code.
    detectors: usize,
    /// Whether no rule of a file looks at a text of nothing but a short number.
    passes_numbers: bool,
}

impl Engine {
    /// `detectors` is the number of the first rule that is code; definitions have the numbers given with them.
    pub(crate) fn new<'d>(
        definitions: impl Iterator<Item = (usize, &'d Definition)>,
        detectors: usize,
    ) -> Result<Engine, RuleError> {
        let mut by_keyword: BTreeMap<String, Vec<Action>> = BTreeMap::new();
        for (keyword, detector) in detect::KEYWORDS {
            by_keyword
                .entry(String::from(*keyword))
                .or_default()
                .push(Action::Detector(*detector));
        }
        for name in detect::service::names() {
            by_keyword
                .entry(String::from(name))
                .or_default()
                .push(Action::Detector(Detector::Service));
        }
        let mut patterns = Vec::new();
        let mut everywhere = Vec::new();
        for (rule, definition) in definitions {
            let number = patterns.len();
            patterns.push(Pattern::new(rule, definition)?);
            let own: Vec<_> = definition
                .keywords
                .iter()
                .filter(|keyword| !keyword.is_empty())
                .collect();
            if own.is_empty() {
                everywhere.push(number);
            }
            for keyword in own {
                by_keyword
                    .entry(keyword.to_ascii_lowercase())
                    .or_default()
                    .push(Action::Pattern(number));
            }
        }
        let keywords = Keywords::new(by_keyword.keys())
            .map_err(|_| RuleError::new(1, None, "too many keywords"))?;
        let in_numbers = |byte: &u8| byte.is_ascii_digit() || b"+-.e".contains(byte);
        // A number ends with a digit, so `1000.` is in none of five bytes.
        let in_short_numbers = |keyword: &String| {
            let text = keyword.as_bytes();
            let ends = text.len() < SHORT_NUMBER || text.last().is_some_and(u8::is_ascii_digit);
            text.len() <= SHORT_NUMBER && ends && text.iter().all(in_numbers)
        };
        let passes_numbers = everywhere.is_empty() && !by_keyword.keys().any(in_short_numbers);
        Ok(Engine {
            passes_numbers,
            keywords,
            actions: by_keyword.into_values().collect(),
            patterns,
            everywhere,
            detectors,
        })
    }

    /// The number of the first rule that is code.
    pub(crate) fn first_detector(&self) -> usize {
        self.detectors
    }

    /// Whether only rules that are code look at a text of nothing but a number of at most [`SHORT_NUMBER`] bytes.
    pub(crate) fn passes_numbers(&self) -> bool {
        self.passes_numbers
    }

    /// Findings that begin with a keyword within `hits`, unordered, possibly overlapping. Context is the whole text.
    pub(crate) fn scan(
        &self,
        text: &[u8],
        hits: Range<usize>,
        scope: Scope,
        findings: &mut Vec<Finding>,
    ) {
        let mut windows = Windows::default();
        let mut found = detect::Found {
            findings,
            first_rule: self.detectors,
            names_until: 0,
            values_until: 0,
            long_runs_until: 0,
            value_run: Default::default(),
            bare_run: Default::default(),
            budget: JUDGED_AT_LENGTH + 8 * hits.len(),
        };
        let mut hits_of_keywords = Vec::new();
        self.keywords
            .find(text, hits.clone(), &mut hits_of_keywords);
        for hit in hits_of_keywords {
            for action in &self.actions[hit.keyword] {
                match *action {
                    Action::Pattern(number) => {
                        let pattern = &self.patterns[number];
                        let window = hit.start.saturating_sub(pattern.before)
                            ..text.len().min(hit.end + pattern.after);
                        windows.add(number, window, self.patterns.len());
                    }
                    Action::Detector(detector) => {
                        detector.run(text, hit.start..hit.end, scope, &mut found)
                    }
                }
            }
        }
        if scope == Scope::Everything {
            numbers::scan(text, hits.clone(), &mut found);
        }
        for &number in &self.everywhere {
            windows.add(
                number,
                hits.start.saturating_sub(BEHIND)..text.len().min(hits.end + BEHIND),
                self.patterns.len(),
            );
        }
        let mut windows = windows.all;
        for at in 0..windows.len() {
            let Window {
                pattern,
                range,
                earlier,
                ..
            } = windows[at].clone();
            let pattern = &self.patterns[pattern];
            let matched_until = earlier.map_or(0, |earlier| windows[earlier].matched_until);
            let start = range.start.max(matched_until);
            windows[at].matched_until = pattern.search(text, start..range.end, |start, end| {
                findings.push(Finding {
                    start,
                    end,
                    rule: pattern.rule,
                });
            });
        }
    }

    /// Runs every pattern once, so that the first text does not pay for filling caches.
    pub(crate) fn warm_up(&self, examples: &[(usize, &str)]) {
        for &(rule, example) in examples {
            if let Some(pattern) = self.patterns.iter().find(|pattern| pattern.rule == rule) {
                pattern.search(example.as_bytes(), 0..example.len(), |_, _| {});
            }
            let mut findings = Vec::new();
            self.scan(
                example.as_bytes(),
                0..example.len(),
                Scope::Everything,
                &mut findings,
            );
        }
    }
}

/// A number, as JSON has it, of at most so many bytes is no finding of any rule that is code.
pub(crate) const SHORT_NUMBER: usize = 5;

/// Bytes of values that are judged at length in any text.
const JUDGED_AT_LENGTH: usize = 64 * 1024;

/// How far from a change a finding can be that the change brings about.
pub(crate) const BEHIND: usize = 1024;

/// A window to search.
#[derive(Debug, Clone)]
struct Window {
    pattern: usize,
    range: Range<usize>,
    /// The window of the same pattern before it.
    earlier: Option<usize>,
    /// Where the last match in it ends.
    matched_until: usize,
}

/// The windows to search, those of one pattern that overlap joined, so that each byte is searched once a pattern.
#[derive(Default)]
struct Windows {
    all: Vec<Window>,
    /// By pattern, once there are too many windows to look through: one more than the index of its latest window; 0
    /// while there is none.
    latest: Vec<u32>,
}

impl Windows {
    /// Up to so many windows, looking through them is cheaper than a table of all patterns.
    const FEW: usize = 24;

    fn add(&mut self, pattern: usize, range: Range<usize>, patterns: usize) {
        let earlier = self.latest_of(pattern);
        if let Some(earlier) = earlier {
            let known = &mut self.all[earlier].range;
            if range.start <= known.end {
                known.end = known.end.max(range.end);
                return;
            }
        }
        self.all.push(Window {
            pattern,
            range,
            earlier,
            matched_until: 0,
        });
        if self.all.len() > Self::FEW {
            let new = if self.latest.is_empty() {
                self.latest.resize(patterns, 0);
                0
            } else {
                self.all.len() - 1
            };
            for (at, window) in self.all.iter().enumerate().skip(new) {
                self.latest[window.pattern] = at as u32 + 1;
            }
        }
    }

    fn latest_of(&self, pattern: usize) -> Option<usize> {
        match self.latest.get(pattern) {
            Some(latest) => (*latest as usize).checked_sub(1),
            None => self
                .all
                .iter()
                .rposition(|window| window.pattern == pattern),
        }
    }
}
