//! Finding current versions by links and tokens, one page at a time, ordered by
//! record tag or by time. What a page holds was current when it was read. In the
//! order of tags a record that is written between two pages is found once, where
//! its tag stands; in the order of time it moves to its new time. No record that is
//! left alone is missed or found twice in either.

use crate::{
    Access, Card, Error, FacilityId, MissingVersion, Versions, column,
    find::{
        criterion::{Criterion, Order},
        search_statement::{CardLine, Count, Found, FoundCards, Lead, Line, Narrow, Place, Probe},
    },
    records::{rows::Version, standing, version_row},
};
use diesel::RunQueryDsl;
use model::{ResourceType, Tag, Timestamp, VersionNumber};

/// A record that was found. One that cannot be read is none of the others' concern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// The record.
    pub record: Tag,
    /// Which of its versions the index rows name.
    pub number: VersionNumber,
    /// When that was written; where records are ordered by time, the place of this one.
    pub time: Timestamp,
    /// That version; `Missing` when it, or a later one, was cut from the table.
    pub version: Result<Version, Error>,
}

impl From<Version> for Hit {
    fn from(version: Version) -> Self {
        Self {
            record: version.record,
            number: version.number,
            time: version.time,
            version: Ok(version),
        }
    }
}

impl Hit {
    fn read(line: Line) -> Result<Self, Error> {
        let (record, number, time, row, later) = line;
        let (record, number) = (column::tag(&record)?, column::version_number(number)?);
        let missing = Error::Missing(MissingVersion { record, number });
        let version = standing::require_none_later(record, later)
            .and_then(|()| row.map_or(Err(missing), version_row::read));
        Ok(Self {
            record,
            number,
            time: column::time(time.unwrap_or_default())?,
            version,
        })
    }
}

/// A record that was found, with its index card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardHit {
    /// The record.
    pub record: Tag,
    /// Which of its versions the index rows name.
    pub number: VersionNumber,
    /// When that was written, where records are ordered by time.
    pub time: Timestamp,
    /// The card of that version; none when it was cut from its table, or is another's.
    pub card: Option<Card>,
}

impl CardHit {
    fn read(line: CardLine, resource_type: &ResourceType) -> Result<Self, Error> {
        let (record, number, time, row) = line;
        let (record, number) = (column::tag(&record)?, column::version_number(number)?);
        let card = row.map(|(index_epoch, time, subject, data_key, sealed)| {
            Ok::<_, Error>(Card {
                resource_type: resource_type.clone(),
                record,
                number,
                index_epoch: column::number(index_epoch)?,
                time: column::time(time)?,
                subject: column::optional_tag(subject.as_ref())?,
                data_key: column::data_key_id(&data_key)?,
                sealed,
            })
        });
        Ok(Self {
            record,
            number,
            time: column::time(time.unwrap_or_default())?,
            // One that cannot be read is none of the others' concern.
            card: card.and_then(Result::ok),
        })
    }
}

/// Rows counted of each criterion to find the one with the fewest: a few first, and
/// more only when every criterion has as many.
const COUNTED: [u32; 2] = [100, 10_000];
/// From this number of matches on a search by time walks the records of the type in
/// their order: it meets matches soon, where to gather all would take long.
const MANY_MATCHES: u64 = 10_000;

impl<A: Access> Versions<'_, A> {
    /// The current versions of the records of a type that meet all criteria, in
    /// their order, at most `limit`.
    pub fn search(
        &mut self,
        facility: FacilityId,
        resource_type: &ResourceType,
        criteria: &[Criterion<'_>],
        order: Order,
        limit: u32,
    ) -> Result<Vec<Hit>, Error> {
        if criteria.iter().any(|criterion| criterion.len() == 0) {
            return Ok(Vec::new());
        }
        let place = self.place(facility, resource_type);
        let (lead, criteria) = self.leading(place, criteria, order)?;
        let found = Found(Narrow::new(place, lead, &criteria, order, limit));
        let lines: Vec<Line> = self.access.query(|conn| found.load(conn))?;
        lines.into_iter().map(Hit::read).collect()
    }

    /// The index cards of the records that [`Self::search`] would find, in the same order.
    pub fn search_cards(
        &mut self,
        facility: FacilityId,
        resource_type: &ResourceType,
        criteria: &[Criterion<'_>],
        order: Order,
        limit: u32,
    ) -> Result<Vec<CardHit>, Error> {
        if criteria.iter().any(|criterion| criterion.len() == 0) {
            return Ok(Vec::new());
        }
        let place = self.place(facility, resource_type);
        let (lead, criteria) = self.leading(place, criteria, order)?;
        let found = FoundCards(Narrow::new(place, lead, &criteria, order, limit));
        let lines: Vec<CardLine> = self.access.query(|conn| found.load(conn))?;
        let read = |line| CardHit::read(line, resource_type);
        lines.into_iter().map(read).collect()
    }

    /// How many records [`Self::search`] would find, counted up to `limit`.
    pub fn count(
        &mut self,
        facility: FacilityId,
        resource_type: &ResourceType,
        criteria: &[Criterion<'_>],
        order: Order,
        limit: u32,
    ) -> Result<u32, Error> {
        if criteria.iter().any(|criterion| criterion.len() == 0) {
            return Ok(0);
        }
        let place = self.place(facility, resource_type);
        let (lead, criteria) = self.leading(place, criteria, order)?;
        let count = Count(Narrow::new(place, lead, &criteria, order, limit));
        let count: i64 = self.access.query(|conn| count.get_result(conn))?;
        column::number(count)
    }

    fn place<'a>(&mut self, facility: FacilityId, resource_type: &'a ResourceType) -> Place<'a> {
        Place {
            backend: self.access.conn().backend(),
            facility,
            resource_type,
        }
    }

    /// The criteria with the one in front that fewest records meet, and whether it leads.
    /// Counted anew for each page: what leads changes nothing in the answer.
    fn leading<'a>(
        &mut self,
        place: Place<'_>,
        criteria: &[Criterion<'a>],
        order: Order,
    ) -> Result<(Lead, Vec<Criterion<'a>>), Error> {
        let mut criteria = criteria.to_vec();
        let by_time = matches!(order, Order::Time { .. });
        if criteria.is_empty() || (criteria.len() == 1 && !by_time) {
            return Ok((Lead::Criterion, criteria));
        }
        let mut fewest = (0, 0);
        for limit in COUNTED {
            let probe = Probe::new(place, &criteria, limit);
            let counts: Vec<(i64, i64)> = self.access.query(|conn| probe.load(conn))?;
            let least = counts
                .iter()
                .min_by_key(|(number, count)| (*count, *number));
            let &(number, count) = least.ok_or(Error::Corrupt("count"))?;
            fewest = (
                column::number::<_, u32>(number)?,
                column::number::<_, u64>(count)?,
            );
            if fewest.1 < u64::from(limit) {
                break;
            }
        }
        let first = (fewest.0 as usize).min(criteria.len().saturating_sub(1));
        criteria.swap(0, first);
        let lead = if by_time && fewest.1 >= MANY_MATCHES {
            Lead::Type
        } else {
            Lead::Criterion
        };
        Ok((lead, criteria))
    }
}
