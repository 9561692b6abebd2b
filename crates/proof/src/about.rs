//! What a bundle is about: its statement, the log and the anchor that it names, and by
//! whose word the trust file knows them. Nothing here is a verdict. Who did something
//! stands in an AuditEvent, never in a statement.

use crate::{Bundle, FormError, Source, Trust, TrustedChain, TrustedLog, bundle::object, form};
use fhir::json::Value;
use model::Timestamp;
use std::fmt;

/// What is claimed, for people and programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The statement's members.
    statement: Value,
    log: Option<Log>,
    anchor: Option<Anchor>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Log {
    origin: String,
    index: u64,
    size: u64,
    source: Option<Source>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Anchor {
    chain_id: u64,
    registry: String,
    seq: u64,
    source: Option<Source>,
    block: Option<BlockTime>,
}

/// What the trust file has of the time of an anchor's block: it knows that of a log's
/// newest anchor only. In seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BlockTime {
    At(u64),
    NotAfter(u64),
}

impl About {
    pub(crate) fn new(bundle: &Bundle, trust: &Trust) -> Result<Self, FormError> {
        let statement = form::parse("statement", bundle.leaf.statement.as_bytes())?;
        let log = bundle.tlog_proof.as_ref().map(|proof| {
            let claim = proof.checkpoint().claim();
            Log {
                origin: claim.origin.to_string(),
                index: proof.index,
                size: claim.size,
                source: trust.log(&claim.origin).map(|log: &TrustedLog| log.source),
            }
        });
        let anchor = bundle.anchor.as_ref().map(|anchor| {
            let chain = trust.chain(anchor.chain_id, anchor.registry);
            Anchor {
                chain_id: anchor.chain_id,
                registry: anchor.registry.to_string(),
                seq: anchor.seq,
                source: chain.map(|chain| chain.source),
                block: chain.and_then(|chain| block_time(chain, anchor)),
            }
        });
        Ok(Self {
            statement,
            log,
            anchor,
        })
    }

    /// The members of `--json`.
    pub(crate) fn members(&self) -> Vec<(&'static str, Value)> {
        let source = |source: Option<Source>| source.map_or("unknown", Source::as_str).into();
        let mut members = vec![("statement", self.statement.clone())];
        members.extend(self.log.as_ref().map(|log| {
            let log = vec![
                ("origin", log.origin.as_str().into()),
                ("index", log.index.into()),
                ("size", log.size.into()),
                ("source", source(log.source)),
            ];
            ("log", object(log))
        }));
        members.extend(self.anchor.as_ref().map(|anchor| {
            let mut members = vec![
                ("chainId", anchor.chain_id.into()),
                ("registry", anchor.registry.as_str().into()),
                ("seq", anchor.seq.into()),
                ("source", source(anchor.source)),
            ];
            members.extend(anchor.block.map(|block| match block {
                BlockTime::At(time) => ("blockTime", time.into()),
                BlockTime::NotAfter(time) => ("blockNotAfter", time.into()),
            }));
            ("anchor", object(members))
        }));
        members
    }

    /// Lines of a name and a text, for people.
    #[must_use]
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let text = |name| self.statement.get(name).and_then(Value::as_str);
        let text = |name| text(name).unwrap_or_default();
        let mut lines = vec![
            ("what", self.what()),
            ("when", text("time").to_owned()),
            ("facility", text("facility").to_owned()),
        ];
        lines.extend(self.log.as_ref().map(|log| {
            let known = by(log.source, "its key");
            let (origin, index, size) = (&log.origin, log.index, log.size);
            ("log", format!("{origin}, leaf {index} of {size}; {known}"))
        }));
        lines.extend(
            self.anchor
                .as_ref()
                .map(|anchor| ("chain", anchor.to_string())),
        );
        lines
    }

    fn what(&self) -> String {
        let text = |name| self.statement.get(name).and_then(Value::as_str);
        let text = |name| text(name).unwrap_or_default();
        let number = |name| {
            let number = self.statement.get(name).map(Value::to_canonical);
            String::from_utf8(number.unwrap_or_default()).unwrap_or_default()
        };
        let (reference, interaction) = (text("reference"), text("interaction"));
        match text("kind") {
            "version" => format!(
                "version {} of {reference}, by {interaction}",
                number("version")
            ),
            "audit" => format!("the audit record of one request, `{interaction}`: {reference}"),
            kind => format!("entry {} of the system, `{kind}`", number("number")),
        }
    }
}

/// The time of the anchor's block, if the head of its log gives it.
fn block_time(chain: &TrustedChain, anchor: &crate::Anchor) -> Option<BlockTime> {
    let head = chain
        .heads
        .iter()
        .find(|head| head.log_id == anchor.log_id)?;
    match head.seq {
        seq if seq == anchor.seq => Some(BlockTime::At(head.time)),
        seq if seq > anchor.seq => Some(BlockTime::NotAfter(head.time)),
        _ => None,
    }
}

/// A moment for people; one outside the calendar as it stands.
fn moment(seconds: u64) -> String {
    let millis = i64::try_from(seconds).unwrap_or(i64::MAX);
    let moment = Timestamp::from_millis(millis.saturating_mul(1_000));
    moment.map_or_else(|_| format!("second {seconds}"), |moment| moment.to_string())
}

/// By whose word something is known.
fn by(source: Option<Source>, what: &str) -> String {
    match source {
        Some(Source::Operator) => format!("{what} by the operator's word"),
        Some(Source::Node) => format!("{what} from a node, as the trust file says"),
        Some(Source::Other) => format!("{what} from someone else, as the trust file says"),
        None => format!("{what} unknown to the trust file"),
    }
}

impl fmt::Display for Anchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seq, registry, chain) = (self.seq, &self.registry, self.chain_id);
        write!(f, "anchor {seq} at registry {registry} on chain {chain}")?;
        match self.block {
            Some(BlockTime::At(time)) => write!(f, ", block of {}", moment(time))?,
            Some(BlockTime::NotAfter(time)) => write!(f, ", block not after {}", moment(time))?,
            None => {}
        }
        write!(f, "; {}", by(self.source, "anchors"))
    }
}
