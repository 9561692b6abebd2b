//! Searches within a patient, answered by index cards: every kind of parameter and modifier,
//! sorted, counted, in pages; nothing hidden shows, and what was cut is missed.

use crate::{
    caller::{Caller, Reply},
    database::{Kind, on_both},
    house::House,
    records,
};
use devkit::issuer::DemoUser;
use serde_json::{Value, json};

on_both! {
    each_kind_of_parameter_is_exact,
    matches_are_sorted_by_any_parameter_in_pages,
    what_is_cut_from_a_card_is_decided_by_the_record,
    until_the_index_is_complete_cards_answer_nothing,
    nothing_hidden_shows,
    a_card_that_was_cut_is_missed,
    a_card_that_was_edited_is_left_out_with_a_warning,
    a_card_that_was_put_back_is_missed,
    a_card_of_two_patients_that_was_cut_is_warned_of,
    a_head_that_was_cut_swapped_or_put_back_is_missed,
    heads_and_cards_that_were_cut_together_are_missed,
    a_head_begun_after_cards_were_cut_hides_nothing,
    a_head_put_back_with_its_cards_is_missed,
    a_card_whose_type_was_changed_is_missed,
    a_card_of_two_patients_that_was_put_back_is_warned_of,
    a_transaction_finds_what_it_wrote,
    what_is_not_read_is_refused,
    backslashes_are_read_alike_within_a_patient_and_without,
}

struct Site {
    house: House,
    system: Caller,
    patient: String,
}

impl Site {
    async fn on(kind: Kind) -> Self {
        let house = House::start_on(kind).await;
        let system = house.caller(&DemoUser::System);
        let patient = system.create("Patient", records::patient("a")).await;
        let site = Self {
            house,
            system,
            patient,
        };
        site.house.index().await;
        site
    }

    /// Writes a record about the patient under this id.
    async fn put(&self, kind: &str, id: &str, body: Value) {
        self.write(kind, id, body).await.expect(201);
    }

    /// Writes another version of an Observation about the patient.
    async fn change(&self, id: &str, body: Value) {
        self.write("Observation", id, body).await.expect(200);
    }

    async fn write(&self, kind: &str, id: &str, mut body: Value) -> Reply {
        body["resourceType"] = kind.into();
        body["id"] = id.into();
        body["subject"] = json!({"reference": format!("Patient/{}", self.patient)});
        self.system.put(&format!("{kind}/{id}"), body).await
    }

    /// A search within the patient is refused.
    async fn refuses(&self, query: &str) {
        let path = format!("{query}&patient={}", self.patient);
        self.system.get(&path).await.expect(500);
    }

    async fn search(&self, kind: &str, query: &str) -> Reply {
        let path = format!("{kind}?patient={}&{query}", self.patient);
        self.system.get(&path).await.expect(200)
    }

    /// The ids that a search finds, sorted.
    async fn found(&self, kind: &str, query: &str) -> Vec<String> {
        let mut ids = ids(&self.search(kind, query).await);
        ids.sort();
        ids
    }
}

fn ids(reply: &Reply) -> Vec<String> {
    let resources = reply.resources().into_iter();
    resources
        .map(|resource| resource["id"].as_str().unwrap().to_owned())
        .collect()
}

fn code(system: &str, code: &str) -> Value {
    json!({"coding": [{"system": system, "code": code}]})
}

fn weight(value: &str, date: &str) -> Value {
    let value: Value = serde_json::from_str(value).unwrap();
    json!({
        "status": "final",
        "code": code("http://loinc.org", "29463-7"),
        "effectiveDateTime": date,
        "valueQuantity": {"value": value, "system": "http://unitsofmeasure.org", "code": "kg"},
    })
}

