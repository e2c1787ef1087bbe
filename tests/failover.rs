//! Masters fail and others take over, under load: nothing that was acknowledged is lost, and nothing is done twice.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use redis::Value;
use serde_json::Value as Json;

use crate::support::accounts::{assert_kept, Load};
use crate::support::catalog::CALLS;
use crate::support::cluster::{members, slot, Cluster};
use crate::support::server::server_name;
use crate::support::{array, effort, filling, text, wait_for, whole_state, Client};

/// Repos of this test's own, spread over all nodes.
fn repos(owner: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("github.com/{owner}/repo-{n}")).collect()
}

/// The first of these repos that this node serves.
#[track_caller]
fn repo_of(cluster: &Cluster, node: usize, owner: &str) -> String {
    let mut client = cluster.nodes[node].client();
    let own = members(&mut client)[&cluster.id(node)].clone();
    repos(owner, 1_000)
        .into_iter()
        .find(|repo| {
            let slot = slot(&mut client, repo);
            own.slots.iter().any(|range| range.contains(&slot))
        })
        .expect("a repo of the node")
}

/// A repo's memory in one document, but for when it was asked.
#[track_caller]
fn export(client: &mut Client, repo: &str) -> Json {
    let mut export = client.json(&["PATTERN.EXPORT", repo]);
    export.as_object_mut().expect("an object").remove("exported_at");
    export
}

/// Checks that every replica holds what its master holds: each key, its value and its expiry, and says the same of it.
#[track_caller]
fn assert_replicas_are_equal(cluster: &Cluster, repos: &[String]) {
    cluster.wait_for_replicas();
    for (master, replica) in cluster.pairs() {
        let (mut master, mut replica) = (cluster.nodes[master].client(), cluster.nodes[replica].client());
        replica.text(&["READONLY"]);
        assert_eq!(whole_state(&mut replica), whole_state(&mut master));
        for repo in repos {
            if matches!(master.try_run(&["PATTERN.HEALTH", repo]), Ok(Value::BulkString(_))) {
                assert_eq!(export(&mut replica, repo), export(&mut master, repo), "{repo}");
            }
        }
    }
}

/// Waits until this node serves slots, and all others know it.
#[track_caller]
fn wait_until_it_serves(cluster: &Cluster, node: usize) {
    let id = cluster.id(node);
    for other in &cluster.nodes {
        let mut client = other.client();
        wait_for("the replica to take over", || serves(&mut client, &id).then_some(()));
    }
}

/// Does the node with this id serve slots, as the node of this client knows it?
fn serves(client: &mut Client, id: &str) -> bool {
    let member = &members(client)[id];
    member.master.is_none() && !member.slots.is_empty()
}

/// Has a replica take over in an orderly way. A server gives up after five seconds where the replica lost its link or gets
/// no vote, as may happen when one failover follows another at once, and has to be asked again.
#[track_caller]
fn hand_over(cluster: &Cluster, replica: usize) {
    let (mut client, id) = (cluster.nodes[replica].client(), cluster.id(replica));
    let mut asked: Option<Instant> = None;
    wait_for("the replica to take over", || {
        if cluster.nodes.iter().all(|node| serves(&mut node.client(), &id)) {
            return Some(());
        }
        let is_due = asked.is_none_or(|asked| asked.elapsed() > Duration::from_secs(6));
        if is_due && members(&mut client)[&id].master.is_some() {
            client.text(&["CLUSTER", "FAILOVER"]);
            asked = Some(Instant::now());
        }
        None
    });
}

