//! A facility as version 0.1 left it: sets in clear, clients of no issuer.

use super::*;
use crate::facility::setup::{FIRST_GENERATION, MadeFacility, NewFacility};
use model::{SystemClock, SystemRandom};
use policies::{PolicySource, Role};
use sealing::{FileKms, Kms};
use std::process::Command;
use store::{Database, RegistrationKind};

#[path = "../../../../tests/served/envelope_1.rs"]
mod envelope_1;

const ISSUER: &str = "https://issuer.example";

struct Old {
    store: Store,
    kms: FileKms,
    name: FacilityName,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// The key of the facility's own rows.
    key: Vec<u8>,
    _folder: tempfile::TempDir,
}

fn sql(path: &std::path::Path, statement: &str) {
    let run = "import sqlite3, sys\n\
               with sqlite3.connect(sys.argv[1], timeout=30) as database:\n    \
                   database.execute(sys.argv[2])";
    let python = std::env::var_os("CHARTSEAL_PYTHON");
    let status = Command::new(python.unwrap_or_else(|| "python3".into()))
        .args(["-c", run])
        .arg(path)
        .arg(statement)
        .status();
    assert!(status.unwrap().success());
}

impl Old {
    async fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("chartseal.db");
        let database = Database::Sqlite { path: path.clone() };
        let store = Store::open(&database).unwrap();
        store.leaf_keys().set([&[1; 32]]);
        let kms = FileKms::create(&folder.path().join("kms")).unwrap();
        let name: FacilityName = "riverside".parse().unwrap();
        kms.add_root(&name, FIRST_GENERATION, &SystemRandom)
            .unwrap();
        let new = NewFacility {
            name: name.clone(),
            policies: PolicySource::shipped(),
            administrators: Vec::new(),
            clients: Vec::new(),
            shares_with: BTreeSet::new(),
        };
        let made = MadeFacility::new(&new, false, &kms, SystemClock.now(), &SystemRandom).unwrap();
        let root = envelope_1::root_key(&folder.path().join("kms"), name.as_str());
        let kek = envelope_1::unwrapped(&root, &made.kek.wrapped);
        let own = made.keys.iter().find(|key| key.scope == Scope::Facility);
        let key = envelope_1::unwrapped(&kek, &own.unwrap().wrapped);
        let insert = move |tx: &mut store::Tx| {
            let facility = tx.facilities().insert(&made.name, made.created)?;
            tx.keys().insert_kek(facility, &made.kek)?;
            let mut keys = made.keys.iter();
            keys.try_for_each(|key| tx.keys().insert(facility, key))
        };
        store.run_tx("old facility", &[], insert).await.unwrap();
        let source = PolicySource::shipped();
        let texts = [
            source.schema.clone(),
            serde_json::to_string(&source.policies).unwrap(),
        ];
        let [schema, policies] = texts.map(|text| text.replace('\'', "''"));
        sql(
            &path,
            &format!(
                "INSERT INTO policy_set_in_clear VALUES
                 (1, 1, x'{}', '{schema}', '{policies}', 1795000000000)",
                source.digest()
            ),
        );
        let old = Self {
            store,
            kms,
            name,
            clock: Arc::new(SystemClock),
            random: Arc::new(SystemRandom),
            key,
            _folder: folder,
        };
        old.register().await;
        old
    }

    /// Registrations without a statement: two clients, one of them ended, and a person.
    async fn register(&self) {
        let opened = Facility::open_keys(&self.name, self.ports());
        let facility = opened.await.unwrap();
        let key = facility.keys.for_scope(Scope::Facility).await.unwrap();
        let own = facility.own_seal(&key, &*self.random);
        let client = |id: &str| {
            Registrant::Client(Client {
                client_id: id.to_owned(),
                issuer: String::new(),
                name: None,
                roles: [Role::Admin].into(),
            })
        };
        let person = Registrant::Administrator(Administrator {
            issuer: ISSUER.to_owned(),
            subject: "ada".to_owned(),
            name: None,
        });
        let rows = [
            (client("console"), Entry::FIRST),
            (client("lab"), Entry::FIRST),
            (
                client("lab"),
                Entry {
                    number: 2,
                    active: false,
                },
            ),
            (person, Entry::FIRST),
        ]
        .map(|(who, entry)| {
            let mut row = who.seal(&own, entry, 1, self.clock.now()).unwrap().row;
            let kind = match row.kind {
                RegistrationKind::Client => "#client",
                _ => "#administrator",
            };
            let place = (kind, row.tag.as_bytes().as_slice(), row.number);
            let name = self.name.as_str();
            row.envelope = envelope_1::turned_back(&self.key, name, place, &row.envelope);
            row
        });
        let id = facility.id;
        let insert = move |tx: &mut store::Tx| {
            let mut rows = rows.iter();
            rows.try_for_each(|row| tx.registrations().insert(id, row))
        };
        self.store
            .run_tx("registrations", &[], insert)
            .await
            .unwrap();
    }

    async fn look(&self) -> Option<TakeOver> {
        TakeOver::look(&self.name, self.ports()).await.unwrap()
    }

    async fn open(&self) -> Result<Facility, Failure> {
        Facility::open(&self.name, self.ports()).await
    }

    fn ports(&self) -> Ports<'_> {
        Ports {
            store: &self.store,
            kms: &self.kms,
            clock: &self.clock,
            random: &self.random,
        }
    }
}

