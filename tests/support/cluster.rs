//! A cluster of three masters, each with a replica where that is asked for.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tempfile::TempDir;

use super::routed::Routed;
use super::server::ServerBuilder;
use super::{wait_for, Client, Server};

/// Three nodes that share all slots, and the replicas.
pub struct Cluster {
    /// The nodes; the slots are shared out in this order. Replicas come after the masters of the beginning.
    pub nodes: Vec<Server>,
}

/// What a node knows of another one.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    /// Its id.
    pub id: String,
    /// The id of its master, where it is a replica.
    pub master: Option<String>,
    /// The slots that it serves.
    pub slots: Vec<RangeInclusive<i64>>,
    /// Is it known to be up?
    pub is_up: bool,
}

static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());
static WITH_REPLICAS: Mutex<Weak<Mutex<Cluster>>> = Mutex::new(Weak::new());

/// Arguments of the module where there is to be room for whatever clients send.
const ROOM: &str = "max-payload 67108864 max-fixes 1000000 max-sessions 1000000";

/// Slots, as `CLUSTER ADDSLOTSRANGE` takes them.
const SHARES: [(&str, &str); 3] = [("0", "5460"), ("5461", "10922"), ("10923", "16383")];

impl Cluster {
    /// A cluster that tests with repos of their own share; it ends with the last of them.
    #[track_caller]
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(cluster) = shared.upgrade() {
            return cluster;
        }
        let cluster = Arc::new(Self::start());
        *shared = Arc::downgrade(&cluster);
        cluster
    }

    /// A cluster of three masters with a replica each, which tests use one after the other, and do anything to, as long
    /// as it is whole at the end.
    #[track_caller]
    pub fn with_replicas() -> Arc<Mutex<Self>> {
        let mut shared = WITH_REPLICAS.lock().unwrap_or_else(PoisonError::into_inner);
        // What a failed test left is of no use to others.
        if let Some(cluster) = shared.upgrade().filter(|cluster| !cluster.is_poisoned()) {
            return cluster;
        }
        let mut cluster = Self::of(&Self::node(ROOM));
        cluster.add_replicas();
        let cluster = Arc::new(Mutex::new(cluster));
        *shared = Arc::downgrade(&cluster);
        cluster
    }

    /// The cluster of [`Self::with_replicas`] for one test.
    #[track_caller]
    pub fn take(shared: &Mutex<Self>) -> MutexGuard<'_, Self> {
        let cluster = shared.lock().expect("a test before this one left the cluster whole");
        cluster.wait_until_whole();
        cluster
    }

    /// A cluster of the test's own.
    #[track_caller]
    pub fn start() -> Self {
        Self::of(&Self::node(""))
    }

    /// A cluster of the test's own whose nodes have sixteen databases (Valkey 9).
    #[track_caller]
    pub fn with_databases() -> Self {
        Self::of(&Self::node("").setting("cluster-databases 16"))
    }

    /// Starts three nodes and waits until each sees all slots served.
    #[track_caller]
    fn of(node: &ServerBuilder) -> Self {
        let nodes: Vec<Server> = (0..3).map(|_| node.clone().start()).collect();
        for (n, (node, range)) in nodes.iter().zip(SHARES).enumerate() {
            let mut client = node.client();
            client.text(&["CLUSTER", "SET-CONFIG-EPOCH", &(n + 1).to_string()]);
            client.text(&["CLUSTER", "ADDSLOTSRANGE", range.0, range.1]);
        }
        let cluster = Self { nodes };
        cluster.meet();
        cluster.wait_until_whole();
        cluster
    }

    #[track_caller]
    fn add_replicas(&mut self) {
        let masters: Vec<String> = (0..3).map(|n| self.id(n)).collect();
        for _ in &masters {
            self.nodes.push(Self::node(ROOM).start());
        }
        self.meet();
        for (n, master) in masters.iter().enumerate() {
            let mut client = self.nodes[3 + n].client();
            wait_for("the replica to know its master", || {
                client.try_run(&["CLUSTER", "REPLICATE", master.as_str()]).ok()
            });
        }
        self.wait_until_whole();
    }

    fn node(module_arguments: &str) -> ServerBuilder {
        Server::builder().cluster_node().module_arguments(module_arguments)
    }

    /// Ends a node as a failing machine does; it is not a node of the cluster any more.
    #[track_caller]
    pub fn kill(&mut self, node: usize) -> TempDir {
        self.nodes.remove(node).kill()
    }

    /// Starts a node again that was killed.
    #[track_caller]
    pub fn come_back(&mut self, directory: TempDir) {
        self.nodes.push(Self::node(ROOM).start_in(directory));
    }

    #[track_caller]
    fn meet(&self) {
        for (n, node) in self.nodes.iter().enumerate() {
            let mut client = node.client();
            for other in &self.nodes[n + 1..] {
                client.text(&["CLUSTER", "MEET", "127.0.0.1", &other.port.to_string()]);
            }
        }
    }

    /// Waits until all nodes see the same: all nodes up, all slots served, and every replica with its master's data.
    #[track_caller]
    pub fn wait_until_whole(&self) {
        let mut clients = self.clients();
        let replicas = self.nodes.len() - 3;
        wait_for("the cluster to be whole", || {
            let views: Vec<_> = clients.iter_mut().map(members).collect();
            let agreed = views.iter().all(|view| *view == views[0]) && views[0].len() == self.nodes.len();
            let serves = |id: &String| views[0].get(id).is_some_and(|member| !member.slots.is_empty());
            let followers = views[0].values().filter(|member| member.master.as_ref().is_some_and(serves)).count();
            let is_up = |client: &mut Client| {
                let info = client.text(&["CLUSTER", "INFO"]);
                let link = client.info("replication", "master_link_status");
                info.contains("cluster_state:ok")
                    && info.contains("cluster_slots_ok:16384")
                    && link.is_none_or(|status| status == "up")
            };
            let is_whole = agreed && followers == replicas && views[0].values().all(|member| member.is_up);
            (is_whole && clients.iter_mut().all(is_up)).then_some(())
        });
    }

    /// Waits until every replica has all that its master has sent.
    #[track_caller]
    pub fn wait_for_replicas(&self) {
        for (master, replica) in self.pairs() {
            self.nodes[master].wait_for_replica(&self.nodes[replica]);
        }
    }

    /// The id of a node.
    #[track_caller]
    pub fn id(&self, node: usize) -> String {
        self.nodes[node].client().text(&["CLUSTER", "MYID"])
    }

    /// The ports of all nodes.
    pub fn ports(&self) -> Vec<u16> {
        self.nodes.iter().map(|node| node.port).collect()
    }

    /// A client of the whole cluster.
    #[track_caller]
    pub fn routed(&self) -> Routed {
        Routed::connect(&self.ports())
    }

    /// Each master with its replica, as the nodes themselves say, ordered by the slots that they serve.
    #[track_caller]
    pub fn pairs(&self) -> Vec<(usize, usize)> {
        let ids: Vec<String> = (0..self.nodes.len()).map(|n| self.id(n)).collect();
        let known = members(&mut self.nodes[0].client());
        let mut pairs: Vec<(i64, usize, usize)> = ids
            .iter()
            .enumerate()
            .filter_map(|(replica, id)| {
                let master = known[id].master.as_ref()?;
                let first = *known[master].slots.first()?.start();
                Some((first, ids.iter().position(|id| id == master)?, replica))
            })
            .collect();
        pairs.sort_unstable();
        pairs.into_iter().map(|(_, master, replica)| (master, replica)).collect()
    }

    /// The master that serves a slot.
    #[track_caller]
    pub fn server_of(&self, slot: i64) -> usize {
        let known = members(&mut self.nodes[0].client());
        let serves = |member: &&Member| member.slots.iter().any(|range| range.contains(&slot));
        let id = &known.values().find(serves).expect("a node for the slot").id;
        (0..self.nodes.len()).find(|n| self.id(*n) == *id).expect("one of the nodes")
    }

    /// Checks that every key of every node is in a slot that the node serves, or replicates, and gives the number of keys
    /// of the masters.
    #[track_caller]
    pub fn assert_keys_are_at_home(&self) -> usize {
        let mut count = 0;
        for (n, node) in self.nodes.iter().enumerate() {
            let mut client = node.client();
            let known = members(&mut client);
            let own = &known[&self.id(n)];
            let serving = own.master.as_ref().map_or(own, |master| &known[master]);
            let names = client.key_names("*");
            for name in &names {
                client.send(&["CLUSTER", "KEYSLOT", name]);
            }
            for name in &names {
                let slot = match client.receive() {
                    Ok(redis::Value::Int(slot)) => slot,
                    other => panic!("the slot of {name}: {other:?}"),
                };
                let is_own = serving.slots.iter().any(|range| range.contains(&slot));
                assert!(is_own, "{name} of slot {slot} is on a node that serves {:?}", serving.slots);
            }
            count += if own.master.is_none() { names.len() } else { 0 };
        }
        count
    }

    /// A connection to each node.
    #[track_caller]
    pub fn clients(&self) -> Vec<Client> {
        self.nodes.iter().map(Server::client).collect()
    }

    /// Which node serves this repo's slot.
    #[track_caller]
    pub fn owner(&self, repo: &str) -> usize {
        match slot(&mut self.nodes[0].client(), repo) {
            0..=5_460 => 0,
            5_461..=10_922 => 1,
            _ => 2,
        }
    }
}

/// What a node knows of the cluster's nodes, by their ids.
#[track_caller]
pub fn members(client: &mut Client) -> BTreeMap<String, Member> {
    let text = client.text(&["CLUSTER", "NODES"]);
    let member = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let slots = words[8..].iter().filter(|word| !word.starts_with('[')).map(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            first.parse().expect("a slot")..=last.parse().expect("a slot")
        });
        Member {
            id: words[0].to_owned(),
            master: (words[3] != "-").then(|| words[3].to_owned()),
            slots: slots.collect(),
            is_up: !["fail", "handshake", "noaddr"].iter().any(|flag| words[2].contains(flag)),
        }
    };
    text.lines().map(member).map(|member| (member.id.clone(), member)).collect()
}

/// The slot of a key.
#[track_caller]
pub fn slot(client: &mut Client, key: &str) -> i64 {
    client.int(&["CLUSTER", "KEYSLOT", key])
}
