//! Renderer 1: a record to the canonical bytes of its events.
//!
//! Released, this file never changes. The bytes are written directly, keys in
//! canonical order, for this is done on every request.

use super::{
    audit_outcome::AuditOutcome,
    pattern::{Code, Pattern, subtypes},
    record_1::{Agent as Asking, Record, Touched},
};
use crate::json::{Members, Value};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::{Digest, Interaction, Restful};

pub(super) const PROFILES: &str =
    "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";
pub(super) const REQUEST_ID: &str =
    "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType";
const ENTITY_TYPE: &str = "http://terminology.hl7.org/CodeSystem/audit-entity-type";
const OBJECT_ROLE: &str = "http://terminology.hl7.org/CodeSystem/object-role";
const LIFECYCLE: &str = "http://terminology.hl7.org/CodeSystem/dicom-audit-lifecycle";
pub(super) const ACT_REASON: &str = "http://terminology.hl7.org/CodeSystem/v3-ActReason";
pub(super) const RESOURCE_TYPES: &str = "http://hl7.org/fhir/resource-types";

pub(super) const PERSON: Code = Code::new(ENTITY_TYPE, "1", "Person");
pub(super) const SYSTEM_OBJECT: Code = Code::new(ENTITY_TYPE, "2", "System Object");
pub(super) const PATIENT: Code = Code::new(OBJECT_ROLE, "1", "Patient");
pub(super) const DOMAIN_RESOURCE: Code = Code::new(OBJECT_ROLE, "4", "Domain Resource");
pub(super) const SECURITY_RESOURCE: Code = Code::new(OBJECT_ROLE, "13", "Security Resource");
pub(super) const QUERY: Code = Code::new(OBJECT_ROLE, "24", "Query");
pub(super) const APPLICATION_SERVER: Code = Code::new(
    "http://terminology.hl7.org/CodeSystem/security-source-type",
    "4",
    "Application Server",
);

/// What one event is made of.
struct Event<'a> {
    record: &'a Record,
    index: usize,
    /// What of the touched records it shows.
    touched: &'a [&'a Touched],
    query: Option<Digest>,
    pattern: Pattern,
}

/// The event of one patient, or of none.
pub(super) fn event(
    record: &Record,
    index: usize,
    touched: &[&Touched],
    query: Option<Digest>,
) -> Vec<u8> {
    let pattern = Pattern::of(&record.interaction);
    let mut out = Vec::with_capacity(3072 + 512 * touched.len());
    let mut members = Members::open(&mut out);
    Event {
        record,
        index,
        touched,
        query,
        pattern,
    }
    .write(&mut members);
    members.close();
    out
}

