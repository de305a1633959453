//! Runs the `tabmap` binary against a simulated Tableau server and real stores.

mod bad_input;
mod check;
mod demo;
mod documents;
mod escapes;
mod faults;
mod generate;
mod history;
mod layers;
mod listing;
mod lost_access;
mod map;
mod parsers;
mod refresh;
mod resolve;
mod secrets;
mod serve;
mod serving;
mod shapes;
mod sources;
mod sync;
mod transport;
mod trouble;
mod version;
mod versions;
mod witness;
