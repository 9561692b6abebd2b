//! What no registration can be, and what is sealed of one.

use super::*;

fn client(id: &str, roles: &[Role]) -> Client {
    Client {
        client_id: id.to_owned(),
        issuer: "https://issuer.example".to_owned(),
        name: None,
        roles: roles.iter().copied().collect(),
    }
}

#[test]
fn what_no_token_could_say_is_refused() {
    let person = |issuer: &str, subject: &str| {
        Registrant::Administrator(Administrator {
            issuer: issuer.to_owned(),
            subject: subject.to_owned(),
            name: None,
        })
    };
    for bad in [
        Registrant::Client(client("", &[Role::System])),
        Registrant::Client(client("a\nb", &[Role::System])),
        Registrant::Client(client(&"a".repeat(256), &[Role::System])),
        Registrant::Client(client("a", &[])),
        Registrant::Client(client("lab\u{202e}7-", &[Role::System])),
        Registrant::Client(client("lab\u{200b}7", &[Role::System])),
        Registrant::Client(client(" lab-7", &[Role::System])),
        Registrant::Client(client("lab-7\u{a0}", &[Role::System])),
        Registrant::Client(Client {
            name: Some("Lab\u{2066}".to_owned()),
            ..client("lab-7", &[Role::System])
        }),
        Registrant::Facility(Profile {
            name: "riverside".parse().unwrap(),
            organisation: Some("River\u{ad}side".to_owned()),
            sharing: Sharing::default(),
            makes_facilities: false,
        }),
        person("https://issuer.example", "a\u{feff}"),
        person("", "a"),
        person("https://issuer.example", "a\n"),
    ] {
        let failure = bad.check().unwrap_err();
        assert_eq!(failure.category, Category::Unprocessable, "{bad:?}");
    }
    person("https://issuer.example", "a").check().unwrap();
}

#[test]
fn what_is_sealed_is_as_it_was_first_stored() {
    let golden = include_str!("../../../../crates/sealing/tests/vectors/golden.json");
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    for vector in golden["registrations"].as_array().unwrap() {
        let bytes = hex::decode(vector["content"].as_str().unwrap()).unwrap();
        let content: Content = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(sealed_json::bytes(&content).unwrap(), bytes);
        assert_eq!(content.registered.id(), vector["id"].as_str().unwrap());
        let kind = Own::from(content.registered.kind()).sealed_type().as_str();
        assert_eq!(kind, vector["type"].as_str().unwrap());
    }
}
