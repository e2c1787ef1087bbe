//! One corrupt record never hides the others: it is passed over, counted in INFO and named in the log by its key, and
//! a write over it starts it anew.

use serde_json::Value as Json;

use crate::support::{array, fill, number, text, today, wait_for, Client, Server};

/// A server with something of everything in the repo `r`, and what it has counted and logged.
struct Witness {
    server: Server,
    client: Client,
}

impl Witness {
    #[track_caller]
    fn start() -> Self {
        let server = Server::start();
        let mut client = server.client();
        fill(&mut client, "r");
        assert_eq!(counted(&mut client), 0, "nothing is corrupt yet");
        Self { server, client }
    }

    /// A report that meets the corrupt record: it is answered, the counter moves, and the log names the key.
    #[track_caller]
    fn report<A: AsRef<[u8]>>(&mut self, key: &str, call: &[A]) -> Json {
        let before = counted(&mut self.client);
        let report = self.client.json(call);
        self.was_told(key, before);
        report
    }

    #[track_caller]
    fn was_told(&mut self, key: &str, before: u64) {
        assert!(counted(&mut self.client) > before, "the counter did not move");
        let line = format!("a record under the key {key} cannot be read");
        assert!(self.server.log().contains(&line), "the log does not name {key}:\n{}", self.server.log());
    }

    /// Takes the repo back to where nothing is corrupt.
    fn refill(&mut self) {
        self.client.text(&["FLUSHALL"]);
        fill(&mut self.client, "r");
    }
}

fn counted(client: &mut Client) -> u64 {
    let counter = client.info("patternmemory", "patternmemory_corrupt_records").expect("a counter");
    counter.parse().expect("a number")
}

/// The values of one field over an array of records, in order.
#[track_caller]
fn each<'j>(records: &'j Json, field: &str) -> Vec<&'j str> {
    array(records).iter().map(|record| text(&record[field])).collect()
}

const PATTERN: &str = "pm:{r}:pattern:naming:default";

#[test]
fn an_unreadable_pattern_hides_no_other() {
    let mut witness = Witness::start();
    let absurd = [
        ("pattern_data", "{"),
        ("pattern_data", ""),
        ("pattern_data", "{\"a\":NaN}"),
        ("pattern_data", "\0"),
        ("confidence", "NaN"),
        ("confidence", "1e999"),
        ("confidence", "-1"),
        ("confidence", "much"),
        ("usage_count", "-1"),
        ("usage_count", "18446744073709551616"),
        ("usage_count", "1.5"),
        ("version", ""),
        ("version", "-1"),
        ("version", "1e9"),
        ("created_at", "yesterday"),
        ("created_at", "9999999-01-01T00:00:00.000Z"),
        ("updated_at", "2026-02-30T00:00:00.000Z"),
    ];
    let plants = absurd.iter().map(|(field, value)| vec!["HSET", PATTERN, field, value]);
    let fields = ["pattern_data", "confidence", "usage_count", "version", "created_at", "updated_at"];
    let missing = fields.iter().map(|field| vec!["HDEL", PATTERN, field]);
    for plant in plants.chain(missing) {
        witness.client.int(&plant);
        let others = ["imports", "a:b%c"];
        let all = witness.report(PATTERN, &["PATTERN.LIST", "r"]);
        let mut types = each(&all, "pattern_type");
        types.sort_unstable();
        assert_eq!(types, ["a:b%c", "imports"], "{plant:?}");
        // It would be the first by its confidence: it takes no other's place.
        let first = witness.report(PATTERN, &["PATTERN.LIST", "r", "LIMIT", "0", "1"]);
        assert!(others.contains(&text(&first[0]["pattern_type"])), "{plant:?}: {first}");
        let insights = witness.report(PATTERN, &["PATTERN.INSIGHTS", "r", "TOP", "1"]);
        assert_eq!(array(&insights["team_patterns"]).len(), 1, "{plant:?}: {insights}");
        let export = witness.report(PATTERN, &["PATTERN.EXPORT", "r"]);
        assert_eq!(array(&export["patterns"]).len(), 2, "{plant:?}: {export}");
        for call in [&["PATTERN.GET", "r", "naming"], &["PATTERN.EVOLUTION", "r", "naming"]] {
            let before = counted(&mut witness.client);
            witness.client.nil(call);
            witness.was_told(PATTERN, before);
        }
        witness.client.nil(&["PATTERN.CONFIDENCE", "r", "naming", "0.3"]);
        let stored = witness.client.json(&["PATTERN.STORE", "r", "naming", "{}"]);
        assert_eq!((&stored["version"], &stored["created"]), (&1.into(), &true.into()), "{plant:?}");
        assert_eq!(array(&witness.client.json(&["PATTERN.LIST", "r"])).len(), 3, "{plant:?}");
        witness.refill();
    }
}

