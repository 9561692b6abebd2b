//! What was done for a request with an idempotency key, as far as its answer does
//! not follow from the request itself: ids that were assigned, versions, times, what
//! was refused. No content of a record: what a repetition gets back of one is what
//! it has just sent, of a patch the version that was made.
//!
//! It is small whatever was asked for: each refusal is kept once, however many entries
//! it met.

use crate::{
    exchange::Exchange,
    facility::{
        Facility,
        own::Own,
        own_seal::{Envelope, OwnContent, OwnPlace},
    },
    failure::Failure,
    http::{
        outcome,
        reply::{Reply, Success, VersionMark},
    },
};
use fhir::{IssueCode, Severity, bundle::ResponseEntry, json};
use model::{DataKeyId, LogicalId, Scope, Tag};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use store::StoredAnswer;

/// Different refusals of one Bundle that are kept with the element they are about.
const MOST_REFUSALS: usize = 256;
/// Bytes of the text of a refusal.
const TEXT_BYTES: usize = 512;
/// Bytes of the element that a refusal is about; a longer one is left out.
const EXPRESSION_BYTES: usize = 256;

/// What became of one write, or of one entry of a Bundle.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Done {
    /// It was done.
    Wrote(Wrote),
    /// It was refused, as an entry of a batch: only read, in answers that were kept before
    /// each refusal was kept once.
    Refused {
        /// Status code and phrase.
        status: String,
        /// The OperationOutcome, as canonical JSON.
        outcome: String,
    },
    /// It was refused, as an entry of a batch.
    Failed(Refused),
    /// It was refused as the entry with this index was.
    Like(usize),
    /// It reads, and is read anew each time.
    Looked,
}

/// Why an entry of a batch was refused.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// Status code and phrase.
    status: String,
    /// The code of the issue.
    code: String,
    /// What the caller reads.
    text: String,
    /// The element it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expression: Option<String>,
}

/// The refusals of one Bundle, to keep each of them once.
#[derive(Debug, Default)]
pub struct Refusals(BTreeMap<Refused, usize>);

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
    /// A write that went well; `id` when it was assigned, or chosen by criteria.
    #[must_use]
    pub fn wrote(reply: &Reply, id: Option<&LogicalId>) -> Self {
        Self::Wrote(Wrote {
            success: reply.success,
            id: id.cloned(),
            version: reply.version,
        })
    }

    /// Whether it made a record, or one that was deleted anew.
    #[must_use]
    pub fn is_created(&self) -> bool {
        matches!(self, Self::Wrote(wrote) if wrote.success == Success::Created)
    }

    /// The id that was assigned or chosen, if one was.
    #[must_use]
    pub fn assigned_id(&self) -> Option<&LogicalId> {
        match self {
            Self::Wrote(wrote) => wrote.id.as_ref(),
            _ => None,
        }
    }
}

impl Refusals {
    /// Cuts down a refusal of the entry with this index; gives what is to be kept of it.
    pub fn keep(&mut self, index: usize, failure: &mut Failure) -> Done {
        failure
            .text
            .truncate(failure.text.floor_char_boundary(TEXT_BYTES));
        let expression = failure.expression.take();
        failure.expression = expression.filter(|text| text.len() <= EXPRESSION_BYTES);
        let mut refused = Refused::of(failure);
        if !self.0.contains_key(&refused) && self.0.len() >= MOST_REFUSALS {
            failure.expression = None;
            refused.expression = None;
        }
        match self.0.get(&refused) {
            Some(first) => Done::Like(*first),
            None => {
                self.0.insert(refused.clone(), index);
                Done::Failed(refused)
            }
        }
    }
}

impl Refused {
    fn of(failure: &Failure) -> Self {
        Self {
            status: outcome::status_line(failure.category),
            code: failure.code.as_str().to_owned(),
            text: failure.text.clone(),
            expression: failure.expression.clone(),
        }
    }

    /// The entry of a batch-response that says it.
    ///
    /// # Errors
    /// When the code is none.
    pub fn entry(&self) -> Result<ResponseEntry, Failure> {
        let code = IssueCode::ALL
            .iter()
            .find(|code| code.as_str() == self.code);
        let code = *code.ok_or_else(unreadable)?;
        let expression = self.expression.as_deref();
        Ok(ResponseEntry {
            status: self.status.clone(),
            outcome: Some(fhir::outcome(Severity::Error, code, &self.text, expression)),
            ..ResponseEntry::default()
        })
    }
}

/// What was done for the entry with this index, if its kind tells.
#[must_use]
pub fn of_entry(done: &[Done], index: usize) -> Option<&Done> {
    match done.get(index)? {
        Done::Like(first) => done.get(*first),
        one => Some(one),
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
    let place = OwnPlace::only(Own::Answer, key, exchange.at);
    let content = OwnContent {
        id: "1",
        bytes: &content,
    };
    let (facility, random) = (exchange.facility(), &*exchange.app().random);
    let sealing = facility.seal_own(random, Scope::Facility, &place, content);
    let (data_key, sealed) = sealing.await?;
    Ok((data_key, sealed.envelope))
}

/// Opens what was done under a key.
///
/// # Errors
/// When it does not open or is not understood.
pub async fn open(facility: &Facility, answer: StoredAnswer) -> Result<Vec<Done>, Failure> {
    let place = OwnPlace::only(Own::Answer, answer.key, answer.time);
    let sealed = Envelope {
        data_key: answer.data_key,
        bytes: &answer.envelope,
    };
    let opened = facility.open_own(&place, sealed).await?;
    serde_json::from_slice(&opened.content).map_err(|_| unreadable())
}

fn unreadable() -> Failure {
    Failure::fault("a kept answer cannot be read")
}

#[cfg(test)]
mod tests;
