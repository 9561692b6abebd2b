//! The entities of an event of renderer 2: the patient, the records, the request, the query
//! texts.
//!
//! Released, this file never changes.

use super::{
    super::{
        facts::{AuditAct, AuditTouched},
        render_1::{
            DOMAIN_RESOURCE, PATIENT, PERSON, QUERY, REQUEST_ID, RESOURCE_TYPES, SECURITY_RESOURCE,
            SYSTEM_OBJECT, lifecycle, write_coding, write_identifier,
        },
    },
    Rendered,
};
use crate::json::Members;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use model::Interaction;

impl Rendered<'_> {
    pub(super) fn write_entities(&self, event: &mut Members) {
        let patient = self.event.patient.as_ref();
        let data = self.touched.iter();
        let entities = patient
            .map(|patient| Entity::Patient(patient.id.as_str()))
            .into_iter()
            .chain(data.map(|(act, touched)| Entity::Data(act, touched)))
            .chain(self.facts.request_id.as_deref().map(Entity::Request))
            .chain(
                self.event
                    .queries
                    .iter()
                    .map(|&number| Entity::Query(number)),
            );
        // An empty array is not allowed in FHIR's JSON.
        let mut entities = entities.peekable();
        if entities.peek().is_some() {
            event.array("entity", entities, |members, entity| {
                self.write_entity(members, &entity);
            });
        }
    }

    fn write_entity(&self, members: &mut Members, entity: &Entity) {
        match *entity {
            Entity::Patient(id) => {
                members.object("role", |role| write_coding(role, PATIENT));
                members.object("type", |coding| write_coding(coding, PERSON));
                members.object("what", |what| {
                    what.text("reference", &format!("Patient/{id}"));
                });
            }
            Entity::Data(act, touched) => self.write_data(members, act, touched),
            Entity::Request(id) => {
                members.object("type", |coding| {
                    coding.text("code", "XrequestId");
                    coding.text("system", REQUEST_ID);
                });
                members.object("what", |what| write_identifier(what, None, id));
            }
            Entity::Query(number) => self.write_query(members, number),
        }
    }

    fn write_data(&self, members: &mut Members, act: &AuditAct, touched: &AuditTouched) {
        let did = act.did.as_ref().and_then(lifecycle);
        if let Some(code) = did {
            members.object("lifecycle", |members| write_coding(members, code));
        }
        let administered = matches!(self.event.interaction, Interaction::Admin(_));
        let role = if administered {
            SECURITY_RESOURCE
        } else {
            DOMAIN_RESOURCE
        };
        members.object("role", |members| write_coding(members, role));
        members.object("type", |coding| {
            if self.pattern.is_query() {
                coding.text("code", &touched.kind);
                coding.text("system", RESOURCE_TYPES);
            } else {
                write_coding(coding, SYSTEM_OBJECT);
            }
        });
        let name = format!("{}/{}", touched.kind, touched.id);
        members.object("what", |what| {
            if administered {
                // What administrators touch is no resource of FHIR.
                write_identifier(what, None, &name);
                return;
            }
            let mut reference = match &self.facts.server {
                Some(server) => format!("{}/{name}", server.base),
                None => name,
            };
            if let Some(version) = touched.version {
                reference.push_str(&format!("/_history/{version}"));
            }
            what.text("reference", &reference);
        });
    }

    /// The digest of a query text, by the number under which the text is kept.
    fn write_query(&self, members: &mut Members, number: u32) {
        let place = usize::try_from(number)
            .ok()
            .and_then(|at| at.checked_sub(1));
        let digest = place.and_then(|at| self.queries.get(at));
        members.text("description", &format!("query text {number}"));
        if let Some(digest) = digest {
            members.text("query", &STANDARD.encode(digest.as_bytes()));
        }
        members.object("role", |role| write_coding(role, QUERY));
        members.object("type", |coding| write_coding(coding, SYSTEM_OBJECT));
    }
}

enum Entity<'a> {
    Patient(&'a str),
    Data(&'a AuditAct, &'a AuditTouched),
    Request(&'a str),
    Query(u32),
}
