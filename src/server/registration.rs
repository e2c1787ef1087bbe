//! Tells the server of every command: entry, flags, key, documentation, ACL categories.
//!
//! Done by hand with the raw API, because the crate's attribute macro needs an API that Redis 7.0 does not have.

use std::ffi::{c_char, c_int, CString};
use std::mem::{size_of, zeroed};
use std::ptr;

use redis_module::raw;

use super::command::{Arg, ArgKind, Command, KeyAccess, Registered};
use super::module::NAME;

/// Registers a table of commands.
pub fn register(ctx: *mut raw::RedisModuleCtx, table: &[Registered]) -> Result<(), String> {
    let category = add_category(ctx)?;
    for registered in table {
        let command = &registered.command;
        create(ctx, registered)
            .and_then(|handle| {
                describe(handle, command)?;
                categorize(handle, command, category)
            })
            .map_err(|what| format!("the server refused {what} of {}", command.name))?;
    }
    Ok(())
}

type Handle = *mut raw::RedisModuleCommand;

fn create(ctx: *mut raw::RedisModuleCtx, registered: &Registered) -> Result<Handle, &'static str> {
    let command = &registered.command;
    let name = CString::new(command.name).map_err(|_| "the name")?;
    let flags = CString::new(command.flags().join(" ")).map_err(|_| "the flags")?;
    // The legacy key range mirrors the key specification that `describe` sets.
    let (first, last, step) = match command.access {
        KeyAccess::None => (0, 0, 0),
        _ => (1, 1, 1),
    };
    // SAFETY: called while the module loads; the strings are copied by the server; the entry is a function.
    unsafe {
        let create = raw::RedisModule_CreateCommand.ok_or("the entry")?;
        let get = raw::RedisModule_GetCommand.ok_or("the entry")?;
        let (entry, flags) = (Some(registered.entry), flags.as_ptr());
        if create(ctx, name.as_ptr(), entry, flags, first, last, step)
            != raw::REDISMODULE_OK as c_int
        {
            return Err("the entry");
        }
        let handle = get(ctx, name.as_ptr());
        if handle.is_null() {
            return Err("the entry");
        }
        Ok(handle)
    }
}

/// The strings and arrays that a description points into; the server copies them.
#[derive(Default)]
struct Arena {
    strings: Vec<CString>,
    args: Vec<Box<[raw::RedisModuleCommandArg]>>,
}

impl Arena {
    fn string(&mut self, text: &str) -> *const c_char {
        let text = CString::new(text).unwrap_or_default();
        let pointer = text.as_ptr();
        self.strings.push(text);
        pointer
    }

    fn args(&mut self, args: &[Arg]) -> *mut raw::RedisModuleCommandArg {
        if args.is_empty() {
            return ptr::null_mut();
        }
        let mut described: Vec<_> = args.iter().map(|arg| self.arg(arg)).collect();
        // SAFETY: an argument of zeros is the end of the array, as the API has it.
        described.push(unsafe { zeroed() });
        let mut described = described.into_boxed_slice();
        let pointer = described.as_mut_ptr();
        self.args.push(described);
        pointer
    }

    fn arg(&mut self, arg: &Arg) -> raw::RedisModuleCommandArg {
        use raw::{
            RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_BLOCK as BLOCK,
            RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_DOUBLE as DOUBLE,
            RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_INTEGER as INTEGER,
            RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_KEY as KEY,
            RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_ONEOF as ONEOF,
            RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_PATTERN as PATTERN,
            RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_PURE_TOKEN as PURE_TOKEN,
            RedisModuleCommandArgType_REDISMODULE_ARG_TYPE_STRING as STRING,
        };
        let (type_, inner): (_, &[Arg]) = match arg.kind {
            ArgKind::Key => (KEY, &[]),
            ArgKind::Text | ArgKind::FreeText => (STRING, &[]),
            ArgKind::Integer => (INTEGER, &[]),
            ArgKind::Number => (DOUBLE, &[]),
            ArgKind::Glob => (PATTERN, &[]),
            ArgKind::Flag => (PURE_TOKEN, &[]),
            ArgKind::OneOf(inner) => (ONEOF, inner),
            ArgKind::Block(inner) => (BLOCK, inner),
        };
        let mut flags = raw::REDISMODULE_CMD_ARG_NONE;
        if arg.optional {
            flags |= raw::REDISMODULE_CMD_ARG_OPTIONAL;
        }
        if arg.multiple {
            flags |= raw::REDISMODULE_CMD_ARG_MULTIPLE;
        }
        raw::RedisModuleCommandArg {
            name: self.string(arg.name),
            type_,
            key_spec_index: if matches!(arg.kind, ArgKind::Key) {
                0
            } else {
                -1
            },
            token: arg.token.map_or(ptr::null(), |token| self.string(token)),
            summary: ptr::null(),
            since: ptr::null(),
            flags: flags as c_int,
            deprecated_since: ptr::null(),
            subargs: self.args(inner),
            display_text: ptr::null(),
        }
    }
}

