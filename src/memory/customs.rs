//! What comes in with an import: checked and anonymized before anything is planned.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashSet};

use anonymizer::{Anonymizer, Json, JsonError, Redactions};
use serde_json::value::RawValue;

use super::days::Series;
use super::export::{Document, PatternWithHistory};
use super::patterns::history::Entry;
use super::upkeep::LONGEST_WINDOW;
use super::{Day, Error, Identifier, Result};

/// How deep a JSON argument, and a record of an import, may be nested.
pub const MAX_DEPTH: usize = 64;

/// Checks and anonymizes what comes in.
pub struct Customs<'a> {
    anonymizer: &'a Anonymizer,
    redactions: Redactions,
}

impl<'a> Customs<'a> {
    /// A check by these rules.
    pub fn new(anonymizer: &'a Anonymizer) -> Self {
        Customs {
            anonymizer,
            redactions: Redactions::default(),
        }
    }

    /// What was redacted.
    pub fn redactions(self) -> Redactions {
        self.redactions
    }

    /// Anonymizes a document in place; refuses it, naming the place, where anything in it is not as it must be.
    pub fn check(&mut self, document: &mut Document<'_>) -> Result<()> {
        let mut seen = HashSet::new();
        for (i, found) in document.patterns.iter_mut().enumerate() {
            self.pattern(&format!("json: patterns[{i}]"), found)?;
            if !seen.insert(found.pattern.member()) {
                let name = format!("json: patterns[{i}]");
                return Err(Error::argument(name, "be there only once"));
            }
        }
        for (i, issue) in document.issues.iter_mut().enumerate() {
            let at = format!("json: issues[{i}]");
            self.name(&at, "issue_type", &issue.issue_type)?;
            self.name(&at, "issue_rule", &issue.issue_rule)?;
            self.name(&at, "record.severity", &issue.record.severity)?;
            if !issue.record.is_sound() {
                return Err(Error::argument(
                    at,
                    "have a finite trend and at most 30 days",
                ));
            }
        }
        for (i, fix) in document.fixes.iter_mut().enumerate() {
            let at = format!("json: fixes[{i}]");
            self.name(&at, "issue_type", &fix.issue_type)?;
            self.name(&at, "fix_type", &fix.fix_type)?;
            if let Some(id) = &fix.id {
                self.name(&at, "id", id)?;
            }
            let feedback = fix.feedback_score.unwrap_or(0.0);
            if !(-1.0..=1.0).contains(&feedback) {
                let name = format!("{at}.feedback_score");
                return Err(Error::argument(name, "be a number from -1 to 1 or null"));
            }
            self.optional_object(&format!("{at}.metadata"), &mut fix.metadata)?;
        }
        for (i, row) in document.fix_stats.iter().enumerate() {
            let at = format!("json: fix_stats[{i}]");
            if let Some(issue_type) = &row.issue_type {
                self.name(&at, "issue_type", issue_type)?;
            }
            self.name(&at, "fix_type", &row.fix_type)?;
            if !row.stats.is_sound() {
                let must = "hold counts that belong together";
                return Err(Error::argument(format!("{at}.stats"), must));
            }
        }
        for (i, session) in document.sessions.iter_mut().enumerate() {
            let at = format!("json: sessions[{i}]");
            self.name(&at, "session_type", &session.session_type)?;
            self.optional_object(&format!("{at}.session_data"), &mut session.session_data)?;
        }
        self.days(&mut document.days)
    }

    fn pattern(&mut self, at: &str, found: &mut PatternWithHistory) -> Result<()> {
        let pattern = &mut found.pattern;
        self.name(at, "pattern.pattern_type", &pattern.pattern_type)?;
        self.name(at, "pattern.id", &pattern.id)?;
        confidence(at, "pattern.confidence", Some(pattern.confidence))?;
        if pattern.version == 0 {
            return Err(Error::argument(
                format!("{at}.pattern.version"),
                "be 1 or more",
            ));
        }
        pattern.pattern_data =
            self.object(&format!("{at}.pattern.pattern_data"), &pattern.pattern_data)?;
        for (i, entry) in found.history.iter_mut().enumerate() {
            self.entry(&format!("{at}.history[{i}]"), entry)?;
        }
        Ok(())
    }

