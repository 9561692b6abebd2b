//! The file is read as it is meant, and what cannot work is named with file,
//! line and key, and without secrets.

use super::Config;
use gateway::Rate;
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
};
use tempfile::TempDir;

const WHOLE: &str = r#"
[database]
postgres = { file = "database-url" }
writers = 3

[keys]
file = "keys/kms.json"

[log]
public = true

[gateway]
listen = "0.0.0.0:8443"
publicUrl = "https://fhir.example.org/"
workers = 4
clients = "any"
personClaims = "required"
allowedOrigins = ["https://app.example", "http://localhost:3000"]

[gateway.proxies]
trusted = ["10.0.0.0/8", "fd00::/8"]

[gateway.limits]
requestsPerSecond = 50
userBurst = 20
patientsOfRecord = 250

[[gateway.issuers]]
url = "https://login.example.org/realms/care"
audience = "https://fhir.example.org"
algorithms = ["ES256", "RS256"]
tokenType = "at+jwt"
claims = { facility = "org", purposeOfUse = "pou" }

[anchor]
rpcUrl = "http://l2.internal:8545"
chainId = 1337
submitterKey = "keys/submitter.key"
logKeys = "/var/lib/chartseal/logs"
finality = "immediate"

[operations]
listen = "127.0.0.1:9464"

[telemetry]
level = "warn"
otlpEndpoint = "http://collector.internal:4318/"
traceRatio = 0.25
"#;

fn read(folder: &TempDir, text: &str) -> Result<Config, String> {
    let file = folder.path().join("chartseal.toml");
    fs::write(&file, text).unwrap();
    Config::read(&file).map_err(|error| error.to_string())
}

fn refused(text: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    read(&folder, text).unwrap_err()
}

#[test]
fn a_whole_file_is_read_with_paths_from_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let config = read(&folder, WHOLE).unwrap();
    let here = std::path::absolute(folder.path()).unwrap();
    assert!(!config.database().is_sqlite());
    assert_eq!(config.database().options().writers, 3);
    assert_eq!(config.keys().unwrap().file, here.join("keys/kms.json"));
    assert!(config.log().public);
    let anchor = config.anchor().unwrap();
    assert_eq!(anchor.submitter_key, here.join("keys/submitter.key"));
    assert_eq!(anchor.log_keys, Path::new("/var/lib/chartseal/logs"));
    assert_eq!(anchor.registry, None);
    let gateway = config.gateway().unwrap();
    let settings = gateway.settings(config.log().public);
    assert!(settings.log_public);
    assert!(settings.registered_only.administrators && !settings.registered_only.clients);
    assert!(settings.registered_only.person_claims);
    assert_eq!(settings.limits.client_requests, Some(Rate::of(50)));
    let of_user = Rate {
        per_second: 500,
        burst: 20,
    };
    assert_eq!(settings.limits.user_requests, Some(of_user));
    assert_eq!(settings.limits.user_denials_per_minute, 300);
    assert_eq!(settings.limits.patients_of_record, 250);
    assert!(!settings.identity.issuers[0].may_be_dev, "in any build");
    assert_eq!(settings.public_url, "https://fhir.example.org");
    let origins = ["https://app.example", "http://localhost:3000"];
    assert_eq!(settings.allowed_origins, origins);
    assert_eq!(settings.identity.issuers[0].claims.purpose_of_use, "pou");
    assert_eq!(gateway.listener().unwrap().workers, 4);
    assert_eq!(config.telemetry().level.name(), "warn");
    let traces = config.telemetry().traces_url();
    assert_eq!(
        traces.as_deref(),
        Some("http://collector.internal:4318/v1/traces")
    );
    assert_eq!(config.operations().unwrap().listen.port(), 9464);
}

#[test]
fn a_file_needs_only_the_sections_that_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let config = read(&folder, "[database]\nsqlite = \"a.sqlite\"\n").unwrap();
    assert!(config.database().is_sqlite());
    assert!(!config.log().public);
    for missing in [
        config.keys().map(drop),
        config.gateway().map(drop),
        config.anchor().map(drop),
    ] {
        assert!(missing.unwrap_err().to_string().contains("has no section"));
    }
}