fn pressure(systolic: u32, diastolic: u32) -> Value {
    let part = |name: &str, value: u32| json!({"code": code("s", name), "valueQuantity": {"value": value}});
    json!({
        "status": "preliminary",
        "code": code("http://loinc.org", "85354-9"),
        "effectivePeriod": {"start": "2021-05-01"},
        "performer": [{"reference": "Practitioner/p"},
            {"identifier": {"system": "npi", "value": "7"}}],
        "component": [part("sys", systolic), part("dia", diastolic)],
    })
}

async fn observations(site: &Site) {
    site.put("Observation", "light", weight("60.5", "2019-03-05"))
        .await;
    site.put("Observation", "heavy", weight("95", "2020")).await;
    site.put("Observation", "pressure", pressure(150, 80)).await;
    let mut text = json!({"status": "final", "code": {"text": "none"}});
    text["valueString"] = "Über-Größe".into();
    text["identifier"] = json!([{"type": code("t", "MR"), "system": "i", "value": "1"}]);
    site.put("Observation", "text", text).await;
}

const OBSERVATIONS: &[(&str, &[&str])] = &[
    ("status=final", &["heavy", "light", "text"]),
    ("status:not=final", &["pressure"]),
    ("code=29463-7&value-quantity=gt70", &["heavy"]),
    ("code=http://loinc.org|29463-7", &["heavy", "light"]),
    ("code=|29463-7", &[]),
    ("code:not=http://loinc.org|29463-7", &["pressure", "text"]),
    ("code=29463-7,85354-9", &["heavy", "light", "pressure"]),
    ("code=29463-7&code=85354-9", &[]),
    ("value-quantity=95|http://unitsofmeasure.org|kg", &["heavy"]),
    ("value-quantity=95||g", &[]),
    ("value-quantity:missing=true", &["pressure", "text"]),
    ("code:missing=true", &[]),
    ("date=2019-03", &["light"]),
    ("date=2019-03-05", &["light"]),
    ("date=ge2020", &["heavy", "pressure"]),
    ("date=sa2020&date=lt2030", &["pressure"]),
    ("date:missing=true", &["text"]),
    ("component-code-value-quantity=sys$gt140", &["pressure"]),
    ("component-code-value-quantity=dia$gt140", &[]),
    ("combo-value-quantity=gt90", &["heavy", "pressure"]),
    ("value-string=uber", &["text"]),
    ("value-string:exact=uber-grosse", &[]),
    ("value-string:exact=Über-Größe", &["text"]),
    ("value-string:contains=grosse", &["text"]),
    ("performer=Practitioner/p", &["pressure"]),
    ("performer=p", &["pressure"]),
    ("performer:Practitioner=p", &["pressure"]),
    ("performer:Organization=p", &[]),
    ("performer:identifier=npi|7", &["pressure"]),
    ("identifier:of-type=t|MR|1", &["text"]),
    ("identifier:of-type=t|MR|2", &[]),
    ("identifier=i|1", &["text"]),
    ("_id=text,light&status=final", &["light", "text"]),
    ("_lastUpdated=gt2020&status=preliminary", &["pressure"]),
    ("_lastUpdated=lt2020&status=preliminary", &[]),
];

async fn each_kind_of_parameter_is_exact(kind: Kind) {
    let site = Site::on(kind).await;
    observations(&site).await;
    // About somebody else: never found.
    let other = site.system.create("Patient", records::patient("b")).await;
    site.system
        .create("Observation", records::observation(&other))
        .await;
    for (query, expected) in OBSERVATIONS {
        assert_eq!(site.found("Observation", query).await, *expected, "{query}");
        let counted = format!("{query}&_summary=count");
        let total = site.search("Observation", &counted).await.json()["total"].clone();
        assert_eq!(total, expected.len(), "{query}");
    }
    let plan = |uri: &str| json!({"status": "active", "intent": "plan", "instantiatesUri": [uri]});
    site.put("CarePlan", "above", plan("http://plans.example/a"))
        .await;
    site.put("CarePlan", "below", plan("http://plans.example/a/b"))
        .await;
    let risk = json!({"status": "final", "prediction": [{"probabilityDecimal": 0.81}]});
    site.put("RiskAssessment", "risk", risk).await;
    for (kind, query, expected) in [
        (
            "CarePlan",
            "instantiates-uri=http://plans.example/a",
            vec!["above"],
        ),
        (
            "CarePlan",
            "instantiates-uri:below=http://plans.example/a",
            vec!["above", "below"],
        ),
        (
            "CarePlan",
            "instantiates-uri:above=http://plans.example/a/b/c",
            vec!["above", "below"],
        ),
        ("RiskAssessment", "probability=gt0.8", vec!["risk"]),
        ("RiskAssessment", "probability=0.8", vec!["risk"]),
        ("RiskAssessment", "probability=lt0.8", vec![]),
    ] {
        assert_eq!(site.found(kind, query).await, expected, "{query}");
    }
}

