//! The one user-facing binary.

mod cli;
#[cfg(feature = "demo")]
mod demo;
mod fetch;
mod import;
#[cfg(feature = "demo")]
mod logging;
mod verify;

use clap::Parser;
use std::process::ExitCode;

/// Requests are taken by one thread and written by another; this allocator gives
/// memory back across threads without a lock.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // The TLS library is told once which cryptography to use; a second call would
    // only say that this was done.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match cli::Cli::parse().command {
        #[cfg(feature = "demo")]
        cli::Command::Demo(args) => demo::run(&args),
        cli::Command::Import(args) => import::run(&args),
        cli::Command::Proof(args) => fetch::run(&args),
        cli::Command::Verify(args) => verify::run(&args),
    }
}
