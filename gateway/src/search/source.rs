//! Where the candidates of a search come from: index cards within a patient, links and tokens
//! else.

use crate::{
    exchange::Exchange,
    failure::Failure,
    search::{
        candidates::Candidates,
        order::Position,
        overlay::Batch,
        parameter::OpenRecord,
        query::Search,
        within::{CardMatches, CompartmentMatches},
    },
};
use model::{ResourceType, Tag, VersionNumber};

/// The candidates of one search, in the order of the answer.
pub(crate) enum Source {
    /// By links and tokens: each has to be checked against every criterion.
    Tokens(Candidates),
    /// By cards: matches, but for what a card does not tell.
    Cards(CardMatches),
    /// By cards, of several types.
    Compartment(CompartmentMatches),
}

impl Source {
    /// That of a search.
    ///
    /// # Errors
    /// As [`CardMatches::of`].
    pub(crate) async fn of(exchange: &Exchange<'_>, search: &Search) -> Result<Self, Failure> {
        let cards = CardMatches::of(exchange, search).await?;
        Ok(cards.map_or_else(
            || Self::Tokens(Candidates::of(exchange, search)),
            Self::Cards,
        ))
    }

    /// The next candidates, at most `limit`. A batch may be empty and not the last.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) async fn read(
        &self,
        exchange: &Exchange<'_>,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Batch, Failure> {
        match self {
            Self::Tokens(candidates) => candidates.read(exchange, after, limit).await,
            Self::Cards(matches) => matches.next(exchange, after, limit).await,
            Self::Compartment(matches) => matches.next(exchange, after, limit).await,
        }
    }

    /// The most candidates that there can be, counted up to `limit` or a little more.
    ///
    /// # Errors
    /// When they cannot be counted.
    pub(crate) async fn count(&self, exchange: &Exchange<'_>, limit: u32) -> Result<u32, Failure> {
        match self {
            Self::Tokens(candidates) => candidates.count(exchange, limit).await,
            Self::Cards(matches) => Ok(matches.count()),
            Self::Compartment(matches) => Ok(matches.count()),
        }
    }

    /// Number of candidates that were damaged before any was given.
    pub(crate) const fn damaged(&self) -> u32 {
        match self {
            Self::Tokens(_) => 0,
            Self::Cards(matches) => matches.damaged,
            Self::Compartment(matches) => matches.damaged,
        }
    }

    /// The type of a candidate, where candidates of several were given.
    pub(crate) fn kind_of(&self, record: Tag) -> Option<&ResourceType> {
        match self {
            Self::Tokens(_) | Self::Cards(_) => None,
            Self::Compartment(matches) => matches.kind_of(record),
        }
    }

    /// Whether a candidate that meets the criteria by links and tokens is a match.
    pub(crate) fn holds(
        &self,
        exchange: &Exchange<'_>,
        number: VersionNumber,
        record: &OpenRecord<'_>,
    ) -> bool {
        match self {
            Self::Tokens(_) => true,
            Self::Cards(matches) => matches.holds(exchange, number, record),
            Self::Compartment(matches) => matches.holds(exchange, number, record),
        }
    }
}