fn describe(handle: Handle, command: &Command) -> Result<(), &'static str> {
    static VERSION: raw::RedisModuleCommandInfoVersion = raw::RedisModuleCommandInfoVersion {
        version: 1,
        sizeof_historyentry: size_of::<raw::RedisModuleCommandHistoryEntry>(),
        sizeof_keyspec: size_of::<raw::RedisModuleCommandKeySpec>(),
        sizeof_arg: size_of::<raw::RedisModuleCommandArg>(),
    };
    let mut arena = Arena::default();
    let mut key_specs = key_specs(command.access);
    let info = raw::RedisModuleCommandInfo {
        version: &VERSION,
        summary: arena.string(command.summary),
        complexity: arena.string(command.complexity),
        since: arena.string(command.since),
        history: ptr::null_mut(),
        tips: ptr::null(),
        arity: command.arity(),
        key_specs: key_specs.as_mut_ptr(),
        args: arena.args(command.args),
    };
    // SAFETY: called while the module loads; everything that `info` points to lives until the call returns, and
    // the server copies it.
    let status = unsafe { raw::RedisModule_SetCommandInfo.map(|set| set(handle, &info)) };
    if status == Some(raw::REDISMODULE_OK as c_int) {
        Ok(())
    } else {
        Err("the description")
    }
}

/// The key specification: the first argument, and what is done to it.
fn key_specs(access: KeyAccess) -> Vec<raw::RedisModuleCommandKeySpec> {
    let flags = match access {
        KeyAccess::None => None,
        KeyAccess::Read | KeyAccess::OptionalRead => {
            Some(raw::REDISMODULE_CMD_KEY_RO | raw::REDISMODULE_CMD_KEY_ACCESS)
        }
        KeyAccess::Write => Some(
            raw::REDISMODULE_CMD_KEY_RW
                | raw::REDISMODULE_CMD_KEY_ACCESS
                | raw::REDISMODULE_CMD_KEY_UPDATE,
        ),
        KeyAccess::Delete => Some(raw::REDISMODULE_CMD_KEY_RW | raw::REDISMODULE_CMD_KEY_DELETE),
    };
    let spec = flags.map(|flags| raw::RedisModuleCommandKeySpec {
        notes: ptr::null(),
        flags: u64::from(flags),
        begin_search_type: raw::RedisModuleKeySpecBeginSearchType_REDISMODULE_KSPEC_BS_INDEX,
        bs: raw::RedisModuleCommandKeySpec__bindgen_ty_1 {
            index: raw::RedisModuleCommandKeySpec__bindgen_ty_1__bindgen_ty_1 { pos: 1 },
        },
        find_keys_type: raw::RedisModuleKeySpecFindKeysType_REDISMODULE_KSPEC_FK_RANGE,
        fk: raw::RedisModuleCommandKeySpec__bindgen_ty_2 {
            range: raw::RedisModuleCommandKeySpec__bindgen_ty_2__bindgen_ty_1 {
                lastkey: 0,
                keystep: 1,
                limit: 0,
            },
        },
    });
    // SAFETY: a specification of zeros is the end of the array, as the API has it.
    spec.into_iter().chain([unsafe { zeroed() }]).collect()
}

/// Adds the module's own ACL category, where the server has such; one left by an earlier load is as good.
fn add_category(ctx: *mut raw::RedisModuleCtx) -> Result<bool, String> {
    // SAFETY: called while the module loads; the name is copied. A NULL pointer is a server without the call.
    let Some(add) = (unsafe { raw::RedisModule_AddACLCategory }) else {
        return Ok(false);
    };
    // SAFETY: as above.
    let added = unsafe { add(ctx, NAME.as_ptr()) } == raw::REDISMODULE_OK as c_int;
    let busy = std::io::Error::last_os_error().raw_os_error() == Some(libc_ebusy());
    if added || busy {
        Ok(true)
    } else {
        Err("the server refused the ACL category of the module".into())
    }
}

/// `EBUSY`, which is 16 on every system that Redis runs on.
const fn libc_ebusy() -> i32 {
    16
}

fn categorize(handle: Handle, command: &Command, own: bool) -> Result<(), &'static str> {
    // SAFETY: reads a pointer that is set once at load. NULL: a server without ACL categories of modules.
    let Some(set) = (unsafe { raw::RedisModule_SetCommandACLCategories }) else {
        return Ok(());
    };
    let mut categories = vec![
        if command.access.writes() {
            "write"
        } else {
            "read"
        },
        if command.slow { "slow" } else { "fast" },
    ];
    if own {
        categories.push("patternmemory");
    }
    let categories = CString::new(categories.join(" ")).map_err(|_| "the ACL categories")?;
    // SAFETY: called while the module loads; the text is copied.
    if unsafe { set(handle, categories.as_ptr()) } == raw::REDISMODULE_OK as c_int {
        Ok(())
    } else {
        Err("the ACL categories")
    }
}
