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
    interaction::{kinds::Submitted, search},
    search::{candidates::Candidates, parameter::OpenRecord},
};
use fhir::{IssueCode, Resource};
use model::{ResourceType, Restful, Tag};
use policies::{Action, Target};

/// What criteria choose in this request.
pub(crate) enum Choice<'c> {
    /// It was settled before.
    Before(&'c Chosen),
    /// It was found just now.
    Now(Chosen),
}

impl Choice<'_> {
    /// The record, if there is one.
    pub(crate) fn record(&self) -> Option<&Match> {
        let chosen = match self {
            Self::Before(chosen) => chosen,
            Self::Now(chosen) => chosen,
        };
        match chosen {
            Chosen::Nothing => None,
            Chosen::Record(found) => Some(found),
        }
    }
}

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

/// Which contents meet criteria by themselves. What cards alone could tell is met by none.
///
/// # Errors
/// Invalid for criteria that are not read.
pub(crate) fn hold<'r>(
    exchange: &Exchange<'_>,
    (kind, sent): (&ResourceType, &CriteriaText),
    contents: impl Iterator<Item = &'r Resource>,
) -> Result<Vec<bool>, Failure> {
    let search = Criteria::of(exchange, kind, sent)?.search;
    let by_cards = search.within.needs_cards();
    let holds = |resource| {
        let record = OpenRecord {
            resource,
            local: &exchange.context.local,
            written: exchange.at,
        };
        !by_cards && search.criteria.holds(&record)
    };
    Ok(contents.map(holds).collect())
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

/// What the criteria of a change choose, unless that was settled before: then nothing that
/// they would choose may have been written since.
///
/// # Errors
/// Those of [`choose`] and [`refuse_written`].
pub(crate) async fn chosen<'c>(
    exchange: &mut Exchange<'_>,
    sent: &Submitted<'c>,
    kind: &ResourceType,
    criteria: &CriteriaText,
) -> Result<Choice<'c>, Failure> {
    let Some(before) = sent.chosen else {
        return choose(exchange, kind, criteria).await.map(Choice::Now);
    };
    let makes = sent.resource.is_some() && matches!(before, Chosen::Nothing);
    if makes {
        refuse_written(exchange, kind, criteria).await?;
    }
    Ok(Choice::Before(before))
}

/// Refuses to make a record that criteria would find among what the request has written since
/// they chose nothing.
///
/// # Errors
/// Precondition failed; those of a choice.
async fn refuse_written(
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
