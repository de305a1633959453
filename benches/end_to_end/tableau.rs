//! The simulated Tableau server, in a process of its own, so that its work is not counted.

use std::error::Error;
use std::io::{self, BufRead as _, BufReader, Lines, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use tableau_simulator::{Content, Generate, Item, Kind, Options, Simulator};

/// The first argument of the process that serves.
pub const WORD: &str = "tableau";
/// The site that is measured.
pub const SITE: &str = "MySite";

/// Serves what is generated for `size` resources, three quarters of them workbooks; does what the lines of its standard
/// input say, and answers each with one.
pub fn serve(size: usize) -> Result<(), Box<dyn Error>> {
    let workbooks = size - size / 4;
    let content = Content::generate(&Generate {
        projects: (size / 500).clamp(12, 2_000),
        workbooks,
        datasources: size - workbooks,
        ..Generate::default()
    });
    let tableau = Simulator::start(Options { content, ..Options::default() })?;
    let mut out = io::stdout().lock();
    let (name, secret) = tableau.pat();
    writeln!(out, "{} {name} {secret}", tableau.url())?;
    out.flush()?;
    let mut changes = 0;
    for line in io::stdin().lock().lines() {
        let line = line?;
        let (word, number) = line.split_once(' ').unwrap_or((&line, "0"));
        let number: usize = number.parse()?;
        let answer = match word {
            "latency" => {
                tableau.set_latency(Duration::from_millis(number as u64));
                String::new()
            }
            "rename" => {
                changes += 1;
                rename(&tableau, number, changes);
                String::new()
            }
            "name" => last_workbook(&tableau).map(|item| item.name).unwrap_or_default(),
            "traffic" => {
                let traffic = format!("{} {}", tableau.requests().len(), tableau.bytes_answered());
                tableau.clear_requests();
                traffic
            }
            _ => return Err(format!("`{line}`").into()),
        };
        writeln!(out, "{answer}")?;
        out.flush()?;
    }
    Ok(())
}

fn last_workbook(tableau: &Simulator) -> Option<Item> {
    tableau.resources(SITE).into_iter().rfind(|item| item.kind == Kind::Workbook)
}

/// Gives the first workbooks another name each.
fn rename(tableau: &Simulator, count: usize, time: usize) {
    let items = tableau.resources(SITE);
    for item in items.iter().filter(|item| item.kind == Kind::Workbook).take(count) {
        tableau.rename(SITE, item.kind, &item.luid, &format!("Renamed {time} {}", item.vizportal_url_id));
    }
}

/// A server that was started.
pub struct Tableau {
    child: Child,
    to: ChildStdin,
    from: Lines<BufReader<ChildStdout>>,
    pub url: String,
    pub token: (String, String),
}

impl Tableau {
    pub fn start(size: usize) -> Result<Self, Box<dyn Error>> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args([WORD, &size.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let to = child.stdin.take().ok_or("no input")?;
        let mut from = BufReader::new(child.stdout.take().ok_or("no output")?).lines();
        let first = from.next().ok_or("it ended")??;
        let words: Vec<&str> = first.split(' ').collect();
        let [url, name, secret] = words[..] else { return Err(first.into()) };
        let (url, token) = (url.to_owned(), (name.to_owned(), secret.to_owned()));
        Ok(Self { child, to, from, url, token })
    }

    /// Has it do something.
    pub fn ask(&mut self, line: &str) -> Result<String, Box<dyn Error>> {
        writeln!(self.to, "{line}")?;
        Ok(self.from.next().ok_or("it ended")??)
    }

    /// How many requests there were since the last time, and how many bytes they were answered.
    pub fn traffic(&mut self) -> Result<(u64, u64), Box<dyn Error>> {
        let line = self.ask("traffic")?;
        let (requests, bytes) = line.split_once(' ').ok_or("two numbers")?;
        Ok((requests.parse()?, bytes.parse()?))
    }
}

impl Drop for Tableau {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
