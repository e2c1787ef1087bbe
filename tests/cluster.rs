//! A cluster: a repo is in one slot, and is never split.

use redis::cluster::ClusterClient;
use redis::Value;

use crate::support::catalog::CALLS;
use crate::support::client::{as_text, shown};
use crate::support::cluster::{slot, Cluster};
use crate::support::server::server_name;
use crate::support::state::State;
use crate::support::{array, fill, repo_state, wait_for, Client, Server};

/// A repo for each of the three nodes; each test has an owner's name of its own.
#[track_caller]
fn repos(cluster: &Cluster, owner: &str) -> Vec<String> {
    (0..3)
        .map(|node| {
            (0..1_000)
                .map(|n| format!("github.com/{owner}/repo-{n}"))
                .find(|repo| cluster.owner(repo) == node)
                .expect("a repo for the node")
        })
        .collect()
}

/// The glob of a repo's keys.
fn keys_of(repo: &str) -> String {
    format!("pm:{{{repo}}}:*")
}

#[test]
fn all_keys_of_a_repo_are_in_the_slot_of_its_name() {
    let cluster = Cluster::shared();
    for (repo, mut client) in repos(&cluster, "slots").iter().zip(cluster.clients()) {
        fill(&mut client, repo);
        let names = client.key_names(&keys_of(repo));
        assert!(names.len() >= 13, "{names:?}");
        let home = slot(&mut client, repo);
        for name in names {
            assert_eq!(slot(&mut client, &name), home, "{name}");
        }
    }
}

#[test]
fn commands_are_routed_by_the_repo() {
    let cluster = Cluster::shared();
    let repos = repos(&cluster, "routing");
    let urls: Vec<String> = cluster.nodes.iter().map(|node| format!("redis://127.0.0.1:{}/", node.port)).collect();
    let mut routed = ClusterClient::new(urls).and_then(|client| client.get_connection()).expect("a cluster connection");
    for repo in &repos {
        let frequency: i64 = redis::cmd("ISSUE.TRACK")
            .arg(repo)
            .arg("style")
            .arg("E501")
            .arg("low")
            .query(&mut routed)
            .expect("routed to its node");
        assert_eq!(frequency, 1);
    }
    let mut clients = cluster.clients();
    for (node, client) in clients.iter_mut().enumerate() {
        for (owner, repo) in repos.iter().enumerate() {
            for call in CALLS.iter().filter(|call| call.has_repo() && call.name() != "PATTERN.IMPORT") {
                let arguments = call.for_repo(repo, "{}");
                let answer = client.try_run(&arguments);
                if node == owner {
                    assert!(
                        !matches!(&answer, Err(error) if error.starts_with("MOVED")),
                        "{}: {answer:?}",
                        shown(&arguments)
                    );
                } else {
                    assert!(
                        matches!(&answer, Err(error) if error.starts_with("MOVED")),
                        "{}: {answer:?}",
                        shown(&arguments)
                    );
                }
            }
        }
    }
}

#[test]
fn each_node_lists_its_own_repos() {
    let cluster = Cluster::shared();
    let repos = repos(&cluster, "listing");
    for (repo, mut client) in repos.iter().zip(cluster.clients()) {
        client.int(&["ISSUE.TRACK", repo, "style", "E501", "low"]);
        let listed = client.json(&["PATTERN.REPOS", "MATCH", "github.com/listing/*", "COUNT", "1000"]);
        assert_eq!(array(&listed["repos"]), &[serde_json::json!(repo)]);
    }
}

#[test]
fn a_repo_is_not_split_while_its_slot_is_migrated_the_old_way() {
    let cluster = Cluster::shared();
    let repo = &repos(&cluster, "old-way")[0];
    let mut clients = cluster.clients();
    let [source, target, third] = &mut clients[..] else {
        panic!("three nodes");
    };
    fill(source, repo);
    let before = repo_state(source, repo);
    let report = source.text(&["PATTERN.LIST", repo]);
    let export = source.text(&["PATTERN.EXPORT", repo]);
    let number = slot(source, repo).to_string();
    let source_id = source.text(&["CLUSTER", "MYID"]);
    let target_id = target.text(&["CLUSTER", "MYID"]);
    target.text(&["CLUSTER", "SETSLOT", &number, "IMPORTING", &source_id]);
    source.text(&["CLUSTER", "SETSLOT", &number, "MIGRATING", &target_id]);
    assert_half_way(source, target, repo, &export);
    assert!(target.key_names(&keys_of(repo)).is_empty(), "the target has made a key of its own");
    // Half of the keys go; still nothing may be written on either side.
    let names = source.key_names(&keys_of(repo));
    let target_port = cluster.nodes[1].port.to_string();
    let (first, rest) = names.split_at(names.len() / 2);
    migrate(source, &target_port, first);
    assert_half_way(source, target, repo, &export);
    assert_eq!(
        source.key_names(&keys_of(repo)).len() + target.key_names(&keys_of(repo)).len(),
        names.len(),
        "a key was made half way"
    );
    migrate(source, &target_port, rest);
    assert_half_way(source, target, repo, &export);
    for client in [&mut *target, &mut *source, &mut *third] {
        client.text(&["CLUSTER", "SETSLOT", &number, "NODE", &target_id]);
    }
    assert_same_but_for_a_moment(&repo_state(target, repo), &before);
    assert!(source.key_names(&keys_of(repo)).is_empty());
    assert_eq!(target.text(&["PATTERN.LIST", repo]), report);
    assert_eq!(target.int(&["ISSUE.TRACK", repo, "style", "E501", "low"]), 6);
    source.error_of("MOVED", &["PATTERN.LIST", repo]);
}

