//! Writes a trust file, set out for people.

use super::{ClosedLog, FORMAT, Trust, TrustedChain, TrustedLog};
use crate::bundle::{object, texts};
use crate::pretty::pretty;
use fhir::json::Value;

impl Trust {
    /// The file: JSON over several lines, members sorted by name.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut trust = vec![
            ("format", FORMAT.into()),
            ("logs", list(&self.logs, log)),
            ("chains", list(&self.chains, chain)),
        ];
        trust.extend(self.require.map(|level| ("require", level.as_str().into())));
        trust.extend(self.max_anchor_age.map(|age| ("maxAnchorAge", age.into())));
        pretty(&object(trust))
    }
}

fn list<T>(items: &[T], write: impl Fn(&T) -> Value) -> Value {
    Value::Array(items.iter().map(write).collect())
}

fn log(log: &TrustedLog) -> Value {
    let mut members = vec![
        ("origin", log.origin.as_str().into()),
        ("logId", log.log_id.to_string().into()),
        ("facility", log.facility.as_str().into()),
        ("source", log.source.as_str().into()),
        ("vkeys", texts(&log.vkeys)),
    ];
    members.extend(log.witnesses.as_ref().map(|witnesses| {
        let vkeys = ("vkeys", texts(&witnesses.vkeys));
        ("witnesses", object(vec![("k", witnesses.k.into()), vkeys]))
    }));
    members.extend(
        log.promise
            .as_ref()
            .map(|vkey| ("promise", vkey.to_string().into())),
    );
    object(members)
}

fn chain(chain: &TrustedChain) -> Value {
    let anchors = list(&chain.anchors, |anchor| {
        object(vec![
            ("logId", anchor.log_id.to_string().into()),
            ("seq", anchor.seq.into()),
            ("size", anchor.size.into()),
            ("root", anchor.root.to_string().into()),
        ])
    });
    let heads = list(&chain.heads, |head| {
        object(vec![
            ("logId", head.log_id.to_string().into()),
            ("seq", head.seq.into()),
            ("size", head.size.into()),
            ("root", head.root.to_string().into()),
            ("time", head.time.into()),
        ])
    });
    let mut members = vec![
        ("chainId", chain.chain_id.into()),
        ("registry", chain.registry.to_string().into()),
        ("kind", chain.kind.as_str().into()),
        ("source", chain.source.as_str().into()),
        ("anchors", anchors),
        ("heads", heads),
    ];
    members.extend(chain.blocks.as_ref().map(|blocks| {
        let block = list(blocks, |block| {
            object(vec![
                ("number", block.number.into()),
                ("hash", block.hash.to_string().into()),
            ])
        });
        ("blocks", block)
    }));
    members.extend(chain.validators.as_ref().map(|sets| {
        let sets = list(sets, |set| {
            let addresses = ("addresses", texts(&set.addresses));
            object(vec![("fromBlock", set.from_block.into()), addresses])
        });
        ("validators", sets)
    }));
    members.extend(
        chain
            .closed
            .as_ref()
            .map(|logs| ("closed", list(logs, closed))),
    );
    object(members)
}

fn closed(closed: &ClosedLog) -> Value {
    let mut members = vec![
        ("logId", closed.log_id.to_string().into()),
        ("reason", closed.reason.as_str().into()),
    ];
    let successor = closed.successor.map(|log| log.to_string());
    members.extend(successor.map(|log| ("successor", log.into())));
    object(members)
}
