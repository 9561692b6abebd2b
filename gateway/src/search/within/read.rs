//! Values and modifiers as they are written (<https://hl7.org/fhir/R4/search.html#ptypes>).

use super::wanted::{Asked, Wanted};
use crate::{
    failure::{Category, Failure},
    search::{
        parameter::{Reading, reference::RecordName},
        value::{bad_value, check_values},
    },
};
use cards::Known;
use fhir::{
    IssueCode, LocalReference,
    definition::{Kind, ParameterKind, Targets, r4},
};
use index::{
    CodeCriterion, Criterion, DateCriterion, NumberCriterion, OfType, QuantityCriterion,
    TextCriterion, TextMode, UriCriterion, UriMode, split_escaped, unescaped,
};
use model::{LogicalId, ResourceType};
use std::sync::LazyLock;

/// Combinations of the parts of one composite value at most.
const MAX_COMBINATIONS: usize = 200;

/// Reads an occurrence of a parameter.
///
/// # Errors
/// Invalid for a modifier or value that is not read.
pub(super) fn wanted(
    known: &Known,
    modifier: Option<&str>,
    value: &str,
    reading: Reading<'_>,
) -> Result<Wanted, Failure> {
    let (code, kind) = (known.parameter.code, known.parameter.kind);
    if modifier == Some("missing") {
        return match value {
            "true" => Ok(Wanted::Missing(true)),
            "false" => Ok(Wanted::Missing(false)),
            _ => Err(bad_value(&format!("{code}:missing"), "`true` or `false`")),
        };
    }
    let mut all = Vec::new();
    for one in split_escaped(value, ',') {
        let read = match modifier {
            None => plain(known, kind, one, reading),
            Some(modifier) => modified(kind, modifier, one, reading)
                .ok_or_else(|| bad_modifier(code, modifier))?,
        };
        let read = read.filter(|read| !one.is_empty() && !read.is_empty());
        all.extend(read.ok_or_else(|| bad_value(code, form(kind)))?);
        // One value may mean a record of each type.
        check_values(all.len())?;
    }
    Ok(match modifier {
        Some("not") => Wanted::NotAny(all),
        _ => Wanted::Any(all),
    })
}

/// The alternatives that one value means.
type Alternatives = Option<Vec<Asked>>;

fn one(criterion: Option<Criterion>) -> Alternatives {
    Some(vec![Asked::Criterion(criterion?)])
}

fn plain(known: &Known, kind: ParameterKind, text: &str, reading: Reading<'_>) -> Alternatives {
    match kind {
        ParameterKind::Date => one(DateCriterion::parse(text).map(Criterion::Date)),
        ParameterKind::Number => one(NumberCriterion::parse(text).map(Criterion::Number)),
        ParameterKind::Quantity => one(QuantityCriterion::parse(text).map(Criterion::Quantity)),
        ParameterKind::Token => one(CodeCriterion::parse(text).map(Criterion::Code)),
        ParameterKind::String => string(TextMode::Starts, text),
        ParameterKind::Uri => uri(UriMode::Exact, text),
        ParameterKind::Reference => reference(targets(known), text, reading),
        ParameterKind::Composite => composite(known, text, reading),
        ParameterKind::Special => None,
    }
}

/// `None` for a modifier that the kind does not have here.
fn modified(
    kind: ParameterKind,
    modifier: &str,
    text: &str,
    reading: Reading<'_>,
) -> Option<Alternatives> {
    Some(match (kind, modifier) {
        (ParameterKind::String, "exact") => string(TextMode::Exact, text),
        (ParameterKind::String, "contains") => string(TextMode::Contains, text),
        (ParameterKind::Token, "not") => one(CodeCriterion::parse(text).map(Criterion::Code)),
        (ParameterKind::Token, "of-type") => one(OfType::parse(text).map(Criterion::OfType)),
        (ParameterKind::Uri, "above") => uri(UriMode::Above, text),
        (ParameterKind::Uri, "below") => uri(UriMode::Below, text),
        (ParameterKind::Reference, "identifier") => {
            one(CodeCriterion::parse(text).map(Criterion::Code))
        }
        (ParameterKind::Reference, name) => {
            r4().resource(name)?;
            of_type(name, text, reading)
        }
        _ => return None,
    })
}

fn string(mode: TextMode, text: &str) -> Alternatives {
    one(Some(Criterion::Text(TextCriterion::new(
        mode,
        &unescaped(text),
    ))))
}

fn uri(mode: UriMode, text: &str) -> Alternatives {
    let text = unescaped(text);
    one(Some(Criterion::Uri(UriCriterion { mode, text })))
}

