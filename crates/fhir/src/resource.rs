//! A resource as it was received: its identity, what it is about, its labels.
//!
//! Checked is what sealing and policy rest on: a known type, a valid id, an
//! object as `meta`, references that can be read. Whether it is valid R4 is asked of
//! [`validate`](crate::validate).

use crate::{
    IssueCode, LocalBase, LocalReference, Named, ReferenceParameter, Refusal,
    definition::{Content, Definition},
    json::{self, Edited, Value},
    links::walk::{self, Visitor},
    path::Path,
};
use model::{LogicalId, ResourceType, Timestamp, VersionNumber};
use std::{collections::BTreeSet, fmt};

/// A FHIR R4 resource.
#[derive(Clone, PartialEq, Eq)]
pub struct Resource {
    resource_type: ResourceType,
    id: Option<LogicalId>,
    value: Value,
}

/// System and value of an Identifier; each may be absent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identifier {
    /// `Identifier.system`
    pub system: Option<String>,
    /// `Identifier.value`
    pub value: Option<String>,
}

/// System and code of a Coding; each may be absent.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coding {
    /// `Coding.system`
    pub system: Option<String>,
    /// `Coding.code`
    pub code: Option<String>,
}

/// Looks at nothing: going through is the check.
struct Check;

impl Visitor for Check {
    fn text(&mut self, _: Content, _: &mut String, _: &Path) -> Result<(), Refusal> {
        Ok(())
    }
}

struct RefuseConditional;

impl Visitor for RefuseConditional {
    fn text(&mut self, content: Content, text: &mut String, path: &Path) -> Result<(), Refusal> {
        let criteria_of = text
            .split_once('?')
            .and_then(|(name, _)| Definition::of(name));
        if content == Content::Reference && criteria_of.is_some() {
            let text = "a reference by criteria is resolved in a transaction alone; refer to the record \
                 by its id";
            return Err(Refusal::at(IssueCode::NotSupported, text, path));
        }
        Ok(())
    }
}

/// Finds references of which it cannot be told what they name.
struct RefuseUnclear<'b>(&'b LocalBase);

impl Visitor for RefuseUnclear<'_> {
    fn text(&mut self, content: Content, text: &mut String, path: &Path) -> Result<(), Refusal> {
        // What earlier releases stored so stays readable.
        if content == Content::Reference && path.is_item() {
            let text = "the `reference` of a Reference must be a string, not an array";
            return Err(Refusal::at(IssueCode::Structure, text, path));
        }
        if content == Content::Reference && Named::by(text, self.0) == Named::Unclear {
            let text =
                "the reference names no record; write it as `Type/id`, or as an absolute URL";
            return Err(Refusal::at(IssueCode::Value, text, path));
        }
        Ok(())
    }

    /// The references of a Bundle's entries go by their fullUrls.
    fn enters(&self, definition: &Definition) -> bool {
        definition.name != "Bundle"
    }
}

