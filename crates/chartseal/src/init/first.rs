//! Who administers a facility from the first, and by which clients people come.

use super::Failed;
use crate::{cli::InitArgs, config::Config, facility::First, output::say};
use gateway::{Administrator, Client, setup};
use model::{Clock, FacilityName, Random, SystemClock, SystemRandom};
use policies::Role;
use sealing::FileKms;
use std::{collections::BTreeSet, sync::Arc};
use store::Store;

/// Whom the arguments name; a new facility needs two administrators.
pub fn of(args: &InitArgs, config: &Config, new: bool) -> Result<First, Failed> {
    let people = args.administrator.chunks_exact(2);
    let administrators: Vec<Administrator> = people
        .filter_map(|pair| match pair {
            [issuer, subject] => Some(Administrator {
                issuer: issuer.clone(),
                subject: subject.clone(),
                name: None,
            }),
            _ => None,
        })
        .collect();
    let all = administrators.iter();
    let distinct: BTreeSet<_> = all.map(|it| (&it.issuer, &it.subject)).collect();
    if distinct.len() < administrators.len() {
        return Err("an administrator is named twice; name each once".into());
    }
    let few = administrators.len() < 2;
    if few && (new || !administrators.is_empty()) {
        return Err(
            "give `--administrator ISSUER SUBJECT` twice or more: the people who administer the \
             facility, of whom one proposes a change and another approves it"
                .into(),
        );
    }
    if let Ok(gateway) = config.gateway() {
        let foreign = |it: &&Administrator| !gateway.takes_tokens_of(&it.issuer, &args.facility);
        if let Some(person) = administrators.iter().find(foreign) {
            let problem = format!(
                "`{}` is none of the issuers of `[[gateway.issuers]]` that serve `{}`; write it \
                 exactly as there",
                person.issuer, args.facility
            );
            return Err(problem.into());
        }
    }
    let clients: Vec<Client> = args.client.iter().map(|client| client.0.clone()).collect();
    let ids: BTreeSet<_> = clients.iter().map(|client| &client.client_id).collect();
    if ids.len() < clients.len() {
        return Err("a client is named twice; name each once".into());
    }
    Ok(First {
        administrators,
        clients,
    })
}

/// Adds whom a facility that is there lacks.
pub async fn recover(
    name: &FacilityName,
    first: &First,
    store: &Store,
    kms: &FileKms,
) -> Result<(), Failed> {
    if first.administrators.is_empty() && first.clients.is_empty() {
        return Ok(());
    }
    let people = (first.administrators.as_slice(), first.clients.as_slice());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let added = setup::recover(name, people, store, kms, (&clock, &random)).await?;
    if added.policies {
        say!("put the policy set of this release in force; the one before knew no administrators");
    }
    for (asked, added, what) in [
        (
            !first.administrators.is_empty(),
            added.administrators,
            "administrators",
        ),
        (!first.clients.is_empty(), added.clients, "clients"),
    ] {
        if added {
            say!("registered the first {what} of `{name}`");
        } else if asked {
            say!("`{name}` has {what} already; they are changed through `/admin/{what}`");
        }
    }
    Ok(())
}

/// Says who can come in.
pub fn report(first: &First, config: &Config) {
    say!("\nregistered {} administrators", first.administrators.len());
    let carries = |client: &Client| client.roles.contains(&Role::Admin);
    let any = config.gateway().is_ok_and(|it| it.takes_any_client());
    if !any && !first.clients.iter().any(carries) {
        say!(
            "No client may carry the role `admin`, so no administrator can come in yet: run this \
             again with `--client ID=admin,auditor`, or set `clients = \"any\"` in `[gateway]`."
        );
    }
}
