//! The promises of Pattern Memory, checked against a real server with the real module.
//!
//! `PM_SERVER` is the server binary (default `redis-server`), `PM_SERVER_NAME` its name in messages, `PM_MODULE` the
//! module (default `target/release/libpattern_memory.so`), `PM_REDIS_6` a server that the module must refuse.
//! `PM_SOAK` asks for the long form of the tests that have one.

mod support;

mod acl;
mod atomicity;
mod background;
mod caps;
mod clock;
mod cluster;
mod composition;
mod concurrency;
mod configuration;
mod crash;
mod crash_report;
mod deployment;
mod disk;
mod durability;
mod endurance;
mod eviction;
mod fixes;
mod footprint;
mod hostile;
mod insights;
mod introspection;
mod issues;
mod keyspace;
mod leaks;
mod listeners;
mod loading;
mod patterns;
mod privacy;
mod replication;
mod retention;
mod sessions;
mod tls;
mod transfer;
mod upgrade;
