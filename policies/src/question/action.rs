//! What is asked for: one action per interaction of the gateway, with its letter
//! in SMART.
//!
//! <https://hl7.org/fhir/R4/valueset-type-restful-interaction.html>;
//! SMART letters: `r` covers vread and history of an instance, `u` covers an
//! update that creates
//! (<https://hl7.org/fhir/smart-app-launch/scopes-and-launch-context.html>).

use crate::question::resource_kind::ResourceKind;
use serde::{Deserialize, Serialize};

/// An action of the Cedar schema. `capabilities` is none: anyone may read
/// `/metadata`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Action {
    /// POST of a new record.
    Create,
    /// PUT of a record that does not exist yet.
    CreateWithId,
    /// GET of the current version.
    Read,
    /// GET of a named version.
    Vread,
    /// PUT of a record that exists.
    Update,
    /// DELETE.
    Delete,
    /// GET of all versions of a record.
    HistoryInstance,
    /// A search: asked once for the type, then for every match.
    SearchType,
    /// A Bundle in one transaction; each entry is asked for itself too.
    Transaction,
    /// A Bundle entry by entry; each entry is asked for itself too.
    Batch,
    /// `$proof` with content; asks for the right to read beside it.
    Proof,
    /// `$proof` of the leaf alone.
    ProofWithoutContent,
    /// GET of an audit event.
    ReadAudit,
    /// A search in the audit events: once for all, then for every match.
    SearchAudit,
    /// GET below `/log`: commitments, nothing of any patient.
    ReadLog,
    /// Anything below `/admin`: facilities, clients, administrators; no record.
    Administer,
}

impl Action {
    /// All actions, in the order of the golden matrix.
    pub const ALL: [Self; 16] = [
        Self::Create,
        Self::CreateWithId,
        Self::Read,
        Self::Vread,
        Self::Update,
        Self::Delete,
        Self::HistoryInstance,
        Self::SearchType,
        Self::Transaction,
        Self::Batch,
        Self::Proof,
        Self::ProofWithoutContent,
        Self::ReadAudit,
        Self::SearchAudit,
        Self::ReadLog,
        Self::Administer,
    ];

    /// Whether a policy set may lack it, because sets were stored before there was
    /// such an action: they permit it to nobody.
    pub(crate) const fn is_later(self) -> bool {
        matches!(self, Self::ReadLog | Self::Administer)
    }

    /// Whether a scope of the token must grant it. SMART scopes are about FHIR
    /// resources, and administration is about none: an administrator's token has no
    /// business with them.
    pub(crate) const fn needs_scope(self) -> bool {
        !matches!(self, Self::Administer)
    }

    /// The name in schema, policies and records.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Create => "Create",
            Self::CreateWithId => "CreateWithId",
            Self::Read => "Read",
            Self::Vread => "Vread",
            Self::Update => "Update",
            Self::Delete => "Delete",
            Self::HistoryInstance => "HistoryInstance",
            Self::SearchType => "SearchType",
            Self::Transaction => "Transaction",
            Self::Batch => "Batch",
            Self::Proof => "Proof",
            Self::ProofWithoutContent => "ProofWithoutContent",
            Self::ReadAudit => "ReadAudit",
            Self::SearchAudit => "SearchAudit",
            Self::ReadLog => "ReadLog",
            Self::Administer => "Administer",
        }
    }

    /// The letter of `cruds` that a scope must hold; none for a Bundle as a
    /// whole, whose entries are asked one by one, and for what needs no scope.
    #[must_use]
    pub const fn smart_letter(self) -> Option<char> {
        match self {
            Self::Create => Some('c'),
            Self::Read
            | Self::Vread
            | Self::HistoryInstance
            | Self::Proof
            | Self::ProofWithoutContent
            | Self::ReadAudit => Some('r'),
            Self::Update | Self::CreateWithId => Some('u'),
            Self::Delete => Some('d'),
            Self::SearchType | Self::SearchAudit | Self::ReadLog => Some('s'),
            Self::Transaction | Self::Batch | Self::Administer => None,
        }
    }

    /// Whether the action makes a version.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(
            self,
            Self::Create | Self::CreateWithId | Self::Update | Self::Delete
        )
    }

    /// Whether a permit for the action lets stored content out.
    #[must_use]
    pub const fn discloses(self) -> bool {
        matches!(
            self,
            Self::Read
                | Self::Vread
                | Self::HistoryInstance
                | Self::SearchType
                | Self::Proof
                | Self::ReadAudit
                | Self::SearchAudit
        )
    }

    /// Whether the schema knows the action for such a resource.
    pub(crate) const fn applies_to(self, kind: ResourceKind) -> bool {
        match self {
            Self::Transaction | Self::Batch | Self::Administer => {
                matches!(kind, ResourceKind::Base)
            }
            Self::SearchType => matches!(kind, ResourceKind::Record | ResourceKind::RecordType),
            Self::ReadAudit => matches!(kind, ResourceKind::AuditEvent),
            Self::ReadLog => matches!(kind, ResourceKind::AuditTrail),
            Self::SearchAudit => {
                matches!(kind, ResourceKind::AuditEvent | ResourceKind::AuditTrail)
            }
            Self::Proof | Self::ProofWithoutContent => {
                matches!(kind, ResourceKind::Record | ResourceKind::AuditEvent)
            }
            _ => matches!(kind, ResourceKind::Record),
        }
    }

    /// Everything that policy must permit for the action: a proof with content
    /// also needs the right to read what it proves.
    pub(crate) const fn asked_for(self, kind: ResourceKind) -> &'static [Self] {
        match (self, kind) {
            (Self::Proof, ResourceKind::AuditEvent) => &[Self::ReadAudit, Self::Proof],
            (Self::Proof, _) => &[Self::Vread, Self::Proof],
            (Self::Create, _) => &[Self::Create],
            (Self::CreateWithId, _) => &[Self::CreateWithId],
            (Self::Read, _) => &[Self::Read],
            (Self::Vread, _) => &[Self::Vread],
            (Self::Update, _) => &[Self::Update],
            (Self::Delete, _) => &[Self::Delete],
            (Self::HistoryInstance, _) => &[Self::HistoryInstance],
            (Self::SearchType, _) => &[Self::SearchType],
            (Self::Transaction, _) => &[Self::Transaction],
            (Self::Batch, _) => &[Self::Batch],
            (Self::ProofWithoutContent, _) => &[Self::ProofWithoutContent],
            (Self::ReadAudit, _) => &[Self::ReadAudit],
            (Self::SearchAudit, _) => &[Self::SearchAudit],
            (Self::ReadLog, _) => &[Self::ReadLog],
            (Self::Administer, _) => &[Self::Administer],
        }
    }
}
