//! Anonymizes large arguments on another thread, while the client waits and others are served.
//!
//! The command is rehearsed there: it runs on a repo that is empty, which needs nothing of the server, and what it makes
//! of its free text is kept. Then the server's main thread runs the command as ever, and finds its text made. So there
//! is one way in which a command reads its arguments, and the write is as atomic as any.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::{c_int, c_void, CStr};
use std::panic::{self, AssertUnwindSafe};
use std::ptr::NonNull;
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use redis_module::raw;

use super::anonymization::InForce;
use super::command::{Command, Definition, Invocation};
use super::facts::{Facts, Server};
use super::prepared::Prepared;
use super::string::bytes_of;
use super::{anonymization, call, dispatch, settings, tally, KeyAccess};
use crate::memory::{store, Error, Keys, Repo, Result, Timestamp};

/// The most threads that anonymize at once; one processor is left to the server.
const MOST_THREADS: usize = 4;

/// Contexts in which a client cannot wait.
const CANNOT_WAIT: u32 = raw::REDISMODULE_CTX_FLAGS_MULTI
    | raw::REDISMODULE_CTX_FLAGS_LUA
    | raw::REDISMODULE_CTX_FLAGS_LOADING
    | raw::REDISMODULE_CTX_FLAGS_DENY_BLOCKING
    | raw::REDISMODULE_CTX_FLAGS_REPLICATED;

/// A call that waits: its arguments, and what is made of them.
struct Job {
    client: Waiting,
    arguments: Held,
    rules: Arc<InForce>,
    now: Timestamp,
    prepared: Prepared,
}

/// Strings of the server's that stay while this has them. Taken and given back on the main thread.
struct Held(Vec<*mut raw::RedisModuleString>);

// SAFETY: a string that is held is not changed by anybody, so that any thread may read its bytes.
unsafe impl Send for Held {}

impl Held {
    /// The bytes of each.
    fn bytes(&self) -> Vec<&[u8]> {
        // SAFETY: the strings are held, and so alive as long as `self`.
        self.0.iter().map(|one| unsafe { bytes_of(*one) }).collect()
    }
}

/// The client that waits.
#[derive(Clone, Copy)]
struct Waiting(NonNull<raw::RedisModuleBlockedClient>);

// SAFETY: the server lets any thread end the waiting of a client.
unsafe impl Send for Waiting {}

impl Waiting {
    /// What tells it from others that wait.
    fn number(self) -> usize {
        self.0.as_ptr() as usize
    }
}

/// Clients that left while they waited: nobody needs what is made of their arguments, and a queue of such would grow.
static LEFT: Mutex<BTreeSet<usize>> = Mutex::new(BTreeSet::new());

fn left() -> MutexGuard<'static, BTreeSet<usize>> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Notes that a client left.
///
/// # Safety
/// To be called by the server, for a client that [`start`] let wait.
unsafe extern "C" fn leave(
    _: *mut raw::RedisModuleCtx,
    client: *mut raw::RedisModuleBlockedClient,
) {
    left().insert(client as usize);
}