#[actix_web::test]
async fn clients_get_an_issuer_and_everything_is_stated() {
    let old = Old::make().await;
    let refused = old.open().await.err().unwrap().to_string();
    assert!(refused.contains("chartseal take-over"), "{refused}");

    let looked = old.look().await.unwrap();
    let found = looked.found().clone();
    assert_eq!(found.sets.len(), 1);
    assert_eq!(found.sets[0].digest, PolicySource::shipped().digest());
    assert_eq!(found.sets[0].leaf, None, "there is no log");
    let ids: Vec<&str> = found
        .clients
        .iter()
        .map(|client| client.client_id.as_str())
        .collect();
    assert_eq!(ids, ["console"]);
    assert_eq!(found.administrators[0].subject, "ada");
    let unnamed = looked.seal(&Confirmed::default()).await.unwrap_err();
    assert!(unnamed.to_string().contains("--client-issuer"), "{unnamed}");

    let confirmed = Confirmed {
        client_issuer: Some(ISSUER.to_owned()),
        shares_with: ["hillcrest".parse().unwrap()].into(),
    };
    old.look().await.unwrap().seal(&confirmed).await.unwrap();
    assert!(old.look().await.is_none());
    let facility = old.open().await.unwrap();
    assert_eq!(facility.troubles(), Vec::<String>::new());
    let in_force = facility.in_force();
    assert_eq!(in_force.policy_number(), 1);
    assert_eq!(in_force.policy_digest(), PolicySource::shipped().digest());
    let clients: Vec<Client> = in_force
        .registered
        .clients()
        .map(|held| held.registrant.clone())
        .collect();
    assert_eq!(clients.len(), 1);
    assert_eq!(
        (clients[0].client_id.as_str(), clients[0].issuer.as_str()),
        ("console", ISSUER)
    );
    assert_eq!(in_force.registered.administrators().count(), 1);
    assert_eq!(
        in_force.registered.lists_for_sharing(),
        confirmed.shares_with
    );
}

#[actix_web::test]
async fn what_changed_after_it_was_looked_at_is_not_sealed() {
    let old = Old::make().await;
    let looked = old.look().await.unwrap();
    let id = looked.facility.id;
    let row = looked.rows.registrations[0].clone();
    let insert = move |tx: &mut store::Tx| {
        let more = Registration {
            number: 7,
            ..row.clone()
        };
        tx.registrations().insert(id, &more)
    };
    old.store.run_tx("more", &[], insert).await.unwrap();
    let confirmed = Confirmed {
        client_issuer: Some(ISSUER.to_owned()),
        ..Confirmed::default()
    };
    assert!(looked.seal(&confirmed).await.is_err());
    assert!(old.open().await.is_err(), "nothing was sealed");
}
