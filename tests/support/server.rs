//! A server process of the test's own: a free port, a temporary directory, killed when dropped.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{wait_for, Client};

/// The server binary under test.
pub fn server_binary() -> PathBuf {
    std::env::var_os("PM_SERVER").map_or_else(|| PathBuf::from("redis-server"), PathBuf::from)
}

/// What the run calls that server in its messages.
pub fn server_name() -> String {
    std::env::var("PM_SERVER_NAME").unwrap_or_else(|_| server_binary().display().to_string())
}

/// The module under test.
pub fn module_path() -> PathBuf {
    std::env::var_os("PM_MODULE").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("target/release/libpattern_memory.so"),
        PathBuf::from,
    )
}

/// How a server is to be started.
#[derive(Clone)]
pub struct ServerBuilder {
    binary: PathBuf,
    settings: Vec<String>,
    module: Option<String>,
    bare: bool,
    cluster: bool,
    module_file: PathBuf,
    environment: Vec<(String, String)>,
    file_limit: Option<u64>,
}

impl ServerBuilder {
    /// A line of the configuration file.
    pub fn setting(mut self, line: &str) -> Self {
        self.settings.push(line.to_owned());
        self
    }

    /// Arguments of `loadmodule`.
    pub fn module_arguments(mut self, arguments: &str) -> Self {
        self.module = Some(arguments.to_owned());
        self
    }

    /// Starts without the module.
    pub fn without_module(mut self) -> Self {
        self.module = None;
        self
    }

    /// Loads another build of the module.
    pub fn module_file(mut self, path: &Path) -> Self {
        self.module_file = path.to_owned();
        self
    }

