//! Hostile input: whatever is sent, the server answers, says nothing back, and a refusal changes nothing.

use redis::Value;
use serde_json::{json, Value as Json};

use crate::support::catalog::CALLS;
use crate::support::client::shown;
use crate::support::{array, effort, fill, text, today, Client, Server};

/// What no error may contain: it is in the hostile arguments only.
const MARK: &str = "ZQXJ";

/// Values for any place.
fn hostile_values() -> Vec<Vec<u8>> {
    let mut values: Vec<Vec<u8>> = [
        "", " ", "ZQXJ", "ZQXJ{tag}", "{ZQXJ}", "}ZQXJ{", "ZQXJ\0b", "ZQXJ\r\n-ERR injected\r\n", "ZQXJ\x1b[31m",
        "\u{7f}ZQXJ", "ZQXJ\u{85}", "ZQXJ%s%n%x%d", "ZQXJ一Ā", "ZQXJ🙂", "ZQXJ:%3A:%", "NaN", "nan", "inf", "-inf",
        "Infinity", "1e999", "-1e999", "1e-999", "-1", "-0", "0", "1", "1.0", "0.5", "1.0000001", "+1", " 1", "1 ",
        "0x10", "1_000", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809",
        "18446744073709551616", "3651", "AUTO", "ID", "LIMIT", "TRUE", "null", "[]", "\"ZQXJ\"", "{\"ZQXJ\":}",
        "{\"a\":\"ZQXJ\"", "{\"a\":1}{\"b\":2}", "{\"a\":\"\\ud800\"}", "{\"a\":\"\\ud83d\\ude42\"}",
        "{\"\":{\"\":\"\"}}", "{\"a\":1e400}", "{\"a\":-}", "{\"a\":01}", "{\"a\":NaN}", "{\"a\":\"\u{1}\"}",
        "\u{feff}{\"a\":1}", "*", "[a-", "\\",
    ]
    .iter()
    .map(|value| value.as_bytes().to_vec())
    .collect();
    values.push(b"ZQXJ\xff\xfe".to_vec());
    values.push(b"\xc3\x28".to_vec());
    values.push(b"{\"a\":\"\xff\"}".to_vec());
    values.push("Z".repeat(257).into_bytes());
    values.push("Z".repeat(513).into_bytes());
    values.push("ä".repeat(129).into_bytes());
    values.push("9".repeat(400).into_bytes());
    values.push("[".repeat(100_000).into_bytes());
    values.push("{\"a\":".repeat(100_000).into_bytes());
    values.push(format!("{}1{}", "{\"a\":".repeat(65), "}".repeat(65)).into_bytes());
    values.push(format!("{{\"a\":{}{}}}", "[".repeat(64), "]".repeat(64)).into_bytes());
    values.push("Z".repeat(1_048_577).into_bytes());
    values.push(format!("{{\"a\":\"{}\"}}", "a".repeat(1_048_577)).into_bytes());
    values
}

/// Argument lists that are wrong as a whole.
fn misshapen(words: &[Vec<u8>]) -> Vec<Vec<Vec<u8>>> {
    let mut lists = Vec::new();
    for length in 1..words.len() {
        lists.push(words[..length].to_vec());
    }
    for place in 1..words.len() {
        let mut without = words.to_vec();
        without.remove(place);
        lists.push(without);
        let mut twice = words.to_vec();
        twice.insert(place, words[place].clone());
        lists.push(twice);
        let mut swapped = words.to_vec();
        swapped.swap(place, words.len() - 1);
        lists.push(swapped);
    }
    for tail in
        [&["ZQXJ"][..], &["ZQXJ", "1"], &["LIMIT"], &["ID", "x", "ID", "y"], &["DAYS", "1", "DAYS", "2"], &["", ""]]
    {
        let mut longer = words.to_vec();
        longer.extend(tail.iter().map(|word| word.as_bytes().to_vec()));
        lists.push(longer);
    }
    lists
}

