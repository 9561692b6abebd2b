//! Changes as they are read: opened, and held against what was stated of them, so that
//! one whose decision was cut, or whose time was moved, is refused.

use super::{Act, person::Person, proposal::Proposal};
use crate::{
    exchange::Exchange,
    facility::{
        Facility,
        own::Own,
        own_seal::{Envelope, OwnPlace},
        statement::log::{Breach, Latest},
    },
    failure::Failure,
};
use model::{Tag, Timestamp};
use serde::{Deserialize, Serialize};
use store::{Change, ChangeDecision, Decided, DecidedChange, FacilityId, Reader, StatementKind};

/// The id inside the envelopes; the change's own is the tag of its row.
pub(super) const SEALED_ID: &str = "1";
/// How often a change is read before it is believed that something is wrong with it:
/// it may be decided at this moment.
const READINGS: u32 = 3;

/// Rows of changes read at a time.
const AT_A_TIME: u32 = 10;
/// Sealed bytes after which a page of changes ends.
const PAGE_BYTES: usize = 1024 * 1024;

/// A change whose envelope is open.
pub(super) struct OpenChange {
    pub(super) row: store::Change,
    pub(super) decision: Option<(ChangeDecision, Option<Person>)>,
    pub(super) proposer: Person,
    pub(super) proposal: Proposal,
    /// As in its envelope.
    pub(super) number: Option<u32>,
}

/// What is sealed of a change.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Content {
    pub(super) proposer: Person,
    pub(super) proposal: Proposal,
    /// The number that the registration got that it proposes, had it been approved at once.
    /// None for a proposal that registers nothing, and for those of version 0.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) number: Option<u32>,
}

/// What is sealed of a decision.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionContent {
    pub(super) decided: String,
    /// Not known for some of version 0.1.
    pub(super) decider: Option<Person>,
}

/// The change of this id, and its entries in the audit.
///
/// # Errors
/// Not found when there is none; a fault when it is not as it was stated.
pub(super) async fn find(
    exchange: &mut Exchange<'_>,
    id: &str,
    act: Act,
) -> Result<OpenChange, Failure> {
    let id: Tag = id.parse().map_err(|_| Failure::not_found())?;
    let facility = exchange.facility();
    let own = facility.id;
    let mut readings = 1;
    loop {
        let read = move |reader: &mut Reader| reader.changes().find(own, id);
        let found = exchange.app().store.read("change", read).await?;
        read_statements(facility).await?;
        let stated = facility.statements.latest_of(StatementKind::Change, id);
        let opened = match found {
            Some(row) => open(facility, row).await?,
            None if stated.is_none() => return Err(Failure::not_found()),
            None => Err(Breach::ChangeMissing(id)),
        };
        match opened {
            Ok(change) => {
                act.note(exchange, id, &change.proposal);
                return Ok(change);
            }
            Err(_) if readings < READINGS => readings += 1,
            Err(breach) => return Err(facility.refuse(&breach)),
        }
    }
}

/// A page of changes.
pub(super) struct Page {
    /// The newest first.
    pub(super) changes: Vec<OpenChange>,
    /// The last row of the page, when there are rows behind it.
    pub(super) goes_on_after: Option<Tag>,
}

/// A page of changes, those older than this one when it is given. One that is refused is
/// left out, and the operator told.
///
/// # Errors
/// Not found when there is no change of that id; when they cannot be read.
pub(super) async fn page(
    exchange: &Exchange<'_>,
    before: Option<Tag>,
    count: u32,
) -> Result<Page, Failure> {
    let facility = exchange.facility();
    let own = facility.id;
    let mut readings = 1;
    loop {
        let read = move |reader: &mut Reader| {
            let counts = reader.changes().counts(own)?;
            Ok((counts, rows_of_page(reader, own, before, count)?))
        };
        let (counts, rows) = exchange.app().store.read("changes", read).await?;
        let Rows {
            rows,
            goes_on_after,
        } = rows.ok_or_else(Failure::not_found)?;
        read_statements(facility).await?;
        let (mut changes, mut breaches) = (Vec::new(), Vec::new());
        let count = |kind| u64::from(facility.statements.count(kind));
        if counts != (count(StatementKind::Change), count(StatementKind::Decision)) {
            breaches.push(Breach::ChangesMissing);
        }
        for row in rows {
            match open(facility, row).await? {
                Ok(change) => changes.push(change),
                Err(breach) => breaches.push(breach),
            }
        }
        if breaches.is_empty() || readings == READINGS {
            for breach in &breaches {
                drop(facility.refuse(breach));
            }
            return Ok(Page {
                changes,
                goes_on_after,
            });
        }
        readings += 1;
    }
}

/// The rows of a page.
struct Rows {
    rows: Vec<DecidedChange>,
    goes_on_after: Option<Tag>,
}

