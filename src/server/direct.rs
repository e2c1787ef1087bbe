//! Carries out the effects of small writes on keys that are open already, which costs a fraction of a call of the
//! command.
//!
//! What the command would do besides is done here: it is replicated, those who watch or cache the key are told, and
//! keyspace events are sent. Whoever hears of an event may do anything to any key, so events are sent once all keys
//! are closed. The server itself tells of a key that is new while it is written to, so new keys are left to the command.
//! (It also tells of a key that has expired while one is opened: another module that deletes keys of ours upon that is
//! not borne.)

use std::cell::Cell;
use std::ffi::{c_int, CStr};
use std::ptr;
use std::rc::Rc;

use redis_module::raw;

use super::dispatch::signal;
use super::facts::Server;
use super::keyspace::{Keyspace, OpenKey};
use super::listeners;
use super::string::{OwnedString, OwnedStrings};
use crate::memory::{stored, Effect, Error, KeyKind, Result};

/// How many elements are taken off a list one by one; beyond, `LTRIM` is cheaper.
const TRIMMED_ONE_BY_ONE: usize = 8;

/// How many keys are kept open to tell of them.
const MOST_OPEN: usize = 64;

/// The value that deletes a field, as the API has it.
const DELETED: *mut raw::RedisModuleString = ptr::without_provenance_mut(1);
const NOT_REPLICATED: Error = Error::Internal("the server did not replicate an effect");
const NO_STRING: *mut raw::RedisModuleString = ptr::null_mut();

/// The effects of one command that are carried out directly.
pub struct Direct<'k> {
    ctx: *mut raw::RedisModuleCtx,
    keyspace: &'k Keyspace,
    events: Vec<(c_int, &'static CStr, Rc<OpenKey>)>,
    /// Whether the next effect is to be replicated: all are where somebody may listen. The first one is anyway, as that
    /// is also what the server counts changes by, until which it saves.
    replicates: Cell<bool>,
    is_heard: bool,
}

impl<'k> Direct<'k> {
    /// Nothing done yet.
    pub fn new(ctx: *mut raw::RedisModuleCtx, keyspace: &'k Keyspace) -> Self {
        Direct {
            ctx,
            keyspace,
            events: Vec::new(),
            replicates: Cell::new(true),
            is_heard: listeners::may_be_there(&Server { ctx }),
        }
    }

    /// Carries an effect out; `None`, and nothing done, where that takes a call of the command.
    pub fn carry_out(&mut self, effect: &Effect) -> Option<Result<()>> {
        if self.events.len() >= MOST_OPEN {
            self.finish();
        }
        match effect {
            Effect::HashSet(key, fields) => self.hash_set(key, fields),
            Effect::HashDelete(key, fields) => self.hash_delete(key, fields),
            Effect::ListPush(key, values) => self.list_push(key, values),
            Effect::ListTrim(key, keep) => self.list_trim(key, *keep),
            Effect::Rank(key, scores) => self.rank(key, scores),
            Effect::Unrank(key, members) => self.unrank(key, members),
            _ => None,
        }
    }

    /// Closes all keys, then sends the events.
    pub fn finish(&mut self) {
        self.keyspace.close();
        self.events.iter().for_each(|(_, _, key)| key.close());
        for (kind, event, key) in self.events.drain(..) {
            // SAFETY: `ctx` is the context of the running command; the event is NUL-terminated, the name alive.
            unsafe {
                if let Some(notify) = raw::RedisModule_NotifyKeyspaceEvent {
                    notify(self.ctx, kind, event.as_ptr(), key.name());
                }
            }
        }
    }

    fn hash_set(&mut self, key: &str, fields: &[(String, String)]) -> Option<Result<()>> {
        // SAFETY: reads a pointer that is set once at load.
        let set = unsafe { raw::RedisModule_HashSet }?;
        let open = self.open_old(key)?;
        let mut words = OwnedStrings::with_capacity(self.ctx, 2 * fields.len());
        for (field, value) in fields {
            words.push_shared(&self.keyspace.name(field));
            words.push(value.as_bytes());
        }
        for pair in words.as_slice().chunks_exact(2) {
            // SAFETY: the key is open for writing, a hash or empty; the variable arguments are a field, its value
            // and null; both are copied.
            unsafe { set(open.as_ptr(), 0, pair[0], pair[1], NO_STRING) };
        }
        Some(self.done(open, KeyKind::Hash, c"HSET", c"hset", words.as_slice()))
    }

