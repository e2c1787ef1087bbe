//! Free text that was anonymized before the command runs, on another thread.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use anonymizer::Redactions;
use serde_json::value::RawValue;

use crate::memory::Result;

/// Free text or JSON, anonymized.
#[derive(Debug, Clone)]
pub enum Clean {
    /// Text, or any document.
    Text(String),
    /// An object that is stored as it is.
    Object(Box<RawValue>),
}

/// What became of an argument, and what was redacted in it.
pub type Made = Result<(Clean, Redactions)>;

/// What was made of the arguments of a call, by their position after the name of the command.
#[derive(Debug, Default)]
pub struct Prepared {
    made: RefCell<BTreeMap<usize, Made>>,
    keeps: Cell<bool>,
}

impl Prepared {
    /// For a rehearsal of a command, which keeps what it makes.
    pub(super) fn keeping() -> Self {
        Prepared {
            made: RefCell::default(),
            keeps: Cell::new(true),
        }
    }

    /// For the command itself, after its rehearsal.
    pub fn stop_keeping(self) -> Self {
        self.keeps.set(false);
        self
    }

    /// What was made of the argument; gives it away.
    pub fn take(&self, position: usize) -> Option<Made> {
        if self.keeps.get() {
            return None;
        }
        self.made.borrow_mut().remove(&position)
    }

    /// What was made of the argument, or what is made of it now, which a rehearsal keeps.
    pub fn take_or_make(&self, position: usize, make: impl FnOnce() -> Made) -> Made {
        let made = self.take(position).unwrap_or_else(make);
        self.keep(position, || made.clone());
        made
    }

    /// Keeps what was made of the argument, where this is a rehearsal.
    pub fn keep(&self, position: usize, made: impl FnOnce() -> Made) {
        if self.keeps.get() {
            self.made.borrow_mut().insert(position, made());
        }
    }
}