async fn matches_are_sorted_by_any_parameter_in_pages(kind: Kind) {
    let site = Site::on(kind).await;
    observations(&site).await;
    for (sort, expected) in [
        ("date", ["light", "heavy", "pressure", "text"]),
        ("-date", ["pressure", "heavy", "light", "text"]),
        (
            "-value-quantity,date",
            ["heavy", "light", "pressure", "text"],
        ),
        ("status,-date", ["heavy", "light", "text", "pressure"]),
    ] {
        let whole = site.search("Observation", &format!("_sort={sort}")).await;
        assert_eq!(ids(&whole), expected, "{sort}");
        assert!(whole.link("self").unwrap().contains("_sort="));
        let mut page = site
            .search(
                "Observation",
                &format!("_sort={sort}&_count=1&_total=accurate"),
            )
            .await;
        assert_eq!(page.json()["total"], 4);
        let mut shown = ids(&page);
        while let Some(next) = page.next() {
            let path = next.rsplit_once("/fhir/").unwrap().1.to_owned();
            page = site.system.get(&path).await.expect(200);
            shown.extend(ids(&page));
        }
        assert_eq!(shown, expected, "{sort}");
    }
}

async fn what_is_cut_from_a_card_is_decided_by_the_record(kind: Kind) {
    let site = Site::on(kind).await;
    let long = format!("{}end", "x".repeat(100));
    let value = |text: &str| json!({"status": "final", "code": {"text": "c"}, "valueString": text});
    site.put("Observation", "long", value(&long)).await;
    site.put("Observation", "other", value(&"x".repeat(103)))
        .await;
    for (query, expected) in [
        (format!("value-string:exact={long}"), vec!["long"]),
        (format!("value-string={long}"), vec!["long"]),
        ("value-string:contains=xend".to_owned(), vec!["long"]),
        (
            format!("value-string={}", "x".repeat(80)),
            vec!["long", "other"],
        ),
        (format!("value-string:exact={}", "x".repeat(100)), vec![]),
    ] {
        assert_eq!(site.found("Observation", &query).await, expected, "{query}");
    }
}

async fn until_the_index_is_complete_cards_answer_nothing(kind: Kind) {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let patient = system.create("Patient", records::patient("a")).await;
    system
        .create("Observation", records::observation(&patient))
        .await;
    let by_patient = format!("Observation?patient={patient}");
    assert_eq!(system.found(&by_patient).await, 1);
    let refused = system
        .get(&format!("{by_patient}&status=final"))
        .await
        .expect(503);
    assert_eq!(refused.issue(), "transient");
    assert!(refused.header("retry-after").is_some());
}

async fn nothing_hidden_shows(kind: Kind) {
    let site = Site::on(kind).await;
    observations(&site).await;
    let other = site.system.create("Patient", records::patient("b")).await;
    let id = other.parse().unwrap();
    let own = site.house.caller(&DemoUser::Patient { id });
    let path = |query: &str| format!("Observation?patient={}&{query}", site.patient);
    for query in ["status=final", "_sort=date", "code:not=x&_total=accurate"] {
        let reply = own.get(&path(query)).await.expect(200);
        assert_eq!(ids(&reply), Vec::<String>::new());
        assert_ne!(reply.json()["total"], 1, "{query}");
    }
    let counted = own
        .get(&path("status=final&_summary=count"))
        .await
        .expect(200);
    assert_eq!(counted.json()["total"], 0);
    // The same of a patient whom nobody knows.
    let nobody = own
        .get("Observation?patient=nobody&status=final")
        .await
        .expect(200);
    assert_eq!(ids(&nobody), Vec::<String>::new());
}

