//! Links between the entries of a transaction, rewritten to the identities that the
//! records were given (<https://hl7.org/fhir/R4/http.html#trules>): in references,
//! in elements of type uri, url, oid and uuid, and in narratives.
//!
//! This happens before sealing: what is hashed is what is stored. A `canonical`
//! is left alone, and a Bundle inside a resource is not entered: its fullUrls are its
//! own. Where the elements of a patch are not told by their types, a URN of an entry is
//! refused, for it would be stored as it is.

use super::{Entry, Method, Names, names, narrative};
use crate::{
    IssueCode, Refusal, Resource,
    definition::{Content, Definition},
    json::Value,
    links::walk::Visitor,
    path::Path,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Rewrites the references, URIs and narrative links of an entry's resource.
///
/// # Errors
/// When a `Reference.reference` is a URN that is not in `names`; for a narrative
/// whose links cannot be told; for a patch with a URN of `names` that cannot be rewritten.
pub fn rewrite_links(entry: &mut Entry, names: &Names) -> Result<(), Refusal> {
    let Some(resource) = &mut entry.resource else {
        return Ok(());
    };
    let root = Path::Root("Bundle");
    let entries = root.name("entry");
    let base = entry.full_url.as_deref().and_then(names::base_of);
    resource.visit(
        &entries.index(entry.index).name("resource"),
        &mut Rewrite { names, base },
    )?;
    if entry.method == Method::Patch && has_urn(resource, names) {
        let text = "a patch can refer to another entry by `valueReference` in Parameters alone; \
                    send a FHIRPath Patch, or refer to the record by its id";
        return Err(entry.refuse(IssueCode::NotSupported, text, "resource"));
    }
    Ok(())
}

/// Whether a patch has a string that is a URN in `names`.
fn has_urn(patch: &Resource, names: &Names) -> bool {
    let data = patch.value().get("data").and_then(Value::as_str);
    let json = match data {
        // What is no base64 is refused when the patch is read.
        Some(data) => STANDARD.decode(data).unwrap_or_default(),
        None => patch.canonical(),
    };
    let strings = json.split(|byte| *byte == b'"');
    strings
        .filter_map(|string| str::from_utf8(string).ok())
        .any(|string| names::urn(string).is_some() && names.relink(string, None).is_some())
}

struct Rewrite<'a> {
    names: &'a Names,
    base: Option<&'a str>,
}

impl Rewrite<'_> {
    fn narrative(&self, text: &str, path: &Path) -> Result<Option<String>, Refusal> {
        if self.names.is_empty() {
            return Ok(None);
        }
        let relink = |link: &str| self.names.relink(link, self.base);
        narrative::relink(text, relink).map_err(|narrative::Malformed| {
            let text = "the links of the narrative cannot be told; send well-formed XHTML";
            Refusal::at(IssueCode::Structure, text, path)
        })
    }
}

impl Visitor for Rewrite<'_> {
    fn text(&mut self, content: Content, text: &mut String, path: &Path) -> Result<(), Refusal> {
        let new = match content {
            Content::Xhtml => self.narrative(text, path)?,
            _ => self.names.relink(text, self.base),
        };
        if let Some(new) = new {
            *text = new;
        } else if content == Content::Reference && names::urn(text).is_some() {
            let text = "the reference is the fullUrl of no entry; add the entry or refer to the record by its id";
            return Err(Refusal::at(IssueCode::Value, text, path));
        }
        Ok(())
    }

    fn enters(&self, definition: &Definition) -> bool {
        definition.name != "Bundle"
    }
}
