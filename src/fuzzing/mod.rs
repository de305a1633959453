//! What fuzzers call: for each kind of outside text one function, which reads it as the program does and panics where
//! something does not hold that must hold of any text.
//!
//! `tests/fuzz` keeps the inputs, and plays them.

mod answers;
mod files;
mod texts;

/// Reads an input.
pub type Target = fn(&[u8]);

/// All of them, by their names.
pub const TARGETS: [(&str, Target); 8] = [
    ("yaml", texts::yaml),
    ("calls", texts::calls),
    ("addresses", texts::addresses),
    ("delivery", answers::delivery),
    ("rest", answers::rest),
    ("graphql", answers::graphql),
    ("recording", files::recording),
    ("connection", files::connection),
];

/// Reads an input as the target of that name does.
///
/// # Panics
/// Where something does not hold.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|(known, _)| *known == name);
    let (_, target) = target.expect("a target of that name");
    target(input);
}
