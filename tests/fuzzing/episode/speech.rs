//! Requests as bytes, which may be wrong in any way, and what is waited for after them.

use std::time::{Duration, Instant};

use super::{values, Episode, PATIENCE, REPOS};
use crate::fuzzing::wire::{self, Wire};

impl Episode<'_> {
    /// Requests as bytes, which may be wrong in any way.
    pub(super) fn speak(&mut self) {
        self.figures.raw += 1;
        let mut wire = Wire::connect(self.server.port, self.database);
        match self.random.below(6) {
            0 => self.speak_in_pieces(&mut wire),
            1 => return self.speak_half(wire),
            2 => {
                // Gone while a large argument is with another thread.
                let size = 33_000 + self.random.below(200_000);
                let large = format!("{{\"a\":\"{}\"}}", "ZQXJ word ".repeat(size / 10)).into_bytes();
                let call = [b"PATTERN.STORE".as_slice(), REPOS[0].as_bytes(), b"large", &large].map(<[u8]>::to_vec);
                wire.send(&wire::encode(&call));
            }
            other => self.speak_wrongly(&mut wire, other),
        }
        let id = wire.id;
        drop(wire);
        self.settle(id);
    }

    fn speak_wrongly(&mut self, wire: &mut Wire, how: usize) {
        let mut bytes = Vec::new();
        let count = 1 + self.random.below(4);
        for _ in 0..count {
            let (call, _) = self.write_call();
            bytes.extend(match self.random.below(4) {
                0 => wire::inline(&mut self.random, &call),
                _ => wire::encode(&call),
            });
        }
        match how {
            3 => wire::break_length(&mut self.random, &mut bytes),
            4 => values::mutate(&mut self.random, &mut bytes),
            // Gone in the middle of a request, or of what is done about it.
            _ => {
                let end = self.random.below(bytes.len());
                return wire.send(&bytes[..end]);
            }
        }
        wire.send_in_pieces(&mut self.random, &bytes);
        let replies = wire.replies(count, Duration::from_millis(4));
        self.expect(!replies.malformed, "bytes that are no reply");
    }

    /// Whole requests and half a one, whose other half does not come for a while, or ever.
    fn speak_half(&mut self, mut wire: Wire) {
        let calls: Vec<_> = (0..1 + self.random.below(3)).map(|_| self.write_call().0).collect();
        let last = wire::encode(&self.write_call().0);
        let mut bytes: Vec<u8> = calls.iter().flat_map(|call| wire::encode(call)).collect();
        bytes.extend(&last[..self.random.below(last.len())]);
        wire.send(&bytes);
        let replies = wire.replies(calls.len(), PATIENCE);
        self.expect(!replies.malformed && replies.whole == calls.len(), "requests before half a one are not answered");
        self.dangling.push(wire);
        if self.dangling.len() > 3 {
            self.dangling.remove(0);
        }
        self.look();
    }

    /// A pipeline in pieces is answered as if it had come at once.
    fn speak_in_pieces(&mut self, wire: &mut Wire) {
        let calls: Vec<_> = (0..1 + self.random.below(4)).map(|_| self.write_call().0).collect();
        let mut bytes: Vec<u8> = calls.iter().flat_map(|call| wire::encode(call)).collect();
        bytes.extend(wire::encode(&[b"ECHO".to_vec(), b"in step".to_vec()]));
        wire.send_in_pieces(&mut self.random, &bytes);
        let replies = wire.replies(calls.len() + 1, PATIENCE);
        let in_step =
            !replies.malformed && replies.whole == calls.len() + 1 && replies.last.as_deref() == Some(b"in step");
        self.expect(in_step, &format!("{} replies to {} requests in pieces", replies.whole, calls.len() + 1));
    }

    /// Waits until a client is gone, and looks at what it left.
    fn settle(&mut self, id: i64) {
        let deadline = Instant::now() + PATIENCE;
        while !self.client.text(&["CLIENT", "LIST", "ID", &id.to_string()]).trim().is_empty() {
            self.expect(Instant::now() < deadline, "a client that does not go");
            std::thread::sleep(Duration::from_micros(300));
        }
        self.look();
    }
}
