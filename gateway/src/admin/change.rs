//! A change on its way: proposed by one administrator, decided by another.

use super::{
    Act, effect,
    open_change::{Content, DecisionContent, OpenChange, SEALED_ID, find, read_statements, tag_of},
    person::Person,
    proposal::Proposal,
    writes::Writes,
};
use crate::{
    exchange::Exchange,
    facility::{
        own::Own,
        own_seal::{OwnContent, OwnPlace},
        registered::Registered,
        registration::{Client, Profile},
        sealed_json,
        statement::Said,
    },
    failure::{Category, Failure},
};
use fhir::IssueCode;
use model::{Scope, Tag, Timestamp};
use serde::Serialize;
use store::{ChangeDecision, Decided, Reader, SealedDecision, StatementKind};

/// How long a change can be approved.
const OPEN_MILLIS: i64 = 7 * 24 * 3_600 * 1_000;

/// Open proposals of one administrator at most.
const MOST_OPEN_BY_ONE: u64 = 100;
/// Open proposals at a facility at most.
const MOST_OPEN: u64 = 500;
/// Proposals of one administrator within the time that a change is open, whatever became
/// of them.
const MOST_BY_ONE: u64 = 500;

/// How a change stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Open,
    Lapsed,
    /// Its proposer is an administrator no more.
    Void,
    /// What it changes was changed since.
    Stale,
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
    /// What is registered now, of a change that is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    was: Option<Was>,
    proposed_by: Person,
    proposed_at: Timestamp,
    lapses_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_by: Option<Person>,
    #[serde(skip_serializing_if = "Option::is_none")]
    decided_at: Option<Timestamp>,
}

/// What a change is about as it is registered now.
#[derive(Serialize)]
#[serde(untagged)]
enum Was {
    Client(Client),
    Facility(Profile),
}

impl Was {
    /// None where nothing is registered, or nothing else than what the change names.
    fn of(proposal: &Proposal, registered: &Registered) -> Option<Self> {
        match proposal {
            Proposal::ClientRegister(client) => {
                let held = registered.same_client(client)?;
                Some(Self::Client(held.registrant.clone()))
            }
            Proposal::FacilityChange(_) => {
                let held = registered.profile()?;
                Some(Self::Facility(held.registrant.clone()))
            }
            Proposal::ClientRevoke(_)
            | Proposal::AdministratorRegister(_)
            | Proposal::AdministratorRevoke(_)
            | Proposal::FacilityMake(_) => None,
        }
    }
}

/// Writes down a proposal.
pub(super) async fn propose(
    exchange: &mut Exchange<'_>,
    proposal: Proposal,
) -> Result<View, Failure> {
    let (facility, random) = (exchange.facility(), &*exchange.app().random);
    let proposer = Person::of(exchange.caller());
    read_statements(facility).await?;
    // After the statements: what another process adds from here on takes the number of
    // this proposal's statement, so that it is tried and counted again.
    require_room(exchange, tag_of(facility, &proposer)).await?;
    let mut id = [0; Tag::LEN];
    random.fill(&mut id)?;
    let id = Tag::new(id);
    let number = next_number(exchange, &proposal);
    let content = Content {
        proposer,
        proposal,
        number,
    };
    let key = facility.keys.for_scope(Scope::Facility).await?;
    let own = facility.own_seal(&key, random);
    let sealed = own.seal(
        &OwnPlace::only(Own::Change, id, exchange.at),
        OwnContent {
            id: SEALED_ID,
            bytes: &sealed_json::bytes(&content)?,
        },
    )?;
    let said = Said::entry(id, 1, &sealed.envelope);
    let statement = facility
        .statements
        .make(&own, StatementKind::Change, exchange.at, &said)?;
    let Content {
        proposer, proposal, ..
    } = content;
    let row = store::Change {
        id,
        name: proposal.name().to_owned(),
        proposer: tag_of(facility, &proposer),
        created: exchange.at,
        data_key: key.id,
        envelope: sealed.envelope,
    };
    Act::Propose.note(exchange, id, &proposal);
    let change = OpenChange {
        row: row.clone(),
        decision: None,
        proposer,
        proposal,
        number,
    };
    let proposed = Some((row, statement));
    let add = |writes: &mut Writes| writes.proposed = proposed;
    exchange.parts.change(add);
    Ok(change.view(exchange))
}

