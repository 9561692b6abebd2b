//! The criteria of a conditional interaction, read as a search that shows nothing. What says
//! how an answer is wanted is refused, and so is what nothing here knows: criteria that were
//! left out would choose another record.

use crate::{
    exchange::Exchange,
    failure::{Category, Failure},
    http::precondition::CriteriaText,
    search::{parameter, query::Search, within},
};
use fhir::IssueCode;
use model::{ResourceType, Tag};

/// Matches that are looked for: of several it is enough to know that there are.
pub(super) const SEVERAL: u32 = 2;

/// Parameters that say how the matches of a search are wanted
/// (<https://hl7.org/fhir/R4/search.html#return>).
const RESULT: [&str; 13] = [
    "_contained",
    "_containedType",
    "_count",
    "_cursor",
    "_elements",
    "_format",
    "_include",
    "_pretty",
    "_revinclude",
    "_score",
    "_sort",
    "_summary",
    "_total",
];

/// Criteria on the records of a type.
pub(super) struct Criteria {
    pub(super) search: Search,
    /// The same however they were ordered and spelt; each once.
    pub(super) text: String,
}

impl Criteria {
    /// Reads them.
    ///
    /// # Errors
    /// Invalid, by their name, when there are none, or for one that is not read.
    pub(super) fn of(
        exchange: &Exchange<'_>,
        kind: &ResourceType,
        sent: &CriteriaText,
    ) -> Result<Self, Failure> {
        Self::read(exchange, kind, sent.on(kind.as_str())).map_err(|failure| sent.refuse(failure))
    }

    fn read(exchange: &Exchange<'_>, kind: &ResourceType, sent: &str) -> Result<Self, Failure> {
        let given = url::form_urlencoded::parse(sent.as_bytes());
        let mut pairs: Vec<(String, String)> = given.into_owned().collect();
        pairs.sort_unstable();
        pairs.dedup();
        for (name, _) in &pairs {
            check_name(kind, name)?;
        }
        if pairs.is_empty() {
            return Err(invalid(
                IssueCode::Required,
                "there are none, which would mean every record; send a query such as \
                 `identifier=system|value`",
            ));
        }
        let mut text = url::form_urlencoded::Serializer::new(String::new());
        text.extend_pairs(&pairs);
        let text = text.finish();
        let search = Search::of_criteria(exchange, kind, (&text, SEVERAL))?;
        Ok(Self { search, text })
    }

    /// Names them without telling them.
    pub(super) fn tag(&self, exchange: &Exchange<'_>) -> Tag {
        let kind = self.search.criteria.kind().as_str();
        exchange.facility().tags.criteria_tag(kind, &self.text)
    }
}

fn check_name(kind: &ResourceType, name: &str) -> Result<(), Failure> {
    let code = name.split([':', '.']).next().unwrap_or_default();
    if RESULT.contains(&code) {
        let text = format!("`{code}` says how an answer is wanted and chooses no record");
        return Err(invalid(IssueCode::NotSupported, text));
    }
    let mut read = parameter::of_type(kind.as_str());
    if read.any(|parameter| parameter.name() == code) || within::knows(kind, code) {
        return Ok(());
    }
    let text = format!("a parameter is none that {kind} is searched by; nothing is left out");
    Err(invalid(IssueCode::NotSupported, text))
}

fn invalid(code: IssueCode, text: impl Into<String>) -> Failure {
    Failure::new(Category::Invalid, code, text)
}
