//! The seven demo users, and the client that stands for each.

use super::{IssuerError, private_file, secret::Secret};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use model::{LogicalId, Random};
use std::{collections::BTreeMap, path::Path};
use zeroize::Zeroizing;

const FILE: &str = "issuer-clients.json";
const CLINICIAN_SCOPE: &str = "user/*.cruds";

/// A user of the demo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DemoUser {
    /// A clinician of the first facility.
    Clinician,
    /// A clinician of the second facility.
    ClinicianOther,
    /// The patient whose record has this id.
    Patient {
        /// The id of the Patient resource.
        id: LogicalId,
    },
    /// An administrator of the first facility.
    Admin,
    /// A second one, for what takes two.
    AdminSecond,
    /// A compliance officer of the first facility.
    Auditor,
    /// A clinical system of the first facility.
    System,
}

/// What the tokens say of a user.
pub(crate) struct Profile {
    pub(crate) client_id: &'static str,
    pub(crate) subject: &'static str,
    pub(crate) name: &'static str,
    pub(crate) role: &'static str,
    /// SMART v2; empty for those who have no business with records.
    pub(crate) scope: &'static str,
    /// A code of `http://terminology.hl7.org/CodeSystem/v3-ActReason`.
    pub(crate) purpose_of_use: &'static str,
    /// Index into the two facilities.
    pub(crate) second_facility: bool,
}

const CLINICIAN: Profile = Profile {
    client_id: "demo-clinician",
    subject: "ada.okafor",
    name: "Dr. Ada Okafor",
    role: "clinician",
    scope: CLINICIAN_SCOPE,
    purpose_of_use: "TREAT",
    second_facility: false,
};
const CLINICIAN_OTHER: Profile = Profile {
    client_id: "demo-clinician-other",
    subject: "ben.lindqvist",
    name: "Dr. Ben Lindqvist",
    role: "clinician",
    scope: CLINICIAN_SCOPE,
    purpose_of_use: "TREAT",
    second_facility: true,
};
const PATIENT: Profile = Profile {
    client_id: "demo-patient",
    subject: "patient",
    name: "Demo Patient",
    role: "patient",
    scope: "patient/*.rs",
    purpose_of_use: "PATRQT",
    second_facility: false,
};
const ADMIN: Profile = Profile {
    client_id: "demo-admin",
    subject: "chidi.marek",
    name: "Chidi Marek",
    role: "admin",
    scope: "",
    purpose_of_use: "HOPERAT",
    second_facility: false,
};
const ADMIN_SECOND: Profile = Profile {
    client_id: "demo-admin-second",
    subject: "dana.silva",
    name: "Dana Silva",
    role: "admin",
    scope: "",
    purpose_of_use: "HOPERAT",
    second_facility: false,
};
const AUDITOR: Profile = Profile {
    client_id: "demo-auditor",
    subject: "eve.tanaka",
    name: "Eve Tanaka",
    role: "auditor",
    scope: "user/AuditEvent.rs",
    purpose_of_use: "HOPERAT",
    second_facility: false,
};
const SYSTEM: Profile = Profile {
    client_id: "demo-system",
    subject: "demo-system",
    name: "Demo EHR",
    role: "system",
    scope: "system/*.cruds",
    purpose_of_use: "TREAT",
    second_facility: false,
};
const PROFILES: [&Profile; 7] = [
    &CLINICIAN,
    &CLINICIAN_OTHER,
    &PATIENT,
    &ADMIN,
    &ADMIN_SECOND,
    &AUDITOR,
    &SYSTEM,
];

impl DemoUser {
    pub(crate) const fn profile(&self) -> &'static Profile {
        match self {
            Self::Clinician => &CLINICIAN,
            Self::ClinicianOther => &CLINICIAN_OTHER,
            Self::Patient { .. } => &PATIENT,
            Self::Admin => &ADMIN,
            Self::AdminSecond => &ADMIN_SECOND,
            Self::Auditor => &AUDITOR,
            Self::System => &SYSTEM,
        }
    }

    /// The client that stands for this user.
    #[must_use]
    pub const fn client_id(&self) -> &'static str {
        self.profile().client_id
    }

    /// The user for whom a client stands; the patient's client serves any
    /// patient, and has to say which.
    pub(crate) fn of_client(client_id: &str, patient: Option<LogicalId>) -> Option<Self> {
        Some(match client_id {
            "demo-clinician" => Self::Clinician,
            "demo-clinician-other" => Self::ClinicianOther,
            "demo-patient" => Self::Patient { id: patient? },
            "demo-admin" => Self::Admin,
            "demo-admin-second" => Self::AdminSecond,
            "demo-auditor" => Self::Auditor,
            "demo-system" => Self::System,
            _ => return None,
        })
    }
}

/// The clients' secrets.
pub(crate) struct Clients(BTreeMap<String, Secret>);

impl Clients {
    /// Reads the secrets, and makes those that are missing.
    pub(crate) fn establish(dir: &Path, random: &dyn Random) -> Result<Self, IssuerError> {
        let path = dir.join(FILE);
        let damaged = || IssuerError::Damaged { path: path.clone() };
        let mut secrets: BTreeMap<String, Secret> = match private_file::read(&path)? {
            Some(bytes) => serde_json::from_slice(&bytes).map_err(|_| damaged())?,
            None => BTreeMap::new(),
        };
        let before = secrets.len();
        for profile in PROFILES {
            if !secrets.contains_key(profile.client_id) {
                let mut bytes = Zeroizing::new([0_u8; 32]);
                random.fill(bytes.as_mut())?;
                let secret = Secret::new(BASE64URL.encode(bytes.as_ref()));
                secrets.insert(profile.client_id.to_owned(), secret);
            }
        }
        if secrets.len() != before {
            let bytes = serde_json::to_vec_pretty(&secrets).map_err(|_| damaged())?;
            private_file::write(&path, &Zeroizing::new(bytes))?;
        }
        Ok(Self(secrets))
    }

    pub(crate) fn secret(&self, client_id: &str) -> Secret {
        self.0.get(client_id).cloned().unwrap_or_default()
    }

    /// Whether the client exists and this is its secret.
    pub(crate) fn admits(&self, client_id: &str, secret: &str) -> bool {
        self.0.get(client_id).is_some_and(|kept| kept.is(secret))
    }
}
