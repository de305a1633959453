//! A simulated Tableau, the map of what it holds, and the procedure to call.

use std::time::Duration;

use serde_json::{Value, json};
use tableau_simulator::{Content, JobPlan, Kind, Options, Outcome, Simulator, SiteContent};
use tabmap::store::snowflake::TableNames;
use tabmap::store::snowflake::objects::SnowflakeObjects;

use crate::files::{body, files};
use crate::snowpark::{CLIENTS, Procedure};

/// A Tableau with one site and its map.
pub struct Ground {
    pub tableau: Simulator,
    pub tables: TableNames,
    pub map: Vec<Value>,
    pub runs: Value,
    pub client: &'static str,
    pub secret: String,
}

impl Ground {
    pub fn new() -> Self {
        Self::with(&["MySite"])
    }

    pub fn with(sites: &[&str]) -> Self {
        let site = |site: &&str| SiteContent { content_url: (*site).to_owned(), ..SiteContent::default() };
        let content = Content { seed: 1, sites: sites.iter().map(site).collect() };
        let jobs = JobPlan {
            pending: Duration::ZERO,
            running: Duration::from_millis(100),
            outcome: Outcome::Success,
        };
        let tableau = Simulator::start(Options { content, jobs, ..Options::default() }).unwrap();
        let secret = tableau.pat().1.to_owned();
        Self {
            tableau,
            tables: TableNames::default(),
            map: Vec::new(),
            runs: json!([]),
            client: CLIENTS[0],
            secret,
        }
    }

    /// Publishes on the first site, in a project that is made where it is missing, and notes it in the map.
    pub fn publish(&mut self, kind: Kind, project: &[&str], name: &str) -> String {
        let site = self.tableau.sites()[0].clone();
        self.tableau.create_project(&site, project);
        let luid = self.tableau.publish(&site, kind, project, name);
        self.map.push(json!([kind.word(), site, project.last(), name, luid, project.join("/")]));
        luid
    }

    /// The answers of the procedure to calls in this order; of one that raised, `{"raised": "…"}`.
    pub fn call(&self, calls: &Value) -> Vec<Value> {
        let files = files(&self.tables, &SnowflakeObjects::default());
        let procedure = Procedure {
            body: body(&files["50_refresh_procedure.sql"], "PROCEDURE"),
            tables: &self.tables,
            map: &self.map,
            runs: &self.runs,
            token: (self.tableau.pat().0, &self.secret),
            client: self.client,
        };
        procedure.call(calls)
    }

    /// The arguments for a resource in a project of the first site, with `more` behind the server's address.
    pub fn arguments(&self, kind: &str, name: &str, project: &str, more: [Value; 3]) -> Value {
        let mut arguments = vec![json!(kind), json!(name), json!(project), json!(self.tableau.sites()[0])];
        arguments.push(json!(self.tableau.url()));
        arguments.extend(more);
        Value::from(arguments)
    }

    /// Calls once for the workbook `Sales` of the project `Finance`, which is published.
    pub fn refresh_sales(&mut self, plan: JobPlan) -> Value {
        self.publish(Kind::Workbook, &["Finance"], "Sales");
        self.tableau.plan_jobs(plan);
        self.call(&json!([self.arguments(
            "workbook",
            "Sales",
            "Finance",
            [Value::Null, json!(true), json!(20)]
        )]))
        .remove(0)
    }

    /// Where refreshes were asked for, in order: `workbooks/LUID`.
    pub fn refreshes(&self) -> Vec<String> {
        let requests = self.tableau.requests();
        let paths = requests.iter().filter_map(|request| request.path.strip_suffix("/refresh"));
        paths
            .map(|path| path.rsplit('/').take(2).collect::<Vec<_>>())
            .map(|it| [it[1], it[0]].join("/"))
            .collect()
    }
}
