//! tabmap
pub mod browser_url;
pub mod commands;
pub mod config;
pub mod diff;
pub mod mapping;
pub mod plan;
pub mod report;
pub mod resource;
pub mod snapshot;
pub mod source;
pub mod store;
pub mod sync;
pub mod tableau;
