//! The running server, and the hands of a test on it.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::change::Change;
use crate::faults::Fault;
use crate::index::IndexMode;
use crate::jobs::{JobPlan, StartedJob};
use crate::options::Options;
use crate::server;
use crate::state::{Request, Shared};
use crate::wire::{Switch, TearableListener};
use crate::world::{Item, Kind, SiteState, Visibility};

/// A Tableau server on 127.0.0.1, on threads of its own. Dropping it stops it.
///
/// Sites are named by their content URL, projects by their path from the root down; an empty path is the Personal
/// Space. Methods that change content panic when what they name is not there: that is a mistake in the test.
pub struct Simulator {
    shared: Arc<Shared>,
    runtime: Option<Runtime>,
}

impl Simulator {
    /// Starts a server; it answers when this returns.
    pub fn start(options: Options) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .thread_name("tableau-simulator")
            .enable_all()
            .build()?;
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, options.port))?;
        listener.set_nonblocking(true)?;
        let base = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared::new(options, base));
        let listener = {
            let _inside = runtime.enter();
            TearableListener(TcpListener::from_std(listener)?)
        };
        let app = Router::new().fallback(server::handle).with_state(Arc::clone(&shared));
        let app = app.into_make_service_with_connect_info::<Switch>();
        runtime.spawn(async move { axum::serve(listener, app).await });
        Ok(Self { shared, runtime: Some(runtime) })
    }

    /// The address, without a trailing slash.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.shared.base
    }

    /// Name and secret of the first personal access token it accepts; empty when it accepts none.
    #[must_use]
    pub fn pat(&self) -> (&str, &str) {
        let first = self.shared.options.tokens.first();
        first.map_or(("", ""), |token| (token.name.as_str(), token.secret.as_str()))
    }

    /// What it was started with.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.shared.options
    }

    /// The content URLs of its sites.
    #[must_use]
    pub fn sites(&self) -> Vec<String> {
        self.shared.lock().world.sites.iter().map(|site| site.content_url.clone()).collect()
    }

    /// The LUID of a site.
    ///
    /// # Panics
    ///
    /// When there is no such site.
    #[must_use]
    pub fn site_luid(&self, site: &str) -> String {
        let state = self.shared.lock();
        let found = state.world.site(site).map(|site| site.luid.clone());
        drop(state);
        found.unwrap_or_else(|| panic!("no site `{site}`"))
    }

    /// The truth about a site as REST shows it: workbooks, then data sources, oldest first. What
    /// [`Visibility::Hidden`] hides is not among them.
    ///
    /// # Panics
    ///
    /// When there is no such site.
    #[must_use]
    pub fn resources(&self, site: &str) -> Vec<Item> {
        let items = self.shared.lock().items(site, &self.shared.base);
        items.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The projects of a site: path and LUID.
    ///
    /// # Panics
    ///
    /// When there is no such site.
    #[must_use]
    pub fn projects(&self, site: &str) -> Vec<(Vec<String>, String)> {
        let state = self.shared.lock();
        let found = state.world.site(site).map(|site| {
            site.projects
                .iter()
                .map(|project| (site.project_path(&project.luid), project.luid.clone()))
                .collect()
        });
        drop(state);
        found.unwrap_or_else(|| panic!("no site `{site}`"))
    }

    /// Makes a change of any kind and answers the LUID of what came into being.
    ///
    /// # Panics
    ///
    /// When the change names something that is not there.
    #[allow(clippy::needless_pass_by_value, reason = "a change is made once; callers build it in place")]
    pub fn change(&self, change: Change) -> Option<String> {
        let result = self.shared.lock().apply(&change);
        result.unwrap_or_else(|error| panic!("{change:?}: {error}"))
    }

    /// Publishes a resource with an extract and answers its LUID.
    pub fn publish(&self, site: &str, kind: Kind, project: &[&str], name: &str) -> String {
        let (site, project, name) = (site.to_owned(), path(project), name.to_owned());
        self.change(Change::Publish { site, kind, project, name }).unwrap_or_default()
    }

    /// Deletes a resource and publishes it again: same name and project, new LUID (the answer) and number.
    pub fn republish(&self, site: &str, kind: Kind, luid: &str) -> String {
        self.change(Change::Republish { site: site.to_owned(), kind, luid: luid.to_owned() })
            .unwrap_or_default()
    }

    /// Gives a resource another name.
    pub fn rename(&self, site: &str, kind: Kind, luid: &str, name: &str) {
        let (site, luid, name) = (site.to_owned(), luid.to_owned(), name.to_owned());
        self.change(Change::Rename { site, kind, luid, name });
    }

    /// Moves a resource to another project.
    pub fn move_to(&self, site: &str, kind: Kind, luid: &str, project: &[&str]) {
        let (site, luid, project) = (site.to_owned(), luid.to_owned(), path(project));
        self.change(Change::Move { site, kind, luid, project });
    }

    /// Deletes a resource.
    pub fn delete(&self, site: &str, kind: Kind, luid: &str) {
        self.change(Change::Delete { site: site.to_owned(), kind, luid: luid.to_owned() });
    }

    /// Suspends, locks or deletes a site, or makes it active again.
    pub fn set_site(&self, site: &str, state: SiteState) {
        self.change(Change::SetSite { site: site.to_owned(), state });
    }

    /// Sets what the signed-in user may see of a resource.
    pub fn show(&self, site: &str, kind: Kind, luid: &str, visibility: Visibility) {
        self.change(Change::Show { site: site.to_owned(), kind, luid: luid.to_owned(), visibility });
    }

    /// The LUID of the project at this path; it and those above it come into being when missing.
    pub fn create_project(&self, site: &str, project: &[&str]) -> String {
        self.change(Change::CreateProject { site: site.to_owned(), project: path(project) })
            .unwrap_or_default()
    }

    /// Gives the project at this path another name; all it holds moves along.
    pub fn rename_project(&self, site: &str, project: &[&str], name: &str) {
        let (site, project, name) = (site.to_owned(), path(project), name.to_owned());
        self.change(Change::RenameProject { site, project, name });
    }

    /// How the Metadata API lags behind from now on.
    pub fn set_index(&self, mode: IndexMode) {
        let mut state = self.shared.lock();
        let state = &mut *state;
        state.index.set_mode(&state.world, mode);
    }

    /// Brings the Metadata API up to date on a site, whatever the mode.
    ///
    /// # Panics
    ///
    /// When there is no such site.
    pub fn settle_index(&self, site: &str) {
        let mut state = self.shared.lock();
        let state = &mut *state;
        let at = state.world.position(site).unwrap_or_else(|error| panic!("{error}"));
        state.index.settle(&state.world, at);
    }

    /// Arms a fault, beside those that are armed already.
    pub fn arm(&self, fault: Fault) {
        self.shared.lock().faults.arm(fault);
    }

    /// Disarms all faults.
    pub fn clear_faults(&self) {
        self.shared.lock().faults.clear();
    }

    /// Adds this to every answer from now on.
    pub fn set_latency(&self, latency: Duration) {
        self.shared.lock().latency = latency;
    }

    /// What becomes of refresh jobs that start from now on.
    pub fn plan_jobs(&self, plan: JobPlan) {
        self.shared.lock().jobs.plan = plan;
    }

    /// Queues refreshes of a resource as a schedule does, whatever waits or runs.
    pub fn queue_jobs(&self, site: &str, kind: Kind, luid: &str, name: &str, count: usize) {
        let mut state = self.shared.lock();
        let state = &mut *state;
        let site = state.world.sites.iter().find(|one| one.content_url == site);
        let site = site.map(|site| site.luid.clone()).unwrap_or_default();
        for _ in 0..count {
            state.jobs.start(state.random.uuid(), &site, kind, luid, name);
        }
    }

    /// The refresh jobs of all sites, oldest first.
    #[must_use]
    pub fn jobs(&self) -> Vec<StartedJob> {
        self.shared.lock().jobs.started()
    }

    /// The requests that arrived, oldest first, the control API's own excepted.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// Forgets the requests that arrived.
    pub fn clear_requests(&self) {
        let mut state = self.shared.lock();
        state.requests.clear();
        state.bytes_answered = 0;
    }

    /// How many bytes the bodies of the answers to these had.
    #[must_use]
    pub fn bytes_answered(&self) -> u64 {
        self.shared.lock().bytes_answered
    }

    /// How many sessions are signed in.
    #[must_use]
    pub fn live_sessions(&self) -> usize {
        self.shared.lock().sessions.count()
    }

    /// Ends all sessions: their tokens are answered with 401002.
    pub fn kill_sessions(&self) {
        self.shared.lock().sessions.close_all();
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // In the background: a test may drop it inside of a runtime, where waiting is not allowed.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn path(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}
