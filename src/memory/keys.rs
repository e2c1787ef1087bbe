//! The names of a repo's keys (design section 3).
//!
//! All carry the hash tag `{repo}`, whose slot is that of the bare repo. In a part after the tag `:` and `%`
//! are written `%3A` and `%25`, so no two names meet; the repo stays as it is.

use std::borrow::Cow;

use super::days::Family;
use super::{Day, Repo};

/// Names the keys of one repo.
#[derive(Debug, Clone)]
pub struct Keys {
    /// `pm:{repo}:`
    base: String,
}

impl Keys {
    /// The keys of `repo` under the key prefix in force.
    pub fn new(prefix: &str, repo: Repo<'_>) -> Self {
        Keys {
            base: joined(&[prefix, ":{", repo.as_str(), "}:"]),
        }
    }

    fn named(&self, name: &str) -> String {
        joined(&[&self.base, name])
    }

    fn member(&self, name: &str, member: &str) -> String {
        joined(&[&self.base, name, ":", member])
    }

    /// Hash: marks the repo as known, and the days that it has counters of.
    pub fn meta(&self) -> String {
        self.named("meta")
    }

    /// Hash: one pattern; `member` as in the index.
    pub fn pattern(&self, member: &str) -> String {
        self.member("pattern", member)
    }

    /// Set: the index of patterns.
    pub fn patterns(&self) -> String {
        self.named("patterns")
    }

    /// List: the changes of one pattern, newest first.
    pub fn history(&self, member: &str) -> String {
        self.member("history", member)
    }

    /// Hash: the issues.
    pub fn issues(&self) -> String {
        self.named("issues")
    }

    /// Sorted set: the issues by trend.
    pub fn issues_trend(&self) -> String {
        self.named("issues:trend")
    }

    /// List: fix outcomes, newest first.
    pub fn fixes(&self) -> String {
        self.named("fixes")
    }

    /// Hash: fix statistics.
    pub fn fixes_stats(&self) -> String {
        self.named("fixes:stats")
    }

    /// Hash: the idempotency keys of the outcomes in the list.
    pub fn fixes_ids(&self) -> String {
        self.named("fixes:ids")
    }

    /// List: sessions, newest first.
    pub fn sessions(&self) -> String {
        self.named("sessions")
    }

    /// Hash: one day's counters of one family.
    pub fn day(&self, day: Day, family: Family) -> String {
        let family = match family {
            Family::Issues => "",
            Family::Fixes => ":fixes",
            Family::Sessions => ":sessions",
        };
        let day = day.write();
        let day = std::str::from_utf8(&day).unwrap_or_default();
        joined(&[&self.base, "day:", day, family])
    }

    /// What the keys of every day start with.
    pub fn days(&self) -> String {
        self.named("day:")
    }

    /// A key's name without what all keys of the repo have in common.
    pub fn short<'k>(&self, key: &'k str) -> &'k str {
        key.strip_prefix(&self.base).unwrap_or(key)
    }

    /// A key of the same slot that no command ever writes, for asking whether the slot is at home.
    pub fn never_written(&self) -> String {
        self.named("~")
    }

    /// The keys that are named by the repo alone, besides patterns, histories and days.
    pub fn fixed(&self) -> [String; 8] {
        [
            self.patterns(),
            self.issues(),
            self.issues_trend(),
            self.fixes(),
            self.fixes_stats(),
            self.fixes_ids(),
            self.sessions(),
            self.meta(),
        ]
    }
}

/// Writes a part so that it holds no `:`; the inverse is [`unescape`].
pub fn escape(part: &str) -> Cow<'_, str> {
    if part.bytes().any(|byte| byte == b':' || byte == b'%') {
        Cow::Owned(part.replace('%', "%25").replace(':', "%3A"))
    } else {
        Cow::Borrowed(part)
    }
}

/// Reads a part that [`escape`] wrote.
pub fn unescape(part: &str) -> Cow<'_, str> {
    if part.bytes().any(|byte| byte == b'%') {
        Cow::Owned(part.replace("%3A", ":").replace("%25", "%"))
    } else {
        Cow::Borrowed(part)
    }
}

/// Two parts as one member of an index or field of a hash.
pub fn pair(first: &str, second: &str) -> String {
    joined(&[&escape(first), ":", &escape(second)])
}

/// Parts one after the other, without the machinery of formatting.
pub(super) fn joined(parts: &[&str]) -> String {
    let mut whole = String::with_capacity(parts.iter().map(|part| part.len()).sum());
    parts.iter().for_each(|part| whole.push_str(part));
    whole
}

/// The two parts of what [`pair`] wrote; `None` where it did not.
pub fn split_pair(member: &str) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let (first, second) = split(member)?;
    let ends = !second.bytes().any(|byte| byte == b':');
    ends.then(|| (unescape(first), unescape(second)))
}

/// What is before the first `:`, and what is after it; names are short, so that looking byte by byte is fastest.
pub fn split(text: &str) -> Option<(&str, &str)> {
    let colon = text.bytes().position(|byte| byte == b':')?;
    Some((&text[..colon], &text[colon + 1..]))
}

#[cfg(test)]
mod tests {
    use anonymizer::Anonymizer;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_are_those_of_the_design() {
        let keys = Keys::new(
            "pm",
            Repo::parse(b"github.com/acme:x", &Anonymizer::new()).unwrap(),
        );
        assert_eq!(
            keys.pattern(&pair("naming:python", "100%")),
            "pm:{github.com/acme:x}:pattern:naming%3Apython:100%25"
        );
        assert_eq!(
            keys.day(Day::parse("2026-11-23").unwrap(), Family::Issues),
            "pm:{github.com/acme:x}:day:2026-11-23"
        );
        assert_eq!(keys.issues_trend(), "pm:{github.com/acme:x}:issues:trend");
    }

    proptest! {
        #[test]
        fn no_two_pairs_meet(a in "[%:a3A25]{0,6}", b in "[%:a3A25]{0,6}", c in "[%:a3A25]{0,6}", d in "[%:a3A25]{0,6}") {
            prop_assert_eq!(pair(&a, &b) == pair(&c, &d), (&a, &b) == (&c, &d));
        }

        #[test]
        fn a_pair_comes_apart_as_it_was(a in ".{0,12}", b in ".{0,12}") {
            let member = pair(&a, &b);
            let (first, second) = split_pair(&member).unwrap();
            prop_assert_eq!((first.as_ref(), second.as_ref()), (a.as_str(), b.as_str()));
        }
    }
}
