//! Preconditions of a request or of an entry of a Bundle
//! (<https://www.rfc-editor.org/rfc/rfc9110#section-13>,
//! <https://hl7.org/fhir/R4/http.html#concurrency>): each is honoured, or the request
//! is refused by the name of the header. A read drops what RFC 9110 says to ignore: a date
//! that cannot be read, dates and `If-Range` where there is no time of a change.
//!
//! An ETag here is the number of a version, and weak and strong tags compare alike, as
//! R4 has it. A tag matches the newest version, that of a delete too, which answered
//! with it; `*` matches what is not deleted. Two rules are stricter than RFC 9110: a change
//! is refused for what cannot be read, and a time cannot hold on a record that is not there.

mod criteria;
mod newest;
mod since;

pub use crate::http::freshness::Freshness;
pub use criteria::CriteriaText;
pub use newest::Newest;

use crate::{
    failure::{Category, Failure},
    http::entity_tags::EntityTags,
};
use actix_web::{HttpRequest, http::Method};
use fhir::{IssueCode, bundle};
use since::Since;

const IF_MATCH: &str = "if-match";
const IF_NONE_MATCH: &str = "if-none-match";
const IF_MODIFIED_SINCE: &str = "if-modified-since";
const IF_UNMODIFIED_SINCE: &str = "if-unmodified-since";
const IF_NONE_EXIST: &str = "if-none-exist";
const IF_RANGE: &str = "if-range";
/// Every header that makes a request conditional, and how a text names it.
const ALL: [(&str, &str); 6] = [
    (IF_MATCH, "If-Match"),
    (IF_NONE_MATCH, "If-None-Match"),
    (IF_MODIFIED_SINCE, "If-Modified-Since"),
    (IF_UNMODIFIED_SINCE, "If-Unmodified-Since"),
    (IF_NONE_EXIST, "If-None-Exist"),
    (IF_RANGE, "If-Range"),
];

/// What a read ignores that has nothing to hold it against (RFC 9110, 13.1.3 to 13.1.5).
const OF_TIME: [&str; 3] = [IF_MODIFIED_SINCE, IF_UNMODIFIED_SINCE, IF_RANGE];

/// What must hold of a record before it is read or changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preconditions {
    if_match: Option<EntityTags>,
    if_none_match: Option<EntityTags>,
    if_modified_since: Option<Since>,
    if_unmodified_since: Option<Since>,
    if_none_exist: Option<CriteriaText>,
}

impl Preconditions {
    /// Those of a request to a record: read, vread, update or delete.
    ///
    /// # Errors
    /// Invalid for a header that cannot be read, or has no meaning for the method.
    pub fn of_request(request: &HttpRequest) -> Result<Self, Failure> {
        let reads = is_read(request);
        let refused: &[&str] = if reads {
            // Parts are not offered, so that all of it is the answer whatever
            // `If-Range` says (RFC 9110, 14.2).
            &[IF_NONE_EXIST]
        } else {
            &[IF_NONE_EXIST, IF_RANGE, IF_MODIFIED_SINCE]
        };
        refuse(request, refused)?;
        let date = |name| -> Result<Option<Since>, Failure> {
            let read = match text(request, name) {
                Ok(None) => return Ok(None),
                Ok(Some(text)) => Since::of_header(&text).ok_or_else(|| no_time(spelling(name))),
                Err(failure) => Err(failure),
            };
            match read {
                Err(_) if reads => Ok(None),
                read => read.map(Some),
            }
        };
        Ok(Self {
            if_match: tags(request, IF_MATCH)?,
            if_none_match: none_of(request)?,
            if_modified_since: date(IF_MODIFIED_SINCE)?,
            if_unmodified_since: date(IF_UNMODIFIED_SINCE)?,
            if_none_exist: None,
        })
    }

    /// Those of a create: `If-None-Exist`.
    ///
    /// # Errors
    /// Invalid for another one, or when it cannot be read.
    pub fn of_create(request: &HttpRequest) -> Result<Self, Failure> {
        refuse_all_but(request, &[IF_NONE_EXIST])?;
        Ok(Self {
            if_none_exist: CriteriaText::of_header(request)?,
            ..Self::default()
        })
    }

    /// The same of a record that is to be new.
    #[must_use]
    pub fn of_new(&self) -> Self {
        Self {
            if_none_match: Some(EntityTags::Any),
            ..self.clone()
        }
    }

