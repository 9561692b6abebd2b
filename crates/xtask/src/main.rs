//! `cargo xtask`: the tests, the checks and the generated files of this project,
//! each by one command that is the same on a desk and in CI.
//!
//! Few dependencies on purpose: everyone who works here builds this first.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command talks on its terminal"
)]

mod check;
mod contract;
mod debian;
mod fhir_tables;
mod house;
mod metadata;
mod node;
mod postgres;
mod production;
mod python;
mod test;
mod workspace;

use std::process::ExitCode;

const HELP: &str = "\
usage: cargo xtask <task>

  test [--without-data] [-- FILTER...]
                 all tests; installs PostgreSQL, Python's cryptography and the
                 Node packages they need when it can; with FILTERs those whose
                 name has one of them; options of the test programs go there too
  check [NAME]   all checks, or one: format, files, licences, imports, house,
                 clippy, generated
  house          files, arrows, floors and circles of each crate; fails on what
                 makes its folder hard to read
  production     builds the program without the feature `demo` and tries that it
                 knows neither the dev issuer nor the dev L2
  fhir-tables    writes the FHIR tables anew from HL7's definitions
  contract       compiles the registry contract anew
  bench [ARG...] the benchmarks; docs/performance.md says what there is
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        ["test", rest @ ..] => test::run(rest),
        ["check"] => check::run(None),
        ["check", name] => check::run(Some(name)),
        ["house"] => house::run(),
        ["production"] => production::run(),
        ["fhir-tables"] => fhir_tables::run(false),
        ["contract"] => node::ready().and_then(|_| contract::run(false)),
        ["bench", rest @ ..] => bench(rest),
        _ => Err(HELP.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            // Empty when the task has said it already.
            if !why.is_empty() {
                eprintln!("{}", why.trim_end());
            }
            ExitCode::FAILURE
        }
    }
}

/// What is measured on PostgreSQL.
const POSTGRES: [&str; 4] = ["postgres", "two", "soak", "turns"];

/// Builds the program that is measured too. No `-p`: with the features of the
/// whole workspace, the artefacts are those of the tests.
fn bench(rest: &[&str]) -> Result<(), String> {
    let build = ["build", "--release", "--bin", "chartseal", "--bin", "bench"];
    workspace::run(workspace::cargo().args(build))?;
    let mut run = workspace::cargo();
    run.args(["run", "--release", "--bin", "bench", "--"])
        .args(rest);
    // Held until the figures are there.
    let server = if rest.is_empty() || rest.iter().any(|name| POSTGRES.contains(name)) {
        Some(postgres::Postgres::start()?)
    } else {
        None
    };
    if let Some(server) = &server {
        run.env("CHARTSEAL_TEST_POSTGRES", server.url());
    }
    workspace::run(&mut run)
}
