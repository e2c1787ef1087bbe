//! The only place that touches the Redis module API and `unsafe`.
//!
//! | file | does |
//! | --- | --- |
//! | `module` | the shell that the server loads: load, unload |
//! | `command` | what a command declares, what it is handed, what it answers |
//! | `registration` | tells the server of every command, its documentation and ACL categories |
//! | `dispatch` | runs a command: arguments, slot, handler, effects, reply, panic guard |
//! | `background`, `prepared` | anonymizes large arguments on a thread, while the client waits |
//! | `keyspace` | reads keys through the module API |
//! | `once` | lets each entry of a scanned collection through once |
//! | `string` | strings of the server's |
//! | `execution` | carries out effects, with propagation |
//! | `direct` | the effects of small writes, on keys that are open already |
//! | `listeners` | whether anybody may listen to what is replicated |
//! | `compact` | writes a whole hash in the compact encoding |
//! | `call` | calls other commands of the server |
//! | `reply` | answers without ever letting data into the protocol |
//! | `settings`, `configuration` | default, minimum, maximum, value; how they are set |
//! | `anonymization` | the rules in force, and loading them again |
//! | `cursor` | cursors of `SCAN` in a form that says nothing |
//! | `facts` | what the server says of itself and of its client |
//! | `tally`, `information` | counters, and the INFO section |
//! | `log` | lines in the server's log |
//! | `trial` | runs a command without a server, for the fuzz targets |
//! | `allocator` | the server's allocator for all of Rust's memory |

#![allow(unsafe_code)]

#[cfg(not(any(test, fuzzing)))]
mod allocator;
pub mod anonymization;
mod background;
mod call;
pub mod command;
mod compact;
mod configuration;
mod cursor;
mod direct;
pub mod dispatch;
mod execution;
pub mod facts;
mod information;
mod keyspace;
mod listeners;
mod log;
mod module;
mod once;
mod prepared;
mod registration;
mod reply;
pub mod settings;
mod string;
pub mod tally;
#[cfg(fuzzing)]
pub mod trial;

#[cfg(test)]
pub use background::rehearse_by_default as rehearse;
pub use command::{Answer, Arg, Command, Definition, Invocation, KeyAccess, Registered, Reply};
pub use prepared::{Clean, Made};
