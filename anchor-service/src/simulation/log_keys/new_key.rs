//! A log's key is changed while the service runs.

use crate::simulation::{STEPS, World};
use crate::{
    LogKeys,
    keys::rotation::{self, RotationError},
};
use model::{Clock as _, SeededRandom};
use std::fs;
use tlog::notes::checkpoint::{self, OpenError, SignatureError, Vkey};

pub(crate) async fn rotate(world: &World, seed: u64) -> Result<Vkey, RotationError> {
    let (keys, random) = (LogKeys::new(world.folder.path()), SeededRandom::new(seed));
    let (store, now) = (&world.store, world.clock.now());
    rotation::rotate(store, &keys, &world.facilities[0], now, &random).await
}

pub(crate) async fn finish(world: &World) -> Result<Vkey, RotationError> {
    let (keys, facility) = (LogKeys::new(world.folder.path()), &world.facilities[0]);
    rotation::finish(&world.store, Some(&keys), facility, world.clock.now()).await
}

/// The newest checkpoint after one more leaf, and the log's first key.
pub(crate) async fn signed(world: &mut World) -> (String, Vkey) {
    world.plant(0, 1).await;
    for step in STEPS {
        world.step(step).await.unwrap();
    }
    newest(world).await
}

/// The newest checkpoint, and the log's first key.
async fn newest(world: &World) -> (String, Vkey) {
    let id = world.facilities[0].id;
    let read = move |reader: &mut store::Reader| {
        let log = reader.logs().find(id)?.unwrap();
        let note = reader.logs().newest_checkpoint(log.id)?.unwrap().note;
        Ok((note, log))
    };
    let (note, log) = world.store.read("signed", read).await.unwrap();
    let origin = log.origin.parse().unwrap();
    (note, Vkey::of_log(&origin, &log.public_key).unwrap())
}

fn opens(note: &str, vkey: &Vkey) -> Result<(), OpenError> {
    checkpoint::open(note, std::slice::from_ref(vkey)).map(drop)
}

#[tokio::test]
async fn both_keys_sign_until_the_old_one_is_retired() {
    let none = Err(OpenError::Signature(SignatureError::NoneKnown));
    let mut world = World::new(0).await;
    assert_eq!(finish(&world).await, Err(RotationError::NotUnderWay));
    let (before, old) = signed(&mut world).await;
    let new = rotate(&world, 77).await.unwrap();
    assert_eq!(rotate(&world, 78).await, Err(RotationError::UnderWay));
    assert_eq!(finish(&world).await, Err(RotationError::NotSigned));
    assert_eq!((new.name(), opens(&before, &new)), (old.name(), none));

    let (during, _) = signed(&mut world).await;
    assert_eq!(
        (opens(&during, &old), opens(&during, &new)),
        (Ok(()), Ok(()))
    );
    assert_eq!(finish(&world).await.as_ref(), Ok(&new));
    let (after, first) = signed(&mut world).await;
    assert_eq!((opens(&after, &old), opens(&after, &new)), (none, Ok(())));
    // The log's name on the chain stays that of its first key.
    assert_eq!(first, old);
    assert_eq!(opens(&before, &old), Ok(()));

    // And once more, by a key made afterwards.
    let third = rotate(&world, 79).await.unwrap();
    let (again, _) = signed(&mut world).await;
    assert_eq!(
        (opens(&again, &new), opens(&again, &third)),
        (Ok(()), Ok(()))
    );
    assert_eq!(finish(&world).await, Ok(third));
    world.settle().await;
    world.judge().await;
}

#[tokio::test]
async fn a_key_whose_file_is_not_there_yet_stops_no_checkpoint() {
    let mut world = World::new(0).await;
    let new = rotate(&world, 77).await.unwrap();
    let (file, away) = (
        world.folder.path().join("a-1.2.log-key"),
        world.folder.path().join("away"),
    );
    fs::rename(&file, &away).unwrap();
    world.plant(0, 1).await;
    world.service.step_sequence().await.unwrap();
    let missing = world.service.step_checkpoint().await.unwrap_err();
    assert!(missing.to_string().contains("a-1.2.log-key"), "{missing}");
    assert_eq!(finish(&world).await, Err(RotationError::NotSigned));
    fs::rename(&away, &file).unwrap();
    let (note, old) = signed(&mut world).await;
    assert_eq!((opens(&note, &old), opens(&note, &new)), (Ok(()), Ok(())));
}

/// Who knows the old key alone could verify nothing more, and it could not sign again beside
/// the new one.
#[tokio::test]
async fn a_new_key_never_signs_without_an_older_one_that_has_not_ended() {
    let mut world = World::new(0).await;
    let (before, old) = signed(&mut world).await;
    let new = rotate(&world, 77).await.unwrap();
    let (file, away) = (
        world.folder.path().join("a-1.log-key"),
        world.folder.path().join("away"),
    );
    fs::rename(&file, &away).unwrap();
    world.restart();
    world.plant(0, 1).await;
    assert_eq!(world.service.step_sequence().await, Ok(1));
    for _ in 0..2 {
        let missing = world.service.step_checkpoint().await.unwrap_err();
        assert!(missing.to_string().contains("a-1.log-key"), "{missing}");
    }
    assert_eq!(newest(&world).await.0, before, "nothing was signed since");
    fs::rename(&away, &file).unwrap();
    let (note, _) = signed(&mut world).await;
    assert_eq!((opens(&note, &old), opens(&note, &new)), (Ok(()), Ok(())));
    world.settle().await;
    world.judge().await;
}

/// The runbook's "Change a log's key", where its file is lost for good.
#[tokio::test]
async fn a_key_that_is_lost_is_ended_before_the_new_one_signs() {
    let none = Err(OpenError::Signature(SignatureError::NoneKnown));
    let mut world = World::new(0).await;
    let (_, old) = signed(&mut world).await;
    let file = world.folder.path().join("a-1.log-key");
    fs::remove_file(&file).unwrap();
    world.restart();
    let new = rotate(&world, 77).await.unwrap();
    world.plant(0, 1).await;
    world.service.step_sequence().await.unwrap();
    assert!(world.service.step_checkpoint().await.is_err());
    assert_eq!(finish(&world).await.as_ref(), Ok(&new));
    let (note, _) = signed(&mut world).await;
    assert_eq!((opens(&note, &old), opens(&note, &new)), (none, Ok(())));
    world.settle().await;
    world.judge().await;
}
