//! What the server says of itself and of the client that calls.

use std::ffi::CStr;

use redis_module::raw;

use super::call::{self, ServerReply};
use super::string::OwnedString;
use crate::memory::{Error, Repo, Result};

/// Questions that a command may ask beyond the keys of its repo.
pub trait Facts {
    /// The ACL user who calls, where there is one.
    fn user(&self) -> Option<String>;

    /// Whether the caller may read a repo.
    fn may_read(&self, repo: Repo<'_>) -> bool;

    /// One step of a scan over the keys that match a glob: the next cursor and the keys.
    fn scan(&self, cursor: u64, glob: &[u8], count: u64) -> Result<(u64, Vec<Vec<u8>>)>;

    /// A field of the server's own INFO.
    fn info(&self, section: &'static CStr, field: &'static CStr) -> Option<String>;
}

/// The server that loaded the module, as seen by the command that runs.
pub struct Server {
    pub(super) ctx: *mut raw::RedisModuleCtx,
}

impl Server {
    /// The flags of the context.
    pub(super) fn flags(&self) -> u32 {
        // SAFETY: `ctx` is the context of the running command; the API is checked at load.
        unsafe { raw::RedisModule_GetContextFlags.map_or(0, |flags| flags(self.ctx)) as u32 }
    }

    /// Whether the caller may still run a command with these words, the name first; for one that waited meanwhile.
    pub(super) fn may_run(&self, words: &[*mut raw::RedisModuleString]) -> bool {
        let Some(name) = self.user_name() else {
            return true;
        };
        as_user(&name, |user| {
            let count = words.len() as i32;
            // SAFETY: the user is alive, and so are the words, which the server only reads.
            unsafe {
                raw::RedisModule_ACLCheckCommandPermissions
                    .map(|check| check(user, words.as_ptr().cast_mut(), count))
            }
        })
    }

    /// The name of the user who calls, as the server knows it.
    fn user_name(&self) -> Option<OwnedString> {
        // SAFETY: `ctx` is the context of the running command. GetCurrentUserName dereferences the client's user, so it
        // is asked only in a script, whose client has no id that could be looked up, but the user of whoever runs it.
        // (That is none where another module calls a script without a user of its own: such a module is not borne.)
        let name = unsafe {
            let id = raw::RedisModule_GetClientId?;
            let by_id = raw::RedisModule_GetClientUserNameById?;
            let name = by_id(self.ctx, id(self.ctx));
            let in_script = self.flags() & raw::REDISMODULE_CTX_FLAGS_LUA != 0;
            match raw::RedisModule_GetCurrentUserName {
                Some(current) if name.is_null() && in_script => current(self.ctx),
                _ => name,
            }
        };
        (!name.is_null()).then(|| OwnedString::taken(self.ctx, name))
    }
}

/// Asks the server's access control something of a user; what cannot be asked is not allowed.
fn as_user(name: &OwnedString, ask: impl FnOnce(*mut raw::RedisModuleUser) -> Option<i32>) -> bool {
    // SAFETY: the user is created from a name that exists, checked for null and freed after its last use. Both calls are
    // there from Redis 7.0 on, but are checked all the same.
    unsafe {
        let (Some(user_of), Some(free_user)) = (
            raw::RedisModule_GetModuleUserFromUserName,
            raw::RedisModule_FreeModuleUser,
        ) else {
            return false;
        };
        let user = user_of(name.as_ptr());
        if user.is_null() {
            return false;
        }
        let answer = ask(user);
        free_user(user);
        answer == Some(raw::REDISMODULE_OK as i32)
    }
}

impl Facts for Server {
    fn user(&self) -> Option<String> {
        let name = self.user_name()?;
        Some(String::from_utf8_lossy(name.bytes()).into_owned())
    }

    fn may_read(&self, repo: Repo<'_>) -> bool {
        let Some(name) = self.user_name() else {
            // No client, and so no user: the server or another module calls, which may do all; a script may not.
            return self.flags() & raw::REDISMODULE_CTX_FLAGS_LUA == 0;
        };
        let key = OwnedString::new(self.ctx, repo.as_str().as_bytes());
        as_user(&name, |user| {
            let access = raw::REDISMODULE_CMD_KEY_ACCESS as i32;
            // SAFETY: the user is alive, and so is the key.
            unsafe {
                raw::RedisModule_ACLCheckKeyPermissions
                    .map(|check| check(user, key.as_ptr(), access))
            }
        })
    }

    fn scan(&self, cursor: u64, glob: &[u8], count: u64) -> Result<(u64, Vec<Vec<u8>>)> {
        let (cursor, count) = (cursor.to_string(), count.to_string());
        let words: [&[u8]; 5] = [
            cursor.as_bytes(),
            b"MATCH",
            glob,
            b"COUNT",
            count.as_bytes(),
        ];
        let reply = call::read(self.ctx, c"SCAN", &words)?;
        let next = reply.at(0);
        let next = next.as_ref().and_then(ServerReply::text);
        let next = next.and_then(|cursor| std::str::from_utf8(cursor).ok()?.parse().ok());
        let next = next.ok_or(Error::Internal("the server's SCAN answered no cursor"))?;
        let keys = reply.at(1).map(|keys| keys.texts()).unwrap_or_default();
        Ok((next, keys))
    }

    fn info(&self, section: &'static CStr, field: &'static CStr) -> Option<String> {
        // SAFETY: the info is freed after its last use; a null field is checked for; the text is copied before.
        unsafe {
            let get = raw::RedisModule_GetServerInfo?;
            let free = raw::RedisModule_FreeServerInfo?;
            let field_of = raw::RedisModule_ServerInfoGetFieldC?;
            let info = get(self.ctx, section.as_ptr());
            if info.is_null() {
                return None;
            }
            let value = field_of(info, field.as_ptr());
            let text =
                (!value.is_null()).then(|| CStr::from_ptr(value).to_string_lossy().into_owned());
            free(self.ctx, info);
            text
        }
    }
}
