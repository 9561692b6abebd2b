//! A change on its way: proposed by one administrator, decided by another.

use super::{effect, proposal::Proposal, touch};
use crate::{
    exchange::Exchange,
    facility::Facility,
    failure::{Category, Failure},
    sealed_audit::{self, Own, unseal},
    sealed_json,
};
use fhir::IssueCode;
use model::{Scope, Tag, Timestamp};
use serde::{Deserialize, Serialize};
use store::{ChangeDecision, Decided, DecidedChange};

/// The type under which proposals are sealed.
const CHANGE: &str = "#change";
/// The id inside the envelope; the change's own is the tag of its row.
const SEALED_ID: &str = "1";
/// How long a change can be approved.
const OPEN_MILLIS: i64 = 7 * 24 * 3_600 * 1_000;

/// Who proposed or decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Person {
    issuer: String,
    subject: String,
}

/// What is sealed of a change.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    proposer: Person,
    proposal: Proposal,
}

/// A change whose envelope is open.
pub(super) struct OpenChange {
    row: store::Change,
    decision: Option<ChangeDecision>,
    proposer: Person,
    pub(super) proposal: Proposal,
}

/// How a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Open,
    Lapsed,
    Approved,
    Rejected,
    Withdrawn,
}

/// A change as administrators see it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct View {
    pub(super) id: Tag,
    state: State,
    #[serde(flatten)]
    proposal: Proposal,
    proposed_by: Person,
    proposed_at: Timestamp,
    lapses_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<Person>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Timestamp>,
}

/// Writes down a proposal.
pub(super) async fn propose(
    exchange: &mut Exchange<'_>,
    proposal: Proposal,
) -> Result<View, Failure> {
    let (facility, random) = (exchange.facility(), &*exchange.app().random);
    let mut id = [0; Tag::LEN];
    random.fill(&mut id)?;
    let id = Tag::new(id);
    let proposer = me(exchange);
    let content = Content {
        proposer: proposer.clone(),
        proposal: proposal.clone(),
    };
    let (data_key, sealed) = sealed_audit::seal(
        random,
        facility,
        Own::only(CHANGE, id, exchange.at),
        Scope::Facility,
        (SEALED_ID, &sealed_json::bytes(&content)?),
    )
    .await?;
    let row = store::Change {
        id,
        name: proposal.name().to_owned(),
        proposer: tag_of(facility, &proposer),
        created: exchange.at,
        data_key,
        envelope: sealed.envelope,
    };
    touch(exchange, format!("changes/{id}"), "create");
    touch(exchange, proposal.subject(), "propose");
    let change = OpenChange {
        row: row.clone(),
        decision: None,
        proposer,
        proposal,
    };
    exchange.admin.proposed = Some(row);
    Ok(change.view(exchange))
}

/// Decides a change: approved, it takes effect; turned down by its proposer, it is
/// withdrawn.
pub(super) async fn decide(
    exchange: &mut Exchange<'_>,
    id: &str,
    approve: bool,
) -> Result<OpenChange, Failure> {
    let mut change = find(exchange, id).await?;
    touch(exchange, format!("changes/{}", change.row.id), "update");
    touch(exchange, change.proposal.subject(), "decide");
    change.require_open(exchange.at)?;
    let me = me(exchange);
    let own = me == change.proposer;
    let decided = match (approve, own) {
        (true, true) => {
            return Err(Failure::new(
                Category::Forbidden,
                IssueCode::Forbidden,
                "another administrator than the one who proposed a change must approve it",
            ));
        }
        (true, false) => Decided::Approved,
        (false, true) => Decided::Withdrawn,
        (false, false) => Decided::Rejected,
    };
    if decided == Decided::Approved {
        effect::check(exchange, &change.proposal).await?;
        effect::make(exchange, &change.proposal).await?;
    }
    let decision = ChangeDecision {
        change: change.row.id,
        decided,
        decider: tag_of(exchange.facility(), &me),
        created: exchange.at,
    };
    exchange.admin.decided = Some(decision.clone());
    change.decision = Some(decision);
    Ok(change)
}

/// The change of this id.
pub(super) async fn find(exchange: &Exchange<'_>, id: &str) -> Result<OpenChange, Failure> {
    let id: Tag = id.parse().map_err(|_| Failure::not_found())?;
    let facility = exchange.facility();
    let own = facility.id;
    let read = move |reader: &mut store::Reader| reader.changes().find(own, id);
    let found = exchange.app().store.read("change", read).await?;
    open(facility, found.ok_or_else(Failure::not_found)?).await
}

/// Opens a change.
pub(super) async fn open(
    facility: &Facility,
    (row, decision): DecidedChange,
) -> Result<OpenChange, Failure> {
    let own = Own::only(CHANGE, row.id, row.created);
    let opened = unseal(facility, own, row.data_key, &row.envelope).await?;
    let Content { proposer, proposal } = serde_json::from_slice(&opened.content)
        .map_err(|_| Failure::fault("a proposed change cannot be read"))?;
    if proposal.name() != row.name || tag_of(facility, &proposer) != row.proposer {
        return Err(Failure::fault("a proposed change is not what its row says"));
    }
    Ok(OpenChange {
        row,
        decision,
        proposer,
        proposal,
    })
}

/// Who asks.
fn me(exchange: &Exchange<'_>) -> Person {
    Person {
        issuer: exchange.caller.issuer.clone(),
        subject: exchange.caller.subject.clone(),
    }
}

fn tag_of(facility: &Facility, person: &Person) -> Tag {
    facility.tags.user_tag(&person.issuer, &person.subject)
}

impl OpenChange {
    fn state(&self, now: Timestamp) -> State {
        match self.decision.as_ref().map(|decision| decision.decided) {
            Some(Decided::Approved) => State::Approved,
            Some(Decided::Rejected) => State::Rejected,
            Some(Decided::Withdrawn) => State::Withdrawn,
            None if now >= self.lapses() => State::Lapsed,
            None => State::Open,
        }
    }

    fn lapses(&self) -> Timestamp {
        self.row.created.plus_millis(OPEN_MILLIS)
    }

    fn require_open(&self, now: Timestamp) -> Result<(), Failure> {
        let text = match self.state(now) {
            State::Open => return Ok(()),
            State::Lapsed => "the change was not approved within seven days; propose it again",
            State::Approved => "the change was approved before; nothing is left to do",
            State::Rejected | State::Withdrawn => "the change was turned down; propose it again",
        };
        Err(effect::conflict(text))
    }

    /// The change as administrators see it.
    pub(super) fn view(&self, exchange: &Exchange<'_>) -> View {
        let decider = |decision: &ChangeDecision| {
            let held = exchange.registered().administrator(decision.decider)?;
            Some(Person {
                issuer: held.of.issuer.clone(),
                subject: held.of.subject.clone(),
            })
        };
        View {
            id: self.row.id,
            state: self.state(exchange.at),
            proposal: self.proposal.clone(),
            proposed_by: self.proposer.clone(),
            proposed_at: self.row.created,
            lapses_at: self.lapses(),
            decided_by: self.decision.as_ref().and_then(decider),
            decided_at: self.decision.as_ref().map(|decision| decision.created),
        }
    }
}

#[cfg(test)]
mod tests;
