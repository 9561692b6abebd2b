//! Two issuers at one gateway: each speaks for the people of its own facilities.

use crate::{
    database::{Kind, on_both},
    house::{AUDIENCE, HOME, HOUR, House, OTHER},
};
use devkit::issuer::{DemoUser, DevIssuer, DevIssuerConfig};
use gateway::identity::IssuerConfig;

on_both! {
    each_issuer_speaks_for_its_own,
}

/// The folder of the second issuer.
pub const SECOND: &str = "second";

/// An issuer beside that of a house, with its keys below this folder.
pub fn second_issuer(folder: &tempfile::TempDir) -> DevIssuer {
    DevIssuer::start(DevIssuerConfig {
        dir: folder.path().join(SECOND),
        port: None,
        audience: AUDIENCE.to_owned(),
        lifetime: HOUR,
        facilities: [HOME, OTHER].map(|name| name.parse().unwrap()),
    })
    .unwrap()
}

/// A house whose own issuer serves [`HOME`], and beside it the issuer of [`OTHER`],
/// whose users claim [`HOME`] all the same but for `clinicianOther`.
async fn two_issuers(kind: Kind, folder: &tempfile::TempDir) -> (House, DevIssuer) {
    let second = second_issuer(folder);
    let url = second.issuer_url();
    let house = House::start_with(kind, |settings| {
        let serving = |name: &str| Some([name.parse().unwrap()].into());
        settings.identity.issuers[0].facilities = serving(HOME);
        settings.identity.issuers.push(IssuerConfig {
            facilities: serving(OTHER),
            ..IssuerConfig::new(&url, AUDIENCE)
        });
    })
    .await;
    (house, second)
}

#[actix_web::test]
async fn a_token_of_an_issuer_that_does_not_serve_its_facility_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (house, second) = two_issuers(Kind::Sqlite, &folder).await;
    for user in [
        DemoUser::System,
        DemoUser::Clinician,
        DemoUser::Auditor,
        DemoUser::Admin,
    ] {
        let foreign = house.bearer(&second.mint(&user, HOUR).unwrap());
        for base in [
            foreign.clone(),
            foreign.at(HOME),
            foreign.at(OTHER),
            foreign.at("nowhere"),
        ] {
            let reply = base.get("Patient").await.expect(401);
            assert!(
                reply
                    .header("www-authenticate")
                    .unwrap()
                    .contains("invalid_token")
            );
            base.post("Patient", r#"{"resourceType":"Patient"}"#)
                .await
                .expect(401);
        }
        foreign.get("/admin/clients").await.expect(401);
        foreign
            .get(&format!("/log/{HOME}/checkpoint"))
            .await
            .expect(401);
    }
    assert!(house.audits(HOME).await.is_empty());
}

async fn each_issuer_speaks_for_its_own(kind: Kind) {
    let folder = tempfile::tempdir().unwrap();
    let (house, second) = two_issuers(kind, &folder).await;
    let theirs = house.bearer(&second.mint(&DemoUser::ClinicianOther, HOUR).unwrap());
    theirs.get("Patient").await.expect(200);
    house
        .caller(&DemoUser::System)
        .get("Patient")
        .await
        .expect(200);
    // The other way round: the first issuer's own signature under the other's name.
    house
        .caller_with(&DemoUser::System, |claims| {
            claims["facility"] = OTHER.into();
        })
        .get("Patient")
        .await
        .expect(401);
}
