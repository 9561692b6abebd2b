//! A statement about the facility itself: the system kinds `policy`, `registration`,
//! `change`, `decision` and `continues` of docs/proof-format.md, section 3, as they are sealed and
//! as they open.

pub(crate) mod log;

use crate::{
    facility::{
        keyring::Keyring,
        own::Own,
        own_seal::{self, Envelope, OwnContent, OwnPlace, OwnSeal},
    },
    failure::Failure,
};
use model::{Commitment, Digest, FacilityName, LogId, Tag, Timestamp};
use sealing::IdRoot;
use std::collections::BTreeMap;
use store::{NewStatement, Statement, StatementKind};
use tlog::leaf::{self, AnyStatement, Member, SystemStatement};

/// What a statement says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Said {
    /// A policy set was put in force.
    Policy {
        /// Its number.
        set: u32,
        /// Its policy digest.
        digest: Digest,
    },
    /// A sealed row was written.
    Entry {
        /// Whom or what the row stands for.
        tag: Tag,
        /// The row's number under the tag, from 1.
        entry: u32,
        /// SHA-256 of the row's envelope.
        digest: Digest,
    },
    /// A new log goes on where another cannot.
    Continues {
        /// The log before.
        log: LogId,
        /// Leaves under the last state that it signed.
        size: u64,
        /// The root over them.
        root: Digest,
    },
}

impl Said {
    /// The entry that a row with this envelope is.
    pub(crate) fn entry(tag: Tag, entry: u32, envelope: &[u8]) -> Self {
        Self::Entry {
            tag,
            entry,
            digest: sealing::envelope_digest(envelope),
        }
    }

    fn members(&self) -> BTreeMap<String, Member> {
        let text = |bytes: String| Member::Text(bytes);
        let members = match self {
            Self::Policy { set, digest } => vec![
                ("digest", text(digest.to_string())),
                ("set", Member::Number(u64::from(*set))),
            ],
            Self::Entry { tag, entry, digest } => vec![
                ("digest", text(digest.to_string())),
                ("entry", Member::Number(u64::from(*entry))),
                ("tag", text(tag.to_string())),
            ],
            Self::Continues { log, size, root } => vec![
                ("log", text(log.to_string())),
                ("root", text(root.to_string())),
                ("size", Member::Number(*size)),
            ],
        };
        let named = members.into_iter();
        named
            .map(|(name, member)| (name.to_owned(), member))
            .collect()
    }

    /// `None` when the members are not those of the kind.
    fn of_members(kind: StatementKind, members: &BTreeMap<String, Member>) -> Option<Self> {
        let text = |name: &str| match members.get(name) {
            Some(Member::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        let number = |name: &str| match members.get(name) {
            Some(Member::Number(number)) => Some(*number),
            _ => None,
        };
        let said = match kind {
            StatementKind::Policy => Self::Policy {
                set: u32::try_from(number("set")?).ok()?,
                digest: text("digest")?.parse().ok()?,
            },
            StatementKind::Continues => Self::Continues {
                log: text("log")?.parse().ok()?,
                size: number("size")?,
                root: text("root")?.parse().ok()?,
            },
            _ => Self::Entry {
                tag: text("tag")?.parse().ok()?,
                entry: u32::try_from(number("entry")?).ok()?,
                digest: text("digest")?.parse().ok()?,
            },
        };
        (members.len() == said.members().len()).then_some(said)
    }
}

/// By which the leaf of a statement names it.
pub(crate) fn record_tag(tags: &IdRoot, kind: StatementKind, number: u32) -> Tag {
    Own::Statement(kind).tag(tags, &number.to_string())
}

/// Seals a statement and makes its leaf.
///
/// # Errors
/// When sealing fails.
pub(crate) fn seal(
    own: &OwnSeal<'_>,
    kind: StatementKind,
    number: u32,
    at: Timestamp,
    said: &Said,
) -> Result<NewStatement, Failure> {
    let facility = own.facility.clone();
    let number_text = number.to_string();
    let statement = SystemStatement::new(
        facility,
        kind.as_str(),
        u64::from(number),
        at,
        said.members(),
    )
    .map_err(Failure::fault)?
    .encode();
    let record = record_tag(own.tags, kind, number);
    let place = OwnPlace::only(Own::Statement(kind), record, at);
    let content = OwnContent {
        id: &number_text,
        bytes: statement.as_bytes(),
    };
    let sealed = own.seal(&place, content)?;
    Ok(NewStatement {
        commitment: leaf::commitment(&sealed.salts.leaf, &statement),
        statement: Statement {
            kind,
            number,
            record,
            data_key: own.key.id,
            envelope: sealed.envelope,
            created: at,
        },
    })
}

/// Opens a stored statement.
///
/// # Errors
/// When it does not open, or says something else than its row.
pub(crate) async fn open(
    facility: &FacilityName,
    keys: &Keyring,
    tags: &IdRoot,
    row: &Statement,
) -> Result<Said, Failure> {
    let opened = open_with_leaf(facility, keys, tags, row).await?;
    Ok(opened.0)
}

/// [`open`], with the commitment that is computed from it.
///
/// # Errors
/// As [`open`].
pub(crate) async fn open_with_leaf(
    facility: &FacilityName,
    keys: &Keyring,
    tags: &IdRoot,
    row: &Statement,
) -> Result<(Said, Commitment), Failure> {
    let record = record_tag(tags, row.kind, row.number);
    let place = OwnPlace::only(Own::Statement(row.kind), record, row.created);
    let sealed = Envelope {
        data_key: row.data_key,
        bytes: &row.envelope,
    };
    let opened = own_seal::open(facility, keys, &place, sealed).await?;
    let other = || Failure::fault("a statement is not what its row says");
    let text = std::str::from_utf8(&opened.content).map_err(|_| other())?;
    let AnyStatement::System(statement) = AnyStatement::decode(text).map_err(Failure::fault)?
    else {
        return Err(other());
    };
    let fits = statement.facility() == facility
        && statement.kind() == row.kind.as_str()
        && statement.number() == u64::from(row.number)
        && statement.time() == row.created
        && row.record == record;
    let said = Said::of_members(row.kind, statement.members())
        .filter(|_| fits)
        .ok_or_else(other)?;
    Ok((said, leaf::commitment(&opened.salts.leaf, text)))
}

#[cfg(test)]
mod tests;
