//! Findings, and how they become replacements.

/// A piece of a text that is to be replaced. Says where it is, not what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// The first byte.
    pub start: usize,
    /// The byte after the last.
    pub end: usize,
    /// The number of the rule.
    pub rule: usize,
}

/// Puts findings in order and joins those that overlap. The joined one is of the rule whose part is longest, the first
/// rule where parts are equally long, so that a vendor's rule beats the generic ones, which come last.
pub(crate) fn merge(findings: &mut Vec<Finding>) {
    findings.sort_unstable_by_key(|f| (f.start, std::cmp::Reverse(f.end), f.rule));
    let mut longest = 0;
    findings.dedup_by(|next, kept| {
        let own = next.end - next.start;
        if next.start >= kept.end {
            longest = 0;
            return false;
        }
        let of_kept = if longest == 0 {
            kept.end - kept.start
        } else {
            longest
        };
        if own > of_kept {
            kept.rule = next.rule;
        }
        longest = of_kept.max(own);
        kept.end = kept.end.max(next.end);
        true
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(start: usize, end: usize, rule: usize) -> Finding {
        Finding { start, end, rule }
    }

    #[test]
    fn overlapping_findings_join() {
        let mut findings = vec![
            finding(10, 12, 3),
            finding(0, 4, 1),
            finding(2, 9, 2),
            finding(9, 10, 5),
            finding(0, 4, 0),
        ];
        merge(&mut findings);
        assert_eq!(
            findings,
            [finding(0, 9, 2), finding(9, 10, 5), finding(10, 12, 3)]
        );
    }
}
