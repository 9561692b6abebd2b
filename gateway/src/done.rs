//! What was done for a request with an idempotency key, as far as its answer does
//! not follow from the request itself: ids that were assigned, versions, times, what
//! was refused. No content of a record: what a repetition gets back of one is what
//! it has just sent.

use crate::{
    exchange::Exchange,
    facility::Facility,
    failure::Failure,
    own_seal::{self, OwnPlace},
    reply::{Reply, Success, VersionMark},
};
use fhir::{bundle::ResponseEntry, json};
use model::{DataKeyId, LogicalId, Scope, Tag};
use serde::{Deserialize, Serialize};
use store::StoredAnswer;

/// The type under which answers are sealed.
const ANSWER: &str = "#answer";

/// What became of one write, or of one entry of a Bundle.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Done {
    /// It was done.
    Wrote(Wrote),
    /// It was refused, as an entry of a batch.
    Refused {
        /// Status code and phrase.
        status: String,
        /// The OperationOutcome, as canonical JSON.
        outcome: String,
    },
    /// It reads, and is read anew each time.
    Looked,
}

/// What a write came to.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wrote {
    /// How it went well.
    pub success: Success,
    /// The id that a new record got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<LogicalId>,
    /// The version that was made or found.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<VersionMark>,
}

impl Done {
    /// A write that went well; `id` when it was assigned.
    #[must_use]
    pub fn wrote(reply: &Reply, id: Option<&LogicalId>) -> Self {
        Self::Wrote(Wrote {
            success: reply.success,
            id: id.cloned(),
            version: reply.version,
        })
    }

    /// An entry of a batch that was refused.
    #[must_use]
    pub fn refused(entry: &ResponseEntry) -> Self {
        let outcome = entry.outcome.as_ref().map(json::Value::to_canonical);
        Self::Refused {
            status: entry.status.clone(),
            outcome: String::from_utf8(outcome.unwrap_or_default()).unwrap_or_default(),
        }
    }

    /// The id that was assigned, if one was.
    #[must_use]
    pub fn assigned_id(&self) -> Option<&LogicalId> {
        match self {
            Self::Wrote(wrote) => wrote.id.as_ref(),
            _ => None,
        }
    }
}

/// What was done by a request that is no Bundle.
///
/// # Errors
/// When something else was kept.
pub fn only_write(done: &[Done]) -> Result<&Wrote, Failure> {
    match done {
        [Done::Wrote(wrote)] => Ok(wrote),
        _ => Err(unreadable()),
    }
}

/// The entry of a batch-response that says again what was refused.
///
/// # Errors
/// When what was kept is no OperationOutcome.
pub fn refused_again(status: &str, outcome: &str) -> Result<ResponseEntry, Failure> {
    Ok(ResponseEntry {
        status: status.to_owned(),
        outcome: Some(json::parse(outcome.as_bytes()).map_err(|_| unreadable())?),
        ..ResponseEntry::default()
    })
}

/// Seals what was done, to be kept under a key.
///
/// # Errors
/// When sealing fails.
pub async fn seal(
    exchange: &Exchange<'_>,
    key: Tag,
    done: &[Done],
) -> Result<(DataKeyId, Vec<u8>), Failure> {
    let content = serde_json::to_vec(done).map_err(Failure::fault)?;
    let (data_key, sealed) = own_seal::seal(
        &*exchange.app().random,
        exchange.facility(),
        &OwnPlace::only(ANSWER, key, exchange.at),
        Scope::Facility,
        ("1", &content),
    )
    .await?;
    Ok((data_key, sealed.envelope))
}

/// Opens what was done under a key.
///
/// # Errors
/// When it does not open or is not understood.
pub async fn open(facility: &Facility, answer: StoredAnswer) -> Result<Vec<Done>, Failure> {
    let place = OwnPlace::only(ANSWER, answer.key, answer.time);
    let sealed = (answer.data_key, &*answer.envelope);
    let opened = own_seal::open(&facility.name, &facility.keys, &place, sealed).await?;
    serde_json::from_slice(&opened.content).map_err(|_| unreadable())
}

fn unreadable() -> Failure {
    Failure::fault("a kept answer cannot be read")
}