async fn a_card_that_was_cut_is_missed(kind: Kind) {
    let site = Site::on(kind).await;
    observations(&site).await;
    let condition = json!({"code": code("s", "c")});
    site.put("Condition", "cut", condition).await;
    site.house
        .sql("DELETE FROM card WHERE resource_type = 'Condition'");
    // In every search within the patient, whatever its type.
    for query in [
        "Observation?code=29463-7",
        "Condition?code=c",
        "Observation?_sort=date",
    ] {
        site.refuses(query).await;
    }
    // Other patients are none of it.
    let other = site.system.create("Patient", records::patient("b")).await;
    site.system
        .create("Observation", records::observation(&other))
        .await;
    let path = format!("Observation?patient={other}&status=final");
    assert_eq!(site.system.found(&path).await, 1);
}

async fn a_transaction_finds_what_it_wrote(kind: Kind) {
    let site = Site::on(kind).await;
    observations(&site).await;
    let mut changed = weight("99", "2022");
    changed["resourceType"] = "Observation".into();
    changed["subject"] = json!({"reference": format!("Patient/{}", site.patient)});
    let search = format!(
        "Observation?patient={}&value-quantity=gt70&_sort=-date",
        site.patient
    );
    let entries = [
        (
            "PUT",
            "Observation/light",
            Some(records::with_id(changed.clone(), "light")),
        ),
        (
            "PUT",
            "Observation/new",
            Some(records::with_id(changed, "new")),
        ),
        ("DELETE", "Observation/heavy", None),
        ("GET", search.as_str(), None),
    ];
    let bundle = records::bundle("transaction", &entries);
    let reply = site.system.post("", bundle).await.expect(200).json();
    let entries = reply["entry"][3]["resource"]["entry"].as_array().unwrap();
    let mut found: Vec<&str> = entries
        .iter()
        .map(|entry| entry["resource"]["id"].as_str().unwrap())
        .collect();
    found.sort_unstable();
    assert_eq!(found, ["light", "new"]);
    assert_eq!(
        site.found("Observation", "value-quantity=gt70").await,
        ["light", "new"]
    );
}

async fn what_is_not_read_is_refused(kind: Kind) {
    let site = Site::on(kind).await;
    for query in [
        "code:text=a",
        "code:in=http://x",
        "status:exact=final",
        "date=yesterday",
        "date=xx2020",
        "value-quantity=many",
        "value-quantity=1|2",
        "component-code-value-quantity=sys",
        "code=",
        "code=|",
        "status:missing=maybe",
        "subject:Nothing=1",
        "performer=Nothing/1",
        "subject.name=a",
        "_sort=nothing",
        "nothing=1",
    ] {
        let path = format!("Observation?patient={}&{query}", site.patient);
        site.system.get(&path).await.expect(400);
    }
}

async fn backslashes_are_read_alike_within_a_patient_and_without(kind: Kind) {
    let site = Site::on(kind).await;
    let mut text = json!({"status": "final", "code": {"text": "none"}});
    text["identifier"] = json!([{"system": "i", "value": r"a\bc,d"}]);
    site.put("Observation", "text", text).await;
    for (value, expected) in [
        (r"a\bc\,d", 1),
        (r"a\\bc\,d", 1),
        (r"i|a\bc\,d", 1),
        (r"abc\,d", 0),
        (r"a\bc,d", 0),
    ] {
        let query = format!("identifier={}", value.replace('\\', "%5C"));
        let within = site.found("Observation", &query).await;
        assert_eq!(within.len(), expected, "{value}");
        let found = site.system.found(&format!("Observation?{query}")).await;
        assert_eq!(found, expected, "{value}");
    }
}

