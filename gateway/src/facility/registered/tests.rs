//! What is believed of a token.

use super::*;

fn caller(client: &str, subject: &str, roles: &[Role]) -> Arc<Caller> {
    Arc::new(Caller {
        issuer: "https://issuer.example".to_owned(),
        subject: subject.to_owned(),
        client: client.to_owned(),
        facility: "north".parse().unwrap(),
        roles: roles.to_vec(),
        purpose: None,
        patient: None,
        scopes: Vec::new(),
        name: None,
        fhir_user: None,
        email: None,
    })
}

fn client(id: &str, roles: &[Role]) -> Client {
    Client {
        client_id: id.to_owned(),
        issuer: "https://issuer.example".to_owned(),
        name: None,
        roles: roles.iter().copied().collect(),
    }
}

fn registered() -> Registered {
    let mut registered = Registered::default();
    let row = store::Registration {
        kind: store::RegistrationKind::Client,
        tag: Tag::ZERO,
        number: 1,
        active: true,
        data_key: model::DataKeyId::new([0; 16]),
        envelope: Vec::new(),
        created: Timestamp::from_millis(0).unwrap(),
    };
    let console = client("console", &[Role::Admin, Role::Auditor]);
    registered.hold(&row, Registrant::Client(console));
    let person = Administrator {
        issuer: "https://issuer.example".to_owned(),
        subject: "ada".to_owned(),
        name: None,
    };
    registered.hold(&row, Registrant::Administrator(person));
    registered
}

#[test]
fn roles_are_cut_to_what_is_registered() {
    use Role::{Admin, Auditor, System};
    let registered = registered();
    let all = [Admin, Auditor, System];
    for (administrators, clients, subject, left) in [
        (false, false, "ada", Some(vec![Admin, Auditor, System])),
        (false, false, "eve", Some(vec![Admin, Auditor, System])),
        (true, false, "ada", Some(vec![Admin, Auditor, System])),
        (true, false, "eve", Some(vec![Auditor, System])),
        (false, true, "eve", Some(vec![Admin, Auditor])),
        (true, true, "ada", Some(vec![Admin, Auditor])),
        (true, true, "eve", Some(vec![Auditor])),
    ] {
        let only = RegisteredOnly {
            administrators,
            clients,
            person_claims: false,
        };
        let believed = registered.believed(only, &caller("console", subject, &all));
        assert_eq!(
            believed.map(|caller| caller.roles.clone()),
            left,
            "{only:?} {subject}"
        );
    }
    let only = RegisteredOnly {
        administrators: false,
        clients: true,
        person_claims: false,
    };
    assert!(
        registered
            .believed(only, &caller("other", "ada", &all))
            .is_none()
    );
    assert!(
        registered
            .believed(only, &caller("Console", "ada", &[]))
            .is_none()
    );
}
