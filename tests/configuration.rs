//! Settings: defaults, ranges, loadmodule arguments, CONFIG SET, CONFIG REWRITE.

use std::fs;

use crate::support::{array, fill, text, Client, Server};

const DEFAULTS: &[(&str, &str)] = &[
    ("default-ttl", "7776000"),
    ("max-history", "1000"),
    ("max-issues", "10000"),
    ("max-fixes", "1000"),
    ("max-sessions", "500"),
    ("max-patterns", "10000"),
    ("max-payload", "1048576"),
    ("max-import", "67108864"),
    ("background-threshold", "32768"),
    ("trend-half-life", "1209600"),
    ("fix-half-life", "2592000"),
    ("max-fix-stats", "2000"),
    ("max-daily-series", "1000"),
];

#[track_caller]
fn setting(client: &mut Client, name: &str) -> Option<String> {
    let name = format!("patternmemory.{name}");
    client.map(&["CONFIG", "GET", &name]).remove(&name)
}

#[test]
fn every_setting_has_its_documented_default() {
    let server = Server::start();
    let mut client = server.client();
    for (name, default) in DEFAULTS {
        assert_eq!(setting(&mut client, name).as_deref(), Some(*default), "{name}");
    }
    for name in ["key-prefix", "rules-file", "redaction-key"] {
        assert!(setting(&mut client, name).is_some(), "{name}");
    }
    assert_eq!(setting(&mut client, "key-prefix").as_deref(), Some("pm"));
    assert_eq!(client.map(&["CONFIG", "GET", "patternmemory.*"]).len(), DEFAULTS.len() + 3);
}

#[test]
fn settings_change_at_run_time_within_their_range() {
    let server = Server::start();
    let mut client = server.client();
    for (name, default) in DEFAULTS {
        let full = format!("patternmemory.{name}");
        let doubled = (default.parse::<i64>().expect("a number") * 2).to_string();
        client.text(&["CONFIG", "SET", &full, &doubled]);
        assert_eq!(setting(&mut client, name).as_deref(), Some(doubled.as_str()));
        for bad in ["-1", "many", ""] {
            client.error(&["CONFIG", "SET", &full, bad]);
            assert_eq!(setting(&mut client, name).as_deref(), Some(doubled.as_str()), "{name} {bad:?}");
        }
        client.text(&["CONFIG", "SET", &full, default]);
    }
    client.error(&["CONFIG", "SET", "patternmemory.default-ttl", "0"]);
    client.text(&["CONFIG", "SET", "patternmemory.default-ttl", "1"]);
}

#[test]
fn the_key_prefix_is_set_at_load_only() {
    let server = Server::builder().module_arguments("key-prefix team").start();
    let mut client = server.client();
    fill(&mut client, "r");
    let names = client.key_names("*");
    assert!(names.len() >= 13 && names.iter().all(|name| name.starts_with("team:{r}:")), "{names:?}");
    client.error(&["CONFIG", "SET", "patternmemory.key-prefix", "other"]);
    assert_eq!(setting(&mut client, "key-prefix").as_deref(), Some("team"));
    assert_eq!(client.json(&["PATTERN.REPOS"])["repos"][0], "r");
}

#[test]
fn settings_stand_in_the_file_and_loadmodule_arguments_win() {
    let server = Server::builder()
        .module_arguments("default-ttl 200 MAX-FIXES 7")
        .setting("patternmemory.default-ttl 300")
        .setting("patternmemory.max-sessions 9")
        .start();
    let mut client = server.client();
    assert_eq!(setting(&mut client, "default-ttl").as_deref(), Some("200"));
    assert_eq!(setting(&mut client, "max-sessions").as_deref(), Some("9"));
    assert_eq!(setting(&mut client, "max-fixes").as_deref(), Some("7"));
    client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]);
    assert!(client.int(&["TTL", "pm:{r}:issues"]) <= 200);
}

