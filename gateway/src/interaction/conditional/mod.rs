//! Conditional interactions (<https://hl7.org/fhir/R4/http.html#ccreate>): a record is chosen
//! by criteria in place of an id. Criteria are those of a search, decided and audited as one,
//! so that they tell no more than it would; what the caller may not see is no match.
//!
//! What was found so still has to be so when the request is committed
//! ([`unchanged`]), so that of many equal requests at once one makes the record.

mod choose;
mod chosen;
mod criteria;
pub(super) mod delete;
pub(super) mod patch;
mod unchanged;
pub(super) mod update;

pub(crate) use choose::{choose, chosen, hold, name};
pub(crate) use chosen::{Chosen, Match};

use crate::{exchange::Exchange, failure::Failure, interaction::kinds::Submitted};
use fhir::bundle::EntryUrl;
use model::{LogicalId, ResourceType};
use policies::Action;

/// The URL of a record that was chosen.
fn url_of(kind: &ResourceType, id: &LogicalId) -> EntryUrl {
    EntryUrl::Instance {
        resource_type: kind.clone(),
        id: id.clone(),
        query: None,
    }
}

/// The same change of the record that was chosen.
fn at<'r>(sent: &Submitted<'r>, url: &'r EntryUrl) -> Submitted<'r> {
    Submitted { url, ..*sent }
}

/// Refuses whoever could do this to no record of the type, whether one is found or not.
fn require(exchange: &Exchange<'_>, action: Action, kind: &ResourceType) -> Result<(), Failure> {
    if exchange.could(&[action], Some(kind)) {
        Ok(())
    } else {
        Err(Failure::forbidden())
    }
}
