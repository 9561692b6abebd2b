//! References by criteria, such as `Patient?identifier=..`, in the resources of a transaction
//! (<https://hl7.org/fhir/R4/http.html#trules>): listed, so that a search finds what they name,
//! and rewritten. Those inside of a Bundle that is content are none of the transaction.

use super::Entry;
use crate::{
    Refusal,
    definition::{Content, Definition},
    links::walk::Visitor,
    path::Path,
};
use std::collections::HashMap;

/// A reference by criteria.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CriteriaReference {
    /// As it stands there.
    pub text: String,
    /// The type before the `?`.
    pub resource_type: &'static str,
    /// Where it stands.
    pub element: String,
}

impl CriteriaReference {
    fn read(text: &str, path: &Path) -> Option<Self> {
        let (name, _) = text.split_once('?')?;
        Some(Self {
            text: text.to_owned(),
            resource_type: Definition::of(name)?.name,
            element: path.to_string(),
        })
    }
}

struct List(Vec<CriteriaReference>);

impl Visitor for List {
    fn text(&mut self, content: Content, text: &mut String, path: &Path) -> Result<(), Refusal> {
        if content == Content::Reference {
            self.0.extend(CriteriaReference::read(text, path));
        }
        Ok(())
    }

    fn enters(&self, definition: &Definition) -> bool {
        definition.name != "Bundle"
    }
}

struct Resolve<'r>(&'r HashMap<String, String>);

impl Visitor for Resolve<'_> {
    fn text(&mut self, content: Content, text: &mut String, _: &Path) -> Result<(), Refusal> {
        let record = self.0.get(text).filter(|_| content == Content::Reference);
        if let Some(record) = record {
            text.clone_from(record);
        }
        Ok(())
    }

    fn enters(&self, definition: &Definition) -> bool {
        definition.name != "Bundle"
    }
}

impl Entry {
    /// The references by criteria of its resource.
    ///
    /// # Errors
    /// As [`crate::Resource::from_value`].
    pub fn criteria_references(&mut self) -> Result<Vec<CriteriaReference>, Refusal> {
        let mut list = List(Vec::new());
        self.visit(&mut list)?;
        Ok(list.0)
    }

    /// Puts the records that were found in the place of references by criteria.
    ///
    /// # Errors
    /// For one that was not found.
    pub fn resolve(&mut self, records: &HashMap<String, String>) -> Result<(), Refusal> {
        self.visit(&mut Resolve(records))?;
        self.refuse_conditional_references()
    }

    fn visit(&mut self, visitor: &mut impl Visitor) -> Result<(), Refusal> {
        let root = Path::Root("Bundle");
        let entries = root.name("entry");
        match &mut self.resource {
            Some(resource) => resource.visit(&entries.index(self.index).name("resource"), visitor),
            None => Ok(()),
        }
    }
}
