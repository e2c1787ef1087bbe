//! Finds every keyword of every rule in one pass.
//!
//! An automaton over a thousand keywords is larger than the caches near the processor and waits for memory at each byte.
//! So a filter goes first: a table of bits says of four bytes whether a keyword may begin with them. It fits the nearest
//! cache, and no position waits for the one before. Only where its bit is set, one in thirty, the automaton is walked.

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, BuildError, MatchKind};
use std::ops::Range;

/// The logarithm of how many bits the filter has.
const BITS: u32 = 17;
const BITS_OF_THREE: u32 = 13;

type Filter = [u64; 1 << (BITS - 6)];

/// The filter and the automaton over the keywords. The case of ASCII letters is ignored.
#[derive(Debug)]
pub(crate) struct Keywords {
    filter: Box<Filter>,
    /// As the filter, but only for keywords of less than six bytes.
    short: Box<Filter>,
    /// Of the third to the sixth byte of the others.
    inner: Box<Filter>,
    /// Of keywords of three bytes. Small, because there are few.
    three: Box<[u64; 1 << (BITS_OF_THREE - 6)]>,
    /// First bytes of the keywords that are shorter than three, folded.
    first: Option<Box<[bool; 256]>>,
    automaton: NFA,
    root: StateID,
}

/// A keyword in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    pub keyword: usize,
    pub start: usize,
    pub end: usize,
}

impl Keywords {
    pub(crate) fn new<'k>(
        keywords: impl Iterator<Item = &'k String> + Clone,
    ) -> Result<Keywords, BuildError> {
        let empty = || Box::new([0u64; 1 << (BITS - 6)]);
        let (mut filter, mut short, mut inner) = (empty(), empty(), empty());
        let mut three = Box::new([0u64; 1 << (BITS_OF_THREE - 6)]);
        let mut first: Option<Box<[bool; 256]>> = None;
        for keyword in keywords.clone() {
            match *keyword.as_bytes() {
                [] => {}
                [a] | [a, _] => {
                    first.get_or_insert_with(|| Box::new([false; 256]))[usize::from(a | 0x20)] =
                        true;
                }
                [a, b, c] => {
                    let bit = bit_of_three(folded([a, b, c, 0]));
                    three[bit >> 6] |= 1 << (bit & 63);
                }
                [a, b, c, d] | [a, b, c, d, _] => {
                    set(&mut filter, [a, b, c, d]);
                    set(&mut short, [a, b, c, d]);
                }
                [a, b, c, d, e, f, ..] => {
                    set(&mut filter, [a, b, c, d]);
                    set(&mut inner, [c, d, e, f]);
                }
            }
        }
        let automaton = NFA::builder()
            .match_kind(MatchKind::Standard)
            .ascii_case_insensitive(true)
            .build(keywords)?;
        let root = automaton
            .start_state(Anchored::Yes)
            .expect("the automaton is built for anchored search");
        Ok(Keywords {
            filter,
            short,
            inner,
            three,
            first,
            automaton,
            root,
        })
    }

    /// Every keyword that begins in the range, overlapping ones too, in the order of their beginnings.
    pub(crate) fn find(&self, text: &[u8], range: Range<usize>, hits: &mut Vec<Hit>) {
        let whole = range.end.min(text.len().saturating_sub(3)).max(range.start);
        for (at, bytes) in text[range.start..text.len().min(whole + 3)]
            .windows(4)
            .enumerate()
        {
            let bytes = folded([bytes[0], bytes[1], bytes[2], bytes[3]]);
            if self.may_begin(bytes) && self.may_go_on(text, range.start + at, bytes) {
                self.walk(text, range.start + at, hits);
            }
        }
        for at in whole..range.end {
            let byte = |ahead: usize| text.get(at + ahead).copied().unwrap_or(0);
            if self.may_begin(folded([byte(0), byte(1), byte(2), byte(3)])) {
                self.walk(text, at, hits);
            }
        }
    }

    fn may_begin(&self, bytes: u32) -> bool {
        is_set(&self.filter, bytes) | self.is_short(bytes)
    }

    /// Whether a keyword of three bytes or less may begin with these.
    fn is_short(&self, bytes: u32) -> bool {
        let bit = bit_of_three(bytes);
        ((self.three[bit >> 6] >> (bit & 63)) & 1 == 1)
            || self
                .first
                .as_ref()
                .is_some_and(|first| first[(bytes & 0xff) as usize])
    }

    /// Looks two bytes further, where there are keywords enough that begin in the same way.
    fn may_go_on(&self, text: &[u8], at: usize, bytes: u32) -> bool {
        let ahead = |offset: usize| text.get(at + offset).copied().unwrap_or(0);
        is_set(&self.short, bytes)
            || self.is_short(bytes)
            || is_set(
                &self.inner,
                folded([ahead(2), ahead(3), ahead(4), ahead(5)]),
            )
    }

    /// The keywords that begin at one place.
    fn walk(&self, text: &[u8], start: usize, hits: &mut Vec<Hit>) {
        let mut state = self.root;
        for (length, &byte) in text[start..].iter().enumerate() {
            state = self.automaton.next_state(Anchored::Yes, state, byte);
            if !self.automaton.is_special(state) {
                continue;
            }
            if self.automaton.is_dead(state) {
                return;
            }
            if self.automaton.is_match(state) {
                self.matches(state, start, start + length + 1, hits);
            }
        }
    }

    /// A match in this state may also be of a keyword that ends here and began later, which is found at its own place.
    fn matches(&self, state: StateID, start: usize, end: usize, hits: &mut Vec<Hit>) {
        for index in 0..self.automaton.match_len(state) {
            let pattern = self.automaton.match_pattern(state, index);
            if self.automaton.pattern_len(pattern) == end - start {
                hits.push(Hit {
                    keyword: pattern.as_usize(),
                    start,
                    end,
                });
            }
        }
    }
}

