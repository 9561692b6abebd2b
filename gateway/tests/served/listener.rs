//! Who may connect, and how: TLS with certificates that change while it runs,
//! client certificates, plain HTTP behind proxies.

use crate::{
    house::{Front, HOME, House, client},
    records,
};
use devkit::issuer::DemoUser;
use gateway::{Certificates, Proxies, TlsFiles};
use reqwest::{Certificate, Client, ClientBuilder, Identity};
use std::{
    fs::{self, Permissions},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::Arc,
};

/// A file of `tests/certificates`.
fn file(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/certificates");
    fs::read_to_string(folder.join(name)).unwrap()
}

fn files(folder: &Path) -> TlsFiles {
    TlsFiles {
        certificate: folder.join("tls.crt"),
        key: folder.join("tls.key"),
        client_ca: None,
    }
}

fn put(files: &TlsFiles, pair: &str) {
    fs::write(&files.certificate, file(&format!("{pair}.crt"))).unwrap();
    fs::write(&files.key, file(&format!("{pair}.key"))).unwrap();
    fs::set_permissions(&files.key, Permissions::from_mode(0o600)).unwrap();
}

/// A client that trusts this server certificate and nothing else.
fn trusting(pair: &str) -> ClientBuilder {
    // A second provider is an error that changes nothing.
    drop(rustls::crypto::ring::default_provider().install_default());
    let root = Certificate::from_pem(file(&format!("{pair}.crt")).as_bytes()).unwrap();
    Client::builder().no_proxy().tls_certs_only([root])
}

fn showing(pair: &str) -> Client {
    let pem = file(&format!("{pair}.crt")) + &file(&format!("{pair}.key"));
    let identity = Identity::from_pem(pem.as_bytes()).unwrap();
    trusting("first").identity(identity).build().unwrap()
}

fn tls(certificates: Arc<Certificates>, client: Client) -> Front {
    Front {
        scheme: "https",
        client,
        certificates: Some(certificates),
        proxies: Proxies::default(),
    }
}

fn plain(proxies: Proxies) -> Front {
    Front {
        scheme: "http",
        client: client(),
        certificates: None,
        proxies,
    }
}

#[actix_web::test]
async fn a_new_certificate_is_served_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let files = files(folder.path());
    put(&files, "first");
    let certificates = Certificates::open(files.clone()).unwrap();
    let client = trusting("first").build().unwrap();
    let house = House::behind(tls(certificates.clone(), client)).await;
    let system = house.caller(&DemoUser::System);
    system
        .post("Patient", records::patient("a"))
        .await
        .expect(201);

    put(&files, "second");
    certificates.reload(true);
    let url = format!("{}/metadata", system.base());
    let ask = async |pair, url: &str| trusting(pair).build().unwrap().get(url).send().await;
    assert_eq!(ask("second", &url).await.unwrap().status(), 200);
    assert!(ask("first", &url).await.is_err());
    // Plain HTTP is not understood there.
    assert!(
        ask("second", &url.replace("https:", "http:"))
            .await
            .is_err()
    );
}

#[actix_web::test]
async fn where_a_client_ca_is_set_clients_show_a_certificate_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut files = files(folder.path());
    put(&files, "first");
    let path = folder.path().join("ca.pem");
    fs::write(&path, file("client-ca.crt")).unwrap();
    files.client_ca = Some(path);
    let certificates = Certificates::open(files).unwrap();
    let house = House::behind(tls(certificates, showing("client"))).await;
    let system = house.caller(&DemoUser::System);
    system.get("metadata").await.expect(200);
    let url = format!("{}/metadata", system.base());
    let none = trusting("first").build().unwrap();
    assert!(none.get(&url).send().await.is_err());
    assert!(showing("stranger").get(&url).send().await.is_err());
}

#[actix_web::test]
async fn behind_proxies_only_they_are_served() {
    let proxies = Proxies::requiring(vec!["10.0.0.0/8".parse().unwrap()]);
    let house = House::behind(plain(proxies)).await;
    let system = house.caller(&DemoUser::System);
    let refused = system.get("metadata").await.expect(403);
    assert_eq!(refused.issue(), "forbidden");
    assert_eq!(refused.header("cache-control"), Some("no-store"));

    let proxies = Proxies::requiring(vec!["127.0.0.0/8".parse().unwrap()]);
    let house = House::behind(plain(proxies)).await;
    house
        .caller(&DemoUser::System)
        .get("metadata")
        .await
        .expect(200);
}

#[actix_web::test]
async fn the_audit_names_the_client_that_a_trusted_proxy_names() {
    for (trusted, expected) in [("127.0.0.0/8", "192.0.2.43"), ("10.0.0.0/8", "127.0.0.1")] {
        let proxies = Proxies::trusting(vec![trusted.parse().unwrap()]);
        let house = House::behind(plain(proxies)).await;
        let forwarded = [
            ("forwarded", "for=192.0.2.43;proto=https;host=evil.example"),
            ("x-forwarded-for", "203.0.113.7"),
        ];
        let body = records::patient("a").to_string();
        let system = house.caller(&DemoUser::System);
        let made = system.send("POST", "Patient", &forwarded, Some(body)).await;
        let made = made.expect(201);
        let location = made.header("location").unwrap();
        assert!(location.starts_with(system.base()), "{location}");
        let auditor = house.caller(&DemoUser::Auditor).at(HOME);
        let events = auditor.get("AuditEvent?_count=1").await.expect(200);
        let address = format!("\"address\":\"{expected}\"");
        assert!(events.text.contains(&address), "{}", events.text);
    }
}
