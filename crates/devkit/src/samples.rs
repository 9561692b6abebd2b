//! Sample patients that follow from a seed: FHIR R4 transaction Bundles as JSON
//! text (<https://hl7.org/fhir/R4/bundle.html#transaction>).
//!
//! Nobody here exists. Names come from short lists, phone numbers from the range
//! kept for fiction, codes from LOINC, SNOMED CT, RxNorm and ICD-10. The same
//! seed gives the same bytes in every release, which a golden hash holds. Bundles
//! do not refer to each other by literal references (a server gives the ids), but
//! name practitioners and organizations by identifier.

mod bundle;
mod catalogue;
mod chart;
mod clinical;
mod dice;
mod facility;
mod json;
mod observation;
mod person;

use chart::Chart;
use dice::Dice;
use facility::Site;
use model::FacilityName;

/// The Bundles of a facility: first its own (Organization, Location,
/// Practitioners), then one for each patient.
///
/// Patient `n` is the same however many are asked for.
pub fn generate(
    seed: u64,
    facility: &FacilityName,
    patients: usize,
) -> impl Iterator<Item = String> + use<> {
    let site = Site::new(seed, facility);
    let own = std::iter::once(site.bundle());
    own.chain((0..patients).map(move |number| one(seed, &site, number)))
}

/// The Bundle of a facility without patients.
#[must_use]
pub fn infrastructure(seed: u64, facility: &FacilityName) -> String {
    Site::new(seed, facility).bundle()
}

/// The Bundles of patients alone.
pub fn patients(
    seed: u64,
    facility: &FacilityName,
    count: usize,
) -> impl Iterator<Item = String> + use<> {
    generate(seed, facility, count).skip(1)
}

fn one(seed: u64, site: &Site, number: usize) -> String {
    let dice = Dice::new(seed, site.name(), &format!("patient {number}"));
    Chart::new(&dice, site, number).bundle()
}
