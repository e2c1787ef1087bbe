//! Any words as the arguments of any command: they are refused in one line of ASCII, or the command works and every
//! report after it too.
#![no_main]

mod reports;

use libfuzzer_sys::fuzz_target;
use pattern_memory::server::trial;
use pattern_memory::TABLE;

// The first line is the name of the command, or its first byte chooses one; each other line is an argument.
fuzz_target!(|bytes: &[u8]| {
    let mut words = bytes.split(|byte| *byte == b'\n');
    let name = words.next().unwrap_or_default();
    let known = TABLE
        .iter()
        .find(|known| known.command.name.as_bytes() == name);
    let chosen =
        known.unwrap_or(&TABLE[usize::from(name.first().copied().unwrap_or(0)) % TABLE.len()]);
    let args: Vec<&[u8]> = words.collect();
    let least = usize::try_from(chosen.command.arity().unsigned_abs()).expect("a count");
    // The server itself refuses what is too short.
    if args.len() + 1 < least {
        return;
    }
    let memory = reports::filled();
    match trial::run(&memory, chosen.command.name, &args) {
        Ok(_) => reports::every_report(&memory),
        Err(error) => reports::is_well_put(&error),
    }
});
