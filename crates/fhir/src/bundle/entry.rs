//! One entry of a transaction or batch.

use super::{EntryUrl, modifier};
use crate::{
    IssueCode, LocalBase, Refusal, Resource, fault::Faults, json::Value, path::Path, validate,
};
use std::fmt;

/// The HTTP method of an entry
/// (<https://hl7.org/fhir/R4/valueset-http-verb.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Delete.
    Delete,
    /// Create.
    Post,
    /// Update.
    Put,
    /// Patch.
    Patch,
    /// Read or search.
    Get,
    /// Read or search without the body.
    Head,
}

impl Method {
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "DELETE" => Self::Delete,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            _ => return None,
        })
    }

    /// Its place in the processing order of a transaction.
    pub(super) const fn rank(self) -> u8 {
        match self {
            Self::Delete => 0,
            Self::Post => 1,
            Self::Put | Self::Patch => 2,
            Self::Get | Self::Head => 3,
        }
    }

    /// Whether it changes a record that is named by its url.
    #[must_use]
    pub const fn changes(self) -> bool {
        matches!(self, Self::Delete | Self::Put | Self::Patch)
    }

    const fn needs_resource(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

/// An entry: what is asked for and the resource that comes with it.
pub struct Entry {
    /// Its position in the Bundle, from 0.
    pub index: usize,
    /// By what other entries refer to its resource.
    pub full_url: Option<String>,
    /// The method.
    pub method: Method,
    /// What the method is applied to.
    pub url: EntryUrl,
    /// There for POST, PUT and PATCH, and for nothing else.
    pub resource: Option<Resource>,
    /// `request.ifMatch`
    pub if_match: Option<String>,
    /// `request.ifNoneMatch`
    pub if_none_match: Option<String>,
    /// `request.ifModifiedSince`
    pub if_modified_since: Option<String>,
    /// `request.ifNoneExist`
    pub if_none_exist: Option<String>,
}

impl Entry {
    pub(super) fn read(mut value: Value, index: usize) -> Result<Self, Refusal> {
        let root = Path::Root("Bundle");
        let entries = root.name("entry");
        let path = entries.index(index);
        let request_path = path.name("request");
        let resource = value
            .as_object_mut()
            .and_then(|entry| entry.remove("resource"));
        modifier::refuse_extension(&value, &path)?;
        let request = value
            .get("request")
            .filter(|request| request.as_object().is_some())
            .ok_or_else(|| {
                let text =
                    "an entry of a transaction or batch must have a request with method and url";
                Refusal::at(IssueCode::Required, text, &request_path)
            })?;
        modifier::refuse_extension(request, &request_path)?;
        let text_of = |name| request.get(name).and_then(Value::as_str);
        let method = text_of("method").and_then(Method::read).ok_or_else(|| {
            let text = "the method must be one of GET, HEAD, POST, PUT, DELETE, PATCH";
            Refusal::at(IssueCode::Value, text, &request_path.name("method"))
        })?;
        let url_path = request_path.name("url");
        let url = text_of("url").ok_or_else(|| {
            Refusal::at(IssueCode::Required, "a request must have a url", &url_path)
        })?;
        let resource_path = path.name("resource");
        let resource = resource
            .map(|content| match method {
                Method::Post => Resource::new_at(content, &resource_path),
                _ => Resource::at(content, &resource_path),
            })
            .transpose()?;
        let condition = |name| text(request.get(name), &request_path.name(name));
        let entry = Self {
            index,
            full_url: text(value.get("fullUrl"), &path.name("fullUrl"))?,
            method,
            url: EntryUrl::parse(url, &url_path)?,
            resource,
            if_match: condition("ifMatch")?,
            if_none_match: condition("ifNoneMatch")?,
            if_modified_since: condition("ifModifiedSince")?,
            if_none_exist: condition("ifNoneExist")?,
        };
        entry.check()?;
        Ok(entry)
    }

    /// Whether method, url and resource belong together.
    fn check(&self) -> Result<(), Refusal> {
        let refuse = |text, at| Err(self.refuse(IssueCode::Invalid, text, at));
        match (&self.method, &self.url) {
            (Method::Post, EntryUrl::Type { query: None, .. })
            | (Method::Get | Method::Head, _)
            | (
                Method::Put | Method::Patch | Method::Delete,
                EntryUrl::Instance { query: None, .. },
            )
            | (
                Method::Put | Method::Patch | Method::Delete,
                EntryUrl::Type { query: Some(_), .. },
            ) => {}
            (Method::Post, _) => {
                return refuse(
                    "the url of a POST must be a type, such as `Patient`",
                    "request.url",
                );
            }
            _ => {
                return refuse(
                    "the url of this method must name a record, such as `Patient/1`",
                    "request.url",
                );
            }
        }
        let Some(resource) = &self.resource else {
            if self.method.needs_resource() {
                let text = "an entry with this method must have a resource";
                return Err(self.refuse(IssueCode::Required, text, "resource"));
            }
            return Ok(());
        };
        if !self.method.needs_resource() {
            return refuse(
                "an entry with this method must have no resource",
                "resource",
            );
        }
        // A patch comes as Binary or Parameters, whatever it is applied to.
        if self.method == Method::Patch {
            return Ok(());
        }
        if Some(resource.resource_type()) != self.url.resource_type() {
            return refuse(
                "the resourceType must be the type in request.url",
                "resource.resourceType",
            );
        }
        match &self.url {
            EntryUrl::Instance { id, .. } if resource.id() != Some(id) => {
                refuse("the id must be the id in request.url", "resource.id")
            }
            _ => Ok(()),
        }
    }

    /// A refusal of an element under this entry.
    #[must_use]
    pub fn refuse(&self, code: IssueCode, text: &str, element: &str) -> Refusal {
        let mut refusal = Refusal::new(code, text);
        refusal.expression = Some(format!("Bundle.entry[{}].{element}", self.index));
        refusal
    }

    /// Refuses a resource that is not valid.
    ///
    /// # Errors
    /// With up to this number of faults, and the number of all others.
    pub fn require_valid(&self, most: usize) -> Result<(), Refusal> {
        let mut faults = Faults::up_to(most);
        self.validate(&mut faults);
        let root = Path::Root("Bundle");
        let entries = root.name("entry");
        let whole = entries.index(self.index);
        Refusal::of_faults(faults.into_told(&whole.name("resource")))
    }

    /// Adds the faults of its resource; a patch is none of its type.
    pub(super) fn validate(&self, faults: &mut Faults) {
        let root = Path::Root("Bundle");
        let entries = root.name("entry");
        let path = entries.index(self.index);
        let resource = self.resource.as_ref();
        if let Some(resource) = resource.filter(|_| self.method != Method::Patch) {
            validate::validate_at(resource.value(), &path.name("resource"), faults);
        }
    }

    /// Type and id of the record that the entry changes, when it is named.
    pub(super) fn changed_record(&self) -> Option<(&str, &str)> {
        match &self.url {
            EntryUrl::Instance {
                resource_type, id, ..
            } if self.method.changes() => Some((resource_type.as_str(), id.as_str())),
            _ => None,
        }
    }

    /// Refuses a reference of which it cannot be told what it names.
    ///
    /// # Errors
    /// When the resource has one.
    pub fn refuse_unclear_references(&mut self, base: &LocalBase) -> Result<(), Refusal> {
        let root = Path::Root("Bundle");
        let entries = root.name("entry");
        match &mut self.resource {
            Some(resource) => {
                resource.refuse_unclear_at(&entries.index(self.index).name("resource"), base)
            }
            None => Ok(()),
        }
    }

    /// Refuses a reference by criteria, which nothing will resolve.
    ///
    /// # Errors
    /// When the resource has one.
    pub fn refuse_conditional_references(&mut self) -> Result<(), Refusal> {
        let root = Path::Root("Bundle");
        let entries = root.name("entry");
        match &mut self.resource {
            Some(resource) => {
                resource.refuse_conditional_at(&entries.index(self.index).name("resource"))
            }
            None => Ok(()),
        }
    }
}

/// An element that may be absent, and may not be passed over when it is no text.
fn text(value: Option<&Value>, path: &Path) -> Result<Option<String>, Refusal> {
    match value {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => {
            let text = "the element must be a string";
            Err(Refusal::at(IssueCode::Structure, text, path))
        }
    }
}

/// Shows position and method only: urls and resources must not reach a log.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "entry {} ({:?})", self.index, self.method)
    }
}
