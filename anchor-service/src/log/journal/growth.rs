//! How a log grows: waiting leaves get their indices, and what somebody else wrote into
//! the log is taken out again.

use super::{Journal, Log, tree_error};
use crate::failure::StepError;
use model::Digest;
use store::{
    Access, Error, LeafFault, LeafKeys, LogRowId, Logs, PendingLeaf, Tile, Tx, WaitingLeaf,
};
use tlog::{
    leaf::leaf_hash,
    tree::{self, tile},
};

/// What one transaction did with the leaves that waited.
#[derive(Debug)]
pub(crate) struct Sequenced {
    /// Number of leaves that were given an index.
    pub(crate) leaves: u32,
    /// Those that were refused one.
    pub(crate) refused: Vec<(WaitingLeaf, LeafFault)>,
    /// Number of leaves beyond the end of the log, which wait again: someone has written
    /// them there past us.
    pub(crate) beyond: u64,
    /// Whether others wait.
    pub(crate) more: bool,
}

/// A log beside what its keys signed last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogState {
    /// It extends that, and we brought it to this size and root.
    Shown(u64, Digest),
    /// It extends that, and has leaves of which nothing says that we gave them their index.
    Unshown,
    /// It does not extend that.
    Behind,
}

impl Journal {
    /// Gives at most `most` pending leaves of the log's facility the next indices, and
    /// takes away those that may have none; see [`crate::log::sequencer`]. `None`, and nothing is
    /// done, when the log as it stands does not extend what its keys signed last, was not
    /// brought there by whoever has a leaf key, or has another name by now.
    pub(crate) async fn sequence(
        &self,
        known: &Log,
        signed: Option<(u64, Digest)>,
        most: u32,
    ) -> Result<Option<Sequenced>, StepError> {
        let (keys, known) = (self.store.leaf_keys().clone(), known.clone());
        let sequenced = self.write("sequence", move |tx| {
            let log = tx.logs().get(known.id)?.ok_or(Error::Corrupt("log"))?;
            // Its name was looked at before, and is that of what was signed.
            if !known.is(&log)
                || !extends(tx.logs(), &log, signed)?
                || shown(tx.logs(), &log, signed, &keys)?.is_none()
            {
                return Ok(None);
            }
            let beyond = tx.leaves().take_back_beyond(&log)?;
            if beyond > 0 {
                // There may be more than one transaction moves.
                return Ok(Some(Sequenced {
                    leaves: 0,
                    refused: Vec::new(),
                    beyond,
                    more: true,
                }));
            }
            let claims = tx.leaves().admit(&log, most)?;
            if !claims.good.is_empty() {
                grow(tx, &log, &claims.good)?;
            }
            Ok(Some(Sequenced {
                leaves: u32::try_from(claims.good.len()).unwrap_or(u32::MAX),
                refused: claims.refused,
                beyond,
                more: claims.more,
            }))
        });
        let sequenced = sequenced.await?;
        let leaves = sequenced.as_ref().map_or(0, |done| done.leaves);
        self.counters.sequenced(u64::from(leaves));
        Ok(sequenced)
    }

    /// The log as it stands, beside what its keys signed last.
    pub(crate) async fn state(
        &self,
        log: LogRowId,
        signed: Option<(u64, Digest)>,
    ) -> Result<LogState, StepError> {
        let keys = self.store.leaf_keys().clone();
        let state = self.read("log state", move |reader| {
            let log = reader.logs().get(log)?.ok_or(Error::Corrupt("log"))?;
            if !extends(reader.logs(), &log, signed)? {
                return Ok(LogState::Behind);
            }
            let root = shown(reader.logs(), &log, signed, &keys)?;
            Ok(root.map_or(LogState::Unshown, |root| LogState::Shown(log.size, root)))
        });
        Ok(state.await?)
    }

    /// Whether the log was brought to its size by a leaf key that is not held.
    pub(crate) async fn is_of_other_leaf_key(&self, log: LogRowId) -> Result<bool, StepError> {
        let keys = self.store.leaf_keys().clone();
        let other = self.read("log state", move |reader| {
            let log = reader.logs().get(log)?.ok_or(Error::Corrupt("log"))?;
            if log.size == 0 || !log.has_state_mac() {
                return Ok(false);
            }
            let mut read = |tile: tile::TileId| reader.logs().tile(log.id, tile.level, tile.index);
            let root = tree::root(&mut read, log.size).map_err(tree_error)?;
            Ok(!keys.show(&log, &root))
        });
        Ok(other.await?)
    }

    /// Lets the newest leaves of a log wait again that its keys have not signed, without a
    /// mac, so that a gateway compares them with their rows; how many. Of very many the rest
    /// is left to the next call.
    pub(crate) async fn take_back(
        &self,
        log: LogRowId,
        signed: Option<(u64, Digest)>,
    ) -> Result<u64, StepError> {
        let floor = signed.map_or(0, |(size, _)| size);
        let taken = self.write("take leaves back", move |tx| {
            let log = tx.logs().get(log)?.ok_or(Error::Corrupt("log"))?;
            tx.leaves().take_back(&log, floor)
        });
        Ok(taken.await?)
    }
}

/// Lets the tiles of a log grow by the leaves that have its next indices now.
fn grow(tx: &mut Tx, log: &store::Log, leaves: &[PendingLeaf]) -> Result<(), Error> {
    let hashes: Vec<_> = leaves
        .iter()
        .map(|leaf| leaf_hash(&leaf.commitment))
        .collect();
    let read = |id: tile::TileId| tx.logs().tile(log.id, id.level, id.index);
    let grown = tile::integrate(log.size, &hashes, read).map_err(tree_error)?;
    let tiles: Vec<_> = grown
        .tiles
        .into_iter()
        .map(|(id, hashes)| Tile {
            level: id.level,
            index: id.index,
            hashes,
        })
        .collect();
    tx.logs().put_tiles(log.id, &tiles)?;
    tx.logs().show_state(log, grown.size, &grown.root)
}

/// Whether the log holds the state that was signed last. The tiles that its root is made
/// of are those of the right edge, so what grows is what was signed.
fn extends<A: Access>(
    mut logs: Logs<'_, A>,
    log: &store::Log,
    signed: Option<(u64, Digest)>,
) -> Result<bool, Error> {
    let Some((size, root)) = signed else {
        return Ok(true);
    };
    if log.size < size {
        return Ok(false);
    }
    let mut read = |tile: tile::TileId| logs.tile(log.id, tile.level, tile.index);
    Ok(tree::root(&mut read, size).map_err(tree_error)? == root)
}

/// The root of the log, when whoever has a leaf key brought it to its size, or its keys
/// signed it just so: leaves that someone wrote past us into tiles and size are not signed.
fn shown<A: Access>(
    mut logs: Logs<'_, A>,
    log: &store::Log,
    signed: Option<(u64, Digest)>,
    keys: &LeafKeys,
) -> Result<Option<Digest>, Error> {
    let mut read = |tile: tile::TileId| logs.tile(log.id, tile.level, tile.index);
    let root = tree::root(&mut read, log.size).map_err(tree_error)?;
    let is_shown = log.size == 0 || signed == Some((log.size, root)) || keys.show(log, &root);
    Ok(is_shown.then_some(root))
}