#[test]
fn every_command_works_for_many_repos_from_a_cluster_client() {
    let shared = Cluster::with_replicas();
    let cluster = Cluster::take(&shared);
    let repos = repos("everything", effort(100, 1_000));
    let mut routed = cluster.routed();
    for repo in &repos {
        for call in filling(repo) {
            routed.run(&call);
        }
        let export = routed.text(&["PATTERN.EXPORT", repo]);
        for call in CALLS.iter().filter(|call| call.has_repo() && call.name() != "PATTERN.FORGET") {
            routed.run(&call.for_repo(repo, &export));
        }
    }
    let keys = cluster.assert_keys_are_at_home();
    assert!(keys >= 10 * repos.len(), "{keys} keys of {} repos", repos.len());
    assert_replicas_are_equal(&cluster, &repos);
    // Each repo is listed by one master; together they list all.
    let mut listed: Vec<String> = cluster.pairs().iter().flat_map(|(master, _)| listed(&cluster, *master)).collect();
    listed.retain(|repo| repo.starts_with("github.com/everything/"));
    listed.sort();
    let mut expected = repos.clone();
    expected.sort();
    assert_eq!(listed, expected);
    for repo in &repos {
        assert_ne!(routed.run(&["PATTERN.FORGET", repo]), Value::Int(0), "{repo}");
    }
    assert_eq!(cluster.assert_keys_are_at_home(), 0);
}

/// The repos that a node lists.
#[track_caller]
pub fn listed(cluster: &Cluster, node: usize) -> Vec<String> {
    let mut client = cluster.nodes[node].client();
    let mut repos = Vec::new();
    let mut cursor = "0".to_owned();
    loop {
        let page = client.json(&["PATTERN.REPOS", "CURSOR", &cursor, "COUNT", "1000"]);
        repos.extend(array(&page["repos"]).iter().map(|repo| text(repo).to_owned()));
        text(&page["cursor"]).clone_into(&mut cursor);
        if cursor == "0" {
            return repos;
        }
    }
}

#[test]
fn replicas_answer_every_read_and_send_writes_to_their_master() {
    let shared = Cluster::with_replicas();
    let cluster = Cluster::take(&shared);
    let (master, replica) = cluster.pairs()[0];
    let repo = repo_of(&cluster, master, "reads");
    let (mut writer, mut reader) = (cluster.nodes[master].client(), cluster.nodes[replica].client());
    for call in filling(&repo) {
        writer.run(&call);
    }
    let document = writer.text(&["PATTERN.EXPORT", &repo]);
    cluster.wait_for_replicas();
    reader.text(&["READONLY"]);
    let before = whole_state(&mut reader);
    for call in CALLS.iter().filter(|call| call.has_repo()) {
        let arguments = call.for_repo(&repo, &document);
        reader.text(&["READWRITE"]);
        reader.error_of("MOVED", &arguments);
        reader.text(&["READONLY"]);
        if call.writes {
            reader.error_of("MOVED", &arguments);
        } else {
            reader.run(&arguments);
        }
    }
    assert_eq!(listed(&cluster, replica), listed(&cluster, master));
    assert_eq!(whole_state(&mut reader), before);
    writer.run(&["PATTERN.FORGET", &repo]);
}

#[test]
fn an_orderly_failover_under_load_loses_nothing_and_does_nothing_twice() {
    let shared = Cluster::with_replicas();
    let cluster = Cluster::take(&shared);
    let repos = repos("orderly", 12);
    for _ in 0..effort(1, 20) {
        let load = Load::start(&cluster, &repos, 3);
        load.go_on_for(6);
        for (_, replica) in cluster.pairs() {
            hand_over(&cluster, replica);
            load.go_on_for(3);
        }
        let accounts = load.stop();
        cluster.wait_until_whole();
        assert_kept(&cluster, &accounts);
        cluster.assert_keys_are_at_home();
        assert_replicas_are_equal(&cluster, &repos);
        forget(&cluster, &repos);
    }
}

#[track_caller]
fn forget(cluster: &Cluster, repos: &[String]) {
    let mut routed = cluster.routed();
    for repo in repos {
        routed.run(&["PATTERN.FORGET", repo]);
    }
}

/// What one client was told by a master that fails, and by its replica: what WAIT said that the replica has.
#[derive(Default)]
struct Told {
    fixes: BTreeSet<String>,
    frequency: i64,
}

/// Writes to the master until it fails.
fn write_until_failure(mut client: Client, repo: &str, name: &str) -> Told {
    let mut told = Told::default();
    for n in 0.. {
        let id = format!("{name}-{n}");
        if client.try_run(&["FIX.RECORD", repo, "style", "format", "1", "ID", &id]).is_err() {
            break;
        }
        let Ok(Value::Int(frequency)) = client.try_run(&["ISSUE.TRACK", repo, "style", "E501", "low"]) else {
            break;
        };
        match client.try_run(&["WAIT", "1", "1000"]) {
            Ok(Value::Int(1)) => {
                told.fixes.insert(id);
                told.frequency = told.frequency.max(frequency);
            }
            Ok(_) => {}
            Err(_) => break,
        }
    }
    told
}

