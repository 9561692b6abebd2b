//! What is sealed of a proposed change.

use super::*;

#[test]
fn what_is_sealed_is_as_it_was_first_stored() {
    let golden = include_str!("../../../../crates/sealing/tests/vectors/golden.json");
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    let mut names = Vec::new();
    for vector in golden["changes"].as_array().unwrap() {
        assert_eq!(
            vector["type"].as_str(),
            Some(Own::Change.sealed_type().as_str())
        );
        assert_eq!(vector["id"].as_str(), Some(SEALED_ID));
        let bytes = hex::decode(vector["content"].as_str().unwrap()).unwrap();
        let content: Content = serde_json::from_slice(&bytes).unwrap();
        assert_eq!(sealed_json::bytes(&content).unwrap(), bytes);
        names.push(content.proposal.name());
    }
    let all = [
        "client-register",
        "client-revoke",
        "administrator-register",
        "administrator-revoke",
        "facility-make",
        "facility-change",
    ];
    assert_eq!(names, all);
}

#[test]
fn the_number_stands_first_where_there_is_one() {
    let text = r#"{"number":3,"proposal":{"change":"client-revoke","of":{"clientId":"lab","issuer":"https://i","roles":["system"]}},"proposer":{"issuer":"https://i","subject":"a"}}"#;
    let content: Content = serde_json::from_str(text).unwrap();
    assert_eq!(content.number, Some(3));
    assert_eq!(sealed_json::bytes(&content).unwrap(), text.as_bytes());
}
