//! Leaves that were refused an index, for the operator: which there are, what their rows
//! say, and the way back into the log for those that are genuine.

use crate::{facility::Facility, failure::Failure, log::waiting_leaves, ports::Ports};
use model::{FacilityName, Tag, VersionNumber};
use std::fmt;
use store::{LeafFault, LeafName, Reader, Tx};

/// Refused leaves that are read at a time.
const BATCH: u32 = 256;

/// How a refused leaf stands beside its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It has no row, or one that does not open.
    NoRow,
    /// Its row has a leaf, in the log or waiting: this one is one more.
    HasLeaf,
    /// Its row has no leaf, and is good: it can have one again.
    Lacks,
    /// Its row has no leaf and was sealed by version 0.1: only a leaf that commits to it can
    /// show that it is as it was, and this one does not.
    Unbound,
}

impl Standing {
    /// The word on the operator's screen.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NoRow => "no-row",
            Self::HasLeaf => "has-leaf",
            Self::Lacks => "lacks-leaf",
            Self::Unbound => "unbound",
        }
    }
}

/// A refused leaf and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Record tag in hex, and version.
    pub name: String,
    /// Why it was refused; `None` where the row says something else.
    pub fault: Option<LeafFault>,
    /// How it stood when it was looked at.
    pub standing: Standing,
    /// Whether its row has a leaf again that was put in now.
    pub put_again: bool,
}

impl Refused {
    /// Whether its row has no leaf, though it is good.
    #[must_use]
    pub fn lacks(&self) -> bool {
        let lacks = matches!(self.standing, Standing::Lacks | Standing::Unbound);
        lacks && !self.put_again
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fault = self.fault.map_or("-", LeafFault::as_str);
        let standing = if self.put_again {
            "put again"
        } else {
            self.standing.as_str()
        };
        write!(f, "{}\t{fault}\t{standing}", self.name)
    }
}

/// What is to be done with what is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A row that lacks its leaf gets it again.
    pub put_again: bool,
    /// Refused leaves are forgotten, but for those whose rows still lack one.
    pub forget: bool,
}

/// A facility whose leaves are looked at.
pub struct RefusedLeaves(Facility);

impl RefusedLeaves {
    /// Opens a facility.
    ///
    /// # Errors
    /// When it does not open.
    pub async fn open(name: &FacilityName, ports: Ports<'_>) -> Result<Self, Failure> {
        let facility = Facility::open(name, ports).await?;
        Ok(Self(facility))
    }

    /// Looks at each refused leaf, does what is wanted, and tells of it.
    ///
    /// # Errors
    /// When database or keys cannot be read; what was done before stands.
    pub async fn look(
        &self,
        wanted: Wanted,
        mut told: impl FnMut(&Refused),
    ) -> Result<(), Failure> {
        let (id, mut after) = (self.0.id, None);
        loop {
            let read = move |reader: &mut Reader| reader.leaves().refused(id, after, BATCH);
            let leaves = self.0.store.search("refused leaves", read).await?;
            let Some(last) = leaves.last() else {
                return Ok(());
            };
            after = Some(last.id);
            for leaf in leaves {
                told(&self.look_at(leaf, wanted).await?);
            }
        }
    }

    async fn look_at(&self, leaf: store::RefusedLeaf, wanted: Wanted) -> Result<Refused, Failure> {
        let mut refused = Refused {
            name: leaf.name.to_string(),
            fault: leaf.fault,
            standing: Standing::NoRow,
            put_again: false,
        };
        if let Some(name) = leaf.name.of_leaf(self.0.id) {
            let (standing, put) = self.settle(&name, Some(&leaf.commitment), wanted).await?;
            (refused.standing, refused.put_again) = (standing, put);
        }
        if wanted.forget && !refused.lacks() {
            let (facility, id) = (self.0.id, leaf.id);
            let forget = move |tx: &mut Tx| tx.leaves().forget_refused(facility, id);
            self.0
                .store
                .run_tx("forget a refused leaf", &[], forget)
                .await?;
        }
        Ok(refused)
    }

    /// Gives one row its leaf again, whatever was refused.
    ///
    /// # Errors
    /// When database or keys cannot be read.
    pub async fn put_again(&self, record: Tag, version: VersionNumber) -> Result<Refused, Failure> {
        let name = LeafName {
            facility: self.0.id,
            record,
            version,
        };
        let wanted = Wanted {
            put_again: true,
            forget: false,
        };
        let (standing, put_again) = self.settle(&name, None, wanted).await?;
        Ok(Refused {
            name: format!("{record} {}", version.get()),
            fault: None,
            standing,
            put_again,
        })
    }

    async fn settle(
        &self,
        name: &LeafName,
        commitment: Option<&[u8]>,
        wanted: Wanted,
    ) -> Result<(Standing, bool), Failure> {
        let name = *name;
        let Some(own) = waiting_leaves::of_row(&self.0, &name).await? else {
            return Ok((Standing::NoRow, false));
        };
        let find = move |reader: &mut Reader| {
            reader
                .leaves()
                .of_row(name.facility, name.record, name.version)
        };
        if !self.0.store.read("leaves of a row", find).await?.is_empty() {
            return Ok((Standing::HasLeaf, false));
        }
        if !own.is_bound && commitment != Some(own.commitment.as_bytes().as_slice()) {
            return Ok((Standing::Unbound, false));
        }
        if !wanted.put_again {
            return Ok((Standing::Lacks, false));
        }
        let put = move |tx: &mut Tx| tx.leaves().put_again(&name, &own.commitment);
        let put = self.0.store.run_tx("put a leaf again", &[], put).await?;
        if put {
            tracing::warn!(facility = %self.0.name, record = %name.record,
                version = name.version.get(), "the leaf of a row waits again");
        }
        Ok((Standing::Lacks, put))
    }
}