/// The number that a registration which is proposed would get now.
fn next_number(exchange: &Exchange<'_>, proposal: &Proposal) -> Option<u32> {
    let (registrant, _) = proposal.registrant()?;
    let tag = registrant.tag(&exchange.facility().tags);
    Some(exchange.registered().next_number(tag))
}

/// Refuses a proposal where too many are open already, or its proposer has made too many
/// of late: sealed rows and leaves stay, whatever becomes of a proposal.
async fn require_room(exchange: &Exchange<'_>, proposer: Tag) -> Result<(), Failure> {
    let (facility, since) = (
        exchange.facility().id,
        exchange.at.plus_millis(-OPEN_MILLIS),
    );
    let count = move |reader: &mut Reader| {
        let mut changes = reader.changes();
        changes.proposed_since(facility, proposer, since)
    };
    let proposed = exchange.app().store.read("proposals", count).await?;
    let text = if proposed.open_by_one >= MOST_OPEN_BY_ONE {
        format!(
            "{MOST_OPEN_BY_ONE} of your proposals are open, which is the most; withdraw some by \
             `/reject`, or have them decided, then propose again"
        )
    } else if proposed.open >= MOST_OPEN {
        format!(
            "{MOST_OPEN} proposals are open at this facility, which is the most; decide some of \
             them, then propose again"
        )
    } else if proposed.by_one >= MOST_BY_ONE {
        format!(
            "you have made {MOST_BY_ONE} proposals within seven days, which is the most; wait, \
             or let another administrator propose"
        )
    } else {
        return Ok(());
    };
    Err(effect::conflict(text))
}

/// Decides a change: approved, it takes effect; turned down by its proposer, it is
/// withdrawn.
pub(super) async fn decide(
    exchange: &mut Exchange<'_>,
    id: &str,
    approve: bool,
) -> Result<OpenChange, Failure> {
    let mut change = find(exchange, id, Act::Decide).await?;
    change.require_open(exchange, approve)?;
    let me = Person::of(exchange.caller());
    let decided = if approve {
        if me.is_same(&change.proposer) {
            return Err(Failure::new(
                Category::Forbidden,
                IssueCode::Forbidden,
                "a change must be approved by someone other than its proposer; another account \
                 with the same `fhirUser` or `email` is the same person",
            ));
        }
        require_compared(exchange, &me, &change.proposer)?;
        Decided::Approved
    } else if me.is_account(&change.proposer) {
        Decided::Withdrawn
    } else {
        Decided::Rejected
    };
    if decided == Decided::Approved {
        effect::check(exchange, &change.proposal).await?;
        effect::make(exchange, &change.proposal).await?;
    }
    let decision = write_down(exchange, change.row.id, decided, &me).await?;
    change.decision = Some((decision, Some(me)));
    Ok(change)
}

/// What the token of the proposer had, that of the approver must not leave out, or one person
/// would be two by asking for fewer claims. Where it is so configured both must have the same
/// kinds, so that whoever has two accounts cannot propose by the one that says less.
fn require_compared(
    exchange: &Exchange<'_>,
    approver: &Person,
    proposer: &Person,
) -> Result<(), Failure> {
    let shown = approver.has_claims_of(proposer);
    let required = exchange.app().registered_only.person_claims;
    let shown_to_both = proposer.has_claims() && proposer.has_claims_of(approver);
    if shown && (!required || shown_to_both) {
        return Ok(());
    }
    Err(Failure::new(
        Category::Forbidden,
        IssueCode::Forbidden,
        "the tokens do not show that approver and proposer are two people: the approver's token \
         needs each of `fhirUser` and `email` (with `email_verified`) that the proposer's had; \
         where `personClaims` is `required`, both tokens need the same of them, and one at \
         least. Let the issuer put them there, log in again, and propose the change again where \
         the proposal lacks them",
    ))
}

