//! What stands around the map in Snowflake: the refresh procedure under Snowpark's local testing and Tableau's own client,
//! every statement under a parser, and what an emulator can run of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod again;
mod apply;
mod container;
mod document;
mod files;
mod forms;
mod ground;
mod map;
mod pages;
mod parse;
mod procedure;
mod readme;
mod refused;
mod snowpark;
mod trouble;
mod whitelist;