    /// What must not be there for a record to be created.
    #[must_use]
    pub const fn if_none_exist(&self) -> Option<&CriteriaText> {
        self.if_none_exist.as_ref()
    }

    /// Those of an entry that reads, updates or deletes a record
    /// (<https://hl7.org/fhir/R4/bundle-definitions.html#Bundle.entry.request.ifNoneMatch>).
    ///
    /// # Errors
    /// Invalid, naming the element, for a member that cannot be read or has no meaning
    /// for the entry.
    pub fn of_entry(entry: &bundle::Entry) -> Result<Self, Failure> {
        let reads = matches!(entry.method, bundle::Method::Get | bundle::Method::Head);
        let one = matches!(
            entry.url,
            bundle::EntryUrl::Instance { .. } | bundle::EntryUrl::Version { .. }
        ) || entry.method.changes();
        let at = |member: &str| format!("Bundle.entry[{}].request.{member}", entry.index);
        let offered = |given: bool, member: &str, offered: bool| {
            if given && !offered {
                Err(not_offered(member).at(at(member)))
            } else {
                Ok(())
            }
        };
        offered(entry.if_match.is_some(), "ifMatch", one)?;
        offered(entry.if_none_match.is_some(), "ifNoneMatch", one)?;
        let since = entry.if_modified_since.as_deref();
        offered(since.is_some(), "ifModifiedSince", one && reads)?;
        let creates = entry.method == bundle::Method::Post;
        offered(entry.if_none_exist.is_some(), "ifNoneExist", creates)?;
        let if_none_exist = entry.if_none_exist.as_deref();
        let if_none_exist = if_none_exist
            .map(|text| CriteriaText::of_entry(text, "ifNoneExist", at("ifNoneExist")));
        let tags = |text: &Option<String>, member: &'static str| {
            let read = text.as_deref().map(|text| EntityTags::read(text, member));
            read.transpose().map_err(|failure| failure.at(at(member)))
        };
        let moment = |text| {
            let moment = Since::of_instant(text);
            moment.ok_or_else(|| no_time("ifModifiedSince").at(at("ifModifiedSince")))
        };
        Ok(Self {
            if_match: tags(&entry.if_match, "ifMatch")?,
            if_none_match: tags(&entry.if_none_match, "ifNoneMatch")?,
            if_modified_since: since.map(moment).transpose()?,
            if_unmodified_since: None,
            if_none_exist: if_none_exist.transpose()?,
        })
    }

    /// Refuses every precondition, at a path where none has a meaning; a read ignores times.
    ///
    /// # Errors
    /// Invalid, with the name of the header.
    pub fn refuse(request: &HttpRequest) -> Result<(), Failure> {
        refuse_all_but(request, &[])
    }

    /// What a read of a document is to answer that is no record and goes by this tag:
    /// of the preconditions it may have `If-None-Match`.
    ///
    /// # Errors
    /// Invalid for another one, or when it cannot be read.
    pub fn of_document(request: &HttpRequest, tag: &str) -> Result<Freshness, Failure> {
        refuse_all_but(request, &[IF_NONE_MATCH])?;
        Ok(match none_of(request)? {
            Some(tags) if tags.include_tag(tag) => Freshness::NotModified,
            _ => Freshness::Changed,
        })
    }

    /// Whether a record may be changed, of which this is the newest version. To be
    /// asked when policy permits the change: until then the answer must not depend on
    /// what is there.
    ///
    /// # Errors
    /// Precondition failed.
    pub fn check_change(&self, newest: Option<&Newest>) -> Result<(), Failure> {
        let current = newest.filter(|newest| !newest.is_delete);
        self.check_holds(current.is_some(), newest)?;
        let met =
            |tags: &EntityTags| current.is_some_and(|version| tags.include(version.mark.number));
        if self.if_none_match.as_ref().is_some_and(met) {
            return Err(failed(
                "the record is there already, which `If-None-Match` rules out",
            ));
        }
        Ok(())
    }

    /// What a read of this version is to answer. To be asked when policy permits it.
    ///
    /// # Errors
    /// Precondition failed.
    pub fn check_read(&self, version: &Newest) -> Result<Freshness, Failure> {
        self.check_holds(true, Some(version))?;
        // RFC 9110, 13.2.2: the time counts when no tag is given.
        let known = match (&self.if_none_match, self.if_modified_since) {
            (Some(tags), _) => tags.include(version.mark.number),
            (None, Some(since)) => since.covers(version),
            (None, None) => false,
        };
        Ok(if known {
            Freshness::NotModified
        } else {
            Freshness::Changed
        })
    }

    /// Whether any of it is a time.
    #[must_use]
    pub const fn rest_on_time(&self) -> bool {
        self.if_modified_since.is_some() || self.if_unmodified_since.is_some()
    }

    fn check_holds(&self, stands: bool, newest: Option<&Newest>) -> Result<(), Failure> {
        let is_among =
            |tags: &EntityTags| newest.is_some_and(|version| tags.include(version.mark.number));
        match (&self.if_match, self.if_unmodified_since) {
            (Some(EntityTags::Any), _) if !stands => Err(failed(
                "there is no record, which `If-Match: *` asks for; create it first",
            )),
            (Some(tags), _) if !is_among(tags) => Err(failed(
                "the record is not at the version of `If-Match`; read it again and retry",
            )),
            (None, Some(since)) if !newest.is_some_and(|newest| since.covers(newest)) => {
                Err(failed(
                    "the record was written after the time of `If-Unmodified-Since`, or twice \
                     in its second, or is not there; read it again and retry with `If-Match`",
                ))
            }
            _ => Ok(()),
        }
    }
}

