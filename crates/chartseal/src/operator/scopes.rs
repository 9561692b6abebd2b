//! `chartseal scopes`: records that are sealed under another scope than they belong to
//! (docs/operations.md, "Records under a wrong scope"). `list` reads the database and
//! the keys and changes no record; `mend` is a client of the gateway like any other, so
//! that each new version is permitted and audited.

use crate::{
    cli::{MendArgs, ScopesArgs, ScopesCommand},
    config::Config,
    database,
    setup::facility,
};
use client::http_client::{self, cause, refusal};
use command::{CommandError, complain, say};
use gateway::{ports::Ports, record::misplaced};
use model::{Clock, Random, SystemClock, SystemRandom};
use reqwest::header::{CONTENT_TYPE, ETAG, IF_MATCH};
use sealing::FileKms;
use std::{fs, path::Path, process::ExitCode, sync::Arc, time::Duration};

const TIMEOUT: Duration = Duration::from_secs(60);
/// What a list says of a record whose current version is to be written again.
const CURRENT: &str = "current";
/// And of one that has only earlier versions under a wrong scope.
const EARLIER: &str = "earlier";

/// Runs the command: 1 when a record could not be listed or mended, 2 when it could not be
/// tried.
pub fn run(args: &ScopesArgs) -> ExitCode {
    let done = match &args.command {
        ScopesCommand::List(args) => crate::runtime::block_on(list(&args.config)),
        ScopesCommand::Mend(args) => crate::runtime::block_on(mend(args)),
    };
    match done {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(problem) => {
            complain!("chartseal scopes: {problem}");
            ExitCode::from(2)
        }
    }
}

/// A line for each record: facility, record, its misplaced versions, and whether the current
/// one is among them. Gives how many versions could not be opened.
async fn list(config: &Path) -> Result<u64, CommandError> {
    let config = Config::read(config)?;
    let kms = FileKms::open(&config.keys()?.file)?;
    let settings = config.gateway()?.settings(false);
    let mut urls = vec![settings.public_url];
    urls.extend(settings.former_urls);
    let store = database::open(&config)?;
    let (clock, random): (Arc<dyn Clock>, Arc<dyn Random>) =
        (Arc::new(SystemClock), Arc::new(SystemRandom));
    let ports = Ports {
        store: &store,
        kms: &kms,
        clock: &clock,
        random: &random,
    };
    let mut unread = 0;
    for facility in facility::some(&store).await? {
        let listing = misplaced::misplaced(&facility.name, &urls, ports).await?;
        unread += listing.unread;
        for record in listing.records {
            let versions: Vec<_> = record.versions.iter().map(ToString::to_string).collect();
            let (name, kind, id) = (&facility.name, record.resource_type, record.id);
            let state = if record.is_current { CURRENT } else { EARLIER };
            say!("{name}\t{kind}/{id}\t{}\t{state}", versions.join(","));
        }
    }
    if unread > 0 {
        complain!(
            "{unread} versions could not be opened, so the list may lack some; the background \
             check names each (docs/operations.md)"
        );
    }
    Ok(unread)
}

/// Writes each record of a list again as it is; gives how many could not be.
async fn mend(args: &MendArgs) -> Result<u64, CommandError> {
    http_client::check_url("`--base`", &args.base, args.plain_http)?;
    let list = fs::read_to_string(&args.list)
        .map_err(|error| format!("`{}`: {error}", args.list.display()))?;
    let token = fs::read_to_string(&args.token)
        .map_err(|error| format!("`{}`: {error}", args.token.display()))?;
    let client = http_client::client(&args.base, TIMEOUT, args.cacert.as_deref())?;
    let (mut mended, mut left, mut earlier) = (0_u64, 0, 0_u64);
    for line in list.lines().filter(|line| !line.trim().is_empty()) {
        let mut parts = line.split('\t');
        let (Some(facility), Some(record)) = (parts.next(), parts.next()) else {
            return Err("the list must be the output of `chartseal scopes list`".into());
        };
        if parts.nth(1) == Some(EARLIER) {
            earlier += 1;
            continue;
        }
        let base = args.base.trim_end_matches('/');
        let url = format!("{base}/f/{facility}/fhir/{record}");
        match write_again(&client, &url, token.trim()).await {
            Ok(()) => mended += 1,
            Err(problem) => {
                left += 1;
                complain!("{facility} {record}: {problem}");
            }
        }
    }
    say!("{mended} records are mended");
    if earlier > 0 {
        say!(
            "{earlier} records have earlier versions under a wrong scope, which stay: keep the list"
        );
    }
    if left > 0 {
        complain!("{left} records are not mended");
    }
    Ok(left)
}

async fn write_again(client: &reqwest::Client, url: &str, token: &str) -> Result<(), String> {
    let read = client.get(url).bearer_auth(token).send().await;
    let read = read.map_err(cause)?;
    let (status, etag) = (read.status(), read.headers().get(ETAG).cloned());
    let body = read.bytes().await.map_err(cause)?;
    let etag = match etag {
        Some(etag) if status.is_success() => etag,
        _ => return Err(refusal(status.as_u16(), &body)),
    };
    let written = client
        .put(url)
        .bearer_auth(token)
        .header(CONTENT_TYPE, "application/fhir+json")
        .header("prefer", "return=minimal")
        .header(IF_MATCH, etag)
        .body(body)
        .send()
        .await
        .map_err(cause)?;
    let status = written.status();
    let body = written.bytes().await.map_err(cause)?;
    if status.is_success() {
        Ok(())
    } else {
        Err(refusal(status.as_u16(), &body))
    }
}
