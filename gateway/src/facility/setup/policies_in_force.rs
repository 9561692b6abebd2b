//! Putting a policy set in force.

use super::operator::{self, Act, Touched};
use crate::{
    audit::administered::Did,
    facility::{
        Facility,
        policy_set::{self, NewSet, Numbers},
    },
    failure::Failure,
    ports::Ports,
};
use model::{FacilityName, Random, Scope, Tag, Timestamp};
use policies::PolicySource;
use std::sync::Arc;
use store::StatementKind;

/// Puts a set in force at a facility, in every process from the next request on; gives
/// its number.
///
/// # Errors
/// When what is in force was refused, the set does not compile, or the database refuses.
pub async fn put_in_force(
    name: &FacilityName,
    source: &PolicySource,
    ports: Ports<'_>,
) -> Result<u32, Failure> {
    let facility = Arc::new(Facility::open(name, ports).await?);
    let random = &**ports.random;
    let now = ports.clock.now();
    let set = next(&facility, source, now, random).await?;
    let act = Act {
        name: "policy-set",
        command: "chartseal",
        touched: vec![Touched {
            path: format!("policies/{}", set.row.number),
            did: Did::Create,
        }],
    };
    let audit = operator::audit(&facility, &act, now, random).await?;
    let (id, epoch, number) = (facility.id, facility.in_force().epoch, set.row.number);
    let store = ports.store;
    store
        .run_tx("policy set", &[], move |tx| {
            tx.epochs().require(id, &[epoch])?;
            set.insert(tx, id)?;
            tx.epochs().bump(id, Tag::ZERO)?;
            tx.audits().insert(id, &audit)
        })
        .await?;
    Ok(number)
}

/// A set as the next one of a facility.
///
/// # Errors
/// When what is in force was refused: nothing may be put on top of it.
pub(super) async fn next(
    facility: &Facility,
    source: &PolicySource,
    at: Timestamp,
    random: &dyn Random,
) -> Result<NewSet, Failure> {
    let newest = facility.in_force().policy_number();
    if newest == 0 {
        let text = facility.troubles().join("; ");
        return Err(Failure::fault(format!(
            "the rules of facility `{}` are refused: {text}",
            facility.name
        )));
    }
    let key = facility.keys.for_scope(Scope::Facility).await?;
    let own = facility.own_seal(&key, random);
    let statement = facility.statements.next(StatementKind::Policy);
    let numbers = Numbers {
        set: newest.saturating_add(1),
        statement,
    };
    policy_set::make(&own, numbers, source, at)
}
