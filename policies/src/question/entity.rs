//! Cedar entities in their JSON form
//! (<https://docs.cedarpolicy.com/auth/entities-syntax.html>).
//!
//! The audit keeps exactly this form and a decision is made from exactly this
//! form, so what is recorded is what was judged. Members stand in the order of their
//! names, so that it is canonical JSON as it is written.

use cedar_policy::{Entity, Schema};
use serde::{Deserialize, Serialize};

/// The name of an entity.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, Hash)]
#[serde(deny_unknown_fields)]
pub(crate) struct Uid {
    pub(crate) id: String,
    #[serde(rename = "type")]
    kind: String,
}

impl Uid {
    pub(crate) fn new(kind: &str, id: &str) -> Self {
        Self {
            kind: kind.to_owned(),
            id: id.to_owned(),
        }
    }
}

pub(crate) fn to_cedar(entity: &impl Serialize, schema: &Schema) -> Result<Entity, String> {
    let json = serde_json::to_value(entity).map_err(|error| error.to_string())?;
    Entity::from_json_value(json, Some(schema)).map_err(|error| error.to_string())
}