#[test]
fn a_pattern_of_another_type_hides_no_other() {
    let mut witness = Witness::start();
    witness.client.int(&["DEL", PATTERN]);
    witness.client.text(&["SET", PATTERN, "x"]);
    assert_eq!(array(&witness.report(PATTERN, &["PATTERN.LIST", "r"])).len(), 2);
    assert_eq!(array(&witness.report(PATTERN, &["PATTERN.EXPORT", "r"])["patterns"]).len(), 2);
    assert_eq!(array(&witness.report(PATTERN, &["PATTERN.INSIGHTS", "r"])["team_patterns"]).len(), 2);
    witness.client.error_of("WRONGTYPE", &["PATTERN.STORE", "r", "naming", "{}"]);
    assert_eq!(witness.client.text(&["GET", PATTERN]), "x");
}

#[test]
fn a_history_of_another_type_keeps_no_export_back() {
    let mut witness = Witness::start();
    let key = "pm:{r}:history:naming:default";
    witness.client.int(&["DEL", key]);
    witness.client.text(&["SET", key, "x"]);
    let export = witness.report(key, &["PATTERN.EXPORT", "r"]);
    assert_eq!(array(&export["patterns"]).len(), 3, "{export}");
    assert_eq!(array(&export["fixes"]).len(), 2, "{export}");
    assert_eq!(witness.client.json(&["PATTERN.IMPORT", "elsewhere", &export.to_string()])["patterns"], 3);
}

#[test]
fn an_unreadable_change_hides_no_other() {
    let mut witness = Witness::start();
    let key = "pm:{r}:history:naming:default";
    let changes = array(&witness.client.json(&["PATTERN.EVOLUTION", "r", "naming"])["changes"]).len();
    let time = "2026-01-01T00:00:00.000Z";
    for element in [
        "".to_owned(),
        "{".to_owned(),
        "[]".to_owned(),
        "\0".to_owned(),
        format!("{{\"at\":\"{time}\"}}"),
        "{\"version\":1}".to_owned(),
        format!("{{\"version\":-1,\"at\":\"{time}\"}}"),
        format!("{{\"version\":1,\"at\":\"{time}\",\"confidence_before\":1e999}}"),
        format!("{{\"version\":1,\"version\":2,\"at\":\"{time}\"}}"),
        "{\"version\":1,\"at\":\"yesterday\"}".to_owned(),
    ] {
        for push in ["LPUSH", "RPUSH"] {
            witness.client.int(&[push, key, &element]);
            let told = witness.report(key, &["PATTERN.EVOLUTION", "r", "naming"]);
            assert_eq!(array(&told["changes"]).len(), changes, "{element}: {told}");
            let export = witness.report(key, &["PATTERN.EXPORT", "r"]);
            assert_eq!(array(&export["patterns"]).len(), 3, "{element}");
            // The next change goes on from the record, and is told with the others.
            witness.client.int(&["PATTERN.CONFIDENCE", "r", "naming", "0.2"]);
            let told = witness.report(key, &["PATTERN.EVOLUTION", "r", "naming"]);
            assert_eq!(array(&told["changes"]).len(), changes + 1, "{element}: {told}");
            witness.refill();
        }
    }
}