/// Sends lists and collects what was wrong about the server's behaviour.
struct Probe {
    client: Client,
    state: String,
    faults: Vec<String>,
}

impl Probe {
    #[track_caller]
    fn new(server: &Server) -> Self {
        let mut client = server.client();
        fill(&mut client, "r");
        let state = client.text(&["DEBUG", "DIGEST"]);
        Self { client, state, faults: Vec::new() }
    }

    #[track_caller]
    fn send(&mut self, arguments: &[Vec<u8>]) {
        match self.client.try_run(arguments) {
            Ok(_) => {
                if CALLS.iter().any(|call| call.writes && call.name().as_bytes() == arguments[0]) {
                    fill(&mut self.client, "r");
                    self.state = self.client.text(&["DEBUG", "DIGEST"]);
                }
            }
            Err(error) => {
                assert!(!error.starts_with("connection lost"), "{}: {error}", shown(arguments));
                let state = self.client.text(&["DEBUG", "DIGEST"]);
                let complaint =
                    complaint(&error).or_else(|| (state != self.state).then_some("an error that changed something"));
                if let Some(complaint) = complaint {
                    self.faults.push(format!("{complaint}: {} answered {error}", shown(arguments)));
                }
                self.state = state;
            }
        }
    }

    /// Fails where there was a fault, or a panic that became an error.
    #[track_caller]
    fn conclude(mut self) {
        let faults = &self.faults;
        assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults[..faults.len().min(40)].join("\n"));
        assert_no_panic(&mut self.client);
    }
}

/// What is wrong with an error reply.
fn complaint(error: &str) -> Option<&'static str> {
    if !["ERR ", "WRONGTYPE ", "OOM ", "NOPERM ", "TRYAGAIN "].iter().any(|code| error.starts_with(code)) {
        Some("an unknown code")
    } else if !error.is_ascii() {
        Some("not ASCII")
    } else if error.contains(MARK) || error.contains("ZZZZ") {
        Some("repeats the input")
    } else if error.len() > 600 {
        Some("much too long")
    } else if error.to_ascii_lowercase().contains("panic") || error.contains("internal") {
        Some("a panic")
    } else {
        None
    }
}

#[test]
fn hostile_values_at_every_place_of_every_command() {
    let server = Server::start();
    let mut probe = Probe::new(&server);
    let export = probe.client.text(&["PATTERN.EXPORT", "r"]);
    let values = hostile_values();
    for call in CALLS {
        let words: Vec<Vec<u8>> = call.for_repo("r", &export).into_iter().map(String::into_bytes).collect();
        for place in 1..words.len() {
            for value in &values {
                let mut arguments = words.clone();
                arguments[place] = value.clone();
                probe.send(&arguments);
            }
        }
    }
    probe.conclude();
}

#[test]
fn misshapen_argument_lists_of_every_command() {
    let server = Server::start();
    let mut probe = Probe::new(&server);
    let export = probe.client.text(&["PATTERN.EXPORT", "r"]);
    for call in CALLS {
        let words: Vec<Vec<u8>> = call.for_repo("r", &export).into_iter().map(String::into_bytes).collect();
        for arguments in misshapen(&words) {
            probe.send(&arguments);
        }
    }
    probe.conclude();
}

#[test]
fn random_argument_lists() {
    let server = Server::start();
    let mut probe = Probe::new(&server);
    let mut words: Vec<Vec<u8>> =
        CALLS.iter().flat_map(|call| call.for_repo("r", "{}")).map(String::into_bytes).collect();
    words.extend(hostile_values().into_iter().filter(|value| value.len() < 1_000));
    // A xorshift with a fixed start: the same lists in every run.
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed >> 33).expect("31 bits") % below
    };
    for _ in 0..effort(4_000, 200_000) {
        let call = &CALLS[random(CALLS.len())];
        let mut arguments = vec![call.name().as_bytes().to_vec()];
        if call.has_repo() {
            arguments.push(b"r".to_vec());
        }
        for _ in 0..random(8) {
            arguments.push(words[random(words.len())].clone());
        }
        probe.send(&arguments);
    }
    probe.conclude();
}

