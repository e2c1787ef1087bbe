//! Strings of the server's: made, borrowed and given back.

use std::ptr;

use redis_module::raw;

/// A string of the server's; freed when dropped.
pub struct OwnedString {
    ctx: *mut raw::RedisModuleCtx,
    string: *mut raw::RedisModuleString,
}

impl OwnedString {
    /// Copies bytes into a string of the server's.
    pub fn new(ctx: *mut raw::RedisModuleCtx, bytes: &[u8]) -> Self {
        // SAFETY: the buffer is passed with its length and copied; the API is checked at load.
        let string = unsafe {
            raw::RedisModule_CreateString.map_or(ptr::null_mut(), |create| {
                create(ctx, bytes.as_ptr().cast(), bytes.len())
            })
        };
        OwnedString { ctx, string }
    }

    /// Takes a string over that the server made for whoever asked.
    pub fn taken(ctx: *mut raw::RedisModuleCtx, string: *mut raw::RedisModuleString) -> Self {
        OwnedString { ctx, string }
    }

    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        // SAFETY: the string lives as long as self, and nothing changes it.
        unsafe { bytes_of(self.string) }
    }

    /// The server's pointer, valid as long as self.
    pub fn as_ptr(&self) -> *mut raw::RedisModuleString {
        self.string
    }
}

impl Drop for OwnedString {
    fn drop(&mut self) {
        // SAFETY: the string is ours: created here, or by the server for whoever asked; it is freed once. The server
        // answers null for what is not there, and does not take that back.
        unsafe {
            if let (Some(free), false) = (raw::RedisModule_FreeString, self.string.is_null()) {
                free(self.ctx, self.string);
            }
        }
    }
}

/// Strings of the server's in a row, as its calls take them; freed when dropped.
pub struct OwnedStrings {
    ctx: *mut raw::RedisModuleCtx,
    strings: Vec<*mut raw::RedisModuleString>,
}

impl OwnedStrings {
    /// None yet, with room for some.
    pub fn with_capacity(ctx: *mut raw::RedisModuleCtx, capacity: usize) -> Self {
        let strings = Vec::with_capacity(capacity);
        OwnedStrings { ctx, strings }
    }

    /// Copies bytes into one more.
    pub fn push(&mut self, bytes: &[u8]) {
        let string = OwnedString::new(self.ctx, bytes);
        self.strings.push(string.string);
        std::mem::forget(string);
    }

    /// The server's pointers, valid as long as self.
    pub fn as_slice(&self) -> &[*mut raw::RedisModuleString] {
        &self.strings
    }
}

impl Drop for OwnedStrings {
    fn drop(&mut self) {
        // SAFETY: the strings were created here for this context and are freed once.
        unsafe {
            if let Some(free) = raw::RedisModule_FreeString {
                self.strings
                    .iter()
                    .for_each(|string| free(self.ctx, *string));
            }
        }
    }
}

/// The bytes of a string of the server's.
///
/// # Safety
/// The string must live, and not be changed, for all of `'a`.
pub unsafe fn bytes_of<'a>(string: *const raw::RedisModuleString) -> &'a [u8] {
    let mut len = 0;
    // SAFETY: the caller vouches for the string; the length is the server's.
    unsafe {
        match raw::RedisModule_StringPtrLen.map(|bytes| bytes(string, &mut len)) {
            Some(start) if !start.is_null() => std::slice::from_raw_parts(start.cast(), len),
            _ => &[],
        }
    }
}
