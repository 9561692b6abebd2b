//! Someone who can write to the database and holds no key changes the wrapped keys: what
//! they sealed does not open then, and nothing else is concerned.

use crate::{
    caller::Caller,
    database::{Kind, on_both},
    house::{HOME, House},
    records,
    sweep::{HERE, whole},
};
use devkit::issuer::DemoUser;
use gateway::work::sweep::{FaultKind, Faults};
use model::{Clock as _, Scope};

on_both! {
    a_data_key_that_was_cut_closes_what_it_sealed_and_nothing_else,
    data_keys_that_were_edited_or_swapped_open_nothing,
    what_a_data_key_says_beside_its_scope_decides_nothing_unseen,
    a_data_key_that_nobody_made_seals_nothing,
    roots_that_were_cut_or_edited_let_no_process_start,
    a_kek_that_was_added_cut_or_edited_lets_no_process_start,
}

/// The key of the first patient's records, and that of the second's.
const FIRST: &str = "(SELECT data_key_id FROM version ORDER BY id LIMIT 1)";
const SECOND: &str = "(SELECT data_key_id FROM version ORDER BY id DESC LIMIT 1)";

/// Two patients, each with an observation.
struct Site {
    house: House,
    system: Caller,
    patients: [String; 2],
    observations: [String; 2],
}

impl Site {
    async fn on(kind: Kind) -> Self {
        let house = House::start_on(kind).await;
        let system = house.caller(&DemoUser::System);
        let (mut patients, mut observations) = (Vec::new(), Vec::new());
        for name in ["a", "b"] {
            let patient = system.create("Patient", records::patient(name)).await;
            let observation = records::observation(&patient);
            observations.push(system.create("Observation", observation).await);
            patients.push(patient);
        }
        Self {
            house,
            system,
            patients: patients.try_into().unwrap(),
            observations: observations.try_into().unwrap(),
        }
    }

    /// Somebody at a process that holds no key yet.
    async fn elsewhere(&mut self) -> Caller {
        let there = self.house.another().await;
        self.system.through(&there)
    }

    fn keep(&self, table: &str) {
        self.house
            .sql(&format!("CREATE TABLE kept AS SELECT * FROM {table}"));
    }

    /// Changes the key of the first patient.
    fn edit_first(&self, change: &str) {
        self.house
            .sql(&format!("UPDATE data_key SET {change} WHERE id = {FIRST}"));
    }

    fn put_back(&self, table: &str) {
        self.house.sql(&format!(
            "DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept"
        ));
    }

    /// The first patient's records are refused, and the second's are read and found.
    async fn first_is_closed(&self, system: &Caller, edit: &str) {
        for place in [
            format!("Patient/{}", self.patients[0]),
            format!("Observation/{}", self.observations[0]),
            format!("Observation/{}/_history/1", self.observations[0]),
        ] {
            assert_eq!(system.get(&place).await.status, 500, "{place}: {edit}");
        }
        let place = format!("Observation/{}", self.observations[1]);
        system.get(&place).await.expect(200);
        let page = system.get("Observation").await.expect(200).json();
        let entries = page["entry"].as_array().unwrap();
        let of = |mode: &str| {
            let mode = |entry: &&serde_json::Value| entry["search"]["mode"] == mode;
            entries.iter().filter(mode).count()
        };
        assert_eq!((of("match"), of("outcome")), (1, 1), "{edit}");
    }
}

/// One byte of a wrapped key, inside the ciphertext.
fn flipped(kind: Kind) -> String {
    kind.flipped("wrapped", 20)
}

/// Two versions, their cards, and the head of the patient; and all that is found.
const FIRST_IS_CLOSED: [u64; 4] = [2, 2, 1, 5];

fn counted(swept: &Faults) -> [u64; 4] {
    let [versions, cards, heads] =
        [FaultKind::Unreadable, FaultKind::Card, FaultKind::Head].map(|kind| swept.count(kind));
    [versions, cards, heads, swept.total()]
}

async fn a_data_key_that_was_cut_closes_what_it_sealed_and_nothing_else(kind: Kind) {
    let mut site = Site::on(kind).await;
    let cut = format!("DELETE FROM data_key WHERE id = {FIRST}");
    site.house.sql(&cut);
    let system = site.elsewhere().await;
    site.first_is_closed(&system, &cut).await;
    let swept = whole(&site.house).await.faults;
    assert_eq!(counted(&swept), FIRST_IS_CLOSED, "{:?}", swept.named);
    // What held it before holds it for five minutes at most.
    let place = format!("Observation/{}", site.observations[0]);
    site.system.get(&place).await.expect(200);
    // What is written about the patient from now on has a key of its own.
    let observation = records::observation(&site.patients[0]);
    let later = system.create("Observation", observation).await;
    let third = site.elsewhere().await;
    third.get(&format!("Observation/{later}")).await.expect(200);
    assert_eq!(third.get(&place).await.status, 500);
}

