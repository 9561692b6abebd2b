//! Which part of a resource an answer is to have: `_summary` and `_elements`, on reads and
//! searches (<https://hl7.org/fhir/R4/search.html#summary>). The stored bytes stay what they
//! are, and so does the ETag, which is weak and that of the version.

use crate::{
    failure::{Category, Failure},
    http::{head::Given, negotiation},
};
use fhir::{IssueCode, json, subset::Subset};
use model::ResourceType;
use url::form_urlencoded::Serializer;

/// The part that is asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    summary: Option<&'static str>,
    elements: Option<String>,
    subset: Option<Subset>,
}

impl Asked {
    /// Reads the query of a read, which has nothing else but the form of the answer.
    ///
    /// # Errors
    /// Invalid for another parameter or value, and for what is given twice.
    pub fn of_read(query: &str, kind: &ResourceType) -> Result<Self, Failure> {
        let (mut asked, mut given) = (Self::default(), Given::default());
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "_format" => negotiation::check_format(&value)?,
                "_pretty" => {}
                "_elements" => asked.take_elements(&value),
                "_summary" => asked.take_summary(&value)?,
                _ => {
                    return Err(Failure::new(
                        Category::Invalid,
                        IssueCode::NotSupported,
                        "a parameter is not supported; on a read use `_summary`, `_elements` and \
                         `_format`",
                    ));
                }
            }
            given.take(&name)?;
        }
        asked.settle(kind)?;
        Ok(asked)
    }

    /// Takes the value of `_elements`.
    pub fn take_elements(&mut self, value: &str) {
        self.elements = Some(value.to_owned());
    }

    /// Takes a value of `_summary` other than `count`.
    ///
    /// # Errors
    /// Invalid for what is none.
    pub fn take_summary(&mut self, value: &str) -> Result<(), Failure> {
        let known = ["true", "text", "data", "false"];
        let known = known.into_iter().find(|known| *known == value);
        let known = known.ok_or_else(|| {
            Failure::new(
                Category::Invalid,
                IssueCode::Value,
                "the value of `_summary` must be `true`, `text`, `data` or `false`, or on a \
                 search `count`",
            )
        })?;
        self.summary = Some(known).filter(|known| *known != "false");
        Ok(())
    }

    /// Settles which part of resources of a type it is.
    ///
    /// # Errors
    /// Invalid for an element that they do not have, and for elements of a summary.
    pub fn settle(&mut self, kind: &ResourceType) -> Result<(), Failure> {
        self.subset = match (self.summary, &self.elements) {
            (None, None) => None,
            (Some("true"), None) => Some(Subset::Summary),
            (Some("text"), None) => Some(Subset::Text),
            (Some(_), None) => Some(Subset::Data),
            (None, Some(list)) => Some(Subset::elements(kind.as_str(), list).ok_or_else(|| {
                Failure::new(
                    Category::Invalid,
                    IssueCode::Value,
                    format!(
                        "the value of `_elements` must be names of elements of {kind}, such as \
                         `id,meta`, without those inside them and without the type of a choice"
                    ),
                )
            })?),
            (Some(_), Some(_)) => {
                return Err(Failure::new(
                    Category::Invalid,
                    IssueCode::Invalid,
                    "`_summary` and `_elements` exclude each other; send one of them",
                ));
            }
        };
        Ok(())
    }

    /// Adds what is in force to the query of the `self` link.
    pub fn describe(&self, query: &mut Serializer<'_, String>) {
        if let Some(summary) = self.summary {
            query.append_pair("_summary", summary);
        }
        if let Some(elements) = &self.elements {
            query.append_pair("_elements", elements);
        }
    }

    /// The part of a resource, as canonical bytes; `None` when the whole is asked for.
    ///
    /// # Errors
    /// When it is no resource.
    pub fn part_of(&self, resource: &[u8]) -> Result<Option<Vec<u8>>, Failure> {
        let Some(subset) = &self.subset else {
            return Ok(None);
        };
        let resource = json::parse(resource).map_err(Failure::fault)?;
        Ok(Some(subset.of(resource).to_canonical()))
    }
}
