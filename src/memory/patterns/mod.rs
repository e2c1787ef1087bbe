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
pub(super) use write::{full, index, put};

#[cfg(test)]
mod tests {
    use super::record::Creation;
    use super::*;
    use crate::memory::testing::Memory;
    use crate::memory::{Identifier, KeyKind, Plan, Timestamp};

    fn request<'a>(id: &'a str, n: u32) -> StoreRequest<'a> {
        StoreRequest {
            pattern_type: Identifier::own("naming"),
            id: Identifier::own(id),
            data: format!("{{\"n\":{n}}}"),
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

    fn changes(memory: &Memory) -> Vec<history::Change> {
        let (own, since) = (Identifier::own, Timestamp::from_ms(0));
        let told = evolution(&memory.view("r"), own("naming"), own("a"), since, 99);
        told.unwrap().unwrap().changes
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
        assert_eq!((changes(&memory).len(), history_len(&memory)), (1, 0));
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
        assert_eq!((changes(&memory).len(), history_len(&memory)), (1, 0));
    }

    #[test]
    fn a_record_keeps_its_creation_until_the_first_change() {
        let mut memory = Memory::empty();
        let first = StoreRequest {
            reason: Some("seen in a review".into()),
            user: Some("reviewer".into()),
            ..request("a", 1)
        };
        put(&memory, first);
        let created = memory.now;
        memory.pass(1_000);
        put(&memory, request("a", 1));
        let told = |memory: &Memory| {
            let mut told: Vec<_> = changes(memory).into_iter().rev().collect();
            let creation = told.remove(0);
            assert_eq!((creation.version, creation.created_at), (1, created));
            assert_eq!(creation.reason.as_deref(), Some("seen in a review"));
            assert_eq!(creation.user.as_deref(), Some("reviewer"));
            assert!(creation.before_data.is_none() && creation.confidence_before.is_none());
            assert_eq!(creation.after_data.get(), "{\"n\":1}");
            told
        };
        assert_eq!((told(&memory).len(), history_len(&memory)), (0, 0));
        put(&memory, request("a", 2));
        let later = told(&memory);
        assert_eq!((later.len(), history_len(&memory)), (1, 2));
        assert_eq!((later[0].version, later[0].user.as_deref()), (3, None));
        // What the history tells, the record does not keep.
        let member = "naming:a";
        assert_eq!(Creation::read(&memory.view("r"), member).unwrap(), None);
        put(&memory, request("a", 3));
        assert_eq!((told(&memory).len(), history_len(&memory)), (2, 3));
    }

    #[test]
    fn of_a_lost_history_nothing_is_made_up() {
        let memory = Memory::empty();
        put(&memory, request("a", 1));
        put(&memory, request("a", 2));
        let view = memory.view("r");
        let mut plan = Plan::new();
        plan.delete(vec![view.keys.history("naming:a")]);
        memory.apply(&plan.seal(&view).unwrap());
        assert_eq!(changes(&memory).len(), 0);
        put(&memory, request("a", 3));
        let left = changes(&memory);
        assert_eq!((left.len(), left[0].version), (1, 3));
        assert_eq!(left[0].before_data.as_ref().unwrap().get(), "{\"n\":2}");
    }

    #[test]
    fn a_history_of_one_change_keeps_the_newest() {
        let mut memory = Memory::empty();
        memory.settings.max_history = 1;
        put(&memory, request("a", 1));
        put(&memory, request("a", 2));
        let left = changes(&memory);
        assert_eq!(
            (left.len(), left[0].version, history_len(&memory)),
            (1, 2, 1)
        );
    }

    #[test]
    fn what_an_older_build_wrote_is_read_and_goes_on() {
        let memory = Memory::empty();
        let at = "2026-01-02T03:04:05.678Z";
        let long = format!("{{\"text\":\"{}\"}}", "x".repeat(90));
        let fields = |data| {
            [
                ("pattern_type", "naming"),
                ("id", "a"),
                ("pattern_data", data),
                ("confidence", "0.5"),
                ("usage_count", "0"),
                ("version", "1"),
                ("created_at", at),
                ("updated_at", at),
            ]
        };
        let creation = format!(
            "{{\"version\":1,\"at\":\"{at}\",\"before\":null,\"reason\":\"why\",\"user\":\"u\"}}"
        );
        for data in ["{\"n\":1}", &long] {
            memory.plant_hash("pm:{r}:pattern:naming:a", &fields(data));
            memory.plant_list("pm:{r}:history:naming:a", &[&creation]);
            put(&memory, request("a", 2));
            let told = changes(&memory);
            let told: Vec<_> = told
                .iter()
                .map(|c| (c.version, c.after_data.get(), c.reason.as_deref()))
                .collect();
            assert_eq!(told, [(2, "{\"n\":2}", None), (1, data, Some("why"))]);
        }
        assert_eq!(memory.corrupt.get(), 0);
    }

    #[test]
    fn a_long_record_is_written_as_a_whole_and_keeps_its_ttl() {
        let mut memory = Memory::empty();
        let long = |n: usize| StoreRequest {
            data: format!("\"{}\"", "x".repeat(n)),
            ..request("a", 1)
        };
        let key = "pm:{r}:pattern:naming:a";
        put(
            &memory,
            StoreRequest {
                ttl: Some(1 << 42),
                ..long(100)
            },
        );
        let at = memory.expiries()[key];
        memory.pass(1_000_000);
        put(&memory, long(101));
        assert_eq!(
            (memory.expiries()[key], at),
            (at, Some(memory.now.ms() - 1_000_000 + (1 << 42)))
        );
        put(
            &memory,
            StoreRequest {
                ttl: Some(5_000),
                ..long(102)
            },
        );
        assert_eq!(memory.expiries()[key], Some(memory.now.ms() + 5_000));
        memory.persist(key);
        put(&memory, long(103));
        assert_eq!(memory.expiries()[key], None);
        let len = |memory: &Memory| memory.view("r").store.hash_len(key).unwrap();
        assert_eq!((len(&memory), changes(&memory).len()), (8, 4));
        // What somebody keeps beside our fields stays.
        let mut plan = Plan::new();
        plan.hash_set(key.into(), vec![("note".into(), "mine".into())]);
        memory.apply(&plan.seal(&memory.view("r")).unwrap());
        put(&memory, long(104));
        put(&memory, long(5_000));
        assert_eq!((len(&memory), changes(&memory).len()), (9, 6));
        let record = read(&memory.view("r"), "naming", "a").unwrap().unwrap();
        assert_eq!(
            (record.pattern_data.get().len(), record.version),
            (5_002, 6)
        );
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
