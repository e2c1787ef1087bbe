//! Reads keys through the module API, which is faster than calling commands and copies once.
//!
//! A command that writes opens its keys for writing at once, so that what was read is also what `direct` writes to.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::ffi::{c_int, c_long, c_void};
use std::ops::ControlFlow;
use std::panic::{self, AssertUnwindSafe};
use std::ptr;
use std::rc::Rc;
use std::sync::{Mutex, PoisonError};

use redis_module::raw;

use super::log::{log, Level};
use super::once::Once;
use super::string::{bytes_of, OwnedString};
use super::{anonymization, call, tally};
use crate::memory::{Error, Expiry, KeyKind, Result, Store, Values};

/// A key that is open; closed when dropped.
pub struct OpenKey {
    ctx: *mut raw::RedisModuleCtx,
    name: OwnedString,
    /// The bytes of the name, as long as self lives.
    bytes: *const [u8],
    /// Null once it is closed, and where the key does not exist and was opened for reading.
    key: Cell<*mut raw::RedisModuleKey>,
}

impl Drop for OpenKey {
    fn drop(&mut self) {
        self.close();
    }
}

impl OpenKey {
    /// Closes it; what is left is its name.
    pub fn close(&self) {
        let key = self.key.replace(ptr::null_mut());
        // SAFETY: the key was opened by the keyspace and is closed once.
        unsafe {
            if let Some(close) = raw::RedisModule_CloseKey.filter(|_| !key.is_null()) {
                close(key);
            }
        }
    }

    /// The server's handle, valid until the key is closed; null where it does not exist and was opened for reading.
    pub fn as_ptr(&self) -> *mut raw::RedisModuleKey {
        self.key.get()
    }

    /// The server's string of its name, valid as long as self.
    pub fn name(&self) -> *mut raw::RedisModuleString {
        self.name.as_ptr()
    }

    /// Whether it is the key of this name.
    pub fn is_named(&self, name: &str) -> bool {
        // SAFETY: the bytes belong to the name, which lives as long as self and is never changed.
        name.as_bytes() == unsafe { &*self.bytes }
    }

    /// The type of the value, `None` where there is none.
    pub fn kind(&self) -> Option<KeyKind> {
        // SAFETY: the key is open; the server takes null for a key that does not exist.
        let kind = unsafe { raw::RedisModule_KeyType.map_or(0, |kind| kind(self.as_ptr())) };
        Some(match kind as isize {
            raw::REDISMODULE_KEYTYPE_EMPTY => return None,
            raw::REDISMODULE_KEYTYPE_HASH => KeyKind::Hash,
            raw::REDISMODULE_KEYTYPE_LIST => KeyKind::List,
            raw::REDISMODULE_KEYTYPE_SET => KeyKind::Set,
            raw::REDISMODULE_KEYTYPE_ZSET => KeyKind::SortedSet,
            _ => KeyKind::Other,
        })
    }

    /// How many elements the value has.
    pub fn len(&self) -> usize {
        // SAFETY: the key is open; the server takes null for a key that does not exist.
        unsafe { raw::RedisModule_ValueLength.map_or(0, |len| len(self.as_ptr())) }
    }

    fn field(&self, field: &OwnedString) -> Option<OwnedString> {
        let mut value: *mut raw::RedisModuleString = ptr::null_mut();
        // SAFETY: the key is an open hash; the variable arguments are a field, where to put its value, and null.
        // The value is created for this context and freed by OwnedString.
        unsafe {
            let get = raw::RedisModule_HashGet?;
            let end: *mut raw::RedisModuleString = ptr::null_mut();
            let flags = raw::REDISMODULE_HASH_NONE as c_int;
            get(self.as_ptr(), flags, field.as_ptr(), &mut value, end);
        }
        (!value.is_null()).then(|| OwnedString::taken(self.ctx, value))
    }

