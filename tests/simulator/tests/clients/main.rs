//! The simulator, asked by the clients that people use (Tableau's Python client and tabcmd, from PyPI) and by raw
//! requests.

mod around;
mod control;
mod demo;
mod faults;
mod jobs;
mod lag;
mod lineage;
mod metadata;
mod python;
mod rest;
mod sessions;
mod support;
