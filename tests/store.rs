//! The contract of `Store`, on a SQLite file and on Snowflake; and Snowflake itself, as far as an emulator goes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[macro_use]
#[path = "store/ground.rs"]
mod ground;

#[path = "store/adopted.rs"]
mod adopted;
#[path = "store/command.rs"]
mod command;
#[path = "store/connection.rs"]
mod connection;
#[path = "store/contract.rs"]
mod contract;
#[allow(dead_code, reason = "each test binary uses its part of it")]
#[path = "cli/desk.rs"]
mod desk;
#[path = "store/emulator.rs"]
mod emulator;
#[path = "store/interrupted.rs"]
mod interrupted;
#[path = "store/names.rs"]
mod names;
#[path = "store/official_client.rs"]
mod official_client;
#[path = "store/properties.rs"]
mod properties;
#[path = "store/sign_in.rs"]
mod sign_in;
#[path = "store/transport.rs"]
mod transport;
#[path = "support/venv.rs"]
mod venv;