    /// Hands every field or member to `visit` once: a server may hand some out more than once, should it move a table
    /// meanwhile.
    fn scan(&self, visit: &mut dyn FnMut(&[u8], &[u8])) {
        extern "C" fn each(
            _key: *mut raw::RedisModuleKey,
            field: *mut raw::RedisModuleString,
            value: *mut raw::RedisModuleString,
            data: *mut c_void,
        ) {
            // SAFETY: `data` is the visitor that `scan` passed, borrowed for as long as the scan runs.
            let state = unsafe { &mut *data.cast::<ScanState<'_>>() };
            if state.panic.is_some() {
                return;
            }
            // SAFETY: field and value live as long as this callback; a set's members have no value.
            let (field, value) = unsafe {
                let value = (!value.is_null()).then(|| bytes_of(value));
                (bytes_of(field), value.unwrap_or_default())
            };
            // A panic must not cross into the server's C code.
            let visited = panic::catch_unwind(AssertUnwindSafe(|| {
                if state.seen.is_new(field) {
                    (state.visit)(field, value);
                }
            }));
            state.panic = visited.err();
        }
        let mut state = ScanState {
            visit,
            seen: Once::new(self.len()),
            panic: None,
        };
        // SAFETY: the cursor is created, used with an open hash, set or sorted set, and destroyed here; the
        // callback's data outlives the loop.
        unsafe {
            let (Some(create), Some(scan), Some(destroy)) = (
                raw::RedisModule_ScanCursorCreate,
                raw::RedisModule_ScanKey,
                raw::RedisModule_ScanCursorDestroy,
            ) else {
                return;
            };
            let cursor = create();
            let data = ptr::from_mut(&mut state);
            while scan(self.as_ptr(), cursor, Some(each), data.cast()) != 0 {
                (*data).seen.goes_on();
            }
            destroy(cursor);
        }
        if let Some(panic) = state.panic {
            panic::resume_unwind(panic);
        }
    }
}

struct ScanState<'a> {
    visit: &'a mut dyn FnMut(&[u8], &[u8]),
    seen: Once,
    panic: Option<Box<dyn std::any::Any + Send>>,
}

/// The keyspace of the selected database, as the running command sees it.
///
/// The first keys that a command looks at stay open until it ends: opening costs more than reading. They must be
/// closed before anything else can delete them, which is before any other command is called that writes.
pub struct Keyspace {
    ctx: *mut raw::RedisModuleCtx,
    mode: c_int,
    opened: RefCell<Vec<Rc<OpenKey>>>,
    /// The names of fields and members that came up, each at its place: most are looked at and then written, and of
    /// several keys.
    names: RefCell<[Option<Rc<OwnedString>>; NAMES_KEPT]>,
}

/// How many keys stay open: those of the repo itself, but not those of all its records.
const KEPT_OPEN: usize = 8;

/// How many names of fields and members are kept, at most; a power of two.
const NAMES_KEPT: usize = 16;

/// How many fields of a hash may be looked at at once.
const MOST_LOOKED_AT: usize = 8;

/// The keys named in the log as corrupt: each is named once, and so many at most, as there may be one for each record.
static NAMED: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
const MOST_NAMED: usize = 1_000;
/// How much of a name is told: those of our keys are shorter, and an index may have been made to hold anything.
const MOST_TOLD: usize = 900;

