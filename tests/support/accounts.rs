//! Clients of a cluster that write without pause, and keep accounts of what they were told is done.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use redis::Value;

use super::cluster::Cluster;
use super::routed::Routed;
use super::{array, wait_for};

/// What was acknowledged of one repo.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Account {
    occurrences: i64,
    batches: i64,
    fixes: i64,
    sessions: i64,
    stores: i64,
    snippets: i64,
}

/// What was acknowledged, by repo.
pub type Accounts = BTreeMap<String, Account>;

/// Clients that write until they are stopped.
pub struct Load {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicUsize>,
    clients: Vec<JoinHandle<Accounts>>,
}

impl Load {
    /// Starts clients that all write to the same repos.
    pub fn start(cluster: &Cluster, repos: &[String], clients: usize) -> Self {
        let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let clients = (0..clients)
            .map(|client| {
                let (ports, repos) = (cluster.ports(), repos.to_vec());
                let (stop, rounds) = (Arc::clone(&stop), Arc::clone(&rounds));
                thread::spawn(move || write(client, &ports, &repos, &stop, &rounds))
            })
            .collect();
        Self { stop, rounds, clients }
    }

    /// Waits until the clients together have been through all repos so many times more.
    #[track_caller]
    pub fn go_on_for(&self, rounds: usize) {
        let end = self.rounds.load(Ordering::Relaxed) + rounds;
        wait_for("the clients to go on", || {
            let failed = self.clients.iter().any(JoinHandle::is_finished);
            (failed || self.rounds.load(Ordering::Relaxed) >= end).then_some(())
        });
    }

    /// Stops the clients, and gives what they were told.
    #[track_caller]
    pub fn stop(self) -> Accounts {
        self.stop.store(true, Ordering::Relaxed);
        let mut all = Accounts::new();
        for client in self.clients {
            for (repo, account) in client.join().expect("a client that met no error") {
                all.entry(repo).or_default().add(&account);
            }
        }
        all
    }
}

impl Account {
    fn add(&mut self, other: &Self) {
        self.occurrences += other.occurrences;
        self.batches += other.batches;
        self.fixes += other.fixes;
        self.sessions += other.sessions;
        self.stores += other.stores;
        self.snippets += other.snippets;
    }

    /// What a repo holds, counted in each of the ways in which it is kept.
    #[track_caller]
    fn held(routed: &mut Routed, repo: &str) -> Self {
        let style = routed.json(&["ISSUE.GET", repo, "style", "E501"])["frequency"].as_i64();
        let security = routed.json(&["ISSUE.GET", repo, "security", "S105"])["frequency"].as_i64();
        let trends = routed.json(&["ISSUE.TRENDS", repo, "DAYS", "2"]);
        assert_eq!(trends["issue_distribution"]["style"].as_i64(), style, "{repo}: the days and the record");
        assert_eq!(trends["issue_distribution"]["security"].as_i64(), security, "{repo}: the days and the record");
        let fixes = routed.json(&["FIX.RATES", repo])["format"].clone();
        let sessions = routed.json(&["SESSION.ANALYTICS", repo, "DAYS", "2"]);
        let pattern = routed.json(&["PATTERN.GET", repo, "naming"]);
        let stores = pattern["version"].as_i64().expect("a version");
        assert_eq!(pattern["usage_count"].as_i64(), Some(stores - 1), "{repo}: versions and uses");
        let snippets = routed.json(&["PATTERN.LIST", repo, "TYPE", "snippet", "LIMIT", "0", "10000"]);
        let batches = security.expect("a frequency") / 2;
        Self {
            occurrences: style.expect("a frequency") - batches,
            batches,
            fixes: fixes["total_attempts"].as_i64().expect("attempts"),
            sessions: sessions["total_sessions"].as_i64().expect("sessions"),
            stores,
            snippets: array(&snippets).len() as i64,
        }
    }
}

/// Checks that the cluster holds exactly what was acknowledged: nothing lost, nothing twice.
#[track_caller]
pub fn assert_kept(cluster: &Cluster, accounts: &Accounts) {
    let mut routed = cluster.routed();
    for (repo, account) in accounts {
        assert!(account.snippets > 0, "{repo}: the load did not reach it: {account:?}");
        assert_eq!(&Account::held(&mut routed, repo), account, "{repo}");
    }
}

/// One client: through all repos again and again.
fn write(client: usize, ports: &[u16], repos: &[String], stop: &AtomicBool, rounds: &AtomicUsize) -> Accounts {
    let mut routed = Routed::connect(ports);
    let mut accounts = Accounts::new();
    for round in 0.. {
        for repo in repos {
            let account = accounts.entry(repo.clone()).or_default();
            let own = format!("{client}-{round}");
            let data = format!(r#"{{"client":{client},"round":{round}}}"#);
            routed.run(&["ISSUE.TRACK", repo, "style", "E501", "low", "COUNT", "3"]);
            account.occurrences += 3;
            routed.run(&["FIX.RECORD", repo, "style", "format", "1", "ID", &own]);
            account.fixes += 1;
            routed.run(&["PATTERN.STORE", repo, "naming", &data]);
            account.stores += 1;
            routed.run(&["ISSUE.MTRACK", repo, "style", "E501", "low", "1", "security", "S105", "high", "2"]);
            account.batches += 1;
            routed.run(&["SESSION.RECORD", repo, "nightly", "1", "1"]);
            account.sessions += 1;
            if round % 8 == 0 {
                routed.run(&["PATTERN.STORE", repo, "snippet", &data, "ID", "AUTO"]);
                account.snippets += 1;
            }
            let found = routed.run(&["PATTERN.GET", repo, "naming"]);
            assert_ne!(found, Value::Nil, "{repo}: what was stored is not there");
        }
        rounds.fetch_add(1, Ordering::Relaxed);
        if stop.load(Ordering::Relaxed) {
            break;
        }
        thread::sleep(Duration::from_millis(2));
    }
    accounts
}
