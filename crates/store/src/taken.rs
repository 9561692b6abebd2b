//! What two writers cannot both have.

use std::fmt;

/// Something that can exist once only and exists, or something that was compared and is no
/// longer so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// Another anchor of the log has the number.
    AnchorNumber,
    /// The anchor is no longer in the state that it was read in.
    AnchorState,
    /// There is an audit record of this tag.
    AuditRecord,
    /// There is a change of this tag.
    Change,
    /// There is another checkpoint of this size.
    Checkpoint,
    /// The change is decided, or this administrator has decided.
    Decision,
    /// Another facility has the name.
    FacilityName,
    /// There is a first facility by now.
    FirstFacility,
    /// Another process has changed the row of the job.
    Job,
    /// There is a key of this generation.
    KeyGeneration,
    /// Another process has the lease of the anchor-service.
    Lease,
    /// There is a transaction of this hash.
    LedgerTransaction,
    /// Another log has the epoch, the origin or the id.
    Log,
    /// The number or the key is taken, or the keys have changed.
    LogKey,
    /// The key is retired already.
    LogKeyEnd,
    /// The log has grown.
    LogSize,
    /// The row of `meta` is there.
    MetaValue,
    /// Another URL has the number.
    OwnUrl,
    /// A leaf waits no longer.
    PendingLeaf,
    /// There is a policy set of this number.
    PolicySet,
    /// There is a registration of this number.
    Registration,
    /// Another registry is in use than was compared.
    Registry,
    /// Transactions to the registry are under way.
    RegistryInUse,
    /// The rows are no longer those that were looked at.
    Seen,
    /// There is a statement of this number.
    Statement,
}

impl Taken {
    const fn name(self) -> &'static str {
        match self {
            Self::AnchorNumber => "anchor number",
            Self::AnchorState => "anchor state",
            Self::AuditRecord => "audit record",
            Self::Change => "change",
            Self::Checkpoint => "checkpoint",
            Self::Decision => "decision",
            Self::FacilityName => "facility name",
            Self::FirstFacility => "place of the first facility",
            Self::Job => "job",
            Self::KeyGeneration => "key generation",
            Self::Lease => "lease",
            Self::LedgerTransaction => "ledger transaction",
            Self::Log => "log",
            Self::LogKey => "log key",
            Self::LogKeyEnd => "log key's end",
            Self::LogSize => "log size",
            Self::MetaValue => "meta value",
            Self::OwnUrl => "number of a URL",
            Self::PendingLeaf => "pending leaf",
            Self::PolicySet => "policy set number",
            Self::Registration => "registration number",
            Self::Registry => "registry",
            Self::RegistryInUse => "registry: transactions are under way",
            Self::Seen => "state that was looked at",
            Self::Statement => "statement number",
        }
    }
}

/// As it stands in messages.
impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
