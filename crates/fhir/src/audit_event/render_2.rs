//! Renderer 2: a record to the canonical bytes of its events.
//!
//! Released, this file never changes. It follows BALP 1.1.4
//! (<https://profiles.ihe.net/ITI/BALP/>) with the patterns of renderer 1. What is new:
//! the requestor's agent says for whom it acts and in which roles, and what leaves the
//! facility for another is an export whose recipient is that facility
//! (`PrivacyDisclosure.Source`).

mod entities;

use super::{
    audit_outcome::AuditOutcome,
    events::Event,
    facts::{AuditAct, AuditAgent, AuditFacility, AuditFacts, AuditTouched},
    pattern::{Code, Pattern, Subtype, subtypes},
    record::AuditRecord,
    render_1::{
        ACT_REASON, APPLICATION_SERVER, PROFILES, write_coding, write_concept, write_identifier,
    },
};
use crate::json::{Members, Value};
use model::{Digest, Interaction, Restful};

const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const EXPORT: Code = Code::new(DCM, "110106", "Export");
const APPLICATION: Code = Code::new(DCM, "110150", "Application");
const DESTINATION: Code = Code::new(DCM, "110152", "Destination Role ID");
const SOURCE: Code = Code::new(DCM, "110153", "Source Role ID");
const DISCLOSE: Code = Code::new(
    "http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle",
    "disclose",
    "Disclose Record Lifecycle Event",
);
/// The party that an agent acts for
/// (<https://hl7.org/fhir/extensions/StructureDefinition-auditevent-OnBehalfOf.html>).
const ON_BEHALF_OF: &str = "http://hl7.org/fhir/StructureDefinition/auditevent-OnBehalfOf";

/// The event with this index.
pub(super) fn event(
    record: &AuditRecord,
    index: usize,
    event: &Event,
    queries: &[Digest],
) -> Vec<u8> {
    let facts = record.facts();
    let touched = event.touched.iter().filter_map(|&(act, index)| {
        let act = facts.acts.get(act)?;
        Some((act, act.touched.get(index)?))
    });
    let rendered = Rendered {
        facts,
        event,
        touched: touched.collect(),
        queries,
        pattern: Pattern::of(&event.interaction),
        recipient: recipient(facts, event),
    };
    let mut out = Vec::with_capacity(3072 + 512 * event.touched.len());
    let mut members = Members::open(&mut out);
    rendered.write(index, &mut members);
    members.close();
    out
}

/// The operation that shows records; others but `$proof` do not.
const EVERYTHING: &str = "everything";

/// The facility that something about a patient was disclosed to: the caller's own, when
/// it is another than the one that was asked.
fn recipient<'r>(facts: &'r AuditFacts, event: &Event) -> Option<&'r AuditFacility> {
    let home = facts.agent.as_ref()?.home.as_ref()?;
    let shown = match &event.interaction {
        Interaction::Restful(restful) => matches!(
            restful,
            Restful::Read
                | Restful::Vread
                | Restful::SearchType
                | Restful::SearchSystem
                | Restful::HistoryInstance
                | Restful::HistoryType
                | Restful::HistorySystem
        ),
        Interaction::Proof => true,
        Interaction::Operation(named) => named.name() == EVERYTHING,
        Interaction::Admin(_) | Interaction::Unauthenticated | Interaction::Other(_) => false,
    };
    let disclosed = shown
        && facts.server.is_none()
        && home.name != facts.facility
        && event.patient.is_some()
        && event.outcome == AuditOutcome::Success;
    disclosed.then_some(home)
}

/// What one event is made of.
struct Rendered<'r> {
    facts: &'r AuditFacts,
    event: &'r Event,
    /// Its records, each with the act that touched it.
    touched: Vec<(&'r AuditAct, &'r AuditTouched)>,
    queries: &'r [Digest],
    pattern: Pattern,
    recipient: Option<&'r AuditFacility>,
}