/// Forgets which keys the log has named.
pub fn unload() {
    NAMED.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

impl Keyspace {
    /// The keyspace of a context, for a command that writes or one that only reads.
    pub fn new(ctx: *mut raw::RedisModuleCtx, writes: bool) -> Self {
        let read = raw::REDISMODULE_READ as c_int;
        Keyspace {
            ctx,
            mode: if writes {
                read | raw::REDISMODULE_WRITE as c_int
            } else {
                read
            },
            opened: RefCell::new(Vec::with_capacity(KEPT_OPEN)),
            names: RefCell::default(),
        }
    }

    /// The name of a field or member as a string of the server's.
    pub fn name(&self, name: &str) -> Rc<OwnedString> {
        let bytes = name.as_bytes();
        // Names differ most at their ends.
        let last = bytes
            .last_chunk()
            .map_or(0, |last| u32::from_le_bytes(*last));
        let mixed = (last ^ bytes.len() as u32).wrapping_mul(0x9e37_79b1);
        let place = mixed >> (u32::BITS - NAMES_KEPT.ilog2());
        let kept = &mut self.names.borrow_mut()[place as usize];
        match kept {
            Some(kept) if kept.bytes() == bytes => Rc::clone(kept),
            _ => Rc::clone(kept.insert(Rc::new(OwnedString::new(self.ctx, bytes)))),
        }
    }

    /// Closes the keys that stayed open; to be called before any other command is that writes.
    pub fn close(&self) {
        self.opened.borrow_mut().clear();
    }

    /// A key, opened unless it is open already.
    pub fn open(&self, key: &str) -> Rc<OpenKey> {
        let mut opened = self.opened.borrow_mut();
        let is_it = |open: &&Rc<OpenKey>| open.is_named(key);
        if let Some(open) = opened.iter().find(is_it) {
            return Rc::clone(open);
        }
        let open = Rc::new(self.open_anew(key));
        if opened.len() < KEPT_OPEN {
            opened.push(Rc::clone(&open));
        }
        open
    }

    fn open_anew(&self, key: &str) -> OpenKey {
        let name = OwnedString::new(self.ctx, key.as_bytes());
        // SAFETY: `ctx` is the context of the running command. A missing key opens as null for reading, and as an
        // empty one for writing.
        let key = unsafe {
            raw::RedisModule_OpenKey.map_or(ptr::null_mut(), |open| {
                open(self.ctx, name.as_ptr(), self.mode)
            })
        };
        OpenKey {
            ctx: self.ctx,
            bytes: name.bytes(),
            name,
            key: Cell::new(key),
        }
    }

    fn open_as(&self, key: &str, kind: KeyKind) -> Result<Option<Rc<OpenKey>>> {
        let open = self.open(key);
        match open.kind() {
            None => Ok(None),
            Some(found) if found == kind => Ok(Some(open)),
            Some(_) => Err(Error::WrongType),
        }
    }

    fn len(&self, key: &str, kind: KeyKind) -> Result<usize> {
        Ok(self.open_as(key, kind)?.map_or(0, |open| open.len()))
    }

    /// Walks a sorted set in the order of the scores.
    fn walk(
        &self,
        key: &str,
        from_highest: bool,
        visit: &mut dyn FnMut(&[u8], f64) -> ControlFlow<()>,
    ) -> Result<()> {
        let Some(open) = self.open_as(key, KeyKind::SortedSet)? else {
            return Ok(());
        };
        let key = open.as_ptr();
        // SAFETY: the key is an open sorted set and not written to while the iterator runs; elements are created
        // for this context and freed by OwnedString; the iterator is stopped before the key is closed.
        unsafe {
            let (Some(first), Some(last), Some(current), Some(next), Some(prev), Some(stop)) = (
                raw::RedisModule_ZsetFirstInScoreRange,
                raw::RedisModule_ZsetLastInScoreRange,
                raw::RedisModule_ZsetRangeCurrentElement,
                raw::RedisModule_ZsetRangeNext,
                raw::RedisModule_ZsetRangePrev,
                raw::RedisModule_ZsetRangeStop,
            ) else {
                return Err(Error::Internal("the server has no sorted set iterator"));
            };
            let (start, step) = if from_highest {
                (last, prev)
            } else {
                (first, next)
            };
            if start(key, f64::NEG_INFINITY, f64::INFINITY, 0, 0) != raw::REDISMODULE_OK as c_int {
                return Ok(());
            }
            loop {
                let mut score = 0.0;
                let member = current(key, &mut score);
                if member.is_null() {
                    break;
                }
                let member = OwnedString::taken(self.ctx, member);
                let flow = visit(member.bytes(), score);
                if flow.is_break() || step(key) == 0 {
                    break;
                }
            }
            stop(key);
        }
        Ok(())
    }
}

impl Store for Keyspace {
    fn kind(&self, key: &str) -> Option<KeyKind> {
        self.open(key).kind()
    }

    fn expiry(&self, key: &str) -> Expiry {
        let open = self.open(key);
        if open.kind().is_none() {
            return Expiry::Missing;
        }
        // SAFETY: the key is open and exists.
        let at =
            unsafe { raw::RedisModule_GetAbsExpire.map_or(-1, |expire| expire(open.as_ptr())) };
        if at == i64::from(raw::REDISMODULE_NO_EXPIRE) {
            Expiry::Never
        } else {
            Expiry::At(at)
        }
    }

    fn field(&self, key: &str, field: &str) -> Result<Option<Vec<u8>>> {
        let open = self.open_as(key, KeyKind::Hash)?;
        let value = open.and_then(|open| open.field(&self.name(field)));
        Ok(value.map(|value| value.bytes().to_vec()))
    }

    fn look(
        &self,
        key: &str,
        fields: &[&'static str],
        visit: &mut dyn FnMut(&Values<'_>),
    ) -> Result<()> {
        // One of many: it is not worth keeping open. Where it is open already, that is what it is looked at by, or the two
        // might not agree on whether it has expired.
        let known = self
            .opened
            .borrow()
            .iter()
            .find(|open| open.is_named(key))
            .cloned();
        let open = known.unwrap_or_else(|| Rc::new(self.open_anew(key)));
        match open.kind() {
            None => return Ok(()),
            Some(KeyKind::Hash) => {}
            Some(_) => return Err(Error::WrongType),
        }
        let mut values: [Option<OwnedString>; MOST_LOOKED_AT] = Default::default();
        let mut bytes: [Option<&[u8]>; MOST_LOOKED_AT] = Default::default();
        let looked_at = values.iter_mut().zip(fields);
        let count = looked_at
            .map(|(value, field)| *value = open.field(&self.name(field)))
            .count();
        for (bytes, value) in bytes.iter_mut().zip(&values) {
            *bytes = value.as_ref().map(OwnedString::bytes);
        }
        visit(&bytes[..count]);
        Ok(())
    }

    fn hash_len(&self, key: &str) -> Result<usize> {
        self.len(key, KeyKind::Hash)
    }

    fn each_field(&self, key: &str, visit: &mut dyn FnMut(&[u8], &[u8])) -> Result<()> {
        let Some(open) = self.open_as(key, KeyKind::Hash)? else {
            return Ok(());
        };
        open.scan(visit);
        Ok(())
    }

    fn list_len(&self, key: &str) -> Result<usize> {
        self.len(key, KeyKind::List)
    }

    fn elements(
        &self,
        key: &str,
        start: usize,
        visit: &mut dyn FnMut(&[u8]) -> ControlFlow<()>,
    ) -> Result<()> {
        let Some(open) = self.open_as(key, KeyKind::List)? else {
            return Ok(());
        };
        for index in start..open.len() {
            // SAFETY: the key is an open list; the element is created for this context and freed by OwnedString.
            let element = unsafe {
                raw::RedisModule_ListGet
                    .map_or(ptr::null_mut(), |get| get(open.as_ptr(), index as c_long))
            };
            if element.is_null() {
                break;
            }
            let element = OwnedString::taken(self.ctx, element);
            if visit(element.bytes()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn set_len(&self, key: &str) -> Result<usize> {
        self.len(key, KeyKind::Set)
    }

    fn each_member(&self, key: &str, visit: &mut dyn FnMut(&[u8])) -> Result<()> {
        let Some(open) = self.open_as(key, KeyKind::Set)? else {
            return Ok(());
        };
        open.scan(&mut |member, _| visit(member));
        Ok(())
    }

    fn sample(&self, key: &str, count: usize) -> Result<Vec<Vec<u8>>> {
        if self.open_as(key, KeyKind::Set)?.is_none() {
            return Ok(Vec::new());
        }
        // The set alone can be deleted by looking at it.
        let mut opened = self.opened.borrow_mut();
        opened.retain(|open| !open.is_named(key));
        drop(opened);
        let count = count.to_string();
        let words: [&[u8]; 2] = [key.as_bytes(), count.as_bytes()];
        Ok(call::read(self.ctx, c"SRANDMEMBER", &words)?.texts())
    }

    fn ranking_len(&self, key: &str) -> Result<usize> {
        self.len(key, KeyKind::SortedSet)
    }

    fn each_from_highest(
        &self,
        key: &str,
        visit: &mut dyn FnMut(&[u8], f64) -> ControlFlow<()>,
    ) -> Result<()> {
        self.walk(key, true, visit)
    }

    fn each_from_lowest(
        &self,
        key: &str,
        visit: &mut dyn FnMut(&[u8], f64) -> ControlFlow<()>,
    ) -> Result<()> {
        self.walk(key, false, visit)
    }

    fn report_corrupt(&self, key: &str) {
        tally::CORRUPT_RECORDS.add(1);
        let mut named = NAMED.lock().unwrap_or_else(PoisonError::into_inner);
        let end = (0..=key.len().min(MOST_TOLD)).rfind(|end| key.is_char_boundary(*end));
        let told = &key[..end.unwrap_or(0)];
        if named.len() >= MOST_NAMED || !named.insert(told.to_owned()) {
            return;
        }
        // No name that came through a command holds a secret; but an index may have been written to by anybody.
        let rules = anonymization::current();
        let told = match rules.anonymizer.holds_secret(told) {
            true => rules.anonymizer.text(told).0,
            false => told.into(),
        };
        log(
            Level::Warning,
            &format!("a record under the key {told} cannot be read and is passed over"),
        );
        if named.len() == MOST_NAMED {
            let more = "no more keys of unreadable records will be named: corrupt_records in INFO counts them";
            log(Level::Warning, more);
        }
    }
}
