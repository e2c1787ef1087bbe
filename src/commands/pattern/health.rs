//! `PATTERN.HEALTH`: whether all is well.

use std::collections::BTreeMap;
use std::ffi::CStr;

use serde::Serialize;

use super::super::arguments::Arguments;
use crate::memory::upkeep::{self, Counts};
use crate::memory::{plan, Result};
use crate::server::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Reply};

/// The command.
pub struct Health;

impl Definition for Health {
    const COMMAND: Command = Command {
        name: "PATTERN.HEALTH",
        summary: "Answers versions, the state of the server and its memory; with a repo, what it holds and for how long.",
        complexity: "O(N) with N the patterns of the repo, and about 12,000 possible names of day keys (1.5 ms)",
        since: "0.1.0",
        access: KeyAccess::OptionalRead,
        denied_on_oom: false,
        slow: true,
        args: &[Arg::REPO.optional()],
        replies: "A document. What is said of a repo (its counts, and `ttls` in seconds) is null where none was named.",
        example: ("PATTERN.HEALTH acme/web", r#"{"status":"ok","module_version":"0.1.0",…,"repo":"acme/web","patterns_count":1,"issues_count":12,…}"#),
    };

    fn run(call: &Invocation<'_>) -> Result<Answer> {
        let mut arguments = Arguments::new(call, &Self::COMMAND);
        let (mut repo, mut counts) = (None, None);
        if arguments.more() {
            let named = arguments.repo()?;
            arguments.end()?;
            counts = Some(upkeep::counts(&call.view(named))?);
            repo = Some(named.as_str());
        }
        let count = |of: fn(&Counts) -> usize| counts.as_ref().map(of);
        let text = |section: &'static CStr, field| call.facts.info(section, field);
        let number = |section, field| text(section, field).and_then(|value| value.parse().ok());
        let valkey = text(c"server", c"valkey_version");
        Ok(Answer::say(Reply::json(&Report {
            status: "ok",
            module_version: env!("CARGO_PKG_VERSION"),
            schema: plan::SCHEMA,
            key_prefix: call.prefix,
            server: if valkey.is_some() { "valkey" } else { "redis" },
            server_version: valkey.or_else(|| text(c"server", c"redis_version")),
            mode: text(c"server", c"redis_mode").or_else(|| text(c"server", c"server_mode")),
            role: text(c"replication", c"role"),
            uptime_seconds: number(c"server", c"uptime_in_seconds"),
            connected_clients: number(c"clients", c"connected_clients"),
            loading: number(c"persistence", c"loading").map(|loading| loading != 0),
            used_memory: number(c"memory", c"used_memory"),
            max_memory: number(c"memory", c"maxmemory"),
            evicted_keys: number(c"stats", c"evicted_keys"),
            rules_loaded: call.anonymizer.rules().len(),
            repo,
            patterns_count: count(|counts| counts.patterns),
            issues_count: count(|counts| counts.issues),
            fixes_count: count(|counts| counts.fixes),
            sessions_count: count(|counts| counts.sessions),
            days_count: count(|counts| counts.days),
            keys_count: count(|counts| counts.keys),
            shortest_ttl: counts.as_ref().and_then(|counts| counts.shortest_ttl),
            ttls: counts.as_ref().map(|counts| &counts.ttls),
        })))
    }
}

#[derive(Serialize)]
struct Report<'a> {
    status: &'static str,
    module_version: &'static str,
    schema: &'static str,
    key_prefix: &'a str,
    server: &'static str,
    server_version: Option<String>,
    mode: Option<String>,
    role: Option<String>,
    uptime_seconds: Option<u64>,
    connected_clients: Option<u64>,
    loading: Option<bool>,
    used_memory: Option<u64>,
    max_memory: Option<u64>,
    evicted_keys: Option<u64>,
    rules_loaded: usize,
    repo: Option<&'a str>,
    patterns_count: Option<usize>,
    issues_count: Option<usize>,
    fixes_count: Option<usize>,
    sessions_count: Option<usize>,
    days_count: Option<usize>,
    keys_count: Option<usize>,
    shortest_ttl: Option<i64>,
    ttls: Option<&'a BTreeMap<String, Option<i64>>>,
}
