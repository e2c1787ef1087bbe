//! Runs a command: arguments, slot, handler, effects, reply; and keeps every panic inside.

use std::cell::RefCell;
use std::ffi::c_int;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::sync::Arc;

use redis_module::raw;

use super::anonymization::InForce;
use super::command::{Definition, Invocation};
use super::facts::Server;
use super::keyspace::Keyspace;
use super::log::{log, Level};
use super::prepared::Prepared;
use super::string::bytes_of;
use super::{
    anonymization, background, call, execution, reply, settings, tally, Answer, KeyAccess, Reply,
};
use crate::memory::{Error, Keys, Repo, Result, Timestamp};

/// What the server calls for the command defined by `D`.
///
/// # Safety
/// To be called by the server, with the context and the arguments of a running command.
pub unsafe extern "C" fn entry<D: Definition>(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
) -> c_int {
    // SAFETY: the server passes what the caller of `answer` must.
    unsafe {
        answer(ctx, argv, argc, |strings, args| {
            tally::COMMANDS.add(1);
            if background::is_worth_it(&D::COMMAND, args) {
                let flags = Server { ctx }.flags();
                if background::start::<D>(ctx, flags, strings) {
                    return Ok(None);
                }
            }
            let rules = anonymization::current();
            run::<D>(
                ctx,
                args,
                strings.get(1).copied(),
                &rules,
                Prepared::default(),
            )
            .map(Some)
        })
    }
}

/// Runs the command defined by `D` for a client that waited; `made` are the rules by which its arguments were
/// anonymized, and what came of it.
///
/// # Safety
/// To be called by the server, with the context of a client that waited and the arguments that it sent.
pub(super) unsafe fn resume<D: Definition>(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
    made: Option<(Arc<InForce>, Prepared)>,
) -> c_int {
    // SAFETY: the server passes what the caller of `answer` must.
    unsafe {
        answer(ctx, argv, argc, |strings, args| {
            let (rules, prepared) =
                made.unwrap_or_else(|| (anonymization::current(), Prepared::default()));
            // One that is no repo is refused when the command runs.
            let repo = args
                .first()
                .filter(|_| D::COMMAND.access != KeyAccess::None)
                .and_then(|repo| Repo::check(repo, rules.checks()).ok());
            background::check_again(&D::COMMAND, &Server { ctx }, strings, repo)?;
            run::<D>(ctx, args, strings.get(1).copied(), &rules, prepared).map(Some)
        })
    }
}

/// Replies with what the handler says of the server's strings and their bytes after the first, if anything; no panic
/// gets out.
///
/// # Safety
/// To be called by the server, with a context that can be replied to and `argc` strings in `argv`.
unsafe fn answer(
    ctx: *mut raw::RedisModuleCtx,
    argv: *mut *mut raw::RedisModuleString,
    argc: c_int,
    handler: impl FnOnce(&[*mut raw::RedisModuleString], &[&[u8]]) -> Result<Option<Reply>>,
) -> c_int {
    let guarded = panic::catch_unwind(AssertUnwindSafe(|| {
        let count = usize::try_from(argc).unwrap_or(0);
        // SAFETY: the server passes `argc` strings in `argv`, alive and unchanged until this function returns.
        let (strings, words): (_, Vec<&[u8]>) = unsafe {
            let strings = std::slice::from_raw_parts(argv, count);
            let words = strings.iter().map(|word| bytes_of(*word)).collect();
            (strings, words)
        };
        match handler(strings, words.get(1..).unwrap_or_default()) {
            Ok(Some(said)) => reply::send(ctx, &said),
            Ok(None) => raw::REDISMODULE_OK as c_int,
            Err(error) => refuse(ctx, &error),
        }
    }));
    guarded.unwrap_or_else(|_| {
        tally::PANICS.add(1);
        refuse(
            ctx,
            &Error::Internal("the module failed to run this command; see the server's log"),
        )
    })
}

fn refuse(ctx: *mut raw::RedisModuleCtx, error: &Error) -> c_int {
    tally::refused(error.kind());
    reply::send_error(ctx, error)
}

