//! How large an answer may become: a repo of large records could otherwise fill the server's memory with one reply.

use super::{Error, Result};

/// The most bytes of records that go into one answer.
pub const MOST_BYTES: usize = 256 << 20;

/// What is left of [`MOST_BYTES`].
#[derive(Debug)]
pub struct Room(usize);

impl Room {
    /// All of it.
    pub fn new() -> Self {
        Room(MOST_BYTES)
    }

    /// Takes room for some bytes; refuses where none is left.
    pub fn take(&mut self, bytes: usize) -> Result<()> {
        self.0 = self.0.checked_sub(bytes).ok_or_else(|| {
            let mib = MOST_BYTES >> 20;
            Error::refused(format!(
                "the records asked for are larger than {mib} MiB together: ask for less, with LIMIT, TOP or TYPE where the command has them"
            ))
        })?;
        Ok(())
    }
}

impl Default for Room {
    fn default() -> Self {
        Room::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_that_is_too_large_is_refused() {
        let mut room = Room::new();
        assert_eq!(room.take(MOST_BYTES), Ok(()));
        assert_eq!(room.take(0), Ok(()));
        assert!(room.take(1).is_err());
    }
}
