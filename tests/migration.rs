//! Slots move to another node under load, the old way and atomically: nothing is lost, nothing is done twice, nothing
//! is left or made at the wrong node.

use std::thread;

use redis::Value;

use crate::support::accounts::{assert_kept, Load};
use crate::support::cluster::{members, slot, Cluster};
use crate::support::server::server_name;
use crate::support::{array, effort, fill, repo_state, text, wait_for, Client, Server};

/// Repos of three slots that the first master serves, one each, and of three that the second one serves.
#[track_caller]
fn repos_of_two_masters(cluster: &Cluster, owner: &str) -> [Vec<String>; 2] {
    let pairs = cluster.pairs();
    let repos: Vec<String> = (0..60).map(|n| format!("github.com/{owner}/repo-{n}")).collect();
    [pairs[0].0, pairs[1].0].map(|master| {
        let mut client = cluster.nodes[master].client();
        let is_here = |repo: &&String| client.try_run(&["PATTERN.GET", repo, "naming"]).is_ok();
        repos.iter().filter(is_here).take(3).cloned().collect()
    })
}

/// The repos of this owner that a node lists.
#[track_caller]
fn listed(client: &mut Client, owner: &str) -> Vec<String> {
    let glob = format!("github.com/{owner}/*");
    let mut repos = Vec::new();
    let mut cursor = "0".to_owned();
    loop {
        let page = client.json(&["PATTERN.REPOS", "CURSOR", &cursor, "MATCH", &glob, "COUNT", "1000"]);
        repos.extend(array(&page["repos"]).iter().map(|repo| text(repo).to_owned()));
        text(&page["cursor"]).clone_into(&mut cursor);
        if cursor == "0" {
            repos.sort();
            return repos;
        }
    }
}

/// Moves a slot from one master to another the old way; `between` is called before each step.
#[track_caller]
fn move_slot(cluster: &Cluster, slot: i64, from: usize, to: usize, mut between: impl FnMut()) {
    let (mut source, mut target) = (cluster.nodes[from].client(), cluster.nodes[to].client());
    let (source_id, target_id) = (cluster.id(from), cluster.id(to));
    let (slot, port) = (slot.to_string(), cluster.nodes[to].port.to_string());
    target.text(&["CLUSTER", "SETSLOT", &slot, "IMPORTING", &source_id]);
    between();
    source.text(&["CLUSTER", "SETSLOT", &slot, "MIGRATING", &target_id]);
    loop {
        between();
        let names = source.texts(&["CLUSTER", "GETKEYSINSLOT", &slot, "3"]);
        if names.is_empty() {
            break;
        }
        let mut call = vec!["MIGRATE", "127.0.0.1", &port, "", "0", "5000", "KEYS"];
        call.extend(names.iter().map(String::as_str));
        assert_eq!(source.text(&call), "OK");
    }
    target.text(&["CLUSTER", "SETSLOT", &slot, "NODE", &target_id]);
    between();
    source.text(&["CLUSTER", "SETSLOT", &slot, "NODE", &target_id]);
    cluster.wait_until_whole();
}

/// Moves slots atomically; whether the server can is for the caller to know. `meanwhile` is called again and again.
#[track_caller]
fn move_slots_atomically(cluster: &Cluster, slots: &[i64], from: usize, to: usize, mut meanwhile: impl FnMut()) {
    let (mut source, mut target) = (cluster.nodes[from].client(), cluster.nodes[to].client());
    let target_id = cluster.id(to);
    let ranges: Vec<String> = slots.iter().flat_map(|slot| [slot.to_string(), slot.to_string()]).collect();
    let ranges: Vec<&str> = ranges.iter().map(String::as_str).collect();
    if cluster.nodes[to].is_valkey() {
        let call = [&["CLUSTER", "MIGRATESLOTS", "SLOTSRANGE"], ranges.as_slice(), &["NODE", &target_id]].concat();
        source.text(&call);
    } else {
        target.text(&[&["CLUSTER", "MIGRATION", "IMPORT"], ranges.as_slice()].concat());
    }
    wait_for("the slots to be served by the target", || {
        meanwhile();
        slots.iter().all(|slot| cluster.server_of(*slot) == to).then_some(())
    });
    cluster.wait_until_whole();
    wait_for("the source to have let go", || {
        let count = |slot: &i64| source.int(&["CLUSTER", "COUNTKEYSINSLOT", &slot.to_string()]);
        (slots.iter().map(count).sum::<i64>() == 0).then_some(())
    });
}

