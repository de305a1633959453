//! Tableau's repository: the database `workgroup` in a real PostgreSQL, with the content of a simulated server.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use tableau_simulator::{Item, Kind, Simulator};

use crate::desk::Desk;
use crate::postgres::Postgres;

const OLD: &str = include_str!("../../workgroup/2019.3.sql");
const NEW: &str = include_str!("../../workgroup/2026.3.sql");

/// Columns that not every version has.
const BETWEEN: &str = "
    ALTER TABLE public.workbooks DROP COLUMN state;
    ALTER TABLE public.datasources ADD COLUMN is_deleted boolean;
";

/// The password of the user `readonly`.
pub const PASSWORD: &str = "hush-readonly";

/// Which tables there are, and what they are used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// 2019.3: columns say what is where.
    Old,
    /// The tables that came since are there, and not yet filled.
    Between,
    /// 2026.3: projects_contents says what is where, and the columns are stale.
    New,
}

/// One repository.
pub struct Workgroup {
    /// The server that holds it.
    pub postgres: Arc<Postgres>,
    /// The database.
    pub database: String,
    version: Version,
}

impl Workgroup {
    /// An empty repository, in the one server of this test process.
    pub fn new(version: Version) -> Self {
        static SHARED: OnceLock<Arc<Postgres>> = OnceLock::new();
        Self::at(Arc::clone(SHARED.get_or_init(|| Arc::new(Postgres::start()))), version)
    }

    /// An empty repository in this server.
    pub fn at(postgres: Arc<Postgres>, version: Version) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let database = format!("workgroup_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        postgres.sql("postgres", &format!("CREATE DATABASE {database}"));
        postgres.sql(&database, OLD);
        match version {
            Version::Old => {}
            Version::Between => drop(postgres.sql(&database, &format!("{NEW}{BETWEEN}"))),
            Version::New => drop(postgres.sql(&database, NEW)),
        }
        Self { postgres, database, version }
    }

    /// Lets `desk` go by this repository, and gives it no way to sign in to Tableau.
    pub fn enter_alone(&self, desk: &mut Desk) {
        for variable in ["TABLEAU_PAT_NAME", "TABLEAU_PAT_SECRET"] {
            desk.unset(variable);
        }
        desk.set("TABMAP_SOURCE", "repository");
        self.enter(desk);
    }

    /// Tells `desk` where this repository is.
    pub fn enter(&self, desk: &mut Desk) {
        desk.set("TABLEAU_REPOSITORY_PORT", self.postgres.port.to_string());
        desk.set("TABLEAU_REPOSITORY_PASSWORD", PASSWORD);
        if self.version == Version::Old {
            desk.set("TABLEAU_REPOSITORY_USER", "readonly_md5");
        }
        desk.write("tabmap.toml", &format!("[tableau.repository]\ndatabase = \"{}\"\n", self.database));
    }

    /// Runs statements.
    #[track_caller]
    pub fn sql(&self, statements: &str) -> String {
        self.postgres.sql(&self.database, statements)
    }

    /// Puts in what is on the sites of `tableau` now, and beside it what no API shows.
    pub fn fill(&self, tableau: &Simulator) {
        let mut sql =
            "BEGIN; TRUNCATE public.sites, public.projects, public.workbooks, public.datasources;".to_owned();
        if self.version != Version::Old {
            sql.push_str("TRUNCATE public.projects_contents;");
        }
        for (number, site) in (1..).zip(tableau.sites()) {
            self.site(&mut sql, tableau, number, &site);
        }
        sql.push_str(SUSPENDED);
        self.sql(&(sql + "COMMIT;"));
    }

    fn site(&self, sql: &mut String, tableau: &Simulator, number: usize, site: &str) {
        let luid = tableau.site_luid(site);
        let namespace = quoted(site);
        let _ = writeln!(
            sql,
            "INSERT INTO public.sites VALUES ({number}, {namespace}, {namespace}, 'active', '{luid}');"
        );
        let projects = tableau.projects(site);
        let project = |path: &[String]| {
            let at = projects.iter().position(|(known, _)| known == path);
            at.map(|at| number * 10_000 + at)
        };
        for (path, luid) in &projects {
            let (name, above) = path.split_last().expect("a name");
            let id = project(path).expect("a project");
            let parent = project(above);
            let column = self.column(parent);
            let name = quoted(name);
            let _ = writeln!(
                sql,
                "INSERT INTO public.projects (id, name, state, site_id, luid, parent_project_id) \
                 VALUES ({id}, {name}, 'active', {number}, '{luid}', {column});"
            );
            self.content(sql, number, "project", id, parent);
        }
        let items = tableau.resources(site);
        for item in &items {
            let parent = project(&item.project_path);
            self.resource(sql, number, item, parent);
            self.content(
                sql,
                number,
                item.kind.word(),
                item.vizportal_url_id.parse().expect("a number"),
                parent,
            );
        }
        self.unlisted(sql, number, project(&["default".to_owned()]).expect("a project"));
    }

