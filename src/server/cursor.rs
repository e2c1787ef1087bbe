//! The cursors that clients are given: those of the server's `SCAN`, in a form that says nothing.
//!
//! A cursor of the server's is a place in its tables, in a cluster with the slot in it. Who could read one, or begin at
//! a place of their own choice, could find out which slots hold anything, and so whether a repo exists that they may
//! not read. So cursors are permuted by a key that lasts as long as the module is loaded.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::LazyLock;

static KEY: LazyLock<Permutation> = LazyLock::new(Permutation::default);

/// What a client is given for a cursor of the server's.
pub fn hide(cursor: u64) -> u64 {
    KEY.hide(cursor)
}

/// The server's cursor that a client was given this for.
pub fn find(hidden: u64) -> u64 {
    KEY.find(hidden)
}

/// How often the halves are mixed; four times make a permutation that cannot be told from a random one (Luby and
/// Rackoff, 1988).
const ROUNDS: [u8; 4] = [0, 1, 2, 3];

/// A permutation of all numbers but 0, which is the beginning and the end to both sides.
#[derive(Default)]
struct Permutation(RandomState);

impl Permutation {
    fn hide(&self, cursor: u64) -> u64 {
        around_zero(cursor, |number| {
            let (left, right) = ROUNDS.iter().fold(halves(number), |(left, right), round| {
                (right, left ^ self.mix(*round, right))
            });
            whole(left, right)
        })
    }

    fn find(&self, hidden: u64) -> u64 {
        around_zero(hidden, |number| {
            let (left, right) = ROUNDS
                .iter()
                .rev()
                .fold(halves(number), |(left, right), round| {
                    (right ^ self.mix(*round, left), left)
                });
            whole(left, right)
        })
    }

    fn mix(&self, round: u8, half: u32) -> u32 {
        self.0.hash_one((round, half)) as u32
    }
}

/// Permutes all numbers but 0 by a permutation of all: what would become 0 becomes what 0 would.
fn around_zero(number: u64, permute: impl Fn(u64) -> u64) -> u64 {
    match number {
        0 => 0,
        number => match permute(number) {
            0 => permute(0),
            permuted => permuted,
        },
    }
}

fn halves(number: u64) -> (u32, u32) {
    ((number >> 32) as u32, number as u32)
}

fn whole(left: u32, right: u32) -> u64 {
    (u64::from(left) << 32) | u64::from(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_found_again() {
        let permutation = Permutation::default();
        let chosen = [0, 1, 2, 16_383, u64::from(u32::MAX), 1 << 32, u64::MAX];
        for cursor in chosen.into_iter().chain((0..10_000).map(|n| n * 7_919)) {
            assert_eq!(permutation.find(permutation.hide(cursor)), cursor);
            assert_eq!(permutation.hide(permutation.find(cursor)), cursor);
            assert_eq!(permutation.hide(cursor) == 0, cursor == 0);
        }
        // The number that would become 0, for which there is the detour.
        let to_zero = {
            let (left, right) = ROUNDS
                .iter()
                .rev()
                .fold((0, 0), |(left, right): (u32, u32), round| {
                    (right ^ permutation.mix(*round, left), left)
                });
            whole(left, right)
        };
        assert_ne!(permutation.hide(to_zero), 0);
        assert_eq!(permutation.find(permutation.hide(to_zero)), to_zero);
    }

    #[test]
    fn another_key_hides_otherwise() {
        let (one, other) = (Permutation::default(), Permutation::default());
        assert!((1..9).any(|cursor| one.hide(cursor) != other.hide(cursor)));
    }
}
