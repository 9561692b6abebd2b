//! A policy set as it is sealed (docs/storage-format.md, "Policy sets") and as it is
//! put in force.

use crate::{
    facility::{
        keyring::Keyring,
        own::Own,
        own_seal::{self, Envelope, OwnContent, OwnPlace, OwnSeal},
        sealed_json,
        statement::{self, Said},
    },
    failure::Failure,
};
use model::{FacilityName, Timestamp};
use policies::{Compiled, PolicySource};
use sealing::IdRoot;
use store::{FacilityId, NewStatement, PolicySet, StatementKind, Tx};

/// A policy set with its statement, to be stored together.
pub(crate) struct NewSet {
    pub row: PolicySet,
    pub statement: NewStatement,
}

impl NewSet {
    /// Stores both.
    ///
    /// # Errors
    /// `Taken` when a number is.
    pub(crate) fn insert(&self, tx: &mut Tx, facility: FacilityId) -> Result<(), store::Error> {
        tx.policies().insert(facility, &self.row)?;
        tx.statements().insert(facility, &self.statement)
    }
}

/// The numbers of a set, each counted from 1.
#[derive(Clone, Copy)]
pub(crate) struct Numbers {
    /// Among the sets of the facility.
    pub(crate) set: u32,
    /// Of its statement, among those of policy sets.
    pub(crate) statement: u32,
}

/// Seals a set that compiles.
///
/// # Errors
/// When it does not compile, or sealing fails.
pub(crate) fn make(
    own: &OwnSeal<'_>,
    numbers: Numbers,
    source: &PolicySource,
    at: Timestamp,
) -> Result<NewSet, Failure> {
    let number = numbers.set;
    let compiled = Compiled::new(number, source)
        .map_err(|error| Failure::fault(format!("policy set {number}: {error}")))?;
    let sealed = own.seal(
        &place(own.tags, number, at)?,
        OwnContent {
            id: &number.to_string(),
            bytes: &sealed_json::bytes(source)?,
        },
    )?;
    let said = Said::Policy {
        set: number,
        digest: compiled.digest(),
    };
    Ok(NewSet {
        row: PolicySet {
            number,
            data_key: own.key.id,
            envelope: sealed.envelope,
            created: at,
        },
        statement: statement::seal(own, StatementKind::Policy, numbers.statement, at, &said)?,
    })
}

/// Opens a stored set.
///
/// # Errors
/// When it does not open, or holds no set.
pub(crate) async fn open(
    facility: &FacilityName,
    keys: &Keyring,
    tags: &IdRoot,
    row: &PolicySet,
) -> Result<PolicySource, Failure> {
    let place = place(tags, row.number, row.created)?;
    let sealed = Envelope {
        data_key: row.data_key,
        bytes: &row.envelope,
    };
    let opened = own_seal::open(facility, keys, &place, sealed).await?;
    serde_json::from_slice(&opened.content)
        .map_err(|_| Failure::fault(format!("policy set {} cannot be read", row.number)))
}

fn place(tags: &IdRoot, number: u32, time: Timestamp) -> Result<OwnPlace<'static>, Failure> {
    let record = Own::PolicySet.tag(tags, &number.to_string());
    OwnPlace::numbered(Own::PolicySet, record, number, time)
}