/// A byte of a sealed card, inside its ciphertext.
const IN_CARD: u8 = 30;

/// Whether a search within the patient warns that something was left out.
async fn warns(site: &Site, query: &str) -> bool {
    let reply = site.search("Observation", query).await;
    reply.text.contains("is damaged and was left out")
}

async fn a_card_that_was_edited_is_left_out_with_a_warning(kind: Kind) {
    let site = Site::on(kind).await;
    observations(&site).await;
    assert!(!warns(&site, "status=final").await);
    let flipped = kind.flipped("sealed", IN_CARD);
    let edit = format!(
        "UPDATE card SET {flipped} WHERE record_tag =
            (SELECT record_tag FROM card WHERE resource_type = 'Observation' LIMIT 1)"
    );
    site.house.sql(&edit);
    assert!(warns(&site, "status:missing=false").await);
    let reply = site
        .search("Observation", "status:missing=false")
        .await
        .json();
    let entries = reply["entry"].as_array().unwrap().iter();
    let matches = entries.filter(|entry| entry["search"]["mode"] == "match");
    assert_eq!(matches.count(), 3);
    // The head says nothing of what stands in a card, and fits.
    site.house
        .sql("UPDATE card SET version = 7 WHERE resource_type = 'Observation'");
    site.refuses("Observation?status=final").await;
}

async fn a_card_that_was_put_back_is_missed(kind: Kind) {
    let site = Site::on(kind).await;
    site.put("Observation", "light", weight("60.5", "2019-03-05"))
        .await;
    site.house
        .sql("CREATE TABLE kept AS SELECT * FROM card WHERE resource_type = 'Observation'");
    site.change("light", weight("99", "2022")).await;
    assert_eq!(
        site.found("Observation", "value-quantity=gt70").await,
        ["light"]
    );
    site.house.sql(
        "DELETE FROM card WHERE resource_type = 'Observation';
        INSERT INTO card SELECT * FROM kept",
    );
    site.refuses("Observation?value-quantity=gt70").await;
}

async fn a_card_of_two_patients_that_was_cut_is_warned_of(kind: Kind) {
    let site = Site::on(kind).await;
    let other = site.system.create("Patient", records::patient("b")).await;
    let mut both = weight("60.5", "2019-03-05");
    both["performer"] = json!([{"reference": format!("Patient/{other}")}]);
    site.put("Observation", "both", both).await;
    assert_eq!(site.found("Observation", "status=final").await, ["both"]);
    site.house
        .sql("DELETE FROM card WHERE resource_type = 'Observation'");
    assert!(warns(&site, "status=final").await);
}

async fn heads_and_cards_that_were_cut_together_are_missed(kind: Kind) {
    let site = Site::on(kind).await;
    site.put("Observation", "light", weight("60.5", "2019-03-05"))
        .await;
    let search = format!("Observation?patient={}&status=final", site.patient);
    let patient = site.house.caller(&DemoUser::Patient {
        id: site.patient.parse().unwrap(),
    });
    assert_eq!(patient.found(&search).await, 1);
    site.house.sql("DELETE FROM card; DELETE FROM patient_head");
    for caller in [&site.system, &patient] {
        caller.get(&search).await.expect(500);
    }
}