/// Values that are no issue.
const NO_ISSUES: &[&str] = &[
    "",
    "{",
    "null",
    "{}",
    "\0",
    r#"{"frequency":1,"severity":"low"}"#,
    r#"{"frequency":-1,"severity":"low","created_at":"2026-01-01T00:00:00.000Z","last_seen":"2099-01-01T00:00:00.000Z","trend":9e10,"day":20000,"days":[]}"#,
    r#"{"frequency":18446744073709551615,"severity":"low","created_at":"2026-01-01T00:00:00.000Z","last_seen":"2099-01-01T00:00:00.000Z","trend":9e10,"day":20000,"days":[]}"#,
    r#"{"frequency":1,"severity":"low","created_at":"2026-01-01T00:00:00.000Z","last_seen":"2099-01-01T00:00:00.000Z","trend":1e308,"day":20000,"days":[]}"#,
    r#"{"frequency":1,"severity":"low","created_at":"2026-01-01T00:00:00.000Z","last_seen":"2099-01-01T00:00:00.000Z","trend":NaN,"day":20000,"days":[]}"#,
    r#"{"frequency":1,"severity":"low","created_at":"2026-01-01T00:00:00.000Z","last_seen":"2099-01-01T00:00:00.000Z","trend":9e10,"day":-1,"days":[]}"#,
    r#"{"frequency":1,"severity":"low","created_at":"2026-01-01T00:00:00.000Z","last_seen":"2099-01-01T00:00:00.000Z","trend":9e10,"day":20000,"days":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}"#,
    r#"{"frequency":1,"severity":7,"created_at":"2026-01-01T00:00:00.000Z","last_seen":"2099-01-01T00:00:00.000Z","trend":9e10,"day":20000,"days":[]}"#,
];

#[test]
fn an_unreadable_issue_hides_no_other() {
    let mut witness = Witness::start();
    let key = "pm:{r}:issues";
    for value in NO_ISSUES {
        witness.client.int(&["HSET", key, "style:E501", value]);
        witness.client.int(&["ZADD", "pm:{r}:issues:trend", "253402000000", "style:E501"]);
        let before = counted(&mut witness.client);
        witness.client.nil(&["ISSUE.GET", "r", "style", "E501"]);
        witness.was_told(key, before);
        for call in [&["ISSUE.TRENDS", "r", "TOP", "1"][..], &["PATTERN.INSIGHTS", "r", "TOP", "1"]] {
            let report = witness.report(key, call);
            let trends = if call[0] == "ISSUE.TRENDS" { &report } else { &report["issue_trends"] };
            assert_eq!(each(&trends["trending_issues"], "issue_rule"), ["S105"], "{value}");
        }
        let of_severity = witness.client.json(&["ISSUE.TRENDS", "r", "TOP", "1", "SEVERITY", "high"]);
        assert_eq!(each(&of_severity["trending_issues"], "issue_rule"), ["S105"], "{value}");
        assert_eq!(array(&witness.report(key, &["PATTERN.EXPORT", "r"])["issues"]).len(), 1, "{value}");
        assert_eq!(witness.client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]), 1, "it starts anew");
        assert_eq!(witness.client.json(&["ISSUE.GET", "r", "style", "E501"])["frequency"], 1);
        witness.refill();
    }
}

#[test]
fn a_record_under_a_name_that_is_no_issue_takes_no_place_in_a_report() {
    let mut witness = Witness::start();
    let key = "pm:{r}:issues";
    let record = witness.client.text(&["HGET", key, "style:E501"]);
    for name in [b"nocolon".as_slice(), b"a:b:c", b"", b"\xff:\xfe", b"\xff"] {
        witness.client.int(&[b"HSET", key.as_bytes(), name, record.replace("low", "high").as_bytes()]);
        for call in [
            &["ISSUE.TRENDS", "r", "TOP", "1", "SEVERITY", "high"][..],
            &["ISSUE.TRENDS", "r", "TOP", "1", "TYPE", "security", "SEVERITY", "high"],
        ] {
            let trends = witness.report(key, call);
            assert_eq!(each(&trends["trending_issues"], "issue_rule"), ["S105"], "{name:?} {call:?}");
        }
        // Without a ranking the records are all there is.
        witness.client.int(&["DEL", "pm:{r}:issues:trend"]);
        let trends = witness.report(key, &["ISSUE.TRENDS", "r", "TOP", "2"]);
        assert_eq!(array(&trends["trending_issues"]).len(), 2, "{name:?}: {trends}");
        assert_eq!(array(&witness.report(key, &["PATTERN.EXPORT", "r"])["issues"]).len(), 2);
        witness.refill();
    }
}

