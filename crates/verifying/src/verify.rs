//! `chartseal verify`: a bundle, a trust file, perhaps a resource; what is claimed, the
//! verdicts and an exit code. No network, no database.

mod access;
mod page;

use crate::VerifyArgs;
use command::{
    complain, outputs, say,
    whole_file::{self, PRIVATE},
};
use model::{Clock, SystemClock, Timestamp};
use page::{Input, Page};
use proof::{Report, Verdict};
use std::{fs, path::Path, process::ExitCode};

/// An input cannot be read or breaks a rule of form.
const UNREADABLE: u8 = 2;

/// Verifies and prints: 0 when all that the trust file demands hold, 1 when
/// something is false or a demanded check is not checked, 2 when an input cannot
/// be read or the report not written.
pub fn run(args: &VerifyArgs) -> ExitCode {
    match verify(args) {
        Ok(code) => ExitCode::from(code),
        Err(problem) => {
            complain!("chartseal verify: {problem}");
            ExitCode::from(UNREADABLE)
        }
    }
}

fn verify(args: &VerifyArgs) -> Result<u8, String> {
    let at = match &args.at {
        Some(text) => text
            .parse::<Timestamp>()
            .map_err(|error| format!("--at: {error}"))?,
        None => SystemClock.now(),
    };
    check_places(args)?;
    let bundle_bytes = read(&args.proof)?;
    let bundle = proof::Bundle::parse(&bundle_bytes).map_err(|error| named(&args.proof, error))?;
    let trust_bytes = read(&args.trust)?;
    let mut trust = proof::Trust::parse(&trust_bytes).map_err(|error| named(&args.trust, error))?;
    trust.require = args.require.or(trust.require);
    let resource = args.resource.as_deref().map(read).transpose()?;
    let report = proof::verify(&bundle, &trust, resource.as_deref(), at).map_err(|error| {
        let path = args.resource.as_deref();
        named(path.unwrap_or_else(|| Path::new("resource")), error)
    })?;
    let access = access(&report, resource.as_deref());
    // The page comes first: a verdict that is printed has its report.
    if let Some(path) = &args.report {
        let mut inputs = vec![
            input("proof", &args.proof, &bundle_bytes),
            input("trust file", &args.trust, &trust_bytes),
        ];
        if let (Some(path), Some(bytes)) = (&args.resource, &resource) {
            inputs.push(input("resource", path, bytes));
        }
        let page = Page {
            report: &report,
            access: &access,
            inputs: &inputs,
            at: at.to_string(),
        };
        // It tells who was a patient.
        whole_file::replace(path, PRIVATE, page.html().as_bytes())
            .map_err(|error| named(path, error))?;
    }
    if args.json {
        say!("{}", report.to_json());
    } else {
        print(&report, &access);
    }
    Ok(report.exit_code())
}

fn print(report: &Report, access: &[(&str, String)]) {
    for (name, text) in access {
        say!("{name:<12} {text}");
    }
    if !access.is_empty() {
        say!("");
    }
    say!("{report}");
}

/// Refuses to write the report over what it is about, or over anything but a report.
fn check_places(args: &VerifyArgs) -> Result<(), String> {
    let Some(report) = &args.report else {
        return Ok(());
    };
    let mut inputs = vec![
        ("the proof", args.proof.as_path()),
        ("`--trust`", args.trust.as_path()),
    ];
    inputs.extend(args.resource.as_deref().map(|path| ("`--resource`", path)));
    outputs::check(&inputs, &[("`--report`", report)])?;
    match fs::read(report) {
        Ok(bytes) if !bytes.is_empty() && !page::is_report(&bytes) => {
            let problem = "is there already and is no report; give another place for `--report`";
            Err(format!("`{}` {problem}", report.display()))
        }
        _ => Ok(()),
    }
}

/// What a resource tells of an access, once it has been shown to stand in the log.
fn access(report: &Report, resource: Option<&[u8]>) -> Vec<(&'static str, String)> {
    let genuine = ["content", "commitment", "inclusion", "checkpoint"]
        .into_iter()
        .all(|check| report.verdict(check) == Some(Verdict::Holds));
    resource
        .filter(|_| genuine)
        .and_then(|bytes| serde_json::from_slice(bytes).ok())
        .map(|event| access::lines(&event))
        .unwrap_or_default()
}

fn input<'a>(role: &'static str, path: &Path, bytes: &'a [u8]) -> Input<'a> {
    let name = path.file_name().unwrap_or_default();
    Input {
        role,
        name: name.to_string_lossy().into_owned(),
        bytes,
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| named(path, error))
}

fn named(path: &Path, error: impl std::fmt::Display) -> String {
    format!("`{}`: {error}", path.display())
}
