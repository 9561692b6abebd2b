//! Who asks, as the verified token says: the facts of a caller that policies
//! may speak of.

use crate::SmartScope;
use model::{FacilityName, LogicalId};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// What a caller is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Treats patients.
    Clinician,
    /// Is treated, or represents who is.
    Patient,
    /// Rules over policies, facilities, clients and keys; sees no record.
    Admin,
    /// Sees who accessed what; sees no record.
    Auditor,
    /// A backend service.
    System,
    /// Watches the log; sees neither records nor audit events.
    Monitor,
}

impl Role {
    /// The name in tokens and policies.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Clinician => "clinician",
            Self::Patient => "patient",
            Self::Admin => "admin",
            Self::Auditor => "auditor",
            Self::System => "system",
            Self::Monitor => "monitor",
        }
    }
}

/// A word that names no role or purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a {0} that is known here")]
pub struct UnknownWord(&'static str);

impl FromStr for Role {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "clinician" => Ok(Self::Clinician),
            "patient" => Ok(Self::Patient),
            "admin" => Ok(Self::Admin),
            "auditor" => Ok(Self::Auditor),
            "system" => Ok(Self::System),
            "monitor" => Ok(Self::Monitor),
            _ => Err(UnknownWord("role")),
        }
    }
}

/// Why the caller asks: codes of
/// <https://terminology.hl7.org/CodeSystem-v3-ActReason.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Purpose {
    /// Treatment.
    Treat,
    /// Emergency treatment.
    Etreat,
    /// Healthcare payment.
    Hpaymt,
    /// Healthcare operations.
    Hoperat,
    /// Healthcare research.
    Hresch,
    /// Patient requested.
    Patrqt,
    /// Break the glass.
    Btg,
}

impl Purpose {
    /// The `v3-ActReason` code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Treat => "TREAT",
            Self::Etreat => "ETREAT",
            Self::Hpaymt => "HPAYMT",
            Self::Hoperat => "HOPERAT",
            Self::Hresch => "HRESCH",
            Self::Patrqt => "PATRQT",
            Self::Btg => "BTG",
        }
    }
}

impl FromStr for Purpose {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "TREAT" => Ok(Self::Treat),
            "ETREAT" => Ok(Self::Etreat),
            "HPAYMT" => Ok(Self::Hpaymt),
            "HOPERAT" => Ok(Self::Hoperat),
            "HRESCH" => Ok(Self::Hresch),
            "PATRQT" => Ok(Self::Patrqt),
            "BTG" => Ok(Self::Btg),
            _ => Err(UnknownWord("purpose of use")),
        }
    }
}

/// Whoever a verified token speaks for.
#[derive(Clone, PartialEq, Eq)]
pub struct Caller {
    /// `iss`.
    pub issuer: String,
    /// `sub`, unique under its issuer and never given out again.
    pub subject: String,
    /// The OAuth client that holds the token.
    pub client: String,
    /// The caller's home.
    pub facility: FacilityName,
    /// What the caller is; empty when the token names no role known here.
    pub roles: Vec<Role>,
    /// Why the caller asks.
    pub purpose: Option<Purpose>,
    /// The patient of the token: the caller, or whom the app was opened for. A record of
    /// the caller's home.
    pub patient: Option<LogicalId>,
    /// The scopes that grant anything.
    pub scopes: Vec<SmartScope>,
    /// How people call the caller, for the audit.
    pub name: Option<String>,
    /// The claim `fhirUser`: the record that stands for the person.
    pub fhir_user: Option<String>,
    /// The claim `email`, where the issuer says that it verified it.
    pub email: Option<String>,
}

/// Shows client, facility and roles; a name or a patient's id is not for logs.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("client", &self.client)
            .field("facility", &self.facility)
            .field("roles", &self.roles)
            .finish_non_exhaustive()
    }
}
