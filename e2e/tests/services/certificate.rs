//! `chartseal serve` that ends TLS: until when its certificate is good.

use crate::{installation::metric, one_process::OneProcess};
use e2e::{program, run, until};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::Command,
};

const EXPIRY: &str = "chartseal_tls_certificate_expiry_timestamp_seconds";
/// What `openssl x509 -enddate` says of two certificates for tests.
const FIRST: (&str, f64) = ("first", 4_948_959_464.0);
const LATER: (&str, f64) = ("later", 5_251_382_644.0);

/// Puts a pair of certificate and key where the configuration names them.
pub fn put(folder: &Path, pair: &str) {
    let certificates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../gateway/tests/certificates");
    let copy = |from: &str, to: &str| {
        fs::copy(certificates.join(format!("{pair}.{from}")), folder.join(to)).unwrap();
    };
    copy("crt", "tls.crt");
    copy("key", "tls.key");
    fs::set_permissions(folder.join("tls.key"), Permissions::from_mode(0o600)).unwrap();
}

/// A gateway of an authority of one's own: commands say that it is not known, and take it.
fn assert_authority(one: &OneProcess, authority: &str) {
    let url = format!("https://127.0.0.1:{}/fhir/Patient/x/_history/1", one.port);
    let fetch = |more: &[&str]| {
        let mut command = Command::new(program());
        command
            .args(["proof", &url, "--out", "proof.json"])
            .args(more)
            .current_dir(one.house.path(""))
            .env("CHARTSEAL_TOKEN", "none");
        run(&mut command).text
    };
    let unknown = fetch(&[]);
    assert!(unknown.contains("--cacert"), "{unknown}");
    assert!(!unknown.contains("Patient"), "{unknown}");
    let known = fetch(&["--cacert", authority]);
    assert!(known.contains("answered 401"), "{known}");
}

#[test]
fn the_expiry_is_a_series_that_follows_the_files() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), FIRST.0);
    let path = |name: &str| folder.path().join(name).display().to_string();
    let one = OneProcess::go_live(&format!(
        "\n[gateway.tls]\ncertificate = \"{}\"\nkey = \"{}\"\n",
        path("tls.crt"),
        path("tls.key")
    ));
    let service = one.start();
    assert_eq!(metric(one.watch, EXPIRY), FIRST.1);
    assert_authority(&one, &path("tls.crt"));
    put(folder.path(), LATER.0);
    until("the new certificate", 20, || {
        (metric(one.watch, EXPIRY) == LATER.1).then_some(())
    });
    assert!(service.stop().success());
}
