//! The lists that samples are drawn from.

pub(crate) const LOINC: &str = "http://loinc.org";
pub(crate) const SNOMED: &str = "http://snomed.info/sct";
pub(crate) const RXNORM: &str = "http://www.nlm.nih.gov/research/umls/rxnorm";
pub(crate) const ICD10: &str = "http://hl7.org/fhir/sid/icd-10";
pub(crate) const UCUM: &str = "http://unitsofmeasure.org";

pub(crate) const WOMEN: &[&str] = &[
    "Amara", "Birgit", "Carmen", "Dilan", "Elin", "Farida", "Greta", "Hana", "Ines", "Jolanta",
    "Keiko", "Leila", "Mireille", "Nadia", "Oona", "Priya",
];
pub(crate) const MEN: &[&str] = &[
    "Anton", "Bilal", "Casper", "Deniz", "Emeka", "Felix", "Goran", "Hugo", "Ivo", "Jamal",
    "Kenji", "Lorenzo", "Matteo", "Nils", "Omar", "Pavel",
];
pub(crate) const FAMILIES: &[&str] = &[
    "Adeyemi",
    "Bergstrom",
    "Castellanos",
    "Dvorak",
    "Eriksen",
    "Fontaine",
    "Grabowski",
    "Haddad",
    "Ivanova",
    "Jansen",
    "Kowalczyk",
    "Lindgren",
    "Moreau",
    "Nakamura",
    "O'Rourke",
    "Petrov",
    "Quintero",
    "Rahman",
    "Sørensen",
    "Türkmen",
    "Underhill",
    "Villanueva",
    "Weiss",
    "Zielinski",
];
pub(crate) const STREETS: &[&str] = &[
    "Alder Lane",
    "Birch Street",
    "Canal Road",
    "Dock Street",
    "Elm Avenue",
    "Foundry Row",
    "Garden Walk",
    "Harbour Street",
    "Juniper Way",
    "Mill Lane",
];
/// City, state, the first digits of its postal codes.
pub(crate) const CITIES: &[(&str, &str, &str)] = &[
    ("Ashford Falls", "VT", "050"),
    ("Brightwater", "ME", "040"),
    ("Cedar Point", "NH", "033"),
    ("Dunmore", "MA", "013"),
    ("Eastvale", "RI", "028"),
];
/// BCP 47 code and its display.
pub(crate) const LANGUAGES: &[(&str, &str)] = &[
    ("en", "English"),
    ("en", "English"),
    ("es", "Spanish"),
    ("fr", "French"),
    ("pl", "Polish"),
];
/// Code of v3-MaritalStatus and its display.
pub(crate) const MARITAL: &[(&str, &str)] = &[
    ("S", "Never Married"),
    ("M", "Married"),
    ("D", "Divorced"),
    ("W", "Widowed"),
];

/// A quantity that is measured.
pub(crate) struct Measure {
    pub(crate) loinc: &'static str,
    pub(crate) display: &'static str,
    /// UCUM.
    pub(crate) unit: &'static str,
    /// Lowest and highest value, in units of the last place.
    pub(crate) range: (i64, i64),
    /// Every value is a multiple of this above the lowest.
    pub(crate) step: i64,
    pub(crate) places: usize,
}

pub(crate) const TEMPERATURE: Measure = Measure {
    loinc: "8310-5",
    display: "Body temperature",
    unit: "Cel",
    range: (3_610, 3_740),
    step: 10,
    places: 2,
};
pub(crate) const HEART_RATE: Measure = Measure {
    loinc: "8867-4",
    display: "Heart rate",
    unit: "/min",
    range: (54, 104),
    step: 1,
    places: 0,
};
const HBA1C: Measure = Measure {
    loinc: "4548-4",
    display: "Hemoglobin A1c/Hemoglobin.total in Blood",
    unit: "%",
    range: (58, 96),
    step: 1,
    places: 1,
};
const CREATININE: Measure = Measure {
    loinc: "38483-4",
    display: "Creatinine [Mass/volume] in Blood",
    unit: "mg/dL",
    range: (60, 140),
    step: 5,
    places: 2,
};
const CHOLESTEROL: Measure = Measure {
    loinc: "2093-3",
    display: "Cholesterol [Mass/volume] in Serum or Plasma",
    unit: "mg/dL",
    range: (1_600, 2_800),
    step: 5,
    places: 1,
};
const HEMOGLOBIN: Measure = Measure {
    loinc: "718-7",
    display: "Hemoglobin [Mass/volume] in Blood",
    unit: "g/dL",
    range: (85, 118),
    step: 1,
    places: 1,
};
const SATURATION: Measure = Measure {
    loinc: "59408-5",
    display: "Oxygen saturation in Arterial blood by Pulse oximetry",
    unit: "%",
    range: (900, 990),
    step: 5,
    places: 1,
};

