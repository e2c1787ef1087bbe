//! Over TLS, with a certificate made here, the module does what it does without: for clients, and for replicas.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::server::{server_name, ServerBuilder};
use crate::support::{wait_for, Server};

/// The servers of the test run that are built with TLS: those of Debian.
const BUILT_WITH_TLS: [&str; 2] = ["redis-7.0", "valkey-8.0"];

/// A key and a certificate for 127.0.0.1 that is its own authority.
#[track_caller]
fn make_certificate(directory: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-noenc", "-days", "2", "-subj", "/CN=example"])
        .args(["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "certificate.pem"])
        .current_dir(directory)
        .output()
        .expect("openssl, which Debian's ca-certificates brings");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

fn with_certificate(directory: &Path) -> ServerBuilder {
    let file = |name: &str| directory.join(name).display().to_string();
    Server::builder()
        .setting(&format!("tls-cert-file {}", file("certificate.pem")))
        .setting(&format!("tls-key-file {}", file("key.pem")))
        .setting(&format!("tls-ca-cert-file {}", file("certificate.pem")))
        .setting("tls-auth-clients no")
        .setting("tls-replication yes")
}

/// Lets the server listen with TLS too; on which port.
#[track_caller]
fn listen_with_tls(server: &Server) -> u16 {
    let mut client = server.client();
    let mut refused = String::new();
    // Somebody else may take a port that was free a moment ago.
    for _ in 0..5 {
        let free = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr()).expect("a free port");
        match client.try_run(&["CONFIG", "SET", "tls-port", &free.port().to_string()]) {
            Ok(_) => return free.port(),
            Err(error) => refused = error,
        }
    }
    panic!("{} does not listen with TLS: {refused}", server_name());
}

/// What is answered to lines sent through TLS, by a client that checks the certificate.
#[track_caller]
fn ask(port: u16, directory: &Path, lines: &str) -> String {
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-verify_return_error", "-verify_ip", "127.0.0.1", "-CAfile", "certificate.pem"])
        .args(["-connect", &format!("127.0.0.1:{port}")])
        .current_dir(directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("openssl");
    let mut input = client.stdin.take().expect("its input");
    write!(input, "{lines}\r\nQUIT\r\n").expect("send");
    let mut answers = String::new();
    client.stdout.take().expect("its output").read_to_string(&mut answers).expect("answers");
    client.wait().expect("its end");
    answers
}

#[test]
fn clients_and_replicas_reach_the_module_through_tls() {
    let directory = tempfile::tempdir().expect("a directory");
    make_certificate(directory.path());
    if !BUILT_WITH_TLS.contains(&server_name().as_str()) {
        let log = with_certificate(directory.path()).setting("tls-port 1").start_refused().log();
        assert!(log.contains("Failed finding TLS support"), "{log}");
        return;
    }
    let server = with_certificate(directory.path()).start();
    let port = listen_with_tls(&server);
    let answers = ask(
        port,
        directory.path(),
        "PATTERN.STORE r naming '{\"password\":\"EXAMPLE-hunter2-x9\"}'\r\nISSUE.TRACK r style E501 low\r\nPATTERN.GET r naming",
    );
    assert!(answers.contains("\"created\":true"), "{answers}");
    assert!(answers.contains(":1\r\n") && answers.contains("<REDACTED>"), "{answers}");
    // What is not TLS gets no answer there.
    let mut plain = std::net::TcpStream::connect(("127.0.0.1", port)).expect("connect");
    plain.write_all(b"PING\r\n").expect("send");
    let mut answer = Vec::new();
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"+PONG"), "the port speaks without TLS");
    let replica = with_certificate(directory.path()).setting(&format!("replicaof 127.0.0.1 {port}")).start();
    server.wait_for_replica(&replica);
    let (mut here, mut there) = (server.client(), replica.client());
    wait_for("the record on the replica", || there.try_run(&["PATTERN.GET", "r", "naming"]).ok());
    assert_eq!(here.json(&["PATTERN.GET", "r", "naming"]), there.json(&["PATTERN.GET", "r", "naming"]));
    here.int(&["ISSUE.TRACK", "r", "style", "E501", "low"]);
    server.wait_for_replica(&replica);
    assert_eq!(there.json(&["ISSUE.GET", "r", "style", "E501"])["frequency"], 2);
}
