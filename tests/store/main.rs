//! The contract of `Store`, on a SQLite file and on Snowflake; and Snowflake itself, as far as an emulator goes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[macro_use]
mod ground;

mod adopted;
mod browsers;
mod certificates;
mod clouds;
mod command;
mod connection;
mod contract;
mod doctor;
mod given_session;
mod interrupted;
mod lookups;
mod names;
mod official_client;
mod opens;
mod people;
mod properties;
mod seeds;
mod sign_in;
mod sites;
mod stand_in;
mod statements;
mod transport;
mod ways;
