//! Reads a trust file strictly: JSON in any spelling, but no unknown member and
//! no two entries that exclude each other.

use super::{
    ClosedLog, FORMAT, Trust, TrustedAnchor, TrustedBlock, TrustedChain, TrustedHead, TrustedLog,
    TrustedValidators, TrustedWitnesses,
};
use crate::form::{self, FormError, Members};
use std::collections::BTreeSet;

const TRUST: [&str; 5] = ["format", "logs", "chains", "require", "maxAnchorAge"];
const LOG: [&str; 7] = [
    "origin",
    "logId",
    "facility",
    "source",
    "vkeys",
    "witnesses",
    "promise",
];
const CHAIN: [&str; 9] = [
    "chainId",
    "registry",
    "kind",
    "source",
    "anchors",
    "heads",
    "blocks",
    "validators",
    "closed",
];

impl Trust {
    /// Reads a trust file.
    ///
    /// # Errors
    /// When it breaks any rule of form; exit code 2.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormError> {
        let value = form::parse("trust file", bytes)?;
        let members = Members::of(&value, "", &TRUST)?;
        if members.text("format")? != FORMAT {
            let rule = "`chartseal-trust/1`; another format needs another release";
            return Err(FormError::Member {
                place: members.place("format"),
                rule,
            });
        }
        let trust = Self {
            logs: members.each("logs", &LOG, log)?,
            chains: members.each("chains", &CHAIN, chain)?,
            require: optional(&members, "require", Members::parsed)?,
            max_anchor_age: optional(&members, "maxAnchorAge", Members::integer)?,
        };
        once("logs", "origin", trust.logs.iter().map(|log| &log.origin))?;
        let registries = trust
            .chains
            .iter()
            .map(|chain| (chain.chain_id, chain.registry));
        once("chains", "chainId and registry", registries)?;
        for chain in &trust.chains {
            let sizes = chain
                .anchors
                .iter()
                .map(|anchor| (anchor.log_id, anchor.size));
            once("chains[].anchors", "logId and size", sizes)?;
            let numbers = chain
                .anchors
                .iter()
                .map(|anchor| (anchor.log_id, anchor.seq));
            once("chains[].anchors", "logId and seq", numbers)?;
            once(
                "chains[].heads",
                "logId",
                chain.heads.iter().map(|head| head.log_id),
            )?;
            let closed = chain.closed.iter().flatten();
            let closed = closed.map(|closed| closed.log_id);
            once("chains[].closed", "logId", closed)?;
        }
        Ok(trust)
    }
}

/// Refuses a second entry with the same key.
fn once<K: Ord>(
    place: &str,
    what: &'static str,
    mut keys: impl Iterator<Item = K>,
) -> Result<(), FormError> {
    let mut seen = BTreeSet::new();
    if keys.all(|key| seen.insert(key)) {
        Ok(())
    } else {
        Err(FormError::Twice {
            place: place.to_owned(),
            what,
        })
    }
}

fn optional<'a, T>(
    members: &Members<'a>,
    name: &str,
    read: impl Fn(&Members<'a>, &str) -> Result<T, FormError>,
) -> Result<Option<T>, FormError> {
    members
        .optional(name)
        .map(|_| read(members, name))
        .transpose()
}

fn log(members: &Members<'_>) -> Result<TrustedLog, FormError> {
    Ok(TrustedLog {
        origin: members.parsed("origin")?,
        log_id: members.parsed("logId")?,
        facility: members.parsed("facility")?,
        source: members.parsed("source")?,
        vkeys: members.parsed_list("vkeys")?,
        witnesses: members.child("witnesses", &["k", "vkeys"], witnesses)?,
        promise: optional(members, "promise", Members::parsed)?,
    })
}

fn witnesses(members: &Members<'_>) -> Result<TrustedWitnesses, FormError> {
    Ok(TrustedWitnesses {
        k: members.integer("k")?,
        vkeys: members.parsed_list("vkeys")?,
    })
}

fn chain(members: &Members<'_>) -> Result<TrustedChain, FormError> {
    let blocks = |members: &Members<'_>, name: &str| {
        members.each(name, &["number", "hash"], |block| {
            Ok(TrustedBlock {
                number: block.integer("number")?,
                hash: block.parsed("hash")?,
            })
        })
    };
    let validators = |members: &Members<'_>, name: &str| {
        members.each(name, &["fromBlock", "addresses"], |set| {
            Ok(TrustedValidators {
                from_block: set.integer("fromBlock")?,
                addresses: set.parsed_list("addresses")?,
            })
        })
    };
    Ok(TrustedChain {
        chain_id: members.integer("chainId")?,
        registry: members.parsed("registry")?,
        kind: members.parsed("kind")?,
        source: members.parsed("source")?,
        anchors: members.each("anchors", &["logId", "seq", "size", "root"], anchor)?,
        heads: members.each("heads", &["logId", "seq", "size", "root", "time"], head)?,
        blocks: optional(members, "blocks", blocks)?,
        validators: optional(members, "validators", validators)?,
        closed: optional(members, "closed", |members, name| {
            members.each(name, &["logId", "reason", "successor"], closed)
        })?,
    })
}

fn closed(members: &Members<'_>) -> Result<ClosedLog, FormError> {
    Ok(ClosedLog {
        log_id: members.parsed("logId")?,
        reason: members.parsed("reason")?,
        successor: optional(members, "successor", Members::parsed)?,
    })
}

fn anchor(members: &Members<'_>) -> Result<TrustedAnchor, FormError> {
    Ok(TrustedAnchor {
        log_id: members.parsed("logId")?,
        seq: members.integer("seq")?,
        size: members.integer("size")?,
        root: members.parsed("root")?,
    })
}

fn head(members: &Members<'_>) -> Result<TrustedHead, FormError> {
    Ok(TrustedHead {
        log_id: members.parsed("logId")?,
        seq: members.integer("seq")?,
        size: members.integer("size")?,
        root: members.parsed("root")?,
        time: members.integer("time")?,
    })
}
