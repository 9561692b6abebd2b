//! An invented person: name, gender, address.

use super::{
    catalogue::{CITIES, FAMILIES, MEN, STREETS, WOMEN},
    dice::Dice,
    json::{Json, list, object},
};

/// Who somebody is.
pub(crate) struct Person {
    pub(crate) gender: &'static str,
    given: [&'static str; 2],
    family: &'static str,
}

impl Person {
    pub(crate) fn draw(dice: &Dice) -> Self {
        // 12 of 25 each, and a few whose gender is neither or not known.
        let gender = match dice.between(1, 25) {
            1..=12 => "female",
            13..=24 => "male",
            _ => dice.word(&["other", "unknown"]),
        };
        let names = match gender {
            "female" => WOMEN,
            "male" => MEN,
            _ => dice.pick(&[WOMEN, MEN]).copied().unwrap_or(WOMEN),
        };
        Self {
            gender,
            given: [dice.word(names), dice.word(names)],
            family: dice.word(FAMILIES),
        }
    }

    /// Given and family name.
    pub(crate) fn display(&self) -> String {
        let [first, _] = self.given;
        format!("{first} {}", self.family)
    }

    /// Something like the name that fits into an e-mail address.
    pub(crate) fn handle(&self) -> String {
        self.display()
            .to_lowercase()
            .chars()
            .filter_map(|c| match c {
                'a'..='z' => Some(c),
                ' ' => Some('.'),
                _ => None,
            })
            .collect()
    }

    /// A HumanName.
    pub(crate) fn name(&self, prefix: Option<&str>) -> Json {
        let [first, second] = self.given;
        let given = if first == second {
            list([first.into()])
        } else {
            list([first.into(), second.into()])
        };
        let name = object([
            ("use", "official".into()),
            ("family", self.family.into()),
            ("given", given),
        ]);
        match prefix {
            Some(prefix) => name.with("prefix", list([prefix.into()])),
            None => name,
        }
    }
}

/// An Address.
pub(crate) fn address(dice: &Dice, purpose: &str) -> Json {
    let line = format!("{} {}", dice.between(1, 240), dice.word(STREETS));
    let (city, state, postal) = dice.pick(CITIES).copied().unwrap_or_default();
    object([
        ("use", purpose.into()),
        ("line", list([line.into()])),
        ("city", city.into()),
        ("state", state.into()),
        (
            "postalCode",
            format!("{postal}{:02}", dice.between(1, 99)).into(),
        ),
        ("country", "US".into()),
    ])
}

/// A phone number of the range kept for fiction.
pub(crate) fn phone(dice: &Dice) -> String {
    format!("+1-802-555-{:04}", dice.between(100, 199))
}
