//! What compiles and what is refused, and the digest of a set.

use crate::fixture::{caller, decide, json, rules, shipped_with, target, word};
use model::Digest;
use policies::{Action, Compiled, PolicyError, PolicySource};
use serde::Deserialize;

#[derive(Deserialize)]
struct Vector {
    source: PolicySource,
    digest: Digest,
}

fn refusal(changes: &[(&str, &str)]) -> PolicyError {
    Compiled::new(1, &shipped_with(changes)).err().unwrap()
}

#[test]
fn the_digest_is_that_of_formats() {
    for vector in json::<Vec<Vector>>("tests/vectors/policy-digest.json") {
        assert_eq!(vector.source.digest(), vector.digest);
    }
}

#[test]
fn the_shipped_set_compiles_and_survives_the_database() {
    let shipped = PolicySource::shipped();
    let again = PolicySource::from_json(&shipped.to_json().unwrap()).unwrap();
    assert_eq!(again, shipped);
    assert_eq!(Compiled::new(1, &again).unwrap().digest(), shipped.digest());
    for broken in ["", "{}", "[]", "{\"schema\":\"\",\"policies\":{},\"x\":1}"] {
        assert!(PolicySource::from_json(broken).is_err());
    }
}

#[test]
fn policies_that_do_not_fit_the_schema_are_refused() {
    for text in [
        "permit(principal in Role::\"docter\", action, resource);",
        "permit(principal, action == Action::\"Raed\", resource);",
        "permit(principal, action == Action::\"Read\", resource) when { resource.name == \"x\" };",
        "permit(principal, action == Action::\"Read\", resource) when { principal.purpose == Purpose::\"TREAT\" };",
        "permit(principal, action == Action::\"Read\", resource) when { resource.patients == \"x\" };",
        "permit(principal, action == Action::\"Create\", resource is AuditEvent);",
        "permit(principal, action, resource) when { principal.facility.name == \"x\" };",
        "permit(principal, action, resource) when { false };",
        "permit(principal, action, resource) when { principal.client == \"\u{202e}x\" };",
    ] {
        let error = refusal(&[("bad", text)]);
        assert!(
            matches!(error, PolicyError::Validation { ref id, .. } if id == "bad"),
            "{text}: {error}"
        );
    }
}

#[test]
fn text_that_is_not_one_policy_is_refused() {
    let one = "permit(principal, action, resource);";
    for text in [
        "",
        "permit",
        "permit(principal, action, resource)",
        &format!("{one}{one}"),
        "permit(principal == ?principal, action, resource);",
    ] {
        assert!(
            matches!(refusal(&[("bad", text)]), PolicyError::Parse { .. }),
            "{text}"
        );
    }
}

#[test]
fn an_id_is_plain_and_repeated_in_the_text() {
    let one = "permit(principal, action, resource);";
    for id in ["", "A", "a b", "a_b", "a\"", &"a".repeat(101)] {
        let mut source = PolicySource::shipped();
        source.policies.insert(id.to_owned(), one.to_owned());
        assert_eq!(
            Compiled::new(1, &source).err(),
            Some(PolicyError::Id),
            "{id}"
        );
    }
    for text in [one.to_owned(), format!("@id(\"other\") {one}")] {
        let mut source = PolicySource::shipped();
        source.policies.insert("mine".to_owned(), text);
        let id = "mine".to_owned();
        assert_eq!(
            Compiled::new(1, &source).err(),
            Some(PolicyError::IdAnnotation { id })
        );
    }
}

#[test]
fn a_schema_that_the_gateway_cannot_ask_with_is_refused() {
    let shipped = PolicySource::shipped();
    for (schema, lacking) in [
        ("not a schema".to_owned(), None),
        (
            shipped.schema.replace("CreateWithId", "Upsert"),
            Some("CreateWithId"),
        ),
        (
            shipped.schema.replace("Facility", "Hospital"),
            Some("Facility"),
        ),
    ] {
        let source = PolicySource {
            schema,
            policies: [].into(),
        };
        let error = Compiled::new(1, &source).err().unwrap();
        match lacking {
            None => assert!(matches!(error, PolicyError::Schema { .. }), "{error}"),
            Some(name) => assert_eq!(
                error,
                PolicyError::SchemaLacks {
                    name: name.to_owned()
                }
            ),
        }
    }
}

/// Sets that were stored by version 0.1.0 know neither the log nor who reads it.
#[test]
fn a_set_from_before_an_action_stays_and_permits_it_to_nobody() {
    let mut old = PolicySource::shipped();
    old.policies.remove("log-is-monitored").unwrap();
    let action = old.schema.find("action ReadLog").unwrap();
    let end = action + old.schema[action..].find("};").unwrap() + 2;
    old.schema.replace_range(action..end, "");
    old.schema = old.schema.replace(", \"monitor\"]", "]");
    let rules = rules(&old, &old);
    for name in ["monitor", "auditor"] {
        let decision = decide(
            &rules,
            &caller(name),
            Action::ReadLog,
            &target("all AuditEvent"),
        );
        assert_ne!(word(&decision), "permit", "{name}");
    }
    let decision = decide(
        &rules,
        &caller("auditor"),
        Action::SearchAudit,
        &target("all AuditEvent"),
    );
    assert_eq!(word(&decision), "permit");
}

#[test]
fn size_is_refused_before_anything_is_parsed() {
    let long = format!(
        "permit(principal, action, resource); // {}",
        "x".repeat(16 * 1024)
    );
    assert!(matches!(
        refusal(&[("bad", &long)]),
        PolicyError::TooLarge { .. }
    ));

    let mut many = PolicySource::shipped();
    for n in 0..501 {
        many.policies.insert(format!("p{n}"), String::new());
    }
    assert!(matches!(
        Compiled::new(1, &many),
        Err(PolicyError::TooManyPolicies { .. })
    ));

    let mut schema = PolicySource::shipped();
    schema.schema.push_str(&" ".repeat(64 * 1024));
    assert!(matches!(
        Compiled::new(1, &schema),
        Err(PolicyError::TooLarge { .. })
    ));
}

/// The deepest nestings that the limits let through, and the first they do not:
/// none may end the process. A test's thread has the same 2 MiB of stack as a
/// worker of the server.
#[test]
fn nesting_ends_in_an_error_and_not_in_a_crash() {
    let nested = |open: &str, inner: &str, close: &str, times: usize| {
        let (open, close) = (open.repeat(times), close.repeat(times));
        format!("permit(principal, action, resource) when {{ {open}{inner}{close} }};")
    };
    for (open, inner, close) in [
        ("(", "true", ")"),
        ("[", "1", "]"),
        ("{a:", "1", "}"),
        ("if true then true else ", "true", ""),
        ("true && ", "true", ""),
        ("1 + ", "1", ""),
        ("!", "true", ""),
        ("principal", "", ".client"),
        ("resource.labels.contains(", "\"x\"", ")"),
    ] {
        for times in [1, 4, 10, 28, 120, 240, 480, 2000] {
            let text = nested(open, inner, close, times);
            let _ = Compiled::new(1, &shipped_with(&[("deep", &text)]));
        }
        let text = nested(open, inner, close, 700);
        let error = refusal(&[("deep", &text)]);
        assert!(
            matches!(
                error,
                PolicyError::TooDeep { .. } | PolicyError::TooLarge { .. }
            ),
            "{open}: {error}"
        );
    }
}
