//! What stands beside the matches of a page because they refer to it, or it to them
//! (<https://hl7.org/fhir/R4/search.html#include>).
//!
//! Each record is opened and decided over as a match is; what is absent or hidden is left out
//! without a trace. A page has all that may be seen of it, or is refused.

use super::{Listed, Opening, Sought, open_shown};
use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    record::version::Candidate,
    search::{
        paging::BYTES_PER_PAGE,
        query::{
            Search,
            include::{Include, Includes},
        },
        source::Source,
        within::hits,
    },
};
use fhir::{IssueCode, LocalReference, Resource, json::Value};
use model::{LogicalId, ResourceType, Tag};
use policies::Target;
use std::collections::{BTreeMap, HashSet};

/// Records beside the matches of one page.
pub(crate) const MAX_INCLUDED: usize = 1_000;
/// Records read at a time.
const TOGETHER: usize = 200;

/// Records that are wanted, by type.
pub(crate) type Wanted = BTreeMap<ResourceType, Vec<Tag>>;

/// Adds what the matches refer to directly, wherever they do, of the types that are wanted.
///
/// # Errors
/// Too costly when it is too much for one page.
pub(crate) async fn referred(
    exchange: &mut Exchange<'_>,
    sought: &mut Sought<'_>,
    listed: &mut Listed,
    wanted: &dyn Fn(&ResourceType) -> bool,
) -> Result<(), Failure> {
    let mut seen: HashSet<Tag> = listed.matches.iter().map(record).collect();
    let mut found = Wanted::new();
    for candidate in &listed.matches {
        let Some(resource) = read(candidate) else {
            continue;
        };
        each_reference(resource.value(), &mut |text| {
            let named = LocalReference::parse(text, &exchange.context.local);
            let named = named.filter(|named| wanted(&named.resource_type));
            if let Some(named) = named {
                let tag = exchange.tag(&named.resource_type, &named.id);
                if seen.insert(tag) {
                    found.entry(named.resource_type).or_default().push(tag);
                }
            }
        });
    }
    listed.included = fetch(exchange, sought, found, MAX_INCLUDED).await?;
    Ok(())
}

/// Reads records and decides over each; at most so many are asked for.
pub(super) async fn fetch(
    exchange: &mut Exchange<'_>,
    sought: &mut Sought<'_>,
    wanted: Wanted,
    most: usize,
) -> Result<Vec<Candidate>, Failure> {
    if wanted.values().map(Vec::len).sum::<usize>() > most {
        return Err(too_many());
    }
    let (mut shown, mut bytes) = (Vec::new(), 0_usize);
    for (kind, tags) in wanted {
        let all = Target::all(exchange.facility().name.clone(), kind.clone());
        if !exchange.may_list(&all) {
            continue;
        }
        for some in tags.chunks(TOGETHER) {
            let mut found = hits(exchange, &kind, some.iter().copied()).await?;
            for tag in some {
                if bytes > BYTES_PER_PAGE {
                    return Err(too_many());
                }
                let Some(hit) = found.remove(tag) else {
                    continue;
                };
                match open_shown(exchange, &kind, hit).await? {
                    Opening::Shown(shown_now) => {
                        let (asked, found) = *shown_now;
                        let mut candidate = found.examine(asked)?;
                        drop(candidate.version.take(|version| version.resource.take()));
                        bytes = bytes.saturating_add(size(&candidate));
                        shown.push(candidate);
                    }
                    Opening::Hidden => {}
                    Opening::Damaged => sought.damaged = sought.damaged.saturating_add(1),
                }
            }
        }
    }
    Ok(shown)
}

fn size(candidate: &Candidate) -> usize {
    candidate.version.look(|version| version.content.len())
}

/// The tag of the record of a candidate.
pub(super) fn record(candidate: &Candidate) -> Tag {
    candidate.version.look(|version| version.row.record)
}

/// The resource of a candidate.
pub(super) fn read(candidate: &Candidate) -> Option<Resource> {
    let parse = |content: &[u8]| Resource::parse(content).ok();
    candidate.version.look(|version| parse(&version.content))
}

fn each_reference(value: &Value, found: &mut dyn FnMut(&str)) {
    if let Some(list) = value.as_array() {
        list.iter().for_each(|one| each_reference(one, found));
    } else if let Some(object) = value.as_object() {
        for (name, member) in object.iter() {
            match member.as_str() {
                Some(text) if name == "reference" => found(text),
                Some(_) => {}
                None => each_reference(member, found),
            }
        }
    }
}

pub(super) fn too_many() -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::TooCostly,
        format!(
            "more than {MAX_INCLUDED} records, or {BYTES_PER_PAGE} bytes, would stand beside the \
             matches of the page; ask for fewer matches by `_count`, or for less to be included"
        ),
    )
}

/// A record to which `_include` and `_revinclude` are applied.
struct Around {
    kind: ResourceType,
    resource: Resource,
}

