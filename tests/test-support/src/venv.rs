//! Python environments for tests: made once below `target/`, from PyPI, at pinned versions.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::profile_folder;

/// The `python` of a virtual environment that holds exactly `requirements` (pip's notation) and what they need.
///
/// The first test that asks makes it, the others wait for it; later runs find it ready. Panics, and says
/// what to install, when it cannot be made: a test that needs Python never passes without it.
pub fn python(name: &str, requirements: &[&str]) -> PathBuf {
    let home = profile_folder().join("../tmp/venv");
    fs::create_dir_all(&home).expect("create the folder for virtual environments");
    let lock = File::create(home.join(format!("{name}.lock"))).expect("create the lock file");
    lock.lock().expect("lock the virtual environment");

    let folder = home.join(name);
    let python = folder.join("bin").join("python");
    let stamp = folder.join("requirements.txt");
    let wanted = requirements.join("\n");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return python;
    }
    let _ = fs::remove_dir_all(&folder);
    run(Path::new("python3"), &["-m".as_ref(), "venv".as_ref(), folder.as_os_str()]);
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
    run(
        &python,
        &install.into_iter().chain(requirements.iter().copied()).map(OsStr::new).collect::<Vec<_>>(),
    );
    fs::write(&stamp, wanted).expect("note what the virtual environment holds");
    python
}

fn run(program: &Path, arguments: &[&OsStr]) {
    let remedy = "this test needs Python 3.11 or later with the venv module, and PyPI (Debian: `apt-get install python3 python3-venv`)";
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("could not start `{}`: {error}; {remedy}", program.display()));
    assert!(
        output.status.success(),
        "`{} {arguments:?}` failed: {}\n{}{}",
        program.display(),
        remedy,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
}
