//! Which BALP pattern an interaction follows, and the codes that come with it.
//!
//! Part of renderers 1 and 2: what is here must not change once released.

use model::{Interaction, Restful};

const REST: Code = Code::new(
    "http://terminology.hl7.org/CodeSystem/audit-event-type",
    "rest",
    "Restful Operation",
);
const RESTFUL: &str = "http://hl7.org/fhir/restful-interaction";
const DCM: &str = "http://dicom.nema.org/resources/ontology/DCM";
const PARTICIPATION: &str = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType";

const APPLICATION: Code = Code::new(DCM, "110150", "Application");
const DESTINATION: Code = Code::new(DCM, "110152", "Destination Role ID");
const SOURCE: Code = Code::new(DCM, "110153", "Source Role ID");
const CUSTODIAN: Code = Code::new(
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type",
    "custodian",
    "Custodian",
);
const RECIPIENT: Code = Code::new(PARTICIPATION, "IRCP", "information recipient");
const AUTHOR: Code = Code::new(PARTICIPATION, "AUT", "author (originator)");

/// A Coding of the renderer's own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Code {
    pub(super) system: &'static str,
    pub(super) code: &'static str,
    pub(super) display: &'static str,
}

impl Code {
    pub(super) const fn new(
        system: &'static str,
        code: &'static str,
        display: &'static str,
    ) -> Self {
        Self {
            system,
            code,
            display,
        }
    }
}

/// How events of an interaction look.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern {
    /// Last part of the profile's name, such as `Read`; none when BALP has no
    /// pattern for the interaction.
    pub(super) profile: Option<&'static str>,
    /// `AuditEvent.action`.
    pub(super) action: &'static str,
    /// `AuditEvent.type`.
    pub(super) event: Code,
    /// Type of the client's agent: BALP follows the data, out of the server on
    /// a read, into it on a write or query.
    pub(super) client: Code,
    /// Type of our own agent.
    pub(super) server: Code,
    /// Type of the user's agent.
    pub(super) user: Code,
}

const CREATE: Pattern = Pattern {
    profile: Some("Create"),
    action: "C",
    event: REST,
    client: SOURCE,
    server: DESTINATION,
    user: AUTHOR,
};
const READ: Pattern = Pattern {
    profile: Some("Read"),
    action: "R",
    client: DESTINATION,
    server: SOURCE,
    user: RECIPIENT,
    ..CREATE
};
const UPDATE: Pattern = Pattern {
    profile: Some("Update"),
    action: "U",
    ..CREATE
};
const DELETE: Pattern = Pattern {
    profile: Some("Delete"),
    action: "D",
    client: APPLICATION,
    server: CUSTODIAN,
    ..CREATE
};
const QUERY: Pattern = Pattern {
    profile: Some("Query"),
    action: "E",
    user: RECIPIENT,
    ..CREATE
};

impl Pattern {
    /// The pattern of an interaction.
    pub(super) fn of(interaction: &Interaction) -> Self {
        let without_profile = |pattern: Self| Self {
            profile: None,
            ..pattern
        };
        match interaction {
            Interaction::Restful(restful) => match restful {
                Restful::Create => CREATE,
                Restful::Read | Restful::Vread => READ,
                Restful::Update | Restful::Patch => UPDATE,
                Restful::Delete => DELETE,
                Restful::SearchType | Restful::SearchSystem => QUERY,
                Restful::Capabilities
                | Restful::HistoryInstance
                | Restful::HistoryType
                | Restful::HistorySystem => without_profile(READ),
                Restful::Batch | Restful::Transaction => without_profile(QUERY),
            },
            Interaction::Unauthenticated => Self {
                event: Code::new(DCM, "110114", "User Authentication"),
                ..without_profile(QUERY)
            },
            Interaction::Admin(_) => Self {
                event: Code::new(DCM, "110113", "Security Alert"),
                ..without_profile(QUERY)
            },
            Interaction::Proof | Interaction::Operation(_) | Interaction::Other(_) => {
                without_profile(QUERY)
            }
        }
    }

    /// Whether what was found is told, not what was named: BALP has no place for
    /// results among the entities of type 2, of which a query has exactly one.
    pub(super) fn is_query(&self) -> bool {
        self.profile == QUERY.profile
    }
}

/// One Coding of `AuditEvent.subtype`; a name of our own has no system.
pub(super) struct Subtype {
    pub(super) system: Option<&'static str>,
    pub(super) code: String,
    pub(super) display: Option<String>,
}

/// `AuditEvent.subtype` of an interaction.
pub(super) fn subtypes(interaction: &Interaction) -> Vec<Subtype> {
    let coded = |system, code: &str, display: &str| Subtype {
        system: Some(system),
        code: code.to_owned(),
        display: Some(display.to_owned()),
    };
    let own = |code: String| Subtype {
        system: None,
        code,
        display: None,
    };
    let operation = |name: &str| {
        vec![
            coded(RESTFUL, "operation", "operation"),
            own(format!("${name}")),
        ]
    };
    match interaction {
        Interaction::Proof => operation("proof"),
        Interaction::Operation(named) => operation(named.name()),
        Interaction::Admin(named) => vec![
            coded(DCM, "110129", "Security Configuration"),
            own(named.name().to_owned()),
        ],
        Interaction::Unauthenticated => vec![coded(DCM, "110122", "Login")],
        Interaction::Restful(_) | Interaction::Other(_) => {
            let code = interaction.as_str();
            vec![coded(RESTFUL, code, code)]
        }
    }
}
