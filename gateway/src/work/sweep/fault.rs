//! What a sweep finds: named by its place, never by its content.

use model::FacilityName;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, fmt};
use store::RowName;

/// Faults of a sweep that are named; of more there is the number alone.
const MAX_NAMED_FAULTS: usize = 100;
/// Bytes of a record tag that are named: one that is longer than a tag was written by
/// nobody of ours.
const NAMED_BYTES: usize = 20;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FaultKind {
    /// A row does not open, or is not what it says.
    Unreadable,
    /// No leaf names a row.
    NoLeaf,
    /// Several leaves name a row; each of the leaves is named too.
    ManyLeaves,
    /// The leaf of a row commits to something else.
    OtherLeaf,
    /// A leaf names no row, or several, or what no row can be called.
    NoRow,
    /// A log is not in the order of epochs, is gone, or its row cannot be read.
    Log,
    /// An index of the log has no leaf, or a leaf has an index beyond it.
    Index,
    /// The tree holds another commitment than the leaf.
    Tree,
    /// An event of an audit record is not found by its patient.
    NoEvent,
    /// An index card does not open, or is that of an older version.
    Card,
    /// A current version has no index card though the index is complete.
    NoCard,
    /// A patient head does not add up the cards of its patient.
    Head,
    /// A row that decides is not what its statement says, or has none.
    Rule,
    /// The row of the sweep itself did not open.
    Progress,
}

impl FaultKind {
    /// All kinds.
    pub const ALL: [Self; 14] = [
        Self::Unreadable,
        Self::NoLeaf,
        Self::ManyLeaves,
        Self::OtherLeaf,
        Self::NoRow,
        Self::Log,
        Self::Index,
        Self::Tree,
        Self::NoEvent,
        Self::Card,
        Self::NoCard,
        Self::Head,
        Self::Rule,
        Self::Progress,
    ];

    /// The name in logs, metrics and the runbook.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unreadable => "unreadable",
            Self::NoLeaf => "no-leaf",
            Self::ManyLeaves => "many-leaves",
            Self::OtherLeaf => "other-leaf",
            Self::NoRow => "no-row",
            Self::Log => "log",
            Self::Index => "index",
            Self::Tree => "tree",
            Self::NoEvent => "no-event",
            Self::Card => "card",
            Self::NoCard => "no-card",
            Self::Head => "head",
            Self::Rule => "rule",
            Self::Progress => "progress",
        }
    }
}

/// Where a row or leaf stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names of the tables")]
pub enum SweptTable {
    Version,
    Card,
    PatientHead,
    Audit,
    AuditPatient,
    Statement,
    PolicySet,
    Registration,
    Change,
    ChangeDecision,
    Log,
    Leaf,
    PendingLeaf,
    Job,
}

impl SweptTable {
    /// The name of the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Card => "card",
            Self::PatientHead => "patient_head",
            Self::Audit => "audit",
            Self::AuditPatient => "audit_patient",
            Self::Statement => "statement",
            Self::PolicySet => "policy_set",
            Self::Registration => "registration",
            Self::Change => "change",
            Self::ChangeDecision => "change_decision",
            Self::Log => "log",
            Self::Leaf => "leaf",
            Self::PendingLeaf => "pending_leaf",
            Self::Job => "job",
        }
    }
}

/// A row or leaf with which something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// The table of the row or leaf.
    pub table: SweptTable,
    /// The record tag in hex, or the tag of a row that decides; empty where none is known.
    pub record: String,
    /// The version, the number of a row that decides, the epoch of a log, or an event's
    /// place in its record.
    pub version: Option<i64>,
    /// The index in the log, or the id of a leaf that waits.
    pub index: Option<i64>,
}

impl Fault {
    pub(super) fn at(kind: FaultKind, table: SweptTable) -> Self {
        Self {
            kind,
            table,
            record: String::new(),
            version: None,
            index: None,
        }
    }

    pub(super) fn of_name(
        kind: FaultKind,
        table: SweptTable,
        name: &RowName,
        index: Option<i64>,
    ) -> Self {
        let named = name.record.get(..NAMED_BYTES).unwrap_or(&name.record);
        Self {
            kind,
            table,
            record: hex::encode(named),
            version: Some(name.version),
            index,
        }
    }

    fn report(&self, facility: &FacilityName) {
        tracing::error!(%facility, fault = self.kind.as_str(), table = self.table.as_str(),
            record = self.record, version = self.version, index = self.index,
            "the sweep found a row or a leaf that was changed by someone without the keys; see \
             the runbook");
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}\t{}\t{}",
            self.kind.as_str(),
            self.table.as_str(),
            self.record
        )?;
        for number in [self.version, self.index] {
            match number {
                Some(number) => write!(f, "\t{number}")?,
                None => f.write_str("\t-")?,
            }
        }
        Ok(())
    }
}

/// The faults of one sweep.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Faults {
    /// The first hundred, in the order in which they were found.
    pub named: Vec<Fault>,
    /// The number of each kind.
    pub counts: BTreeMap<FaultKind, u64>,
}

impl Faults {
    /// The number of a kind.
    #[must_use]
    pub fn count(&self, kind: FaultKind) -> u64 {
        self.counts.get(&kind).copied().unwrap_or(0)
    }

    /// The number of all kinds.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    pub(super) fn add(&mut self, facility: &FacilityName, fault: Fault) {
        // After a crash the last steps are done again.
        if self.named.contains(&fault) {
            return;
        }
        let count = self.counts.entry(fault.kind).or_default();
        *count = count.saturating_add(1);
        if self.named.len() < MAX_NAMED_FAULTS {
            fault.report(facility);
            self.named.push(fault);
        }
    }
}