/// A medication and how it is taken.
pub(crate) struct Medication {
    pub(crate) rxnorm: &'static str,
    pub(crate) display: &'static str,
    pub(crate) dosage: &'static str,
    /// Times a day.
    pub(crate) frequency: i64,
}

/// Something a patient may have.
pub(crate) struct Disorder {
    pub(crate) snomed: &'static str,
    pub(crate) display: &'static str,
    pub(crate) icd10: &'static str,
    pub(crate) icd10_display: &'static str,
    pub(crate) chronic: bool,
    /// Not before this age, in years.
    pub(crate) from_age: i64,
    pub(crate) medication: Medication,
    pub(crate) laboratory: Option<&'static Measure>,
}

pub(crate) const DISORDERS: &[Disorder] = &[
    Disorder {
        snomed: "44054006",
        display: "Diabetes mellitus type 2",
        icd10: "E11",
        icd10_display: "Type 2 diabetes mellitus",
        chronic: true,
        from_age: 35,
        medication: Medication {
            rxnorm: "860975",
            display: "24 HR Metformin hydrochloride 500 MG Extended Release Oral Tablet",
            dosage: "1 tablet with the evening meal",
            frequency: 1,
        },
        laboratory: Some(&HBA1C),
    },
    Disorder {
        snomed: "38341003",
        display: "Hypertensive disorder",
        icd10: "I10",
        icd10_display: "Essential (primary) hypertension",
        chronic: true,
        from_age: 30,
        medication: Medication {
            rxnorm: "314076",
            display: "lisinopril 10 MG Oral Tablet",
            dosage: "1 tablet in the morning",
            frequency: 1,
        },
        laboratory: Some(&CREATININE),
    },
    Disorder {
        snomed: "195967001",
        display: "Asthma",
        icd10: "J45",
        icd10_display: "Asthma",
        chronic: true,
        from_age: 4,
        medication: Medication {
            rxnorm: "745679",
            display: "200 ACTUAT Albuterol 0.09 MG/ACTUAT Metered Dose Inhaler",
            dosage: "2 puffs when short of breath",
            frequency: 4,
        },
        laboratory: Some(&SATURATION),
    },
    Disorder {
        snomed: "55822004",
        display: "Hyperlipidemia",
        icd10: "E78.5",
        icd10_display: "Hyperlipidaemia, unspecified",
        chronic: true,
        from_age: 30,
        medication: Medication {
            rxnorm: "312961",
            display: "Simvastatin 20 MG Oral Tablet",
            dosage: "1 tablet in the evening",
            frequency: 1,
        },
        laboratory: Some(&CHOLESTEROL),
    },
    Disorder {
        snomed: "64859006",
        display: "Osteoporosis",
        icd10: "M81.9",
        icd10_display: "Osteoporosis, unspecified",
        chronic: true,
        from_age: 60,
        medication: Medication {
            rxnorm: "904419",
            display: "Alendronic acid 10 MG Oral Tablet",
            dosage: "1 tablet half an hour before breakfast",
            frequency: 1,
        },
        laboratory: None,
    },
    Disorder {
        snomed: "271737000",
        display: "Anemia",
        icd10: "D64.9",
        icd10_display: "Anaemia, unspecified",
        chronic: false,
        from_age: 12,
        medication: Medication {
            rxnorm: "2001499",
            display: "Vitamin B 12 5 MG/ML Injectable Solution",
            dosage: "1 injection",
            frequency: 1,
        },
        laboratory: Some(&HEMOGLOBIN),
    },
    Disorder {
        snomed: "10509002",
        display: "Acute bronchitis",
        icd10: "J20.9",
        icd10_display: "Acute bronchitis, unspecified",
        chronic: false,
        from_age: 2,
        medication: Medication {
            rxnorm: "313782",
            display: "Acetaminophen 325 MG Oral Tablet",
            dosage: "1 tablet when feverish",
            frequency: 3,
        },
        laboratory: Some(&SATURATION),
    },
    Disorder {
        snomed: "36971009",
        display: "Sinusitis",
        icd10: "J32.9",
        icd10_display: "Chronic sinusitis, unspecified",
        chronic: false,
        from_age: 6,
        medication: Medication {
            rxnorm: "562251",
            display: "Amoxicillin 250 MG / Clavulanate 125 MG Oral Tablet",
            dosage: "1 tablet every 8 hours",
            frequency: 3,
        },
        laboratory: None,
    },
    Disorder {
        snomed: "43878008",
        display: "Streptococcal sore throat",
        icd10: "J02.0",
        icd10_display: "Streptococcal pharyngitis",
        chronic: false,
        from_age: 0,
        medication: Medication {
            rxnorm: "834061",
            display: "Penicillin V Potassium 250 MG Oral Tablet",
            dosage: "1 tablet three times a day",
            frequency: 3,
        },
        laboratory: None,
    },
];
