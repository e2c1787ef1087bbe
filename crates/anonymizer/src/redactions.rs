//! How often each rule found something.

/// Counts of findings by rule number (the index in [`Anonymizer::rules`](crate::Anonymizer::rules)).
///
/// Holds no text, so it can be logged. Empty counts own no memory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Redactions {
    counts: Vec<(usize, u64)>,
}

impl Redactions {
    /// Whether nothing was redacted.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// The number of redactions, of all rules.
    pub fn total(&self) -> u64 {
        self.counts.iter().map(|&(_, count)| count).sum()
    }

    /// Rule numbers, ascending, each with its count (never 0).
    pub fn iter(&self) -> impl Iterator<Item = (usize, u64)> + '_ {
        self.counts.iter().copied()
    }

    /// Adds the counts of `other`.
    pub fn merge(&mut self, other: &Redactions) {
        for (rule, count) in other.iter() {
            self.add(rule, count);
        }
    }

    pub(crate) fn add(&mut self, rule: usize, count: u64) {
        match self.counts.binary_search_by_key(&rule, |&(r, _)| r) {
            Ok(at) => self.counts[at].1 = self.counts[at].1.saturating_add(count),
            Err(at) => self.counts.insert(at, (rule, count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_merge_in_order() {
        let mut a = Redactions::default();
        assert!(a.is_empty());
        a.add(7, 1);
        a.add(2, 3);
        let mut b = Redactions::default();
        b.add(7, 2);
        a.merge(&b);
        assert_eq!(a.iter().collect::<Vec<_>>(), [(2, 3), (7, 3)]);
        assert_eq!(a.total(), 6);
    }
}