/// Does a node say that it serves any of these slots?
#[track_caller]
fn serves(client: &mut Client, id: &str, slots: &[i64]) -> bool {
    let own = members(client)[id].slots.clone();
    slots.iter().any(|slot| own.iter().any(|range| range.contains(slot)))
}

/// Can the server migrate slots atomically (Redis 8.4, Valkey 9)?
#[track_caller]
fn migrates_atomically() -> bool {
    let server = Server::shared();
    let can = server.version() >= if server.is_valkey() { (9, 0) } else { (8, 4) };
    if !can {
        println!("{} has no atomic slot migration: skipped", server_name());
    }
    can
}

#[track_caller]
fn slots_of(cluster: &Cluster, repos: &[String]) -> Vec<i64> {
    let mut client = cluster.nodes[0].client();
    repos.iter().map(|repo| slot(&mut client, repo)).collect()
}

/// All that must be so once slots were moved under load.
#[track_caller]
fn assert_nothing_happened(cluster: &Cluster, load: Load, repos: &[String]) {
    load.go_on_for(3);
    let accounts = load.stop();
    cluster.wait_until_whole();
    assert_kept(cluster, &accounts);
    cluster.wait_for_replicas();
    cluster.assert_keys_are_at_home();
    let mut routed = cluster.routed();
    for (master, replica) in cluster.pairs() {
        let (mut master, mut replica) = (cluster.nodes[master].client(), cluster.nodes[replica].client());
        replica.text(&["READONLY"]);
        for repo in repos {
            assert_eq!(repo_state(&mut replica, repo), repo_state(&mut master, repo), "{repo}");
        }
    }
    for repo in repos {
        routed.run(&["PATTERN.FORGET", repo]);
    }
}

#[test]
fn slots_moved_the_old_way_under_load_lose_nothing_and_do_nothing_twice() {
    let shared = Cluster::with_replicas();
    let cluster = Cluster::take(&shared);
    let [first, second] = repos_of_two_masters(&cluster, "old-way-loaded");
    let repos = [first.clone(), second.clone()].concat();
    let (one, other) = (cluster.pairs()[0].0, cluster.pairs()[1].0);
    for _ in 0..effort(1, 20) {
        let load = Load::start(&cluster, &repos, 3);
        load.go_on_for(4);
        let (mut left, mut right) = (cluster.nodes[one].client(), cluster.nodes[other].client());
        let mut all = repos.clone();
        all.sort();
        let mut pause = || {
            // Each repo is listed once, by one of the two: never by none, never by both.
            let mut both = [listed(&mut left, "old-way-loaded"), listed(&mut right, "old-way-loaded")].concat();
            both.sort();
            assert_eq!(both, all);
        };
        for (here, there, moved) in [(one, other, &first), (other, one, &second), (other, one, &first)] {
            for slot in slots_of(&cluster, moved) {
                move_slot(&cluster, slot, here, there, &mut pause);
            }
            load.go_on_for(2);
        }
        for slot in slots_of(&cluster, &second) {
            move_slot(&cluster, slot, one, other, &mut pause);
        }
        assert_nothing_happened(&cluster, load, &repos);
    }
}

