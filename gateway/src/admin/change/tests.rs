//! What is sealed of a proposed change.

use super::*;

#[test]
fn what_is_sealed_is_as_it_was_first_stored() {
    let golden = include_str!("../../../../crates/sealing/tests/vectors/golden.json");
    let golden: serde_json::Value = serde_json::from_str(golden).unwrap();
    let mut names = Vec::new();
    for vector in golden["changes"].as_array().unwrap() {
        assert_eq!(vector["type"].as_str(), Some(CHANGE));
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
