//! `chartseal take-over`: shows what version 0.1 left of each facility's policy sets and
//! registrations, which anyone who could write to the database could have changed, and
//! with `--confirm` seals it. No release may trust it by itself.

use crate::{
    cli::TakeOverArgs,
    config::Config,
    database,
    setup::{
        facility,
        init::first::{list_administrators, list_clients},
        leaf_key,
    },
};
use command::{CommandError, complain, say};
use gateway::{
    facility::setup::{Confirmed, OldFacility, OldSet, TakeOver},
    ports::Ports,
};
use model::{Clock, FacilityName, Random, SystemClock, SystemRandom};
use sealing::FileKms;
use std::{process::ExitCode, sync::Arc};

/// Shows, and seals when it was confirmed.
pub fn run(args: &TakeOverArgs) -> ExitCode {
    match crate::runtime::block_on(take_over(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal take-over: {problem}");
            ExitCode::FAILURE
        }
    }
}

async fn take_over(args: &TakeOverArgs) -> Result<(), CommandError> {
    let config = Config::read(&args.config)?;
    let kms = FileKms::open(&config.keys()?.file)?;
    let store = database::open_old(&config)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    if args.confirm {
        leaf_key::make(&config, &store, false).await?;
    }
    let ports = Ports {
        store: &store,
        kms: &kms,
        clock: &clock,
        random: &random,
    };
    let (mut waiting, mut sealed) = (0, 0);
    for row in facility::some(&store).await? {
        let old = TakeOver::look(&row.name, ports).await?;
        let Some(old) = old else {
            say!("facility `{}` needs no taking over", row.name);
            continue;
        };
        describe(old.found());
        if args.confirm {
            let confirmed = Confirmed {
                client_issuer: client_issuer(args, &config, &row.name)?,
                ..Confirmed::default()
            };
            old.seal(&confirmed).await?;
            sealed += 1;
            say!("  sealed");
        } else {
            waiting += 1;
        }
    }
    if waiting > 0 {
        say!(
            "\nNothing was sealed. Compare the policy sets and everyone who is registered with \
             what you know, then run this again with `--confirm`."
        );
    }
    // What stays as it was may share already.
    if waiting + sealed > 0 {
        say!(
            "Sharing between facilities is off until both list each other in `sharing.with` of \
             `/admin/facility`."
        );
    }
    Ok(())
}

/// The issuer of the clients: the one that is named, or the only one that serves the
/// facility.
fn client_issuer(
    args: &TakeOverArgs,
    config: &Config,
    facility: &FacilityName,
) -> Result<Option<String>, CommandError> {
    let configured = config.gateway().map(|gateway| gateway.issuers(facility));
    match (&args.client_issuer, configured.as_deref()) {
        (Some(named), Ok(configured)) if !configured.contains(&named.as_str()) => Err(format!(
            "`{named}` is not listed in `[[gateway.issuers]]` for `{facility}`; spell it exactly \
             as listed"
        )
        .into()),
        (Some(named), _) => Ok(Some(named.clone())),
        (None, Ok([only])) => Ok(Some((*only).to_owned())),
        (None, _) => Ok(None),
    }
}

/// Says what was found, so that a person can judge it.
pub fn describe(old: &OldFacility) {
    say!("facility `{}`, made by version 0.1:", old.name);
    for set in &old.sets {
        let is_newest = old.sets.last() == Some(set);
        let in_force = if is_newest { ", IN FORCE" } else { "" };
        say!("  policy set {}{in_force}, of {}", set.number, set.created);
        say!("    digest    {}", set.digest);
        match set.leaf {
            Some(index) => say!("    log       leaf {index}, under a checkpoint, says the same"),
            None => say!("    log       no leaf under a checkpoint says so"),
        }
        describe_text(set);
    }
    if old.first {
        say!("  the first facility here: its administrators make other facilities");
    }
    say!("  administrators: {}", old.administrators.len());
    list_administrators(&old.administrators);
    say!("  clients: {}", old.clients.len());
    list_clients(&old.clients);
    say!("  proposed changes: {}", old.changes);
}

/// The text of a set, unless it is one that everybody has.
fn describe_text(set: &OldSet) {
    let ids: Vec<String> = set.source.policies.keys().map(|id| plain(id)).collect();
    say!("    policies  {}", ids.join(", "));
    if set.shipped {
        say!("    text      as shipped by 0.1.0");
        return;
    }
    say!("    text      none that 0.1.0 shipped; read it before you confirm:");
    let schema = ("schema", &set.source.schema);
    let policies = set.source.policies.iter();
    let policies = policies.map(|(id, text)| (id.as_str(), text));
    for (id, text) in std::iter::once(schema).chain(policies) {
        say!("      --- {}", plain(id));
        for line in text.lines() {
            say!("      {}", plain(line));
        }
    }
}

/// As a terminal shows it and does not obey it: whoever can write to the database chose it.
fn plain(text: &str) -> String {
    let shown = |c: char| match c {
        '\t' => "    ".to_owned(),
        c if c.is_control() => c.escape_default().to_string(),
        c if model::is_unseen(c) => c.escape_unicode().to_string(),
        c => c.to_string(),
    };
    text.chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_text_that_hides_is_shown_escaped() {
        let text = "permit\u{1b}[8m (principal\u{202e}); \u{7}\tend ü";
        let expected = "permit\\u{1b}[8m (principal\\u{202e}); \\u{7}    end ü";
        assert_eq!(plain(text), expected);
    }
}
