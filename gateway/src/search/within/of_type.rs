//! The cards of a type: of all its records that the criteria of the database leave, a part at
//! a time. Where these could be other patients', and the caller sees the own compartment
//! alone, that is such a criterion.

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    search::{
        candidates::FoundBy,
        order::{Position, Sort},
        parameter,
        query::Search,
    },
};
use fhir::IssueCode;
use model::ResourceType;
use std::sync::Arc;
use store::{CardHit, Reader};

/// Cards that are read at once.
const READ_TOGETHER: u32 = 200;

/// Those that are still to be read.
pub(super) struct OfType {
    found_by: Arc<FoundBy>,
    after: Option<Position>,
    /// How many more there may be.
    left: u64,
    ended: bool,
}

impl OfType {
    /// Counts and pays for them.
    ///
    /// # Errors
    /// Too costly when there are too many, or the request has read enough.
    pub(super) async fn begin(exchange: &Exchange<'_>, search: &Search) -> Result<Self, Failure> {
        if !exchange.budget.opens_more() {
            return Err(exchange.budget.spent());
        }
        let most = exchange.app().limits.searched_cards;
        let sort = match search.criteria.moments() {
            Some(_) => Sort::Oldest,
            None => Sort::Record,
        };
        let found_by = Arc::new(FoundBy::of(exchange, search, sort));
        let counted = Arc::clone(&found_by);
        let limit = u32::try_from(most.saturating_add(1)).unwrap_or(u32::MAX);
        let count = move |reader: &mut Reader| counted.count(reader, limit);
        let count = u64::from(exchange.search("cards counted", count).await??);
        if count > most {
            return Err(too_many(search.criteria.kind(), most));
        }
        exchange.pay_cards(count, 0).await?;
        Ok(Self {
            found_by,
            after: None,
            // Some may be written meanwhile.
            left: most.saturating_mul(2),
            ended: false,
        })
    }

    /// The next ones; `None` at the end.
    ///
    /// # Errors
    /// Too costly when they became far more; when they cannot be read.
    pub(super) async fn next(
        &mut self,
        exchange: &Exchange<'_>,
    ) -> Result<Option<Vec<CardHit>>, Failure> {
        if self.ended {
            return Ok(None);
        }
        let (found_by, after) = (Arc::clone(&self.found_by), self.after);
        let read = move |reader: &mut Reader| found_by.cards(reader, after, READ_TOGETHER);
        let hits = exchange.search("cards", read).await??;
        let number = hits.len() as u64;
        let Some(left) = self.left.checked_sub(number) else {
            return Err(exchange.budget.spent());
        };
        self.left = left;
        self.ended = number < u64::from(READ_TOGETHER);
        self.after = hits.last().map(|hit| Position {
            time: hit.time,
            record: hit.record,
        });
        Ok(Some(hits))
    }
}

fn too_many(kind: &ResourceType, most: u64) -> Failure {
    let mut narrower = vec!["`_id`", "`_lastUpdated`"];
    for parameter in parameter::of_type(kind.as_str()) {
        match parameter.name() {
            "identifier" => narrower.insert(0, "`identifier`"),
            "patient" => narrower.insert(0, "`patient=<id>`"),
            "subject" => narrower.insert(0, "`subject=Patient/<id>`"),
            _ => {}
        }
    }
    let narrower = narrower.join(", ");
    Failure::new(
        Category::Unprocessable,
        IssueCode::TooCostly,
        format!(
            "the search would compare more than {most} records of this type one by one; name \
             beside it what fewer have: {narrower}"
        ),
    )
}
