//! How settings are set: `CONFIG GET`, `SET` and `REWRITE`, the configuration file, `loadmodule` arguments.
//!
//! The server keeps the values of a configuration file until a module asks for them, so they are registered
//! first, loaded second, and overridden by the arguments of `loadmodule` last.

use std::ffi::{c_char, c_int, c_longlong, c_void, CString};
use std::ptr;
use std::sync::atomic::Ordering;

use redis_module::raw;

use super::log::{log, Level};
use super::settings::{self, Number, Text, NUMBERS, TEXTS};
use super::string::bytes_of;

/// Registers every setting, loads the configuration file's values, and lets `loadmodule` arguments override them.
pub(super) fn load(ctx: *mut raw::RedisModuleCtx, arguments: &[&[u8]]) -> Result<(), String> {
    let overrides = parse(arguments)?;
    for number in NUMBERS {
        register_number(ctx, number)?;
    }
    for text in TEXTS {
        register_text(ctx, text)?;
    }
    // SAFETY: called once, while the module loads, after all registrations.
    let loaded = unsafe { raw::RedisModule_LoadConfigs.map(|load| load(ctx)) };
    if loaded != Some(raw::REDISMODULE_OK as c_int) {
        return Err(
            "the server refused a setting of patternmemory in its configuration file".into(),
        );
    }
    for (setting, value) in overrides {
        match setting {
            Setting::Number(number) => {
                let value = value.parse().map_err(|_| wrong(number))?;
                number.set(value);
            }
            Setting::Text(text) => text.set(&value)?,
        }
    }
    settings::fix_key_prefix();
    Ok(())
}

