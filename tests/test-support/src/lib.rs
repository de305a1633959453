//! What the test suites share. It does not know the library of tabmap, so that changes of that do not rebuild it.
#![expect(
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::unwrap_used,
    reason = "a test that cannot go on has failed"
)]

pub mod desk;
pub mod emulator;
pub mod gateway;
pub mod pages;
pub mod postgres;
pub mod terminal;
pub mod venv;
pub mod workgroup;

use std::env;
use std::path::{Path, PathBuf};

/// The `tabmap` of this build.
///
/// Cargo says where it is from 1.94 on; before, and in other runners, it lies beside the folder of the test binary.
pub fn tabmap() -> PathBuf {
    let told = env::var_os("CARGO_BIN_EXE_tabmap").map(PathBuf::from);
    let binary =
        told.unwrap_or_else(|| profile_folder().join("tabmap").with_extension(env::consts::EXE_EXTENSION));
    assert!(binary.is_file(), "there is no {}", binary.display());
    binary
}

/// A file or folder of the repository.
pub fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

/// `target/debug`, from `target/debug/deps/cli-0123456789abcdef`.
fn profile_folder() -> PathBuf {
    let binary = env::current_exe().expect("the path of this test binary");
    binary.ancestors().nth(2).expect("a folder of folders").to_owned()
}