async fn data_keys_that_were_edited_or_swapped_open_nothing(kind: Kind) {
    let mut site = Site::on(kind).await;
    site.keep("data_key");
    let swapped = format!("wrapped = (SELECT o.wrapped FROM data_key o WHERE o.id = {SECOND})");
    // At requests to a process that has not opened it, and by the sweep.
    for change in [flipped(kind), swapped.clone(), "scope_kind = 9".to_owned()] {
        site.edit_first(&change);
        let system = site.elsewhere().await;
        site.first_is_closed(&system, &change).await;
        site.put_back("data_key");
    }
    // Those requests made keys, which were put back too: another site.
    let mut site = Site::on(kind).await;
    site.keep("data_key");
    for change in [
        flipped(kind),
        swapped,
        format!("wrapped = {}", kind.zeros(0)),
        format!("scope_tag = {}", kind.zeros(16)),
        "scope_kind = 5".to_owned(),
        "scope_kind = 9".to_owned(),
        "kek_generation = -1".to_owned(),
        "facility_id = (SELECT id FROM facility WHERE name = 'hillcrest')".to_owned(),
        format!("id = {}", kind.zeros(16)),
    ] {
        site.edit_first(&change);
        let swept = whole(&site.house).await.faults;
        assert_eq!(
            counted(&swept),
            FIRST_IS_CLOSED,
            "{change}: {:?}",
            swept.named
        );
        site.put_back("data_key");
    }
    let system = site.elsewhere().await;
    assert_eq!(system.found("Observation").await, 2);
    assert_eq!(whole(&site.house).await.faults.total(), 0);
}

/// The generation in the row is told by nobody: that of the KEK in use counts.
async fn what_a_data_key_says_beside_its_scope_decides_nothing_unseen(kind: Kind) {
    let mut site = Site::on(kind).await;
    site.house
        .sql("UPDATE data_key SET kek_generation = 9, created_ms = 1");
    let system = site.elsewhere().await;
    assert_eq!(system.found("Observation").await, 2);
    assert_eq!(whole(&site.house).await.faults.total(), 0);
}

/// In the place of one that is still to be made, whose name can be told: that of the query
/// texts of a month.
async fn a_data_key_that_nobody_made_seals_nothing(kind: Kind) {
    let site = Site::on(kind).await;
    let (year, month) = site.house.clock.now().year_and_month();
    let tag = Scope::QueryText { year, month }.tag();
    let tag = match kind {
        Kind::Sqlite => format!("x'{tag}'"),
        Kind::Postgres => format!("'\\x{tag}'::bytea"),
    };
    site.house.sql(&format!(
        "DELETE FROM data_key WHERE scope_kind = 8;
         INSERT INTO data_key
             (id, facility_id, scope_kind, scope_tag, kek_generation, wrapped, created_ms)
         SELECT {}, facility_id, 8, {tag}, kek_generation, wrapped, created_ms FROM data_key
         WHERE id = {FIRST}",
        kind.zeros(16)
    ));
    // What cannot be sealed is not answered.
    let search = "Patient?identifier=a";
    assert_eq!(site.system.get(search).await.status, 503);
    let place = format!("Patient/{}", site.patients[0]);
    site.system.get(&place).await.expect(200);
    site.house.sql("DELETE FROM data_key WHERE scope_kind = 8");
    site.system.get(search).await.expect(200);
}

/// Starts fail, and say which facility it is; what runs goes on.
async fn no_process_starts(site: &Site, edit: &str) {
    let refused = site.house.opens().await.unwrap_err().to_string();
    assert!(refused.contains(&format!("`{HOME}`")), "{edit}: {refused}");
    let place = format!("Observation/{}", site.observations[0]);
    site.system.get(&place).await.expect(200);
}

async fn roots_that_were_cut_or_edited_let_no_process_start(kind: Kind) {
    let site = Site::on(kind).await;
    site.keep("data_key");
    for scope in [4, 7] {
        let of_root = format!("scope_kind = {scope} AND {HERE}");
        for edit in [
            format!("DELETE FROM data_key WHERE {of_root}"),
            format!("UPDATE data_key SET {} WHERE {of_root}", flipped(kind)),
            format!(
                "UPDATE data_key SET wrapped = (SELECT o.wrapped FROM data_key o
                     WHERE o.id = {FIRST}) WHERE {of_root}"
            ),
        ] {
            site.house.sql(&edit);
            no_process_starts(&site, &edit).await;
            site.put_back("data_key");
        }
    }
    site.house.opens().await.unwrap();
}

async fn a_kek_that_was_added_cut_or_edited_lets_no_process_start(kind: Kind) {
    let site = Site::on(kind).await;
    site.keep("kek");
    let other = "facility_id = (SELECT id FROM facility WHERE name = 'hillcrest')";
    for edit in [
        format!(
            "INSERT INTO kek (facility_id, generation, wrapped, created_ms)
                 SELECT facility_id, 2, wrapped, created_ms FROM kek WHERE {HERE}"
        ),
        format!("DELETE FROM kek WHERE {HERE}"),
        format!("UPDATE kek SET {} WHERE {HERE}", flipped(kind)),
        format!("UPDATE kek SET generation = 2 WHERE {HERE}"),
        format!(
            "UPDATE kek SET wrapped = (SELECT o.wrapped FROM kek o WHERE o.{other}) WHERE {HERE}"
        ),
    ] {
        site.house.sql(&edit);
        no_process_starts(&site, &edit).await;
        site.put_back("kek");
    }
    // When it was made, it says to people.
    site.house.sql("UPDATE kek SET created_ms = 1");
    site.house.opens().await.unwrap();
}
