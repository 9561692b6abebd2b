//! References between the entries of a transaction, rewritten to the identities
//! that the records were given (<https://hl7.org/fhir/R4/http.html#trules>).
//!
//! This happens before sealing: what is hashed is what is stored. A `canonical`
//! is left alone, a version in a reference stays, and a Bundle inside a resource
//! is not entered: its fullUrls are its own.

use super::Entry;
use crate::{
    IssueCode, Refusal,
    definition::{Content, Definition},
    path::Path,
    reference::split_version,
    walk::Visitor,
};
use std::collections::BTreeMap;

/// Rewrites the references, URIs and narrative links of an entry's resource.
/// `names` gives for each fullUrl of the Bundle the record's `Type/id`.
///
/// # Errors
/// When a `Reference.reference` is a `urn:uuid:` or `urn:oid:` that is not in
/// `names`.
pub fn rewrite_references(
    entry: &mut Entry,
    names: &BTreeMap<String, String>,
) -> Result<(), Refusal> {
    let Some(resource) = &mut entry.resource else {
        return Ok(());
    };
    let root = Path::Root("Bundle");
    let entries = root.name("entry");
    let base = entry.full_url.as_deref().and_then(base_of);
    resource.visit(
        &entries.index(entry.index).name("resource"),
        &mut Rewrite { names, base },
    )
}

/// The base of a RESTful fullUrl; relative references of the entry start there
/// (<https://hl7.org/fhir/R4/bundle.html#references>).
fn base_of(full_url: &str) -> Option<&str> {
    let (rest, _id) = full_url.rsplit_once('/')?;
    let (base, name) = rest.rsplit_once('/')?;
    (base.starts_with("http") && Definition::of(name).is_some()).then_some(base)
}

struct Rewrite<'a> {
    names: &'a BTreeMap<String, String>,
    base: Option<&'a str>,
}

impl Rewrite<'_> {
    fn name(&self, url: &str) -> Option<String> {
        self.names.get(url).cloned()
    }

    /// The new text of a reference.
    fn reference(&self, text: &str) -> Option<String> {
        let (record, version) = split_version(text);
        let name = match self.base {
            Some(base) if !text.contains(':') => self.name(&format!("{base}/{record}")),
            _ => self.name(record),
        }?;
        Some(match version {
            Some(version) => format!("{name}/_history/{version}"),
            None => name,
        })
    }

    /// The narrative with the values of its `href` and `src` rewritten; `None`
    /// when nothing changes.
    fn narrative(&self, xhtml: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = xhtml;
        while let Some((before, value, after)) = next_link(rest) {
            out.push_str(before);
            out.push_str(self.names.get(value).map_or(value, String::as_str));
            rest = after;
        }
        out.push_str(rest);
        (out != xhtml).then_some(out)
    }
}

/// The next `href` or `src` value: what stands before it, the value, and what
/// follows from the closing quote on.
fn next_link(text: &str) -> Option<(&str, &str, &str)> {
    let mut from = 0;
    loop {
        let rest = text.get(from..)?;
        let at = from + rest.find(['"', '\''])?;
        let (before, quoted) = text.split_at_checked(at)?;
        let quote = quoted.chars().next()?;
        let start = at + quote.len_utf8();
        // An apostrophe in the text opens nothing; go on right behind it.
        let Some(name) = before.trim_end().strip_suffix('=').map(str::trim_end) else {
            from = start;
            continue;
        };
        let value = text.get(start..)?;
        let end = value.find(quote)?;
        if name.ends_with("href") || name.ends_with("src") {
            return Some((text.get(..start)?, value.get(..end)?, value.get(end..)?));
        }
        from = start + end + quote.len_utf8();
    }
}

impl Visitor for Rewrite<'_> {
    fn text(&mut self, content: Content, text: &mut String, path: &Path) -> Result<(), Refusal> {
        let new = match content {
            Content::Reference => self.reference(text),
            Content::Xhtml => self.narrative(text),
            _ => self.name(text),
        };
        if let Some(new) = new {
            *text = new;
        } else if content == Content::Reference
            && (text.starts_with("urn:uuid:") || text.starts_with("urn:oid:"))
        {
            let text = "the reference is the fullUrl of no entry; add the entry or refer to the record by its id";
            return Err(Refusal::at(IssueCode::Value, text, path));
        }
        Ok(())
    }

    fn enters(&self, definition: &Definition) -> bool {
        definition.name != "Bundle"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_whatever_the_quotes() {
        let names = BTreeMap::from([("urn:uuid:1".to_owned(), "Patient/9".to_owned())]);
        let rewrite = Rewrite {
            names: &names,
            base: None,
        };
        for (xhtml, expected) in [
            (
                r#"<a href="urn:uuid:1">it's</a>"#,
                Some(r#"<a href="Patient/9">it's</a>"#),
            ),
            (
                "<img alt='' src = 'urn:uuid:1'/>",
                Some("<img alt='' src = 'Patient/9'/>"),
            ),
            (
                r#"<p class="x">don't</p><a href="urn:uuid:1"/><a href="urn:uuid:1"/>"#,
                Some(r#"<p class="x">don't</p><a href="Patient/9"/><a href="Patient/9"/>"#),
            ),
            (r#"<a href="urn:uuid:2">urn:uuid:1</a>"#, None),
            (r#"<p title="urn:uuid:1">"#, None),
            (r#"<a href="urn:uuid:1"#, None),
        ] {
            assert_eq!(rewrite.narrative(xhtml).as_deref(), expected, "{xhtml}");
        }
    }
}
