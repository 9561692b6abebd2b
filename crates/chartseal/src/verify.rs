//! `chartseal verify`: a bundle, a trust file, perhaps a resource; verdicts and
//! an exit code. No network, no database.

use crate::{
    cli::VerifyArgs,
    output::{complain, say},
};
use model::{Clock, SystemClock, Timestamp};
use std::{fs, path::Path, process::ExitCode};

/// An input cannot be read or breaks a rule of form.
const UNREADABLE: u8 = 2;

/// Verifies and prints: 0 when all that the trust file demands hold, 1 when
/// something is false or a demanded check is not checked, 2 when an input cannot
/// be read.
pub fn run(args: &VerifyArgs) -> ExitCode {
    match verify(args) {
        Ok(report) if args.json => {
            say!("{}", report.to_json());
            ExitCode::from(report.exit_code())
        }
        Ok(report) => {
            say!("{report}");
            ExitCode::from(report.exit_code())
        }
        Err(problem) => {
            complain!("chartseal verify: {problem}");
            ExitCode::from(UNREADABLE)
        }
    }
}

fn verify(args: &VerifyArgs) -> Result<proof::Report, String> {
    let at = match &args.at {
        Some(text) => text
            .parse::<Timestamp>()
            .map_err(|error| format!("--at: {error}"))?,
        None => SystemClock.now(),
    };
    let bundle = read(&args.proof)?;
    let bundle = proof::Bundle::parse(&bundle).map_err(|error| named(&args.proof, error))?;
    let trust = read(&args.trust)?;
    let trust = proof::Trust::parse(&trust).map_err(|error| named(&args.trust, error))?;
    let resource = args.resource.as_deref().map(read).transpose()?;
    proof::verify(&bundle, &trust, resource.as_deref(), at).map_err(|error| {
        named(
            args.resource
                .as_deref()
                .unwrap_or_else(|| Path::new("resource")),
            error,
        )
    })
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| named(path, error))
}

fn named(path: &Path, error: impl std::fmt::Display) -> String {
    format!("`{}`: {error}", path.display())
}
