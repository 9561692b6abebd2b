//! What this machine can do at most, to hold the other figures against.

use crate::{Failed, report::Report};
use model::{DataKeyId, FacilityName, ResourceType, SeededRandom, Tag, Timestamp, VersionNumber};
use sealing::{ClearFacts, DataKey, Place};
use sha2::{Digest as _, Sha256};
use std::{
    fs::File,
    hint::black_box,
    io::{Seek as _, Write as _},
    time::{Duration, Instant},
};

/// How long each is tried.
const LONG: Duration = Duration::from_secs(2);
/// What is hashed and sealed at a time.
const BLOCK: usize = 1 << 20;
/// What is written before each wait for the disk: a page of the database.
const PAGE: usize = 4_096;

/// Measures the disk that holds the databases, hashing and sealing.
pub fn measure(report: &Report) -> Result<(), Failed> {
    report.aside(
        "limit: 4 KiB and fdatasync, in the temporary folder",
        disk()?,
        "1/s",
    );
    report.aside("limit: SHA-256", megabytes(hash)?, "MB/s");
    let seal = sealing()?;
    report.aside(
        "limit: sealing 1 MiB by AES-256-GCM",
        megabytes(seal)?,
        "MB/s",
    );
    Ok(())
}

/// Writes over a file again and again, as the write-ahead log is written over: no
/// wait includes a change of the file's size.
fn disk() -> Result<f64, Failed> {
    let folder = tempfile::tempdir()?;
    let mut file = File::create(folder.path().join("file"))?;
    file.write_all(&vec![0; BLOCK])?;
    file.sync_all()?;
    let start = Instant::now();
    let mut count = 0.0;
    while start.elapsed() < LONG {
        if file.stream_position()? >= BLOCK as u64 {
            file.rewind()?;
        }
        file.write_all(&[1; PAGE])?;
        file.sync_data()?;
        count += 1.0;
    }
    Ok(count / start.elapsed().as_secs_f64())
}

/// The rate of something that is done to blocks.
fn megabytes(act: impl Fn(&[u8]) -> Result<(), Failed>) -> Result<f64, Failed> {
    let block = vec![1; BLOCK];
    let start = Instant::now();
    let mut bytes = 0.0;
    while start.elapsed() < LONG {
        act(&block)?;
        bytes += BLOCK as f64;
    }
    Ok(bytes / 1e6 / start.elapsed().as_secs_f64())
}

fn hash(block: &[u8]) -> Result<(), Failed> {
    black_box(Sha256::digest(black_box(block)));
    Ok(())
}

/// Seals as a version is sealed; padding and digests are part of it.
fn sealing() -> Result<impl Fn(&[u8]) -> Result<(), Failed>, Failed> {
    let random = SeededRandom::new(1);
    let facility: FacilityName = "general".parse()?;
    let resource_type: ResourceType = "Binary".parse()?;
    let key = DataKey::generate(&random)?;
    let time = Timestamp::from_millis(0)?;
    Ok(move |block: &[u8]| {
        let place = Place {
            facility: &facility,
            sealed_type: (&resource_type).into(),
            record: Tag::ZERO,
            version: VersionNumber::FIRST,
            clear: ClearFacts {
                interaction: "create",
                time,
                policy_number: 1,
                subject: Some(Tag::ZERO),
                audit: None,
            },
        };
        let id = DataKeyId::new([0; DataKeyId::LEN]);
        let sealed = sealing::seal(&place, id, &key, "1", black_box(block), &random)?;
        black_box(sealed.envelope.len());
        Ok(())
    })
}
