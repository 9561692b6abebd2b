//! `chartseal index rebuild`: damaged and missing index cards and patient heads, made anew
//! (deploy/runbook.md, "Index cards or patient heads are damaged").

use super::sweep::{Opened, each};
use crate::cli::ConfigArgs;
use command::{CommandError, complain, say};
use gateway::work::index::{self, Rebuilt};
use model::Tag;
use std::process::ExitCode;

/// Runs the command: 1 when something could not be made; else 2 when a facility, or all of
/// them, could not be looked at.
pub fn rebuild(args: &ConfigArgs) -> ExitCode {
    match crate::runtime::block_on(rebuild_all(args)) {
        Ok(Ended { left: 0, failed }) => ExitCode::from(if failed { 2 } else { 0 }),
        Ok(Ended { left, .. }) => {
            complain!("chartseal index rebuild: cards and heads that could not be made: {left}");
            ExitCode::FAILURE
        }
        Err(problem) => {
            complain!("chartseal index rebuild: {problem}");
            ExitCode::from(2)
        }
    }
}

/// What came of all facilities.
struct Ended {
    /// Number of cards and heads that could not be made.
    left: u64,
    /// Whether a facility could not be looked at.
    failed: bool,
}

async fn rebuild_all(args: &ConfigArgs) -> Result<Ended, CommandError> {
    let opened = Opened::open(args)?;
    let mut left = 0;
    let failed = each(&opened, "index rebuild", async |facility| {
        let rebuilt = index::rebuild(facility, opened.ports()).await?;
        left += rebuilt.unread + rebuilt.heads_left;
        say!("{facility}\t{}", told(&rebuilt));
        Ok(())
    })
    .await?;
    Ok(Ended { left, failed })
}

fn told(rebuilt: &Rebuilt) -> String {
    let Rebuilt {
        damaged,
        heads,
        heads_left,
        unread,
        without_card,
    } = rebuilt;
    let mut line = format!("{damaged} cards were damaged; {heads} heads were added up anew");
    if *unread > 0 {
        let records: Vec<String> = without_card.iter().map(Tag::to_string).collect();
        let records = records.join(", ");
        line.push_str(&format!(
            "; {unread} current versions do not open and get no card: record {records}"
        ));
    }
    if *heads_left > 0 {
        line.push_str(&format!(
            "; {heads_left} heads stay, without the key of a patient"
        ));
    }
    line
}
