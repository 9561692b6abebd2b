//! The administrators of a house, and what they do with one line.

use crate::{
    caller::{Caller, Reply},
    database::Kind,
    house::{First, House},
};
use devkit::issuer::DemoUser;
use gateway::{Administrator, Client};
use policies::Role;
use serde_json::{Value, json};

pub fn person(issuer: &str, subject: &str) -> Administrator {
    Administrator {
        issuer: issuer.to_owned(),
        subject: subject.to_owned(),
        name: None,
    }
}

pub fn client(issuer: &str, id: &str, roles: &[Role]) -> Client {
    Client {
        client_id: id.to_owned(),
        issuer: issuer.to_owned(),
        name: None,
        roles: roles.iter().copied().collect(),
    }
}

/// Two administrators in each facility; clinicians come by no registered client.
pub fn first(issuer: &str) -> [First; 2] {
    let home = (
        vec![person(issuer, "chidi.marek"), person(issuer, "dana.silva")],
        vec![
            client(issuer, "demo-admin", &[Role::Admin]),
            client(issuer, "demo-admin-second", &[Role::Admin]),
            client(issuer, "demo-auditor", &[Role::Auditor]),
            client(issuer, "demo-system", &[Role::System]),
        ],
    );
    let other = (
        vec![person(issuer, "olga"), person(issuer, "otto")],
        vec![
            client(issuer, "demo-admin", &[Role::Admin]),
            client(issuer, "demo-visitor", &[Role::Clinician]),
        ],
    );
    [home, other]
}

/// The administrators of the first facility.
pub struct Office {
    pub house: House,
    pub one: Caller,
    pub two: Caller,
    pub three: Caller,
}

impl Office {
    pub async fn open(kind: Kind) -> Self {
        Self::of(House::registered(kind, first).await)
    }

    pub fn of(house: House) -> Self {
        let third = |claims: &mut Value| claims["sub"] = json!("third");
        Self {
            one: house.caller(&DemoUser::Admin),
            two: house.caller(&DemoUser::AdminSecond),
            three: house.caller_with(&DemoUser::AdminSecond, third),
            house,
        }
    }

    /// The same this number of seconds ahead of now, with tokens of that time.
    pub fn at(self, seconds: i64) -> Self {
        self.house.clock.set(seconds);
        Self::of(self.house)
    }

    /// Proposes by the first; gives the place of the change.
    pub async fn propose(&self, method: &str, path: &str, body: Value) -> String {
        propose(&self.one, method, path, body).await
    }

    pub async fn approve(&self, change: &str) -> Reply {
        self.two.post(&format!("{change}/approve"), "").await
    }

    /// Proposes and approves.
    pub async fn change(&self, method: &str, path: &str, body: Value) {
        let change = self.propose(method, path, body).await;
        let approved = self.approve(&change).await.expect(200).json();
        assert_eq!(approved["state"], "approved", "{approved}");
    }

    pub async fn register_third(&self) {
        let third = json!({"issuer": self.house.issuer_url(), "subject": "third"});
        self.change("POST", "/admin/administrators", third).await;
    }

    pub async fn administrators(&self) -> Vec<Value> {
        listed(&self.one, "administrators").await
    }

    pub async fn tag_of(&self, subject: &str) -> String {
        let all = self.administrators().await;
        let found = all
            .iter()
            .find(|entry| entry["subject"] == subject)
            .unwrap();
        found["tag"].as_str().unwrap().to_owned()
    }
}

pub async fn propose(by: &Caller, method: &str, path: &str, body: Value) -> String {
    let reply = by.send(method, path, &[], Some(body.to_string())).await;
    let reply = reply.expect(202);
    assert_eq!(reply.json()["state"], "open", "{}", reply.text);
    let place = reply.header("location").unwrap();
    let (_, path) = place.split_once("/admin/").unwrap();
    assert!(reply.text.contains(path.rsplit('/').next().unwrap()));
    format!("/admin/{path}")
}

pub async fn listed(by: &Caller, what: &str) -> Vec<Value> {
    let list = by.get(&format!("/admin/{what}")).await.expect(200).json();
    list[what].as_array().unwrap().clone()
}