/// No counter of panics in INFO is above zero, and there is one.
#[track_caller]
fn assert_no_panic(client: &mut Client) {
    let info = client.text(&["INFO", "patternmemory"]);
    let counters: Vec<&str> = info.lines().filter(|line| line.contains("panic")).collect();
    assert!(!counters.is_empty(), "INFO counts panics: {info}");
    assert!(counters.iter().all(|line| line.ends_with(":0")), "{counters:?}");
}

/// Every document that differs from this one in one place: another value there, or nothing.
fn variants(document: &Json) -> Vec<Json> {
    let mut paths = Vec::new();
    collect_paths(document, String::new(), &mut paths);
    let replacements = [
        Json::Null,
        json!(-1),
        json!(0),
        json!(1.5),
        json!(1e308),
        json!(u64::MAX),
        json!(i64::MIN),
        json!("ZQXJ"),
        json!("x".repeat(600)),
        json!("a\u{0}b{c}"),
        json!("9999-12-31T23:59:59.999Z"),
        json!("0001-01-01T00:00:00.000Z"),
        json!("token: ghp_EXAMPLEexample0123456789abcdefABCDEF"),
        json!(true),
        json!([]),
        json!([[1, "a"], {"b": 2}]),
        json!({}),
    ];
    let mut variants = Vec::new();
    for path in &paths {
        for replacement in &replacements {
            let mut variant = document.clone();
            if let Some(place) = variant.pointer_mut(path) {
                *place = replacement.clone();
                variants.push(variant);
            }
        }
        let (parent, name) = path.rsplit_once('/').expect("a path");
        let mut variant = document.clone();
        match variant.pointer_mut(parent) {
            Some(Json::Object(fields)) => {
                fields.remove(name);
            }
            Some(Json::Array(items)) => {
                let again = items[0].clone();
                items.push(again);
            }
            _ => {}
        }
        variants.push(variant);
    }
    variants
}

fn collect_paths(value: &Json, path: String, paths: &mut Vec<String>) {
    match value {
        Json::Object(fields) => {
            for (name, value) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect_paths(value, format!("{path}/{name}"), paths);
            }
        }
        Json::Array(items) => {
            for (place, value) in items.iter().enumerate().take(2) {
                collect_paths(value, format!("{path}/{place}"), paths);
            }
        }
        _ => {}
    }
    if !path.is_empty() {
        paths.push(path);
    }
}

#[test]
fn imports_that_were_tampered_with() {
    let server = Server::start();
    let mut probe = Probe::new(&server);
    let export = probe.client.json(&["PATTERN.EXPORT", "r"]);
    for variant in variants(&export) {
        probe.client.text(&["FLUSHALL"]);
        fill(&mut probe.client, "r");
        probe.state = probe.client.text(&["DEBUG", "DIGEST"]);
        let arguments = ["PATTERN.IMPORT", "r", &variant.to_string()].map(|word| word.as_bytes().to_vec());
        match probe.client.try_run(&arguments) {
            Err(_) => probe.send(&arguments),
            Ok(_) => {
                // What came in must not harm what reads it, or what is added to it.
                let _ = probe.client.try_run(&arguments);
                for call in CALLS.iter().filter(|call| !call.writes) {
                    probe.client.run(&call.for_repo("r", ""));
                }
                probe.client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]);
                probe.client.int(&["FIX.RECORD", "r", "style", "autoformat", "1"]);
                probe.client.int(&["SESSION.RECORD", "r", "nightly", "1", "1"]);
                probe.client.json(&["PATTERN.STORE", "r", "naming", r#"{"after":1}"#]);
                let shown = probe.client.text(&["PATTERN.EXPORT", "r"]);
                assert!(!shown.contains("ghp_EXAMPLE"), "a secret came in: {variant}");
                for key in probe.client.key_names("*") {
                    assert!(probe.client.int(&["PTTL", &key]) > 0, "{key} never expires after {variant}");
                }
            }
        }
    }
    probe.conclude();
}