/// Lets the client of this call wait while its arguments are anonymized, where that is worth it and possible.
/// `strings` are those that the server passed, the name first.
pub fn start<D: Definition>(
    ctx: *mut raw::RedisModuleCtx,
    flags: u32,
    strings: &[*mut raw::RedisModuleString],
) -> bool {
    // SAFETY: copies pointers that are set once at load; NULL where the server lacks the call.
    let (block, unblock, hold) = unsafe {
        (
            raw::RedisModule_BlockClient,
            raw::RedisModule_UnblockClient,
            raw::RedisModule_HoldString,
        )
    };
    let (Some(block), Some(unblock), Some(hold)) = (block, unblock, hold) else {
        return false;
    };
    if flags & CANNOT_WAIT != 0 {
        return false;
    }
    // SAFETY: `ctx` is the context of the running command, in which a client can wait; the callbacks are of the types
    // that the server asks for, and stay as long as the module, which the server keeps while a client waits for it.
    let client = unsafe { block(ctx, Some(finish::<D>), None, Some(free), 0) };
    let Some(client) = NonNull::new(client).map(Waiting) else {
        return false;
    };
    // SAFETY: the client is blocked; the callback stays as long as the module.
    unsafe {
        if let Some(watch) = raw::RedisModule_SetDisconnectCallback {
            watch(client.0.as_ptr(), Some(leave));
        }
    }
    // SAFETY: the strings are the arguments of the running command; each is held once and given back once, in `free`.
    let held = strings.iter().map(|one| unsafe { hold(ctx, *one) });
    let job = Box::new(Job {
        client,
        arguments: Held(held.collect()),
        rules: anonymization::current(),
        now: dispatch::now(),
        prepared: Prepared::keeping(),
    });
    tally::IN_BACKGROUND.add(1);
    submit(Box::new(move || {
        let mut job = job;
        let client = job.client;
        // What panics here does so again on the main thread, which says so.
        let rehearsed = panic::catch_unwind(AssertUnwindSafe(|| {
            let gone = left().contains(&client.number());
            if gone {
                Prepared::default()
            } else {
                let words = job.arguments.bytes();
                rehearse::<D>(words.get(1..).unwrap_or_default(), &job.rules, job.now)
            }
        }));
        job.prepared = rehearsed.unwrap_or_default().stop_keeping();
        let job = Box::into_raw(job).cast::<c_void>();
        // SAFETY: the client was blocked above and is unblocked only here; the job goes to `finish` and `free`.
        unsafe { unblock(client.0.as_ptr(), job) };
    }));
    true
}

/// Whether the arguments are so large that anonymizing them would make others wait.
pub fn is_worth_it(command: &Command, args: &[&[u8]]) -> bool {
    command.takes_free_text()
        && args.iter().map(|arg| arg.len()).sum::<usize>() >= settings::background_threshold()
}

/// Runs the command on an empty repo, and gives what it made of its free text.
fn rehearse<D: Definition>(args: &[&[u8]], rules: &InForce, now: Timestamp) -> Prepared {
    let settings = settings::in_force();
    let key = args
        .first()
        .filter(|_| D::COMMAND.access != KeyAccess::None);
    let checks = rules.checks();
    let Ok(repo) = key.map(|repo| Repo::check(repo, checks)).transpose() else {
        return Prepared::default();
    };
    let invocation = Invocation {
        args,
        repo,
        now,
        settings: &settings,
        anonymizer: &rules.anonymizer,
        checks,
        store: &store::Empty,
        facts: &Nobody,
        prefix: settings::key_prefix(),
        redactions: RefCell::default(),
        prepared: Prepared::keeping(),
    };
    // What it answers and would do is of an empty repo, and means nothing.
    drop(D::run(&invocation));
    invocation.prepared
}

/// A rehearsal by the built-in rules, for tests of commands.
#[cfg(test)]
pub fn rehearse_by_default<D: Definition>(args: &[&[u8]]) -> Prepared {
    rehearse::<D>(args, &anonymization::current(), Timestamp::from_ms(0))
}

/// Whom a rehearsal takes for the server and its client.
struct Nobody;

impl Facts for Nobody {
    fn user(&self) -> Option<String> {
        None
    }

    fn may_read(&self, _: Repo<'_>) -> bool {
        false
    }

    fn scan(&self, _: u64, _: &[u8], _: u64) -> Result<(u64, Vec<Vec<u8>>)> {
        Ok((0, Vec::new()))
    }

    fn info(&self, _: &'static CStr, _: &'static CStr) -> Option<String> {
        None
    }
}

/// Runs the command itself, on the main thread, for the client that waited.
///
/// # Safety
/// To be called by the server, with the context of a client that [`start`] let wait.
unsafe extern "C" fn finish<D: Definition>(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    // SAFETY: the server calls this with what `start` unblocked the client with, before it calls `free`; it passes the
    // arguments that the client sent, and keeps them until this returns.
    unsafe {
        let job = raw::RedisModule_GetBlockedClientPrivateData.map(|data| data(ctx).cast::<Job>());
        let job = job.and_then(|job| job.as_mut());
        let made = job.map(|job| (Arc::clone(&job.rules), std::mem::take(&mut job.prepared)));
        dispatch::resume::<D>(ctx, argv, argc, made)
    }
}

