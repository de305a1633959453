//! How much time and memory a process takes.
//!
//! The kernel counts for a child the memory that its parent had when it was started. So a process of this program, which
//! holds nothing, starts each command, and leaves the numbers in a file.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

/// What a command took.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    pub wall: Duration,
    pub cpu: Duration,
    /// The most memory, in bytes.
    pub memory: u64,
}

/// The first argument of the process that measures.
pub const WORD: &str = "measure";

/// The program that is measured.
pub fn tabmap() -> PathBuf {
    std::env::var_os("TABMAP_BENCH_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_tabmap").into()).into()
}

/// Runs the command that `words` spell, and writes what it took to the file that comes first.
pub fn serve(words: &[String]) -> Result<(), Box<dyn Error>> {
    let [file, program, arguments @ ..] = words else { return Err("measure FILE PROGRAM ...".into()) };
    let started = Instant::now();
    let used = Command::new(program).args(arguments).spawn()?.wait4()?;
    let wall = started.elapsed();
    let cpu = used.rusage.utime + used.rusage.stime;
    let exit = used.status.code().unwrap_or(-1);
    fs::write(file, format!("{exit} {} {} {}", wall.as_micros(), cpu.as_micros(), used.rusage.maxrss))?;
    Ok(())
}

/// What `command` took. It has to exit with `exit`.
pub fn run(command: &Command, exit: i32, folder: &Path) -> Result<Usage, Box<dyn Error>> {
    let file: PathBuf = folder.join("usage");
    let said = fs::File::create(folder.join("said"))?;
    let mut measured = Command::new(std::env::current_exe()?);
    measured.arg(WORD).arg(&file).arg(command.get_program()).args(command.get_args());
    measured.env_clear().envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    measured.current_dir(folder).stdout(said.try_clone()?).stderr(said);
    let status = measured.status()?;
    let line = if status.success() { fs::read_to_string(&file)? } else { String::new() };
    let numbers: Vec<i64> = line.split(' ').filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [code, wall, cpu, memory] if code == i64::from(exit) => Ok(Usage {
            wall: Duration::from_micros(wall.unsigned_abs()),
            cpu: Duration::from_micros(cpu.unsigned_abs()),
            memory: memory.unsigned_abs(),
        }),
        _ => {
            let said = fs::read_to_string(folder.join("said"))?;
            let lines: Vec<&str> = said.lines().take(20).collect();
            let program = command.get_program().display();
            Err(format!("{program}: {numbers:?}\n{}", lines.join("\n")).into())
        }
    }
}

/// The one in the middle by its CPU time, with the most memory of all.
pub fn median(mut usages: Vec<Usage>) -> Usage {
    usages.sort_by_key(|usage| usage.cpu);
    let memory = usages.iter().map(|usage| usage.memory).max().unwrap_or_default();
    usages.get(usages.len() / 2).map_or_else(Usage::default, |usage| Usage { memory, ..*usage })
}
