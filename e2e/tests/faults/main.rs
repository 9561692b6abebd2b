//! What goes wrong around the services: processes killed, the database restarted,
//! connections cut, the disk full. Nothing acknowledged is lost, nothing is there
//! twice, answers are 2xx or 503 meanwhile, and all goes on without a restart.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "test code"
)]

mod books;
#[path = "../services/chain.rs"]
mod chain;
mod checks;
mod cut;
mod front;
mod full;
#[path = "../services/installation.rs"]
#[expect(dead_code, reason = "the services' tests use the rest")]
mod installation;
mod killed;
mod load;
#[path = "../services/one_process.rs"]
#[expect(dead_code, reason = "the services' tests use the rest")]
mod one_process;
mod promoted;
mod promoted_serve;
mod restarted;
mod server;
mod site;
mod terminated;
mod volume;
