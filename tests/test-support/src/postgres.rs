//! A PostgreSQL server for tests: in a folder of its own, on this machine alone, gone when the test process is.

use std::env;
use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

const REMEDY: &str = "this test needs PostgreSQL's server and psql, in PATH or below /usr/lib/postgresql (Debian: \
                      `apt-get install postgresql`)";

/// Runs the server until standard input ends, as it does when this process ends in whatever way.
const RUN: &str = r#"
"$0" -D "$1" >"$1/log" 2>&1 &
server=$!
while read -r _; do :; done
kill -INT $server
wait $server
rm -rf "$2"
"#;

/// A server with the roles of Tableau's repository.
pub struct Postgres {
    folder: TempDir,
    user: Unprivileged,
    process: Child,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
}

impl Postgres {
    /// A server that takes passwords of everybody, without TLS.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data");
        let user = Unprivileged::find();
        user.own(folder.path());
        let path = |path: &Path| path.to_str().expect("a path of text").to_owned();
        let arguments = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "-D"];
        let made =
            user.command(&program("initdb")).args(arguments).arg(&data).output().expect("start initdb");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("it").port();
        let settings = format!(
            "port = {port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = '{}'\nfsync = off\n\
             max_connections = 30\nshared_buffers = '16MB'\n",
            path(folder.path())
        );
        fs::OpenOptions::new()
            .append(true)
            .open(data.join("postgresql.conf"))
            .and_then(|mut file| file.write_all(settings.as_bytes()))
            .expect("write the settings");
        fs::write(data.join("pg_hba.conf"), rules("host all all 127.0.0.1/32 md5")).expect("the rules");
        let process = user
            .command(Path::new("sh"))
            .args(["-c", RUN, &path(&program("postgres")), &path(&data), &path(folder.path())])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .expect("start PostgreSQL");
        let server = Self { folder, user, process, port };
        server.wait();
        server.sql(
            "postgres",
            "CREATE ROLE readonly LOGIN PASSWORD 'hush-readonly';
             CREATE ROLE tableau LOGIN PASSWORD 'hush-tableau';
             SET password_encryption = 'md5';
             CREATE ROLE readonly_md5 LOGIN PASSWORD 'hush-readonly';",
        );
        server
    }

    fn wait(&self) {
        let began = Instant::now();
        while !self.psql("postgres").arg("-c").arg("SELECT 1").output().expect("start psql").status.success()
        {
            let log = || fs::read_to_string(self.folder.path().join("data/log")).unwrap_or_default();
            assert!(began.elapsed() < Duration::from_secs(60), "PostgreSQL does not start: {}", log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn psql(&self, database: &str) -> Command {
        let mut command = Command::new(program("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database]);
        command.arg("-h").arg(self.folder.path()).arg("-p").arg(self.port.to_string());
        command.stdin(Stdio::null());
        command
    }

    /// Runs statements as the superuser; the rows of the last one, columns joined by `|`.
    #[track_caller]
    pub fn sql(&self, database: &str, statements: &str) -> String {
        let mut psql = Self::tell(self.psql(database), statements);
        let mut answer = String::new();
        std::io::Read::read_to_string(&mut psql.stdout.take().expect("its output"), &mut answer)
            .expect("text");
        assert!(psql.wait().expect("psql").success(), "{statements}");
        answer.trim_end().to_owned()
    }

    /// Begins to run statements, which nobody waits for.
    pub fn begin(&self, database: &str, statements: &str) -> Child {
        let mut psql = self.psql(database);
        psql.stderr(Stdio::null());
        Self::tell(psql, statements)
    }

    fn tell(mut psql: Command, statements: &str) -> Child {
        let mut psql = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("start psql");
        let mut input = psql.stdin.take().expect("its input");
        input.write_all(statements.as_bytes()).expect("write to psql");
        psql
    }

    /// Waits until a query answers with this.
    #[track_caller]
    pub fn wait_for(&self, query: &str, answer: &str) {
        let began = Instant::now();
        while self.sql("postgres", query) != answer {
            assert!(began.elapsed() < Duration::from_secs(30), "it never became {answer}: {query}");
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Puts a file that this user alone may read into the folder of the data.
    pub fn put(&self, name: &str, text: &str) {
        let path = self.folder.path().join("data").join(name);
        fs::write(&path, text).expect("write a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("close it");
        self.user.own(&path);
    }

    /// Changes a setting, and the rules of `pg_hba.conf` for connections over TCP.
    pub fn reload(&self, setting: &str, rules_of_tcp: &str) {
        let before = self.sql("postgres", "SELECT pg_conf_load_time()");
        self.put("pg_hba.conf", &rules(rules_of_tcp));
        self.sql("postgres", &format!("ALTER SYSTEM SET {setting}"));
        self.sql("postgres", "SELECT pg_reload_conf()");
        self.wait_for(&format!("SELECT pg_conf_load_time() > '{before}'"), "t");
    }

    /// Shuts the server down, and whoever is connected out.
    pub fn stop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

fn rules(of_tcp: &str) -> String {
    format!("local all postgres trust\n{of_tcp}\n")
}

/// A program of PostgreSQL.
fn program(name: &str) -> PathBuf {
    let of_path = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect::<Vec<_>>();
    let debian = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut debian: Vec<PathBuf> = debian.map(|version| version.path().join("bin")).collect();
    debian.sort();
    let all = of_path.into_iter().chain(debian.into_iter().rev()).map(|folder| folder.join(name));
    all.into_iter().find(|path| path.is_file()).unwrap_or_else(|| panic!("there is no `{name}`: {REMEDY}"))
}

/// Somebody else than root, whom PostgreSQL refuses to be run by.
struct Unprivileged(Option<(u32, u32)>);

impl Unprivileged {
    fn find() -> Self {
        if fs::metadata("/proc/self").expect("this process").uid() != 0 {
            return Self(None);
        }
        let users = fs::read_to_string("/etc/passwd").expect("the users");
        let nobody = users.lines().find_map(|line| {
            let mut fields = line.strip_prefix("nobody:")?.split(':').skip(1).map(str::parse);
            Some((fields.next()?.ok()?, fields.next()?.ok()?))
        });
        Self(Some(nobody.expect("a user `nobody`: PostgreSQL does not run as root")))
    }

    fn own(&self, folder: &Path) {
        if let Some((user, group)) = self.0 {
            chown(folder, Some(user), Some(group)).expect("give the folder away");
        }
    }

    fn command(&self, program: &Path) -> Command {
        let Some((user, group)) = self.0 else { return Command::new(program) };
        let mut command = Command::new("setpriv");
        command.arg(format!("--reuid={user}")).arg(format!("--regid={group}")).arg("--clear-groups");
        command.arg("--").arg(program).current_dir("/");
        command
    }
}
