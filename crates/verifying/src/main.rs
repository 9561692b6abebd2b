//! `chartseal-verify`: the command `chartseal verify` as a program of its own.

use clap::Parser;
use command::GLOSSARY;
use std::process::ExitCode;
use verifying::VerifyArgs;

/// Verify a proof bundle, with no network and no database.
#[derive(Debug, Parser)]
#[command(name = "chartseal-verify", version, after_help = GLOSSARY)]
struct Cli {
    #[command(flatten)]
    args: VerifyArgs,
}

fn main() -> ExitCode {
    verifying::run(&Cli::parse().args)
}
