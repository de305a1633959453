//! `tabmap` keeps a table up to date that maps what people call a Tableau workbook or published data source (site,
//! kind, project, name, the number in its URL) to what Tableau's APIs call it: its LUID. LUIDs change when content
//! is deleted and republished; whoever looks a name up in the map gets the current one.
//!
//! # The tour
//!
//! ```text
//! source  ->  snapshot  ->  diff  ->  plan  ->  store  ->  report
//! what        what was      what      what we   where it   what we
//! we ask      there         changed   dare do   is kept    say
//! ```
//!
//! Every word is a module. [`sync`] is the whole flow for one site, in one function.
//!
//! 1. [`resource`] holds the words. A [`ResourceKey`](resource::ResourceKey) is what people write, a
//!    [`ResourceId`](resource::ResourceId) is what Tableau assigns; a bare LUID is never a key.
//! 2. [`source`] asks. [`source::metadata`] lists a site by the Metadata API, with REST as its witness, in one
//!    session of [`tableau`]; [`source::rest`] by REST alone; [`source::repository`] by Tableau Server's own PostgreSQL;
//!    [`source::recording`] reads a file in place of Tableau.
//! 3. A [`snapshot`] says of which kinds its listing was complete. Absence is evidence for those alone: of another
//!    kind nothing is removed but what REST answers 404 for.
//! 4. [`diff`] compares a snapshot with a [`mapping`], the rows that the store last left. It is pure, as is
//! 5. [`plan`], which turns changes into a [`Plan`](plan::Plan) if they stay within limits. Only a plan can be applied.
//! 6. [`store`] keeps the map, the runs and the change log: [`store::sqlite`] in one file, [`store::snowflake`] in
//!    three tables. The contract is written on the trait.
//! 7. [`report`] is the one door to stdout.
//!
//! The way back is [`resolve`]: from a name, a number, a LUID or an address ([`browser_url`]) to the one row of the map.
//! [`history`] tells from the change log how it came to that.
//!
//! Beside the flow, [`check`] asks whether the map, and the references to Tableau in somebody's repository, are true.
//! [`doctor`] asks whether everything is there that a run needs.
//! The callers stand beside: [`refresh`] goes from a name to a refreshed extract, and [`serve`] does so when dbt says
//! that a job has succeeded.
//!
//! [`commands`] wires these together, one file a command, with [`config`] for what can be set. SQL lives in `sql/`
//! (but for statements of one line), GraphQL in `graphql/`.

pub mod bounded_body;
pub mod browser_url;
pub mod ca_bundle;
pub mod check;
pub mod clock;
pub mod commands;
pub mod config;
pub mod diff;
pub mod doctor;
#[doc(hidden)]
pub mod fuzzing;
pub mod history;
pub mod index;
pub mod loopback;
pub mod mapping;
pub mod plan;
pub mod refresh;
pub mod regular_file;
pub mod report;
pub mod resolve;
pub mod resource;
pub mod retry;
pub mod schema_version;
pub mod serve;
pub mod snapshot;
pub mod source;
pub mod store;
pub mod sync;
pub mod tableau;
pub mod text;
pub mod toml_error;
pub mod whole_file;
