//! The criteria of a search: what the query string asks for, how candidates are
//! found by tags and tokens, and whether a resource meets them.
//!
//! This release searches by `_id`, `_lastUpdated`, `identifier`, `patient` and
//! `subject`. Comma is OR, a repeated parameter AND
//! (<https://hl7.org/fhir/R4/search.html#combining>).

mod identifier;
pub mod reference;
mod value;

use crate::{
    facility::Facility,
    failure::{Category, Failure},
    record::each_once::{has, share},
    search::paging::Page,
};
use fhir::{IssueCode, LocalBase, Moments, ReferenceParameter, Resource, definition::Definition};
use identifier::{IdentifierAsked, Identifiers, identifiers};
use model::{LogicalId, ResourceType, Tag, Timestamp, Token};
use reference::ReferenceAsked;
use std::{
    borrow::Cow,
    collections::{BTreeSet, HashSet},
};
use value::bad_value;

/// The most values that one search may name, and the most of them dates.
const VALUES: usize = 500;
const DATES: usize = 20;
/// The most criteria that the database checks; what is beyond is checked after
/// opening, as all are.
const CONDITIONS: usize = 8;

/// What a search asks for.
#[derive(Debug, Clone, Default)]
pub struct Criteria {
    text: String,
    ids: Vec<Vec<LogicalId>>,
    identifiers: Vec<Vec<IdentifierAsked>>,
    references: Vec<ReferenceAsked>,
    moments: Option<Moments>,
}

/// A query string and what it is read by.
#[derive(Clone, Copy)]
pub struct Query<'q> {
    /// The query string.
    pub text: &'q str,
    /// Whether what is not supported is ignored.
    pub lenient: bool,
    /// When the search began.
    pub now: Timestamp,
}

/// A condition on candidates, by tags and tokens, each list sorted.
pub enum Condition {
    /// They refer by the parameter to one of the records.
    Links(&'static str, Vec<Tag>),
    /// They have one of the tokens.
    Tokens(Vec<Token>),
}

impl Condition {
    /// As the store takes it.
    pub fn criterion(&self) -> store::Criterion<'_> {
        match self {
            Self::Links(param, targets) => store::Criterion::Links { param, targets },
            Self::Tokens(tokens) => store::Criterion::Tokens(tokens),
        }
    }

    /// Whether a version that is not stored yet will be found by it. Its links and tokens
    /// are sorted too.
    pub fn is_met(&self, new: &store::NewVersion) -> bool {
        match self {
            // The link of a record to itself is made by the store.
            Self::Links(store::ID_PARAM, targets) => has(targets, &new.version.record),
            Self::Links(param, targets) => {
                let mut wanted = targets.iter().map(|target| store::Link {
                    param: Cow::Borrowed(*param),
                    target: *target,
                });
                wanted.any(|link| has(&new.links, &link))
            }
            Self::Tokens(tokens) => share(tokens, &new.tokens),
        }
    }

    fn sorted(mut self) -> Self {
        match &mut self {
            Self::Links(_, targets) => targets.sort_unstable(),
            Self::Tokens(tokens) => tokens.sort_unstable(),
        }
        self
    }
}

impl Criteria {
    /// Reads a query string: what is asked, and how the answer is wanted.
    ///
    /// # Errors
    /// Invalid for a parameter, modifier or value that is not supported; nothing
    /// is ever ignored, unless the caller asked for lenient handling, and no modifier then.
    pub fn parse(
        kind: &ResourceType,
        query: Query<'_>,
        local: &LocalBase,
    ) -> Result<(Self, Page), Failure> {
        let mut criteria = Self {
            text: query.text.to_owned(),
            ..Self::default()
        };
        let mut page = Page::new(query);
        let mut seen = HashSet::new();
        for (name, value) in url::form_urlencoded::parse(query.text.as_bytes()) {
            // All of them must hold: one that stands twice asks no more than once.
            let taken = page.take(&name, &value)?
                || !seen.insert((name.clone(), value.clone()))
                || criteria.take(kind, &name, &value, query, local)?;
            if !taken {
                page.ignore(&name, || unsupported(kind))?;
            }
        }
        criteria.check_size()?;
        Ok((criteria, page))
    }

