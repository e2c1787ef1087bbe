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
        // SAFETY: the string was created here for this context and is freed once.
        unsafe {
            if let Some(free) = raw::RedisModule_FreeString {
                free(self.ctx, self.string);
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
