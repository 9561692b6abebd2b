//! search of a patient's compartment: `GET [base]/Patient/[id]/[type]?..` and
//! `GET [base]/Patient/[id]/*?..`, and both posted to `_search`
//! (<https://hl7.org/fhir/R4/http.html#vsearch>,
//! <https://hl7.org/fhir/R4/compartmentdefinition-patient.html>).
//!
//! Of one type all parameters are read as within a patient. Of all types those are that every
//! resource has; AuditEvents, which have a search of their own, are not among them.

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    http::{head::Given, reply::Reply},
    interaction::{
        kinds::{Does, Place, Row, Verb},
        search::{
            self, Links, Sought,
            included::{self, Beside},
        },
    },
    search::{
        cursor,
        kept_query::{Kept, QueryText},
        order::Position,
        paging::{self, Page},
        query::{Search, include::Includes},
        source::Source,
        within::{CompartmentAsked, CompartmentMatches},
    },
};
use fhir::{IssueCode, definition::Definition};
use model::{LogicalId, ResourceType, Restful, Timestamp};
use policies::{Action, Target};
use serde::{Deserialize, Serialize};

/// How a compartment is searched by a query.
pub static BY_QUERY: Row = Row::get(
    Place::Compartment,
    Does::SearchesCompartment,
    &[Restful::SearchType],
    &[],
);
/// The same by a form.
pub static BY_FORM: Row = Row {
    place: Place::CompartmentForm,
    verb: Verb::Post,
    ..BY_QUERY
};

/// Parameters that every type has, and cards answer.
const OF_ALL: [&str; 6] = [
    "_id",
    "_lastUpdated",
    "_profile",
    "_security",
    "_source",
    "_tag",
];

/// The records of a type in the compartment of a patient.
///
/// # Errors
/// As [`search::search`]; not supported for a type that is in no patient's compartment.
pub async fn of_type(
    exchange: &mut Exchange<'_>,
    patient: &LogicalId,
    kind: &ResourceType,
    query: &str,
    lenient: bool,
) -> Result<Reply, Failure> {
    refuse_dots(patient)?;
    let definition = Definition::of(kind.as_str());
    if definition.is_none_or(|definition| definition.compartment.is_empty()) {
        let text = "records of this type are in no patient's compartment; search the type itself";
        return Err(unsupported(text.to_owned()));
    }
    let asked = Search::of_compartment(exchange, patient, kind, query, lenient).await?;
    search::search(exchange, &asked).await
}

/// The records of all types in the compartment of a patient.
///
/// # Errors
/// As [`search::search`]; forbidden when the caller may search none of the types.
pub async fn of_all(
    exchange: &mut Exchange<'_>,
    patient: &LogicalId,
    query: &str,
    lenient: bool,
) -> Result<Reply, Failure> {
    refuse_dots(patient)?;
    let path = format!("Patient/{patient}/*");
    let search = AllTypes::of_request(exchange, &path, query, lenient).await?;
    let understood = search.understood();
    exchange.note_query(format!("{path}?{understood}"));
    let asked = CompartmentAsked {
        patient: patient.clone(),
        kinds: searched(exchange, search.kinds()?)?,
        parameters: search.parameters.clone(),
        during: None,
        sort: search.page.sort(false),
        began: search.began,
    };
    if search.page.is_long() {
        exchange.context.lane.long_step().await;
    }
    let matches = CompartmentMatches::of(exchange, &asked).await?;
    let patient_type = "Patient".parse().map_err(Failure::fault)?;
    let mut sought = Sought::new(&patient_type, None, Source::Compartment(matches));
    let mut listed = sought.list(exchange, &search.page).await?;
    if !search.includes.is_empty() {
        let beside = Beside {
            includes: &search.includes,
            patient: Some(patient),
        };
        included::beside(exchange, &mut sought, &mut listed, &beside).await?;
    }
    let next = match listed.end {
        Some(after) => Some(search.next_link(exchange, &path, after).await?),
        None => None,
    };
    let links = Links {
        url: format!("{}/{path}", exchange.context.base),
        first: format!("?{understood}"),
        next,
    };
    sought.answer(exchange, &search.page, listed, &links)
}

/// A client that resolves a segment of dots would ask for something else.
fn refuse_dots(patient: &LogicalId) -> Result<(), Failure> {
    if fhir::is_dots(patient) {
        return Err(Failure::not_found());
    }
    Ok(())
}

/// Those of the types that the caller may search.
///
/// # Errors
/// Forbidden when there is none.
pub(crate) fn searched(
    exchange: &mut Exchange<'_>,
    kinds: Vec<ResourceType>,
) -> Result<Vec<ResourceType>, Failure> {
    let mut may = Vec::new();
    let mut refused = None;
    for kind in kinds {
        let all = Target::all(exchange.facility().name.clone(), kind.clone());
        if exchange.may_list(&all) {
            may.push((kind, all));
        } else {
            refused.get_or_insert(all);
        }
    }
    // One decision stands for the search; each record has its own.
    let first = may.first().map(|(_, all)| all.clone()).or(refused);
    if let Some(all) = first {
        exchange.require(Action::SearchType, &all)?;
    }
    Ok(may.into_iter().map(|(kind, _)| kind).collect())
}