impl Event<'_> {
    fn write(&self, event: &mut Members) {
        let record = self.record;
        let time = record.time.to_string();
        event.text("action", self.pattern.action);
        self.write_agents(event);
        self.write_entities(event);
        event.text("id", &format!("{}.{}", record.id, self.index));
        event.object("meta", |meta| {
            meta.text("lastUpdated", &time);
            if let Some(profile) = self.profile() {
                Value::Array(vec![profile.into()]).write_canonical(meta.key("profile"));
            }
            meta.text("versionId", "1");
        });
        event.text("outcome", record.outcome.as_str());
        event.text_if("outcomeDesc", record.outcome_text.as_deref());
        self.write_purpose(event, "purposeOfEvent");
        event.text("recorded", &time);
        event.text("resourceType", "AuditEvent");
        event.object("source", |source| {
            source.object("observer", |observer| self.write_server(observer));
            source.text("site", record.facility.as_str());
            source.array("type", [APPLICATION_SERVER], write_coding);
        });
        let subtypes = subtypes(&record.interaction);
        event.array("subtype", subtypes, |members, subtype| {
            members.text("code", &subtype.code);
            members.text_if("display", subtype.display.as_deref());
            members.text_if("system", subtype.system);
        });
        event.object("type", |members| write_coding(members, self.pattern.event));
    }

    /// The profile that the event fulfils: BALP's patterns are for success, want
    /// the client's address, and exactly one record or, on a query, one query.
    fn profile(&self) -> Option<String> {
        let record = self.record;
        let name = self.pattern.profile?;
        let addressed = record
            .agent
            .as_ref()
            .is_some_and(|agent| agent.address.is_some());
        let whole = if self.pattern.is_query() {
            record.has_query
        } else {
            !record.has_query && self.touched.len() == 1
        };
        let fulfilled = addressed && whole && record.outcome == AuditOutcome::Success;
        let patient = if record.patients.is_empty() {
            ""
        } else {
            "Patient"
        };
        fulfilled.then(|| format!("{PROFILES}{patient}{name}"))
    }

    fn write_agents(&self, event: &mut Members) {
        let user = self
            .record
            .agent
            .as_ref()
            .filter(|agent| agent.subject != agent.client);
        let agents = [
            Some(Agent::Client),
            Some(Agent::Server),
            user.map(Agent::User),
        ];
        event.array(
            "agent",
            agents.into_iter().flatten(),
            |members, agent| match agent {
                Agent::Client => self.write_client(members, user.is_none()),
                Agent::Server => {
                    members.object("network", |network| {
                        network.text("address", &self.record.base);
                        network.text("type", "5");
                    });
                    members.raw("requestor", b"false");
                    write_concept(members, "type", self.pattern.server);
                    members.object("who", |who| self.write_server(who));
                }
                Agent::User(agent) => self.write_user(members, agent),
            },
        );
    }

    /// The client asks for itself when no user stands behind it.
    fn write_client(&self, members: &mut Members, requestor: bool) {
        let agent = self.record.agent.as_ref();
        if let Some(address) = agent.and_then(|agent| agent.address.as_deref()) {
            members.object("network", |network| {
                network.text("address", address);
                network.text("type", "2");
            });
        }
        members.raw("requestor", if requestor { b"true" } else { b"false" });
        write_concept(members, "type", self.pattern.client);
        members.object("who", |who| match agent {
            Some(agent) => write_identifier(who, Some(&agent.issuer), &agent.client),
            None => who.text("display", "unauthenticated"),
        });
    }

    fn write_user(&self, members: &mut Members, agent: &Asking) {
        members.text_if("name", agent.name.as_deref());
        self.write_purpose(members, "purposeOfUse");
        members.raw("requestor", b"true");
        if !agent.roles.is_empty() {
            members.array("role", &agent.roles, |role, name| role.text("text", name));
        }
        write_concept(members, "type", self.pattern.user);
        members.object("who", |who| {
            write_identifier(who, Some(&agent.issuer), &agent.subject)
        });
    }

    /// This gateway, as a Reference.
    fn write_server(&self, who: &mut Members) {
        who.text("display", self.record.facility.as_str());
        write_identifier(who, None, &self.record.base);
    }

    fn write_purpose(&self, members: &mut Members, key: &'static str) {
        if let Some(purpose) = &self.record.purpose {
            members.array(key, [purpose], |concept, purpose| {
                concept.array("coding", [purpose], |coding, purpose| {
                    coding.text("code", purpose);
                    coding.text("system", ACT_REASON);
                });
            });
        }
    }

    fn write_entities(&self, event: &mut Members) {
        let patient = self.record.patients.get(self.index);
        let entities = patient
            .map(|patient| Entity::Patient(patient.id.as_str()))
            .into_iter()
            .chain(self.touched.iter().map(|touched| Entity::Data(touched)))
            .chain(self.record.request_id.as_deref().map(Entity::Request))
            .chain(self.query.map(Entity::Query));
        // An empty array is not allowed in FHIR's JSON.
        let mut entities = entities.peekable();
        if entities.peek().is_some() {
            event.array("entity", entities, |members, entity| {
                self.write_entity(members, &entity)
            });
        }
    }

    fn write_entity(&self, members: &mut Members, entity: &Entity) {
        match entity {
            Entity::Patient(id) => {
                members.object("role", |role| write_coding(role, PATIENT));
                members.object("type", |coding| write_coding(coding, PERSON));
                members.object("what", |what| {
                    what.text("reference", &format!("Patient/{id}"))
                });
            }
            Entity::Data(touched) => self.write_data(members, touched),
            Entity::Request(id) => {
                members.object("type", |coding| {
                    coding.text("code", "XrequestId");
                    coding.text("system", REQUEST_ID);
                });
                members.object("what", |what| write_identifier(what, None, id));
            }
            Entity::Query(digest) => {
                members.text("query", &STANDARD.encode(digest.as_bytes()));
                members.object("role", |role| write_coding(role, QUERY));
                members.object("type", |coding| write_coding(coding, SYSTEM_OBJECT));
            }
        }
    }

    fn write_data(&self, members: &mut Members, touched: &Touched) {
        let lifecycle = lifecycle(&touched.interaction);
        // Where a pattern is followed the event's own action says it.
        if let (None, Some(code)) = (self.pattern.profile, lifecycle) {
            members.object("lifecycle", |members| write_coding(members, code));
        }
        let administered = matches!(self.record.interaction, Interaction::Admin(_));
        let role = if administered {
            SECURITY_RESOURCE
        } else {
            DOMAIN_RESOURCE
        };
        members.object("role", |members| write_coding(members, role));
        members.object("type", |coding| {
            if self.pattern.is_query() {
                // `Type/id`, or the same below the base of another facility.
                let name = touched.reference.rsplit('/').nth(1).unwrap_or_default();
                coding.text("code", name);
                coding.text("system", RESOURCE_TYPES);
            } else {
                write_coding(coding, SYSTEM_OBJECT);
            }
        });
        members.object("what", |what| match touched.version {
            // What administrators touch is no resource of FHIR.
            _ if administered => write_identifier(what, None, &touched.reference),
            Some(version) => {
                what.text(
                    "reference",
                    &format!("{}/_history/{version}", touched.reference),
                );
            }
            None => what.text("reference", &touched.reference),
        });
    }
}

enum Agent<'a> {
    Client,
    Server,
    User(&'a Asking),
}

enum Entity<'a> {
    Patient(&'a str),
    Data(&'a Touched),
    Request(&'a str),
    Query(Digest),
}

pub(super) fn lifecycle(interaction: &Interaction) -> Option<Code> {
    let Interaction::Restful(restful) = interaction else {
        return None;
    };
    let (code, display) = match restful {
        Restful::Create => ("1", "Origination / Creation"),
        Restful::Update | Restful::Patch => ("3", "Amendment"),
        Restful::Read | Restful::Vread => ("6", "Access / Use"),
        Restful::Delete => ("14", "Logical deletion"),
        _ => return None,
    };
    Some(Code::new(LIFECYCLE, code, display))
}

pub(super) fn write_coding(members: &mut Members, code: Code) {
    members.text("code", code.code);
    members.text("display", code.display);
    members.text("system", code.system);
}

pub(super) fn write_concept(members: &mut Members, key: &'static str, code: Code) {
    members.object(key, |concept| concept.array("coding", [code], write_coding));
}

pub(super) fn write_identifier(members: &mut Members, system: Option<&str>, value: &str) {
    members.object("identifier", |identifier| {
        identifier.text_if("system", system);
        identifier.text("value", value);
    });
}
