//! The shell that the server loads.

use std::ffi::CStr;

use redis_module::{raw, redis_module, Context, RedisString, Status};

use super::command::Registered;
use super::facts::{Facts, Server};
use super::log::{log, Level};
use super::{anonymization, background, call, configuration, dispatch};
use super::{information, keyspace, listeners, registration, tally};

/// The name of the module.
pub const NAME: &CStr = c"patternmemory";
/// The version of the module as the server shows it: 10,000 a major, 100 a minor version.
const VERSION: i32 = 100;
/// Handles atomic slot migration: the bit that Valkey 9 asks for before it moves a slot.
const HANDLES_ATOMIC_SLOT_MIGRATION: i32 = 1 << 5;

#[cfg(not(any(test, fuzzing)))]
type ModuleAllocator = super::allocator::ServerAllocator;
#[cfg(not(any(test, fuzzing)))]
const ALLOCATOR: ModuleAllocator = super::allocator::ServerAllocator;
// Unit tests and fuzz targets run without a server, whose allocator is not there then.
#[cfg(any(test, fuzzing))]
type ModuleAllocator = std::alloc::System;
#[cfg(any(test, fuzzing))]
const ALLOCATOR: ModuleAllocator = std::alloc::System;

fn init(ctx: &Context, arguments: &[RedisString]) -> Status {
    let arguments: Vec<&[u8]> = arguments.iter().map(RedisString::as_slice).collect();
    match load(ctx.ctx, &arguments) {
        Ok(()) => Status::Ok,
        Err(reason) => {
            log(Level::Warning, &format!("not loaded: {reason}"));
            Status::Err
        }
    }
}

fn load(ctx: *mut raw::RedisModuleCtx, arguments: &[&[u8]]) -> Result<(), String> {
    // SAFETY: copies pointers that are set once at load; NULL where the server lacks the call.
    let (describe, configure) = unsafe {
        let configure = raw::RedisModule_RegisterStringConfig;
        (raw::RedisModule_SetCommandInfo, configure)
    };
    if describe.is_none() || configure.is_none() {
        return Err("this server is too old; Redis 7.0 or Valkey 7.2 is the least".into());
    }
    if let Some(name) = missing_command(ctx) {
        return Err(format!(
            "it needs {name}, which this server has not; see rename-command"
        ));
    }
    dispatch::quiet_panics();
    configuration::load(ctx, arguments)?;
    registration::register(ctx, crate::TABLE)?;
    // In place of the crate's, which adds a backtrace to crash reports.
    raw::register_info_function(ctx, Some(information::report));
    listeners::watch(ctx);
    let server = Server { ctx };
    // A key that is opened for writing may only be looked at; `direct` tells of those that it writes to.
    let mut options = raw::REDISMODULE_OPTION_NO_IMPLICIT_SIGNAL_MODIFIED as i32;
    if server.info(c"server", c"valkey_version").is_some() {
        options |= HANDLES_ATOMIC_SLOT_MIGRATION;
    }
    // SAFETY: called while the module loads.
    unsafe {
        if let Some(set) = raw::RedisModule_SetModuleOptions {
            set(ctx, options);
        }
    }
    let rules = anonymization::current().anonymizer.rules().len();
    log(
        Level::Notice,
        &format!(
            "version {} loaded with {rules} redaction rules",
            env!("CARGO_PKG_VERSION")
        ),
    );
    Ok(())
}

/// What an effect may be carried out by, or a command read with. A command that failed half way for want of one would
/// have changed something.
const NEEDED: [&str; 15] = [
    "HSET",
    "HDEL",
    "LPUSH",
    "RPUSH",
    "LTRIM",
    "SADD",
    "SREM",
    "ZADD",
    "ZREM",
    "UNLINK",
    "PEXPIREAT",
    "PERSIST",
    "EXISTS",
    "SCAN",
    "SRANDMEMBER",
];

/// A command that is needed and was renamed away; none is found missing where `COMMAND` itself is.
fn missing_command(ctx: *mut raw::RedisModuleCtx) -> Option<&'static str> {
    let words: Vec<&[u8]> = [&b"INFO"[..]]
        .into_iter()
        .chain(NEEDED.map(str::as_bytes))
        .collect();
    let known = call::read(ctx, c"COMMAND", &words).ok()?;
    let is_missing = |index: usize| known.at(index).is_none_or(|entry| entry.at(0).is_none());
    NEEDED
        .into_iter()
        .enumerate()
        .find(|(index, _)| is_missing(*index))
        .map(|(_, name)| name)
}

/// Gives back what statics hold, as unloading does not drop them.
fn deinit(ctx: &Context) -> Status {
    if let Some(client) = endangering_client(ctx.ctx) {
        let line = format!("not unloaded: this server would crash should the client with the id {client} repeat its last command; end it by CLIENT KILL ID, or restart the server");
        log(Level::Warning, &line);
        return Status::Err;
    }
    background::unload();
    keyspace::unload();
    tally::begin();
    anonymization::unload();
    configuration::unload();
    #[cfg(not(any(test, fuzzing)))]
    super::allocator::give_back();
    Status::Ok
}

/// The first release of Redis that looks a connection's next command up by its last one, though a module may have taken that
/// along: 8.2 and 8.6 crash, 7.0 does not. (Every Valkey calls itself Redis 7.2.)
const REMEMBERING: (u32, u32) = (8, 0);

/// The id of a client whose last command is one of ours, on a server that would crash should it come again.
fn endangering_client(ctx: *mut raw::RedisModuleCtx) -> Option<String> {
    let version = Server { ctx }.info(c"server", c"redis_version")?;
    let mut parts = version.split('.').map_while(|part| part.parse().ok());
    if (parts.next()?, parts.next()?) < REMEMBERING {
        return None;
    }
    let reply = call::read(ctx, c"CLIENT", &[b"LIST"]).ok()?;
    let clients = String::from_utf8_lossy(reply.text()?).into_owned();
    clients.lines().find_map(|client| {
        let field = |name| client.split(' ').find_map(|field| field.strip_prefix(name));
        let last = field("cmd=")?;
        let is_ours = |ours: &Registered| ours.command.name.eq_ignore_ascii_case(last);
        let remembers = crate::TABLE.iter().any(is_ours);
        remembers.then(|| field("id=").map(str::to_owned))?
    })
}

redis_module! {
    name: "patternmemory",
    version: VERSION,
    allocator: (ModuleAllocator, ALLOCATOR),
    data_types: [],
    init: init,
    deinit: deinit,
}
