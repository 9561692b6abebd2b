//! `chartseal`: the services, and the commands of operators, auditors and verifiers.

mod anchor;
mod cli;
mod config;
mod database;
#[cfg(feature = "demo")]
mod demo;
mod operator;
mod runtime;
mod services;
mod setup;
mod token;
mod trust;

use clap::Parser;
use cli::{AnchorCommand, Command, IndexCommand};
use services::service::{self, Service};
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
        Command::Demo(args) => demo::run(&args),
        Command::Gateway(args) => service::run(Service::Gateway, &args.config),
        Command::Anchor(args) => match args.command {
            Some(AnchorCommand::Adopt(args)) => anchor::adopt::run(&args),
            Some(AnchorCommand::Deploy(args)) => anchor::accounts::run_deploy(&args),
            Some(AnchorCommand::Grant(args)) => anchor::accounts::run_grant(&args),
            Some(AnchorCommand::Revoke(args)) => anchor::accounts::run_revoke(&args),
            Some(AnchorCommand::Close(args)) => anchor::close_log::run(&args),
            Some(AnchorCommand::Registry(command)) => anchor::move_registry::run(&command),
            Some(AnchorCommand::PostAgain(args)) => anchor::post_again::run(&args),
            Some(AnchorCommand::NewEpoch(args)) => anchor::new_epoch::run(&args),
            None => {
                // Required without a subcommand, so it is there.
                let config = args.config.unwrap_or_default();
                if args.check_only {
                    service::check_only(Service::Anchor, &config)
                } else {
                    service::run(Service::Anchor, &config)
                }
            }
        },
        Command::Serve(args) if args.check_only => service::check_only(Service::Both, &args.config),
        Command::Serve(args) => service::run(Service::Both, &args.config),
        Command::Init(args) => setup::init::run(&args),
        Command::TakeOver(args) => setup::take_over::run(&args),
        Command::Keys(args) => setup::keys::run(&args),
        Command::Log(args) => anchor::log_check::run(&args),
        Command::Scopes(args) => operator::scopes::run(&args),
        Command::Sweep(args) => operator::sweep::run(&args),
        Command::Leaves(args) => operator::leaves::run(&args),
        Command::Jobs(args) => operator::sweep::run_jobs(&args),
        Command::Index(args) => match args.command {
            IndexCommand::Rebuild(args) => operator::index::rebuild(&args),
        },
        Command::Login(args) => client::login::run(&args),
        Command::Token(args) => token::run(&args.command),
        Command::Import(args) => client::import::run(&args),
        Command::Proof(args) => client::proof::run(&args),
        Command::Trust(args) => trust::run(&args.command),
        Command::Verify(args) => verifying::run(&args),
    }
}
