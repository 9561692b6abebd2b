//! What must be so whatever went before.

use super::World;
use crate::keys::rotation;
use model::{AnchorState, Commitment, Digest, LogId};
use std::collections::BTreeMap;
use tlog::{leaf::leaf_hash, notes::checkpoint, tree::CompactRange};

impl World {
    /// What must be so after rest, whatever went before.
    pub(super) async fn judge(&self) {
        for (facility, log_id) in self.logs.iter().enumerate() {
            self.judge_log(&self.planted[facility], *log_id).await;
        }
        let posts = self.service.status().read().await.unwrap();
        assert_eq!((posts.pending, posts.alarm), (0, None));
    }

    pub(super) async fn judge_log(&self, planted: &[Commitment], log_id: LogId) {
        let (log, leaves, anchors) = self
            .store
            .read("judge", move |r| {
                let log = r
                    .logs()
                    .list()?
                    .into_iter()
                    .find(|log| log.log_id == log_id)
                    .unwrap();
                let leaves = r.leaves().range(log.id, 0, u32::MAX)?;
                let newest = r
                    .anchors()
                    .newest(log.id)?
                    .map_or(0, |anchor| anchor.new.seq);
                let anchors: Result<Vec<_>, _> = (1..=newest + 1)
                    .filter_map(|seq| r.anchors().find(log.id, seq).transpose())
                    .collect();
                Ok((log, leaves, anchors?))
            })
            .await
            .unwrap();
        // Each leaf once.
        let mut found: Vec<_> = leaves.iter().map(|leaf| leaf.commitment).collect();
        assert_eq!(log.size, found.len() as u64);
        assert!((0..).zip(&leaves).all(|(index, leaf)| leaf.index == index));
        let mut tree = CompactRange::default();
        let mut roots = BTreeMap::new();
        for (size, leaf) in (1..).zip(&found) {
            tree.push(leaf_hash(leaf));
            roots.insert(size, tree.root());
        }
        found.sort_unstable();
        let mut expected = planted.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "each leaf is in the log once");
        self.judge_anchors(log, &roots, &anchors).await;
    }

    async fn judge_anchors(
        &self,
        log: store::Log,
        roots: &BTreeMap<u64, Digest>,
        anchors: &[store::Anchor],
    ) {
        let history = self.ledger.history(log.log_id);
        let ours: Vec<_> = anchors
            .iter()
            .map(|a| (a.new.seq, a.new.size, a.new.root))
            .collect();
        let theirs: Vec<_> = history.iter().map(|h| (h.seq, h.size, h.root)).collect();
        assert_eq!(
            ours, theirs,
            "the store knows of every anchor and of no other"
        );
        assert_eq!(history.last().map_or(0, |head| head.size), log.size);
        for anchor in anchors {
            assert!(
                matches!(anchor.state, AnchorState::Finalized { .. }),
                "{anchor:?}"
            );
            assert!(anchor.evidence.is_some());
            assert_eq!(roots.get(&anchor.new.size), Some(&anchor.new.root));
            // Every posted root is that of a stored signed checkpoint.
            let (id, size) = (log.id, anchor.new.size);
            let stored = self
                .store
                .read("judge", move |r| {
                    let log = r.logs().get(id)?.unwrap();
                    let keys = r.log_keys().of(&log)?;
                    let note = r.logs().checkpoint(id, size)?.unwrap().note;
                    Ok((note, rotation::vkeys(&log, &keys).unwrap()))
                })
                .await;
            let (note, keys) = stored.unwrap();
            let keys: Vec<_> = keys.into_iter().map(|(vkey, _)| vkey).collect();
            let opened = checkpoint::open(&note, &keys).unwrap();
            assert_eq!(
                (opened.size, opened.root),
                (anchor.new.size, anchor.new.root)
            );
        }
        // A database that went back has lost what it knew of its posts: another may then be
        // sent under the same number and nonce, of which the chain takes one. So may be what
        // comes after a transaction that was given up, because no nonce leads up to its own.
        if self.generation > 0 || self.misled {
            return;
        }
        for ((_, seq), claims) in self.ledger.claimed() {
            assert_eq!(claims.len(), 1, "two roots were sent for anchor {seq}");
        }
    }
}
