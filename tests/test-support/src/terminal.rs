//! A terminal to run the binary in.

use std::process::Stdio;

use crate::desk::Desk;

/// Runs a program in a terminal of so many columns, prints what stands on it in the end, and ends with the same code.
const RUN: &str = r"
import fcntl, os, pty, struct, sys, termios
process, terminal = pty.fork()
if process == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
while True:
    try:
        said = os.read(terminal, 65536)
    except OSError:
        break
    if not said:
        break
    sys.stdout.buffer.write(said)
sys.stdout.flush()
sys.exit(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
";

/// What a command that succeeds shows on a terminal with so many columns.
///
/// # Panics
///
/// When it fails.
#[track_caller]
pub fn on_terminal(desk: &Desk, columns: u16, arguments: &[&str]) -> String {
    let (exit, screen) = written_to_terminal(desk, columns, arguments);
    assert_eq!(exit, 0, "tabmap {arguments:?}\n{screen}");
    screen
}

/// The exit code of a command, and all that it writes to a terminal with so many columns.
///
/// # Panics
///
/// When it cannot be started.
pub fn written_to_terminal(desk: &Desk, columns: u16, arguments: &[&str]) -> (i32, String) {
    let binary = crate::tabmap();
    let columns = columns.to_string();
    let run = ["-c", RUN, &columns, binary.to_str().expect("a path of text")];
    let mut python = desk.command_of("python3", &[&run, arguments].concat());
    python.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
    let output = python.stderr(Stdio::inherit()).output().expect("start Python");
    let screen = String::from_utf8(output.stdout).expect("text").replace("\r\n", "\n");
    (output.status.code().expect("an exit code"), screen)
}