async fn a_head_that_was_cut_swapped_or_put_back_is_missed(kind: Kind) {
    let site = Site::on(kind).await;
    let other = site.system.create("Patient", records::patient("b")).await;
    site.put("Observation", "light", weight("60.5", "2019-03-05"))
        .await;
    site.house
        .sql("CREATE TABLE kept AS SELECT * FROM patient_head");
    site.put("Observation", "heavy", weight("95", "2020")).await;
    let search = format!("Observation?patient={}&status=final", site.patient);
    assert_eq!(site.system.found(&search).await, 2);
    site.house
        .sql("CREATE TABLE right_heads AS SELECT * FROM patient_head");
    let right = "DELETE FROM patient_head; INSERT INTO patient_head SELECT * FROM right_heads";
    for attack in [
        "DELETE FROM patient_head",
        "DELETE FROM patient_head; INSERT INTO patient_head SELECT * FROM kept",
        "UPDATE patient_head SET head = (SELECT head FROM right_heads ORDER BY patient_tag LIMIT 1);
        UPDATE patient_head SET head = (SELECT head FROM right_heads r
            WHERE r.patient_tag <> patient_head.patient_tag)",
    ] {
        site.house.sql(attack);
        site.system.get(&search).await.expect(500);
        // Others are found as before, and writes go on.
        let by_id = site.system.get("Observation?_id=light").await.expect(200);
        assert_eq!(ids(&by_id), ["light"]);
        site.system.create("Observation", records::observation(&other)).await;
        site.house.sql(right);
    }
}

async fn a_head_begun_after_cards_were_cut_hides_nothing(kind: Kind) {
    let site = Site::on(kind).await;
    site.put("Observation", "light", weight("60.5", "2019-03-05"))
        .await;
    site.house.sql("DELETE FROM card; DELETE FROM patient_head");
    // The next write begins a head that fits what is left.
    site.put("Observation", "heavy", weight("95", "2020")).await;
    let search = format!("Observation?patient={}&status=final", site.patient);
    let patient = site.house.caller(&DemoUser::Patient {
        id: site.patient.parse().unwrap(),
    });
    for caller in [&site.system, &patient] {
        caller.get(&search).await.expect(500);
    }
}

async fn a_head_put_back_with_its_cards_is_missed(kind: Kind) {
    let site = Site::on(kind).await;
    site.put("Observation", "light", weight("60.5", "2019-03-05"))
        .await;
    site.house.sql(
        "CREATE TABLE kept AS SELECT * FROM card WHERE resource_type = 'Observation';
        CREATE TABLE kept_heads AS SELECT * FROM patient_head",
    );
    site.change("light", weight("99", "2022")).await;
    assert_eq!(site.found("Observation", "status=final").await, ["light"]);
    site.house.sql(
        "DELETE FROM card WHERE resource_type = 'Observation'; DELETE FROM patient_head;
        INSERT INTO card SELECT * FROM kept; INSERT INTO patient_head SELECT * FROM kept_heads",
    );
    site.refuses("Observation?status=final").await;
}

async fn a_card_whose_type_was_changed_is_missed(kind: Kind) {
    let site = Site::on(kind).await;
    observations(&site).await;
    let condition = json!({"code": code("s", "c")});
    site.put("Condition", "changed", condition).await;
    assert_eq!(site.found("Condition", "code=c").await, ["changed"]);
    site.house
        .sql("UPDATE card SET resource_type = 'Basic' WHERE resource_type = 'Condition'");
    site.refuses("Condition?code=c").await;
    // Those of other types are as they were.
    assert_eq!(site.found("Observation", "code=29463-7").await.len(), 2);
}

async fn a_card_of_two_patients_that_was_put_back_is_warned_of(kind: Kind) {
    let site = Site::on(kind).await;
    let other = site.system.create("Patient", records::patient("b")).await;
    let both = |value: &str| {
        let mut both = weight(value, "2019-03-05");
        both["performer"] = json!([{"reference": format!("Patient/{other}")}]);
        both
    };
    site.put("Observation", "both", both("60.5")).await;
    site.house
        .sql("CREATE TABLE kept AS SELECT * FROM card WHERE resource_type = 'Observation'");
    site.change("both", both("99")).await;
    assert!(!warns(&site, "value-quantity=gt70").await);
    site.house.sql(
        "DELETE FROM card WHERE resource_type = 'Observation';
        INSERT INTO card SELECT * FROM kept",
    );
    for query in ["value-quantity=gt70", "value-quantity=lt70"] {
        assert!(warns(&site, query).await, "{query}");
    }
}
