//! Replies. Data is only ever a bulk string, so nothing of it can get into the protocol.

use std::ffi::{c_int, CString};

use redis_module::raw;

use super::Reply;
use crate::memory::Error;

/// Answers.
pub fn send(ctx: *mut raw::RedisModuleCtx, reply: &Reply) -> c_int {
    // SAFETY: `ctx` is the context of the running command; buffers are passed with their length.
    unsafe {
        match reply {
            Reply::Integer(n) => raw::RedisModule_ReplyWithLongLong.map(|reply| reply(ctx, *n)),
            Reply::Nil => raw::RedisModule_ReplyWithNull.map(|reply| reply(ctx)),
            Reply::Json(text) => raw::RedisModule_ReplyWithStringBuffer
                .map(|reply| reply(ctx, text.as_ptr().cast(), text.len())),
            Reply::Integers(numbers) => raw::RedisModule_ReplyWithArray.map(|array| {
                let status = array(ctx, numbers.len() as std::ffi::c_long);
                if let Some(reply) = raw::RedisModule_ReplyWithLongLong {
                    numbers.iter().for_each(|n| {
                        reply(ctx, *n);
                    });
                }
                status
            }),
        }
    }
    .unwrap_or(raw::REDISMODULE_ERR as c_int)
}

/// Answers with an error: one line of printable ASCII.
pub fn send_error(ctx: *mut raw::RedisModuleCtx, error: &Error) -> c_int {
    let text: Vec<u8> = error
        .to_string()
        .bytes()
        .map(|byte| {
            if (b' '..=b'~').contains(&byte) {
                byte
            } else {
                b'?'
            }
        })
        .collect();
    let text = CString::new(text).unwrap_or_default();
    // SAFETY: `ctx` is the context of the running command; the text is NUL-terminated and copied by the server.
    unsafe { raw::RedisModule_ReplyWithError.map(|reply| reply(ctx, text.as_ptr())) }
        .unwrap_or(raw::REDISMODULE_ERR as c_int)
}
