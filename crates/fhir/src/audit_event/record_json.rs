//! The record as the JSON that is sealed (docs/storage-format.md, "Audit records").
//! Members that are absent are not written; a member that is not known is refused.

use super::{
    audit_outcome::AuditOutcome,
    facts::{
        AuditAct, AuditAgent, AuditFacility, AuditFacts, AuditPatient, AuditTouched, MAX_RECORD_ID,
    },
    reader::Reader,
    record::AuditRecord,
    record_error::RecordError,
};
use crate::json::{Members, Value, write_string};
use model::{Interaction, LogicalId, Tag, VersionNumber};
use std::collections::BTreeMap;

/// The renderer that this release writes.
pub(super) const RENDERER: u64 = 2;

impl AuditRecord {
    /// The canonical bytes.
    #[must_use]
    pub fn to_canonical(&self) -> Vec<u8> {
        let facts = self.facts();
        let places = Places::of(self);
        let mut out = Vec::with_capacity(2048 + facts.decision.len() + 64 * places.touched);
        let mut record = Members::open(&mut out);
        record.array("acts", &facts.acts, |members, act| {
            write_act(act, members, &places)
        });
        if let Some(agent) = &facts.agent {
            record.object("agent", |members| write_agent(agent, members));
        }
        record.text("base", &facts.base);
        record.raw("decision", &facts.decision);
        record.text("facility", facts.facility.as_str());
        record.text("id", facts.id.as_str());
        record.text("interaction", facts.interaction.as_str());
        write_texts(record.key("kinds"), places.kinds.iter().copied());
        let patients = self.patients().iter().map(|patient| patient.id.as_str());
        write_texts(record.key("patients"), patients);
        record.text_if("purpose", facts.purpose.as_deref());
        record.raw("render", RENDERER.to_string().as_bytes());
        record.text_if("request", facts.request_id.as_deref());
        if let Some(server) = &facts.server {
            record.object("server", |members| write_facility(server, members));
        }
        record.text("time", &facts.time.to_string());
        record.close();
        out
    }

    /// Reads the members but `render`, which has been taken out. `tag_of` gives the tag
    /// of a Patient by its id.
    pub(super) fn read(
        mut record: Reader<'_>,
        tag_of: &dyn Fn(&LogicalId) -> Tag,
    ) -> Result<Self, RecordError> {
        let kinds = record.texts("kinds")?;
        let patients = read_patients(&mut record, tag_of)?;
        let act = |act| read_act(act, &kinds, &patients);
        let acts = record.items("acts", act)?;
        let decision = record.take("decision");
        let interaction: String = record.needed("interaction")?;
        let facts = AuditFacts {
            id: record.needed("id")?,
            time: record.needed("time")?,
            facility: record.needed("facility")?,
            base: record.needed("base")?,
            server: record.take("server").map(read_facility).transpose()?,
            interaction: Interaction::stored(&interaction),
            agent: record.take("agent").map(read_agent).transpose()?,
            purpose: record.text("purpose")?,
            request_id: record.text("request")?,
            acts,
            decision: decision
                .ok_or(RecordError::Malformed("decision"))?
                .to_canonical(),
        };
        record.end()?;
        if facts.id.as_str().len() > MAX_RECORD_ID {
            return Err(RecordError::Malformed("id"));
        }
        let numbers = facts.acts.iter().filter_map(|act| act.query);
        if facts.acts.is_empty() || !numbers.eq(1..=count_of_queries(&facts.acts)) {
            return Err(RecordError::Malformed("acts"));
        }
        Ok(Self::new(facts))
    }
}

fn count_of_queries(acts: &[AuditAct]) -> u32 {
    let queries = acts.iter().filter(|act| act.query.is_some()).count();
    u32::try_from(queries).unwrap_or(u32::MAX)
}

/// Types and patients stand in lists, and records name them by their places there: a
/// search over a thousand patients takes less than 100 bytes for each.
struct Places<'r> {
    kinds: Vec<&'r str>,
    kind: BTreeMap<&'r str, usize>,
    patient: BTreeMap<Tag, usize>,
    touched: usize,
}

impl<'r> Places<'r> {
    fn of(record: &'r AuditRecord) -> Self {
        let mut places = Self {
            kinds: Vec::new(),
            kind: BTreeMap::new(),
            patient: BTreeMap::new(),
            touched: 0,
        };
        for touched in record.facts().acts.iter().flat_map(|act| &act.touched) {
            let kinds = &mut places.kinds;
            places.kind.entry(&touched.kind).or_insert_with(|| {
                kinds.push(&touched.kind);
                kinds.len() - 1
            });
            places.touched += 1;
        }
        for (at, patient) in record.patients().iter().enumerate() {
            places.patient.insert(patient.tag, at);
        }
        places
    }
}

fn write_texts<'t>(out: &mut Vec<u8>, texts: impl Iterator<Item = &'t str>) {
    out.push(b'[');
    for (at, text) in texts.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_string(out, text);
    }
    out.push(b']');
}