/// What is changed in the file, into what, and what the refusal says.
type Case = (&'static str, &'static str, &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "writers = 3",
        "writer = 3",
        &["line 4", "unknown field `writer`"],
    ),
    (
        "clients = \"any\"",
        "clients = \"all\"",
        &["`gateway.clients`", "line 16"],
    ),
    (
        "workers = 4",
        "workers = \"four\"",
        &["`gateway.workers`", "line 15"],
    ),
    (
        "requestsPerSecond = 50",
        "bodySeconds = 0",
        &["`gateway.limits`", "at least 1"],
    ),
    (
        "workers = 4",
        "workers = 0",
        &["`gateway.workers`", "from 1 to 1024"],
    ),
    (
        "level = \"warn\"",
        "level = \"loud\"",
        &["`telemetry.level`"],
    ),
    (
        "http://collector.internal:4318/",
        "http://name:word@collector.internal:4318/",
        &["`telemetry.otlpEndpoint`", "without user"],
    ),
    (
        "traceRatio = 0.25",
        "traceRatio = 25",
        &["`telemetry.traceRatio`", "from 0"],
    ),
    (
        "[operations]",
        "[operation]",
        &["unknown field `operation`"],
    ),
    ("[log]", "[log", &["line 9"]),
    (
        "trusted = [\"10.0.0.0/8\", \"fd00::/8\"]",
        "",
        &["`gateway.listen`", "[gateway.tls]"],
    ),
    (
        "https://fhir.example.org/\"",
        "http://fhir.example.org\"",
        &["`gateway.publicUrl`"],
    ),
    (
        "\"https://app.example\"",
        "\"https://app.example/\"",
        &["`gateway.allowedOrigins`", "browsers"],
    ),
    ("https://app.example", "*", &["`gateway.allowedOrigins`"]),
    (
        "https://app.example",
        "http://app.example",
        &["`gateway.allowedOrigins`"],
    ),
    (
        "https://app.example",
        "https://App.example:443",
        &["`gateway.allowedOrigins`"],
    ),
    ("tokenType", "token_type", &["unknown field `token_type`"]),
    (
        "\"ES256\"",
        "\"none\"",
        &["`gateway.issuers[0].algorithms[0]`"],
    ),
    (
        "[anchor]",
        "[[gateway.issuers]]\nurl = \"https://b.example\"\naudience = \"b\"\n[anchor]",
        &[
            "`gateway.issuers`",
            "`https://login.example.org/realms/care` needs `facilities`",
        ],
    ),
    (
        "tokenType",
        "facilities = [\"Riverside\"]\ntokenType",
        &["`gateway.issuers[0].facilities", "facility name"],
    ),
    (
        "chainId = 1337",
        "chainId = 1337\nregistry = \"0x12\"",
        &["`anchor`", "`registry`"],
    ),
    (
        "chainId = 1337",
        "",
        &["`anchor`", "missing field `chainId`"],
    ),
    (
        "postgres = { file = \"database-url\" }",
        "postgres = { file = \"database-url\" }\nsqlite = \"x\"",
        &["`database`", "exactly one of"],
    ),
    (
        "postgres = { file = \"database-url\" }",
        "",
        &["exactly one of"],
    ),
    (
        "{ file = \"database-url\" }",
        "{ file = \"a\", env = \"B\" }",
        &["`database.postgres`", "give one of"],
    ),
];

#[test]
fn what_cannot_work_is_named_by_line_and_key() {
    for (old, new, texts) in CASES {
        let text = WHOLE.replace(old, new);
        assert_ne!(text, WHOLE, "{old}");
        let refused = refused(&text);
        assert!(refused.contains("chartseal.toml"), "{refused}");
        for expected in *texts {
            assert!(refused.contains(expected), "{expected}: {refused}");
        }
    }
}

#[test]
fn a_secret_in_the_file_is_refused_and_not_repeated() {
    let secret = "postgres://chartseal:hunter2@db/chartseal";
    let text = WHOLE.replace("{ file = \"database-url\" }", &format!("\"{secret}\""));
    let refused = refused(&text);
    assert!(refused.contains("`database.postgres`"), "{refused}");
    assert!(refused.contains("must not stand in this file"), "{refused}");
    assert!(!refused.contains("hunter2"), "{refused}");
}

#[test]
fn a_secret_file_must_be_there_closed_and_not_empty() {
    let folder = tempfile::tempdir().unwrap();
    let config = read(&folder, WHOLE).unwrap();
    let problem = || config.database().place().unwrap_err().1;
    assert!(problem().contains("cannot be read"));
    let file = folder.path().join("database-url");
    fs::write(&file, " \n").unwrap();
    fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
    assert!(problem().contains("is empty"));
    fs::write(&file, "postgres://db/chartseal\n").unwrap();
    assert!(config.database().place().is_ok());
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    assert!(problem().contains("chmod 600"));

    let text = WHOLE.replace("{ file = \"database-url\" }", "{ env = \"NO_SUCH_NAME\" }");
    let config = read(&folder, &text).unwrap();
    let problem = config.database().place().unwrap_err().1;
    assert!(problem.contains("`NO_SUCH_NAME` is not set"), "{problem}");
}

/// Paths and secrets in them are another machine's; nothing of that is opened here.
#[test]
fn every_configuration_of_deploy_is_read() {
    let deploy = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy");
    let mut files = Vec::new();
    for folder in ["config", "compose/config", "kubernetes/config"] {
        for entry in fs::read_dir(deploy.join(folder)).unwrap() {
            files.push(entry.unwrap().path());
        }
    }
    files.retain(|file| file.extension().is_some_and(|name| name == "toml"));
    assert_eq!(files.len(), 7);
    for file in files {
        if let Err(error) = Config::read(&file) {
            panic!("{error}");
        }
    }
}
