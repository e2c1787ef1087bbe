//! Calls of other commands of the server.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::ptr::NonNull;

use redis_module::raw;

use super::string::OwnedString;
use crate::memory::{Error, Result};

/// A reply of the server; freed when dropped.
pub struct ServerReply<'p> {
    reply: NonNull<raw::RedisModuleCallReply>,
    /// Elements belong to the reply that they are part of, and must not outlive it.
    owned: bool,
    parent: PhantomData<&'p ()>,
}

impl Drop for ServerReply<'_> {
    fn drop(&mut self) {
        if !self.owned {
            return;
        }
        // SAFETY: the reply came from RedisModule_Call, is owned here and freed once.
        unsafe {
            if let Some(free) = raw::RedisModule_FreeCallReply {
                free(self.reply.as_ptr());
            }
        }
    }
}

impl ServerReply<'_> {
    fn kind(&self) -> isize {
        // SAFETY: the reply is alive as long as self.
        unsafe {
            raw::RedisModule_CallReplyType.map_or(-1, |kind| kind(self.reply.as_ptr())) as isize
        }
    }

    /// Its text, where it is a string or an error.
    pub fn text(&self) -> Option<&[u8]> {
        let kind = self.kind();
        if kind != raw::REDISMODULE_REPLY_STRING && kind != raw::REDISMODULE_REPLY_ERROR {
            return None;
        }
        // SAFETY: the text belongs to the reply and lives as long as self; the length is the server's.
        unsafe {
            let mut len = 0;
            let text = raw::RedisModule_CallReplyStringPtr?(self.reply.as_ptr(), &mut len);
            (!text.is_null()).then(|| std::slice::from_raw_parts(text.cast::<u8>(), len))
        }
    }

    /// An element of an array or a set.
    pub fn at(&self, index: usize) -> Option<ServerReply<'_>> {
        // SAFETY: the server answers null beyond the end and for what has no elements; an element lives as long
        // as its parent, which the borrow keeps alive.
        let element =
            unsafe { raw::RedisModule_CallReplyArrayElement?(self.reply.as_ptr(), index) };
        NonNull::new(element).map(|reply| ServerReply {
            reply,
            owned: false,
            parent: PhantomData,
        })
    }

    /// The texts of its elements.
    pub fn texts(&self) -> Vec<Vec<u8>> {
        let mut texts = Vec::new();
        while let Some(text) = self.at(texts.len()) {
            texts.push(text.text().unwrap_or_default().to_vec());
        }
        texts
    }
}

/// Calls a command that reads.
pub fn read(
    ctx: *mut raw::RedisModuleCtx,
    name: &CStr,
    words: &[&[u8]],
) -> Result<ServerReply<'static>> {
    call(ctx, name, c"Ev", words)
}

/// Calls a command that writes; it goes to the AOF and to replicas.
pub fn write(
    ctx: *mut raw::RedisModuleCtx,
    name: &CStr,
    words: &[&[u8]],
) -> Result<ServerReply<'static>> {
    call(ctx, name, c"!Ev", words)
}

/// Calls a command that writes, and is taken only where the server would take it from a client now: not where it fails
/// to save or has too few replicas. What it does is replicated nowhere, so it must be one that does nothing.
pub fn try_write(
    ctx: *mut raw::RedisModuleCtx,
    name: &CStr,
    words: &[&[u8]],
) -> Result<ServerReply<'static>> {
    call(ctx, name, c"SEv", words)
}

fn call(
    ctx: *mut raw::RedisModuleCtx,
    name: &CStr,
    format: &CStr,
    words: &[&[u8]],
) -> Result<ServerReply<'static>> {
    let words: Vec<OwnedString> = words
        .iter()
        .map(|word| OwnedString::new(ctx, word))
        .collect();
    let mut pointers: Vec<*mut raw::RedisModuleString> =
        words.iter().map(OwnedString::as_ptr).collect();
    // SAFETY: the format's only argument is a vector, passed as pointer and length; the strings outlive the call.
    // With "E" a failure is a reply and not a null pointer, which is checked all the same.
    let reply = unsafe {
        raw::RedisModule_Call.and_then(|call| {
            NonNull::new(call(
                ctx,
                name.as_ptr(),
                format.as_ptr(),
                pointers.as_mut_ptr(),
                pointers.len(),
            ))
        })
    };
    let reply = reply.ok_or(Error::Internal(
        "the server did not answer a call of the module",
    ))?;
    let reply = ServerReply {
        reply,
        owned: true,
        parent: PhantomData,
    };
    if reply.kind() != raw::REDISMODULE_REPLY_ERROR {
        return Ok(reply);
    }
    let text = reply.text().unwrap_or_default();
    let has = |part: &str| {
        text.windows(part.len())
            .any(|window| window == part.as_bytes())
    };
    Err(if text.starts_with(b"WRONGTYPE") {
        Error::WrongType
    } else if has("non local key") || text.starts_with(b"TRYAGAIN") {
        Error::TryAgain
    } else if text.starts_with(b"MISCONF") {
        Error::State("MISCONF The server fails to save to disk; nothing was written, see its log")
    } else if text.starts_with(b"NOREPLICAS") {
        Error::State("NOREPLICAS The server has too few replicas that keep up; nothing was written")
    } else {
        Error::Internal("the server refused a call of the module")
    })
}
