//! What a command wants done: effects, and the TTL of every key that they touch.
//!
//! A command collects effects in a [`Plan`]. [`Plan::seal`] then adds the daily counters, marks the repo as known,
//! checks the type of every key and works out which TTLs to re-arm. Only what is sealed can be carried out, so
//! no command can write to a key of another type or leave a key without a TTL.

use std::collections::HashMap;

use super::days::{self, Counts};
use super::{Day, Error, Expiry, KeyKind, Result, View};

/// One write, as plain as a client could have sent it; never empty.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// `HSET key field value …`
    HashSet(String, Vec<(String, String)>),
    /// Makes a hash hold exactly these fields, until this time in milliseconds where there is one: `RESTORE`, which
    /// keeps the hash compact
    HashReplace(String, Vec<(String, String)>, Option<i64>),
    /// `HDEL key field …`
    HashDelete(String, Vec<String>),
    /// `LPUSH key value …`: the last value becomes the first element.
    ListPush(String, Vec<String>),
    /// `RPUSH key value …`
    ListAppend(String, Vec<String>),
    /// `LTRIM key 0 keep-1`
    ListTrim(String, usize),
    /// `SADD key member …`
    SetAdd(String, Vec<String>),
    /// `SREM key member …`
    SetRemove(String, Vec<String>),
    /// `ZADD key score member …`
    Rank(String, Vec<(f64, String)>),
    /// `ZREM key member …`
    Unrank(String, Vec<String>),
    /// `UNLINK key …`
    Delete(Vec<String>),
    /// `PEXPIREAT key ms`
    ExpireAt(String, i64),
    /// `PERSIST key`
    Persist(String),
}

/// The effects of a command, checked and complete: what `server/` carries out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Effects {
    effects: Vec<Effect>,
    evicted: usize,
}

impl Effects {
    /// The effects, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Effect> {
        self.effects.iter()
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.effects.is_empty()
    }

    /// How many records leave to make room.
    pub fn evicted(&self) -> usize {
        self.evicted
    }
}

/// How long a touched key is to live.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Lifetime {
    /// `default-ttl`, re-armed once more than 1 % of it has passed, never shortened.
    Default,
    /// At least as long as the longest-lived of the other keys of the plan.
    Follow,
    /// Exactly so many milliseconds from now.
    Exactly(i64),
}

#[derive(Debug, Clone)]
struct Touch {
    kind: KeyKind,
    lifetime: Lifetime,
    /// Some effect puts something into the key, so that it exists afterwards.
    written: bool,
    /// The key is deleted and written anew, which takes its TTL away.
    anew: bool,
}

/// The keys that a plan touches, in the order in which they were first touched.
#[derive(Debug, Default)]
struct Touched {
    keys: Vec<(String, Touch)>,
    /// Where each key is, once there are too many to look through.
    places: HashMap<String, usize>,
}

impl Touched {
    /// Up to so many keys, looking through them is cheaper than an index.
    const FEW: usize = 16;

    fn of(&mut self, key: &str, kind: KeyKind) -> &mut Touch {
        let many = self.keys.len() > Self::FEW;
        let place = if many {
            self.places.get(key).copied()
        } else {
            self.keys.iter().position(|(touched, _)| touched == key)
        };
        let place = place.unwrap_or_else(|| {
            let touch = Touch {
                kind,
                lifetime: Lifetime::Default,
                written: false,
                anew: false,
            };
            self.keys.push((key.to_owned(), touch));
            let place = self.keys.len() - 1;
            if many {
                self.places.insert(key.to_owned(), place);
            } else if place == Self::FEW {
                let keys = self.keys.iter().enumerate();
                self.places
                    .extend(keys.map(|(place, (key, _))| (key.clone(), place)));
            }
            place
        });
        &mut self.keys[place].1
    }
}

/// Effects in the making.
#[derive(Debug, Default)]
pub struct Plan {
    effects: Vec<Effect>,
    touched: Touched,
    /// What is counted, in no order; one counter may come several times.
    counts: Vec<(Day, String, u64)>,
    /// Whether something is written, and not only removed.
    writes: bool,
    evicted: usize,
}

