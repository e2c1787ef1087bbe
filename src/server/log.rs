//! Lines in the server's log. Text is always an argument of a fixed format, never a format itself.

use std::ffi::CString;
use std::ptr;

use redis_module::raw;

/// How grave a line is.
#[derive(Debug, Clone, Copy)]
pub enum Level {
    /// For the operator to know.
    Notice,
    /// For the operator to act on.
    Warning,
}

/// Writes a line to the log; control characters, which could end it, become `?`.
pub fn log(level: Level, text: &str) {
    let level = match level {
        Level::Notice => c"notice",
        Level::Warning => c"warning",
    };
    let text = text.replace(char::is_control, "?");
    let Ok(text) = CString::new(text) else { return };
    // SAFETY: the pointer is set once at load and never changes; RedisModule_Log takes a null context, and the
    // format has exactly one string argument, which is NUL-terminated and outlives the call.
    unsafe {
        if let Some(write) = raw::RedisModule_Log {
            write(
                ptr::null_mut(),
                level.as_ptr(),
                c"<patternmemory> %s".as_ptr(),
                text.as_ptr(),
            );
        }
    }
}