/// The tags of a header.
fn tags(request: &HttpRequest, name: &'static str) -> Result<Option<EntityTags>, Failure> {
    let text = text(request, name)?;
    let tags = text.map(|text| EntityTags::read(&text, spelling(name)));
    tags.transpose()
}

/// `If-None-Match`. A read goes on with what cannot be read: it is the tag of nothing here,
/// and keeps a date from counting all the same.
fn none_of(request: &HttpRequest) -> Result<Option<EntityTags>, Failure> {
    match tags(request, IF_NONE_MATCH) {
        Err(_) if is_read(request) => Ok(Some(EntityTags::These(Vec::new()))),
        tags => tags,
    }
}

fn is_read(request: &HttpRequest) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
}

/// The lines of a header as one list.
fn text(request: &HttpRequest, name: &'static str) -> Result<Option<String>, Failure> {
    let mut lines = Vec::new();
    for line in request.headers().get_all(name) {
        lines.push(line.to_str().map_err(|_| {
            let text = format!("`{}` must be ASCII text", spelling(name));
            Failure::new(Category::Invalid, IssueCode::Value, text)
        })?);
    }
    Ok((!lines.is_empty()).then(|| lines.join(", ")))
}

/// The preconditions of a request as they were sent, but for `If-Match`: two requests
/// that differ in them are not the same.
#[must_use]
pub fn others(request: &HttpRequest) -> String {
    let mut sent = String::new();
    for (name, _) in ALL.iter().filter(|(name, _)| *name != IF_MATCH) {
        for line in request.headers().get_all(*name) {
            let text = String::from_utf8_lossy(line.as_bytes());
            sent.extend([name, ":", &*text, "\n"]);
        }
    }
    sent
}

/// Every line of `If-Match`, as one list.
#[must_use]
pub fn if_match(request: &HttpRequest) -> String {
    text(request, IF_MATCH).ok().flatten().unwrap_or_default()
}

fn refuse_all_but(request: &HttpRequest, read: &[&str]) -> Result<(), Failure> {
    let ignored = |name: &str| is_read(request) && OF_TIME.contains(&name);
    let mut names = ALL.iter().map(|(name, _)| *name);
    names.try_for_each(|name| {
        if read.contains(&name) || ignored(name) {
            Ok(())
        } else {
            refuse(request, &[name])
        }
    })
}

fn refuse(request: &HttpRequest, names: &[&str]) -> Result<(), Failure> {
    match names
        .iter()
        .find(|name| request.headers().contains_key(**name))
    {
        None => Ok(()),
        Some(name) => Err(not_offered(spelling(name))),
    }
}

fn spelling(name: &str) -> &'static str {
    let known = ALL.iter().find(|(lower, _)| *lower == name);
    known.map_or("a precondition", |(_, spelling)| spelling)
}

fn not_offered(name: &str) -> Failure {
    let text = format!("`{name}` is not supported here; send the request without it");
    Failure::new(Category::Invalid, IssueCode::NotSupported, text)
}

fn no_time(name: &str) -> Failure {
    let text = format!("the value of `{name}` must be a date in its one form");
    Failure::new(Category::Invalid, IssueCode::Value, text)
}

fn failed(text: &str) -> Failure {
    Failure::new(Category::PreconditionFailed, IssueCode::Conflict, text)
}
