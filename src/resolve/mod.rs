//! From what people know a resource by (a name, a browser address, a number from one, a LUID) to the resource.
//!
//! Never a guess: what has no single answer is an error that lists the candidates, or near names.

mod answer;
mod departed;
mod error;
mod known_sites;
mod loaded_map;
mod question;

pub use error::ResolveError;
pub use known_sites::unknown_site;
pub use loaded_map::LoadedMap;
pub use question::Question;
