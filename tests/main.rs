//! The promises of Pattern Memory, checked against a real server with the real module.
//!
//! `PM_SERVER` is the server binary (default `redis-server`), `PM_SERVER_NAME` its name in messages, `PM_MODULE` the
//! module (default `target/release/libpattern_memory.so`), `PM_REDIS_6` a server that the module must refuse.
//! `PM_SOAK` asks for the long form of the tests that have one, `PM_SERVER_WRAPPER` is a program that the server is started
//! by (it gets the server and its arguments), `PM_FUZZ_SECONDS` and `PM_FUZZ_SEED` are of the fuzzer.

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
mod corruption;
mod crash;
mod crash_report;
mod deployment;
mod disk;
mod durability;
mod endurance;
mod eviction;
mod failover;
mod fixes;
mod footprint;
mod fuzzing;
mod hostile;
mod insights;
mod introspection;
mod issues;
mod keyspace;
mod leaks;
mod listeners;
mod loading;
mod migration;
mod patterns;
mod permissions;
mod privacy;
mod replication;
mod retention;
mod secrecy;
mod sessions;
mod tls;
mod transfer;
mod upgrade;