impl Resource {
    /// Parses the JSON of a resource.
    ///
    /// # Errors
    /// When it is not JSON that we take, or not a resource.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        Self::from_value(json::parse(bytes)?)
    }

    /// Takes a parsed resource.
    ///
    /// # Errors
    /// When it is not a resource, or breaks what is checked here.
    pub fn from_value(value: Value) -> Result<Self, Refusal> {
        // The type stands at the start of every expression; until it is known
        // the abstract name has to do.
        let name = walk::type_of(&value, &Path::Root("Resource"))?.name;
        Self::at(value, &Path::Root(name))
    }

    /// Takes a parsed resource that is to be created: an id that the client gave
    /// it is dropped, whatever it is (<https://hl7.org/fhir/R4/http.html#create>).
    ///
    /// # Errors
    /// As [`Resource::from_value`].
    pub fn from_new_value(value: Value) -> Result<Self, Refusal> {
        let name = walk::type_of(&value, &Path::Root("Resource"))?.name;
        Self::new_at(value, &Path::Root(name))
    }

    /// Takes a resource that is to be created and stands at this path.
    pub(crate) fn new_at(mut value: Value, path: &Path) -> Result<Self, Refusal> {
        if let Some(object) = value.as_object_mut() {
            object.remove("id");
        }
        Self::at(value, path)
    }

    /// Takes a parsed resource that stands at this path.
    pub(crate) fn at(mut value: Value, path: &Path) -> Result<Self, Refusal> {
        let definition = walk::type_of(&value, path)?;
        walk::resource(&mut value, path, &mut Check)?;
        if value
            .get("meta")
            .is_some_and(|meta| meta.as_object().is_none())
        {
            let text = "`meta` must be a JSON object";
            return Err(Refusal::at(IssueCode::Structure, text, &path.name("meta")));
        }
        let id = value
            .get("id")
            .map(|id| read_id(id, &path.name("id")))
            .transpose()?;
        let resource_type = definition.name.parse().map_err(|_| {
            // The tables hold no name that is none.
            Refusal::at(IssueCode::Exception, "the type has no valid name", path)
        })?;
        Ok(Self {
            resource_type,
            id,
            value,
        })
    }

    /// The type.
    #[must_use]
    pub const fn resource_type(&self) -> &ResourceType {
        &self.resource_type
    }

    /// The id, when the resource has one.
    #[must_use]
    pub const fn id(&self) -> Option<&LogicalId> {
        self.id.as_ref()
    }

    /// The content.
    #[must_use]
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// The content, taken out.
    #[must_use]
    pub fn into_value(self) -> Value {
        self.value
    }

    /// The canonical bytes.
    #[must_use]
    pub fn canonical(&self) -> Vec<u8> {
        self.value.to_canonical()
    }

    /// The canonical bytes with the identity that we give the resource; what the client
    /// wrote in these elements is dropped, the rest of `meta` is kept
    /// (<https://hl7.org/fhir/R4/http.html#create>).
    #[must_use]
    pub fn canonical_as(&self, id: &LogicalId, version: VersionNumber, time: Timestamp) -> Vec<u8> {
        let ours = ["_lastUpdated", "_versionId", "lastUpdated", "versionId"];
        let meta = self.value.get("meta").and_then(Value::as_object);
        let meta = meta
            .map_or_else(Edited::new, |meta| Edited::without(meta, &ours))
            .text("lastUpdated", time.to_string())
            .text("versionId", version.to_string());
        let mut out = Vec::with_capacity(1024);
        let object = self.value.as_object();
        object
            .map_or_else(Edited::new, |object| {
                Edited::without(object, &["_id", "id", "meta"])
            })
            .text("id", id.as_str())
            .object("meta", meta)
            .write_canonical(&mut out);
        out
    }

    /// The security labels in `meta.security`.
    #[must_use]
    pub fn security_labels(&self) -> Vec<Coding> {
        let mut labels = Vec::new();
        self.value.each("meta.security", &mut |label| {
            labels.push(Coding {
                system: member(label, "system"),
                code: member(label, "code"),
            });
        });
        labels
    }

    /// What the search parameter `identifier` finds in this type.
    #[must_use]
    pub fn identifiers(&self) -> Vec<Identifier> {
        let mut identifiers = Vec::new();
        let paths = self.definition().map(|own| own.identifier.as_slice());
        for path in paths.unwrap_or_default() {
            self.value.each(path, &mut |identifier| {
                let (system, value) = (member(identifier, "system"), member(identifier, "value"));
                if system.is_some() || value.is_some() {
                    identifiers.push(Identifier { system, value });
                }
            });
        }
        identifiers
    }

    /// What a reference parameter finds in this type and facility, sorted, each
    /// once.
    #[must_use]
    pub fn references(
        &self,
        parameter: ReferenceParameter,
        base: &LocalBase,
    ) -> Vec<LocalReference> {
        let mut found = BTreeSet::new();
        let paths = self.definition().map(|own| parameter.paths(own).as_slice());
        for path in paths.unwrap_or_default() {
            found.extend(self.local_references(path, base));
        }
        found
            .into_iter()
            .filter(|target| parameter.leads_to(&target.resource_type))
            .collect()
    }

    /// The patients whose record this is part of: a Patient itself, a Binary by
    /// its `securityContext`, any other type by its parameters of the patient
    /// compartment (docs/storage-format.md, scopes). Sorted, each once.
    #[must_use]
    pub fn compartment_patients(&self, base: &LocalBase) -> Vec<LogicalId> {
        match self.resource_type.as_str() {
            "Patient" => return self.id.iter().cloned().collect(),
            "Binary" => return patients(self.security_context(base)),
            _ => {}
        }
        let parameters = self.definition().map(|own| own.compartment.as_slice());
        let parameters = parameters.unwrap_or_default().iter();
        let paths = parameters.flat_map(|parameter| &parameter.paths);
        patients(paths.flat_map(|path| self.local_references(path, base)))
    }

    /// The record by whose rules a Binary goes
    /// (<https://hl7.org/fhir/R4/binary.html#security>).
    #[must_use]
    pub fn security_context(&self, base: &LocalBase) -> Option<LocalReference> {
        if self.resource_type.as_str() != "Binary" {
            return None;
        }
        self.local_references("securityContext", base)
            .into_iter()
            .next()
    }

    /// Whether it is a Binary with a `securityContext`, whatever that names.
    #[must_use]
    pub fn has_security_context(&self) -> bool {
        self.resource_type.as_str() == "Binary" && self.value.get("securityContext").is_some()
    }

    /// Refuses a reference such as `Patient?identifier=…`, which would have to
    /// be resolved before it is stored.
    ///
    /// # Errors
    /// When there is one, here or in a contained resource.
    pub fn refuse_conditional_references(&mut self) -> Result<(), Refusal> {
        let name = self.resource_type.clone();
        self.refuse_conditional_at(&Path::Root(name.as_str()))
    }

    /// Refuses a reference that could be meant for a record of this facility and does
    /// not name one: it would leave the record of its patient without a word.
    ///
    /// # Errors
    /// When there is one, here or in a contained resource.
    pub fn refuse_unclear_references(&mut self, base: &LocalBase) -> Result<(), Refusal> {
        let name = self.resource_type.clone();
        self.refuse_unclear_at(&Path::Root(name.as_str()), base)
    }

    pub(crate) fn refuse_unclear_at(
        &mut self,
        path: &Path,
        base: &LocalBase,
    ) -> Result<(), Refusal> {
        self.visit(path, &mut RefuseUnclear(base))
    }

    pub(crate) fn refuse_conditional_at(&mut self, path: &Path) -> Result<(), Refusal> {
        walk::resource(&mut self.value, path, &mut RefuseConditional)
    }

    /// Shows every reference, URI and narrative to a visitor, which may change
    /// them; it must not change what makes this a resource of its type.
    pub(crate) fn visit(&mut self, path: &Path, visitor: &mut impl Visitor) -> Result<(), Refusal> {
        walk::resource(&mut self.value, path, visitor)
    }

    fn definition(&self) -> Option<&'static Definition> {
        Definition::of(self.resource_type.as_str())
    }

    fn local_references(&self, path: &str, base: &LocalBase) -> Vec<LocalReference> {
        let mut found = Vec::new();
        self.value.each(path, &mut |reference| {
            let text = reference.get("reference").and_then(Value::as_str);
            found.extend(text.and_then(|text| LocalReference::parse(text, base)));
        });
        found
    }
}

fn patients(references: impl IntoIterator<Item = LocalReference>) -> Vec<LogicalId> {
    let names: BTreeSet<LogicalId> = references
        .into_iter()
        .filter(|target| target.resource_type.as_str() == "Patient")
        .map(|patient| patient.id)
        .collect();
    names.into_iter().collect()
}

fn member(value: &Value, name: &str) -> Option<String> {
    value.get(name).and_then(Value::as_str).map(str::to_owned)
}

fn read_id(id: &Value, path: &Path) -> Result<LogicalId, Refusal> {
    let id = id.as_str().and_then(|id| id.parse().ok());
    id.ok_or_else(|| {
        let text = "an id must be a string of 1 to 64 of A-Z, a-z, 0-9, `-` and `.`";
        Refusal::at(IssueCode::Value, text, path)
    })
}

/// Shows the type only: the content must not reach a log.
impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a resource of type {}", self.resource_type)
    }
}
