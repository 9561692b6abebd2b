//! Programs that other people published drive the gateway: what they expect of
//! a FHIR server is there.

use e2e::{Demo, node_folder, run};
use std::process::Command;

#[test]
fn a_published_fhir_client_works_unchanged() {
    let folder = Demo::folder();
    let demo = Demo::start(folder.path(), &["--empty"]);
    let token = |role: &str| demo.about.tokens.get(role).expect("a token");
    let ran = run(Command::new("node")
        .arg("fhir-kit-client.mjs")
        .current_dir(node_folder())
        .env("FHIR_BASE", &demo.about.fhir_base)
        .env("SYSTEM_TOKEN", token("system"))
        .env("CLINICIAN_TOKEN", token("clinician")));
    assert_eq!(ran.code, 0, "{}", ran.text);
    for interaction in [
        "capabilities",
        "create",
        "read",
        "vread",
        "update",
        "history",
        "transaction",
        "search",
        "paging",
        "batch",
        "delete",
        "refusal",
    ] {
        let line = format!("ok {interaction}");
        assert!(
            ran.text.lines().any(|said| said == line),
            "{line}: {}",
            ran.text
        );
    }
}
