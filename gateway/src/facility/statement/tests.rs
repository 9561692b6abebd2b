//! What statements say, and how a policy set is sealed.

use super::*;
use policies::PolicySource;

fn golden() -> Vec<(String, Vec<u8>)> {
    let golden = include_str!("../../../../crates/sealing/tests/vectors/golden.json");
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    let vectors = golden["own"].as_array().unwrap().iter();
    let vector = |vector: &serde_json::Value| {
        let content = hex::decode(vector["content"].as_str().unwrap()).unwrap();
        (vector["type"].as_str().unwrap().to_owned(), content)
    };
    vectors.map(vector).collect()
}

#[test]
fn what_is_sealed_is_as_it_was_first_stored() {
    let mut read = Vec::new();
    for (sealed_type, content) in golden() {
        read.push(sealed_type.clone());
        if sealed_type == "#policyset" {
            let source: PolicySource = serde_json::from_slice(&content).unwrap();
            assert_eq!(
                crate::facility::sealed_json::bytes(&source).unwrap(),
                content
            );
            continue;
        }
        let text = std::str::from_utf8(&content).unwrap();
        let AnyStatement::System(statement) = AnyStatement::decode(text).unwrap() else {
            panic!("a system kind");
        };
        let kind = StatementKind::ALL
            .into_iter()
            .find(|kind| kind.as_str() == statement.kind())
            .unwrap();
        assert_eq!(Own::Statement(kind).sealed_type().as_str(), sealed_type);
        let said = Said::of_members(kind, statement.members()).unwrap();
        let again = SystemStatement::new(
            statement.facility().clone(),
            statement.kind(),
            statement.number(),
            statement.time(),
            said.members(),
        );
        assert_eq!(again.unwrap().encode(), text);
    }
    assert_eq!(read, ["#policyset", "#policy", "#registration"]);
}

#[test]
fn a_log_that_continues_another_names_its_last_state() {
    let said = Said::Continues {
        log: LogId::new([0xab; 32]),
        size: 7,
        root: Digest::new([0xcd; 32]),
    };
    let facility = "st-mary".parse().unwrap();
    let time = "2026-11-27T10:00:00.123Z".parse().unwrap();
    let made = SystemStatement::new(facility, "continues", 1, time, said.members());
    let expected = format!(
        r#"{{"facility":"st-mary","kind":"continues","log":"{}","number":1,"root":"{}","size":7,"time":"2026-11-27T10:00:00.123Z","v":1}}"#,
        "ab".repeat(32),
        "cd".repeat(32)
    );
    assert_eq!(made.unwrap().encode(), expected);
    let read = Said::of_members(StatementKind::Continues, &said.members());
    assert_eq!(read, Some(said));
    assert_eq!(
        Said::of_members(StatementKind::Change, &said.members()),
        None
    );
}

#[test]
fn a_statement_with_other_members_is_none_of_these() {
    let digest = Member::Text("ab".repeat(32));
    let whole: BTreeMap<String, Member> = [
        ("digest".to_owned(), digest),
        ("set".to_owned(), Member::Number(2)),
    ]
    .into();
    assert!(Said::of_members(StatementKind::Policy, &whole).is_some());
    assert_eq!(Said::of_members(StatementKind::Change, &whole), None);
    let mut more = whole.clone();
    more.insert("more".to_owned(), Member::Number(1));
    assert_eq!(Said::of_members(StatementKind::Policy, &more), None);
    let mut less = whole;
    less.remove("digest");
    assert_eq!(Said::of_members(StatementKind::Policy, &less), None);
}