/// Runs the command; `key` is the server's string of the first argument.
fn run<D: Definition>(
    ctx: *mut raw::RedisModuleCtx,
    args: &[&[u8]],
    key: Option<*mut raw::RedisModuleString>,
    rules: &InForce,
    prepared: Prepared,
) -> Result<Reply> {
    let command = D::COMMAND;
    let settings = settings::in_force();
    let keyspace = Keyspace::new(ctx, command.access.writes());
    let server = Server { ctx };
    let prefix = settings::key_prefix();
    let named = args.first().filter(|_| command.access != KeyAccess::None);
    let repo = named
        .map(|repo| Repo::check(repo, rules.checks()))
        .transpose()?;
    if let Some(repo) = repo {
        check_slot(&server, repo, prefix)?;
    }
    let invocation = Invocation {
        args,
        repo,
        now: now(),
        settings: &settings,
        anonymizer: &rules.anonymizer,
        checks: rules.checks(),
        store: &keyspace,
        facts: &server,
        prefix,
        redactions: RefCell::default(),
        prepared,
    };
    let Answer { effects, reply } = D::run(&invocation)?;
    if !effects.is_empty() {
        let executed = execution::execute(ctx, &keyspace, &effects);
        // Also of what failed half way: whoever watches must not go on as if nothing had happened.
        if let Some(key) = key.filter(|_| repo.is_some()) {
            signal(ctx, key);
        }
        executed?;
    }
    tally::redacted(&rules.anonymizer, &invocation.redactions.borrow());
    Ok(reply)
}

pub(super) fn now() -> Timestamp {
    // SAFETY: the function takes nothing and reads the clock.
    let ms = unsafe { raw::RedisModule_Milliseconds.map_or(0, |clock| clock()) };
    Timestamp::from_ms(ms)
}

/// Refuses a repo whose slot is being migrated the old way, which would split it over two nodes.
///
/// The declared key, the bare repo, never exists, so the server lets a command through at the importing node. Two
/// keys, one of which never exists, are what it refuses there.
fn check_slot(server: &Server, repo: Repo<'_>, prefix: &str) -> Result<()> {
    if server.flags() & raw::REDISMODULE_CTX_FLAGS_CLUSTER == 0 {
        return Ok(());
    }
    let keys = Keys::new(prefix, repo);
    let (meta, never) = (keys.meta(), keys.never_written());
    call::read(server.ctx, c"EXISTS", &[meta.as_bytes(), never.as_bytes()]).map(|_| ())
}

/// Tells those who watch or cache a key that it has changed.
pub(super) fn signal(ctx: *mut raw::RedisModuleCtx, key: *mut raw::RedisModuleString) {
    // SAFETY: `ctx` is the context of the running command; the name is a string of the server's that is alive.
    unsafe {
        if let Some(signal) = raw::RedisModule_SignalModifiedKey {
            signal(ctx, key);
        }
    }
}

/// Makes a panic one line of the log: where, and what where that is a fixed text. A text made for the occasion may
/// quote what a client sent; a backtrace crashes inside some servers.
pub fn quiet_panics() {
    panic::set_hook(Box::new(|panic| {
        log(Level::Warning, &line_of(panic));
    }));
}

fn line_of(panic: &PanicHookInfo<'_>) -> String {
    let place = panic
        .location()
        .map_or_else(String::new, |place| format!(" at {place}"));
    let text = panic
        .payload()
        .downcast_ref::<&str>()
        .copied()
        .unwrap_or("no fixed message");
    format!("a panic was caught{place}: {text}")
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::thread;

    use super::*;

    #[test]
    fn the_line_of_a_panic_quotes_nothing_that_a_client_sent() {
        static LINES: Mutex<Vec<String>> = Mutex::new(Vec::new());
        let before = panic::take_hook();
        let here = thread::current().id();
        panic::set_hook(Box::new(move |panic| {
            if thread::current().id() == here {
                LINES.lock().unwrap().push(line_of(panic));
            }
        }));
        let sent = String::from("EXAMPLE-hunter2-x9");
        let quoted = panic::catch_unwind(|| panic!("no number in {sent}"));
        let unwrapped = panic::catch_unwind(|| sent.parse::<u8>().map_err(|_| &sent).unwrap());
        let fixed = panic::catch_unwind(|| panic!("a fixed text"));
        panic::set_hook(before);
        assert!(quoted.is_err() && unwrapped.is_err() && fixed.is_err());
        let lines = LINES.lock().unwrap();
        assert_eq!(lines.len(), 3);
        assert!(
            lines.iter().all(|line| !line.contains("EXAMPLE")),
            "{lines:?}"
        );
        assert!(
            lines[0].starts_with("a panic was caught at src/server/dispatch.rs:"),
            "{lines:?}"
        );
        assert!(
            lines[0].ends_with(": no fixed message") && lines[2].ends_with(": a fixed text"),
            "{lines:?}"
        );
    }
}
