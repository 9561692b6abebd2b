//! The record as the JSON that is sealed. Members that are absent are not
//! written; a member that is not known is refused.

use super::record::{
    AuditAgent, AuditOutcome, AuditPatient, AuditRecord, AuditTouched, MAX_RECORD_ID, RecordError,
};
use crate::json::{self, Members, Object, Value};
use model::AuditInteraction;
use std::str::FromStr;

/// The renderer that this release writes.
const RENDERER: u64 = 1;

impl AuditRecord {
    /// The canonical bytes.
    #[must_use]
    pub fn to_canonical(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1024 + 128 * self.touched.len());
        let mut record = Members::open(&mut out);
        if let Some(agent) = &self.agent {
            record.object("agent", |members| write_agent(agent, members));
        }
        record.text("base", &self.base);
        self.decision.write_canonical(record.key("decision"));
        record.text("facility", self.facility.as_str());
        record.text("id", self.id.as_str());
        record.text("interaction", self.interaction.as_str());
        record.text("outcome", self.outcome.as_str());
        record.text_if("outcomeText", self.outcome_text.as_deref());
        record.array("patients", &self.patients, |members, patient| {
            members.text("id", patient.id.as_str());
            members.text("tag", &patient.tag.to_string());
        });
        record.text_if("purpose", self.purpose.as_deref());
        if self.has_query {
            record.raw("query", b"true");
        }
        record.raw("render", RENDERER.to_string().as_bytes());
        record.text_if("request", self.request_id.as_deref());
        record.text("time", &self.time.to_string());
        record.array("touched", &self.touched, |members, touched| {
            members.text("i", touched.interaction.as_str());
            if let Some(patient) = touched.patient {
                members.raw("p", patient.to_string().as_bytes());
            }
            members.text("r", &touched.reference);
            if let Some(version) = touched.version {
                members.raw("v", version.to_string().as_bytes());
            }
        });
        record.close();
        out
    }

    /// Reads the bytes that [`AuditRecord::to_canonical`] wrote.
    ///
    /// # Errors
    /// When they are no audit record, or one of a later renderer.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let mut value = json::parse(bytes).map_err(|_| RecordError::Malformed("record"))?;
        let mut record = Reader(
            value
                .as_object_mut()
                .ok_or(RecordError::Malformed("record"))?,
        );
        match record.number("render")? {
            Some(RENDERER) => {}
            other => return Err(RecordError::UnknownRenderer(other.unwrap_or(0))),
        }
        let agent = record.take("agent").map(read_agent).transpose()?;
        let decision = record
            .take("decision")
            .ok_or(RecordError::Malformed("decision"))?;
        let patients = record.items("patients", read_patient)?;
        let touched = record.items("touched", read_touched)?;
        let interaction: String = record.needed("interaction")?;
        let outcome = AuditOutcome::read(&record.needed::<String>("outcome")?);
        let read = Self {
            id: record.needed("id")?,
            time: record.needed("time")?,
            facility: record.needed("facility")?,
            base: record.needed("base")?,
            interaction: AuditInteraction::restful(&interaction),
            outcome: outcome.ok_or(RecordError::Malformed("outcome"))?,
            outcome_text: record.text("outcomeText")?,
            agent,
            purpose: record.text("purpose")?,
            request_id: record.text("request")?,
            patients,
            touched,
            has_query: record.flag("query")?,
            decision,
        };
        record.end()?;
        let in_range = |it: &AuditTouched| it.patient.is_none_or(|at| at < read.patients.len());
        if read.id.as_str().len() > MAX_RECORD_ID {
            return Err(RecordError::Malformed("id"));
        }
        if !read.patients.is_sorted_by(|a, b| a.tag < b.tag) {
            return Err(RecordError::Malformed("patients"));
        }
        if !read.touched.iter().all(in_range) {
            return Err(RecordError::Malformed("touched"));
        }
        Ok(read)
    }
}

fn write_agent(agent: &AuditAgent, members: &mut Members) {
    members.text_if("address", agent.address.as_deref());
    members.text("client", &agent.client);
    members.text("issuer", &agent.issuer);
    members.text_if("name", agent.name.as_deref());
    if !agent.roles.is_empty() {
        let roles = agent
            .roles
            .iter()
            .map(|role| Value::from(role.as_str()))
            .collect();
        Value::Array(roles).write_canonical(members.key("roles"));
    }
    members.text("subject", &agent.subject);
}

fn read_agent(mut value: Value) -> Result<AuditAgent, RecordError> {
    let mut agent = Reader(
        value
            .as_object_mut()
            .ok_or(RecordError::Malformed("agent"))?,
    );
    let read = AuditAgent {
        address: agent.text("address")?,
        client: agent.needed("client")?,
        issuer: agent.needed("issuer")?,
        name: agent.text("name")?,
        roles: agent.items("roles", |role| match role {
            Value::String(role) => Ok(role),
            _ => Err(RecordError::Malformed("roles")),
        })?,
        subject: agent.needed("subject")?,
    };
    agent.end().map(|()| read)
}

fn read_patient(mut value: Value) -> Result<AuditPatient, RecordError> {
    let mut patient = Reader(
        value
            .as_object_mut()
            .ok_or(RecordError::Malformed("patients"))?,
    );
    let read = AuditPatient {
        tag: patient.needed("tag")?,
        id: patient.needed("id")?,
    };
    patient.end().map(|()| read)
}

fn read_touched(mut value: Value) -> Result<AuditTouched, RecordError> {
    let malformed = RecordError::Malformed("touched");
    let mut touched = Reader(value.as_object_mut().ok_or(malformed.clone())?);
    let patient = touched.number("p")?.map(usize::try_from).transpose();
    let interaction = touched.needed::<String>("i")?;
    let version = match touched.number("v")? {
        None => None,
        Some(number) => Some(number.to_string().parse().map_err(|_| malformed.clone())?),
    };
    let read = AuditTouched {
        patient: patient.map_err(|_| malformed)?,
        reference: touched.needed("r")?,
        version,
        interaction: AuditInteraction::restful(&interaction),
    };
    touched.end().map(|()| read)
}

/// Takes members out one by one, so that what is left is what is not known.
struct Reader<'a>(&'a mut Object);

impl Reader<'_> {
    fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    fn text(&mut self, name: &'static str) -> Result<Option<String>, RecordError> {
        match self.take(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(RecordError::Malformed(name)),
        }
    }

    fn needed<T: FromStr>(&mut self, name: &'static str) -> Result<T, RecordError> {
        let text = self.text(name)?.and_then(|text| text.parse().ok());
        text.ok_or(RecordError::Malformed(name))
    }

    fn number(&mut self, name: &'static str) -> Result<Option<u64>, RecordError> {
        let Some(value) = self.take(name) else {
            return Ok(None);
        };
        value.as_u64().map(Some).ok_or(RecordError::Malformed(name))
    }

    /// A member that is `true` or absent.
    fn flag(&mut self, name: &'static str) -> Result<bool, RecordError> {
        match self.take(name) {
            None => Ok(false),
            Some(Value::Bool(true)) => Ok(true),
            Some(_) => Err(RecordError::Malformed(name)),
        }
    }

    fn items<T>(
        &mut self,
        name: &'static str,
        read: impl FnMut(Value) -> Result<T, RecordError>,
    ) -> Result<Vec<T>, RecordError> {
        match self.take(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(items)) => items.into_iter().map(read).collect(),
            Some(_) => Err(RecordError::Malformed(name)),
        }
    }

    fn end(self) -> Result<(), RecordError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(RecordError::Malformed("a member"))
        }
    }
}
