//! Lets each entry of a scanned collection through once.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// Where an entry lies among the bytes of those seen.
type Span = (usize, usize);

/// The entries seen so far: all bytes in one buffer, and a table of where each lies, by open addressing.
///
/// A collection that comes in one go cannot repeat itself; of its entries only the bytes are kept, in case that it does
/// not end there.
pub struct Once {
    bytes: Vec<u8>,
    spans: Vec<Span>,
    /// Indices into `spans`, plus one; empty until there is more than one go.
    table: Vec<u32>,
    hasher: RandomState,
}

impl Once {
    /// For a collection of about so many entries.
    pub fn new(entries: usize) -> Self {
        Once {
            bytes: Vec::with_capacity(entries * 24),
            spans: Vec::with_capacity(entries),
            table: Vec::new(),
            hasher: RandomState::new(),
        }
    }

    /// To be called where the collection goes on after one go.
    pub fn goes_on(&mut self) {
        if self.table.is_empty() {
            self.grow(self.spans.capacity());
        }
    }

    /// Whether the entry was not there before.
    pub fn is_new(&mut self, entry: &[u8]) -> bool {
        if !self.table.is_empty() {
            if 2 * self.spans.len() >= self.table.len() {
                self.grow(2 * self.spans.len());
            }
            let place = self.place(entry);
            if self.table[place] != 0 {
                return false;
            }
            self.table[place] = self.spans.len() as u32 + 1;
        }
        let start = self.bytes.len();
        self.bytes.extend_from_slice(entry);
        self.spans.push((start, self.bytes.len()));
        true
    }

    /// Where the entry is in the table, or where it is to go.
    fn place(&self, entry: &[u8]) -> usize {
        let mask = self.table.len() - 1;
        let mut place = self.hasher.hash_one(entry) as usize & mask;
        while let Some(index) = (self.table[place] as usize).checked_sub(1) {
            let (start, end) = self.spans[index];
            if &self.bytes[start..end] == entry {
                break;
            }
            place = (place + 1) & mask;
        }
        place
    }

    /// Makes a table for so many entries, at most half full.
    fn grow(&mut self, entries: usize) {
        let size = (2 * entries + 2).next_power_of_two();
        self.table = vec![0; size];
        for (index, &(start, end)) in self.spans.iter().enumerate() {
            let place = self.place(&self.bytes[start..end]);
            self.table[place] = index as u32 + 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_entry_goes_through_once(first in prop::collection::btree_set(0u16..99, 0..50), more in prop::collection::vec(0u16..99, 0..200), expected in 0usize..60) {
            let mut once = Once::new(expected);
            for entry in &first {
                prop_assert!(once.is_new(entry.to_string().as_bytes()));
            }
            once.goes_on();
            let mut seen = first;
            for entry in more {
                prop_assert_eq!(once.is_new(entry.to_string().as_bytes()), seen.insert(entry));
            }
        }
    }
}
