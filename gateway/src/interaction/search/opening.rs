//! A candidate, opened and decided over.

use crate::{
    exchange::{Exchange, asked::Asked, reach::SEARCH},
    failure::{Category, Failure},
    record::version::Found,
};
use model::ResourceType;
use policies::Action;

/// What became of a candidate that was to be opened.
pub(crate) enum Opening {
    /// It may be seen.
    Shown(Box<(Asked, Found)>),
    /// It may not.
    Hidden,
    /// It is damaged.
    Damaged,
}

/// Opens a candidate and decides over it.
///
/// # Errors
/// Too costly when the request has opened enough.
pub(crate) async fn open_shown(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    hit: store::Hit,
) -> Result<Opening, Failure> {
    if let Ok(row) = &hit.version {
        let (kind, subject) = (&row.resource_type, row.subject);
        let all = exchange.reaches_all(SEARCH, kind);
        if !all && !exchange.may_reach(SEARCH, kind, subject) {
            let hidden = exchange.clear_target(kind, row.record, subject);
            exchange.pass_over(Action::SearchType, &hidden);
            return Ok(Opening::Hidden);
        }
    }
    let shown = match exchange.open_hit(kind, hit).await {
        Ok(found) => shown(exchange, found).await,
        Err(failure) => Err(failure),
    };
    match shown {
        Ok(Some(shown)) => Ok(Opening::Shown(Box::new(shown))),
        Ok(None) => Ok(Opening::Hidden),
        Err(failure) if failure.category == Category::Damaged => Ok(Opening::Damaged),
        Err(failure) => Err(failure),
    }
}

/// What was opened, with the right to show it.
async fn shown(
    exchange: &mut Exchange<'_>,
    mut found: Found,
) -> Result<Option<(Asked, Found)>, Failure> {
    let asked = exchange.weigh_shown(Action::SearchType, &mut found);
    let asked = asked.await?;
    Ok(asked.map(|asked| (asked, found)))
}
