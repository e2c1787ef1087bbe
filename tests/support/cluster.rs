//! A cluster of three masters.

use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::{wait_for, Client, Server};

/// Three nodes that share all slots.
pub struct Cluster {
    /// The nodes; the slots are shared out in this order.
    pub nodes: Vec<Server>,
}

static SHARED: Mutex<Weak<Cluster>> = Mutex::new(Weak::new());

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

    /// Starts three nodes and waits until each sees all slots served.
    /// A cluster of the test's own.
    #[track_caller]
    pub fn start() -> Self {
        let nodes: Vec<Server> = (0..3).map(|_| Server::builder().cluster_node().start()).collect();
        for (n, (node, range)) in nodes.iter().zip([("0", "5460"), ("5461", "10922"), ("10923", "16383")]).enumerate() {
            let mut client = node.client();
            client.text(&["CLUSTER", "SET-CONFIG-EPOCH", &(n + 1).to_string()]);
            client.text(&["CLUSTER", "ADDSLOTSRANGE", range.0, range.1]);
        }
        for (n, node) in nodes.iter().enumerate() {
            let mut client = node.client();
            for other in &nodes[n + 1..] {
                client.text(&["CLUSTER", "MEET", "127.0.0.1", &other.port.to_string()]);
            }
        }
        let cluster = Self { nodes };
        for node in &cluster.nodes {
            let mut client = node.client();
            wait_for("the cluster to be whole", || {
                let info = client.text(&["CLUSTER", "INFO"]);
                (info.contains("cluster_state:ok")
                    && info.contains("cluster_known_nodes:3")
                    && info.contains("cluster_slots_ok:16384"))
                .then_some(())
            });
        }
        cluster
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

/// The slot of a key.
#[track_caller]
pub fn slot(client: &mut Client, key: &str) -> i64 {
    client.int(&["CLUSTER", "KEYSLOT", key])
}
