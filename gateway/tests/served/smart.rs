//! `.well-known/smart-configuration`: served to anyone at every base, and true
//! (<https://hl7.org/fhir/smart-app-launch/STU2.2/conformance.html>).

use crate::house::{HOME, House, OTHER};
use serde_json::json;

#[actix_web::test]
async fn a_client_finds_out_where_to_get_a_token() {
    let house = House::start().await;
    let nobody = house.anyone();
    let issuer = house.issuer_url();
    for at in [nobody.clone(), nobody.at(HOME), nobody.at(OTHER)] {
        let found = at.get(".well-known/smart-configuration").await.expect(200);
        assert_eq!(found.header("content-type"), Some("application/json"));
        let found = found.json();
        // It gives no id_token that says who the user is.
        assert_eq!(found.get("issuer"), None);
        assert_eq!(found["token_endpoint"], format!("{issuer}/token"));
        assert_eq!(
            found["authorization_endpoint"],
            format!("{issuer}/authorize")
        );
        assert_eq!(found["jwks_uri"], format!("{issuer}/jwks"));
        assert_eq!(found["code_challenge_methods_supported"], json!(["S256"]));
        assert_eq!(
            found["grant_types_supported"],
            json!(["client_credentials", "authorization_code"])
        );
        let capabilities = found["capabilities"].as_array().unwrap();
        for has in ["launch-standalone", "client-public", "permission-v2"] {
            assert!(capabilities.contains(&json!(has)), "{has}");
        }
        for lacks in [
            "launch-ehr",
            "sso-openid-connect",
            "context-standalone-patient",
            "client-confidential-asymmetric",
            "permission-v1",
        ] {
            assert!(!capabilities.contains(&json!(lacks)), "{lacks}");
        }
        at.send("HEAD", ".well-known/smart-configuration", &[], None)
            .await
            .expect(200);
        let statement = at.get("metadata").await.expect(200).json();
        let security = &statement["rest"][0]["security"];
        assert_eq!(security["service"][0]["coding"][0]["code"], "SMART-on-FHIR");
        let uris = security["extension"][0]["extension"].as_array().unwrap();
        for (name, place) in [("token", "token"), ("authorize", "authorize")] {
            let uri = json!({"url": name, "valueUri": format!("{issuer}/{place}")});
            assert!(uris.contains(&uri), "{uris:?}");
        }
    }
    let nowhere = nobody.at("nowhere");
    nowhere
        .get(".well-known/smart-configuration")
        .await
        .expect(404);
}
