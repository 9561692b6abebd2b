//! HL7's definitions, as far as the data file is made from them.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;
use std::{fs, path::Path};

/// A Bundle of definitions.
#[derive(Deserialize)]
pub struct Definitions<T> {
    pub entry: Vec<Entry<T>>,
}

#[derive(Deserialize)]
pub struct Entry<T> {
    pub resource: T,
}

/// A StructureDefinition, or the CompartmentDefinition that stands among them.
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
    pub name: Option<Value>,
    pub base_definition: Option<String>,
    pub derivation: Option<String>,
    pub snapshot: Option<Snapshot>,
    /// Of a CompartmentDefinition: `Patient`, `Encounter`, ..
    pub code: Option<Value>,
    /// Of a CompartmentDefinition: the types in it.
    pub resource: Option<Value>,
}

#[derive(Deserialize)]
pub struct Snapshot {
    pub element: Vec<ElementDefinition>,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct ElementDefinition {
    pub path: String,
    #[serde(default)]
    pub min: u32,
    pub max: Option<String>,
    pub content_reference: Option<String>,
    #[serde(rename = "type", default)]
    pub types: Vec<ElementType>,
    #[serde(default)]
    pub is_summary: bool,
    #[serde(default)]
    pub is_modifier: bool,
    pub binding: Option<Binding>,
    #[serde(default)]
    pub constraint: Vec<Constraint>,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct ElementType {
    pub code: String,
    #[serde(default)]
    pub target_profile: Vec<String>,
}

#[derive(Deserialize, Clone)]
#[serde(rename_all = "camelCase")]
pub struct Binding {
    pub strength: String,
    pub value_set: Option<String>,
}

#[derive(Deserialize, Clone)]
pub struct Constraint {
    pub key: String,
    pub severity: String,
    pub human: String,
    pub expression: Option<String>,
}

#[derive(Deserialize)]
pub struct SearchParameter {
    pub url: String,
    pub code: String,
    pub base: Vec<String>,
    #[serde(rename = "type")]
    pub kind: String,
    pub expression: Option<String>,
    #[serde(default)]
    pub target: Vec<String>,
    #[serde(default)]
    pub component: Vec<Component>,
}

#[derive(Deserialize)]
pub struct Component {
    pub definition: String,
    pub expression: String,
}

/// A ValueSet or a CodeSystem.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terminology {
    pub resource_type: String,
    pub url: Option<String>,
    pub content: Option<String>,
    #[serde(default)]
    pub concept: Vec<Concept>,
    pub compose: Option<Compose>,
}

#[derive(Deserialize)]
pub struct Concept {
    pub code: String,
    #[serde(default)]
    pub concept: Vec<Concept>,
}

#[derive(Deserialize)]
pub struct Compose {
    #[serde(default)]
    pub include: Vec<Include>,
    #[serde(default)]
    pub exclude: Vec<Include>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Include {
    pub system: Option<String>,
    #[serde(default)]
    pub concept: Vec<Concept>,
    #[serde(default)]
    pub filter: Vec<Value>,
    #[serde(default)]
    pub value_set: Vec<String>,
}

/// A file of the package.
pub fn read<T: DeserializeOwned>(folder: &Path, name: &str) -> Result<Vec<T>, String> {
    let bytes = fs::read(folder.join(name)).map_err(|e| format!("cannot read `{name}`: {e}"))?;
    let bundle: Definitions<T> =
        serde_json::from_slice(&bytes).map_err(|e| format!("cannot understand `{name}`: {e}"))?;
    Ok(bundle.entry.into_iter().map(|one| one.resource).collect())
}

/// The last part of a canonical URL: the name of the type it defines.
pub fn last_part(url: &str) -> &str {
    let url = url.split('|').next().unwrap_or(url);
    url.rsplit('/').next().unwrap_or(url)
}
