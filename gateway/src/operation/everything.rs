//! `$everything` of a patient
//! (<https://hl7.org/fhir/R4/operation-patient-everything.html>): the Patient, the records of
//! its compartment, and what these refer to that is no patient's, such as practitioners,
//! organizations and medications.
//!
//! The Patient must be readable; each other record is decided as in a search, and what is
//! hidden leaves no trace. What is referred to stands on the page of whatever refers to it.

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    http::{body::BodyForm, head::Given, reply::Reply},
    interaction::{
        compartment,
        kinds::{Does, Place, Row, Verb},
        read,
        search::{Links, Sought, included},
    },
    record::version::is_delete,
    search::{
        cursor,
        kept_query::{Kept, QueryText},
        order::Position,
        paging::{self, Page},
        source::Source,
        within::{CompartmentAsked, CompartmentMatches, During},
    },
};
use fhir::{IssueCode, definition::Definition, json::Value};
use index::DateRange;
use model::{LogicalId, ResourceType, Timestamp};
use policies::Action;
use serde::{Deserialize, Serialize};

/// By a query.
pub static BY_QUERY: Row = Row::get(Place::Everything, Does::ShowsEverything, &[], &[]);
/// By Parameters.
pub static BY_PARAMETERS: Row = Row {
    verb: Verb::Post,
    sent_for: &[Action::SearchType],
    body: Some(BodyForm::FhirIfAny),
    ..BY_QUERY
};

/// The parameters of the operation.
const PARAMETERS: [&str; 5] = ["start", "end", "_since", "_type", "_count"];

/// What is asked for.
pub struct Asked {
    page: Page,
    types: Option<Vec<ResourceType>>,
    during: Option<During>,
    since: Option<String>,
    /// What was sent, for the cursor.
    text: String,
    began: Timestamp,
    kept: Option<Kept>,
}

/// What the cursor of one holds.
#[derive(Serialize, Deserialize)]
struct Held {
    query: QueryText,
    began: Timestamp,
    after: Position,
}

/// The parameters of a body as those of a query.
///
/// # Errors
/// Invalid for anything but Parameters of this operation.
pub fn query_of(body: &Value) -> Result<String, Failure> {
    let text =
        |value: &Value, name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
    if text(body, "resourceType").as_deref() != Some("Parameters") {
        return Err(not_supported("the body must be Parameters, or none"));
    }
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for parameter in body
        .get("parameter")
        .and_then(Value::as_array)
        .unwrap_or_default()
    {
        let name = text(parameter, "name").unwrap_or_default();
        let values = [
            "valueDate",
            "valueInstant",
            "valueDateTime",
            "valueCode",
            "valueString",
        ];
        let value = values.iter().find_map(|value| text(parameter, value));
        let number = || match parameter.get("valueInteger")? {
            Value::Number(number) => Some(number.as_str().to_owned()),
            _ => None,
        };
        let Some(value) = value.or_else(number) else {
            return Err(not_supported(
                "a parameter without a value is not supported",
            ));
        };
        query.append_pair(&name, &value);
    }
    Ok(query.finish())
}

impl Asked {
    /// Reads the query, or the one inside the cursor of a next link.
    ///
    /// # Errors
    /// Invalid for what is not read; gone for a cursor that cannot be used any longer.
    pub async fn of(exchange: &Exchange<'_>, path: &str, text: &str) -> Result<Self, Failure> {
        let Some(cursor) = paging::cursor_of(text) else {
            return Self::parse(text, exchange.at);
        };
        let count = paging::beside_cursor(text)?;
        let held: Held = cursor::open(exchange, path, &cursor)?;
        let (text, kept) = held.query.open(exchange).await?;
        let mut asked = Self::parse(&text, held.began)?;
        let page = &mut asked.page;
        page.after = Some(held.after);
        page.count = count.unwrap_or(page.count);
        page.cursor = Some(cursor);
        asked.kept = kept;
        Ok(asked)
    }