/// Seals a decision, to be committed with what it does.
async fn write_down(
    exchange: &mut Exchange<'_>,
    change: Tag,
    decided: Decided,
    decider: &Person,
) -> Result<ChangeDecision, Failure> {
    let facility = exchange.facility();
    let content = DecisionContent {
        decided: decided.as_str().to_owned(),
        decider: Some(decider.clone()),
    };
    let key = facility.keys.for_scope(Scope::Facility).await?;
    let own = facility.own_seal(&key, &*exchange.app().random);
    let sealed = own.seal(
        &OwnPlace::only(Own::Decision, change, exchange.at),
        OwnContent {
            id: SEALED_ID,
            bytes: &sealed_json::bytes(&content)?,
        },
    )?;
    let said = Said::entry(change, 1, &sealed.envelope);
    let statement = facility
        .statements
        .make(&own, StatementKind::Decision, exchange.at, &said)?;
    let decision = ChangeDecision {
        change,
        decided,
        decider: tag_of(facility, decider),
        created: exchange.at,
        sealed: Some(SealedDecision {
            data_key: key.id,
            envelope: sealed.envelope,
        }),
    };
    let decided = Some((decision.clone(), statement));
    let add = |writes: &mut Writes| writes.decided = decided;
    exchange.parts.change(add);
    Ok(decision)
}

impl OpenChange {
    fn state(&self, exchange: &Exchange<'_>) -> State {
        match self.decision.as_ref().map(|(decision, _)| decision.decided) {
            Some(Decided::Approved) => State::Approved,
            Some(Decided::Rejected) => State::Rejected,
            Some(Decided::Withdrawn) => State::Withdrawn,
            None if exchange.at >= self.lapses() => State::Lapsed,
            None if exchange.app().registered_only.administrators
                && !self.is_of_administrator(exchange.registered()) =>
            {
                State::Void
            }
            None if self.is_stale(exchange) => State::Stale,
            None => State::Open,
        }
    }

    /// Whether its proposer has been an administrator ever since. Who was ended and
    /// registered again proposes again.
    fn is_of_administrator(&self, registered: &Registered) -> bool {
        let held = registered.administrator(self.row.proposer);
        held.is_some_and(|held| held.since <= self.row.created)
    }

    /// Whether what it changes was changed since: its proposer had something else in mind,
    /// and so would undo a later decision.
    fn is_stale(&self, exchange: &Exchange<'_>) -> bool {
        if let Some(number) = self.number {
            return next_number(exchange, &self.proposal) != Some(number);
        }
        let Some((registrant, _)) = self.proposal.registrant() else {
            return false;
        };
        // Of version 0.1, which noted no number.
        let facility = exchange.facility();
        let tag = registrant.tag(&facility.tags);
        let latest = facility
            .statements
            .latest_of(StatementKind::Registration, tag);
        latest.is_some_and(|latest| latest.time >= self.row.created)
    }

    fn lapses(&self) -> Timestamp {
        self.row.created.plus_millis(OPEN_MILLIS)
    }

    /// Refuses what cannot be decided so any more. What is stale can be turned down.
    fn require_open(&self, exchange: &Exchange<'_>, approve: bool) -> Result<(), Failure> {
        let text = match self.state(exchange) {
            State::Open => return Ok(()),
            State::Stale if !approve => return Ok(()),
            State::Lapsed => "the change was not approved within seven days; propose it again",
            State::Void => {
                "who proposed the change is an administrator no more; another may propose it again"
            }
            State::Stale => {
                "what it changes was changed since it was proposed; look at what is registered \
                 now, and propose it again"
            }
            State::Approved => "the change was approved before; nothing is left to do",
            State::Rejected | State::Withdrawn => "the change was turned down; propose it again",
        };
        Err(effect::conflict(text))
    }

    /// The change as administrators see it.
    pub(super) fn view(&self, exchange: &Exchange<'_>) -> View {
        let decision = self.decision.as_ref();
        let state = self.state(exchange);
        let is_open = matches!(state, State::Open | State::Stale);
        View {
            id: self.row.id,
            state,
            was: if is_open {
                Was::of(&self.proposal, exchange.registered())
            } else {
                None
            },
            proposal: self.proposal.clone(),
            proposed_by: self.proposer.clone(),
            proposed_at: self.row.created,
            lapses_at: self.lapses(),
            decided_by: decision.and_then(|(_, decider)| decider.clone()),
            decided_at: decision.map(|(decision, _)| decision.created),
        }
    }
}

#[cfg(test)]
mod tests;