    /// Sets a variable of the process's environment.
    pub fn environment(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Lets no file of the server's grow beyond so many KiB; a write beyond fails as on a full disk.
    pub fn file_limit(mut self, kib: u64) -> Self {
        self.file_limit = Some(kib);
        self
    }

    /// Another server binary, with only the settings that servers before 7.0 know too.
    pub fn old_binary(mut self, binary: PathBuf) -> Self {
        self.binary = binary;
        self.bare = true;
        self
    }

    /// A node of a cluster.
    pub fn cluster_node(mut self) -> Self {
        self.cluster = true;
        self
    }

    /// Starts in a new directory and waits until the server answers.
    #[track_caller]
    pub fn start(self) -> Server {
        self.start_in(tempfile::tempdir().expect("a temporary directory"))
    }

    /// Starts in this directory, with what an earlier server left there.
    #[track_caller]
    pub fn start_in(self, directory: TempDir) -> Server {
        let mut directory = directory;
        for _ in 0..10 {
            match self.clone().launch(directory) {
                Ok(server) => return server,
                Err(failed) if failed.log().contains("Address already in use") => {
                    directory = failed.directory;
                }
                Err(failed) => panic!("{} did not start ({:?}):\n{}", server_name(), failed.status, failed.log()),
            }
        }
        panic!("no free port in ten attempts");
    }

    /// Starts a server that is expected to refuse, and answers what it logged.
    #[track_caller]
    pub fn start_refused(self) -> FailedStart {
        match self.launch(tempfile::tempdir().expect("a temporary directory")) {
            Ok(server) => panic!("the server started:\n{}", server.log()),
            Err(failed) => failed,
        }
    }

    fn launch(self, directory: TempDir) -> Result<Server, FailedStart> {
        let port = free_port(self.cluster);
        fs::write(directory.path().join("server.conf"), self.configuration(port, directory.path()))
            .expect("write the configuration");
        let output = File::create(directory.path().join("output.log")).expect("an output file");
        let errors = output.try_clone().expect("the output file again");
        let mut command = match self.file_limit {
            None => self.command(),
            Some(kib) => {
                let mut shell = Command::new("sh");
                // In blocks of 512 bytes. The signal of the limit would end the server, and is ignored.
                shell.args(["-c", "trap '' XFSZ; ulimit -S -f \"$1\"; exec \"$2\" \"$3\"", "sh"]);
                shell.arg((2 * kib).to_string()).arg(&self.binary);
                shell
            }
        };
        let mut child = command
            .arg("server.conf")
            .envs(self.environment.iter().cloned())
            .current_dir(directory.path())
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", self.binary.display()));
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = child.try_wait().expect("the server's status") {
                return Err(FailedStart { status, directory });
            }
            if Client::try_connect(port).is_some() {
                return Ok(Server { child, port, builder: self, directory: Some(directory) });
            }
            if Instant::now() > deadline {
                let _ = child.kill();
                let _ = child.wait();
                panic!("{} did not answer in 30 seconds:\n{}", server_name(), read_logs(directory.path()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What starts the server: itself, or a program that is given it.
    fn command(&self) -> Command {
        let Some(wrapper) = std::env::var_os("PM_SERVER_WRAPPER") else {
            return Command::new(&self.binary);
        };
        let mut command = Command::new(wrapper);
        command.arg(&self.binary);
        command
    }

    fn configuration(&self, port: u16, directory: &Path) -> String {
        let mut text =
            format!("port {port}\nbind 127.0.0.1\ndir {}\nlogfile server.log\nsave \"\"\n", directory.display());
        if !self.bare {
            text.push_str("enable-debug-command yes\nenable-module-command yes\n");
            text.push_str("repl-diskless-sync-delay 0\n");
        }
        if self.cluster {
            text.push_str("cluster-enabled yes\ncluster-node-timeout 2000\n");
        }
        if let Some(arguments) = &self.module {
            let _ = writeln!(text, "loadmodule {} {arguments}", self.module_file.display());
        }
        for line in &self.settings {
            text.push_str(line);
            text.push('\n');
        }
        text
    }
}

/// A server that ended before it answered.
pub struct FailedStart {
    /// How it ended.
    pub status: ExitStatus,
    directory: TempDir,
}

impl FailedStart {
    /// What it logged.
    pub fn log(&self) -> String {
        read_logs(self.directory.path())
    }
}

/// A running server.
pub struct Server {
    child: Child,
    /// Its port on 127.0.0.1.
    pub port: u16,
    builder: ServerBuilder,
    directory: Option<TempDir>,
}

static SHARED: Mutex<Weak<Server>> = Mutex::new(Weak::new());

impl Server {
    /// A server with the module, not yet started.
    pub fn builder() -> ServerBuilder {
        ServerBuilder {
            binary: server_binary(),
            settings: Vec::new(),
            module: Some(String::new()),
            bare: false,
            cluster: false,
            module_file: module_path(),
            environment: Vec::new(),
            file_limit: None,
        }
    }

    /// A server of the test's own.
    #[track_caller]
    pub fn start() -> Self {
        Self::builder().start()
    }

    /// A server that tests with repos of their own share; it ends with the last of them.
    #[track_caller]
    pub fn shared() -> Arc<Self> {
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = shared.upgrade() {
            if Client::try_connect(server.port).is_some() {
                return server;
            }
        }
        let server = Arc::new(Self::start());
        *shared = Arc::downgrade(&server);
        server
    }

    /// A new connection.
    #[track_caller]
    pub fn client(&self) -> Client {
        Client::connect(self.port)
    }

    /// The server's process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the server has ended by itself, and answers what it logged.
    #[track_caller]
    pub fn log_after_its_end(mut self) -> String {
        wait_for("the server to end", || self.child.try_wait().expect("the server's status"));
        self.log()
    }

    /// The server's directory.
    pub fn path(&self) -> &Path {
        self.directory.as_ref().expect("a directory").path()
    }

    /// Its log and whatever it wrote to standard output and error.
    pub fn log(&self) -> String {
        read_logs(self.path())
    }

    /// Every byte of every file in the server's directory but the configuration.
    pub fn disk(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        read_tree(self.path(), &mut bytes);
        bytes
    }

    /// Stops by SHUTDOWN NOSAVE (an append-only file is flushed) and gives the directory back.
    #[track_caller]
    pub fn stop(mut self) -> TempDir {
        let mut client = self.client();
        let _ = client.try_run(&["SHUTDOWN", "NOSAVE"]);
        wait_for("the server to end", || self.child.try_wait().expect("the server's status"));
        self.directory.take().expect("a directory")
    }

    /// Ends it as a failing machine does (SIGKILL) and gives the directory back.
    #[track_caller]
    pub fn kill(mut self) -> TempDir {
        self.child.kill().expect("the server runs");
        self.child.wait().expect("the server ends");
        self.directory.take().expect("a directory")
    }

    /// Waits until it has ended by itself, and gives the directory back.
    #[track_caller]
    pub fn ended(mut self) -> TempDir {
        wait_for("the server to end", || self.child.try_wait().expect("the server's status"));
        self.directory.take().expect("a directory")
    }

    /// The number of its process.
    pub fn process(&self) -> u32 {
        self.child.id()
    }

    /// Stops and starts again in the same directory.
    #[track_caller]
    pub fn restart(self) -> Self {
        let builder = self.builder.clone();
        builder.start_in(self.stop())
    }

    /// Stops and starts again in the same directory, without the module.
    #[track_caller]
    pub fn restart_without_module(self) -> Self {
        let builder = self.builder.clone().without_module();
        builder.start_in(self.stop())
    }

    /// Starts a replica of this server and waits until it has the data.
    #[track_caller]
    pub fn replica(&self, builder: ServerBuilder) -> Self {
        let replica = builder.setting(&format!("replicaof 127.0.0.1 {}", self.port)).start();
        self.wait_for_replica(&replica);
        replica
    }

    /// Waits until the replica has all that this server has sent so far.
    #[track_caller]
    pub fn wait_for_replica(&self, replica: &Self) {
        let mut master = self.client();
        let mut client = replica.client();
        wait_for("the replica to catch up", || {
            let sent = master.info("replication", "master_repl_offset")?;
            let linked = client.info("replication", "master_link_status")? == "up";
            let read = client.info("replication", "slave_repl_offset")?;
            (linked && sent == read).then_some(())
        });
    }

    /// Reads what the server sends after this command of its own connection, MONITOR or a replica's SYNC, once one of
    /// the beginnings has come.
    #[track_caller]
    pub fn listen(&self, command: &str, beginnings: &[&str]) -> Listener {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("connect");
        stream.set_read_timeout(Some(Duration::from_millis(20))).expect("set a read timeout");
        stream.write_all(format!("{command}\r\n").as_bytes()).expect("send");
        let mut listener = Listener { stream, bytes: Vec::new() };
        wait_for("the stream to begin", || {
            listener.read();
            beginnings.iter().any(|beginning| contains(&listener.bytes, beginning.as_bytes())).then_some(())
        });
        listener
    }

    /// Is this Valkey?
    pub fn is_valkey(&self) -> bool {
        self.client().info("server", "valkey_version").is_some()
    }

    /// The version: of Valkey where it is Valkey, else of Redis.
    #[track_caller]
    pub fn version(&self) -> (u32, u32) {
        let mut client = self.client();
        let version = client
            .info("server", "valkey_version")
            .or_else(|| client.info("server", "redis_version"))
            .expect("a version");
        let mut parts = version.split('.').map(|part| part.parse().expect("a number"));
        (parts.next().expect("major"), parts.next().expect("minor"))
    }

    /// Does it look a connection's next command up by its last one, though that may have been unloaded (Redis 8)?
    #[track_caller]
    pub fn remembers_unloaded_commands(&self) -> bool {
        !self.is_valkey() && self.version() >= (8, 0)
    }

    /// Can modules have ACL categories here (Redis 7.4, Valkey 8)?
    #[track_caller]
    pub fn has_module_acl_categories(&self) -> bool {
        if self.is_valkey() {
            self.version() >= (8, 0)
        } else {
            self.version() >= (7, 4)
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The bytes that came on a connection.
pub struct Listener {
    stream: TcpStream,
    bytes: Vec<u8>,
}

impl Listener {
    fn read(&mut self) {
        let mut buffer = [0; 65_536];
        while let Ok(count @ 1..) = self.stream.read(&mut buffer) {
            self.bytes.extend_from_slice(&buffer[..count]);
        }
    }

    /// All bytes until these have come.
    #[track_caller]
    pub fn until(&mut self, end: &str) -> Vec<u8> {
        wait_for("the end of the stream", || {
            self.read();
            contains(&self.bytes, end.as_bytes()).then_some(())
        });
        self.bytes.clone()
    }
}

/// Is the needle in the bytes?
pub fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

fn read_logs(directory: &Path) -> String {
    ["server.log", "output.log"]
        .iter()
        .filter_map(|name| fs::read(directory.join(name)).ok())
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .collect()
}

fn read_tree(directory: &Path, bytes: &mut Vec<u8>) {
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read_tree(&path, bytes);
        } else if path.extension().is_none_or(|extension| extension != "conf") {
            bytes.extend(fs::read(&path).unwrap_or_default());
        }
    }
}

/// A port that is free now; for a cluster node the bus port, 10000 above, is free too.
fn free_port(cluster: bool) -> u16 {
    for _ in 0..1_000 {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        if !cluster {
            return port;
        }
        match port.checked_add(10_000) {
            Some(bus) if TcpListener::bind(("127.0.0.1", bus)).is_ok() => return port,
            _ => {}
        }
    }
    panic!("no free pair of ports");
}