#[test]
fn a_deleted_key_leaves_every_command_working() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    let names = client.key_names("*");
    for name in &names {
        for call in CALLS {
            client.text(&["FLUSHALL"]);
            fill(&mut client, "r");
            client.int(&["DEL", name]);
            if let Err(error) = client.try_run(&call.for_repo("r", &export)) {
                panic!("without {name}, {} answered {error}", call.name());
            }
        }
        // The tally of what is left stays right: hash and ranking agree after the next occurrence.
        client.text(&["FLUSHALL"]);
        fill(&mut client, "r");
        client.int(&["DEL", name]);
        for rule in ["E501", "S105"] {
            client.int(&["ISSUE.TRACK", "r", "style", rule, "low"]);
        }
        let mut kept = client.texts(&["HKEYS", "pm:{r}:issues"]);
        kept.sort();
        let mut ranked = client.texts(&["ZRANGE", "pm:{r}:issues:trend", "0", "-1"]);
        ranked.sort();
        assert!(
            kept.iter().all(|issue| issue == "security:S105" || ranked.contains(issue)),
            "{name}: {kept:?} {ranked:?}"
        );
    }
    assert_no_panic(&mut client);
}

#[test]
fn identifiers_are_one_to_256_bytes_of_utf8_without_control_characters() {
    let server = Server::shared();
    let mut client = server.client();
    let mut track = |name: &[u8]| {
        client.try_run(&[b"ISSUE.TRACK".as_slice(), b"hostile/identifiers", b"style", name, b"low"]).is_ok()
    };
    assert!(track(b"x"));
    assert!(track("y".repeat(256).as_bytes()));
    assert!(track("ä".repeat(128).as_bytes()));
    assert!(track("with space, : % { } * ? \u{a0} 名".as_bytes()));
    assert!(!track(b""));
    assert!(!track("y".repeat(257).as_bytes()));
    assert!(!track("ä".repeat(129).as_bytes()));
    assert!(!track(b"a\0b"));
    assert!(!track(b"a\nb"));
    assert!(!track(b"a\tb"));
    assert!(!track(b"a\x7fb"));
    assert!(!track("a\u{85}b".as_bytes()));
    assert!(!track(b"a\xffb"));
}

#[test]
fn a_repo_is_one_to_512_bytes_without_braces() {
    let server = Server::shared();
    let mut client = server.client();
    let mut track = |repo: &[u8]| client.try_run(&[b"ISSUE.TRACK".as_slice(), repo, b"style", b"E501", b"low"]).is_ok();
    assert!(track(b"h"));
    assert!(track("h".repeat(512).as_bytes()));
    assert!(track("/home/größe/a b:c%d*[x]?".as_bytes()));
    assert!(!track(b""));
    assert!(!track("h".repeat(513).as_bytes()));
    assert!(!track(b"a{b"));
    assert!(!track(b"a}b"));
    assert!(!track(b"{h}"));
    assert!(!track(b"a\r\nb"));
    assert!(!track(b"a\xff"));
}

#[test]
fn json_is_an_object_of_at_most_64_levels() {
    let server = Server::shared();
    let mut client = server.client();
    let objects = |levels: usize| format!("{}1{}", "{\"a\":".repeat(levels), "}".repeat(levels));
    let arrays = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
    for data in [objects(64), arrays(64)] {
        client.json(&["PATTERN.STORE", "hostile/depth", "t", &data]);
        assert_eq!(client.text(&["HGET", "pm:{hostile/depth}:pattern:t:default", "pattern_data"]), data);
        client.json(&["PATTERN.GET", "hostile/depth", "t"]);
        client.json(&["PATTERN.EVOLUTION", "hostile/depth", "t"]);
        client.int(&["SESSION.RECORD", "hostile/depth", "s", "1", "1", "DATA", &data]);
    }
    for data in [objects(65), arrays(65)] {
        client.error_of("ERR", &["PATTERN.STORE", "hostile/depth", "t", &data]);
    }
}

