//! HL7's definitions, as far as the tables are made from them.

use serde::{Deserialize, de::DeserializeOwned};
use std::{fs, path::Path};

#[derive(Deserialize)]
pub struct Definitions<T> {
    pub entry: Vec<Entry<T>>,
}

#[derive(Deserialize)]
pub struct Entry<T> {
    pub resource: T,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Structure {
    pub resource_type: String,
    pub version: Option<String>,
    pub kind: Option<String>,
    #[serde(rename = "abstract")]
    pub is_abstract: Option<bool>,
    // Other kinds of definition have a boolean `type`.
    #[serde(rename = "type")]
    pub name: Option<serde_json::Value>,
    pub derivation: Option<String>,
    pub snapshot: Option<Snapshot>,
}

#[derive(Deserialize)]
pub struct Snapshot {
    pub element: Vec<ElementDefinition>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ElementDefinition {
    pub path: String,
    pub content_reference: Option<String>,
    #[serde(rename = "type", default)]
    pub types: Vec<ElementType>,
}

#[derive(Deserialize)]
pub struct ElementType {
    pub code: String,
}

#[derive(Deserialize)]
pub struct SearchParameter {
    pub code: String,
    pub base: Vec<String>,
    pub expression: Option<String>,
}

#[derive(Deserialize)]
pub struct Compartment {
    pub resource: Vec<CompartmentType>,
}

#[derive(Deserialize)]
pub struct CompartmentType {
    pub code: String,
    #[serde(default)]
    pub param: Vec<String>,
}

impl Compartment {
    /// The parameters by which a type belongs to the compartment.
    pub fn of(&self, name: &str) -> Result<&[String], String> {
        match self.resource.iter().find(|one| one.code == name) {
            Some(own) => Ok(&own.param),
            // Is never stored, and is not listed.
            None if name == "Parameters" => Ok(&[]),
            None => Err(format!("the compartment definition lacks `{name}`")),
        }
    }
}

/// A file of the package.
pub fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<T, String> {
    let bytes = fs::read(folder.join(name)).map_err(|e| format!("cannot read `{name}`: {e}"))?;
    serde_json::from_slice(&bytes).map_err(|e| format!("cannot understand `{name}`: {e}"))
}