#[test]
fn slots_moved_atomically_under_load_lose_nothing_and_do_nothing_twice() {
    if !migrates_atomically() {
        return;
    }
    let shared = Cluster::with_replicas();
    let cluster = Cluster::take(&shared);
    let [first, second] = repos_of_two_masters(&cluster, "atomic-loaded");
    let repos = [first.clone(), second.clone()].concat();
    let (one, other) = (cluster.pairs()[0].0, cluster.pairs()[1].0);
    for _ in 0..effort(1, 20) {
        let load = Load::start(&cluster, &repos, 3);
        load.go_on_for(4);
        let moves = [(one, other, &first), (other, one, &second), (other, one, &first), (one, other, &second)];
        for (here, there, moved) in moves {
            let slots = slots_of(&cluster, moved);
            let (mut source, mut target) = (cluster.nodes[here].client(), cluster.nodes[there].client());
            let lists = |client: &mut Client| {
                let listing = listed(client, "atomic-loaded");
                moved.iter().filter(|repo| listing.contains(repo)).count()
            };
            move_slots_atomically(&cluster, &slots, here, there, || {
                // What comes in is listed once it is served, and what went is not.
                let came = lists(&mut target);
                assert!(came == 0 || serves(&mut target, &cluster.id(there), &slots), "{came} listed too early");
                let gone = !serves(&mut source, &cluster.id(here), &slots);
                let left = lists(&mut source);
                assert!(!gone || left == 0, "{left} listed though they are gone");
            });
            load.go_on_for(2);
            assert_eq!((lists(&mut target), lists(&mut source)), (moved.len(), 0));
        }
        assert_nothing_happened(&cluster, load, &repos);
    }
}