    fn entry(&mut self, at: &str, entry: &mut Entry) -> Result<()> {
        if let Some(before) = entry
            .before
            .as_mut()
            .filter(|before| before.get() != "null")
        {
            *before = self.object(&format!("{at}.before"), before)?;
        }
        if let Some(after) = &mut entry.after {
            *after = self.object(&format!("{at}.after"), after)?;
        }
        confidence(at, "confidence_before", entry.confidence_before)?;
        confidence(at, "confidence_after", entry.confidence_after)?;
        for text in [&mut entry.reason, &mut entry.user].into_iter().flatten() {
            let (clean, redactions) = self.anonymizer.text(text);
            if !redactions.is_empty() {
                self.redactions.merge(&redactions);
                *text = clean.into_owned();
            }
        }
        Ok(())
    }

    fn name(&self, at: &str, field: &str, text: &str) -> Result<()> {
        Identifier::parse(&format!("{at}.{field}"), text.as_bytes(), self.anonymizer).map(|_| ())
    }

    fn object(&mut self, at: &str, raw: &RawValue) -> Result<Box<RawValue>> {
        let mut value =
            Json::parse(raw.get().as_bytes(), MAX_DEPTH).map_err(|error| match error {
                JsonError::TooDeep => Error::argument(
                    at.to_owned(),
                    format!("be nested at most {MAX_DEPTH} levels"),
                ),
                JsonError::Syntax { .. } | JsonError::Encoding => {
                    Error::argument(at.to_owned(), "be a JSON object")
                }
            })?;
        if !matches!(value, Json::Object(_)) {
            return Err(Error::argument(at.to_owned(), "be a JSON object"));
        }
        self.redactions.merge(&self.anonymizer.json(&mut value));
        RawValue::from_string(value.to_string())
            .map_err(|_| Error::Internal("anonymized JSON is no JSON any more"))
    }

    fn optional_object(&mut self, at: &str, raw: &mut Option<Cow<'_, RawValue>>) -> Result<()> {
        if let Some(raw) = raw {
            *raw = Cow::Owned(self.object(at, raw)?);
        }
        Ok(())
    }

    fn days(&self, days: &mut BTreeMap<String, BTreeMap<String, u64>>) -> Result<()> {
        if days.len() > LONGEST_WINDOW as usize {
            let must = format!("hold at most {LONGEST_WINDOW} days");
            return Err(Error::argument("json: days", must));
        }
        for (i, (day, counts)) in days.iter().enumerate() {
            let at = format!("json: days[{i}]");
            if Day::parse(day).is_none() {
                return Err(Error::argument(at, "be named by a day as YYYY-MM-DD"));
            }
            for field in counts.keys() {
                let names: [Cow<'_, str>; 2] = match Series::parse(field) {
                    Some(Series::Issue {
                        issue_type,
                        severity,
                    }) => [issue_type, severity],
                    Some(Series::Fix { fix_type: name, .. })
                    | Some(Series::Session {
                        session_type: name, ..
                    }) => [name.clone(), name],
                    None => {
                        let must = "hold only counters as PATTERN.EXPORT names them";
                        return Err(Error::argument(at, must));
                    }
                };
                for name in &names {
                    self.name(&at, "counter", name)?;
                }
            }
        }
        Ok(())
    }
}

fn confidence(at: &str, field: &str, value: Option<f64>) -> Result<()> {
    if value.is_none_or(|value| (0.0..=1.0).contains(&value)) {
        return Ok(());
    }
    Err(Error::argument(
        format!("{at}.{field}"),
        "be a number from 0 to 1",
    ))
}
