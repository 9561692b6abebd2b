//! The limit of the database: the rows of a created Observation, or of a read, with
//! their audit record, by the store alone: nothing is parsed, decided or sealed, and
//! what is committed is committed as always. On the database that was just loaded,
//! which nobody uses any more.

use crate::{Failed, report::Report};
use model::{
    Clock as _, Commitment, DataKeyId, Interaction, Random as _, SeededRandom, SystemClock, Tag,
    Token, VersionInteraction, VersionNumber,
};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use store::{Database, FacilityId, Link, NewAudit, NewVersion, Store, Version, samples};
use tokio::task::JoinSet;

const LONG: Duration = Duration::from_secs(4);
/// As long as those of the records of the crud loop are on the average, and of what
/// is audited of them.
const ENVELOPE: usize = 1_600;
const AUDIT_ENVELOPE: usize = 1_800;
const LINKS: [&str; 2] = ["subject", "encounter"];

/// Writes for 1 and 32 at a time.
pub async fn measure(report: &Report, database: &Database) -> Result<(), Failed> {
    let store = Store::open(database)?;
    store.leaf_keys().set([&[1; 32]]);
    let facilities = store.read("facilities", |reader| reader.facilities().list());
    let facility = facilities.await?.first().ok_or("no facility")?.id;
    for (what, version) in [("a create", true), ("a read", false)] {
        for writers in [1, 32] {
            let rate = rate(&store, facility, version, writers).await?;
            let what = format!("limit: the rows of {what} by the store alone, {writers} at once");
            report.aside(&what, rate, "1/s");
        }
    }
    Ok(())
}

/// Transactions per second.
async fn rate(
    store: &Store,
    facility: FacilityId,
    version: bool,
    writers: u64,
) -> Result<f64, Failed> {
    let seed = writers * 2 + u64::from(version);
    let random = Arc::new(SeededRandom::new(seed));
    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..writers {
        let (store, random) = (store.clone(), Arc::clone(&random));
        tasks.spawn(async move {
            let mut count = 0_u64;
            while start.elapsed() < LONG {
                let versions = if version {
                    vec![new_version(&random)?]
                } else {
                    Vec::new()
                };
                let audit = new_audit(&random)?;
                let write = move |tx: &mut store::Tx| {
                    tx.versions().insert_many(facility, &versions)?;
                    tx.audits().insert(facility, &audit)
                };
                store.run_tx("rows", &[], write).await?;
                count += 1;
            }
            Ok::<_, Failed>(count)
        });
    }
    let mut count = 0;
    while let Some(written) = tasks.join_next().await {
        count += written??;
    }
    #[expect(clippy::cast_precision_loss, reason = "a few million at most")]
    Ok(count as f64 / start.elapsed().as_secs_f64())
}

fn new_version(random: &SeededRandom) -> Result<NewVersion, Failed> {
    let link = |param: &&'static str| {
        Ok::<_, Failed>(Link {
            param: (*param).into(),
            target: tag(random)?,
        })
    };
    Ok(NewVersion {
        version: Version {
            resource_type: "Observation".parse()?,
            record: tag(random)?,
            number: VersionNumber::FIRST,
            interaction: VersionInteraction::Create,
            policy_number: 1,
            time: SystemClock.now(),
            subject: Some(tag(random)?),
            padded_size: 1_536,
            data_key: DataKeyId::new([0; DataKeyId::LEN]),
            envelope: vec![1; ENVELOPE],
        },
        links: LINKS.iter().map(link).collect::<Result<_, _>>()?,
        tokens: vec![Token::new(*tag(random)?.as_bytes())],
        commitment: commitment(random)?,
    })
}

fn new_audit(random: &SeededRandom) -> Result<NewAudit, Failed> {
    let mut new = samples::audit(tag(random)?, SystemClock.now(), commitment(random)?);
    new.audit.interaction = Interaction::stored("create");
    new.audit.user = Some(Tag::new([1; Tag::LEN]));
    new.audit.client = Some(Tag::new([2; Tag::LEN]));
    new.audit.padded_size = 1_536;
    new.audit.envelope = vec![1; AUDIT_ENVELOPE];
    new.patients = vec![tag(random)?];
    Ok(new)
}

/// A random one, as all are.
pub fn tag(random: &SeededRandom) -> Result<Tag, Failed> {
    let mut bytes = [0; Tag::LEN];
    random.fill(&mut bytes)?;
    Ok(Tag::new(bytes))
}

/// A random one, as all are.
pub fn commitment(random: &SeededRandom) -> Result<Commitment, Failed> {
    let mut bytes = [0; Commitment::LEN];
    random.fill(&mut bytes)?;
    Ok(Commitment::new(bytes))
}