/// Gives back what a job holds.
///
/// # Safety
/// To be called by the server, on its main thread, once for each job.
unsafe extern "C" fn free(ctx: *mut raw::RedisModuleCtx, job: *mut c_void) {
    // SAFETY: the server passes what the client was unblocked with: a job that nobody else has any more. Its strings
    // were held in `start`.
    unsafe {
        if job.is_null() {
            return;
        }
        let job = Box::from_raw(job.cast::<Job>());
        left().remove(&job.client.number());
        if let Some(free) = raw::RedisModule_FreeString {
            job.arguments.0.iter().for_each(|one| free(ctx, *one));
        }
    }
}

/// Refuses a command that the server would not take any more: it waited, and much may be different now. `words` are
/// those that the client sent, the name first; `repo` is the one that they name, where they do.
pub fn check_again(
    command: &Command,
    server: &Server,
    words: &[*mut raw::RedisModuleString],
    repo: Option<Repo<'_>>,
) -> Result<()> {
    if !server.may_run(words) {
        return Err(Error::State(
            "NOPERM The user lost the permission while the arguments were anonymized; nothing was done",
        ));
    }
    if !command.access.writes() {
        return Ok(());
    }
    let flags = server.flags();
    if flags & raw::REDISMODULE_CTX_FLAGS_READONLY != 0 {
        return Err(Error::State(
            "READONLY The server became a replica while it anonymized the arguments; nothing was written",
        ));
    }
    // Where the server may evict, it does so before the next command, and refuses none.
    let full = raw::REDISMODULE_CTX_FLAGS_OOM | raw::REDISMODULE_CTX_FLAGS_EVICT;
    if flags & full == raw::REDISMODULE_CTX_FLAGS_OOM && command.denied_on_oom {
        return Err(Error::State(
            "OOM The server's memory became full while it anonymized the arguments; nothing was written",
        ));
    }
    // SAFETY: the function takes nothing and looks at the state of the server.
    let paused = unsafe { raw::RedisModule_AvoidReplicaTraffic.is_some_and(|avoid| avoid() != 0) };
    if paused {
        return Err(Error::State(
            "TRYAGAIN Writes are paused or the server is handing over; nothing was written, try again in a moment",
        ));
    }
    // Whether it can save and has the replicas that it needs is what it asks before a write, and tells nobody else. So a
    // write is tried that does nothing.
    let key = repo.map(|repo| Keys::new(settings::key_prefix(), repo).never_written());
    let tried = key.map(|key| call::try_write(server.ctx, c"PERSIST", &[key.as_bytes()]));
    match tried {
        Some(Err(refusal @ Error::State(_))) => Err(refusal),
        _ => Ok(()),
    }
}

type Work = Box<dyn FnOnce() + Send>;

/// Threads that wait for work.
struct Pool {
    queue: Sender<Work>,
    threads: Vec<JoinHandle<()>>,
}

static POOL: Mutex<Option<Pool>> = Mutex::new(None);

/// Hands work to a thread; there are none before the first.
fn submit(work: Work) {
    let mut pool = POOL.lock().unwrap_or_else(PoisonError::into_inner);
    let pool = pool.get_or_insert_with(Pool::start);
    let Err(refused) = pool.queue.send(work) else {
        return;
    };
    // No thread could be had: then it is done here, and others wait.
    (refused.0)();
}

impl Pool {
    fn start() -> Self {
        let (queue, waiting) = channel::<Work>();
        let waiting = Arc::new(Mutex::new(waiting));
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let threads = processors.saturating_sub(1).clamp(1, MOST_THREADS);
        let spawned = (0..threads).filter_map(|_| {
            let waiting = Arc::clone(&waiting);
            let thread = thread::Builder::new().name("pm-anonymizer".into());
            thread.spawn(move || serve(&waiting)).ok()
        });
        Pool {
            threads: spawned.collect(),
            queue,
        }
    }
}

/// Does what is in the queue until nobody can put anything into it any more.
fn serve(waiting: &Mutex<Receiver<Work>>) {
    loop {
        let next = waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .recv();
        match next {
            Ok(work) => work(),
            Err(_) => break,
        }
    }
    #[cfg(not(test))]
    super::allocator::give_back();
}

/// Ends the threads. The server unloads no module that a client waits for, so that they have nothing to do.
pub fn unload() {
    let pool = POOL.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(Pool { queue, threads }) = pool {
        drop(queue);
        for thread in threads {
            // A thread that panicked has ended, too.
            drop(thread.join());
        }
    }
}