impl Rendered<'_> {
    fn write(&self, index: usize, event: &mut Members) {
        let facts = self.facts;
        let time = facts.time.to_string();
        event.text(
            "action",
            self.recipient.map_or(self.pattern.action, |_| "R"),
        );
        self.write_agents(event);
        self.write_entities(event);
        event.text("id", &format!("{}.{index}", facts.id));
        event.object("meta", |meta| {
            meta.text("lastUpdated", &time);
            if let Some(profile) = self.profile() {
                Value::Array(vec![profile.into()]).write_canonical(meta.key("profile"));
            }
            meta.text("versionId", "1");
        });
        event.text("outcome", self.event.outcome.as_str());
        event.text_if("outcomeDesc", self.event.outcome_text.as_deref());
        self.write_purpose(event, "purposeOfEvent");
        event.text("recorded", &time);
        event.text("resourceType", "AuditEvent");
        event.object("source", |source| {
            source.object("observer", |observer| self.write_observer(observer));
            source.text("site", facts.facility.as_str());
            source.array("type", [APPLICATION_SERVER], write_coding);
        });
        event.array("subtype", self.subtypes(), |members, subtype| {
            members.text("code", &subtype.code);
            members.text_if("display", subtype.display.as_deref());
            members.text_if("system", subtype.system);
        });
        let kind = self.recipient.map_or(self.pattern.event, |_| EXPORT);
        event.object("type", |members| write_coding(members, kind));
    }

    /// The profile whose every element the event has. A query has none: BALP wants its
    /// text, and the event holds a digest. Nor has an event that is seen from the
    /// caller's own facility, which does not know the patient.
    fn profile(&self) -> Option<String> {
        let agent = self.facts.agent.as_ref()?;
        let fulfilled = agent.address.is_some()
            && self.facts.server.is_none()
            && self.event.outcome == AuditOutcome::Success;
        let name = match (self.recipient, self.touched.len()) {
            (Some(_), 1..) => "PrivacyDisclosure.Source".to_owned(),
            (None, 1) if !self.pattern.is_query() => {
                let patient = self.event.patient.as_ref().map_or("", |_| "Patient");
                format!("{patient}{}", self.pattern.profile?)
            }
            _ => return None,
        };
        fulfilled.then(|| format!("{PROFILES}{name}"))
    }

    /// Disclosure first, then what was done, then the kind of Bundle that it was part of.
    fn subtypes(&self) -> Vec<Subtype> {
        let disclosed = self.recipient.map(|_| Subtype {
            system: Some(DISCLOSE.system),
            code: DISCLOSE.code.to_owned(),
            display: Some(DISCLOSE.display.to_owned()),
        });
        let (own, request) = (&self.event.interaction, &self.facts.interaction);
        let bundle = (own != request).then(|| subtypes(request));
        disclosed
            .into_iter()
            .chain(subtypes(own))
            .chain(bundle.into_iter().flatten())
            .collect()
    }

    fn write_agents(&self, event: &mut Members) {
        let user = self.facts.agent.as_ref();
        let user = user.filter(|agent| agent.subject != agent.client);
        let agents = [
            Some(Agent::Client),
            Some(Agent::Server),
            self.recipient.map(Agent::Recipient),
            user.map(Agent::User),
        ];
        event.array(
            "agent",
            agents.into_iter().flatten(),
            |members, agent| match agent {
                Agent::Client => self.write_client(members, user.is_none()),
                Agent::Server => self.write_server(members),
                Agent::Recipient(home) => self.write_recipient(members, home),
                Agent::User(agent) => self.write_user(members, agent),
            },
        );
    }

    /// The client asks for itself when no user stands behind it. Of a disclosure it is
    /// the application, since the recipient is a facility.
    fn write_client(&self, members: &mut Members, requestor: bool) {
        let agent = self.facts.agent.as_ref();
        let asking = agent.filter(|_| requestor);
        if let Some(home) = asking.and_then(|agent| agent.home.as_ref()) {
            write_on_behalf_of(members, home);
        }
        self.write_network(members);
        if asking.is_some() {
            self.write_purpose(members, "purposeOfUse");
        }
        members.raw("requestor", if requestor { b"true" } else { b"false" });
        if let Some(agent) = asking {
            write_roles(members, agent);
        }
        let kind = self.recipient.map_or(self.pattern.client, |_| APPLICATION);
        write_concept(members, "type", kind);
        members.object("who", |who| match agent {
            Some(agent) => write_identifier(who, Some(&agent.issuer), &agent.client),
            None => who.text("display", "unauthenticated"),
        });
    }

    /// Where the client's connection came from.
    fn write_network(&self, members: &mut Members) {
        let agent = self.facts.agent.as_ref();
        if let Some(address) = agent.and_then(|agent| agent.address.as_deref()) {
            members.object("network", |network| {
                network.text("address", address);
                network.text("type", "2");
            });
        }
    }

    fn write_server(&self, members: &mut Members) {
        let server = self.facts.server.as_ref();
        let base = server.map_or(&self.facts.base, |server| &server.base);
        members.object("network", |network| {
            network.text("address", base);
            network.text("type", "5");
        });
        members.raw("requestor", b"false");
        let kind = self.recipient.map_or(self.pattern.server, |_| SOURCE);
        write_concept(members, "type", kind);
        members.object("who", |who| match server {
            Some(server) => write_facility(who, server),
            None => self.write_observer(who),
        });
    }

    fn write_recipient(&self, members: &mut Members, home: &AuditFacility) {
        self.write_network(members);
        members.raw("requestor", b"false");
        write_concept(members, "type", DESTINATION);
        members.object("who", |who| write_facility(who, home));
    }

    fn write_user(&self, members: &mut Members, agent: &AuditAgent) {
        if let Some(home) = &agent.home {
            write_on_behalf_of(members, home);
        }
        members.text_if("name", agent.name.as_deref());
        self.write_purpose(members, "purposeOfUse");
        members.raw("requestor", b"true");
        write_roles(members, agent);
        write_concept(members, "type", self.pattern.user);
        members.object("who", |who| {
            write_identifier(who, Some(&agent.issuer), &agent.subject);
        });
    }

    /// The facility that keeps this record, as a Reference.
    fn write_observer(&self, who: &mut Members) {
        who.text("display", self.facts.facility.as_str());
        write_identifier(who, None, &self.facts.base);
    }

    fn write_purpose(&self, members: &mut Members, key: &'static str) {
        if let Some(purpose) = &self.facts.purpose {
            members.array(key, [purpose], |concept, purpose| {
                concept.array("coding", [purpose], |coding, purpose| {
                    coding.text("code", purpose);
                    coding.text("system", ACT_REASON);
                });
            });
        }
    }
}

enum Agent<'a> {
    Client,
    Server,
    Recipient(&'a AuditFacility),
    User(&'a AuditAgent),
}

fn write_roles(members: &mut Members, agent: &AuditAgent) {
    if !agent.roles.is_empty() {
        members.array("role", &agent.roles, |role, name| role.text("text", name));
    }
}

fn write_on_behalf_of(members: &mut Members, home: &AuditFacility) {
    members.array("extension", [home], |extension, home| {
        extension.text("url", ON_BEHALF_OF);
        extension.object("valueReference", |who| write_facility(who, home));
    });
}

/// A facility as a Reference: by its organisation where one is registered, and its base.
fn write_facility(who: &mut Members, facility: &AuditFacility) {
    let name = facility.organisation.as_deref();
    who.text("display", name.unwrap_or(facility.name.as_str()));
    write_identifier(who, None, &facility.base);
}
