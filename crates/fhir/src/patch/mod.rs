//! Patches of a resource (<https://hl7.org/fhir/R4/http.html#patch>): JSON Patch and
//! FHIRPath Patch. Each is applied as a whole or not at all, and numbers keep their text.

mod element_path;
mod fhirpath_patch;
mod json_patch;
mod new_value;
mod pointer;
mod spot;

use crate::{
    IssueCode, Refusal, Resource,
    json::{self, Value},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// The media type of a JSON Patch.
pub const JSON_PATCH: &str = "application/json-patch+json";
/// Operations of one patch: each may move what all others touch.
pub const MAX_OPERATIONS: usize = 1_000;

/// What a patched resource may come to.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// Bytes of its canonical form.
    pub bytes: usize,
    /// Its JSON values.
    pub values: usize,
}

/// A patch that was read, in one of its two forms.
pub struct Patch(Form);

enum Form {
    Json(Vec<json_patch::Operation>),
    FhirPath(Vec<fhirpath_patch::Operation>),
}

/// Puts a JSON Patch into the Binary in which an entry of a Bundle would carry it
/// (<https://hl7.org/fhir/R4/http.html#jsonpatch>).
///
/// # Errors
/// None in practice: what is made here is a resource.
pub fn carried(json_patch: &[u8]) -> Result<Resource, Refusal> {
    Resource::from_value(Value::from([
        ("contentType", JSON_PATCH.into()),
        ("data", STANDARD.encode(json_patch).into()),
        ("resourceType", "Binary".into()),
    ]))
}

impl Patch {
    /// Reads what carries a patch: a Binary with a JSON Patch of at most `most_values` JSON
    /// values, or Parameters with a FHIRPath Patch.
    ///
    /// # Errors
    /// When it is neither; as [`Self::json`] and [`Self::fhirpath`].
    pub fn of(carrier: &Resource, most_values: usize) -> Result<Self, Refusal> {
        match carrier.resource_type().as_str() {
            "Parameters" => Self::fhirpath(carrier),
            "Binary" => {
                let member = |name: &str| carrier.value().get(name).and_then(Value::as_str);
                if member("contentType") != Some(JSON_PATCH) {
                    let text =
                        format!("the `contentType` of a patch in a Binary is `{JSON_PATCH}`");
                    return Err(Refusal::new(IssueCode::Value, text));
                }
                let data = member("data").and_then(|data| STANDARD.decode(data).ok());
                let data = data.ok_or_else(|| {
                    let text = "the `data` of a Binary must be base64";
                    Refusal::new(IssueCode::Value, text)
                })?;
                Self::json(&data, most_values)
            }
            _ => {
                let text = "a patch is sent as Parameters (FHIRPath Patch), or as a JSON Patch";
                Err(Refusal::new(IssueCode::Structure, text))
            }
        }
    }

    /// Reads a JSON Patch (RFC 6902) of at most `most_values` JSON values.
    ///
    /// # Errors
    /// When it is no JSON array, or an operation breaks the form of the RFC.
    fn json(bytes: &[u8], most_values: usize) -> Result<Self, Refusal> {
        let document = json::parse_array(bytes, most_values)?;
        let operations = document.as_array().unwrap_or_default();
        refuse_too_many(operations.len())?;
        let operations = (1..).zip(operations);
        let read = operations.map(|(number, one)| json_patch::Operation::read(number, one));
        read.collect::<Result<_, _>>()
            .map(|all| Self(Form::Json(all)))
    }

    /// Reads a FHIRPath Patch, the `Parameters` of
    /// <https://hl7.org/fhir/R4/fhirpatch.html>.
    ///
    /// # Errors
    /// When an operation lacks a part, has one that is not known, or a path that goes
    /// beyond element names, indexes, `first()`, `last()`, `where()` with equalities,
    /// `ofType()` and `extension()`.
    fn fhirpath(parameters: &Resource) -> Result<Self, Refusal> {
        let operations = parameters.value().get("parameter");
        let operations = operations.and_then(Value::as_array).unwrap_or_default();
        refuse_too_many(operations.len())?;
        let operations = (1..).zip(operations);
        let read = operations.map(|(number, one)| fhirpath_patch::Operation::read(number, one));
        read.collect::<Result<_, _>>()
            .map(|all| Self(Form::FhirPath(all)))
    }

