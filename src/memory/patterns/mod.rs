//! Patterns: records with an id, a version and a confidence, and what changed in them.
//!
//! | file | holds |
//! | --- | --- |
//! | `record` | what is stored of a pattern |
//! | `write` | storing, judging and deleting |
//! | `listing` | many records at once |
//! | `history` | what a change is, stored and in full |
//! | `evolution` | the history of a record as it is answered |

mod evolution;
pub mod history;
mod listing;
mod record;
mod write;

pub use evolution::{evolution, Evolution, TrendPoint};
pub use listing::{overview, read_all, Overview};
pub use record::{
    confidence, content_id, read, Pattern, DEFAULT_ID, HIGH_CONFIDENCE, LOW_CONFIDENCE,
};
pub use write::{delete, set_confidence, store, StoreRequest, Stored};
pub(super) use write::{full, index};

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::*;
    use crate::memory::testing::Memory;
    use crate::memory::{Identifier, KeyKind, Plan};

    fn request<'a>(id: &'a str, n: u32) -> StoreRequest<'a> {
        StoreRequest {
            pattern_type: Identifier::own("naming"),
            id: Identifier::own(id),
            data: RawValue::from_string(format!("{{\"n\":{n}}}")).unwrap(),
            confidence: None,
            reason: None,
            expected_version: None,
            ttl: None,
            user: None,
        }
    }

    fn put(memory: &Memory, request: StoreRequest<'_>) -> Option<Stored> {
        let (effects, stored) = store(&memory.view("r"), request).unwrap()?;
        memory.apply(&effects);
        Some(stored)
    }

    fn history_len(memory: &Memory) -> usize {
        let view = memory.view("r");
        view.store.list_len(&view.keys.history("naming:a")).unwrap()
    }

    #[test]
    fn a_store_that_changes_nothing_is_a_use_and_no_history() {
        let memory = Memory::empty();
        put(&memory, request("a", 1));
        let again = put(&memory, request("a", 1)).unwrap();
        assert_eq!((again.version, again.created), (2, false));
        assert_eq!(history_len(&memory), 1);
        let record = read(&memory.view("r"), "naming", "a").unwrap().unwrap();
        assert_eq!((record.version, record.usage_count), (2, 1));
    }

    #[test]
    fn a_version_that_does_not_match_changes_nothing() {
        let memory = Memory::empty();
        let expecting = |version| StoreRequest {
            expected_version: Some(version),
            ..request("a", 1)
        };
        assert_eq!(put(&memory, expecting(1)), None);
        assert!(put(&memory, expecting(0)).is_some());
        assert_eq!(put(&memory, expecting(0)), None);
        assert_eq!(put(&memory, expecting(1)).unwrap().version, 2);
    }

    #[test]
    fn an_expired_record_starts_anew_with_an_empty_history() {
        let mut memory = Memory::empty();
        put(&memory, request("a", 1));
        put(
            &memory,
            StoreRequest {
                ttl: Some(10),
                ..request("a", 2)
            },
        );
        // The history was made to outlive its record by hand.
        let history = memory.view("r").keys.history("naming:a");
        let mut plan = Plan::new();
        plan.expire_at(history, memory.now.ms() + 1_000_000);
        memory.apply(&plan.seal(&memory.view("r")).unwrap());
        memory.pass(11);
        assert!(overview(&memory.view("r"), None).unwrap().is_empty());
        let stored = put(&memory, request("a", 3)).unwrap();
        assert_eq!((stored.version, stored.created), (1, true));
        assert_eq!(history_len(&memory), 1);
    }

    #[test]
    fn a_full_repo_refuses_a_new_pattern_and_still_updates() {
        let mut memory = Memory::empty();
        memory.settings.max_patterns = 2;
        put(&memory, request("a", 1));
        put(
            &memory,
            StoreRequest {
                ttl: Some(10),
                ..request("b", 1)
            },
        );
        assert!(store(&memory.view("r"), request("c", 1)).is_err());
        assert_eq!(put(&memory, request("a", 2)).unwrap().version, 2);
        memory.pass(11);
        assert!(put(&memory, request("c", 1)).is_some());
    }

    #[test]
    fn the_index_outlives_every_record() {
        let mut memory = Memory::empty();
        put(
            &memory,
            StoreRequest {
                ttl: Some(1 << 42),
                ..request("a", 1)
            },
        );
        memory.pass(1_000_000);
        put(&memory, request("b", 1));
        let expiries = memory.expiries();
        let index = expiries["pm:{r}:patterns"].unwrap();
        assert!(expiries.values().all(|at| at.unwrap() <= index));
        assert_eq!(expiries["pm:{r}:meta"].unwrap(), index);
    }

    #[test]
    fn a_listing_is_sorted_by_worth_and_passes_over_what_it_cannot_read() {
        let memory = Memory::empty();
        for (id, confidence) in [("a", 0.5), ("b", 0.9), ("c", 0.9), ("d", 0.1)] {
            put(
                &memory,
                StoreRequest {
                    confidence: Some(confidence),
                    ..request(id, 1)
                },
            );
        }
        put(&memory, request("c", 1));
        memory.plant("pm:{r}:pattern:naming:d", KeyKind::List);
        let ids: Vec<String> = overview(&memory.view("r"), None)
            .unwrap()
            .into_iter()
            .map(|o| o.id)
            .collect();
        assert_eq!(ids, ["c", "b", "a"]);
        assert_eq!(memory.corrupt.get(), 1);
    }

    #[test]
    fn a_confidence_is_a_number_from_0_to_1() {
        for text in ["-0.1", "1.01", "nan", "inf", "", "high"] {
            assert_eq!(confidence(text), None);
        }
        assert_eq!(
            confidence("-0").map(|c| c.to_string()).as_deref(),
            Some("0")
        );
    }
}
