//! `docs/commands.md`, written from the table of commands.