/// What a search is asked to show beside its matches.
pub(crate) struct Beside<'a> {
    pub(crate) includes: &'a Includes,
    /// The patient that the search is within.
    pub(crate) patient: Option<&'a LogicalId>,
}

/// Adds what the search asks for beside its matches, each record once.
///
/// # Errors
/// Too costly when it is too much for one page, or cannot be found within the bounds of a
/// search.
pub(crate) async fn beside(
    exchange: &mut Exchange<'_>,
    sought: &mut Sought<'_>,
    listed: &mut Listed,
    asked: &Beside<'_>,
) -> Result<(), Failure> {
    let mut seen: HashSet<Tag> = listed.matches.iter().map(record).collect();
    let mut round: Vec<Around> = listed.matches.iter().filter_map(Around::of).collect();
    let mut is_first = true;
    while !round.is_empty() {
        let applies = |include: &&Include| is_first || include.iterates;
        let mut wanted = Wanted::new();
        for include in asked.includes.forward.iter().filter(applies) {
            for around in &round {
                for named in include.referred(&around.resource, &exchange.context.local) {
                    let tag = exchange.tag(&named.resource_type, &named.id);
                    if seen.insert(tag) {
                        wanted.entry(named.resource_type).or_default().push(tag);
                    }
                }
            }
        }
        let left = MAX_INCLUDED.saturating_sub(listed.included.len());
        let mut found = fetch(exchange, sought, wanted, left).await?;
        for include in asked.includes.reverse.iter().filter(applies) {
            for one in referring(exchange, sought, include, &round, asked.patient).await? {
                if seen.insert(record(&one)) {
                    found.push(one);
                }
            }
        }
        let bytes: usize = (listed.included.iter().chain(&found)).map(size).sum();
        if found.len() > left || bytes > BYTES_PER_PAGE {
            return Err(too_many());
        }
        round = found.iter().filter_map(Around::of).collect();
        listed.included.append(&mut found);
        is_first = false;
    }
    Ok(())
}

impl Around {
    fn of(candidate: &Candidate) -> Option<Self> {
        let resource = read(candidate)?;
        Some(Self {
            kind: resource.resource_type().clone(),
            resource,
        })
    }
}

/// The records that refer to some of these.
async fn referring(
    exchange: &mut Exchange<'_>,
    sought: &mut Sought<'_>,
    include: &Include,
    round: &[Around],
    patient: Option<&LogicalId>,
) -> Result<Vec<Candidate>, Failure> {
    let Some(source) = include.source() else {
        return Ok(Vec::new());
    };
    let all = Target::all(exchange.facility().name.clone(), source.clone());
    if !exchange.may_list(&all) {
        return Ok(Vec::new());
    }
    let mut by_code: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for around in round {
        let Some(id) = around.resource.id() else {
            continue;
        };
        for code in include.codes(&around.kind) {
            let names = by_code.entry(code).or_default();
            names.push(format!("{}/{id}", around.kind));
        }
    }
    let mut found = Vec::new();
    for (code, names) in by_code {
        for some in names.chunks(TOGETHER) {
            let within = within(code, some, patient);
            let search = Search::referring(exchange, source, code, some, within)?;
            let candidates = Source::of(exchange, &search).await;
            let candidates = candidates.map_err(|failure| hinted(code, &search, failure))?;
            let mut referring = Sought::new(source, Some(&search.criteria), candidates);
            let listed = referring.list(exchange, &search.page).await?;
            sought.damaged = sought.damaged.saturating_add(referring.damaged);
            if listed.end.is_some() {
                return Err(too_many());
            }
            found.extend(listed.matches);
            if found.len() > MAX_INCLUDED {
                return Err(too_many());
            }
        }
    }
    Ok(found)
}

/// The patient whose records are looked through, with those of no single patient: that of the
/// search, or the one that is referred to itself. `None` where all records of the type are.
fn within(code: &str, names: &[String], patient: Option<&LogicalId>) -> Option<LogicalId> {
    // Links of these two are stored, and found whoever the patient is.
    if matches!(code, "patient" | "subject") {
        return None;
    }
    match (patient, names) {
        (Some(patient), _) => Some(patient.clone()),
        (None, [name]) => name.strip_prefix("Patient/")?.parse().ok(),
        (None, _) => None,
    }
}

/// Says what would narrow a search that would compare all records of its type.
fn hinted(code: &str, search: &Search, failure: Failure) -> Failure {
    let is_bounded =
        failure.category == Category::Unprocessable && failure.code == IssueCode::TooCostly;
    if !is_bounded || search.within.patient().is_some() {
        return failure;
    }
    Failure::new(
        failure.category,
        failure.code,
        format!(
            "`_revinclude` by `{code}` would compare all records of the type that refers one by \
             one, and these are too many; name one patient, as `patient=<id>`, or search the \
             compartment, as `Patient/<id>/<type>`"
        ),
    )
}
