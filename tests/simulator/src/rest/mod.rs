//! The REST API: one function per route, from a [`Call`] to elements or an error.

mod around;
mod auth;
mod content;
mod error;
mod fields;
mod listing;
mod permissions;
mod refresh;
mod views;

pub(crate) use error::RestError;

use crate::answer::Element;
use crate::faults::ListingFaults;
use crate::options::Options;
use crate::routes::Route;
use crate::state::State;
use crate::world::Site;

/// A request, as far as REST looks at it.
pub(crate) struct Call<'a> {
    pub(crate) route: Route<'a>,
    /// Decoded parameters of the query.
    pub(crate) query: &'a [(String, String)],
    pub(crate) body: &'a str,
    /// What `X-Tableau-Auth` says.
    pub(crate) token: Option<&'a str>,
    pub(crate) options: &'a Options,
    /// The address of this server, without a trailing slash.
    pub(crate) base: &'a str,
    pub(crate) faults: ListingFaults,
}

/// A good answer.
#[derive(Debug)]
pub(crate) enum Answer {
    Elements(u16, Vec<Element>),
    NoContent,
}

impl Answer {
    fn ok(elements: Vec<Element>) -> Self {
        Self::Elements(200, elements)
    }
}

type Result = std::result::Result<Answer, RestError>;

/// Answers a call.
pub(crate) fn answer(state: &mut State, call: &Call<'_>) -> Result {
    match call.route {
        Route::ServerInfo => Ok(auth::server_info(call)),
        Route::SignIn => auth::sign_in(state, call),
        Route::SignOut => auth::sign_out(state, call),
        Route::SwitchSite => auth::switch_site(state, call),
        Route::Session => auth::session(state, call),
        Route::Sites => content::sites(state, call),
        Route::Site { site } => content::site(state, call, site),
        Route::User { site, user } => content::user(state, call, site, user),
        Route::Projects { site } => content::projects(state, call, site),
        Route::List { site, kind } => content::resources(state, call, site, kind),
        Route::One { site, kind, luid } => content::resource(state, call, site, kind, luid),
        Route::Permissions { site, kind, luid } => permissions::rules(state, call, site, kind, luid),
        Route::Views { site } => views::views(state, call, site),
        Route::View { site, view } => views::view(state, call, site, view),
        Route::ViewsOf { site, workbook } => views::of_workbook(state, call, site, workbook),
        Route::Connections { site, kind, luid } => views::connections(state, call, site, kind, luid),
        Route::Around { site, what } => around::list(state, call, site, what),
        Route::UsersOf { site, group } => around::users_of(state, call, site, group),
        Route::GroupsOf { site, user } => around::groups_of(state, call, site, user),
        Route::Schedules => around::schedules(state, call),
        Route::Refresh { site, kind, luid } => refresh::start(state, call, site, kind, luid),
        Route::Jobs { site } => refresh::jobs(state, call, site),
        Route::Job { site, job } => refresh::job(state, call, site, job),
        Route::CancelJob { site, job } => refresh::cancel(state, call, site, job),
        Route::UnknownVersion => Err(RestError::new(404_001)),
        Route::WrongMethod => Err(RestError::new(405_000)),
        Route::Metadata
        | Route::EventingStatus
        | Route::BackfillStatus
        | Route::Control { .. }
        | Route::Unknown => Err(RestError::new(404_003)),
    }
}

/// The site that the path names, when the token is good for it; a JWT must have the scope.
fn authorize<'a>(
    state: &'a mut State,
    call: &Call<'_>,
    site: &str,
    scope: Option<&str>,
) -> std::result::Result<&'a Site, RestError> {
    let signed_in = auth::signed_in(state, call, scope)?;
    let asked = state.world.site_by_luid(site).ok_or(RestError::new(404_000))?;
    if asked.luid == signed_in { Ok(asked) } else { Err(RestError::new(403_010)) }
}
