//! Data of earlier builds: every report is the same by this build, and the commands go on from it.
//!
//! `data/upgrade/<build>.jsonl` is what an earlier build appended to its file for the writes of `work`, a command a line
//! as a list of its words (a byte is the character of its number), after a line with the time of the writing; what it
//! answered is in `<build>.reports.json`. Both were written by the long form of these tests, which builds the commit, with
//! `PM_RECORD=tests/data/upgrade`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{json, Value as Json};

use crate::support::effort;
use crate::support::reports::reports;
use crate::support::server::ServerBuilder;
use crate::support::stream::commands;
use crate::support::{array, fill, whole_state, Client, Server};

/// A build whose data must be understood: its name, its commit, and what it is.
struct Earlier {
    name: &'static str,
    commit: &'static str,
    has_compact_records: bool,
}

const EARLIER: [Earlier; 2] = [
    // The first with all commands: histories begin with the creation, a day is one hash.
    Earlier { name: "first", commit: "84cf8fc", has_compact_records: false },
    // Records keep their creation and are compact; a day is one hash still.
    Earlier { name: "compact", commit: "c9848b9", has_compact_records: true },
];

const REPOS: [&str; 3] = ["r", "/b:c%d é", "imported"];

/// Writes of every kind, with every option.
#[track_caller]
fn work(client: &mut Client) {
    for repo in &REPOS[..2] {
        fill(client, repo);
        for n in 0..9 {
            let text = "in snake case, ".repeat(n * 2);
            let (id, data) = (format!("id{}", n % 8), format!(r#"{{"n":{n},"text":"{text}","é":["ü",null,1.50]}}"#));
            client.json(&["PATTERN.STORE", repo, "sizes", &data, "ID", &id, "REASON", "second thoughts, é"]);
            client.int(&["ISSUE.TRACK", repo, ["style", "a:b"][n % 2], &format!("R{}", n % 5), ["low", "high"][n / 5]]);
            let (kind, key) = (format!("fix{}", n % 3), format!("key-{n}"));
            let metadata = format!(r#"{{"text":"{text}"}}"#);
            client.int(&[
                "FIX.RECORD",
                repo,
                "style",
                &kind,
                ["1", "0"][n % 2],
                "FEEDBACK",
                "0.25",
                "METADATA",
                &metadata,
                "ID",
                &key,
            ]);
            client.int(&["SESSION.RECORD", repo, ["nightly", "a%b"][n % 2], "3", "2", "DATA", &metadata]);
        }
        client.json(&["PATTERN.STORE", repo, "sizes", r#"{"n":1}"#, "ID", "long", "TTL", "20000000"]);
        client.json(&["PATTERN.STORE", repo, "secret", r#"{"config":"password = \"EXAMPLE-hunter2-x9\""}"#]);
        client.int(&["PATTERN.CONFIDENCE", repo, "sizes", "0.75", "ID", "id3", "REASON", "seen again"]);
        client.int(&["PATTERN.DEL", repo, "sizes", "ID", "id5"]);
    }
    let export = client.text(&["PATTERN.EXPORT", "r"]);
    client.json(&["PATTERN.IMPORT", "imported", &export]);
    let export = client.text(&["PATTERN.EXPORT", REPOS[1]]);
    client.json(&["PATTERN.IMPORT", "imported", &export, "MERGE"]);
    client.int(&["PATTERN.RETAIN", "imported", "9000000"]);
}

/// All reports but the export, whose histories have another form since records keep their creation.
#[track_caller]
fn all_reports(client: &mut Client) -> Json {
    let of_repo = |client: &mut Client, repo: &str| {
        let mut reports = reports(client, repo);
        reports.as_array_mut().expect("reports").remove(1);
        reports
    };
    REPOS.iter().map(|repo| of_repo(client, repo)).collect()
}

/// This build goes on with what an earlier one wrote.
#[track_caller]
fn assert_goes_on(client: &mut Client) {
    for repo in REPOS {
        let before = client.json(&["ISSUE.GET", repo, "style", "E501"])["frequency"].as_i64().expect("a frequency");
        assert_eq!(client.int(&["ISSUE.TRACK", repo, "style", "E501", "low"]), before + 1, "{repo}");
        let attempts = client.json(&["FIX.RATES", repo])["fix1"]["total_attempts"].as_i64().expect("attempts");
        assert_eq!(
            client.int(&["FIX.RECORD", repo, "style", "fix1", "1", "ID", "key-1"]),
            attempts,
            "a key that is known"
        );
        assert_eq!(client.int(&["FIX.RECORD", repo, "style", "fix1", "1", "ID", "another"]), attempts + 1);
        let sessions = client.json(&["SESSION.ANALYTICS", repo, "DAYS", "3650"])["total_sessions"].as_i64();
        client.int(&["SESSION.RECORD", repo, "nightly", "1", "1"]);
        let after = client.json(&["SESSION.ANALYTICS", repo, "DAYS", "3650"])["total_sessions"].as_i64();
        assert_eq!(after, sessions.map(|sessions| sessions + 1), "{repo}");
        for pattern in array(&client.json(&["PATTERN.LIST", repo, "LIMIT", "0", "100"])) {
            let (kind, id) =
                (pattern["pattern_type"].as_str().expect("a type"), pattern["id"].as_str().expect("an id"));
            let told = |client: &mut Client| client.json(&["PATTERN.EVOLUTION", repo, kind, "ID", id]);
            let before = told(client);
            let stored = client.json(&["PATTERN.STORE", repo, kind, r#"{"by":"this build"}"#, "ID", id]);
            assert_eq!(stored["version"].as_u64(), pattern["version"].as_u64().map(|version| version + 1));
            let after = told(client);
            assert_eq!(array(&after["changes"])[1..], array(&before["changes"])[..], "{repo} {kind} {id}");
            assert_eq!(after["changes"][0]["before_data"], pattern["pattern_data"]);
        }
        let document = client.text(&["PATTERN.EXPORT", repo]);
        client.json(&["PATTERN.IMPORT", "again", &document, "REPLACE"]);
        assert_eq!(client.json(&["PATTERN.LIST", "again"]), client.json(&["PATTERN.LIST", repo]));
        client.int(&["PATTERN.FORGET", "again"]);
    }
    for repo in REPOS {
        client.int(&["PATTERN.FORGET", repo]);
    }
    let left = client.key_names("*");
    assert!(left.is_empty(), "{left:?}");
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/upgrade").join(name)
}

/// Does what an earlier build appended to its file, as if it were today.
#[track_caller]
fn replay(client: &mut Client, name: &str) {
    let recorded = fs::read_to_string(data(&format!("{name}.jsonl"))).expect("the recorded commands");
    let mut lines = recorded.lines().map(|line| serde_json::from_str::<Json>(line).expect("JSON"));
    let then = lines.next().expect("a time")["at"].as_i64().expect("milliseconds");
    let now = client.texts(&["TIME"])[0].parse::<i64>().expect("TIME") * 1_000;
    for line in lines {
        let text = |word: &Json| word.as_str().expect("a word").chars().map(|byte| byte as u8).collect();
        let mut words: Vec<Vec<u8>> = array(&line).iter().map(text).collect();
        if [&b"PEXPIREAT"[..], b"RESTORE"].contains(&words[0].to_ascii_uppercase().as_slice()) {
            let at: i64 = String::from_utf8_lossy(&words[2]).parse().expect("a time");
            let at = if at == 0 { 0 } else { at - then + now };
            words[2] = at.to_string().into_bytes();
        }
        client.run(&words);
    }
}

#[test]
fn what_earlier_builds_wrote_is_reported_as_they_did_and_goes_on() {
    for earlier in &EARLIER {
        let server = Server::start();
        let mut client = server.client();
        replay(&mut client, earlier.name);
        let compact = client.key_names("pm:{r}:pattern:sizes:*").iter().any(|key| {
            client.text(&["OBJECT", "ENCODING", key]) == "listpack"
                && client.map(&["HGETALL", key]).values().any(|value| value.len() > 64)
        });
        assert_eq!(compact, earlier.has_compact_records, "the data is not that of this build");
        let expected = fs::read_to_string(data(&format!("{}.reports.json", earlier.name))).expect("the reports");
        let expected: Json = serde_json::from_str(&expected).expect("JSON");
        assert_eq!(all_reports(&mut client), expected, "{}", earlier.name);
        assert_goes_on(&mut client);
    }
}

/// The module of an earlier commit, built once; None where that cannot be done.
fn built(earlier: &Earlier) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = root.join("target/earlier").join(format!("{}.so", earlier.commit));
    if kept.exists() {
        return Some(kept);
    }
    let folder = tempfile::tempdir().expect("a temporary directory");
    let run = |program: &str, arguments: &[&str]| {
        let status =
            Command::new(program).args(arguments).current_dir(folder.path()).env_remove("CARGO_TARGET_DIR").status();
        status.is_ok_and(|status| status.success())
    };
    let built = run("git", &["clone", "--quiet", "--no-checkout", &root.to_string_lossy(), "."])
        && run("git", &["checkout", "--quiet", earlier.commit])
        && run("cargo", &["build", "--quiet", "--release", "--locked"]);
    if !built {
        println!("{} cannot be built here: the upgrade from it is skipped", earlier.commit);
        return None;
    }
    fs::create_dir_all(kept.parent().expect("a directory")).expect("a directory");
    fs::copy(folder.path().join("target/release/libpattern_memory.so"), &kept).expect("keep the build");
    Some(kept)
}

/// The builds to upgrade from: all in the long form, none in the short.
fn builds() -> Vec<(&'static Earlier, PathBuf)> {
    if !effort(false, true) {
        println!("an earlier build is made by the long form only");
        return Vec::new();
    }
    EARLIER.iter().filter_map(|earlier| Some((earlier, built(earlier)?))).collect()
}

fn persistence(aof: bool) -> ServerBuilder {
    let builder = Server::builder();
    if aof {
        builder.setting("appendonly yes").setting("aof-use-rdb-preamble no")
    } else {
        builder
    }
}

#[test]
fn a_server_restarted_with_this_build_reports_the_same_and_goes_on() {
    for (earlier, module) in builds() {
        for aof in [true, false] {
            let server = persistence(aof).module_file(&module).start();
            let mut client = server.client();
            work(&mut client);
            let (expected, state) = (all_reports(&mut client), whole_state(&mut client));
            if !aof {
                client.text(&["SAVE"]);
            }
            let directory = server.stop();
            if let Some(folder) = std::env::var_os("PM_RECORD").filter(|_| aof) {
                record(directory.path(), Path::new(&folder), earlier.name, &expected);
            }
            let server = persistence(aof).start_in(directory);
            let mut client = server.client();
            assert_eq!(whole_state(&mut client), state);
            assert_eq!(all_reports(&mut client), expected, "{} {aof}", earlier.commit);
            assert_goes_on(&mut client);
        }
    }
}

#[test]
fn a_build_taken_back_keeps_what_this_one_wrote() {
    for (earlier, module) in builds() {
        let server = persistence(true).start();
        let mut client = server.client();
        work(&mut client);
        let (expected, state) = (all_reports(&mut client), whole_state(&mut client));
        let server = persistence(true).module_file(&module).start_in(server.stop());
        let mut client = server.client();
        assert_eq!(whole_state(&mut client), state, "{}", earlier.commit);
        // The reports of an earlier build may know less, but none fails and none changes anything.
        all_reports(&mut client);
        for repo in REPOS {
            client.json(&["PATTERN.INSIGHTS", repo]);
        }
        assert_eq!(whole_state(&mut client), state, "{}", earlier.commit);
        let tracked = client.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]);
        let stored = client.json(&["PATTERN.STORE", "r", "naming", r#"{"by":"an earlier build"}"#]);
        let attempts = client.int(&["FIX.RECORD", "r", "style", "fix1", "1", "ID", "by-an-earlier-build"]);
        client.int(&["SESSION.RECORD", "r", "nightly", "1", "1"]);
        // And back again: nothing is lost of either.
        let server = persistence(true).start_in(server.stop());
        let mut client = server.client();
        let again = all_reports(&mut client);
        assert_eq!(again[1], expected[1]);
        assert_eq!(again[2], expected[2]);
        assert_eq!(client.json(&["ISSUE.GET", "r", "style", "E501"])["frequency"], tracked);
        assert_eq!(client.json(&["PATTERN.GET", "r", "naming"])["version"], stored["version"]);
        assert_eq!(client.json(&["FIX.RATES", "r"])["fix1"]["total_attempts"], attempts);
        let sessions = |reports: &Json| reports[0][2]["total_sessions"].as_u64();
        assert_eq!(sessions(&again), sessions(&expected).map(|sessions| sessions + 1));
        let patterns = |reports: &Json| array(&reports[0][0]).len();
        assert_eq!(patterns(&again), patterns(&expected));
        assert_goes_on(&mut client);
    }
}

/// Writes down what was appended and reported.
fn record(server: &Path, folder: &Path, name: &str, reports: &Json) {
    let mut files =
        fs::read_dir(server.join("appendonlydir")).expect("a directory").map(|entry| entry.expect("an entry").path());
    let file = files.find(|path| path.to_string_lossy().ends_with(".incr.aof")).expect("a file");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time").as_millis();
    let mut lines = vec![json!({ "at": now as u64 }).to_string()];
    for words in commands(&fs::read(file).expect("the file")) {
        let words: Vec<String> = words.iter().map(|word| word.iter().map(|byte| char::from(*byte)).collect()).collect();
        if !["SELECT", "MULTI", "EXEC"].iter().any(|name| words[0].eq_ignore_ascii_case(name)) {
            lines.push(json!(words).to_string());
        }
    }
    fs::write(folder.join(format!("{name}.jsonl")), lines.join("\n") + "\n").expect("the commands");
    let reports = serde_json::to_string(reports).expect("JSON");
    fs::write(folder.join(format!("{name}.reports.json")), reports + "\n").expect("the reports");
}