/// The types that an id alone may be of. R4 lets `patient` lead to a Group on some types, and
/// finds none by it.
fn targets(known: &Known) -> &Targets {
    static PATIENT: LazyLock<Targets> =
        LazyLock::new(|| Targets::Only(r4().resource("Patient").into_iter().collect()));
    match known.parameter.code {
        "patient" => &PATIENT,
        _ => &known.parameter.targets,
    }
}

/// `id`, `Type/id`, a URL of this facility, or another URI
/// (<https://hl7.org/fhir/R4/search.html#reference>).
fn reference(targets: &Targets, text: &str, reading: Reading<'_>) -> Alternatives {
    let text = unescaped(text);
    if let Ok(id) = text.parse::<LogicalId>() {
        return Some(of_types(targets, &id));
    }
    match LocalReference::parse(&text, reading.local) {
        // A canonical of this server is a URL of one of its records too.
        Some(record) if text.contains("://") => {
            let canonical = uri(UriMode::Exact, &text)?;
            Some([vec![Asked::Record(record.into())], canonical].concat())
        }
        Some(record) => Some(vec![Asked::Record(record.into())]),
        None if text.contains(':') => uri(UriMode::Exact, &text),
        None => None,
    }
}

/// An id alone may be that of a record of each type to which the parameter leads.
fn of_types(targets: &Targets, id: &LogicalId) -> Vec<Asked> {
    let names: Vec<&str> = match targets {
        Targets::Only(types) => types.iter().map(|one| r4().get(*one).name).collect(),
        Targets::Any => {
            let all = r4().types().filter(|(_, own)| own.kind == Kind::Resource);
            all.map(|(_, own)| own.name).collect()
        }
    };
    let kinds = names.iter().filter_map(|name| name.parse().ok());
    let record = |kind: ResourceType| {
        Asked::Record(RecordName {
            kind,
            id: id.clone(),
        })
    };
    kinds.map(record).collect()
}

/// `subject:Patient=..`
fn of_type(name: &str, text: &str, reading: Reading<'_>) -> Alternatives {
    let kind: ResourceType = name.parse().ok()?;
    let record = match text.parse::<LogicalId>() {
        Ok(id) => RecordName { kind, id },
        Err(_) => {
            let record: RecordName = LocalReference::parse(text, reading.local)?.into();
            (record.kind == kind).then_some(record)?
        }
    };
    Some(vec![Asked::Record(record)])
}

/// The values of the components with `$` between them; each may mean several.
fn composite(known: &Known, text: &str, reading: Reading<'_>) -> Alternatives {
    let texts = split_escaped(text, '$');
    if texts.len() != known.components.len() {
        return None;
    }
    let mut combinations: Vec<Vec<Asked>> = vec![Vec::new()];
    for (kind, text) in known.components.iter().zip(texts) {
        let parts = match kind {
            _ if text.is_empty() => return None,
            // The targets of a component are those of its own parameter.
            ParameterKind::Reference => reference(&Targets::Any, text, reading)?,
            kind => plain(known, *kind, text, reading)?,
        };
        let with = |before: &Vec<Asked>| {
            let before = before.clone();
            parts.iter().map(move |part| {
                let mut all = before.clone();
                all.push(part.clone());
                all
            })
        };
        combinations = combinations
            .iter()
            .flat_map(|before| with(before).collect::<Vec<_>>())
            .collect();
        if combinations.len() > MAX_COMBINATIONS {
            return None;
        }
    }
    Some(combinations.into_iter().map(Asked::Parts).collect())
}

const fn form(kind: ParameterKind) -> &'static str {
    match kind {
        ParameterKind::Date => {
            "a date such as `2026-11`, `2026-11-22` or `2026-11-22T10:00:00Z`, with one of eq, ne, \
             gt, lt, ge, le, sa, eb or ap before it"
        }
        ParameterKind::Number => {
            "a number, with one of eq, ne, gt, lt, ge, le, sa, eb or ap before it"
        }
        ParameterKind::Quantity => {
            "a number, with one of eq, ne, gt, lt, ge, le, sa, eb or ap before it, alone or as \
             `number|system|code` or `number||unit`"
        }
        ParameterKind::Token => "`code`, `system|code`, `|code` or `system|`",
        ParameterKind::String => "a text",
        ParameterKind::Uri => "a URI",
        ParameterKind::Reference => "`id`, `Type/id` or a URL",
        ParameterKind::Composite => "a value for each component, with `$` between them",
        ParameterKind::Special => "one that is supported",
    }
}

fn bad_modifier(code: &str, modifier: &str) -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::NotSupported,
        format!(
            "`{code}` does not take the modifier `{modifier}` here; leave it out: it is not \
             ignored, because the search would mean something else without it"
        ),
    )
}