fn write_act(act: &AuditAct, members: &mut Members, places: &Places<'_>) {
    members.text_if("did", act.did.as_ref().map(Interaction::as_str));
    members.text("i", act.interaction.as_str());
    members.text("o", act.outcome.as_str());
    if let Some(query) = act.query {
        members.raw("q", query.to_string().as_bytes());
    }
    members.text_if("text", act.outcome_text.as_deref());
    let out = members.key("touched");
    out.push(b'[');
    for (at, touched) in act.touched.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_touched(touched, out, places);
    }
    out.push(b']');
}

/// `[place of the type, id, version or 0, places of the patients ..]`
fn write_touched(touched: &AuditTouched, out: &mut Vec<u8>, places: &Places<'_>) {
    let kind = places.kind.get(touched.kind.as_str());
    out.push(b'[');
    out.extend_from_slice(kind.copied().unwrap_or_default().to_string().as_bytes());
    out.push(b',');
    write_string(out, &touched.id);
    let version = touched.version.map_or(0, VersionNumber::get);
    out.extend_from_slice(format!(",{version}").as_bytes());
    for patient in &touched.patients {
        if let Some(at) = places.patient.get(&patient.tag) {
            out.extend_from_slice(format!(",{at}").as_bytes());
        }
    }
    out.push(b']');
}

fn write_agent(agent: &AuditAgent, members: &mut Members) {
    members.text_if("address", agent.address.as_deref());
    members.text("client", &agent.client);
    if let Some(home) = &agent.home {
        members.object("home", |members| write_facility(home, members));
    }
    members.text("issuer", &agent.issuer);
    members.text_if("name", agent.name.as_deref());
    if !agent.roles.is_empty() {
        write_texts(members.key("roles"), agent.roles.iter().map(String::as_str));
    }
    members.text("subject", &agent.subject);
}

fn write_facility(facility: &AuditFacility, members: &mut Members) {
    members.text("base", &facility.base);
    members.text("name", facility.name.as_str());
    members.text_if("organisation", facility.organisation.as_deref());
}

fn read_patients(
    record: &mut Reader<'_>,
    tag_of: &dyn Fn(&LogicalId) -> Tag,
) -> Result<Vec<AuditPatient>, RecordError> {
    let malformed = RecordError::Malformed("patients");
    let mut patients = Vec::new();
    for id in record.texts("patients")? {
        let id: LogicalId = id.parse().map_err(|_| malformed.clone())?;
        let tag = tag_of(&id);
        patients.push(AuditPatient { tag, id });
    }
    if patients.is_sorted_by(|a, b| a.tag < b.tag) {
        Ok(patients)
    } else {
        Err(malformed)
    }
}

fn read_act(
    mut value: Value,
    kinds: &[String],
    patients: &[AuditPatient],
) -> Result<AuditAct, RecordError> {
    let mut act = Reader::of(&mut value, "acts")?;
    let interaction: String = act.needed("i")?;
    let outcome = AuditOutcome::read(&act.needed::<String>("o")?);
    let query = act.number("q")?.map(u32::try_from).transpose();
    let touched = |touched: Value| {
        read_touched(&touched, kinds, patients).ok_or(RecordError::Malformed("touched"))
    };
    let read = AuditAct {
        interaction: Interaction::stored(&interaction),
        did: act.text("did")?.as_deref().map(Interaction::stored),
        outcome: outcome.ok_or(RecordError::Malformed("o"))?,
        outcome_text: act.text("text")?,
        query: query.map_err(|_| RecordError::Malformed("q"))?,
        touched: act.items("touched", touched)?,
    };
    act.end().map(|()| read)
}

fn read_touched(
    value: &Value,
    kinds: &[String],
    patients: &[AuditPatient],
) -> Option<AuditTouched> {
    let [kind, id, version, about @ ..] = value.as_array()? else {
        return None;
    };
    let place = |value: &Value| usize::try_from(value.as_u64()?).ok();
    let patient = |value: &Value| patients.get(place(value)?).cloned();
    Some(AuditTouched {
        kind: kinds.get(place(kind)?)?.clone(),
        id: id.as_str()?.to_owned(),
        version: match u32::try_from(version.as_u64()?).ok()? {
            0 => None,
            number => Some(VersionNumber::new(number)?),
        },
        patients: about.iter().map(patient).collect::<Option<_>>()?,
    })
}

fn read_agent(mut value: Value) -> Result<AuditAgent, RecordError> {
    let mut agent = Reader::of(&mut value, "agent")?;
    let read = AuditAgent {
        address: agent.text("address")?,
        client: agent.needed("client")?,
        home: agent.take("home").map(read_facility).transpose()?,
        issuer: agent.needed("issuer")?,
        name: agent.text("name")?,
        roles: agent.texts("roles")?,
        subject: agent.needed("subject")?,
    };
    agent.end().map(|()| read)
}

fn read_facility(mut value: Value) -> Result<AuditFacility, RecordError> {
    let mut facility = Reader::of(&mut value, "facility")?;
    let read = AuditFacility {
        base: facility.needed("base")?,
        name: facility.needed("name")?,
        organisation: facility.text("organisation")?,
    };
    facility.end().map(|()| read)
}
