//! The record of renderer 1, read from the JSON that was sealed.

use super::{
    audit_outcome::AuditOutcome,
    facts::AuditPatient,
    reader::Reader,
    record_1::{Agent, Record, Touched},
    record_error::RecordError,
};
use crate::json::Value;
use model::Interaction;

impl Record {
    /// Reads the members but `render`, which has been taken out.
    pub(super) fn read(mut record: Reader<'_>) -> Result<Self, RecordError> {
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
            interaction: Interaction::stored(&interaction),
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
        read.check()
    }
}

fn read_agent(mut value: Value) -> Result<Agent, RecordError> {
    let mut agent = Reader::of(&mut value, "agent")?;
    let read = Agent {
        address: agent.text("address")?,
        client: agent.needed("client")?,
        issuer: agent.needed("issuer")?,
        name: agent.text("name")?,
        roles: agent.texts("roles")?,
        subject: agent.needed("subject")?,
    };
    agent.end().map(|()| read)
}

fn read_patient(mut value: Value) -> Result<AuditPatient, RecordError> {
    let mut patient = Reader::of(&mut value, "patients")?;
    let read = AuditPatient {
        tag: patient.needed("tag")?,
        id: patient.needed("id")?,
    };
    patient.end().map(|()| read)
}

fn read_touched(mut value: Value) -> Result<Touched, RecordError> {
    let malformed = RecordError::Malformed("touched");
    let mut touched = Reader::of(&mut value, "touched")?;
    let patient = touched.number("p")?.map(usize::try_from).transpose();
    let interaction = touched.needed::<String>("i")?;
    let version = match touched.number("v")? {
        None => None,
        Some(number) => Some(number.to_string().parse().map_err(|_| malformed.clone())?),
    };
    let read = Touched {
        patient: patient.map_err(|_| malformed)?,
        reference: touched.needed("r")?,
        version,
        interaction: Interaction::stored(&interaction),
    };
    touched.end().map(|()| read)
}
