//! Stands in for a Tableau server. Published clients read what it lists, follow the lineage and refresh extracts without a
//! change to them: `.ci/clients` shows which, and what they read. What they publish, download or change it does not take.
//!
//! ```
//! use tableau_simulator::{Content, Generate, Kind, Options, Simulator};
//!
//! let content = Content::generate(&Generate { sites: 2, workbooks: 50, ..Generate::default() });
//! let simulator = Simulator::start(Options { content, ..Options::default() })?;
//!
//! // Point any client at `simulator.url()`, sign in with `simulator.pat()`, then change what it sees.
//! let luid = simulator.publish("MySite", Kind::Workbook, &["default"], "Sales");
//! let newer = simulator.republish("MySite", Kind::Workbook, &luid);
//! assert_ne!(luid, newer);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The same server is a program (`tableau-simulator --help`), for clients that live elsewhere. `tabmap-demo` is another one,
//! for people who want to try `tabmap`: [`Demo`].
//!
//! # Five minutes in here
//!
//! A request enters through `server`, which notes it and asks `faults` what shall happen to it. `routes` says what it
//! asks for. REST requests go to `rest`, whose answers are trees of elements that `answer` renders as XML or JSON.
//! Queries of the Metadata API go to `graphql`.
//!
//! Both speak of the same content, but not of the same moment: `world` is the truth, which REST shows as it is; `index`
//! is what the Metadata API has learnt of it so far. `change` lists what can happen to the truth. `content` is what
//! there is at the start, read from a file or made by `generate`.
//!
//! `sessions`, `jwt` and `jobs` do what they are called. Everything that changes is in one `state` behind one lock, so
//! the methods of [`Simulator`] and the `control` API act at once, while the server runs.
//!
//! # The control API
//!
//! What the library can do, over HTTP and in JSON, below `/simulator`:
//!
//! | request | does |
//! |---|---|
//! | `GET /simulator` | says what can be asked for, with an example of each body |
//! | `GET /simulator/truth?site=MySite` | the resources of a site as they are now; of all sites without `site` |
//! | `POST /simulator/changes` | makes a [`Change`], or each of a list; answers the new LUIDs |
//! | `POST /simulator/index` | `{"mode":"immediate"}`, `{"mode":"frozen"}` or `{"mode":"after","milliseconds":500}` |
//! | `POST /simulator/index/settle?site=MySite` | brings the Metadata API up to date |
//! | `GET`, `POST`, `DELETE /simulator/faults` | lists, arms, clears each [`Fault`] |
//! | `POST /simulator/latency` | `{"milliseconds":100}` on every answer from now on |
//! | `GET /simulator/jobs` | lists the refresh jobs, oldest first |
//! | `POST /simulator/jobs` | how jobs go from now on: `{"pending_ms":0,"running_ms":200,"outcome":"success"}` |
//! | `GET`, `DELETE /simulator/requests` | lists, forgets the requests that arrived |
//! | `GET`, `DELETE /simulator/sessions` | counts, ends the live sessions |

mod answer;
mod body;
mod change;
mod content;
mod control;
mod demo;
mod faults;
mod generate;
mod graphql;
mod index;
mod jobs;
mod jwt;
mod options;
mod random;
mod rest;
mod routes;
mod server;
mod sessions;
mod simulator;
mod state;
mod time;
mod views;
mod wire;
mod world;

pub use change::{Change, NotFound};
pub use content::{Content, Phantom, ResourceContent, SiteContent};
pub use demo::Demo;
pub use faults::{Effect, Endpoint, Fault, GraphqlProblem};
pub use generate::Generate;
pub use index::IndexMode;
pub use jobs::{JobPlan, Outcome, StartedJob};
pub use options::{ConnectedApp, Language, Options, Token, UnifiedAccess};
pub use simulator::Simulator;
pub use state::Request;
pub use world::{Item, Kind, SiteState, Visibility};
