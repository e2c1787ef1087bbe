//! A fuzzer that speaks to a real server: calls by the grammar of `COMMAND DOCS`, right and nearly right, alone, in
//! MULTI, in scripts and functions, in pipelines, in several databases; the protocol itself, broken; and keys that are
//! not as they should be.
//!
//! It runs in episodes. Each starts with an empty server and a seed; a failure prints the seed and the step, and
//! `PM_FUZZ_SEED=… cargo test --test servers fuzzing` runs that episode again.
//!
//! | file | holds |
//! | --- | --- |
//! | `random`, `values`, `grammar` | numbers from a seed; values; calls of commands |
//! | `plant`, `wire` | keys as they should not be; the protocol, right and wrong |
//! | `episode` | one run of steps from one seed; its `speech` the requests that are bytes |
//! | `oracle` | what must hold whatever was sent |

mod episode;
mod grammar;
mod oracle;
mod plant;
mod random;
mod values;
mod wire;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use episode::{Episode, Figures};
use grammar::Command;
use random::Random;

use crate::support::memcheck;
use crate::support::{effort, Client, Server};

/// How many episodes come before memory is looked at: by then every command has run, and what the module keeps for
/// later calls is full.
const WARM_UP: usize = 3;

#[test]
fn whatever_is_sent_the_server_stays_up_in_step_and_unchanged_by_errors() {
    let server = Server::builder().setting("databases 4").setting("maxclients 200").start();
    let mut client = server.client();
    client.text(&["FUNCTION", "LOAD", FUNCTION]);
    let commands = grammar::learn(&mut client);
    match asked_for() {
        Some(seed) => Episode::new(&server, &commands, seed, &mut Figures::default()).run(),
        None => run_episodes(&server, &commands, &mut client),
    }
    drop(client);
    memcheck::assert_clean(&server.stop());
}

/// One episode after the other until the time is over; memory stays flat all the while.
fn run_episodes(server: &Server, commands: &[Command], client: &mut Client) {
    let mut figures = Figures::default();
    // The same episodes in every short run; a long run looks elsewhere each time.
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time");
    let mut seeds = Random::new(effort(0x5eed, now.as_nanos() as u64));
    let end = Instant::now() + Duration::from_secs(duration());
    let mut kept = Vec::new();
    while Instant::now() < end || kept.len() < 2 * WARM_UP {
        Episode::new(server, commands, seeds.next(), &mut figures).run();
        kept.push((figures.inputs, memory_of_nothing(client)));
    }
    println!("{} episodes: {figures}", kept.len());
    assert!(figures.successes > 0 && figures.errors > 0 && figures.plants > 0 && figures.raw > 0, "{figures}");
    assert_flat(&kept);
}

/// Calls what it is given.
const FUNCTION: &str =
    "#!lua name=fuzz\nredis.register_function('pass', function(keys, args) return redis.pcall(unpack(args)) end)";

/// How many seconds it goes on; `PM_FUZZ_SECONDS` says otherwise.
fn duration() -> u64 {
    let asked = std::env::var("PM_FUZZ_SECONDS").ok();
    asked.map_or_else(|| effort(15, 600), |asked| asked.parse().expect("PM_FUZZ_SECONDS is a number"))
}

/// The seed of the only episode that is asked for.
fn asked_for() -> Option<u64> {
    let seed = std::env::var("PM_FUZZ_SEED").ok()?;
    Some(seed.parse().expect("PM_FUZZ_SEED is the number that a failure printed"))
}

/// What the server uses when everything is forgotten.
fn memory_of_nothing(client: &mut Client) -> i64 {
    client.text(&["FLUSHALL"]);
    client.text(&["SCRIPT", "FLUSH"]);
    client.run(&["MEMORY", "PURGE"]);
    let mut field =
        |name: &str| -> i64 { client.info("memory", name).and_then(|bytes| bytes.parse().ok()).unwrap_or(0) };
    field("used_memory") - field("mem_clients_normal")
}

/// Of all that was sent nothing stays. The server's own buffers grow and shrink: the least of some episodes counts.
fn assert_flat(kept: &[(u64, i64)]) {
    let warm = &kept[WARM_UP..];
    let some = warm.len().div_ceil(4);
    let least = |episodes: &[(u64, i64)]| episodes.iter().map(|(_, bytes)| *bytes).min().expect("an episode");
    let (early, late) = (least(&warm[..some]), least(&warm[warm.len() - some..]));
    let inputs = warm[warm.len() - 1].0 - warm[0].0;
    println!("memory: {early} bytes early, {late} late, {inputs} inputs between");
    let most = 300_000 + i64::try_from(inputs).expect("a count") * 4;
    assert!(late - early < most, "{} bytes stayed of {inputs} inputs", late - early);
}
