//! Statements have one spelling and every member its rule.

use proptest::prelude::*;
use tlog::leaf::{AnyStatement, Statement, StatementError};

const GOOD: &str = concat!(
    r#"{"content":"1111111111111111111111111111111111111111111111111111111111111111","#,
    r#""facility":"st-mary","interaction":"create","kind":"version","#,
    r#""policy":"0000000000000000000000000000000000000000000000000000000000000000","#,
    r#""reference":"Patient/a","#,
    r#""seal":"2222222222222222222222222222222222222222222222222222222222222222","#,
    r#""subject":"00112233445566778899aabbccddeeff","#,
    r#""time":"2026-11-22T10:00:00.123Z","v":1,"version":1}"#
);

fn changed(from: &str, to: &str) -> Result<Statement, StatementError> {
    assert!(GOOD.contains(from), "{from}");
    Statement::decode(&GOOD.replace(from, to))
}

#[test]
fn every_member_has_its_rule() {
    assert_eq!(Statement::decode(GOOD).expect("good").encode(), GOOD);
    for (from, to, member) in [
        ("\"1111", "\"111", "content"),
        ("\"2222", "\"A222", "seal"),
        ("st-mary", "St-Mary", "facility"),
        ("create", "read", "interaction"),
        ("\"policy\":\"0", "\"policy\":\"", "policy"),
        ("Patient/a", "Patient/a/_history/1", "reference"),
        ("Patient/a", "Patient", "reference"),
        ("Patient/a", "#query/a", "reference"),
        ("0011", "001", "subject"),
        (".123Z", "Z", "time"),
        ("\"v\":1", "\"v\":2", "v"),
        ("\"version\":1}", "\"version\":0}", "version"),
        ("\"version\":1}", "\"version\":4294967296}", "version"),
    ] {
        assert_eq!(
            changed(from, to),
            Err(StatementError::Invalid(member)),
            "{from} to {to}"
        );
    }
    assert_eq!(changed("\"v\":1,", ""), Err(StatementError::Missing("v")));
    assert_eq!(
        changed("\"version\":1}", "\"version\":1,\"w\":1}"),
        Err(StatementError::Unknown)
    );
    assert_eq!(
        changed("\"v\":1,", "\"v\":1, "),
        Err(StatementError::NotCanonical)
    );
    assert!(
        changed("00112233445566778899aabbccddeeff", "").is_ok(),
        "no subject"
    );
}

#[test]
fn an_audit_statement_is_of_the_first_version_of_an_audit_event() {
    let audit = GOOD.replace("\"version\",\"policy\"", "\"audit\",\"policy\"");
    let audit = audit
        .replace("Patient/a", "AuditEvent/a")
        .replace("create", "search-type");
    assert!(Statement::decode(&audit).is_ok());
    for (from, to) in [
        ("AuditEvent/a", "Patient/a"),
        ("\"version\":1}", "\"version\":2}"),
    ] {
        assert!(Statement::decode(&audit.replace(from, to)).is_err(), "{to}");
    }
    let long = "a".repeat(51);
    assert!(
        Statement::decode(&audit.replace("AuditEvent/a", &format!("AuditEvent/{long}"))).is_err()
    );
}

#[test]
fn system_kinds_are_read_but_never_with_content_or_seal() {
    let system =
        r#"{"facility":"a","kind":"later","number":1,"time":"2026-11-22T10:00:00.123Z","v":1}"#;
    assert!(matches!(
        AnyStatement::decode(system),
        Ok(AnyStatement::System(_))
    ));
    assert_eq!(Statement::decode(system), Err(StatementError::OtherKind));
    for (from, to) in [
        ("{\"facility\"", "{\"content\":\"\",\"facility\""),
        ("\"time\"", "\"seal\":\"\",\"time\""),
        ("\"number\":1", "\"number\":0"),
        ("\"kind\":\"later\"", "\"kind\":\"\""),
        ("\"v\":1", "\"v\":\"1\""),
    ] {
        assert!(
            AnyStatement::decode(&system.replace(from, to)).is_err(),
            "{to}"
        );
    }
}

proptest! {
    #[test]
    fn every_single_byte_change_is_refused_or_another_statement(
        place in 0..GOOD.len(),
        byte: u8,
    ) {
        let mut bytes = GOOD.as_bytes().to_vec();
        bytes[place] = byte;
        if let Ok(text) = String::from_utf8(bytes)
            && let Ok(statement) = Statement::decode(&text)
        {
            prop_assert_eq!(statement.encode(), text);
        }
    }
}