/// Four bytes with the case of letters gone, and some other bytes made equal, which a filter may.
fn folded(bytes: [u8; 4]) -> u32 {
    u32::from_le_bytes(bytes) | 0x2020_2020
}

/// Which bit of a filter stands for the bytes.
fn bit_of(folded: u32) -> usize {
    (folded.wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
}

/// Which bit stands for the first three of the bytes.
fn bit_of_three(folded: u32) -> usize {
    ((folded << 8).wrapping_mul(0x9e37_79b1) >> (32 - BITS_OF_THREE)) as usize
}

fn is_set(filter: &Filter, folded: u32) -> bool {
    let bit = bit_of(folded);
    (filter[bit >> 6] >> (bit & 63)) & 1 == 1
}

fn set(filter: &mut Filter, bytes: [u8; 4]) {
    let bit = bit_of(folded(bytes));
    filter[bit >> 6] |= 1 << (bit & 63);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_filter_lets_every_keyword_through() {
        let keywords =
            ["key", "api_key", "@", "q~", "i_k", "://", "authorization"].map(str::to_owned);
        let finder = Keywords::new(keywords.iter()).unwrap();
        for length in 0..120 {
            let text: Vec<u8> = b"an API_KEY, a@b; keykey Q~ a://b AUTHORIZATION"
                .iter()
                .copied()
                .cycle()
                .take(length)
                .collect();
            let mut expected = Vec::new();
            for start in 0..length {
                for (keyword, word) in keywords.iter().enumerate() {
                    let end = start + word.len();
                    if text
                        .get(start..end)
                        .is_some_and(|part| part.eq_ignore_ascii_case(word.as_bytes()))
                    {
                        expected.push(Hit {
                            keyword,
                            start,
                            end,
                        });
                    }
                }
            }
            let mut found = Vec::new();
            finder.find(&text, 0..length, &mut found);
            let key = |hit: &Hit| (hit.start, hit.end, hit.keyword);
            found.sort_by_key(key);
            expected.sort_by_key(key);
            assert_eq!(found, expected, "{length}");
        }
    }
}