    fn hash_delete(&mut self, key: &str, fields: &[String]) -> Option<Result<()>> {
        // SAFETY: reads a pointer that is set once at load.
        let set = unsafe { raw::RedisModule_HashSet }?;
        let open = self.open(key);
        if open.kind().is_none() {
            return Some(Ok(()));
        }
        let words = self.words(fields);
        let mut deleted = 0;
        for field in words.as_slice() {
            // SAFETY: as for `hash_set`, with the value that deletes; the server counts fields that were there.
            deleted += unsafe { set(open.as_ptr(), 0, *field, DELETED, NO_STRING) };
        }
        Some(self.removed(deleted, open, KeyKind::Hash, c"HDEL", c"hdel", &words))
    }

    fn list_push(&mut self, key: &str, values: &[String]) -> Option<Result<()>> {
        // SAFETY: reads a pointer that is set once at load.
        let push = unsafe { raw::RedisModule_ListPush }?;
        let open = self.open_old(key)?;
        let words = self.words(values);
        for value in words.as_slice() {
            // SAFETY: the key is open for writing, a list or empty; the value is copied.
            unsafe { push(open.as_ptr(), raw::REDISMODULE_LIST_HEAD as c_int, *value) };
        }
        Some(self.done(open, KeyKind::List, c"LPUSH", c"lpush", words.as_slice()))
    }

    fn list_trim(&mut self, key: &str, keep: usize) -> Option<Result<()>> {
        // SAFETY: reads pointers that are set once at load.
        let (pop, replicate) = unsafe { (raw::RedisModule_ListPop?, raw::RedisModule_Replicate?) };
        let open = self.open(key);
        let excess = open.len().saturating_sub(keep);
        if keep == 0 || excess == 0 || excess > TRIMMED_ONE_BY_ONE {
            return None;
        }
        for _ in 0..excess {
            // SAFETY: the key is open for writing and a list with elements; the one that is taken off is ours to free.
            // (Redis 7.0 crashes where several are deleted by index.)
            let last = unsafe { pop(open.as_ptr(), raw::REDISMODULE_LIST_TAIL as c_int) };
            drop(OwnedString::taken(self.ctx, last));
        }
        if self.replicates.replace(self.is_heard) {
            let (first, last) = (0_i64, keep as i64 - 1);
            // SAFETY: the name is alive; "l" takes a long long.
            let status = unsafe {
                let (name, format) = (c"LTRIM".as_ptr(), c"sll".as_ptr());
                replicate(self.ctx, name, format, open.name(), first, last)
            };
            if status != raw::REDISMODULE_OK as c_int {
                return Some(Err(NOT_REPLICATED));
            }
        }
        Some(self.changed(open, KeyKind::List, c"ltrim"))
    }

    fn rank(&mut self, key: &str, scores: &[(f64, String)]) -> Option<Result<()>> {
        // SAFETY: reads a pointer that is set once at load.
        let add = unsafe { raw::RedisModule_ZsetAdd }?;
        let open = self.open_old(key)?;
        let mut words = OwnedStrings::with_capacity(self.ctx, 2 * scores.len());
        let mut unchanged = true;
        for (score, member) in scores {
            let member = self.keyspace.name(member);
            let mut flags = 0;
            // SAFETY: the key is open for writing, a sorted set or empty; the member is copied.
            unsafe { add(open.as_ptr(), *score, member.as_ptr(), &mut flags) };
            unchanged &= flags & raw::REDISMODULE_ZADD_NOP as c_int != 0;
            // Only what is replicated needs the score as text.
            if self.replicates.get() {
                words.push(text_of(*score).as_bytes());
                words.push_shared(&member);
            }
        }
        if unchanged {
            return Some(Ok(()));
        }
        Some(self.done(open, KeyKind::SortedSet, c"ZADD", c"zadd", words.as_slice()))
    }

    fn unrank(&mut self, key: &str, members: &[String]) -> Option<Result<()>> {
        // SAFETY: reads a pointer that is set once at load.
        let remove = unsafe { raw::RedisModule_ZsetRem }?;
        let open = self.open(key);
        if open.kind().is_none() {
            return Some(Ok(()));
        }
        let words = self.words(members);
        let mut removed = 0;
        for member in words.as_slice() {
            let mut was_there = 0;
            // SAFETY: the key is open for writing, a sorted set or, once the last member is gone, empty.
            unsafe { remove(open.as_ptr(), *member, &mut was_there) };
            removed += was_there;
        }
        Some(self.removed(removed, open, KeyKind::SortedSet, c"ZREM", c"zrem", &words))
    }

