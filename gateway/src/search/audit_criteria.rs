//! The criteria of a search for AuditEvents: `_id`, `patient` and `_lastUpdated`, read as
//! they are on every type. They are answered the newest first.

use crate::{
    audit::{
        AUDIT_EVENT,
        opened::{self, OpenEvent},
    },
    exchange::Exchange,
    facility::{Facility, own::Own},
    failure::{Category, Failure},
    search::{
        order::Sort,
        paging::Page,
        parameter::{self, reference::ReferenceAsked},
        value::{Query, check_values},
    },
};
use fhir::{IssueCode, LocalBase, Moments, ReferenceParameter};
use model::{LogicalId, Tag, Timestamp};
use policies::Withheld;
use std::collections::HashSet;
use store::{AuditPosition, AuditRange, AuditsOf};

/// What a search for AuditEvents asks for.
pub struct AuditCriteria {
    text: String,
    /// Records by tag, and which of their events.
    ids: Vec<Vec<(Tag, usize)>>,
    /// Tags of patients; an event is of one of each list.
    patients: Vec<Vec<Tag>>,
    moments: Option<Moments>,
}

impl AuditCriteria {
    /// Reads a query string: what is asked, and how the answer is wanted.
    ///
    /// # Errors
    /// Invalid for a parameter or value that is not supported, unless the caller asked
    /// for lenient handling.
    pub fn parse(exchange: &Exchange<'_>, query: Query<'_>) -> Result<(Self, Page), Failure> {
        let mut asked = Self {
            text: query.text.to_owned(),
            ids: Vec::new(),
            patients: Vec::new(),
            moments: None,
        };
        let mut page = Page::first(query.lenient);
        let (facility, local) = (exchange.facility(), &exchange.context.local);
        let mut seen = HashSet::new();
        for (name, value) in url::form_urlencoded::parse(query.text.as_bytes()) {
            let taken = page.take(&name, &value)?
                || !seen.insert((name.clone(), value.clone()))
                || asked.take(&name, &value, query.now, facility, local)?;
            if !taken {
                page.ignore(&name, unsupported)?;
            }
        }
        page.part
            .settle(&AUDIT_EVENT.parse().map_err(Failure::fault)?)?;
        if page.asked_sort() == Some(Sort::Oldest) {
            page.ignore("_sort", unsupported)?;
        }
        let ids = asked.ids.iter().map(Vec::len).sum::<usize>();
        let patients = asked.patients.iter().map(Vec::len).sum::<usize>();
        check_values(ids + patients)?;
        Ok((asked, page))
    }

    /// Takes a parameter if it is a criterion.
    fn take(
        &mut self,
        name: &str,
        value: &str,
        now: Timestamp,
        facility: &Facility,
        local: &LocalBase,
    ) -> Result<bool, Failure> {
        match name {
            "_id" => {
                let ids = parameter::ids(value)?;
                // An id that is not one of ours is nowhere.
                let events = ids.iter().filter_map(opened::split);
                let tag = |id: &LogicalId| Own::AuditRecord.tag(&facility.tags, id.as_str());
                self.ids.push(
                    events
                        .map(|(record, event)| (tag(&record), event))
                        .collect(),
                );
            }
            "_lastUpdated" => {
                let more = parameter::moments(value, now)?;
                self.moments = Some(match self.moments.take() {
                    Some(moments) => moments.and(&more),
                    None => more,
                });
            }
            "patient" => {
                let asked = ReferenceAsked::parse(ReferenceParameter::Patient, value, local)?;
                let targets = asked.targets.iter();
                let patients = targets.filter(|target| target.kind.as_str() == "Patient");
                let tag = |id: &LogicalId| facility.tags.record_tag("Patient", id.as_str());
                self.patients
                    .push(patients.map(|target| tag(&target.id)).collect());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The query as it was asked; sealed in the cursor of a next link.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The part of the query that was understood: that of the `self` link, and what is
    /// sealed for the audit.
    pub fn understood(&self, page: &Page) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(self.text.as_bytes()) {
            if parameter::of_audit().any(|parameter| parameter.name() == name) {
                query.append_pair(&name, &value);
            }
        }
        page.describe(&mut query);
        query.finish()
    }

    /// The records that can hold a match. An event is of one patient and has one id, so
    /// of several lists it must be in each.
    pub fn records(&self) -> AuditsOf {
        if let Some(ids) = in_all(&self.ids) {
            return AuditsOf::Records(ids.into_iter().map(|(record, _)| *record).collect());
        }
        match in_all(&self.patients) {
            Some(patients) => AuditsOf::Patients(patients.into_iter().copied().collect()),
            None => AuditsOf::Facility,
        }
    }

    /// The times that can hold a match, from a record on.
    pub fn range(&self, from: Option<AuditPosition>) -> AuditRange {
        let spans = || self.moments.iter().flat_map(Moments::spans);
        let until = spans().next_back().and_then(|(_, until)| until);
        // Before all records of a moment.
        let below = until.map(|time| AuditPosition {
            time,
            record: Tag::ZERO,
        });
        AuditRange {
            from: match (from, below) {
                (Some(from), Some(below)) => Some(from.min(below)),
                (from, below) => from.or(below),
            },
            since: spans().next().and_then(|(from, _)| from),
        }
    }

    /// Whether no record at all can match, whatever its time.
    pub fn is_void(&self) -> bool {
        self.moments
            .as_ref()
            .is_some_and(|moments| moments.spans().next().is_none())
    }

    /// Whether a record of this time can match.
    pub fn includes(&self, time: Timestamp) -> bool {
        let moments = self.moments.as_ref();
        moments.is_none_or(|moments| moments.contains(time))
    }

    /// Whether an event of a record of the right time matches, as far as can be told of
    /// one that is withheld.
    pub fn holds(&self, (record, index): (Tag, usize), event: &Withheld<OpenEvent>) -> bool {
        let about = &event.facts().patients;
        let named = |ids: &Vec<(Tag, usize)>| ids.contains(&(record, index));
        let concerned =
            |patients: &Vec<Tag>| patients.iter().any(|patient| about.contains(patient));
        self.ids.iter().all(named) && self.patients.iter().all(concerned)
    }
}

/// What stands in each of several lists; `None` when there is no list.
fn in_all<T: PartialEq>(lists: &[Vec<T>]) -> Option<Vec<&T>> {
    let (first, rest) = lists.split_first()?;
    let everywhere = |one: &&T| rest.iter().all(|list| list.contains(one));
    Some(first.iter().filter(everywhere).collect())
}

fn unsupported() -> Failure {
    let names = parameter::of_audit().map(|parameter| format!("`{}`, ", parameter.name()));
    let known: String = names.collect();
    Failure::new(
        Category::Invalid,
        IssueCode::NotSupported,
        format!(
            "a search parameter is not supported; on AuditEvent use {known}`_count`, `_total`, \
             `_summary=count` and `_sort=-_lastUpdated`, which is the order in any case, or send \
             `Prefer: handling=lenient` to have others ignored"
        ),
    )
}