    /// Takes a parameter if it is a criterion on this type.
    fn take(
        &mut self,
        kind: &ResourceType,
        name: &str,
        value: &str,
        query: Query<'_>,
        local: &LocalBase,
    ) -> Result<bool, Failure> {
        match name {
            "_id" => self.ids.push(ids(value)?),
            "_lastUpdated" => {
                let more = moments(value, query.now)?;
                self.moments = Some(match self.moments.take() {
                    Some(moments) => moments.and(&more),
                    None => more,
                });
            }
            "identifier" if has_param(kind, name) => self.identifiers.push(identifiers(value)?),
            "patient" if has_param(kind, name) => {
                let asked = ReferenceAsked::parse(ReferenceParameter::Patient, value, local)?;
                self.references.push(asked);
            }
            "subject" if has_param(kind, name) => {
                let asked = ReferenceAsked::parse(ReferenceParameter::Subject, value, local)?;
                self.references.push(asked);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// One request must not fill a statement with values.
    fn check_size(&self) -> Result<(), Failure> {
        let count = self.ids.iter().map(Vec::len).sum::<usize>()
            + self.identifiers.iter().map(Vec::len).sum::<usize>()
            + self
                .references
                .iter()
                .map(|it| it.targets.len())
                .sum::<usize>();
        check_values(count)
    }

    /// The query as it was asked; sealed in the cursor of a next link.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// When what is searched for was written, if that is a criterion.
    #[must_use]
    pub const fn moments(&self) -> Option<&Moments> {
        self.moments.as_ref()
    }

    /// The query of the `self` link: what was asked and is in force.
    #[must_use]
    pub fn self_query(&self, kind: &ResourceType, page: &Page) -> String {
        format!("?{}", self.understood(kind, page))
    }

    /// The part of the query that was understood; its text is sealed for the audit.
    #[must_use]
    pub fn understood(&self, kind: &ResourceType, page: &Page) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in url::form_urlencoded::parse(self.text.as_bytes()) {
            let known = ["_id", "_lastUpdated"].contains(&name.as_ref()) || has_param(kind, &name);
            if known {
                query.append_pair(&name, &value);
            }
        }
        page.describe(&mut query);
        query.finish()
    }

    /// How candidates are found: first by the criterion that leaves the fewest.
    #[must_use]
    pub fn conditions(&self, facility: &Facility, kind: &ResourceType) -> Vec<Condition> {
        let tag = |kind: &ResourceType, id: &LogicalId| {
            facility.tags.record_tag(kind.as_str(), id.as_str())
        };
        let ids = self.ids.iter().map(|ids| {
            let tags = ids.iter().map(|id| tag(kind, id)).collect();
            Condition::Links(store::ID_PARAM, tags)
        });
        let identifiers = self.identifiers.iter().map(|asked| {
            let tokens = asked.iter().map(|one| one.token(facility, kind)).collect();
            Condition::Tokens(tokens)
        });
        let references = self.references.iter().map(|asked| {
            let targets = asked
                .targets
                .iter()
                .map(|(kind, id)| tag(kind, id))
                .collect();
            Condition::Links(asked.param.as_str(), targets)
        });
        let all = ids.chain(identifiers).chain(references);
        all.take(CONDITIONS).map(Condition::sorted).collect()
    }

    /// Whether a resource, written then, meets every criterion.
    #[must_use]
    pub fn holds(&self, resource: &Resource, written: Timestamp, local: &LocalBase) -> bool {
        let id_holds = |ids: &Vec<LogicalId>| resource.id().is_some_and(|id| ids.contains(id));
        let identifiers = match self.identifiers.is_empty() {
            true => Vec::new(),
            false => resource.identifiers(),
        };
        let identifiers = Identifiers::of(&identifiers);
        let identifier_holds =
            |asked: &Vec<IdentifierAsked>| asked.iter().any(|one| identifiers.have(one));
        // A record may have very many references, and a search ask for hundreds: those of a
        // parameter are read once.
        let (mut of_patient, mut of_subject) = (None, None);
        let reference_holds = |asked: &ReferenceAsked| {
            let has = match asked.param {
                ReferenceParameter::Patient => &mut of_patient,
                ReferenceParameter::Subject => &mut of_subject,
            };
            let has = has.get_or_insert_with(|| referred_to(resource, asked.param, local));
            asked.targets.iter().any(|target| has.contains(target))
        };
        self.moments
            .as_ref()
            .is_none_or(|moments| moments.contains(written))
            && self.ids.iter().all(id_holds)
            && self.identifiers.iter().all(identifier_holds)
            && self.references.iter().all(reference_holds)
    }
}

/// The records of this facility to which a resource refers by a parameter.
fn referred_to(
    resource: &Resource,
    param: ReferenceParameter,
    local: &LocalBase,
) -> BTreeSet<(ResourceType, LogicalId)> {
    let all = resource.references(param, local).into_iter();
    all.map(|it| (it.resource_type, it.id)).collect()
}

/// Refuses a search that names more values than one statement may be filled with.
///
/// # Errors
/// Too costly.
pub fn check_values(count: usize) -> Result<(), Failure> {
    if count <= VALUES {
        return Ok(());
    }
    Err(Failure::new(
        Category::TooLarge,
        IssueCode::TooCostly,
        format!("the search names more than {VALUES} values; send it in parts"),
    ))
}

/// Reads the value of `_id`.
///
/// # Errors
/// Invalid for what is no id.
pub fn ids(value: &str) -> Result<Vec<LogicalId>, Failure> {
    value
        .split(',')
        .map(|id| {
            id.parse()
                .map_err(|_| bad_value("_id", "an id, or ids with `,`"))
        })
        .collect()
}

/// Reads the value of `_lastUpdated` (<https://hl7.org/fhir/R4/search.html#lastUpdated>).
///
/// # Errors
/// Invalid for what is no date.
pub fn moments(value: &str, now: Timestamp) -> Result<Moments, Failure> {
    let few = value.split(',').count() <= DATES;
    few.then(|| Moments::parse(value, now))
        .flatten()
        .ok_or_else(|| {
            let form = format!(
                "a date such as `2026-11`, `2026-11-22` or `2026-11-22T10:00:00Z`, with one of \
                 eq, ne, gt, lt, ge, le, sa, eb or ap before it, or up to {DATES} of them with `,`"
            );
            bad_value("_lastUpdated", &form)
        })
}

/// Whether the type has the search parameter.
#[must_use]
pub fn has_param(kind: &ResourceType, param: &str) -> bool {
    Definition::of(kind.as_str()).is_some_and(|definition| match param {
        "identifier" => !definition.identifier.is_empty(),
        "patient" => !definition.patient.is_empty(),
        "subject" => !definition.subject.is_empty(),
        _ => false,
    })
}

fn unsupported(kind: &ResourceType) -> Failure {
    let known: Vec<String> = ["identifier", "patient", "subject"]
        .into_iter()
        .filter(|param| has_param(kind, param))
        .map(|param| format!(", `{param}`"))
        .collect();
    Failure::new(
        Category::Invalid,
        IssueCode::NotSupported,
        format!(
            "a search parameter is not supported; on {kind} use `_id`, \
             `_lastUpdated`{}, `_sort`, `_count` and `_total`, or send \
             `Prefer: handling=lenient` to have others ignored",
            known.concat(),
        ),
    )
}

#[cfg(test)]
mod tests;
