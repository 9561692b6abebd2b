//! One patient's Bundle: Patient, Consent, and some years of care.

use super::{
    bundle::{Transaction, concept, contact, hl7, identifier},
    catalogue::{DISORDERS, Disorder, LANGUAGES, MARITAL},
    clinical::{Visit, condition, consent, encounter, medication_request},
    dice::Dice,
    facility::Site,
    json::{Json, list, object},
    observation::{self, Body},
    person::{Person, address, phone},
};
use time::{Date, Duration, macros::date};

/// No date of a sample is later: samples must not depend on the day.
const TODAY: Date = date!(2025 - 06 - 30);
const OLDEST_DAYS: i64 = 93 * 365;
const YOUNGEST_DAYS: i64 = 90;
/// How far back the care goes.
const CARE_DAYS: i64 = 4 * 365;

/// A patient in the making.
pub(crate) struct Chart<'a> {
    dice: &'a Dice,
    site: &'a Site,
    number: usize,
    person: Person,
    birth: Date,
    patient: String,
    transaction: Transaction,
}

impl<'a> Chart<'a> {
    pub(crate) fn new(dice: &'a Dice, site: &'a Site, number: usize) -> Self {
        let age = dice.between(YOUNGEST_DAYS, OLDEST_DAYS);
        Self {
            person: Person::draw(dice),
            birth: before(TODAY, age),
            patient: dice.urn(),
            transaction: Transaction::default(),
            dice,
            site,
            number,
        }
    }

    /// The Bundle's JSON text.
    pub(crate) fn bundle(mut self) -> String {
        let patient = self.patient_resource();
        self.transaction.create(&self.patient, "Patient", patient);
        let visits = self.visits();
        let disorders = self.disorders();
        let first = visits.first().map_or(TODAY, |visit| visit.date);
        let consent = consent(self.dice, self.site, &self.patient, first);
        self.transaction
            .create(&self.dice.urn(), "Consent", consent);
        let body = Body::draw(self.dice, self.age_at(TODAY));
        for (index, visit) in visits.iter().enumerate() {
            let members = encounter(self.dice, self.site, &self.patient, visit);
            self.transaction.create(&visit.urn, "Encounter", members);
            for members in observation::vital_signs(self.dice, &self.patient, visit, &body) {
                self.transaction
                    .create(&self.dice.urn(), "Observation", members);
            }
            if let Some(disorder) = disorders.get(index) {
                self.treat(visit, disorder);
            }
        }
        self.transaction.into_text()
    }

    /// Found at a visit: the condition, its laboratory value, its medication.
    fn treat(&mut self, visit: &Visit, disorder: &Disorder) {
        let (dice, urn) = (self.dice, self.dice.urn());
        let members = condition(dice, &self.patient, visit, disorder);
        self.transaction.create(&urn, "Condition", members);
        if let Some(measure) = disorder.laboratory {
            let members = observation::laboratory(dice, &self.patient, visit, measure);
            self.transaction.create(&dice.urn(), "Observation", members);
        }
        let members = medication_request(dice, self.site, &self.patient, visit, disorder, &urn);
        self.transaction
            .create(&dice.urn(), "MedicationRequest", members);
    }

    /// 2 to 4 visits since birth, the oldest first.
    fn visits(&self) -> Vec<Visit> {
        let span = (TODAY - self.birth).whole_days().min(CARE_DAYS) - 1;
        let mut days: Vec<_> = (0..self.dice.between(2, 4))
            .map(|_| self.dice.between(1, span))
            .collect();
        days.sort_unstable();
        days.iter()
            .rev()
            .map(|ago| Visit {
                urn: self.dice.urn(),
                date: before(TODAY, *ago),
                hour: self.dice.between(7, 18),
                minute: self.dice.between(0, 11) * 5,
            })
            .collect()
    }

    /// 1 or 2 disorders that fit the age, none twice.
    fn disorders(&self) -> Vec<&'static Disorder> {
        // At the oldest visit the patient may have been younger than today.
        let age = self.age_at(before(TODAY, CARE_DAYS)).max(0);
        let fitting: Vec<_> = DISORDERS.iter().filter(|d| d.from_age <= age).collect();
        let mut chosen: Vec<&'static Disorder> = Vec::new();
        for _ in 0..self.dice.between(1, 2) {
            if let Some(disorder) = self.dice.pick(&fitting)
                && chosen.iter().all(|other| other.snomed != disorder.snomed)
            {
                chosen.push(disorder);
            }
        }
        chosen
    }

    fn age_at(&self, day: Date) -> i64 {
        (day - self.birth).whole_days() / 365
    }

    fn patient_resource(&self) -> Json {
        let dice = self.dice;
        let record_number = hl7("v2-0203", "MR", "Medical record number");
        let number = format!("MRN-{:06}", 100_000 + self.number * 7 + 3);
        let mut telecom = vec![contact("phone", phone(dice), "home")];
        if !dice.once_in(3) {
            let mail = format!("{}{}@mail.example", self.person.handle(), self.number);
            telecom.push(contact("email", mail, "home"));
        }
        let (language, language_display) = dice.pick(LANGUAGES).copied().unwrap_or_default();
        let mut patient = object([
            (
                "identifier",
                list([identifier(&self.site.system("mrn"), &number)
                    .with("use", "usual")
                    .with("type", record_number)]),
            ),
            ("active", true.into()),
            ("name", list([self.person.name(None)])),
            ("telecom", telecom.into()),
            ("gender", self.person.gender.into()),
            ("birthDate", self.birth.to_string().into()),
            ("address", list([address(dice, "home")])),
        ]);
        if self.age_at(TODAY) >= 18
            && let Some((code, display)) = dice.pick(MARITAL)
        {
            patient = patient.with("maritalStatus", hl7("v3-MaritalStatus", code, display));
        }
        let spoken = concept("urn:ietf:bcp:47", language, language_display);
        patient
            .with(
                "communication",
                list([object([("language", spoken), ("preferred", true.into())])]),
            )
            .with("managingOrganization", self.site.organization())
    }
}

/// The day so many days before; the calendar does not end there.
fn before(day: Date, days: i64) -> Date {
    day.checked_sub(Duration::days(days)).unwrap_or(day)
}
