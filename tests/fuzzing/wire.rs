//! The protocol itself, right and wrong: requests in pieces, cut off, with broken lengths, inline, flipped, declared
//! larger than they are; and what comes back, which is always whole replies.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::random::Random;
use super::values;

/// A call as a client sends it.
pub fn encode(words: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend(word);
        bytes.extend(b"\r\n");
    }
    bytes
}

/// A call in the inline form, quoted well or badly.
pub fn inline(random: &mut Random, words: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in words {
        let quote = random.pick(&["\"", "'", ""]);
        bytes.extend(quote.bytes());
        bytes.extend(word.iter().filter(|byte| !b"\r\n".contains(byte)));
        bytes.extend(if random.percent(95) { quote.bytes() } else { "\\".bytes() });
        bytes.push(b' ');
    }
    bytes.extend(b"\r\n");
    bytes
}

/// Puts something else in the place of one declared length.
pub fn break_length(random: &mut Random, bytes: &mut Vec<u8>) {
    let starts: Vec<usize> = bytes
        .windows(2)
        .enumerate()
        .filter(|(_, pair)| b"$*".contains(&pair[0]) && pair[1].is_ascii_digit())
        .map(|(place, _)| place + 1)
        .collect();
    if starts.is_empty() {
        return values::mutate(random, bytes);
    }
    let start = starts[random.place(&starts)];
    let digits = bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let length = random.pick(&[
        "", "-1", "-2", "0", "1", "2", "3", "17", "100", "65536", "100000000", "1048577", "2147483647", "536870913",
        "4294967296", "9223372036854775808", "99999999999999999999", "x", " 1", "1e3", "+3", "03",
    ]);
    bytes.splice(start..start + digits, length.bytes());
}

/// A connection that speaks bytes.
pub struct Wire {
    stream: TcpStream,
    received: Vec<u8>,
    /// What the server calls the client.
    pub id: i64,
}

impl Wire {
    /// Connects, selects a database and asks who it is.
    #[track_caller]
    pub fn connect(port: u16, database: usize) -> Self {
        let stream = TcpStream::connect(("127.0.0.1", port)).expect("connect");
        stream.set_nodelay(true).expect("send at once");
        let mut wire = Self { stream, received: Vec::new(), id: 0 };
        wire.send(format!("SELECT {database}\r\nCLIENT ID\r\n").as_bytes());
        assert_eq!(wire.replies(2, Duration::from_secs(60)).whole, 2, "a new connection is not answered");
        let greeting = String::from_utf8_lossy(&wire.received).into_owned();
        wire.id = greeting.trim_start_matches("+OK\r\n:").trim_end().parse().expect("an id");
        wire.received.clear();
        wire
    }

    /// Sends bytes; a server that closed the connection already has its reasons.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes);
    }

    /// Sends bytes in pieces, with a moment between them.
    pub fn send_in_pieces(&mut self, random: &mut Random, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let (piece, left) = rest.split_at(1 + random.below(rest.len()));
            self.send(piece);
            std::thread::sleep(Duration::from_micros(200));
            rest = left;
        }
    }

    /// Reads whole replies until there are `count`, the connection ends, or the time is over.
    pub fn replies(&mut self, count: usize, patience: Duration) -> Replies {
        let deadline = Instant::now() + patience;
        self.stream.set_read_timeout(Some(Duration::from_millis(2))).expect("set a read timeout");
        let mut buffer = [0; 65_536];
        loop {
            let found = Replies::of(&self.received);
            if found.malformed || found.whole >= count || Instant::now() > deadline {
                return found;
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return found,
                Ok(read) => self.received.extend_from_slice(&buffer[..read]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return found,
                Err(_) => {}
            }
        }
    }
}

/// What came on a connection.
pub struct Replies {
    /// How many whole replies.
    pub whole: usize,
    /// Whether there is something that is no reply.
    pub malformed: bool,
    /// The text of the last one, where it is a bulk string.
    pub last: Option<Vec<u8>>,
}

impl Replies {
    fn of(bytes: &[u8]) -> Self {
        let mut found = Self { whole: 0, malformed: false, last: None };
        let mut place = 0;
        while place < bytes.len() {
            match reply(bytes, place) {
                Ok(Some(end)) => {
                    let line = place + bytes[place..end].iter().position(|byte| *byte == b'\n').unwrap_or(0) + 1;
                    found.last = (bytes[place] == b'$' && line < end).then(|| bytes[line..end - 2].to_vec());
                    found.whole += 1;
                    place = end;
                }
                Ok(None) => break,
                Err(()) => {
                    found.malformed = true;
                    break;
                }
            }
        }
        found
    }
}

/// Where the reply that starts at a place ends; nothing where it is not whole yet.
fn reply(bytes: &[u8], start: usize) -> Result<Option<usize>, ()> {
    let Some(line) = bytes[start..].windows(2).position(|pair| pair == b"\r\n") else {
        return Ok(None);
    };
    let (text, after) = (&bytes[start + 1..start + line], start + line + 2);
    if text.contains(&b'\n') || text.contains(&b'\r') {
        return Err(());
    }
    let number = || std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok()).ok_or(());
    match bytes[start] {
        b'+' | b'-' => Ok(Some(after)),
        b':' => number().map(|_| Some(after)),
        b'$' => match number()? {
            -1 => Ok(Some(after)),
            length => {
                let end = after + usize::try_from(length).map_err(drop)? + 2;
                match bytes.get(end - 2..end) {
                    None => Ok(None),
                    Some(b"\r\n") => Ok(Some(end)),
                    Some(_) => Err(()),
                }
            }
        },
        b'*' => {
            let mut end = after;
            for _ in 0..number()?.max(0) {
                match bytes.get(end).map(|_| reply(bytes, end)) {
                    Some(Ok(Some(next))) => end = next,
                    Some(Err(())) => return Err(()),
                    _ => return Ok(None),
                }
            }
            Ok(Some(end))
        }
        _ => Err(()),
    }
}