/// How a replica comes to take over.
#[derive(Debug, Clone, Copy)]
enum Failure {
    Kill,
    Force,
    Takeover,
}

#[test]
fn what_a_replica_had_outlives_its_master() {
    let shared = Cluster::with_replicas();
    let mut cluster = Cluster::take(&shared);
    for _ in 0..effort(1, 10) {
        for failure in [Failure::Force, Failure::Takeover, Failure::Kill] {
            fail(&mut cluster, failure);
        }
    }
}

#[track_caller]
fn fail(cluster: &mut Cluster, failure: Failure) {
    let (master, replica) = cluster.pairs()[1];
    let repo = repo_of(cluster, master, "failing");
    let writers: Vec<_> = (0..4)
        .map(|n| {
            let (client, repo, name) = (cluster.nodes[master].client(), repo.clone(), format!("writer-{n}"));
            thread::spawn(move || write_until_failure(client, &repo, &name))
        })
        .collect();
    // A client that sends again whatever it had no answer to, under the same idempotency keys.
    let again = {
        let (repo, mut routed) = (repo.clone(), cluster.routed());
        thread::spawn(move || {
            for n in 0..100 {
                routed.run(&["FIX.RECORD", &repo, "style", "format", "1", "ID", &format!("again-{n}")]);
                thread::sleep(std::time::Duration::from_millis(10));
            }
        })
    };
    let mut witness = cluster.nodes[replica].client();
    witness.text(&["READONLY"]);
    wait_for("the replica to have some of it", || {
        let fixes = witness.try_run(&["FIX.LIST", &repo, "LIMIT", "40", "1"]).ok()?;
        matches!(fixes, Value::BulkString(bytes) if bytes.len() > 2).then_some(())
    });
    match failure {
        Failure::Force => witness.text(&["CLUSTER", "FAILOVER", "FORCE"]),
        Failure::Takeover => witness.text(&["CLUSTER", "FAILOVER", "TAKEOVER"]),
        Failure::Kill => {
            let directory = cluster.kill(master);
            // Those behind it have moved up.
            wait_until_it_serves(cluster, if replica > master { replica - 1 } else { replica });
            cluster.come_back(directory);
            "OK".to_owned()
        }
    };
    let told: Vec<Told> = writers.into_iter().map(|writer| writer.join().expect("a writer")).collect();
    again.join().expect("a client that gets its answers in the end");
    cluster.wait_until_whole();
    let mut routed = cluster.routed();
    let listed = routed.json(&["FIX.LIST", &repo, "LIMIT", "0", "10000"]);
    let ids: Vec<&str> = array(&listed).iter().map(|fix| text(&fix["id"])).collect();
    let kept: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(kept.len(), ids.len(), "{failure:?}: an outcome is there twice");
    let attempts = routed.json(&["FIX.RATES", &repo])["format"]["total_attempts"].as_u64();
    assert_eq!(attempts, Some(ids.len() as u64), "{failure:?}: what is counted is what is listed");
    let acknowledged: Vec<&String> = told.iter().flat_map(|told| &told.fixes).collect();
    assert!(acknowledged.len() > 10, "{failure:?}: hardly anything was acknowledged by WAIT");
    for id in &acknowledged {
        assert!(kept.contains(id.as_str()), "{failure:?}: {id} was acknowledged and is lost");
    }
    let frequency = routed.json(&["ISSUE.GET", &repo, "style", "E501"])["frequency"].as_i64();
    let most = told.iter().map(|told| told.frequency).max();
    assert!(frequency >= most, "{failure:?}: {frequency:?} of {most:?} acknowledged occurrences");
    println!("{} {failure:?}: {} writes acknowledged by WAIT, all kept", server_name(), acknowledged.len());
    cluster.assert_keys_are_at_home();
    assert_replicas_are_equal(cluster, std::slice::from_ref(&repo));
    forget(cluster, &[repo]);
}