#[test]
fn a_bad_option_is_answered_with_the_allowed_ones() {
    let server = Server::shared();
    let mut client = server.client();
    for (call, allowed) in [
        (&["PATTERN.STORE", "r", "t", "{}", "COLOR", "x"][..], &["ID", "CONFIDENCE", "REASON", "IFVERSION", "TTL"][..]),
        (&["PATTERN.LIST", "r", "COLOR", "x"], &["TYPE", "MINCONFIDENCE", "LIMIT"]),
        (&["PATTERN.EVOLUTION", "r", "t", "COLOR", "x"], &["ID", "DAYS", "LIMIT"]),
        (&["PATTERN.INSIGHTS", "r", "COLOR", "x"], &["DAYS", "TOP"]),
        (&["PATTERN.REPOS", "COLOR", "x"], &["CURSOR", "MATCH", "COUNT"]),
        (&["ISSUE.TRENDS", "r", "COLOR", "x"], &["DAYS", "TOP", "TYPE", "SEVERITY"]),
        (&["ISSUE.HISTORY", "r", "COLOR", "x"], &["DAYS", "TYPE", "SEVERITY"]),
        (&["FIX.RECORD", "r", "i", "f", "1", "COLOR", "x"], &["FEEDBACK", "METADATA", "ID"]),
        (&["FIX.ADVISE", "r", "i", "COLOR", "x"], &["AUTO", "STOP", "LIMIT"]),
        (&["SESSION.RECORD", "r", "s", "1", "1", "COLOR", "x"], &["DATA"]),
        (&["PATTERN.IMPORT", "r", "{}", "COLOR"], &["MERGE", "REPLACE"]),
    ] {
        let error = client.error_of("ERR", call);
        for option in allowed {
            assert!(error.contains(option), "{call:?} does not name {option}: {error}");
        }
        assert!(!error.contains("COLOR"), "{error}");
    }
}

#[test]
fn windows_and_counts_out_of_range_are_refused() {
    let server = Server::shared();
    let mut client = server.client();
    let repo = "hostile/windows";
    fill(&mut client, repo);
    for days in ["0", "3651", "-1", "1.5", "x", ""] {
        for command in ["ISSUE.TRENDS", "ISSUE.HISTORY", "SESSION.ANALYTICS", "PATTERN.INSIGHTS"] {
            client.error_of("ERR", &[command, repo, "DAYS", days]);
        }
        client.error_of("ERR", &["PATTERN.EVOLUTION", repo, "naming", "DAYS", days]);
    }
    for command in ["ISSUE.TRENDS", "ISSUE.HISTORY", "SESSION.ANALYTICS", "PATTERN.INSIGHTS"] {
        client.json(&[command, repo, "DAYS", "3650"]);
        client.json(&[command, repo, "DAYS", "1"]);
    }
    for confidence in ["-0.1", "1.1", "nan", "inf", "x", "", "1e999"] {
        client.error_of("ERR", &["PATTERN.STORE", repo, "t", "{}", "CONFIDENCE", confidence]);
        client.error_of("ERR", &["PATTERN.CONFIDENCE", repo, "naming", confidence]);
        client.error_of("ERR", &["PATTERN.LIST", repo, "MINCONFIDENCE", confidence]);
    }
    for bad in ["-1", "x", ""] {
        for command in ["PATTERN.LIST", "FIX.LIST", "SESSION.LIST"] {
            client.error_of("ERR", &[command, repo, "LIMIT", bad, "1"]);
            client.error_of("ERR", &[command, repo, "LIMIT", "0", bad]);
        }
    }
}

