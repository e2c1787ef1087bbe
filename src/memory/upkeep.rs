//! Keeping a repo's memory: all its keys, how long they live, how much they hold.

use std::collections::{BTreeMap, BTreeSet};

use super::days::{self, Family};
use super::{Day, Effects, Expiry, Plan, Result, View};

/// The longest window of a report, in days; day keys are looked for this far back.
pub const LONGEST_WINDOW: u32 = 3_650;
/// Day keys are looked for this far ahead, too: a clock that was set back leaves them there.
const LONGEST_AHEAD: u32 = 366;
/// How many keys one deletion names.
const DELETED_AT_ONCE: usize = 1_000;

/// The keys that exist of the repo, whatever their type.
pub fn keys(view: &View<'_>) -> Vec<String> {
    let mut names: Vec<String> = view.keys.fixed().into();
    // An index of another type names nothing.
    let _ = view
        .store
        .each_member(&view.keys.patterns(), &mut |member| {
            if let Ok(member) = std::str::from_utf8(member) {
                names.push(view.keys.pattern(member));
                names.push(view.keys.history(member));
            }
        });
    let day_keys = |day: Day| Family::ALL.map(|family| view.keys.day(day, family));
    names.extend(days(view).into_iter().flat_map(day_keys));
    names.retain(|key| view.store.kind(key).is_some());
    names
}

/// The days that may have counters: those known, and, should that knowledge be lost, all of the longest window and a year ahead.
pub(super) fn days(view: &View<'_>) -> BTreeSet<Day> {
    let (behind, ahead) = (LONGEST_WINDOW, LONGEST_AHEAD);
    let window = view.today().after(ahead).window(behind + ahead);
    window
        .chain(days::known(view).unwrap_or_default())
        .collect()
}

/// Deletes all that is known of the repo; answers the number of keys.
pub fn forget(view: &View<'_>) -> Result<(Effects, i64)> {
    let mut plan = Plan::new();
    let count = plan_to_forget(view, &mut plan);
    Ok((plan.seal(view)?, count as i64))
}

/// Plans the deletion of every key of the repo.
pub(super) fn plan_to_forget(view: &View<'_>, plan: &mut Plan) -> usize {
    let keys = keys(view);
    for some in keys.chunks(DELETED_AT_ONCE) {
        plan.delete(some.to_vec());
    }
    keys.len()
}

/// Gives every key of the repo a TTL in milliseconds, shorter or longer than it had; answers the number of keys.
pub fn retain(view: &View<'_>, ttl: i64) -> Result<(Effects, i64)> {
    let keys = keys(view);
    let count = keys.len() as i64;
    let mut plan = Plan::new();
    for key in keys {
        plan.expire_at(key, view.now.ms().saturating_add(ttl));
    }
    Ok((plan.seal(view)?, count))
}

/// How much a repo's memory holds, and for how long.
#[derive(Debug)]
pub struct Counts {
    /// Patterns that have not expired.
    pub patterns: usize,
    /// Issues.
    pub issues: usize,
    /// Fix outcomes in the list.
    pub fixes: usize,
    /// Sessions in the list.
    pub sessions: usize,
    /// Days with counters.
    pub days: usize,
    /// Keys in all.
    pub keys: usize,
    /// The remaining TTL of each key that is named by the repo alone, in seconds; `None` for one without.
    pub ttls: BTreeMap<String, Option<i64>>,
    /// The shortest remaining TTL of any key, in seconds.
    pub shortest_ttl: Option<i64>,
}

/// Counts what is known of the repo.
pub fn counts(view: &View<'_>) -> Result<Counts> {
    let keys = keys(view);
    let ttl = |key: &str| match view.store.expiry(key) {
        Expiry::At(at) => Some((at - view.now.ms() + 500) / 1_000),
        Expiry::Never | Expiry::Missing => None,
    };
    let having = |prefix: String| keys.iter().filter(|key| key.starts_with(&prefix)).count();
    let days: BTreeSet<&str> = keys
        .iter()
        .filter_map(|key| key.strip_prefix(&view.keys.days())?.split(':').next())
        .collect();
    let fixed = view.keys.fixed();
    let there = fixed.iter().filter(|key| keys.contains(key));
    Ok(Counts {
        patterns: having(view.keys.pattern("")),
        issues: view.store.hash_len(&view.keys.issues())?,
        fixes: view.store.list_len(&view.keys.fixes())?,
        sessions: view.store.list_len(&view.keys.sessions())?,
        days: days.len(),
        keys: keys.len(),
        ttls: there
            .map(|key| (view.keys.short(key).to_owned(), ttl(key)))
            .collect(),
        shortest_ttl: keys.iter().filter_map(|key| ttl(key)).min(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::testing::Memory;
    use crate::memory::{issues, Identifier, KeyKind};

    fn tracked(memory: &Memory, repo: &str) {
        let own = Identifier::own;
        let occurrence = issues::Occurrence {
            issue_type: own("style"),
            rule: own("E501"),
            severity: own("low"),
            count: 1,
        };
        let (effects, _) = issues::track(&memory.view(repo), &[occurrence]).unwrap();
        memory.apply(&effects);
    }

    #[test]
    fn forgetting_leaves_nothing_and_nothing_of_others_is_touched() {
        let mut memory = Memory::empty();
        tracked(&memory, "r");
        memory.pass(86_400_000);
        tracked(&memory, "r");
        tracked(&memory, "rr");
        memory.plant("pm:{r}:sessions", KeyKind::Other);
        // Issues, their ranking, two days, the mark, and what was planted.
        let (effects, count) = forget(&memory.view("r")).unwrap();
        assert_eq!(count, 6);
        memory.apply(&effects);
        assert!(memory
            .expiries()
            .keys()
            .all(|key| key.starts_with("pm:{rr}:")));
    }

    #[test]
    fn days_are_forgotten_though_the_mark_is_lost() {
        let memory = Memory::empty();
        tracked(&memory, "r");
        let mut plan = Plan::new();
        plan.delete(vec!["pm:{r}:meta".into()]);
        memory.apply(&plan.seal(&memory.view("r")).unwrap());
        let (effects, count) = forget(&memory.view("r")).unwrap();
        memory.apply(&effects);
        assert_eq!((count, memory.expiries().len()), (3, 0));
    }

    #[test]
    fn retaining_may_shorten() {
        let memory = Memory::empty();
        tracked(&memory, "r");
        let (effects, count) = retain(&memory.view("r"), 5_000).unwrap();
        memory.apply(&effects);
        let at = Some(memory.now.ms() + 5_000);
        assert_eq!(count, 4);
        assert!(memory.expiries().values().all(|expiry| *expiry == at));
    }
}
