//! A facility: its Organization, Location and Practitioners, and how patients'
//! resources refer to them.

use super::{
    bundle::{Transaction, contact, hl7, identifier, logical, reference},
    dice::Dice,
    json::{Json, list, object},
    person::{Person, address, phone},
};
use model::FacilityName;

const PRACTITIONERS: usize = 3;

/// A facility and its staff.
pub(crate) struct Site {
    seed: u64,
    name: FacilityName,
    staff: Vec<Person>,
}

impl Site {
    pub(crate) fn new(seed: u64, name: &FacilityName) -> Self {
        let staff = Dice::new(seed, name, "staff");
        Self {
            seed,
            name: name.clone(),
            staff: (0..PRACTITIONERS).map(|_| Person::draw(&staff)).collect(),
        }
    }

    pub(crate) const fn name(&self) -> &FacilityName {
        &self.name
    }

    /// An identifier system of this facility.
    pub(crate) fn system(&self, kind: &str) -> String {
        format!("https://{}.example/{kind}", self.name)
    }

    fn title(&self) -> String {
        let mut letters = self.name.as_str().replace('-', " ");
        if let Some(first) = letters.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        format!("{letters} Clinic")
    }

    /// A Reference to the Organization.
    pub(crate) fn organization(&self) -> Json {
        let system = self.system("organization");
        logical("Organization", &system, self.name.as_str(), &self.title())
    }

    /// A Reference to one of the Practitioners.
    pub(crate) fn practitioner(&self, dice: &Dice) -> Json {
        let last = i64::try_from(self.staff.len()).unwrap_or(1) - 1;
        let number = dice.between(0, last);
        let display = usize::try_from(number)
            .ok()
            .and_then(|number| self.staff.get(number))
            .map(|person| format!("Dr. {}", person.display()))
            .unwrap_or_default();
        let system = self.system("staff");
        logical("Practitioner", &system, &format!("S{number:03}"), &display)
    }

    /// The facility's own Bundle.
    pub(crate) fn bundle(&self) -> String {
        let dice = &Dice::new(self.seed, &self.name, "facility");
        let organization = dice.urn();
        let mut transaction = Transaction::default();
        let place = address(dice, "work");
        let telecom = list([contact("phone", phone(dice), "work")]);
        transaction.create(
            &organization,
            "Organization",
            object([
                (
                    "identifier",
                    list([identifier(&self.system("organization"), self.name.as_str())]),
                ),
                ("active", true.into()),
                (
                    "type",
                    list([hl7("organization-type", "prov", "Healthcare Provider")]),
                ),
                ("name", self.title().into()),
                ("telecom", telecom.clone()),
                ("address", list([place.clone()])),
            ]),
        );
        transaction.create(
            &dice.urn(),
            "Location",
            object([
                (
                    "identifier",
                    list([identifier(&self.system("location"), "main")]),
                ),
                ("status", "active".into()),
                ("name", format!("{}, main building", self.title()).into()),
                ("mode", "instance".into()),
                ("telecom", telecom),
                ("address", place),
                ("managingOrganization", reference(&organization)),
            ]),
        );
        for (number, person) in self.staff.iter().enumerate() {
            let members = self.practitioner_resource(number, person);
            transaction.create(&dice.urn(), "Practitioner", members);
        }
        transaction.into_text()
    }

    fn practitioner_resource(&self, number: usize, person: &Person) -> Json {
        object([
            (
                "identifier",
                list([identifier(&self.system("staff"), &format!("S{number:03}"))]),
            ),
            ("active", true.into()),
            ("name", list([person.name(Some("Dr."))])),
            (
                "telecom",
                list([contact(
                    "email",
                    format!("{}@{}.example", person.handle(), self.name),
                    "work",
                )]),
            ),
            ("gender", person.gender.into()),
            (
                "qualification",
                list([object([(
                    "code",
                    hl7("v2-0360", "MD", "Doctor of Medicine"),
                )])]),
            ),
        ])
    }
}