#[test]
fn config_rewrite_keeps_what_was_set() {
    let server = Server::start();
    let mut client = server.client();
    client.text(&["CONFIG", "SET", "patternmemory.default-ttl", "4321"]);
    client.text(&["CONFIG", "SET", "patternmemory.max-sessions", "12"]);
    client.text(&["CONFIG", "REWRITE"]);
    let file = fs::read_to_string(server.path().join("server.conf")).expect("the file");
    assert!(file.contains("patternmemory.default-ttl 4321"), "{file}");
    assert!(file.contains("loadmodule"), "{file}");
    // A start from the rewritten file, by a server that writes no file of its own first.
    let rewritten: String =
        file.lines().filter(|line| line.starts_with("patternmemory.")).map(|line| format!("{line}\n")).collect();
    let again = Server::builder().setting(&rewritten).start();
    let mut client = again.client();
    assert_eq!(setting(&mut client, "default-ttl").as_deref(), Some("4321"));
    assert_eq!(setting(&mut client, "max-sessions").as_deref(), Some("12"));
}

#[test]
fn a_lower_cap_holds_from_the_next_write() {
    let server = Server::start();
    let mut client = server.client();
    for _ in 0..10 {
        client.int(&["SESSION.RECORD", "r", "nightly", "1", "1"]);
    }
    client.text(&["CONFIG", "SET", "patternmemory.max-sessions", "4"]);
    assert_eq!(client.int(&["SESSION.RECORD", "r", "nightly", "1", "1"]), 4);
    assert_eq!(client.int(&["LLEN", "pm:{r}:sessions"]), 4);
}

/// A rule in gitleaks' format for a token that nobody else knows.
const RULES: &str = r#"title = "the company's own"

[[rules]]
id = "acme-ticket"
description = "A ticket of Acme"
regex = '''acmeticket_[0-9]{12}'''
keywords = ["acmeticket_"]
"#;

const TICKET: &str = "see acmeticket_012345678901 for it";

#[test]
fn a_company_brings_its_own_rules() {
    let server = Server::start();
    let mut client = server.client();
    let path = server.path().join("rules.toml");
    let name = path.to_string_lossy().into_owned();
    fs::write(&path, RULES).expect("write the rules");
    assert_eq!(client.json(&["PATTERN.ANONYMIZE", TICKET])["text"], TICKET);
    client.text(&["CONFIG", "SET", "patternmemory.rules-file", &name]);
    let answer = client.json(&["PATTERN.ANONYMIZE", TICKET]);
    assert_eq!(answer["text"], "see <REDACTED> for it");
    assert_eq!(answer["redactions"][0]["rule"], "acme-ticket");
    assert!(client.text(&["PATTERN.RULES"]).contains("acme-ticket"));
    // A rule that does not compile is refused and the rules in force stay.
    fs::write(&path, RULES.replace("[0-9]{12}", "[0-9{12}")).expect("write the rules");
    client.error_of("ERR", &["PATTERN.RULES", "RELOAD"]);
    assert_eq!(client.json(&["PATTERN.ANONYMIZE", TICKET])["text"], "see <REDACTED> for it");
    fs::write(&path, RULES.replace("acmeticket_", "acmepaper_")).expect("write the rules");
    client.run(&["PATTERN.RULES", "RELOAD"]);
    assert_eq!(client.json(&["PATTERN.ANONYMIZE", TICKET])["text"], TICKET);
    assert_eq!(array(&client.json(&["PATTERN.ANONYMIZE", "acmepaper_012345678901"])["redactions"]).len(), 1);
}

#[test]
fn the_rules_in_force_are_listed() {
    let server = Server::shared();
    let mut client = server.client();
    let rules = client.json(&["PATTERN.RULES"]);
    assert!(rules.is_object(), "{rules}");
    let shown = rules.to_string().to_lowercase();
    for word in ["github", "aws", "email", "private"] {
        assert!(shown.contains(word), "no rule about {word} in {rules}");
    }
    let answer = client.json(&["PATTERN.ANONYMIZE", "password = \"EXAMPLE-hunter2-x9\""]);
    let rule = text(&answer["redactions"][0]["rule"]);
    assert!(shown.contains(&format!("\"{}\"", rule.to_lowercase())), "{rule} is not listed in {rules}");
}