#[test]
fn a_member_of_the_ranking_that_is_no_issue_hides_none() {
    let mut witness = Witness::start();
    let key = "pm:{r}:issues:trend";
    for member in [b"nocolon".as_slice(), b"a:b:c", b"", b"\xff:\xfe"] {
        for score in ["inf", "253402000000", "1e308"] {
            witness.client.int(&[b"ZADD", key.as_bytes(), score.as_bytes(), member]);
            // A ranking of more than there are records is not asked.
            assert_eq!(array(&witness.client.json(&["ISSUE.TRENDS", "r", "TOP", "2"])["trending_issues"]).len(), 2);
            let record = witness.client.text(&["HGET", "pm:{r}:issues", "style:E501"]);
            witness.client.int(&["HSET", "pm:{r}:issues", "style:unranked", &record]);
            for call in [&["ISSUE.TRENDS", "r", "TOP", "2"][..], &["ISSUE.TRENDS", "r", "TOP", "2", "TYPE", "style"]] {
                let trends = witness.report(key, call);
                let wanted = if call.len() > 4 { 1 } else { 2 };
                assert_eq!(array(&trends["trending_issues"]).len(), wanted, "{member:?} {score}: {trends}");
            }
            witness.client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]);
            witness.refill();
        }
    }
}

#[test]
fn an_unreadable_outcome_hides_no_other() {
    let mut witness = Witness::start();
    let key = "pm:{r}:fixes";
    for element in [
        "",
        "{",
        "[]",
        "{}",
        "\0",
        r#"{"issue_type":"style","fix_type":"x","success":1,"feedback_score":null,"metadata":null,"id":null,"applied_at":"2026-01-01T00:00:00.000Z"}"#,
        r#"{"issue_type":"style","fix_type":"x","success":true,"feedback_score":1e999,"metadata":null,"id":null,"applied_at":"2026-01-01T00:00:00.000Z"}"#,
        r#"{"issue_type":"style","fix_type":"x","success":true,"feedback_score":null,"metadata":{,"id":null,"applied_at":"2026-01-01T00:00:00.000Z"}"#,
    ] {
        witness.client.int(&["LPUSH", key, element, element]);
        let all = witness.report(key, &["FIX.LIST", "r"]);
        assert_eq!(each(&all, "fix_type"), ["rewrite", "autoformat"], "{element}");
        let first = witness.report(key, &["FIX.LIST", "r", "LIMIT", "0", "1"]);
        assert_eq!(each(&first, "fix_type"), ["rewrite"], "it takes no other's place: {element}");
        assert_eq!(array(&witness.report(key, &["PATTERN.EXPORT", "r"])["fixes"]).len(), 2, "{element}");
        assert_eq!(witness.client.int(&["FIX.RECORD", "r", "style", "autoformat", "1"]), 2);
        // An import writes the list anew, without it.
        let export = witness.client.text(&["PATTERN.EXPORT", "r"]);
        witness.client.json(&["PATTERN.IMPORT", "r", &export, "MERGE"]);
        let before = counted(&mut witness.client);
        witness.client.json(&["FIX.LIST", "r"]);
        assert_eq!(counted(&mut witness.client), before, "{element} is still there");
        witness.refill();
    }
}