    /// Applies it to a resource. Type and id stay. Empty arrays and objects are taken out:
    /// FHIR has none.
    ///
    /// # Errors
    /// When an operation cannot be carried out, or only with too much work; when a `test`
    /// fails, or what comes out is not this resource or more than there is room for.
    pub fn apply(&self, resource: &Resource, room: Room) -> Result<Resource, Refusal> {
        let mut value = resource.value().clone();
        match &self.0 {
            Form::Json(operations) => json_patch::apply(operations, &mut value, room)?,
            Form::FhirPath(operations) => {
                let mut work = spot::Work::default();
                for operation in operations {
                    operation.apply(&mut value, &mut work)?;
                }
            }
        }
        take_out_empty(&mut value);
        let bytes = value.to_canonical();
        if bytes.len() > room.bytes {
            let most = room.bytes;
            let text = format!("the patched resource would be larger than {most} bytes");
            return Err(Refusal::new(IssueCode::TooLong, text));
        }
        // Reads it as if it had been sent: its depth, type and references.
        let patched = Resource::from_value(json::parse_within(&bytes, room.values)?)?;
        let same = patched.resource_type() == resource.resource_type();
        if !same || patched.id() != resource.id() {
            let text = "a patch must leave `resourceType` and `id` as they are";
            return Err(Refusal::new(IssueCode::BusinessRule, text));
        }
        Ok(patched)
    }
}

fn refuse_too_many(operations: usize) -> Result<(), Refusal> {
    if operations > MAX_OPERATIONS {
        let text = format!("a patch may have {MAX_OPERATIONS} operations; send it in parts");
        return Err(Refusal::new(IssueCode::TooCostly, text));
    }
    Ok(())
}

/// How deep a value nests: 0 without objects and arrays, the outermost one counts.
fn depth(value: &Value) -> usize {
    let inner = match value {
        Value::Array(items) => items.iter().map(depth).max(),
        Value::Object(object) => object.iter().map(|(_, value)| depth(value)).max(),
        _ => return 0,
    };
    inner.unwrap_or(0) + 1
}

/// Whether a value may stand behind so many members and items. What goes through a
/// resource recurses, so that it is asked before the value stands there.
fn fits(way: usize, value: &Value) -> bool {
    way + depth(value) <= json::MAX_DEPTH as usize
}

/// Takes out what is empty, and what becomes so by that.
fn take_out_empty(value: &mut Value) {
    match value {
        Value::Array(items) => {
            items.iter_mut().for_each(take_out_empty);
            items.retain(|item| !is_empty(item));
        }
        Value::Object(object) => {
            for (key, value) in object.iter_mut() {
                take_out_empty_of(key, value);
            }
            object.retain(|key, value| !is_empty(value) && !is_void(key, value));
        }
        _ => {}
    }
}

/// An item of a list for the extensions of primitives becomes `null`: it stands for the
/// primitive of its place.
fn take_out_empty_of(key: &str, value: &mut Value) {
    match value {
        Value::Array(items) if key.starts_with('_') => {
            for item in items {
                take_out_empty(item);
                if is_empty(item) {
                    *item = Value::Null;
                }
            }
        }
        value => take_out_empty(value),
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

/// Whether it is a list for the extensions of primitives without any.
fn is_void(key: &str, value: &Value) -> bool {
    let items = value.as_array().filter(|_| key.starts_with('_'));
    items.is_some_and(|items| items.iter().all(|item| *item == Value::Null))
}

/// What is wrong with one operation, counted from 1.
fn refusal(code: IssueCode, number: usize, text: &str) -> Refusal {
    Refusal::new(code, format!("operation {number} of the patch: {text}"))
}
