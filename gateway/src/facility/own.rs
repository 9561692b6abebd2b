//! The kinds of envelope that the gateway has beside those of records, and the type of
//! each in AADs and tags (docs/storage-format.md, "Envelopes"). Stored rows hold the words:
//! none of them ever changes.

use model::Tag;
use sealing::{IdRoot, SealedType};
use store::{RegistrationKind, StatementKind};

/// A kind of own envelope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Own {
    AuditRecord,
    /// One query text of an audit record.
    AuditQuery,
    /// The answer to a request with an idempotency key.
    Answer,
    /// The query of a search, kept for its next link.
    KeptQuery,
    /// A URL of the gateway.
    Url,
    PolicySet,
    /// The registration of a client, or its end.
    Client,
    /// The registration of an administrator, or its end.
    Administrator,
    /// The registration of the facility itself.
    Facility,
    /// A proposed change.
    Change,
    /// The decision over a change.
    Decision,
    /// The state of a job.
    Job,
    /// A statement about the facility.
    Statement(StatementKind),
}

impl Own {
    /// Every kind.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 17] = [
        Self::AuditRecord,
        Self::AuditQuery,
        Self::Answer,
        Self::KeptQuery,
        Self::Url,
        Self::PolicySet,
        Self::Client,
        Self::Administrator,
        Self::Facility,
        Self::Change,
        Self::Decision,
        Self::Job,
        Self::Statement(StatementKind::Policy),
        Self::Statement(StatementKind::Registration),
        Self::Statement(StatementKind::Change),
        Self::Statement(StatementKind::Decision),
        Self::Statement(StatementKind::Continues),
    ];

    const fn word(self) -> &'static str {
        match self {
            Self::AuditRecord => "AuditEvent",
            Self::AuditQuery => "#query",
            Self::Answer => "#answer",
            Self::KeptQuery => "#keptquery",
            Self::Url => "#ownurl",
            Self::PolicySet => "#policyset",
            Self::Client => "#client",
            Self::Administrator => "#administrator",
            Self::Facility => "#facility",
            // A change and its statement: the tag of the former is random.
            Self::Change | Self::Statement(StatementKind::Change) => "#change",
            Self::Decision => "#decided",
            Self::Job => "#job",
            Self::Statement(StatementKind::Policy) => "#policy",
            Self::Statement(StatementKind::Registration) => "#registration",
            Self::Statement(StatementKind::Decision) => "#decision",
            Self::Statement(StatementKind::Continues) => "#continues",
        }
    }

    /// The type in the AAD.
    pub(crate) const fn sealed_type(self) -> SealedType<'static> {
        SealedType::own(self.word())
    }

    /// The tag of this type and id.
    pub(crate) fn tag(self, tags: &IdRoot, id: &str) -> Tag {
        tags.record_tag(self.word(), id)
    }
}

impl From<RegistrationKind> for Own {
    fn from(kind: RegistrationKind) -> Self {
        match kind {
            RegistrationKind::Client => Self::Client,
            RegistrationKind::Administrator => Self::Administrator,
            RegistrationKind::Facility => Self::Facility,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// The types in the table under "Envelopes".
    fn documented() -> BTreeSet<String> {
        let text = include_str!("../../../docs/storage-format.md");
        let (_, table) = text
            .split_once("| what | type | record tag | version |")
            .unwrap();
        let rows = table
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'));
        let cell = |row: &str| row.split('|').nth(2).unwrap().trim().to_owned();
        let code = |cell: String| {
            let word = cell.strip_prefix('`')?.strip_suffix('`')?;
            (!word.contains('`')).then(|| word.to_owned())
        };
        rows.map(cell).filter_map(code).collect()
    }

    #[test]
    fn the_storage_format_lists_every_own_envelope() {
        let statements = StatementKind::ALL.map(Own::Statement);
        for statement in statements {
            assert!(Own::ALL.contains(&statement), "{statement:?}");
            let Own::Statement(kind) = statement else {
                continue;
            };
            assert_eq!(statement.word(), format!("#{}", kind.as_str()));
        }
        let not_statements = Own::ALL.iter().filter(|own| !statements.contains(own));
        let words: BTreeSet<String> = not_statements.map(|own| own.word().to_owned()).collect();
        assert_eq!(
            words.len(),
            Own::ALL.len() - statements.len(),
            "a word twice"
        );
        assert_eq!(documented(), words);
    }
}