#[test]
fn an_unreadable_row_of_statistics_hides_no_other() {
    let mut witness = Witness::start();
    let key = "pm:{r}:fixes:stats";
    let row = |attempts: &str, recent: &str| {
        format!(
            r#"{{"attempts":{attempts},"successes":0,"feedback_sum":0.0,"feedback_count":0,"recent_attempts":{recent},"recent_successes":0.0,"last_applied_at":"2026-01-01T00:00:00.000Z"}}"#
        )
    };
    let rows = [
        row("-1", "0.0"),
        row("18446744073709551615", "0.0"),
        row("1", "1e999"),
        row("1", "NaN"),
        row("1", "-5.0"),
        row("1", "50.0"),
    ];
    for value in ["", "{", "{}", "null", "\0"].into_iter().chain(rows.iter().map(String::as_str)) {
        witness.client.int(&["HSET", key, ":autoformat", value, "style:autoformat", value, "style:other", value]);
        let rates = witness.report(key, &["FIX.RATES", "r"]);
        assert_eq!(rates["rewrite"]["total_attempts"], 1, "{value}: {rates}");
        assert!(rates["autoformat"].is_null(), "{value}: {rates}");
        assert_eq!(each(&witness.client.json(&["FIX.ADVISE", "r", "security"]), "fix_type"), ["rewrite"], "{value}");
        assert_eq!(witness.report(key, &["FIX.ADVISE", "r", "style"]), Json::Array(vec![]), "{value}");
        let insights = witness.report(key, &["PATTERN.INSIGHTS", "r"]);
        assert_eq!(insights["fix_success_rates"]["rewrite"]["total_attempts"], 1, "{value}");
        assert_eq!(array(&witness.report(key, &["PATTERN.EXPORT", "r"])["fix_stats"]).len(), 2, "{value}");
        let before = counted(&mut witness.client);
        assert_eq!(witness.client.int(&["FIX.RECORD", "r", "style", "autoformat", "1"]), 1, "it starts anew");
        witness.was_told(key, before);
        assert_eq!(witness.client.json(&["FIX.RATES", "r"])["autoformat"]["total_attempts"], 1);
        witness.refill();
    }
}

#[test]
fn an_unreadable_session_hides_no_other() {
    let mut witness = Witness::start();
    let key = "pm:{r}:sessions";
    for element in [
        "",
        "{",
        "7",
        "{}",
        "\0",
        r#"{"session_type":"x","patterns_learned":-1,"insights_generated":0,"session_data":null,"created_at":"2026-01-01T00:00:00.000Z"}"#,
        r#"{"session_type":"x","patterns_learned":1e99,"insights_generated":0,"session_data":null,"created_at":"2026-01-01T00:00:00.000Z"}"#,
    ] {
        witness.client.int(&["LPUSH", key, element]);
        for call in [&["SESSION.LIST", "r"][..], &["SESSION.LIST", "r", "LIMIT", "0", "1"]] {
            assert_eq!(each(&witness.report(key, call), "session_type"), ["nightly"], "{element} {call:?}");
        }
        assert_eq!(array(&witness.report(key, &["PATTERN.EXPORT", "r"])["sessions"]).len(), 1, "{element}");
        assert_eq!(witness.client.json(&["SESSION.ANALYTICS", "r"])["total_sessions"], 1, "{element}");
        witness.client.int(&["SESSION.RECORD", "r", "later", "1", "1"]);
        assert_eq!(each(&witness.report(key, &["SESSION.LIST", "r"]), "session_type"), ["later", "nightly"]);
        witness.refill();
    }
}

