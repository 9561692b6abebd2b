//! Observations: vital signs of a visit, laboratory values of a disorder.

use super::{
    bundle::{concept, hl7, reference},
    catalogue::{HEART_RATE, LOINC, Measure, TEMPERATURE, UCUM},
    clinical::Visit,
    dice::Dice,
    json::{Json, decimal, list, object},
};

const HEIGHT: Measure = Measure {
    loinc: "8302-2",
    display: "Body height",
    unit: "cm",
    range: (0, 0),
    step: 1,
    places: 1,
};
const WEIGHT: Measure = Measure {
    loinc: "29463-7",
    display: "Body weight",
    unit: "kg",
    places: 2,
    ..HEIGHT
};
const MASS_INDEX: Measure = Measure {
    loinc: "39156-5",
    display: "Body mass index (BMI) [Ratio]",
    unit: "kg/m2",
    places: 2,
    ..HEIGHT
};

/// What a patient measures: height in millimetres, body mass index in
/// hundredths. Both stay the same over the years shown.
pub(crate) struct Body {
    height: i64,
    mass_index: i64,
}

impl Body {
    pub(crate) fn draw(dice: &Dice, age: i64) -> Self {
        let (height, mass_index) = match age {
            ..2 => (dice.between(560, 830), dice.between(1_450, 1_800)),
            2..18 => (
                780 + age * 50 + dice.between(-40, 60),
                dice.between(1_500, 2_250),
            ),
            _ => (dice.between(1_510, 1_950), dice.between(1_900, 3_250)),
        };
        Self { height, mass_index }
    }

    /// In hundredths of a kilogram, to the tenth.
    const fn weight(&self) -> i64 {
        self.mass_index * self.height * self.height / 10_000_000 * 10
    }
}

/// Temperature and heart rate, blood pressure, and the body's measures.
pub(crate) fn vital_signs(dice: &Dice, patient: &str, visit: &Visit, body: &Body) -> Vec<Json> {
    let vital = |measure: &Measure, value| {
        one(&VITAL_SIGNS, measure, patient, visit).with("valueQuantity", quantity(measure, value))
    };
    vec![
        vital(&TEMPERATURE, draw(dice, &TEMPERATURE)),
        vital(&HEART_RATE, draw(dice, &HEART_RATE)),
        blood_pressure(dice, patient, visit),
        vital(&HEIGHT, body.height),
        vital(&WEIGHT, body.weight()),
        vital(&MASS_INDEX, body.mass_index),
    ]
}

/// A laboratory value.
pub(crate) fn laboratory(dice: &Dice, patient: &str, visit: &Visit, measure: &Measure) -> Json {
    let value = quantity(measure, draw(dice, measure));
    one(&LABORATORY, measure, patient, visit).with("valueQuantity", value)
}

fn blood_pressure(dice: &Dice, patient: &str, visit: &Visit) -> Json {
    let part = |loinc, display, value| {
        object([
            ("code", concept(LOINC, loinc, display)),
            ("valueQuantity", amount("mm[Hg]", decimal(value, 0))),
        ])
    };
    let parts = list([
        part("8480-6", "Systolic blood pressure", dice.between(98, 162)),
        part("8462-4", "Diastolic blood pressure", dice.between(58, 96)),
    ]);
    let panel = Measure {
        loinc: "85354-9",
        display: "Blood pressure panel with all children optional",
        ..HEIGHT
    };
    one(&VITAL_SIGNS, &panel, patient, visit).with("component", parts)
}

/// A code of <http://terminology.hl7.org/CodeSystem/observation-category>.
struct Category {
    code: &'static str,
    display: &'static str,
}

const VITAL_SIGNS: Category = Category {
    code: "vital-signs",
    display: "Vital Signs",
};
const LABORATORY: Category = Category {
    code: "laboratory",
    display: "Laboratory",
};

/// An observation that has no value yet.
fn one(category: &Category, measure: &Measure, patient: &str, visit: &Visit) -> Json {
    object([
        ("status", "final".into()),
        (
            "category",
            list([hl7("observation-category", category.code, category.display)]),
        ),
        ("code", concept(LOINC, measure.loinc, measure.display)),
        ("subject", reference(patient)),
        ("encounter", reference(&visit.urn)),
        ("effectiveDateTime", visit.at(5).into()),
        ("issued", visit.at(14).into()),
    ])
}

fn draw(dice: &Dice, measure: &Measure) -> i64 {
    let (low, high) = measure.range;
    low + dice.between(0, (high - low) / measure.step) * measure.step
}

fn quantity(measure: &Measure, value: i64) -> Json {
    amount(measure.unit, decimal(value, measure.places))
}

fn amount(unit: &str, value: Json) -> Json {
    object([
        ("value", value),
        ("unit", unit.into()),
        ("system", UCUM.into()),
        ("code", unit.into()),
    ])
}
