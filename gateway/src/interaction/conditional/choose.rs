//! The record that criteria choose.

use super::{
    chosen::{Chosen, Match},
    criteria::{Criteria, SEVERAL},
    unchanged::{Standing, Unchanged},
};
use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    http::precondition::CriteriaText,
    interaction::search,
    search::candidates::Candidates,
};
use fhir::IssueCode;
use model::{ResourceType, Restful, Tag};
use policies::{Action, Target};

/// Chooses a record of a type. What was found is held to be so until the request is
/// committed.
///
/// # Errors
/// Invalid for criteria that are not read; forbidden when the caller may not search the
/// type; precondition failed when several records meet them; too costly.
pub(crate) async fn choose(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    sent: &CriteriaText,
) -> Result<Chosen, Failure> {
    let criteria = Criteria::of(exchange, kind, sent)?;
    exchange.app().throttle.searches(&exchange.context.caller)?;
    exchange.begin_beside(Restful::SearchType);
    let chosen = find(exchange, &criteria).await;
    exchange.end_beside();
    chosen.map_err(|failure| match failure.category {
        Category::Invalid | Category::PreconditionFailed | Category::Unprocessable => {
            sent.refuse(failure)
        }
        _ => failure,
    })
}

/// Names criteria without telling them; equal ones have one name.
///
/// # Errors
/// Invalid for criteria that are not read.
pub(crate) fn name(
    exchange: &Exchange<'_>,
    kind: &ResourceType,
    sent: &CriteriaText,
) -> Result<Tag, Failure> {
    Ok(Criteria::of(exchange, kind, sent)?.tag(exchange))
}

async fn find(exchange: &mut Exchange<'_>, criteria: &Criteria) -> Result<Chosen, Failure> {
    let search = &criteria.search;
    exchange.note_query(criteria.text.clone());
    let all = Target::all(
        exchange.facility().name.clone(),
        search.criteria.kind().clone(),
    );
    exchange.require(Action::SearchType, &all)?;
    // Read before the matches are, so that nothing goes unseen between the two.
    let standing = Standing::read(exchange, criteria).await?;
    let (found, more) = search::matching(exchange, search).await?;
    let mut matches = Vec::new();
    for candidate in found {
        let patients = candidate.patients.clone();
        let version = exchange.disclose_version(candidate);
        matches.push(Match { version, patients });
    }
    if matches.len() >= SEVERAL as usize {
        return Err(Failure::new(
            Category::PreconditionFailed,
            IssueCode::MultipleMatches,
            "several records meet them; send criteria that one record at most can meet, such as \
             a whole identifier",
        ));
    }
    if more || !standing.is_whole() {
        return Err(Failure::new(
            Category::Unprocessable,
            IssueCode::TooCostly,
            "too many records have to be looked at for them; name a whole identifier or an id",
        ));
    }
    exchange
        .parts
        .change(|part: &mut Unchanged| part.add(standing));
    Ok(matches
        .pop()
        .map_or(Chosen::Nothing, |found| Chosen::Record(Box::new(found))))
}

/// Refuses to make a record that criteria would find among what the request has written since
/// they chose nothing.
///
/// # Errors
/// Precondition failed; those of a choice.
pub(crate) async fn refuse_written(
    exchange: &mut Exchange<'_>,
    kind: &ResourceType,
    sent: &CriteriaText,
) -> Result<(), Failure> {
    let criteria = Criteria::of(exchange, kind, sent)?;
    if !Candidates::of(exchange, &criteria.search).has_written() {
        return Ok(());
    }
    match choose(exchange, kind, sent).await? {
        Chosen::Nothing => Ok(()),
        Chosen::Record(_) => Err(sent.refuse(Failure::new(
            Category::PreconditionFailed,
            IssueCode::Duplicate,
            "another entry of the transaction makes a record that meets them; leave one of the \
             two out",
        ))),
    }
}