#[test]
fn an_unreadable_counter_of_a_day_hides_no_other() {
    let mut witness = Witness::start();
    let day = today(&mut witness.client);
    let key = format!("pm:{{r}}:day:{day}");
    for value in ["", "-1", "NaN", "1.5", "1e3", "18446744073709551616", "many", "\0"] {
        witness.client.int(&["HSET", &key, "issue:style:low", value]);
        let history = witness.report(&key, &["ISSUE.HISTORY", "r", "DAYS", "1"]);
        assert_eq!((&history["total"], &history["days"][0]["by_type"]["security"]), (&4.into(), &4.into()), "{value}");
        let trends = witness.report(&key, &["ISSUE.TRENDS", "r"]);
        assert_eq!(trends["issue_distribution"], serde_json::json!({"security": 4}), "{value}");
        assert_eq!(array(&trends["trending_issues"]).len(), 2, "{value}");
        assert_eq!(witness.report(&key, &["PATTERN.EXPORT", "r"])["days"][&day]["issue:security:high"], 4);
        let before = counted(&mut witness.client);
        witness.client.int(&["ISSUE.TRACK", "r", "style", "E501", "low", "COUNT", "2"]);
        witness.was_told(&key, before);
        assert_eq!(witness.client.json(&["ISSUE.HISTORY", "r", "DAYS", "1"])["total"], 6, "it starts anew: {value}");
        witness.refill();
    }
    for (family, field, call) in
        [("sessions", "session:nightly:count", "SESSION.ANALYTICS"), ("fixes", "fix:rewrite:failure", "PATTERN.EXPORT")]
    {
        let key = format!("{key}:{family}");
        witness.client.int(&["HSET", &key, field, "many", "no counter", "1", "", "2"]);
        let report = witness.report(&key, &[call, "r"]);
        match call {
            "SESSION.ANALYTICS" => assert_eq!(number(&report["total_patterns_learned"]), 3.0, "{report}"),
            _ => assert_eq!(report["days"][&day]["fix:autoformat:success"], 1, "{report}"),
        }
    }
}

#[test]
fn an_unreadable_day_in_the_mark_of_a_repo_hides_no_other() {
    let mut witness = Witness::start();
    let key = "pm:{r}:meta";
    witness.client.int(&["HSET", key, "day:someday", "1", "day:2026-02-30", "1", "day:", "1", "note", "1"]);
    let export = witness.report(key, &["PATTERN.EXPORT", "r"]);
    let day = today(&mut witness.client);
    assert_eq!(export["days"][&day]["issue:security:high"], 4, "{export}");
    let keys = number(&witness.report(key, &["PATTERN.HEALTH", "r"])["keys_count"]);
    let before = counted(&mut witness.client);
    assert_eq!(witness.client.int(&["PATTERN.FORGET", "r"]) as f64, keys);
    witness.was_told(key, before);
    assert!(witness.client.key_names("*{r}*").is_empty());
}

#[test]
fn an_unreadable_entry_of_the_index_hides_no_other() {
    let mut witness = Witness::start();
    let key = "pm:{r}:patterns";
    for member in [b"nocolon".as_slice(), b"a:b:c", b"", b"\xff:\xfe", b"\0"] {
        witness.client.int(&[b"SADD", key.as_bytes(), member]);
        assert_eq!(array(&witness.report(key, &["PATTERN.LIST", "r"])).len(), 3, "{member:?}");
        assert_eq!(array(&witness.report(key, &["PATTERN.INSIGHTS", "r"])["team_patterns"]).len(), 3, "{member:?}");
        assert_eq!(array(&witness.report(key, &["PATTERN.EXPORT", "r"])["patterns"]).len(), 3, "{member:?}");
        witness.client.json(&["PATTERN.STORE", "r", "another", "{}"]);
        assert_eq!(witness.client.json(&["PATTERN.HEALTH", "r"])["patterns_count"], 4, "{member:?}");
        witness.refill();
    }
}