/// One whose scan takes long enough for a slot to move meanwhile.
fn slow() -> String {
    format!(r#"{{"text":"{}"}}"#, "key:'".repeat(1 << 18))
}

#[track_caller]
fn wait_until_blocked(client: &mut Client, clients: usize) {
    wait_for("clients that wait", || {
        let blocked: usize = client.info("clients", "blocked_clients")?.parse().ok()?;
        (blocked == clients).then_some(())
    });
}

/// Sends large writes until one is refused, and gives the number of those that were done.
fn write_until_refused(mut client: Client, mut call: impl FnMut(usize) -> Vec<String>) -> usize {
    for n in 0..200 {
        if let Err(error) = client.try_run(&call(n)) {
            let codes = ["MOVED ", "ASK ", "TRYAGAIN ", "READONLY ", "CLUSTERDOWN ", "UNBLOCKED "];
            assert!(codes.iter().any(|code| error.starts_with(code)), "{error}");
            return n;
        }
    }
    panic!("nothing is refused");
}

/// Large writes wait at the node of the repo while something happens to its slot: each is done, and said to be, or
/// refused, and nothing of it is anywhere.
#[track_caller]
fn assert_refused_cleanly(cluster: &Cluster, repo: &str, happens: impl FnOnce()) {
    let home = {
        let slot = slot(&mut cluster.nodes[0].client(), repo);
        cluster.server_of(slot)
    };
    let mut client = cluster.nodes[home].client();
    let (storer, recorder) = (cluster.nodes[home].client(), cluster.nodes[home].client());
    fill(&mut client, repo);
    let data = slow();
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    let (patterns, sessions) = thread::scope(|scope| {
        // One makes new keys, the other writes to those that there are.
        let store = |n: usize| words(&["PATTERN.STORE", repo, "large", &data, "ID", &n.to_string()]);
        let record = |_: usize| words(&["SESSION.RECORD", repo, "large", "1", "1", "DATA", &data]);
        let patterns = scope.spawn(move || write_until_refused(storer, store));
        let sessions = scope.spawn(move || write_until_refused(recorder, record));
        wait_until_blocked(&mut client, 2);
        happens();
        (patterns.join().expect("a writer"), sessions.join().expect("a writer"))
    });
    cluster.wait_until_whole();
    cluster.wait_for_replicas();
    cluster.assert_keys_are_at_home();
    let mut routed = cluster.routed();
    let listed = routed.json(&["PATTERN.LIST", repo, "TYPE", "large", "LIMIT", "0", "1000"]);
    assert_eq!(array(&listed).len(), patterns, "what is stored is what was said to be");
    let listed = routed.json(&["SESSION.LIST", repo, "LIMIT", "0", "1000"]);
    assert_eq!(array(&listed).len(), sessions + 1, "what is recorded is what was said to be");
    let analytics = routed.json(&["SESSION.ANALYTICS", repo, "DAYS", "2"]);
    assert_eq!(analytics["total_sessions"], sessions + 1);
    routed.run(&["PATTERN.FORGET", repo]);
    wait_until_blocked(&mut client, 0);
    assert!(!cluster.nodes.iter().any(|node| node.log().contains("carried out in part")));
}

#[test]
fn large_writes_that_wait_while_their_slot_moves_are_refused() {
    let shared = Cluster::with_replicas();
    let cluster = Cluster::take(&shared);
    let [first, _] = repos_of_two_masters(&cluster, "large-moved");
    let (one, other) = (cluster.pairs()[0].0, cluster.pairs()[1].0);
    let slot = slots_of(&cluster, &first)[0];
    assert_refused_cleanly(&cluster, &first[0], || move_slot(&cluster, slot, one, other, || ()));
    // Half way: the slot is open at both ends when the text is ready.
    let (mut source, mut target) = (cluster.nodes[other].client(), cluster.nodes[one].client());
    let number = slot.to_string();
    assert_refused_cleanly(&cluster, &first[0], || {
        target.text(&["CLUSTER", "SETSLOT", &number, "IMPORTING", &cluster.id(other)]);
        source.text(&["CLUSTER", "SETSLOT", &number, "MIGRATING", &cluster.id(one)]);
        wait_until_blocked(&mut source, 0);
        source.text(&["CLUSTER", "SETSLOT", &number, "STABLE"]);
        target.text(&["CLUSTER", "SETSLOT", &number, "STABLE"]);
    });
    move_slot(&cluster, slot, other, one, || ());
    if migrates_atomically() {
        assert_refused_cleanly(&cluster, &first[0], || move_slots_atomically(&cluster, &[slot], one, other, || ()));
        move_slots_atomically(&cluster, &[slot], other, one, || ());
    }
}

#[test]
fn large_writes_that_wait_while_their_node_is_demoted_are_refused() {
    let shared = Cluster::with_replicas();
    let cluster = Cluster::take(&shared);
    for how in [&["CLUSTER", "FAILOVER"] as &[&str], &["CLUSTER", "FAILOVER", "TAKEOVER"]] {
        let [first, _] = repos_of_two_masters(&cluster, "large-demoted");
        let replica = cluster.pairs()[0].1;
        assert_refused_cleanly(&cluster, &first[0], || {
            cluster.nodes[replica].client().text(how);
            let id = cluster.id(replica);
            let slot = slots_of(&cluster, &first)[0];
            wait_for("the replica to take over", || (cluster.id(cluster.server_of(slot)) == id).then_some(()));
        });
    }
}

#[test]
fn large_writes_that_wait_while_the_cluster_goes_down_are_refused_as_such() {
    let shared = Cluster::with_replicas();
    let cluster = Cluster::take(&shared);
    let [first, _] = repos_of_two_masters(&cluster, "large-down");
    let mut client = cluster.nodes[cluster.pairs()[0].0].client();
    let missing = slots_of(&cluster, &first)[1].to_string();
    assert_refused_cleanly(&cluster, &first[0], || {
        client.text(&["CLUSTER", "DELSLOTS", &missing]);
        wait_for("the cluster to be down", || {
            client.text(&["CLUSTER", "INFO"]).contains("cluster_state:fail").then_some(())
        });
        wait_until_blocked(&mut client, 0);
        client.text(&["CLUSTER", "ADDSLOTS", &missing]);
    });
}

#[test]
fn transactions_and_scripts_split_no_repo_while_its_slot_moves() {
    let shared = Cluster::with_replicas();
    let cluster = Cluster::take(&shared);
    let [first, _] = repos_of_two_masters(&cluster, "scripts-moved");
    let (one, other) = (cluster.pairs()[0].0, cluster.pairs()[1].0);
    let repo = &first[0];
    let (mut source, mut target) = (cluster.nodes[one].client(), cluster.nodes[other].client());
    fill(&mut source, repo);
    let slot = slots_of(&cluster, &first)[0];
    let before = source.json(&["PATTERN.HEALTH", repo])["keys_count"].as_u64().expect("a count");
    let script = "return redis.call('ISSUE.TRACK', 'REPO', 'style', 'E501', 'low')".replace("REPO", repo);
    move_slot(&cluster, slot, one, other, || {
        // Beside the keys that are declared, and in the source and the target alike.
        let asked = target.try_run(&["ASKING"]).and_then(|_| target.try_run(&["EVAL", &script, "1", repo]));
        assert!(asked.is_err() || is_served(&mut target, repo), "{asked:?}");
        for client in [&mut source, &mut target] {
            let undeclared = client.try_run(&["EVAL", &script, "0"]);
            client.text(&["MULTI"]);
            let queued = client.try_run(&["ISSUE.TRACK", repo, "style", "E501", "low"]);
            let executed = client.try_run(&["EXEC"]);
            let worked = undeclared.is_ok() || (queued.is_ok() && executed.is_ok());
            assert!(!worked || is_served(client, repo), "{undeclared:?} {queued:?} {executed:?}");
        }
    });
    assert_eq!(target.json(&["PATTERN.HEALTH", repo])["keys_count"].as_u64(), Some(before));
    cluster.wait_for_replicas();
    cluster.assert_keys_are_at_home();
    target.run(&["PATTERN.FORGET", repo]);
    move_slot(&cluster, slot, other, one, || ());
}

#[test]
fn repos_of_other_databases_move_with_their_slot() {
    let server = Server::shared();
    if !(server.is_valkey() && server.version() >= (9, 0)) {
        println!("{} has one database in a cluster: skipped", server_name());
        return;
    }
    let cluster = Cluster::with_databases();
    let (one, other) = (0, 1);
    let mut repos = (0..100).map(|n| format!("github.com/databases/repo-{n}"));
    let repo = &repos.find(|repo| cluster.owner(repo) == one).expect("a repo of the node");
    let (mut source, mut target) = (cluster.nodes[one].client(), cluster.nodes[other].client());
    let mut state = Vec::new();
    for (database, more) in [("0", "1"), ("5", "3")] {
        for client in [&mut source, &mut target] {
            client.text(&["SELECT", database]);
        }
        fill(&mut source, repo);
        source.int(&["ISSUE.TRACK", repo, "style", "E501", "low", "COUNT", more]);
        state.push(repo_state(&mut source, repo));
    }
    // The old way: whoever has selected another database is refused as well, whatever is there.
    let slot = slot(&mut source, repo);
    let number = slot.to_string();
    target.text(&["CLUSTER", "SETSLOT", &number, "IMPORTING", &cluster.id(one)]);
    source.text(&["CLUSTER", "SETSLOT", &number, "MIGRATING", &cluster.id(other)]);
    for database in ["0", "5", "7"] {
        source.text(&["SELECT", database]);
        target.text(&["SELECT", database]);
        source.error_of("ASK", &["ISSUE.TRACK", repo, "style", "E501", "low"]);
        target.text(&["ASKING"]);
        target.error_of("TRYAGAIN", &["ISSUE.TRACK", repo, "style", "E501", "low"]);
    }
    source.text(&["CLUSTER", "SETSLOT", &number, "STABLE"]);
    target.text(&["CLUSTER", "SETSLOT", &number, "STABLE"]);
    move_slots_atomically(&cluster, &[slot], one, other, || ());
    for (database, before) in ["0", "5"].iter().zip(&state) {
        target.text(&["SELECT", database]);
        assert_eq!(&repo_state(&mut target, repo), before, "database {database}");
        assert_eq!(listed(&mut target, "databases"), std::slice::from_ref(repo));
    }
    assert_eq!(target.json(&["ISSUE.GET", repo, "style", "E501"])["frequency"], 8);
    target.text(&["SELECT", "7"]);
    target.nil(&["ISSUE.GET", repo, "style", "E501"]);
    assert_eq!(listed(&mut target, "databases"), [""; 0]);
    target.text(&["SELECT", "5"]);
    target.run(&["PATTERN.FORGET", repo]);
    target.text(&["SELECT", "0"]);
    assert_eq!(repo_state(&mut target, repo), state[0], "what is in another database is untouched");
}

/// Does the node serve this repo for good, with no migration going on?
fn is_served(client: &mut Client, repo: &str) -> bool {
    matches!(client.try_run(&["ISSUE.GET", repo, "style", "E501"]), Ok(Value::BulkString(_)))
}