/// The rows of a page, and the last of them when there are more; `None` when there is no
/// change to begin before.
fn rows_of_page(
    reader: &mut Reader,
    facility: FacilityId,
    before: Option<Tag>,
    count: u32,
) -> Result<Option<Rows>, store::Error> {
    let place = |change: &Change| (change.created, change.id);
    let mut after = match before {
        None => None,
        Some(id) => match reader.changes().find(facility, id)? {
            Some((change, _)) => Some(place(&change)),
            None => return Ok(None),
        },
    };
    let (mut rows, mut bytes) = (Vec::new(), 0_usize);
    loop {
        let some = reader.changes().newest(facility, after, AT_A_TIME)?;
        let ends = some.len() < AT_A_TIME as usize;
        for row in some {
            if rows.len() >= count as usize || bytes >= PAGE_BYTES {
                let goes_on_after = after.map(|(_, id)| id);
                return Ok(Some(Rows {
                    rows,
                    goes_on_after,
                }));
            }
            bytes = bytes.saturating_add(row.0.envelope.len());
            after = Some(place(&row.0));
            rows.push(row);
        }
        if ends {
            return Ok(Some(Rows {
                rows,
                goes_on_after: None,
            }));
        }
    }
}

/// Reads what was stated of changes since.
///
/// # Errors
/// When it cannot be read, or not all of it is there.
pub(super) async fn read_statements(facility: &Facility) -> Result<(), Failure> {
    facility.read_statements(StatementKind::Change).await?;
    facility.read_statements(StatementKind::Decision).await
}

/// Opens a change, when both it and its decision are as they were stated.
async fn open(
    facility: &Facility,
    (row, decision): DecidedChange,
) -> Result<Result<OpenChange, Breach>, Failure> {
    let id = row.id;
    let latest = |kind| facility.statements.latest_of(kind, id);
    if latest(StatementKind::Change) != Some(written(&row.envelope, row.created)) {
        return Ok(Err(Breach::ChangeUnstated(id)));
    }
    let content = Failure::settled(content(facility, &row).await)?;
    let Ok(Content {
        proposer,
        proposal,
        number,
    }) = content
    else {
        return Ok(Err(Breach::ChangeUnopened(id)));
    };
    let decision = match (decision, latest(StatementKind::Decision)) {
        (None, None) => None,
        (Some(decision), Some(stated)) => {
            let sealed = decision.sealed.as_ref();
            let found = sealed.map(|row| written(&row.envelope, decision.created));
            if found != Some(stated) {
                return Ok(Err(Breach::DecisionUnstated(id)));
            }
            match Failure::settled(decider(facility, &decision).await)? {
                Ok(decider) => Some((decision, decider)),
                Err(_) => return Ok(Err(Breach::ChangeUnopened(id))),
            }
        }
        _ => return Ok(Err(Breach::DecisionUnstated(id))),
    };
    Ok(Ok(OpenChange {
        row,
        decision,
        proposer,
        proposal,
        number,
    }))
}

/// As the one entry of its tag.
fn written(envelope: &[u8], time: Timestamp) -> Latest {
    Latest {
        entry: 1,
        digest: sealing::envelope_digest(envelope),
        time,
    }
}

/// What was proposed, when it opens and is what its row says.
///
/// # Errors
/// When not, or the key cannot be had.
pub(crate) async fn content(facility: &Facility, row: &Change) -> Result<Content, Failure> {
    let sealed = Envelope {
        data_key: row.data_key,
        bytes: &row.envelope,
    };
    let place = OwnPlace::only(Own::Change, row.id, row.created);
    let opened = facility.open_own(&place, sealed).await?;
    let content: Content = serde_json::from_slice(&opened.content)
        .map_err(|_| Failure::fault("a proposed change cannot be read"))?;
    if content.proposal.name() != row.name || tag_of(facility, &content.proposer) != row.proposer {
        return Err(Failure::fault("a proposed change is not what its row says"));
    }
    Ok(content)
}

/// Who decided, when the decision opens and is what its row says.
///
/// # Errors
/// When not, or the key cannot be had.
pub(crate) async fn decider(
    facility: &Facility,
    row: &ChangeDecision,
) -> Result<Option<Person>, Failure> {
    let sealed = row.sealed.as_ref();
    let sealed = sealed.ok_or_else(|| Failure::fault("a decision is not sealed"))?;
    let place = OwnPlace::only(Own::Decision, row.change, row.created);
    let sealed = Envelope {
        data_key: sealed.data_key,
        bytes: &sealed.envelope,
    };
    let opened = facility.open_own(&place, sealed).await?;
    let content: DecisionContent = serde_json::from_slice(&opened.content)
        .map_err(|_| Failure::fault("a decision cannot be read"))?;
    let same = |decider: &Person| tag_of(facility, decider) == row.decider;
    let fits = content.decided == Decided::as_str(row.decided)
        && content.decider.as_ref().is_none_or(same);
    if fits {
        Ok(content.decider)
    } else {
        Err(Failure::fault("a decision is not what its row says"))
    }
}

/// The user tag of a person.
pub(super) fn tag_of(facility: &Facility, person: &Person) -> Tag {
    facility.tags.user_tag(&person.issuer, &person.subject)
}
