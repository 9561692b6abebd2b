//! The page of a search as a Bundle.

use crate::{failure::Failure, record::version::OpenVersion, search::paging::Page};
use fhir::{
    IssueCode, Severity,
    bundle::{SearchEntry, SearchMode},
};
use zeroize::Zeroizing;

/// The outcome beside the matches of a search that left out damaged records.
#[must_use]
pub fn incomplete() -> Vec<u8> {
    let text = "a record that this search may concern is damaged and was left out; the operator \
                finds its place in the log of the service";
    fhir::outcome(Severity::Warning, IssueCode::Incomplete, text, None).to_canonical()
}

/// The outcomes beside the matches: a warning, and that something was ignored.
#[must_use]
pub fn outcomes(page: &Page, warning: Option<Vec<u8>>) -> Vec<Vec<u8>> {
    let ignored = page.has_ignored().then(|| {
        let text = "what is not supported of the search was ignored, as the request allows; the \
                    `self` link has what was applied";
        fhir::outcome(Severity::Warning, IssueCode::NotSupported, text, None).to_canonical()
    });
    warning.into_iter().chain(ignored).collect()
}

/// The entry of an outcome.
#[must_use]
pub fn outcome_entry<R>(outcome: R) -> SearchEntry<R> {
    SearchEntry {
        full_url: None,
        resource: outcome,
        mode: SearchMode::Outcome,
    }
}

/// The entries of a page: of matches the part that is asked for, of what stands beside them the
/// whole.
///
/// # Errors
/// When a record is no resource.
pub(super) fn entries(
    base: &str,
    page: &Page,
    shown: Vec<(OpenVersion, SearchMode)>,
    outcomes: Vec<Vec<u8>>,
) -> Result<Vec<SearchEntry<Zeroizing<Vec<u8>>>>, Failure> {
    let mut entries = Vec::with_capacity(shown.len() + outcomes.len());
    for (version, mode) in shown {
        let part = match mode {
            SearchMode::Match => page.part.part_of(&version.content)?,
            _ => None,
        };
        entries.push(SearchEntry {
            full_url: Some(format!(
                "{base}/{}/{}",
                version.row.resource_type, version.id
            )),
            resource: part.map_or(version.content, Zeroizing::new),
            mode,
        });
    }
    let outcomes = outcomes.into_iter().map(Zeroizing::new);
    entries.extend(outcomes.map(outcome_entry));
    Ok(entries)
}
