//! From a permitted resource to the rows of its new version: scope, envelope, leaf, links,
//! tokens and card. Nothing is stored here; the exchange commits it.

mod draft;

use crate::{
    exchange::{Exchange, asked::Asked, facts},
    failure::{Category, Failure},
    http::reply::VersionMark,
    record::{
        index_card::made::Ended,
        security_context::SecurityContext,
        version::{Found, patients_of},
        write::draft::Draft,
    },
    search::{
        index::IndexValues,
        parameter::{NewRecord, index_values},
    },
};
use fhir::{IssueCode, Resource, audit_event::AuditPatient};
use model::{LogicalId, ResourceType, Scope, Tag, Timestamp, VersionInteraction, VersionNumber};
use policies::Target;
use std::collections::BTreeSet;

/// References and tokens by which one record is found at most: each is a row, and one
/// record is one commit, for which others wait on SQLite.
const FOUND_BY: usize = 30_000;

/// A resource with its identity set, on its way to a new version.
pub struct NewContent<'r> {
    /// The record.
    pub id: LogicalId,
    /// Its version.
    pub version: VersionNumber,
    /// When that was made.
    pub time: Timestamp,
    /// The resource as it was sent.
    pub resource: &'r Resource,
    /// Its exact bytes.
    pub canonical: Vec<u8>,
    /// The patients that it names.
    pub patients: Vec<AuditPatient>,
    /// Those that the version before named: from their records it may be taken.
    pub left: Vec<AuditPatient>,
    /// How that version was sealed.
    pub ended: Option<Ended>,
    /// The record by whose rules it goes, for a Binary that names one.
    pub context: Option<SecurityContext>,
}

impl<'r> NewContent<'r> {
    /// Gives a resource the identity of a record that is made now.
    #[must_use]
    pub fn first(
        exchange: &Exchange<'_>,
        resource: &'r Resource,
        id: LogicalId,
        context: Option<SecurityContext>,
    ) -> Self {
        let mark = VersionMark {
            number: VersionNumber::FIRST,
            time: exchange.at,
        };
        Self::of_version(exchange, resource, id, mark, context)
    }

    /// Gives a resource the identity that it has as this version.
    #[must_use]
    pub fn of_version(
        exchange: &Exchange<'_>,
        resource: &'r Resource,
        id: LogicalId,
        mark: VersionMark,
        context: Option<SecurityContext>,
    ) -> Self {
        let canonical = resource.canonical_as(&id, mark.number, mark.time);
        let kind = resource.resource_type();
        let patients = match &context {
            Some(context) => context.patients.clone(),
            // Whatever id it was sent with, it is about the record that it becomes.
            None if kind.as_str() == "Patient" => vec![AuditPatient {
                tag: exchange.tag(kind, &id),
                id: id.clone(),
            }],
            None => patients_of(exchange.facility(), &exchange.context.local, resource),
        };
        Self {
            id,
            version: mark.number,
            time: mark.time,
            resource,
            canonical,
            patients,
            left: Vec::new(),
            ended: None,
            context,
        }
    }

    /// Whom its write concerns.
    fn concerned(&self) -> Vec<AuditPatient> {
        let named: BTreeSet<Tag> = self.patients.iter().map(|patient| patient.tag).collect();
        let left = self
            .left
            .iter()
            .filter(|patient| !named.contains(&patient.tag));
        self.patients.iter().chain(left).cloned().collect()
    }

    /// What a decision about it is asked over: the patients that it names now, or
    /// those of its context.
    #[must_use]
    pub fn target(&self, exchange: &Exchange<'_>) -> Target {
        let kind = self.resource.resource_type();
        let patients = match &self.context {
            Some(context) => context.tags.clone(),
            None => self.patients.iter().map(|patient| patient.tag).collect(),
        };
        let facts = facts::of_record(&exchange.facility().name, kind, patients);
        facts.of_record(exchange.tag(kind, &self.id))
    }
}

impl Exchange<'_> {
    /// The URL of a new version (<https://hl7.org/fhir/R4/http.html#create>).
    #[must_use]
    pub fn location(&self, kind: &ResourceType, id: &LogicalId, mark: VersionMark) -> String {
        let base = &self.context.base;
        format!("{base}/{kind}/{id}/_history/{}", mark.number)
    }
}

/// What a new version is sealed by and found by.
struct Checked {
    scope: Scope,
    subject: Option<Tag>,
    found_by: IndexValues,
}

/// Tries a new version of a record that was permitted; its entry in the audit names whom it
/// concerns, and no version.
///
/// # Errors
/// Those of [`put`], but for sealing.
pub(crate) fn try_out(
    exchange: &mut Exchange<'_>,
    asked: &Asked,
    target: &Target,
    new: &NewContent<'_>,
) -> Result<(), Failure> {
    check(exchange, asked, target, new)?;
    exchange.complete(asked, None, new.concerned());
    Ok(())
}

