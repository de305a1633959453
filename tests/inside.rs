//! What stands around the map in Snowflake: the refresh procedure under Snowpark's local testing and Tableau's own client,
//! every statement under a parser, and what an emulator can run of it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "inside/again.rs"]
mod again;
#[path = "inside/apply.rs"]
mod apply;
#[allow(dead_code, reason = "each test binary uses its part of it")]
#[path = "cli/desk.rs"]
mod desk;
#[allow(dead_code, reason = "each test binary uses its part of it")]
#[path = "store/emulator.rs"]
mod emulator;
#[path = "inside/files.rs"]
mod files;
#[path = "inside/ground.rs"]
mod ground;
#[path = "inside/map.rs"]
mod map;
#[path = "inside/parse.rs"]
mod parse;
#[path = "inside/procedure.rs"]
mod procedure;
#[path = "inside/readme.rs"]
mod readme;
#[path = "inside/snowpark.rs"]
mod snowpark;
#[path = "inside/trouble.rs"]
mod trouble;
#[path = "support/venv.rs"]
mod venv;
#[path = "inside/whitelist.rs"]
mod whitelist;