/// The types of R4's patient compartment that are stored, in alphabetical order.
///
/// # Errors
/// Never, as long as their names are those of types.
pub(crate) fn kinds() -> Result<Vec<ResourceType>, Failure> {
    let all = fhir::tables::RESOURCES.iter();
    let members = all.filter(|own| !own.compartment.is_empty() && own.name != "AuditEvent");
    let names = members.map(|own| own.name.parse().map_err(Failure::fault));
    names.collect()
}

/// A search of all types.
struct AllTypes {
    page: Page,
    /// What is to stand beside the matches.
    includes: Includes,
    /// Those that were named.
    types: Option<Vec<ResourceType>>,
    parameters: Vec<(String, String)>,
    text: String,
    lenient: bool,
    began: Timestamp,
    kept: Option<Kept>,
}

/// What the cursor of one holds.
#[derive(Serialize, Deserialize)]
struct Held {
    query: QueryText,
    lenient: bool,
    began: Timestamp,
    after: Position,
}

impl AllTypes {
    async fn of_request(
        exchange: &Exchange<'_>,
        path: &str,
        text: &str,
        lenient: bool,
    ) -> Result<Self, Failure> {
        let cursor = paging::cursor_of(text);
        let Some(cursor) = cursor else {
            return Self::parse(text, lenient, exchange.at);
        };
        let count = paging::beside_cursor(text)?;
        let held: Held = cursor::open(exchange, path, &cursor)?;
        let (text, kept) = held.query.open(exchange).await?;
        let mut search = Self::parse(&text, held.lenient, held.began)?;
        let page = &mut search.page;
        page.after = Some(held.after);
        page.count = count.unwrap_or(page.count);
        page.cursor = Some(cursor);
        search.kept = kept;
        Ok(search)
    }

    fn parse(text: &str, lenient: bool, began: Timestamp) -> Result<Self, Failure> {
        let mut page = Page::first(lenient);
        let (mut types, mut parameters) = (None, Vec::new());
        let (mut given, mut includes) = (Given::default(), Includes::default());
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            // An id has no modifiers.
            let code = match name.split_once(':') {
                Some((code, _)) if code != "_id" => code,
                _ => &*name,
            };
            if includes.take(&name, &value)? || page.take(&name, &value)? {
                continue;
            }
            if name == "_type" {
                given.take(&name)?;
                types = Some(read_types(&value)?);
            } else if OF_ALL.contains(&code) {
                parameters.push((name.into_owned(), value.into_owned()));
            } else {
                page.ignore(&name, not_of_all)?;
            }
        }
        page.part
            .settle(&"Resource".parse().map_err(Failure::fault)?)?;
        Ok(Self {
            page,
            includes,
            types,
            parameters,
            text: text.to_owned(),
            lenient,
            began,
            kept: None,
        })
    }

    fn kinds(&self) -> Result<Vec<ResourceType>, Failure> {
        self.types.clone().map_or_else(kinds, Ok)
    }

    fn understood(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if let Some(types) = &self.types {
            let names: Vec<&str> = types.iter().map(ResourceType::as_str).collect();
            query.append_pair("_type", &names.join(","));
        }
        for (name, value) in &self.parameters {
            query.append_pair(name, value);
        }
        self.includes.describe(&mut query);
        self.page.describe(&mut query);
        query.finish()
    }

    async fn next_link(
        &self,
        exchange: &mut Exchange<'_>,
        path: &str,
        after: Position,
    ) -> Result<String, Failure> {
        let held = Held {
            query: QueryText::of(exchange, &self.text, self.kept).await?,
            lenient: self.lenient,
            began: self.began,
            after,
        };
        let sealed = cursor::seal(exchange, path, held)?;
        let query = paging::cursor_query(self.page.count, &sealed);
        Ok(format!("{}/{path}{query}", exchange.context.base))
    }
}

/// Reads `_type`: types of the compartment.
///
/// # Errors
/// Invalid for anything else.
pub(crate) fn read_types(value: &str) -> Result<Vec<ResourceType>, Failure> {
    let known = kinds()?;
    let mut types: Vec<ResourceType> = Vec::new();
    for name in value.split(',') {
        let kind = known.iter().find(|kind| kind.as_str() == name);
        let kind = kind.ok_or_else(|| {
            Failure::new(
                Category::Invalid,
                IssueCode::Value,
                "the value of `_type` must be types of records in a patient's compartment, with \
                 `,` between them; AuditEvents are searched by themselves",
            )
        })?;
        if !types.contains(kind) {
            types.push(kind.clone());
        }
    }
    Ok(types)
}

fn not_of_all() -> Failure {
    unsupported(format!(
        "a search parameter is not supported; on all types of a compartment use `_type`, `{}`, \
         `_sort` by `_lastUpdated`, `_count` and `_total`, or search one type",
        OF_ALL.join("`, `")
    ))
}

fn unsupported(text: String) -> Failure {
    Failure::new(Category::Invalid, IssueCode::NotSupported, text)
}