    fn parse(text: &str, began: Timestamp) -> Result<Self, Failure> {
        let mut asked = Self {
            page: Page::first(false),
            types: None,
            during: None,
            since: None,
            text: text.to_owned(),
            began,
            kept: None,
        };
        let mut given = Given::default();
        let (mut start, mut end) = (None, None);
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            match name.as_ref() {
                "_type" => asked
                    .types
                    .get_or_insert_default()
                    .extend(read_types(&value)?),
                "_since" => {
                    fhir::first_moment(&value).ok_or_else(|| bad("_since", "an instant"))?;
                    asked.since = Some(value.into_owned());
                    given.take(&name)?;
                }
                "start" | "end" => {
                    let date = DateRange::of_date(&value).ok_or_else(|| bad(&name, "a date"))?;
                    *(if name == "start" {
                        &mut start
                    } else {
                        &mut end
                    }) = Some(date);
                    given.take(&name)?;
                }
                "_count" => {
                    asked.page.count = paging::parse_count(&value, 1)?;
                    given.take(&name)?;
                }
                "_format" | "_pretty" => drop(asked.page.take(&name, &value)?),
                _ => {
                    return Err(not_supported(&format!(
                        "a parameter is not supported; send none but `{}`",
                        PARAMETERS.join("`, `")
                    )));
                }
            }
        }
        if start.is_some() || end.is_some() {
            asked.during = Some(During { start, end });
        }
        Ok(asked)
    }

    fn of_patient(
        &self,
        exchange: &mut Exchange<'_>,
        patient: &LogicalId,
    ) -> Result<CompartmentAsked, Failure> {
        let mut kinds = compartment::kinds()?;
        // Nobody's by R4, and sealed under the patient by its `securityContext`.
        kinds.push("Binary".parse().map_err(Failure::fault)?);
        if let Some(types) = &self.types {
            kinds.retain(|kind| types.contains(kind));
        }
        let since = self.since.iter();
        Ok(CompartmentAsked {
            patient: patient.clone(),
            kinds: compartment::searched(exchange, kinds)?,
            parameters: since
                .map(|since| ("_lastUpdated".to_owned(), format!("ge{since}")))
                .collect(),
            during: self.during,
            sort: self.page.sort(false),
            began: self.began,
        })
    }
}

/// The page of `$everything` that is asked for.
///
/// # Errors
/// Not found when the Patient is absent or hidden, gone when it was deleted; forbidden when the
/// caller may search none of the types; those of a search.
pub async fn everything(
    exchange: &mut Exchange<'_>,
    patient: &LogicalId,
    query: &str,
) -> Result<Reply, Failure> {
    let kind: ResourceType = "Patient".parse().map_err(Failure::fault)?;
    let path = format!("Patient/{patient}/$everything");
    let asked = Asked::of(exchange, &path, query).await?;
    exchange.note_query(format!("{path}?{}", asked.text));
    let looked = exchange.look(&[Action::Read], &kind, patient, None).await?;
    let shown = exchange
        .ask_shown(Action::Read, &kind, patient, looked)
        .await?;
    let Some((entry, found)) = shown else {
        return Err(Failure::not_found());
    };
    exchange.complete(&entry, Some(found.row.number), found.patients);
    if is_delete(&found.row) {
        return Err(read::deleted());
    }
    exchange.context.lane.long_step().await;
    let of_patient = asked.of_patient(exchange, patient)?;
    let matches = CompartmentMatches::of(exchange, &of_patient).await?;
    let mut sought = Sought::new(&kind, None, Source::Compartment(matches));
    let mut listed = sought.list(exchange, &asked.page).await?;
    let wanted = |kind: &ResourceType| {
        let types = asked.types.as_ref();
        !is_of_patients(kind) && types.is_none_or(|types| types.contains(kind))
    };
    included::referred(exchange, &mut sought, &mut listed, &wanted).await?;
    let next = match listed.end {
        Some(after) => Some(next_link(exchange, &asked, &path, after).await?),
        None => None,
    };
    let links = Links {
        url: format!("{}/{path}", exchange.context.base),
        first: format!("?{}", asked.text).trim_end_matches('?').to_owned(),
        next,
    };
    sought.answer(exchange, &asked.page, listed, &links)
}

/// Whether records of a type can be a patient's.
fn is_of_patients(kind: &ResourceType) -> bool {
    let of = |definition: &Definition| !definition.compartment.is_empty();
    kind.as_str() == "Binary" || Definition::of(kind.as_str()).is_none_or(of)
}

async fn next_link(
    exchange: &mut Exchange<'_>,
    asked: &Asked,
    path: &str,
    after: Position,
) -> Result<String, Failure> {
    let held = Held {
        query: QueryText::of(exchange, &asked.text, asked.kept).await?,
        began: asked.began,
        after,
    };
    let sealed = cursor::seal(exchange, path, held)?;
    let query = paging::cursor_query(asked.page.count, &sealed);
    Ok(format!("{}/{path}{query}", exchange.context.base))
}

fn read_types(value: &str) -> Result<Vec<ResourceType>, Failure> {
    let one = |name: &str| {
        let known = Definition::of(name).filter(|own| own.name != "AuditEvent");
        let known = known.ok_or_else(|| {
            bad(
                "_type",
                "types of records with `,` between them; AuditEvents are searched by themselves",
            )
        })?;
        known.name.parse().map_err(Failure::fault)
    };
    value.split(',').map(one).collect()
}

fn bad(name: &str, form: &str) -> Failure {
    let text = format!("the value of `{name}` must be {form}");
    Failure::new(Category::Invalid, IssueCode::Value, text)
}

fn not_supported(text: &str) -> Failure {
    Failure::new(Category::Invalid, IssueCode::NotSupported, text.to_owned())
}
