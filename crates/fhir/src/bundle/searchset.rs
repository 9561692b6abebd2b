//! The answer to a search (<https://hl7.org/fhir/R4/bundle.html#searchset>).

use crate::json::Members;

/// Why a resource stands in a searchset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SearchMode {
    /// It matches.
    Match,
    /// A match refers to it, or it to a match.
    Include,
    /// It is an `OperationOutcome` about the search.
    Outcome,
}

impl SearchMode {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Include => "include",
            Self::Outcome => "outcome",
        }
    }
}

/// A resource of a searchset.
#[derive(Debug)]
pub struct SearchEntry<R> {
    /// Its absolute URL without the version; an `OperationOutcome` has none.
    pub full_url: Option<String>,
    /// Its canonical bytes.
    pub resource: R,
    /// Why it is there.
    pub mode: SearchMode,
}

/// What a page says of itself.
#[derive(Debug, Default)]
pub struct Page<'a> {
    /// The search as it was understood, as an absolute URL.
    pub self_link: &'a str,
    /// Where the first page is, when this may not be it.
    pub first_link: Option<&'a str>,
    /// Where the next page is; none on the last.
    pub next_link: Option<&'a str>,
    /// How many match in all, when that is known.
    pub total: Option<u64>,
}

impl Page<'_> {
    /// Writes `link`.
    pub(super) fn write_links(&self, bundle: &mut Members) {
        let links = [
            ("first", self.first_link),
            ("next", self.next_link),
            ("self", Some(self.self_link)),
        ];
        let links = links
            .into_iter()
            .filter_map(|(name, url)| Some((name, url?)));
        bundle.array("link", links, |link, (relation, url)| {
            link.text("relation", relation);
            link.text("url", url);
        });
    }

    /// Writes `total`.
    pub(super) fn write_total(&self, bundle: &mut Members) {
        if let Some(total) = self.total {
            bundle.raw("total", total.to_string().as_bytes());
        }
    }
}

/// A Bundle of type `searchset`, as canonical bytes. Each resource goes when it is
/// written, so that a page is in memory once.
#[must_use]
pub fn searchset<R: AsRef<[u8]>>(page: &Page, entries: Vec<SearchEntry<R>>) -> Vec<u8> {
    let sizes = entries.iter().map(|entry| entry.resource.as_ref().len());
    let size: usize = sizes.map(|size| size + 256).sum();
    let mut out = Vec::with_capacity(size + 512);
    let mut bundle = Members::open(&mut out);
    // An empty array is not allowed in FHIR's JSON.
    if !entries.is_empty() {
        bundle.array("entry", entries, |member, entry| {
            member.text_if("fullUrl", entry.full_url.as_deref());
            member.raw("resource", entry.resource.as_ref());
            member.object("search", |search| search.text("mode", entry.mode.as_str()));
        });
    }
    page.write_links(&mut bundle);
    bundle.text("resourceType", "Bundle");
    page.write_total(&mut bundle);
    bundle.text("type", "searchset");
    bundle.close();
    out
}