fn check(
    exchange: &mut Exchange<'_>,
    asked: &Asked,
    target: &Target,
    new: &NewContent<'_>,
) -> Result<Checked, Failure> {
    asked.check_write(target)?;
    exchange.require_store()?;
    let kind = new.resource.resource_type();
    if let Err(failure) = exchange.require_patients(kind, &new.patients) {
        exchange.name_some(asked, new.patients.clone());
        return Err(failure);
    }
    let scope = scope_of(new, exchange.tag(kind, &new.id), &target.patients);
    let subject = match scope {
        Scope::Patient(patient) => Some(patient),
        _ => None,
    };
    let record = NewRecord {
        resource: new.resource,
        local: &exchange.context.local,
        subject,
    };
    let found_by = index_values(exchange.facility(), &record);
    if found_by.links.len().saturating_add(found_by.tokens.len()) > FOUND_BY {
        exchange.name_some(asked, new.patients.clone());
        return Err(found_by_too_much(kind));
    }
    Ok(Checked {
        scope,
        subject,
        found_by,
    })
}

/// Seals a new version of a record that was permitted.
///
/// # Errors
/// When the right was given for something else, too many patients are named, or sealing
/// fails.
pub(crate) async fn put(
    exchange: &mut Exchange<'_>,
    asked: &Asked,
    target: &Target,
    interaction: VersionInteraction,
    new: &NewContent<'_>,
) -> Result<VersionMark, Failure> {
    let Checked {
        scope,
        subject,
        found_by: IndexValues { links, tokens },
    } = check(exchange, asked, target, new)?;
    let kind = new.resource.resource_type();
    let record = exchange.tag(kind, &new.id);
    let mark = VersionMark {
        number: new.version,
        time: new.time,
    };
    let (key, made) = exchange.facility().keys.find_or_make(scope).await?;
    if made {
        exchange.count_made_key();
    }
    let draft = Draft {
        kind,
        id: &new.id,
        record,
        mark,
        interaction,
        subject,
        key,
        content: &new.canonical,
        links,
        tokens,
    };
    exchange
        .write_card(draft.carded(), Some(new.resource), new.ended)
        .await?;
    draft.seal(exchange, asked, new.concerned())?;
    Ok(mark)
}

fn found_by_too_much(kind: &ResourceType) -> Failure {
    let text = format!(
        "the record has more than {FOUND_BY} identifiers and references by which it would be \
         found, an identifier counted up to three times; write several records"
    );
    Failure::new(Category::Unprocessable, IssueCode::BusinessRule, text).at(kind.to_string())
}

/// Seals the delete of a record that was permitted: no content, under the key of the version that
/// it ends and keeping its subject (docs/storage-format.md).
///
/// # Errors
/// When the right was given for something else, or sealing fails.
pub(crate) async fn delete(
    exchange: &mut Exchange<'_>,
    asked: &Asked,
    target: &Target,
    id: &LogicalId,
    ended: Found,
) -> Result<VersionMark, Failure> {
    asked.check_write(target)?;
    exchange.require_store()?;
    let Found { row, patients, .. } = ended;
    let ended = &*row;
    let mark = next_version(exchange, ended)?;
    let draft = Draft {
        kind: &ended.resource_type,
        id,
        record: ended.record,
        mark,
        interaction: VersionInteraction::Delete,
        subject: ended.subject,
        key: exchange.facility().keys.by_id(ended.data_key).await?,
        content: &[],
        links: Vec::new(),
        tokens: Vec::new(),
    };
    exchange
        .write_card(draft.carded(), None, Some(Ended::of(ended)))
        .await?;
    draft.seal(exchange, asked, patients)?;
    Ok(mark)
}

/// The version after this one. It is never of an earlier time, whatever became of the
/// clock or what another gateway shows: who asks for what is new must not miss it.
///
/// # Errors
/// When the record has had all the versions that there are.
pub fn next_version(
    exchange: &Exchange<'_>,
    current: &store::Version,
) -> Result<VersionMark, Failure> {
    let number = current.number.next().ok_or_else(|| {
        Failure::new(
            Category::Unprocessable,
            IssueCode::BusinessRule,
            "the record has no version numbers left; create a new one",
        )
    })?;
    Ok(VersionMark {
        number,
        time: exchange.at.max(current.time),
    })
}

/// Which scope seals a version (docs/storage-format.md, "Keys").
const fn scope_of(new: &NewContent<'_>, record: Tag, patients: &[Tag]) -> Scope {
    match (&new.context, patients) {
        (Some(context), _) => context.scope,
        (None, []) => Scope::Facility,
        (None, [patient]) => Scope::Patient(*patient),
        (None, _) => Scope::Record(record),
    }
}