#[test]
fn records_of_a_newer_build_are_read_with_the_fields_that_are_known() {
    let mut witness = Witness::start();
    let client = &mut witness.client;
    for (key, field) in [("pm:{r}:issues", "style:E501"), ("pm:{r}:fixes:stats", ":autoformat")] {
        let newer = client.text(&["HGET", key, field]).replacen('{', r#"{"owner":{"team":[1]},"#, 1);
        client.int(&["HSET", key, field, &newer]);
    }
    for key in ["pm:{r}:fixes", "pm:{r}:sessions", "pm:{r}:history:naming:default"] {
        let newer = client.text(&["LINDEX", key, "0"]).replacen('{', r#"{"owner":{"team":[1]},"#, 1);
        client.text(&["LSET", key, "0", &newer]);
    }
    client.int(&["HSET", PATTERN, "owner", "team"]);
    client.int(&["HSET", "pm:{r}:meta", "schema", "2", "owner", "team"]);
    let before = counted(client);
    assert_eq!(client.json(&["ISSUE.GET", "r", "style", "E501"])["frequency"], 5);
    assert_eq!(client.json(&["FIX.RATES", "r"])["autoformat"]["total_attempts"], 1);
    assert_eq!(array(&client.json(&["FIX.LIST", "r"])).len(), 2);
    assert_eq!(array(&client.json(&["SESSION.LIST", "r"])).len(), 1);
    assert_eq!(array(&client.json(&["PATTERN.EVOLUTION", "r", "naming"])["changes"]).len(), 3);
    assert_eq!(client.json(&["PATTERN.GET", "r", "naming"])["version"], 3);
    client.json(&[
        "PATTERN.STORE", "r", "naming",
        r#"{"longer":"than sixty-four bytes so that it would be worth restoring compactly"}"#,
    ]);
    assert_eq!(client.text(&["HGET", PATTERN, "owner"]), "team", "a field that is not ours stays");
    assert_eq!(counted(client), before, "nothing of it is corrupt");
    // What comes out goes in again.
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    client.json(&["PATTERN.IMPORT", "elsewhere", &export]);
}

#[test]
fn the_log_names_a_corrupt_key_once_on_one_line_and_without_a_secret() {
    let mut witness = Witness::start();
    let secret = "ghp_EXAMPLEexample0123456789abcdefABCDEF";
    let member = format!("two\r\nlines %s%n:token={secret}");
    witness.client.int(&["SADD", "pm:{r}:patterns", &member]);
    witness.client.int(&["HSET", &format!("pm:{{r}}:pattern:{member}"), "confidence", "much"]);
    for _ in 0..20 {
        witness.client.json(&["PATTERN.LIST", "r"]);
    }
    let log = witness.server.log();
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("cannot be read")).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("pm:{r}:pattern:two??lines %s%n:token=<REDACTED"), "{lines:?}");
    assert!(!log.contains(secret), "{lines:?}");
    assert_eq!(counted(&mut witness.client), 20);
}

#[test]
fn the_log_names_a_key_as_it_is_where_only_a_person_is_in_it() {
    let mut witness = Witness::start();
    fill(&mut witness.client, "/home/jane/web");
    witness.client.int(&["LPUSH", "pm:{/home/jane/web}:fixes", "{"]);
    witness.report("pm:{/home/jane/web}:fixes", &["FIX.LIST", "/home/jane/web"]);
}

#[test]
fn a_thousand_corrupt_keys_do_not_flood_the_log() {
    let mut witness = Witness::start();
    for n in 0..1_500 {
        witness.client.send(&["SADD", "pm:{r}:patterns", &format!("t:{n}")]);
        witness.client.send(&["SET", &format!("pm:{{r}}:pattern:t:{n}"), "x"]);
    }
    for _ in 0..3_000 {
        witness.client.receive().expect("planted");
    }
    // A name as long as anybody likes is cut.
    let long = format!("t:{}", "é".repeat(100_000));
    witness.client.int(&["SADD", "pm:{r}:patterns", &long]);
    witness.client.text(&["SET", &format!("pm:{{r}}:pattern:{long}"), "x"]);
    for _ in 0..3 {
        assert_eq!(array(&witness.client.json(&["PATTERN.LIST", "r"])).len(), 3);
    }
    assert_eq!(counted(&mut witness.client), 3 * 1_501);
    let log = wait_for("the log to say that it says no more", || {
        let log = witness.server.log();
        log.contains("no more keys of unreadable records will be named").then_some(log)
    });
    let lines: Vec<&str> = log.lines().filter(|line| line.contains("cannot be read")).collect();
    assert_eq!(lines.len(), 1_000);
    assert!(lines.iter().all(|line| line.len() < 1_200), "a line is longer than a name may be");
}
