//! Someone who can write to the database and has no leaf key changes where its logs are
//! anchored.

use crate::simulation::World;
use crate::{Status, StepError, posting::bound};
use store::{Error, Registry};

const KEEP: &str = "CREATE TABLE kept_meta AS SELECT * FROM meta;
     CREATE TABLE kept_former AS SELECT * FROM former_registry";
const PUT_BACK: &str = "DELETE FROM meta; INSERT INTO meta SELECT * FROM kept_meta;
     DELETE FROM former_registry; INSERT INTO former_registry SELECT * FROM kept_former";

/// One more leaf, which is given an index and signed.
async fn sign_one_more(world: &mut World) {
    world.plant(0, 1).await;
    assert_eq!(world.service.step_sequence().await, Ok(1));
    assert_eq!(world.service.step_checkpoint().await, Ok(1));
}

/// The same; how it is posted.
async fn post_one_more(world: &mut World) -> Result<u64, StepError> {
    sign_one_more(world).await;
    world.service.step_post().await
}

async fn anchored() -> World {
    let mut world = World::new(0).await;
    world.plant(0, 3).await;
    world.settle().await;
    assert_eq!(world.ledger.history(world.logs[0]).len(), 1);
    world
}

#[tokio::test]
async fn nothing_is_posted_by_registries_that_somebody_wrote() {
    let mut world = anchored().await;
    world.sql(KEEP);
    let former = "INSERT INTO former_registry SELECT min(id), 1, 1, zeroblob(20) FROM log";
    for edit in [
        "UPDATE meta SET value = '1:0x0909090909090909090909090909090909090909'
             WHERE name = 'registry'",
        "UPDATE meta SET value = '1:0x0909090909090909090909090909090909090909', mac = NULL
             WHERE name = 'registry'",
        "UPDATE meta SET value = 'nothing' WHERE name = 'registry'",
        "DELETE FROM meta WHERE name = 'registry'",
        "DELETE FROM meta WHERE name = 'registry';
         INSERT INTO meta VALUES ('registry', '2:0x0101010101010101010101010101010101010101', NULL)",
        former,
        &format!("UPDATE meta SET mac = NULL; {former}"),
    ] {
        sign_one_more(&mut world).await;
        world.sql(edit);
        let posted = world.service.step_post().await;
        assert_eq!(posted, Err(StepError::Store(Error::Registry)), "{edit}");
        // Nor by a process that starts now.
        world.restart();
        let started = world.service.check().await;
        assert_eq!(started, Err(StepError::Store(Error::Registry)), "{edit}");
        assert_eq!(world.ledger.history(world.logs[0]).len(), 1, "{edit}");
        world.sql(PUT_BACK);
        assert_eq!(world.service.check().await.map(drop), Ok(()), "{edit}");
    }
    world.settle().await;
    world.judge().await;
}

/// Whatever the row `ledger` says, of earlier releases.
#[tokio::test]
async fn a_row_of_the_first_ledger_leads_nowhere() {
    let mut world = anchored().await;
    for edit in [
        "UPDATE meta SET value = '1/0x0909090909090909090909090909090909090909'
             WHERE name = 'ledger'",
        "DELETE FROM meta WHERE name = 'ledger'",
    ] {
        world.sql(edit);
        assert_eq!(post_one_more(&mut world).await, Ok(1), "{edit}");
        world.settle().await;
    }
    world.judge().await;
}

#[tokio::test]
async fn the_registry_in_use_is_taken_over_where_it_has_no_mac() {
    let mut world = anchored().await;
    for edit in [
        "UPDATE meta SET mac = NULL",
        "UPDATE meta SET mac = zeroblob(16)",
    ] {
        world.sql(edit);
        world.restart();
        assert_eq!(post_one_more(&mut world).await, Ok(1), "{edit}");
        let found = world
            .store
            .read("registry", |reader| reader.registries().find());
        let shown = found.await.unwrap().shown();
        assert_eq!(shown.unwrap().now, Some(bound::of(&world.ledger)));
        world.settle().await;
    }
    world.judge().await;
}

/// The registry in use is taken over then, and yet: anchors here have higher numbers than it
/// can have.
#[tokio::test]
async fn registries_of_before_that_were_taken_away_let_nothing_be_posted() {
    let mut world = anchored().await;
    let here = bound::of(&world.ledger);
    let other = Registry {
        address: [2; 20],
        ..here
    };
    let logs = world.store.read("logs", |reader| reader.logs().list());
    let first = logs.await.unwrap().remove(0).id;
    let moves = world.store.run_tx("move", &[], move |tx| {
        tx.registries().replace(here, other, &[(first, 5)])?;
        tx.registries().replace(other, here, &[])
    });
    moves.await.unwrap();
    world.sql("UPDATE anchor SET seq = seq + 5");
    world.restart();
    assert_eq!(post_one_more(&mut world).await, Ok(1));
    world.settle().await;
    sign_one_more(&mut world).await;
    world.sql("DELETE FROM former_registry; UPDATE meta SET mac = NULL");
    world.restart();
    let posted = world.service.step_post().await;
    assert!(
        matches!(posted, Err(StepError::LedgerBehind { .. })),
        "{posted:?}"
    );
}

/// What somebody wrote there hides nothing else of how the logs stand.
#[tokio::test]
async fn rows_that_somebody_wrote_hide_no_log_from_the_status() {
    let mut world = anchored().await;
    sign_one_more(&mut world).await;
    let before = world.service.status().read().await.unwrap();
    assert_eq!(before.unknown(), Vec::<String>::new());
    let last = before.logs[0].last_final.unwrap();
    world.sql("INSERT INTO former_registry SELECT min(id), 1, 1, zeroblob(20) FROM log");
    let after = world.service.status().read().await.unwrap();
    let sizes = |status: &Status| -> Vec<_> {
        let logs = status.logs.iter();
        logs.map(|log| (log.size, log.checkpoint_size)).collect()
    };
    assert_eq!(sizes(&after), sizes(&before));
    let found = after.logs[0].last_final.unwrap();
    assert_eq!((found.size, found.time), (last.size, last.time));
    let unknown = after.unknown();
    let of_a = unknown.iter().find(|text| text.contains("`a`")).unwrap();
    assert!(of_a.contains("nothing shows that the registry"), "{of_a}");

    world.sql("DELETE FROM former_registry; UPDATE anchor SET root = zeroblob(3)");
    let after = world.service.status().read().await.unwrap();
    assert_eq!(sizes(&after), sizes(&before));
    assert_eq!(after.logs[0].last_final, None);
    let unknown = after.unknown();
    assert!(
        unknown.len() == 1 && unknown[0].contains("`a`"),
        "{unknown:?}"
    );
}
