//! The module's section of INFO.

use std::ffi::{c_int, CString};
use std::panic;

use redis_module::raw;

use super::tally::{self, Counter};
use super::{anonymization, settings};

/// Fills `INFO patternmemory`; nothing in a crash report, as the crash may have left a lock taken.
pub extern "C" fn report(ctx: *mut raw::RedisModuleInfoCtx, for_crash_report: c_int) {
    if for_crash_report != 0 {
        return;
    }
    // A panic must not cross into the server's C code.
    let _ = panic::catch_unwind(|| fill(&Section(ctx)));
}

fn fill(info: &Section) {
    if info.open(c"") {
        info.text("version", env!("CARGO_PKG_VERSION"));
        info.text("key_prefix", settings::key_prefix());
        info.number("commands_processed", tally::COMMANDS.get());
        for (kind, counter) in &tally::REFUSALS {
            info.number(&format!("refused_{kind}"), counter.get());
        }
        let rest: [(&str, &Counter); 5] = [
            ("anonymized_in_background", &tally::IN_BACKGROUND),
            ("effects_executed", &tally::EFFECTS),
            ("records_evicted", &tally::EVICTIONS),
            ("corrupt_records", &tally::CORRUPT_RECORDS),
            ("panics", &tally::PANICS),
        ];
        for (name, counter) in rest {
            info.number(name, counter.get());
        }
    }
    if info.open(c"redactions") {
        info.number(
            "rules_loaded",
            anonymization::current().anonymizer.rules().len() as u64,
        );
        for (kind, count) in tally::redactions() {
            info.number(&format!("redacted_{}", kind.as_str()), count);
        }
        for (rule, count) in tally::redactions_by_rule() {
            info.number(&format!("rule_{}", field_name(&rule)), count);
        }
    }
}

/// A rule's id as a field's name, which must be plain.
fn field_name(id: &str) -> String {
    id.chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
        .collect()
}

struct Section(*mut raw::RedisModuleInfoCtx);

impl Section {
    /// Opens a section; false where it was not asked for.
    fn open(&self, name: &std::ffi::CStr) -> bool {
        let name = if name.is_empty() {
            std::ptr::null()
        } else {
            name.as_ptr()
        };
        // SAFETY: the context is the one that the server handed to `report`; the name is copied.
        let status = unsafe { raw::RedisModule_InfoAddSection.map(|add| add(self.0, name)) };
        status == Some(raw::REDISMODULE_OK as c_int)
    }

    fn number(&self, name: &str, value: u64) {
        let name = CString::new(name).unwrap_or_default();
        // SAFETY: as in `open`.
        unsafe {
            if let Some(add) = raw::RedisModule_InfoAddFieldULongLong {
                add(self.0, name.as_ptr(), value);
            }
        }
    }

    fn text(&self, name: &str, value: &str) {
        let name = CString::new(name).unwrap_or_default();
        let value = CString::new(value).unwrap_or_default();
        // SAFETY: as in `open`.
        unsafe {
            if let Some(add) = raw::RedisModule_InfoAddFieldCString {
                add(self.0, name.as_ptr(), value.as_ptr());
            }
        }
    }
}