#[test]
fn wrong_arity_is_redis_own_error() {
    let server = Server::shared();
    let mut client = server.client();
    for call in CALLS {
        let least: &[&str] = &[call.name()];
        if call.name() == "PATTERN.RULES" || call.name() == "PATTERN.REPOS" || call.name() == "PATTERN.HEALTH" {
            client.run(least);
        } else {
            let error = client.error_of("ERR", least);
            assert!(error.contains("wrong number of arguments"), "{}: {error}", call.name());
        }
    }
}

#[test]
fn garbage_in_the_keys_hides_only_itself() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    let day = today(&mut client);
    let garbage = ["", "{", "not json", "[]", "{\"frequency\":\"many\"}", "{\"a\":1}", "\u{fffd}", "-1", "nan"];
    for (n, value) in garbage.iter().enumerate() {
        let n = n.to_string();
        client.int(&["HSET", "pm:{r}:issues", &format!("style:g{n}"), value]);
        client.int(&["HSET", "pm:{r}:issues", &n, value]);
        client.int(&["ZADD", "pm:{r}:issues:trend", "1", &format!("ghost:{n}"), "2", &format!("g{n}")]);
        client.int(&["LPUSH", "pm:{r}:fixes", value]);
        client.int(&["LPUSH", "pm:{r}:sessions", value]);
        client.int(&["LPUSH", "pm:{r}:history:naming:default", value]);
        client.int(&["HSET", "pm:{r}:fixes:stats", &format!("style:g{n}"), value]);
        client.int(&["HSET", "pm:{r}:fixes:stats", &format!("g{n}"), value]);
        client.int(&["HSET", &format!("pm:{{r}}:day:{day}"), &format!("issue:style:g{n}"), value]);
        client.int(&["HSET", &format!("pm:{{r}}:day:{day}"), &format!("g{n}"), value]);
        client.int(&["SADD", "pm:{r}:patterns", value, &format!("t:{n}")]);
        client.int(&["HSET", "pm:{r}:meta", &format!("day:{value}"), value]);
        client.int(&["HSET", &format!("pm:{{r}}:pattern:t:{n}"), "version", value, "pattern_data", value]);
    }
    client.int(&["HSET", "pm:{r}:issues", "style:zero", "a\0b"]);
    for call in CALLS.iter().filter(|call| !call.writes) {
        client.run(&call.for_repo("r", &export));
    }
    let fixes = client.json(&["FIX.LIST", "r", "LIMIT", "0", "100"]);
    assert!(array(&fixes).iter().any(|fix| text(&fix["fix_type"]) == "autoformat"), "{fixes}");
    let sessions = client.json(&["SESSION.LIST", "r", "LIMIT", "0", "100"]);
    assert!(array(&sessions).iter().any(|session| text(&session["session_type"]) == "nightly"), "{sessions}");
    let trends = client.json(&["ISSUE.TRENDS", "r", "TOP", "100"]);
    assert!(array(&trends["trending_issues"]).iter().any(|issue| text(&issue["issue_rule"]) == "E501"), "{trends}");
    assert_eq!(client.json(&["FIX.RATES", "r"])["autoformat"]["total_attempts"], 1);
    assert_eq!(client.json(&["SESSION.ANALYTICS", "r"])["total_sessions"], 1);
    for call in CALLS.iter().filter(|call| call.writes) {
        if let Err(error) = client.try_run(&call.for_repo("r", &export)) {
            assert!(error.starts_with("ERR "), "{}: {error}", call.name());
        }
    }
    assert!(client.key_names("*{r}*").is_empty(), "FORGET, the last, takes all of it");
    assert_no_panic(&mut client);
}