    /// A key, by the handle that an effect before has of it, or another one: two handles of one key do not know of each
    /// other, and of what the other one deletes.
    fn open(&self, key: &str) -> Rc<OpenKey> {
        let mut written = self.events.iter().map(|(_, _, open)| open);
        let written = written.find(|open| open.is_named(key));
        written.map_or_else(|| self.keyspace.open(key), Rc::clone)
    }

    /// A key that exists.
    fn open_old(&self, key: &str) -> Option<Rc<OpenKey>> {
        let open = self.open(key);
        open.kind().is_some().then_some(open)
    }

    fn words(&self, texts: &[String]) -> OwnedStrings {
        let mut words = OwnedStrings::with_capacity(self.ctx, texts.len());
        texts.iter().for_each(|text| words.push(text.as_bytes()));
        words
    }

    /// Elements were taken out of a key, which may have been the last ones.
    fn removed(
        &mut self,
        count: c_int,
        key: Rc<OpenKey>,
        kind: KeyKind,
        command: &'static CStr,
        event: &'static CStr,
        words: &OwnedStrings,
    ) -> Result<()> {
        if count == 0 {
            return Ok(());
        }
        if key.kind().is_some() {
            return self.done(key, kind, command, event, words.as_slice());
        }
        self.replicate(&key, command, words.as_slice())?;
        signal(self.ctx, key.name());
        self.events.push((event_type(kind), event, Rc::clone(&key)));
        self.events
            .push((raw::REDISMODULE_NOTIFY_GENERIC, c"del", key));
        Ok(())
    }

    /// A key was written to as by this command.
    fn done(
        &mut self,
        key: Rc<OpenKey>,
        kind: KeyKind,
        command: &'static CStr,
        event: &'static CStr,
        words: &[*mut raw::RedisModuleString],
    ) -> Result<()> {
        self.replicate(&key, command, words)?;
        self.changed(key, kind, event)
    }

    fn replicate(
        &self,
        key: &OpenKey,
        command: &CStr,
        words: &[*mut raw::RedisModuleString],
    ) -> Result<()> {
        if !self.replicates.replace(self.is_heard) {
            return Ok(());
        }
        let (ctx, name, key) = (self.ctx, command.as_ptr(), key.name());
        // SAFETY: the strings are alive, and as many as the format says; a vector is passed as pointer and length; the
        // server takes references. One by one costs it less than a vector.
        let status = unsafe {
            raw::RedisModule_Replicate.map(|replicate| match *words {
                [one] => replicate(ctx, name, c"ss".as_ptr(), key, one),
                [one, two] => replicate(ctx, name, c"sss".as_ptr(), key, one, two),
                _ => {
                    let (words, count) = (words.as_ptr(), words.len());
                    replicate(ctx, name, c"sv".as_ptr(), key, words, count)
                }
            })
        };
        if status == Some(raw::REDISMODULE_OK as c_int) {
            return Ok(());
        }
        Err(NOT_REPLICATED)
    }

    /// A key was written to, and is of this type now.
    fn changed(&mut self, key: Rc<OpenKey>, kind: KeyKind, event: &'static CStr) -> Result<()> {
        if key.kind() != Some(kind) {
            return Err(Error::Internal("the server did not take an effect"));
        }
        signal(self.ctx, key.name());
        self.events.push((event_type(kind), event, key));
        Ok(())
    }
}

/// A score as `ZADD` takes it. As JSON where it can be, which costs less.
pub fn text_of(score: f64) -> String {
    if score.is_finite() {
        stored::json(&score)
    } else {
        score.to_string()
    }
}

fn event_type(kind: KeyKind) -> c_int {
    match kind {
        KeyKind::Hash => raw::REDISMODULE_NOTIFY_HASH,
        KeyKind::List => raw::REDISMODULE_NOTIFY_LIST,
        KeyKind::SortedSet => raw::REDISMODULE_NOTIFY_ZSET,
        KeyKind::Set | KeyKind::Other => raw::REDISMODULE_NOTIFY_GENERIC,
    }
}