/// Gives the strings back that the server was shown; nothing of the module runs afterwards.
pub fn unload() {
    for text in TEXTS {
        let shown = text.shown.swap(ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: the string is ours and freed once.
        unsafe {
            if let (Some(free), false) = (raw::RedisModule_FreeString, shown.is_null()) {
                free(ptr::null_mut(), shown);
            }
        }
    }
}

enum Setting {
    Number(&'static Number),
    Text(&'static Text),
}

fn wrong(number: &Number) -> String {
    format!(
        "loadmodule argument {} must be a whole number from {} to {}",
        number.name, number.least, number.most
    )
}

fn parse(arguments: &[&[u8]]) -> Result<Vec<(Setting, String)>, String> {
    let text = |bytes: &[u8]| {
        let text = std::str::from_utf8(bytes).map(str::to_owned);
        text.map_err(|_| "loadmodule arguments must be UTF-8".to_owned())
    };
    let mut overrides = Vec::new();
    for pair in arguments.chunks(2) {
        let name = text(pair[0])?.to_ascii_lowercase();
        let name = name.strip_prefix("patternmemory.").unwrap_or(&name);
        let number = NUMBERS.iter().find(|number| number.name == name);
        let named = TEXTS.iter().find(|text| text.name == name);
        if number.is_none() && named.is_none() {
            let numbers = NUMBERS.iter().map(|number| number.name);
            let known: Vec<&str> = numbers.chain(TEXTS.iter().map(|text| text.name)).collect();
            return Err(format!(
                "unknown loadmodule argument; allowed: {}",
                known.join(", ")
            ));
        }
        let Some(value) = pair.get(1) else {
            return Err(format!("loadmodule argument {name} needs a value"));
        };
        let value = text(value)?;
        if let Some(number) = number {
            let parsed: i64 = value.parse().map_err(|_| wrong(number))?;
            if !(number.least..=number.most).contains(&parsed) {
                return Err(wrong(number));
            }
            overrides.push((Setting::Number(number), value));
        } else if let Some(named) = named {
            overrides.push((Setting::Text(named), value));
        }
    }
    Ok(overrides)
}

fn register_number(ctx: *mut raw::RedisModuleCtx, number: &'static Number) -> Result<(), String> {
    extern "C" fn get(_: *const c_char, data: *mut c_void) -> c_longlong {
        // SAFETY: `data` is the static that was registered.
        unsafe { &*data.cast::<Number>() }.get()
    }
    extern "C" fn set(
        _: *const c_char,
        value: c_longlong,
        data: *mut c_void,
        _: *mut *mut raw::RedisModuleString,
    ) -> c_int {
        // SAFETY: `data` is the static that was registered; the server has checked the bounds.
        unsafe { &*data.cast::<Number>() }.set(value);
        raw::REDISMODULE_OK as c_int
    }
    let name = CString::new(number.name).map_err(|e| e.to_string())?;
    // SAFETY: the name is copied by the server; the private data is a static.
    let status = unsafe {
        raw::RedisModule_RegisterNumericConfig.map(|register| {
            register(
                ctx,
                name.as_ptr(),
                number.default,
                raw::REDISMODULE_CONFIG_DEFAULT,
                number.least,
                number.most,
                Some(get),
                Some(set),
                None,
                ptr::from_ref(number).cast_mut().cast(),
            )
        })
    };
    registered(status, number.name)
}

fn register_text(ctx: *mut raw::RedisModuleCtx, text: &'static Text) -> Result<(), String> {
    /// Answers a string that the server borrows; the one answered before is freed here.
    extern "C" fn get(_: *const c_char, data: *mut c_void) -> *mut raw::RedisModuleString {
        // SAFETY: `data` is the static that was registered; strings without a context are owned by whoever made
        // them, and the server is done with the last one when it asks for the next.
        unsafe {
            let setting = &*data.cast::<Text>();
            let (Some(create), Some(free)) =
                (raw::RedisModule_CreateString, raw::RedisModule_FreeString)
            else {
                return ptr::null_mut();
            };
            let value = setting.get();
            let new = create(ptr::null_mut(), value.as_ptr().cast(), value.len());
            let old = setting.shown.swap(new, Ordering::Relaxed);
            if !old.is_null() {
                free(ptr::null_mut(), old);
            }
            new
        }
    }
    extern "C" fn set(
        _: *const c_char,
        value: *mut raw::RedisModuleString,
        data: *mut c_void,
        error: *mut *mut raw::RedisModuleString,
    ) -> c_int {
        // SAFETY: `data` is the static that was registered; the value lives as long as the call.
        let setting = unsafe { &*data.cast::<Text>() };
        // SAFETY: the value lives as long as the call.
        let bytes = unsafe { bytes_of(value) };
        let taken = std::panic::catch_unwind(|| match std::str::from_utf8(bytes) {
            Ok(text) => setting.set(text),
            Err(_) => Err("the value must be UTF-8".to_owned()),
        });
        let refusal = match taken {
            Ok(Ok(())) => return raw::REDISMODULE_OK as c_int,
            Ok(Err(refusal)) => refusal,
            Err(_) => "the module failed to take the value; see the server's log".to_owned(),
        };
        let refusal: String = refusal
            .chars()
            .map(|c| if (' '..='~').contains(&c) { c } else { '?' })
            .collect();
        log(
            Level::Warning,
            &format!("setting {} refused: {refusal}", setting.name),
        );
        // SAFETY: the server frees the error string that it is handed.
        unsafe {
            if let (Some(create), false) = (raw::RedisModule_CreateString, error.is_null()) {
                *error = create(ptr::null_mut(), refusal.as_ptr().cast(), refusal.len());
            }
        }
        raw::REDISMODULE_ERR as c_int
    }
    text.reset();
    let name = CString::new(text.name).map_err(|e| e.to_string())?;
    let default = CString::new(text.default).map_err(|e| e.to_string())?;
    let mut flags = raw::REDISMODULE_CONFIG_DEFAULT;
    if text.at_load {
        flags |= raw::REDISMODULE_CONFIG_IMMUTABLE;
    }
    if text.secret {
        flags |= raw::REDISMODULE_CONFIG_SENSITIVE;
    }
    // SAFETY: name and default are copied by the server; the private data is a static.
    let status = unsafe {
        raw::RedisModule_RegisterStringConfig.map(|register| {
            register(
                ctx,
                name.as_ptr(),
                default.as_ptr(),
                flags,
                Some(get),
                Some(set),
                None,
                ptr::from_ref(text).cast_mut().cast(),
            )
        })
    };
    registered(status, text.name)
}

fn registered(status: Option<c_int>, name: &str) -> Result<(), String> {
    if status == Some(raw::REDISMODULE_OK as c_int) {
        return Ok(());
    }
    Err(format!("the server did not take the setting {name}"))
}