#[test]
fn no_call_keeps_memory() {
    let server = Server::start();
    let mut client = server.client();
    fill(&mut client, "r");
    // A history and lists that are full already: what a write keeps, it gives back by what it drops.
    for name in ["max-history", "max-fixes", "max-sessions"] {
        client.text(&["CONFIG", "SET", &format!("patternmemory.{name}"), "1"]);
    }
    let calls: &[&[&str]] = &[
        &["PATTERN.STORE", "r", "naming", r#"{"code":"password = \"EXAMPLE-hunter2-x9\""}"#, "REASON", "again"],
        &["PATTERN.STORE", "r", "naming", "{}", "IFVERSION", "0"],
        &["PATTERN.STORE", "r", "naming", "{"],
        &["PATTERN.GET", "r", "naming"],
        &["PATTERN.GET", "r", "absent"],
        &["PATTERN.LIST", "r"],
        &["PATTERN.CONFIDENCE", "r", "naming", "7"],
        &["PATTERN.EVOLUTION", "r", "naming"],
        &["PATTERN.INSIGHTS", "r"],
        &["PATTERN.EXPORT", "r"],
        &["PATTERN.RETAIN", "r", "7776000"],
        &["PATTERN.REPOS", "MATCH", "*"],
        &["PATTERN.ANONYMIZE", r#"{"password":"EXAMPLE-hunter2-x9"}"#, "JSON"],
        &["PATTERN.RULES"],
        &["PATTERN.HEALTH", "r"],
        &["ISSUE.TRACK", "r", "style", "E501", "low", "COUNT", "0"],
        &["ISSUE.GET", "r", "style", "E501"],
        &["ISSUE.TRENDS", "r"],
        &["ISSUE.HISTORY", "r"],
        &["FIX.RATES", "r"],
        &["FIX.ADVISE", "r", "style"],
        &["FIX.LIST", "r"],
        &["SESSION.ANALYTICS", "r"],
        &["SESSION.LIST", "r"],
        &["CONFIG", "GET", "patternmemory.*"],
        &["INFO", "patternmemory"],
    ];
    let used = |client: &mut Client| -> i64 {
        client.run(&["MEMORY", "PURGE"]);
        let field = |client: &mut Client, name: &str| -> i64 {
            client.info("memory", name).and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
        };
        field(client, "used_memory") - field(client, "mem_clients_normal")
    };
    for call in calls {
        let mut repeat = |times: i64| {
            for _ in 0..times {
                let _ = client.try_run(call);
            }
            used(&mut client)
        };
        // The server's own buffers grow and shrink once in a while: what a call keeps shows in every round.
        let mut before = repeat(200);
        let grown: Vec<i64> = (0..4)
            .map(|_| {
                let after = repeat(500);
                let grown = after - before;
                before = after;
                grown
            })
            .collect();
        assert!(grown.iter().any(|bytes| *bytes < 500 * 8), "4 times 500 times {call:?} kept {grown:?} bytes");
    }
}

#[test]
fn the_protocol_stays_in_step_after_line_breaks_and_nul_bytes() {
    let server = Server::shared();
    let mut client = server.client();
    for data in [r#"{"a":"\r\n+OK\r\n"}"#, r#"{"a":"\u0000"}"#] {
        client.json(&["PATTERN.STORE", "hostile/protocol", "t", data, "REASON", "line\r\n-ERR x\r\nbreak\0"]);
        let pattern = client.json(&["PATTERN.GET", "hostile/protocol", "t"]);
        let expected: serde_json::Value = serde_json::from_str(data).expect("JSON");
        assert_eq!(pattern["pattern_data"], expected);
        let history = client.json(&["PATTERN.EVOLUTION", "hostile/protocol", "t"]);
        assert_eq!(history["changes"][0]["reason"], "line\r\n-ERR x\r\nbreak\0");
    }
    assert_eq!(client.run(&["PING"]), Value::SimpleString("PONG".to_owned()));
}
