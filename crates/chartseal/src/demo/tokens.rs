//! A token for each invented user, in files that only their owner can read.

use super::layout;
use command::CommandError;
use devkit::issuer::{DemoUser, DevIssuer};
use model::LogicalId;
use serde_json::{Map, Value, json};
use std::{path::Path, time::Duration};

/// How long they are good: longer than a tour takes.
const GOOD_FOR: Duration = Duration::from_secs(12 * 3_600);
/// How often new ones take their place while the demo runs.
pub const RENEWED_EVERY: Duration = Duration::from_secs(4 * 3_600);
/// Of whom the patient's token speaks when there are no samples.
const NO_SAMPLE: &str = "demo-patient";

/// The tokens by user.
pub struct Tokens([(&'static str, String); 7]);

impl Tokens {
    /// New ones.
    pub fn mint(issuer: &DevIssuer, patient: Option<&LogicalId>) -> Result<Self, CommandError> {
        let mint = |user: DemoUser| issuer.mint(&user, GOOD_FOR);
        let id = match patient {
            Some(patient) => patient.clone(),
            None => NO_SAMPLE.parse()?,
        };
        Ok(Self([
            ("clinician", mint(DemoUser::Clinician)?),
            ("clinicianOther", mint(DemoUser::ClinicianOther)?),
            ("patient", mint(DemoUser::Patient { id })?),
            ("admin", mint(DemoUser::Admin)?),
            ("adminSecond", mint(DemoUser::AdminSecond)?),
            ("auditor", mint(DemoUser::Auditor)?),
            ("system", mint(DemoUser::System)?),
        ]))
    }

    /// Writes each into a file of its user's name.
    pub fn write(&self, folder: &Path) -> Result<(), CommandError> {
        for (user, token) in &self.0 {
            layout::replace(&folder.join(user), format!("{token}\n").as_bytes())?;
        }
        Ok(())
    }

    /// For `demo.json`.
    pub fn by_user(&self) -> Map<String, Value> {
        let pairs = self.0.iter();
        pairs
            .map(|(user, token)| ((*user).to_owned(), json!(token)))
            .collect()
    }
}
