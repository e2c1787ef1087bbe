//! The domain: what a memory of patterns, issues, fixes and sessions is, and how it changes.
//!
//! Nothing here knows the Redis module API, reads a clock or draws a random number. Every function takes a
//! [`View`] (the keys of one repo to read, the time, the settings) and answers with what is to be said and,
//! where it writes, a [`Plan`] of effects that `server/` carries out afterwards. So a command that fails has
//! touched nothing, and all of it is tested without a server.
//!
//! | file | holds |
//! | --- | --- |
//! | `identity` | repos and identifiers, and what they may be |
//! | `keys` | the names of the keys |
//! | `store` | what can be read of the keyspace |
//! | `stored` | records as JSON text, and lists of them |
//! | `plan` | what a command wants done, and the TTL rule |
//! | `time`, `decay`, `bounds`, `burst` | days and instants; decayed counts; Wilson bounds; Poisson bursts |
//! | `days`, `window` | the daily counters, and their sums over a report's window |
//! | `patterns`, `issues`, `fixes`, `sessions` | what is remembered, and what the commands on it do |
//! | `insights`, `recommendations` | the whole report |
//! | `export`, `import`, `customs` | a whole memory as one document, and back, checked on the way |
//! | `answer` | how large an answer may become |
//! | `glob` | globs, as the server reads them
//! | `upkeep` | retaining, forgetting and counting what is known of a repo |

#![forbid(unsafe_code)]

pub mod answer;
pub mod bounds;
pub mod burst;
pub mod customs;
pub mod days;
pub mod decay;
pub mod error;
pub mod export;
pub mod fixes;
pub mod glob;
pub mod identity;
pub mod import;
pub mod insights;
pub mod issues;
pub mod keys;
pub mod patterns;
pub mod plan;
pub mod recommendations;
#[cfg(test)]
mod replay;
pub mod sessions;
pub mod settings;
pub mod store;
pub mod stored;
#[cfg(any(test, fuzzing))]
pub mod testing;
pub mod time;
pub mod upkeep;
pub mod window;

pub use error::{Error, Result};
pub use identity::{Checks, GoodNames, Identifier, Repo};
pub use keys::Keys;
pub use plan::{Effect, Effects, Plan};
pub use settings::Settings;
pub use store::{Expiry, KeyKind, Store, Values};
pub use time::{Day, Timestamp};

/// What a plan may look at: the keys of one repo, the time, the settings.
pub struct View<'a> {
    /// The keyspace, for reading.
    pub store: &'a dyn Store,
    /// The names of the repo's keys.
    pub keys: Keys,
    /// The time of the command, the same all through it.
    pub now: Timestamp,
    /// The settings in force.
    pub settings: &'a Settings,
}

impl View<'_> {
    /// The UTC day of [`View::now`].
    pub fn today(&self) -> Day {
        self.now.day()
    }
}
