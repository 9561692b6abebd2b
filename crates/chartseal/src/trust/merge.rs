//! Puts what a node said into a trust file, losing nothing that stands there. What
//! contradicts it is refused: either the node or the file's maker has lied.

use model::{FacilityName, LogId};
use proof::{
    ChainKind, ClosedLog, Registry, Source, Trust, TrustedAnchor, TrustedChain, TrustedHead,
    TrustedLog,
};
use tlog::notes::checkpoint::{Origin, Vkey};

/// What was given and what the node said.
pub struct Found {
    pub chain_id: u64,
    pub registry: Registry,
    pub kind: ChainKind,
    pub origin: Origin,
    pub log_id: LogId,
    pub facility: FacilityName,
    pub vkeys: Vec<Vkey>,
    pub anchors: Vec<TrustedAnchor>,
    pub head: Option<TrustedHead>,
    pub closed: Option<ClosedLog>,
}

/// Merges; gives what of the file is superseded, if anything is.
///
/// # Errors
/// With what contradicts the file.
pub fn merge(trust: &mut Trust, found: Found) -> Result<Option<String>, String> {
    log(trust, &found)?;
    let same = |chain: &&mut TrustedChain| {
        chain.chain_id == found.chain_id && chain.registry == found.registry
    };
    let Some(chain) = trust.chains.iter_mut().find(same) else {
        trust.chains.push(TrustedChain {
            chain_id: found.chain_id,
            registry: found.registry,
            kind: found.kind,
            source: Source::Node,
            anchors: found.anchors,
            heads: found.head.into_iter().collect(),
            blocks: None,
            validators: None,
            closed: found.closed.map(|closed| vec![closed]),
        });
        return Ok(None);
    };
    if chain.source != Source::Node {
        return Err(format!(
            "the file's anchors of registry {} come from `{}`, and must not be taken for those \
             of a node; write to another file",
            chain.registry,
            chain.source.as_str()
        ));
    }
    for anchor in found.anchors {
        add(chain, anchor)?;
    }
    if let Some(closed) = found.closed {
        close(chain, closed)?;
    }
    match found.head {
        Some(head) => renew(chain, head),
        None => Ok(None),
    }
}

/// A log is closed once, for one reason; its successor may be named later.
fn close(chain: &mut TrustedChain, closed: ClosedLog) -> Result<(), String> {
    let logs = chain.closed.get_or_insert_default();
    let Some(known) = logs.iter_mut().find(|known| known.log_id == closed.log_id) else {
        logs.push(closed);
        return Ok(());
    };
    let names_another = known.successor.is_some() && known.successor != closed.successor;
    if known.reason != closed.reason || names_another {
        return Err(format!(
            "the file and the node say different things of why log 0x{} was closed, or of what \
             goes on in its place: one of them is wrong",
            closed.log_id
        ));
    }
    known.successor = closed.successor;
    Ok(())
}

fn log(trust: &mut Trust, found: &Found) -> Result<(), String> {
    let known = trust.logs.iter_mut().find(|log| log.origin == found.origin);
    let Some(log) = known else {
        trust.logs.push(TrustedLog {
            origin: found.origin.clone(),
            log_id: found.log_id,
            facility: found.facility.clone(),
            // Whoever else handed the key over, the operator made it.
            source: Source::Operator,
            vkeys: found.vkeys.clone(),
            witnesses: None,
            promise: None,
        });
        return Ok(());
    };
    if log.facility != found.facility {
        return Err(format!(
            "the file has `{}` as the log of facility `{}`",
            log.origin, log.facility
        ));
    }
    for vkey in &found.vkeys {
        if !log.vkeys.contains(vkey) {
            log.vkeys.push(vkey.clone());
        }
    }
    Ok(())
}

fn add(chain: &mut TrustedChain, anchor: TrustedAnchor) -> Result<(), String> {
    let mut same = chain.anchors.iter().filter(|known| {
        known.log_id == anchor.log_id && (known.seq == anchor.seq || known.size == anchor.size)
    });
    match same.next() {
        None => chain.anchors.push(anchor),
        Some(known) if *known == anchor => {}
        Some(known) => {
            return Err(format!(
                "the file has anchor {} of log 0x{} with size {} and root {}, the node has anchor \
                 {} with size {} and root {}: one of them is wrong",
                known.seq,
                known.log_id,
                known.size,
                known.root,
                anchor.seq,
                anchor.size,
                anchor.root
            ));
        }
    }
    Ok(())
}

fn renew(chain: &mut TrustedChain, head: TrustedHead) -> Result<Option<String>, String> {
    let mut superseded = None;
    let known = chain
        .heads
        .iter_mut()
        .find(|known| known.log_id == head.log_id);
    match known {
        None => chain.heads.push(head),
        Some(known) if known.seq > head.seq => {
            return Err(format!(
                "the node is behind: its newest final anchor of log 0x{} is {}, the file has {}",
                head.log_id, head.seq, known.seq
            ));
        }
        Some(known) if is_made_anew(known, &head) => {
            superseded = Some(format!(
                "the file's head of log 0x{}, anchor {}, is superseded: the chain has the same \
                 anchor in a block of another time, as after a loss of blocks",
                head.log_id, head.seq
            ));
            *known = head;
        }
        Some(known) if known.seq == head.seq && *known != head => {
            return Err(format!(
                "the node has another anchor {} of log 0x{} than the file",
                head.seq, head.log_id
            ));
        }
        Some(known) => *known = head,
    }
    Ok(superseded)
}

/// The same number, size and root, of another time.
fn is_made_anew(known: &TrustedHead, head: &TrustedHead) -> bool {
    let said = |head: &TrustedHead| (head.seq, head.size, head.root);
    said(known) == said(head) && known.time != head.time
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Digest;

    fn found(root: u8, time: u64) -> Found {
        let log_id = LogId::new([2; 32]);
        let head = TrustedHead {
            log_id,
            seq: 3,
            size: 9,
            root: Digest::new([root; 32]),
            time,
        };
        Found {
            chain_id: 7,
            registry: Registry([1; 20]),
            kind: ChainKind::Qbft,
            origin: "gw.test/log/a".parse().unwrap(),
            log_id,
            facility: "a".parse().unwrap(),
            vkeys: Vec::new(),
            anchors: Vec::new(),
            head: Some(head),
            closed: None,
        }
    }

    #[test]
    fn a_head_in_a_block_of_another_time_is_superseded_and_another_root_is_refused() {
        let mut trust = Trust {
            logs: Vec::new(),
            chains: Vec::new(),
            require: None,
            max_anchor_age: None,
        };
        assert_eq!(merge(&mut trust, found(5, 100)), Ok(None));
        assert_eq!(merge(&mut trust, found(5, 100)), Ok(None));
        let superseded = merge(&mut trust, found(5, 200)).unwrap().unwrap();
        assert!(
            superseded.contains("anchor 3, is superseded"),
            "{superseded}"
        );
        assert_eq!(trust.chains[0].heads[0].time, 200);
        assert!(merge(&mut trust, found(6, 300)).is_err());
        assert_eq!(trust.chains[0].heads[0].time, 200);
    }
}