impl Plan {
    /// A plan that does nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn touch(&mut self, key: &str, kind: KeyKind) -> &mut Touch {
        self.touched.of(key, kind)
    }

    fn write(&mut self, key: &str, kind: KeyKind) {
        self.writes = true;
        self.touch(key, kind).written = true;
    }

    /// Sets fields of a hash.
    pub fn hash_set(&mut self, key: String, fields: Vec<(String, String)>) {
        if !fields.is_empty() {
            self.write(&key, KeyKind::Hash);
            self.effects.push(Effect::HashSet(key, fields));
        }
    }

    /// Makes a hash hold exactly these fields; it keeps its TTL as after any other write.
    pub fn hash_replace(&mut self, key: String, fields: Vec<(String, String)>) {
        self.write(&key, KeyKind::Hash);
        self.effects.push(Effect::HashReplace(key, fields, None));
    }

    /// Removes fields of a hash.
    pub fn hash_delete(&mut self, key: String, fields: Vec<String>) {
        if !fields.is_empty() {
            self.touch(&key, KeyKind::Hash);
            self.effects.push(Effect::HashDelete(key, fields));
        }
    }

    /// Puts a value at the head of a list of `len` elements and keeps the newest `most`.
    pub fn list_push(&mut self, key: String, value: String, len: usize, most: usize) {
        self.list_push_all(key, vec![value], len, most);
    }

    /// The same with several values, the oldest first.
    pub fn list_push_all(&mut self, key: String, values: Vec<String>, len: usize, most: usize) {
        if values.is_empty() {
            return;
        }
        self.write(&key, KeyKind::List);
        let trim = (len + values.len() > most).then(|| Effect::ListTrim(key.clone(), most));
        self.effects.push(Effect::ListPush(key, values));
        self.effects.extend(trim);
    }

    /// Makes a list hold these values, newest first.
    pub fn list_replace(&mut self, key: String, values: Vec<String>) {
        if values.is_empty() {
            return;
        }
        self.start_anew(&key, KeyKind::List);
        self.write(&key, KeyKind::List);
        self.effects.push(Effect::ListAppend(key, values));
    }

    /// Deletes a key that later effects of the plan write again.
    pub fn start_anew(&mut self, key: &str, kind: KeyKind) {
        self.effects.push(Effect::Delete(vec![key.to_owned()]));
        self.touch(key, kind).anew = true;
    }

    /// Adds a member to a set.
    pub fn set_add(&mut self, key: String, members: Vec<String>) {
        if !members.is_empty() {
            self.write(&key, KeyKind::Set);
            self.effects.push(Effect::SetAdd(key, members));
        }
    }

    /// Removes members of a set.
    pub fn set_remove(&mut self, key: String, members: Vec<String>) {
        if !members.is_empty() {
            self.touch(&key, KeyKind::Set);
            self.effects.push(Effect::SetRemove(key, members));
        }
    }

    /// Gives members of a sorted set their scores.
    pub fn rank(&mut self, key: String, scores: Vec<(f64, String)>) {
        if !scores.is_empty() {
            self.write(&key, KeyKind::SortedSet);
            self.effects.push(Effect::Rank(key, scores));
        }
    }

    /// Removes members of a sorted set.
    pub fn unrank(&mut self, key: String, members: Vec<String>) {
        if !members.is_empty() {
            self.touch(&key, KeyKind::SortedSet);
            self.effects.push(Effect::Unrank(key, members));
        }
    }

    /// Deletes keys, whatever their type.
    pub fn delete(&mut self, keys: Vec<String>) {
        if !keys.is_empty() {
            self.effects.push(Effect::Delete(keys));
        }
    }

    /// Sets the expiry of a key, whatever its type and TTL.
    pub fn expire_at(&mut self, key: String, at: i64) {
        self.effects.push(Effect::ExpireAt(key, at));
    }

    /// Adds to a counter of a day; nothing where there is nothing to add.
    pub fn count(&mut self, day: Day, series: String, n: u64) {
        if n > 0 {
            self.counts.push((day, series, n));
        }
    }

    /// Says that so many records leave to make room.
    pub fn evict(&mut self, records: usize) {
        self.evicted += records;
    }

    /// Refuses the plan where a key is of another type, though no effect of its own touches it.
    pub fn expect_kind(&mut self, key: String, kind: KeyKind) {
        self.touch(&key, kind);
    }

    /// Lets a key live at least as long as the longest-lived other key of the plan.
    pub fn follow(&mut self, key: &str, kind: KeyKind) {
        self.touch(key, kind).lifetime = Lifetime::Follow;
    }

    /// Lets a key live exactly so many milliseconds.
    pub fn live_exactly(&mut self, key: &str, kind: KeyKind, ttl: i64) {
        self.touch(key, kind).lifetime = Lifetime::Exactly(ttl);
    }

    /// Completes the plan and checks it against the keyspace.
    pub fn seal(mut self, view: &View<'_>) -> Result<Effects> {
        let meta = view.keys.meta();
        let unknown = self.writes && view.store.kind(&meta).is_none();
        let mut new_days = Vec::new();
        for (day, counts) in by_day(std::mem::take(&mut self.counts)) {
            // Whoever began a day has put it on record, and who lost the record loses all of it.
            if days::add(view, &mut self, day, counts)? || unknown {
                new_days.push(day);
            }
        }
        if !new_days.is_empty() {
            days::remember(view, &mut self, &new_days)?;
        }
        if self.writes {
            self.mark_known(view, meta, unknown);
        }
        for (key, touch) in &self.touched.keys {
            if view.store.kind(key).is_some_and(|kind| kind != touch.kind) {
                return Err(Error::WrongType);
            }
        }
        if self.writes {
            self.arm(view);
        }
        Ok(Effects {
            effects: self.effects,
            evicted: self.evicted,
        })
    }

    fn mark_known(&mut self, view: &View<'_>, meta: String, unknown: bool) {
        self.follow(&meta, KeyKind::Hash);
        if unknown {
            let created_at = view.now.to_string();
            let fields = [("schema", SCHEMA), ("created_at", &created_at)];
            let fields = fields.map(|(field, value)| (field.to_owned(), value.to_owned()));
            self.hash_set(meta, fields.into());
        }
    }

    fn arm(&mut self, view: &View<'_>) {
        let now = view.now.ms();
        let fresh = now.saturating_add(view.settings.default_ttl);
        let mut longest = now;
        // Somebody made a key persistent: what follows it must not die before it.
        let mut forever = false;
        let mut armed = Vec::new();
        let keys = std::mem::take(&mut self.touched.keys);
        let follows = |touch: &Touch| touch.lifetime == Lifetime::Follow;
        for (key, touch) in keys.iter().filter(|(_, touch)| !follows(touch)) {
            let expiry = view.store.expiry(key);
            if expiry == Expiry::Missing && !touch.written {
                continue;
            }
            let at = match touch.lifetime {
                Lifetime::Exactly(ttl) => Some(now.saturating_add(ttl)),
                _ => rearm(now, view.settings.default_ttl, expiry, touch.anew),
            };
            forever |= at.is_none() && expiry == Expiry::Never;
            if let (Some(at), _) | (None, Expiry::At(at)) = (at, expiry) {
                longest = longest.max(at);
            }
            armed.extend(at.map(|at| Effect::ExpireAt(key.clone(), at)));
        }
        // A key follows from its first write on: where no other key's life changes, it lives long enough already.
        let settled = armed.is_empty() && !forever && longest <= fresh;
        for (key, touch) in keys.into_iter().filter(|(_, touch)| follows(touch)) {
            if settled && !touch.anew && view.store.kind(&key).is_some() {
                continue;
            }
            let expiry = view.store.expiry(&key);
            if forever {
                armed.extend(matches!(expiry, Expiry::At(_)).then(|| Effect::Persist(key)));
                continue;
            }
            let lives = match expiry {
                Expiry::At(at) => at >= longest && !touch.anew,
                Expiry::Never => !touch.anew,
                Expiry::Missing => !touch.written,
            };
            if !lives {
                let at = match expiry {
                    Expiry::At(at) => at.max(longest),
                    _ => longest,
                };
                armed.push(Effect::ExpireAt(key, at));
            }
        }
        self.expire_replaced(view, &mut armed);
        self.effects.extend(armed);
    }

    /// What is replaced is given its expiry in the same step.
    fn expire_replaced(&mut self, view: &View<'_>, armed: &mut Vec<Effect>) {
        let mut replaced: HashMap<&str, &mut Option<i64>> = HashMap::new();
        for effect in &mut self.effects {
            if let Effect::HashReplace(key, _, expires_at) = effect {
                *expires_at = match view.store.expiry(key) {
                    Expiry::At(at) => Some(at),
                    Expiry::Never | Expiry::Missing => None,
                };
                replaced.insert(key, expires_at);
            }
        }
        armed.retain(|effect| match effect {
            Effect::ExpireAt(key, at) => match replaced.get_mut(key.as_str()) {
                Some(expires_at) => {
                    **expires_at = Some(*at);
                    false
                }
                None => true,
            },
            _ => true,
        });
    }
}

