//! Several refreshes at once: in what order, and what holds up what.

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use tableau_simulator::{Kind, Outcome};

use super::{FAST, desk, plan};
use crate::desk::Desk;

