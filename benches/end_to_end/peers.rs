//! The same work by tableauserverclient, where its environment is there.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::measure::{self, Usage};
use super::tableau::{SITE, Tableau};

/// How to make the environment: the simulator's own tests make it, and keep it.
pub const HOW: &str = "no tableauserverclient: `cargo test --locked --release -p tableau-simulator python` makes its environment";

/// Scripts that can run.
pub struct Peers {
    python: PathBuf,
}

impl Peers {
    /// The environment that the tests of the simulator made, or the Python that `TABMAP_BENCH_PYTHON` names.
    pub fn find() -> Option<Self> {
        let own = std::env::current_exe().ok()?;
        let target = own.ancestors().nth(3)?;
        let made = target.join("tmp/venv/tableauserverclient-0.42/bin/python");
        let python = std::env::var_os("TABMAP_BENCH_PYTHON").map_or(made, PathBuf::from);
        python.is_file().then_some(Self { python })
    }

    /// What a script of `benches/peers` took.
    pub fn run(&self, script: &str, tableau: &Tableau, folder: &Path) -> Result<Usage, Box<dyn Error>> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers").join(script);
        let (name, secret) = &tableau.token;
        let mut command = Command::new(&self.python);
        command.arg("-B").arg(file).args([&tableau.url, SITE, name, secret, "peer.db"]);
        measure::run(&command, 0, folder)
    }
}