/// The source sends callers on, the target asks them to come again; neither does anything.
#[track_caller]
fn assert_half_way(source: &mut Client, target: &mut Client, repo: &str, export: &str) {
    for call in CALLS.iter().filter(|call| call.has_repo()) {
        let arguments = call.for_repo(repo, export);
        let error = source.error(&arguments);
        assert!(error.starts_with("ASK ") || error.starts_with("TRYAGAIN "), "{}: {error}", shown(&arguments));
        target.text(&["ASKING"]);
        let answer = target.try_run(&arguments);
        assert!(
            matches!(&answer, Err(error) if error.starts_with("TRYAGAIN ")),
            "target, {}: {answer:?}",
            shown(&arguments)
        );
    }
}

#[track_caller]
fn migrate(source: &mut Client, port: &str, names: &[String]) {
    let mut call = vec!["MIGRATE", "127.0.0.1", port, "", "0", "5000", "KEYS"];
    call.extend(names.iter().map(String::as_str));
    assert_eq!(source.text(&call), "OK");
}

/// MIGRATE sends the time left, not the moment of expiry: all is equal but for milliseconds of that.
#[track_caller]
fn assert_same_but_for_a_moment(after: &State, before: &State) {
    let split = |state: &State| -> (Vec<String>, Vec<i64>) {
        state
            .iter()
            .map(|(key, value)| {
                let (value, expiry) = value.rsplit_once(' ').expect("an expiry");
                (format!("{key} {value}"), expiry.parse::<i64>().expect("a number"))
            })
            .unzip()
    };
    let ((kept, expiries), (sent, armed)) = (split(after), split(before));
    assert_eq!(kept, sent);
    for (expiry, arm) in expiries.iter().zip(armed) {
        assert!((expiry - arm).abs() < 60_000, "{expiry} is not {arm}");
    }
}

#[test]
fn a_slot_migrates_atomically_where_the_server_can() {
    let server = Server::shared();
    let (valkey, version) = (server.is_valkey(), server.version());
    if version < (if valkey { (9, 0) } else { (8, 4) }) {
        println!("{} has no atomic slot migration: skipped", server_name());
        return;
    }
    let cluster = Cluster::start();
    let repo = &repos(&cluster, "atomic")[0];
    let mut clients = cluster.clients();
    let (source, rest) = clients.split_first_mut().expect("a node");
    let target = &mut rest[0];
    fill(source, repo);
    let before = repo_state(source, repo);
    let number = slot(source, repo).to_string();
    let target_id = target.text(&["CLUSTER", "MYID"]);
    if valkey {
        source.text(&["CLUSTER", "MIGRATESLOTS", "SLOTSRANGE", &number, &number, "NODE", &target_id]);
    } else {
        target.text(&["CLUSTER", "MIGRATION", "IMPORT", &number, &number]);
    }
    wait_for("the slot to move", || {
        matches!(target.try_run(&["PATTERN.GET", repo, "naming"]), Ok(Value::BulkString(_))).then_some(())
    });
    assert_eq!(repo_state(target, repo), before);
    assert_eq!(target.int(&["ISSUE.TRACK", repo, "style", "E501", "low"]), 6);
    wait_for("the source to let go", || source.key_names(&keys_of(repo)).is_empty().then_some(()));
}

#[test]
fn scripts_and_transactions_work_on_the_repos_node() {
    let cluster = Cluster::shared();
    let repo = &repos(&cluster, "scripts")[1];
    let client = &mut cluster.clients()[1];
    let script = "return redis.call('ISSUE.TRACK', KEYS[1], 'style', 'E501', 'low')";
    assert_eq!(client.int(&["EVAL", script, "1", repo]), 1);
    client.text(&["MULTI"]);
    client.text(&["ISSUE.TRACK", repo, "style", "E501", "low"]);
    client.text(&["PATTERN.STORE", repo, "t", "{}"]);
    match client.run(&["EXEC"]) {
        Value::Array(answers) => {
            assert_eq!(answers[0], Value::Int(2));
            assert!(as_text(&answers[1]).is_some_and(|text| text.contains("\"version\":1")));
        }
        other => panic!("{other:?}"),
    }
}
