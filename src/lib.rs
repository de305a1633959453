//! tabmap
pub mod config;
pub mod diff;
pub mod mapping;
pub mod plan;
pub mod resource;
pub mod snapshot;
pub mod store;
