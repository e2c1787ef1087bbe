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

/// The bytes of a string that the server keeps alive for `'a`.
pub fn bytes_of<'a>(string: *const raw::RedisModuleString) -> &'a [u8] {
    // SAFETY: callers pass strings that live at least as long as they use the bytes: arguments of the running
    // command, or what a callback is handed for its own duration. The length is the server's.
    unsafe {
        let mut len = 0;
        match raw::RedisModule_StringPtrLen {
            Some(bytes) => {
                let start = bytes(string, &mut len);
                if start.is_null() {
                    return &[];
                }
                std::slice::from_raw_parts(start.cast(), len)
            }
            None => &[],
        }
    }
}
