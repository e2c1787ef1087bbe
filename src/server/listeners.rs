//! Whether anybody may listen to what is replicated: a replica, the backlog that one would go on from, or the
//! append-only file.
//!
//! `RedisModule_Replicate` looks a command up and builds its arguments before the server finds that nobody wants them.
//! What the server asks is whether there is an append-only file, which the flags of the context say at any moment, or
//! replicas or a backlog, which only `INFO` says, at some length. So `INFO` is asked once, and again after each event
//! that comes before there can be the first of them: a replica is given a copy of the data first, which a fork makes; a
//! backlog is kept by a server that was a replica, or came with the data that was loaded. Once there was one, and where
//! anything is not as expected, everything is replicated for good; so it is in a cluster, whose slots may move.

use std::ffi::c_int;
use std::sync::atomic::{AtomicU8, Ordering};

use redis_module::raw;

use super::facts::{Facts, Server};

/// What is known of replicas.
static KNOWN: AtomicU8 = AtomicU8::new(ALWAYS);

/// There are, or were, or may be: everything is replicated for good.
const ALWAYS: u8 = 0;
/// Something has happened; `INFO` is to be asked.
const ASK: u8 = 1;
/// There are none.
const NONE: u8 = 2;

/// The events that come before the first replica or backlog, by the numbers that all servers have for them: the role
/// of the server, loading, a replica that came, a fork.
const EVENTS: [u64; 4] = [0, 3, 6, 13];

/// Begins to watch; to be called while the module loads.
pub fn watch(ctx: *mut raw::RedisModuleCtx) {
    let subscribed = EVENTS.iter().all(|id| {
        let event = raw::RedisModuleEvent {
            id: *id,
            dataver: 1,
        };
        // SAFETY: `ctx` is the context in which the module loads; the server forgets the callback when it unloads it.
        unsafe {
            raw::RedisModule_SubscribeToServerEvent.is_some_and(|subscribe| {
                subscribe(ctx, event, Some(heard)) == raw::REDISMODULE_OK as c_int
            })
        }
    });
    KNOWN.store(if subscribed { ASK } else { ALWAYS }, Ordering::Relaxed);
}

extern "C" fn heard(
    _ctx: *mut raw::RedisModuleCtx,
    _event: raw::RedisModuleEvent,
    _part: u64,
    _data: *mut std::ffi::c_void,
) {
    // What is so for good stays.
    let _ = KNOWN.compare_exchange(NONE, ASK, Ordering::Relaxed, Ordering::Relaxed);
}

/// Whether anybody may listen to what the running command replicates.
pub fn may_be_there(server: &Server) -> bool {
    let known = KNOWN.load(Ordering::Relaxed);
    if known == ALWAYS {
        return true;
    }
    let live = raw::REDISMODULE_CTX_FLAGS_AOF
        | raw::REDISMODULE_CTX_FLAGS_CLUSTER
        | raw::REDISMODULE_CTX_FLAGS_SLAVE
        | raw::REDISMODULE_CTX_FLAGS_LOADING;
    if server.flags() & live != 0 {
        return true;
    }
    if known == ASK {
        let asked = ask(server);
        KNOWN.store(asked, Ordering::Relaxed);
        return asked == ALWAYS;
    }
    false
}

fn ask(server: &Server) -> u8 {
    let says = |field, value: &str| server.info(c"replication", field).as_deref() == Some(value);
    let none = says(c"role", "master")
        && says(c"connected_slaves", "0")
        && says(c"repl_backlog_active", "0");
    if none {
        NONE
    } else {
        ALWAYS
    }
}
