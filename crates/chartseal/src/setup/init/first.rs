//! Who administers a facility from the first, and by which clients people come.

use crate::{cli::InitArgs, config::Config, setup::facility::First};
use command::CommandError;
use command::say;
use gateway::{Administrator, Client, facility::setup, ports::Ports};
use model::{Clock, Random, SystemClock, SystemRandom};
use policies::Role;
use sealing::FileKms;
use std::{collections::BTreeSet, sync::Arc};
use store::Store;

/// The people and clients of the arguments; a new facility needs two administrators.
pub fn of(args: &InitArgs, config: &Config, new: bool) -> Result<First, CommandError> {
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
    let distinct: BTreeSet<_> = all
        .map(|person| (&person.issuer, &person.subject))
        .collect();
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
    let configured = config
        .gateway()
        .map(|gateway| gateway.issuers(&args.facility));
    let named = administrators.iter().map(|person| person.issuer.as_str());
    check_issuers(
        args,
        configured.as_deref().ok(),
        named.chain(args.client_issuer.as_deref()),
    )?;
    let clients = clients(
        args,
        configured.as_deref().unwrap_or_default(),
        &administrators,
    )?;
    let ids: BTreeSet<_> = clients.iter().map(|client| &client.client_id).collect();
    if ids.len() < clients.len() {
        return Err("a client is named twice; name each once".into());
    }
    let carries = |client: &Client| client.roles.contains(&Role::Admin);
    if new && !clients.is_empty() && !takes_any_client(config) && !clients.iter().any(carries) {
        return Err(setup::NO_ADMIN_CLIENT.into());
    }
    Ok(First {
        administrators,
        clients,
        ..First::default()
    })
}

/// Whether clients are admitted that are not registered.
fn takes_any_client(config: &Config) -> bool {
    config
        .gateway()
        .is_ok_and(|gateway| gateway.takes_any_client())
}

/// Refuses issuers that the configuration does not name: with a misspelt one nobody could
/// log in.
fn check_issuers<'a>(
    args: &InitArgs,
    configured: Option<&[&str]>,
    named: impl Iterator<Item = &'a str>,
) -> Result<(), CommandError> {
    if args.unchecked_issuer || (args.administrator.is_empty() && args.client.is_empty()) {
        return Ok(());
    }
    let configured = configured.ok_or(
        "the configuration file has no `[[gateway.issuers]]`, by which issuers are checked: name \
         the gateways' file by `--gateway-config`, or give `--unchecked-issuer` when they are \
         spelt exactly as there",
    )?;
    for issuer in named {
        if !configured.contains(&issuer) {
            let problem = format!(
                "`{issuer}` is not listed in `[[gateway.issuers]]` for `{}`; spell it exactly as \
                 listed",
                args.facility
            );
            return Err(problem.into());
        }
    }
    Ok(())
}

/// The clients, each of an issuer: the one that is named, the one that is configured, or
/// that of all administrators.
fn clients(
    args: &InitArgs,
    configured: &[&str],
    administrators: &[Administrator],
) -> Result<Vec<Client>, CommandError> {
    let of_people: BTreeSet<&str> = administrators
        .iter()
        .map(|person| person.issuer.as_str())
        .collect();
    let mut of_people = of_people.into_iter();
    let issuer = match (&args.client_issuer, configured) {
        (Some(named), _) => Some(named.as_str()),
        (None, [only]) => Some(*only),
        (None, []) => of_people.next().filter(|_| of_people.next().is_none()),
        (None, _) => None,
    };
    let clients = args.client.iter().map(|client| {
        let issuer = issuer.ok_or(
            "give `--client-issuer`: the issuer of the clients, of which several are configured",
        )?;
        Ok(Client {
            issuer: issuer.to_owned(),
            ..client.0.clone()
        })
    });
    clients.collect()
}

/// Adds people and clients to a facility that exists and has none.
pub async fn recover(
    args: &InitArgs,
    config: &Config,
    first: &First,
    store: &Store,
    kms: &FileKms,
) -> Result<(), CommandError> {
    if first.administrators.is_empty() && first.clients.is_empty() {
        return Ok(());
    }
    let name = &args.facility;
    let people = setup::First {
        administrators: &first.administrators,
        clients: &first.clients,
        any_client: takes_any_client(config),
        replace: args.replace_administrators,
    };
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let ports = Ports {
        store,
        kms,
        clock: &clock,
        random: &random,
    };
    let added = setup::recover(name, people, ports).await?;
    report_added(args, first, &added);
    Ok(())
}

/// Says whom `recover` let in, and how those it left as they are change.
fn report_added(args: &InitArgs, first: &First, added: &setup::Recovered) {
    let name = &args.facility;
    if added.policies {
        say!("put the policy set of this release in force; the one before knew no administrators");
    }
    if added.administrators {
        say!("registered administrators of `{name}`:");
        list_administrators(&first.administrators);
    } else if added.decided {
        say!(
            "`{name}` has administrators already, who have decided something; they are changed \
             through `/admin/administrators`"
        );
    } else if args.replace_administrators && !first.administrators.is_empty() {
        say!("`{name}` has just these administrators already");
    } else if !first.administrators.is_empty() {
        say!(
            "`{name}` has administrators already; they are changed through \
             `/admin/administrators`, or by `--replace-administrators` while none of them has \
             decided anything"
        );
    }
    if !added.replaced.is_empty() {
        say!("ended the administrators before them, who have never decided anything:");
        list_administrators(&added.replaced);
    }
    if !added.clients.is_empty() {
        say!("registered clients of `{name}`:");
        list_clients(&added.clients);
    } else if !first.clients.is_empty() {
        say!("`{name}` has clients already; they are changed through `/admin/clients`");
    }
    if added.no_admin_client {
        say_no_admin_client();
    }
}

/// Says who can come in.
pub fn report(first: &First, config: &Config) {
    say!("\nregistered administrators:");
    list_administrators(&first.administrators);
    if !first.clients.is_empty() {
        say!("registered clients:");
        list_clients(&first.clients);
    }
    if !takes_any_client(config) && first.clients.is_empty() {
        say_no_admin_client();
    }
}

fn say_no_admin_client() {
    say!(
        "No client may carry the role `admin`, so no administrator can come in yet: run this \
         again with `--client ID=admin,auditor`, or set `clients = \"any\"` in `[gateway]`."
    );
}

/// One a line: subject and issuer.
pub fn list_administrators(administrators: &[Administrator]) {
    for person in administrators {
        say!("  {} of {}", person.subject, person.issuer);
    }
}

/// One a line: id, issuer when there is one, roles.
pub fn list_clients(clients: &[Client]) {
    for client in clients {
        let roles: Vec<&str> = client.roles.iter().map(|role| role.as_str()).collect();
        let of = match client.issuer.as_str() {
            "" => String::new(),
            issuer => format!(" of {issuer}"),
        };
        say!("  {}{of}, roles {}", client.client_id, roles.join(", "));
    }
}
