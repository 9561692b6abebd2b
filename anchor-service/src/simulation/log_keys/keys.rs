//! Key files are looked at while there is nothing to sign.

use crate::simulation::{World, service};
use crate::{
    StepError,
    keys::key_file::{self, KeyFileError},
};
use model::SeededRandom;
use std::{fs, time::Duration};

#[tokio::test]
async fn a_key_file_that_is_gone_is_noticed_with_nothing_to_sign() {
    let world = World::new(0).await;
    let folder = world.folder.path();
    let (submitter, of_a) = (folder.join("submitter.key"), folder.join("a-1.log-key"));
    let gone = world.service.step_keys().await;
    assert!(matches!(
        gone,
        Err(StepError::Key(KeyFileError::Missing { .. }))
    ));
    drop(key_file::create(&submitter, &SeededRandom::new(3)).unwrap());
    assert_eq!(world.service.step_keys().await, Ok(()));

    // What is known of it from before does not count.
    let aside = folder.join("aside");
    fs::rename(&of_a, &aside).unwrap();
    let gone = world.service.step_keys().await;
    assert!(matches!(
        gone,
        Err(StepError::Key(KeyFileError::MissingLogKey { .. }))
    ));
    drop(key_file::create(&of_a, &SeededRandom::new(5)).unwrap());
    let other = world.service.step_keys().await;
    assert!(matches!(
        other,
        Err(StepError::Key(KeyFileError::WrongKey { .. }))
    ));
}

#[tokio::test]
async fn a_service_that_runs_says_so_at_once() {
    let world = World::new(0).await;
    let (store, ledger, clock) = (&world.store, &world.ledger, &world.clock);
    let running = service(store, ledger, clock, &world.folder, 0);
    let status = running.status();
    let noticed = async {
        while !status.troubles().contains_key("keys") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    running.run(noticed).await.unwrap();
    let troubles = status.troubles();
    let said = troubles.get("keys").expect("a trouble");
    assert!(said.contains("submitter.key"), "{said}");
}
