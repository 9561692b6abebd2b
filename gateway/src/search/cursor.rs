//! What links to further pages carry: a sealed word that tells nothing. It holds
//! the place where the page ends, with the epochs of the decisions behind it, and
//! opens only at its facility, for its search and for the user who was given it.
//!
//! It is no right: each page is decided over as the first was. When the rules have
//! changed it is refused, so that a search goes on under the rules it began with or
//! not at all.

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
};
use fhir::IssueCode;
use model::EpochRead;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

#[derive(Serialize, Deserialize)]
struct Bound<P> {
    epochs: Vec<EpochRead>,
    place: P,
}

/// Seals the place where a page of a search or history ends.
///
/// # Errors
/// When the source of randomness fails.
pub fn seal<P: Serialize>(
    exchange: &Exchange<'_>,
    search: &str,
    place: P,
) -> Result<String, Failure> {
    let epochs = exchange.epochs();
    let bytes = serde_json::to_vec(&Bound { epochs, place }).map_err(Failure::fault)?;
    let random = &*exchange.app().random;
    let cursors = &exchange.facility().cursors;
    Ok(cursors.seal(&binding(exchange, search), &bytes, random)?)
}

/// Opens a cursor of the same search and user.
///
/// # Errors
/// Invalid when it is not one; gone when the rules have changed since.
pub fn open<P: DeserializeOwned>(
    exchange: &Exchange<'_>,
    search: &str,
    cursor: &str,
) -> Result<P, Failure> {
    let cursors = &exchange.facility().cursors;
    let bytes = cursors
        .open(&binding(exchange, search), cursor)
        .ok_or_else(foreign)?;
    let bound: Bound<P> = serde_json::from_slice(&bytes).map_err(|_| foreign())?;
    if bound.epochs != exchange.epochs() {
        return Err(Failure::new(
            Category::Gone,
            IssueCode::Processing,
            "the access rules have changed since this link was made; start the search again",
        ));
    }
    Ok(bound.place)
}

/// The key is the facility's; the rest that must be the same on the next page.
fn binding(exchange: &Exchange<'_>, search: &str) -> Vec<u8> {
    let caller = &exchange.context.caller;
    let tags = &exchange.facility().tags;
    let user = tags.user_tag(&caller.issuer, &caller.subject);
    [b"2\n", user.as_bytes().as_slice(), search.as_bytes()].concat()
}

fn foreign() -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::Value,
        "`_cursor` is not valid for this search; use the `next` link of a page unchanged, or \
         start the search again",
    )
}
