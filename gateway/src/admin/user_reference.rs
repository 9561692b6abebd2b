//! The claim `fhirUser`: a reference to the record of a person, relative or absolute
//! (<https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html>).

/// Whom a claim names, however it is spelt.
pub(super) struct UserReference {
    /// Host and path of the FHIR base in lower case, if there is one.
    base: Option<String>,
    /// Type and id, or all of what is no reference to a record.
    record: String,
}

impl UserReference {
    /// `None` for a blank text.
    pub(super) fn of(text: &str) -> Option<Self> {
        let end = text.find(['?', '#']).unwrap_or(text.len());
        let text = text.get(..end)?.trim();
        let (scheme, path) = match text.split_once("://") {
            Some((scheme, path)) => (Some(scheme), path),
            None => (None, text),
        };
        let mut segments: Vec<&str> = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .collect();
        if let Some(history) = segments.iter().rposition(|segment| *segment == "_history") {
            segments.truncate(history);
        }
        let first_of_record = segments.len().saturating_sub(2);
        let (base, record) = segments.split_at_checked(first_of_record)?;
        // The two schemes and their ports are one server.
        let base = format!("{}/", base.join("/").to_lowercase());
        let base = base.replacen(":443/", "/", 1).replacen(":80/", "/", 1);
        let record = record.join("/");
        (!record.is_empty()).then_some(Self {
            base: scheme.map(|_| base),
            record,
        })
    }

    /// Whether both name one person. A relative reference may be at any base.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let at_one_base = match (&self.base, &other.base) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        at_one_base && self.record == other.record
    }
}