/// Counts by day and counter, in order, each counter once.
fn by_day(mut counts: Vec<(Day, String, u64)>) -> Vec<(Day, Counts)> {
    counts.sort_unstable_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let mut days: Vec<(Day, Counts)> = Vec::with_capacity(1);
    for (day, series, n) in counts {
        match days.last_mut() {
            Some((last, counts)) if *last == day => match counts.last_mut() {
                Some((known, count)) if *known == series => *count = count.saturating_add(n),
                _ => counts.push((series, n)),
            },
            _ => days.push((day, vec![(series, n)])),
        }
    }
    days
}

/// The version of the layout of keys, kept in the meta hash.
pub const SCHEMA: &str = "1";

/// When a key of this expiry is to expire after a write at `now`; `None` where it is to stay as it is.
///
/// A key is re-armed once more than 1 % of the TTL has passed, and a TTL is never shortened: neither a longer one
/// nor that of a key that somebody made persistent.
fn rearm(now: i64, ttl: i64, expiry: Expiry, anew: bool) -> Option<i64> {
    let fresh = now.saturating_add(ttl);
    match expiry {
        Expiry::Missing => Some(fresh),
        Expiry::Never => None,
        Expiry::At(at) if anew => Some(at.max(fresh)),
        Expiry::At(at) => (at < fresh - ttl / 100).then_some(fresh),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::memory::testing::Memory;

    #[test]
    fn most_writes_rearm_nothing() {
        let ttl = 90 * 86_400_000;
        assert_eq!(
            rearm(1_000, ttl, Expiry::At(1_000 + ttl - ttl / 100), false),
            None
        );
        assert_eq!(
            rearm(1_000, ttl, Expiry::At(1_000 + ttl - ttl / 100 - 1), false),
            Some(1_000 + ttl)
        );
    }

    #[test]
    fn a_wrong_type_refuses_the_whole_plan() {
        let memory = Memory::empty();
        memory.plant("pm:{r}:sessions", KeyKind::Other);
        let mut plan = Plan::new();
        plan.hash_set("pm:{r}:issues".into(), vec![("f".into(), "v".into())]);
        plan.list_push("pm:{r}:sessions".into(), "v".into(), 0, 10);
        assert_eq!(plan.seal(&memory.view("r")), Err(Error::WrongType));
    }

    #[test]
    fn what_follows_a_persistent_key_becomes_persistent() {
        let memory = Memory::empty();
        let view = memory.view("r");
        let write = || {
            let mut plan = Plan::new();
            plan.hash_set("pm:{r}:issues".into(), vec![("f".into(), "v".into())]);
            memory.apply(&plan.seal(&view).unwrap());
        };
        write();
        memory.persist("pm:{r}:issues");
        write();
        assert!(memory.expiries().values().all(Option::is_none));
    }

    proptest! {
        #[test]
        fn no_write_shortens_a_ttl_and_all_keys_live_99_percent(now in 0i64..1 << 50, ttl in 1_000i64..1 << 40, left in 0i64..1 << 41) {
            let at = rearm(now, ttl, Expiry::At(now + left), false).unwrap_or(now + left);
            prop_assert!(at >= now + left);
            prop_assert!(at - now >= ttl - ttl / 100);
        }
    }
}