    fn resource(&self, sql: &mut String, site: usize, item: &Item, project: Option<usize>) {
        let (table, more) = match item.kind {
            Kind::Workbook => ("workbooks", ""),
            Kind::Datasource => ("datasources", ", TRUE"),
        };
        let connectable = if more.is_empty() { "" } else { ", connectable" };
        let (id, luid, column) = (&item.vizportal_url_id, &item.luid, self.column(project));
        let (name, content_url) = (quoted(&item.name), quoted(&item.content_url));
        let _ = writeln!(
            sql,
            "INSERT INTO public.{table} (id, name, repository_url, project_id, site_id, luid{connectable}) \
             VALUES ({id}, {name}, {content_url}, {column}, {site}, '{luid}'{more});"
        );
    }

    /// The column that said where something is, and on a new server says where it was once.
    fn column(&self, project: Option<usize>) -> String {
        match (self.version, project) {
            (Version::New, _) => "10000".to_owned(),
            (_, Some(project)) => project.to_string(),
            (_, None) => "NULL".to_owned(),
        }
    }

    fn content(&self, sql: &mut String, site: usize, kind: &str, id: usize, project: Option<usize>) {
        if let (Version::New, Some(project)) = (self.version, project) {
            let _ = writeln!(
                sql,
                "INSERT INTO public.projects_contents (project_id, site_id, content_id, content_type) \
                 VALUES ({project}, {site}, {id}, '{kind}');"
            );
        }
    }

    /// What is in the tables and on no list: embedded data sources, data roles, the recycle bin, private copies. Each row
    /// has one reason.
    fn unlisted(&self, sql: &mut String, site: usize, project: usize) {
        let mut id = 9_000_000 + site * 100;
        let mut add = |table: &str, columns: &str, values: &str| {
            id += 1;
            let _ = writeln!(
                sql,
                "INSERT INTO public.{table} (id, name, repository_url, project_id, site_id, luid, {columns}) \
                 VALUES ({id}, 'Unlisted', 'Unlisted', {project}, {site}, gen_random_uuid(), {values});"
            );
            id
        };
        let datasources = "connectable, parent_workbook_id, parent_type, state";
        let mut added = vec![
            ("datasource", add("datasources", datasources, "TRUE, 1, NULL, 'active'")),
            ("datasource", add("datasources", datasources, "TRUE, NULL, 'workbook', 'active'")),
            ("datasource", add("datasources", datasources, "TRUE, NULL, 'datarole', 'active'")),
            ("datasource", add("datasources", datasources, "FALSE, NULL, NULL, NULL")),
        ];
        if self.version != Version::Old {
            added.push(("workbook", add("workbooks", "is_deleted", "TRUE")));
            added.push(("workbook", add("workbooks", "parent_workbook_id", "1")));
            added.push(("workbook", add("workbooks", "is_private", "TRUE")));
        }
        if self.version == Version::Between {
            added.push(("datasource", add("datasources", "connectable, is_deleted", "TRUE, TRUE")));
        }
        if self.version == Version::New {
            added.push(("workbook", add("workbooks", "state", "'archived'")));
            added.push(("datasource", add("datasources", datasources, "TRUE, NULL, NULL, 'archived'")));
        }
        for (kind, id) in added {
            self.content(sql, site, kind, id, Some(project));
        }
    }
}

/// A site that nobody can sign in to.
const SUSPENDED: &str = "
    INSERT INTO public.sites VALUES (99, 'Asleep', 'Asleep', 'suspended', gen_random_uuid());
    INSERT INTO public.projects (id, name, state, site_id, luid) VALUES (990000, 'default', 'active', 99, gen_random_uuid());
    INSERT INTO public.workbooks (id, name, repository_url, project_id, site_id, luid)
        VALUES (990001, 'Asleep', 'Asleep', 990000, 99, gen_random_uuid());
";

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
