//! Goes through a resource along the definition tables and shows each literal
//! reference, URI and narrative to a visitor.
//!
//! What the tables do not know is passed over. An array is taken item by item
//! wherever it stands, so that an element written with the wrong cardinality
//! still names the patient it names.

use crate::{
    IssueCode, Refusal,
    definition::{self, Content, Definition, TypeId, r4},
    json::Value,
    path::Path,
};

/// Sees the text of one element; the content is never a shape or a resource.
pub(crate) trait Visitor {
    /// Sees, and may change, the text.
    fn text(&mut self, content: Content, text: &mut String, path: &Path) -> Result<(), Refusal>;

    /// Whether to go into a resource of this type.
    fn enters(&self, _definition: &Definition) -> bool {
        true
    }
}

/// The type of a resource.
///
/// # Errors
/// When it is no object, or its `resourceType` is missing or not of R4.
pub(crate) fn type_of(value: &Value, path: &Path) -> Result<&'static Definition, Refusal> {
    let object = value.as_object().ok_or_else(|| {
        Refusal::at(
            IssueCode::Structure,
            "a resource must be a JSON object",
            path,
        )
    })?;
    let path = path.name("resourceType");
    let name = object
        .get("resourceType")
        .and_then(Value::as_str)
        .ok_or_else(|| {
            let text = "a resource must have a resourceType, such as `Patient`";
            Refusal::at(IssueCode::Required, text, &path)
        })?;
    Definition::of(name).ok_or_else(|| {
        let text = "unknown `resourceType`; FHIR R4 (4.0.1) names are case-sensitive";
        Refusal::at(IssueCode::Value, text, &path)
    })
}

/// Goes through a resource.
///
/// # Errors
/// What the visitor refuses; a Reference that is no object or whose `reference`
/// is no string; a nested resource of no known type.
pub(crate) fn resource(
    value: &mut Value,
    path: &Path,
    visitor: &mut impl Visitor,
) -> Result<(), Refusal> {
    let definition = type_of(value, path)?;
    if visitor.enters(definition) {
        members(value, definition.shape, path, visitor)?;
    }
    Ok(())
}

fn members(
    value: &mut Value,
    shape: TypeId,
    path: &Path,
    visitor: &mut impl Visitor,
) -> Result<(), Refusal> {
    let Some(object) = value.as_object_mut() else {
        return Ok(());
    };
    for (name, value) in object.iter_mut() {
        if name.starts_with('_') {
            // The extensions of a primitive; its name is input, so the path
            // stays where it is.
            content(value, Content::Shape(r4().element_type()), path, visitor)?;
        } else if let Some((name, kind)) = definition::element(shape, name) {
            content(value, kind, &path.name(name), visitor)?;
        }
    }
    Ok(())
}

fn content(
    value: &mut Value,
    kind: Content,
    path: &Path,
    visitor: &mut impl Visitor,
) -> Result<(), Refusal> {
    match (kind, value) {
        (_, Value::Array(items)) => {
            for (index, item) in items.iter_mut().enumerate() {
                content(item, kind, &path.index(index), visitor)?;
            }
            Ok(())
        }
        (Content::Resource, value) => resource(value, path, visitor),
        (Content::Shape(shape), value @ Value::Object(_)) => members(value, shape, path, visitor),
        (Content::Shape(shape), _) if shape == r4().reference() => {
            let text = "a Reference must be a JSON object";
            Err(Refusal::at(IssueCode::Structure, text, path))
        }
        (Content::Reference | Content::Uri | Content::Xhtml, Value::String(text)) => {
            visitor.text(kind, text, path)
        }
        (Content::Reference, _) => {
            let text = "the `reference` of a Reference must be a string";
            Err(Refusal::at(IssueCode::Structure, text, path))
        }
        _ => Ok(()),
    }
}
