//! `chartseal token explain`: which rule of the gateway a token keeps or breaks, by the
//! configuration alone. The gateway tells its callers only that a token is refused.

use crate::{
    cli::{ExplainArgs, TokenCommand},
    config::Config,
};
use command::{complain, say};
use gateway::identity::{Rule, Verdict, explain};
use model::{Clock as _, FacilityName, SystemClock};
use std::{error::Error, fs, path::Path, process::ExitCode};
use zeroize::Zeroizing;

/// The largest file that can be a token.
const MAX_BYTES: u64 = 64 * 1024;

/// 0 when every rule lets the token do something, 1 otherwise.
pub fn run(command: &TokenCommand) -> ExitCode {
    let TokenCommand::Explain(args) = command;
    match rules(args) {
        Ok(rules) => {
            for rule in &rules {
                say!("{:<12} {:<12} {}", rule.name, word(rule.verdict), rule.text);
            }
            let refused = rules.iter().any(|rule| rule.verdict == Verdict::Fails);
            ExitCode::from(u8::from(refused))
        }
        Err(problem) => {
            complain!("chartseal token explain: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn rules(args: &ExplainArgs) -> Result<Vec<Rule>, Box<dyn Error>> {
    let config = Config::read(&args.config)?;
    let settings = config.gateway()?.settings(config.log().public);
    let urls = [vec![settings.public_url], settings.former_urls].concat();
    let text = read(&args.token)?;
    // As it stands in a header, it is understood too.
    let token = text.trim();
    let token = token.strip_prefix("Bearer ").unwrap_or(token).trim();
    let home_of = |facility: &FacilityName| gateway::home_of(facility, &urls);
    let now = SystemClock.now();
    Ok(explain(&settings.identity, &home_of, token, now))
}

fn read(file: &Path) -> Result<Zeroizing<String>, String> {
    let unreadable = |problem: String| format!("`{}`: {problem}", file.display());
    let size = fs::metadata(file).map_err(|error| unreadable(error.kind().to_string()))?;
    if size.len() > MAX_BYTES {
        return Err(unreadable("is too large for a token".to_owned()));
    }
    let text = fs::read_to_string(file).map_err(|error| unreadable(error.kind().to_string()))?;
    Ok(Zeroizing::new(text))
}

const fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Fails => "fails",
        Verdict::Ignored => "ignored",
        Verdict::NotChecked => "not checked",
    }
}
