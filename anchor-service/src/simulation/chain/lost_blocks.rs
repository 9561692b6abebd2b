//! The chain has lost final blocks for good, and an operator says so: what was anchored is
//! anchored again, under the same numbers.

use crate::simulation::{STEPS, Step, World};
use crate::{
    Candidate, StepError,
    ledger::memory::MemoryLedger,
    log::journal::Journal,
    posting::lost_blocks::{LossError, LostOfLog, PostAgain},
};
use model::AnchorState;
use store::Anchor;

impl World {
    /// An operator's host.
    pub(crate) fn post_again(&self) -> PostAgain<'_, MemoryLedger> {
        let me = Candidate {
            id: [9; 16],
            name: "operator".to_owned(),
        };
        PostAgain::new(&self.store, &self.ledger, self.clock.clone(), me)
    }

    /// The anchors of the first facility's log.
    async fn anchors(&self) -> Vec<Anchor> {
        let id = self.facilities[0].id;
        let read = move |reader: &mut store::Reader| {
            let log = reader.logs().find(id)?.unwrap();
            let anchors = (1..).map_while(|seq| reader.anchors().find(log.id, seq).transpose());
            anchors.collect::<Result<Vec<_>, _>>()
        };
        self.store.read("anchors", read).await.unwrap()
    }
}

/// Number, size and root of each.
fn said(anchors: &[Anchor]) -> Vec<(u64, u64, model::Digest)> {
    let of = |anchor: &Anchor| (anchor.new.seq, anchor.new.size, anchor.new.root);
    anchors.iter().map(of).collect()
}

/// Three final anchors, and one that waits.
async fn anchored() -> World {
    let mut world = World::new(0).await;
    for _ in 0..3 {
        world.plant(0, 2).await;
        world.plant(1, 1).await;
        world.settle().await;
    }
    world.plant(0, 1).await;
    for step in STEPS {
        world.step(step).await.unwrap();
    }
    world
}

fn numbers(lost: &[LostOfLog]) -> Vec<(u64, Vec<u64>)> {
    let seqs = |log: &LostOfLog| log.lost.iter().map(|lost| lost.seq).collect();
    lost.iter().map(|log| (log.found, seqs(log))).collect()
}

#[tokio::test]
async fn what_the_chain_lost_is_posted_again_when_an_operator_says_so() {
    let mut world = anchored().await;
    let before = said(&world.anchors().await);
    for _ in 0..2 {
        world.ledger.lose_last_anchor();
    }
    for step in [Step::Post, Step::Sequence, Step::Post] {
        let named = world.step(step).await;
        assert!(
            matches!(
                named,
                Err(StepError::LedgerBehind {
                    found: 1,
                    last: 3,
                    ..
                })
            ),
            "{named:?}"
        );
    }
    let lost = world.post_again().find().await.unwrap();
    assert_eq!(numbers(&lost), [(1, vec![2, 3]), (1, vec![2, 3])]);
    assert_eq!(said(&world.anchors().await), before, "nothing was written");
    assert!(world.step(Step::Post).await.is_err());

    world.post_again().accept().await.unwrap();
    let states = world.anchors().await;
    let posted = states
        .iter()
        .map(|anchor| anchor.state == AnchorState::Posted);
    assert_eq!(posted.collect::<Vec<_>>(), [false, true, true, true]);
    world.clock.advance_millis(60_000);
    world.settle().await;
    world.judge().await;
    let after = world.anchors().await;
    assert_eq!(said(&after), before, "under the same numbers");
    assert!(after.iter().all(|anchor| anchor.evidence.is_some()));
    let lost = world.post_again().accept().await;
    assert_eq!(lost, Ok(Vec::new()), "and once is enough");
}

#[tokio::test]
async fn what_the_chain_has_after_all_is_found_there_again() {
    let mut world = anchored().await;
    let before = said(&world.anchors().await);
    let journal = Journal::new(world.store.clone());
    let mut lost = Vec::new();
    for log in journal.all_logs().await.unwrap() {
        lost.push(LostOfLog {
            found: 1,
            lost: Vec::new(),
            id: log.id,
            above: 1,
            facility: log.facility,
            log_id: log.log_id,
        });
    }
    journal.fall_back(&lost).await.unwrap();
    world.clock.advance_millis(60_000);
    world.settle().await;
    world.judge().await;
    assert_eq!(said(&world.anchors().await), before);
}

#[tokio::test]
async fn no_service_works_while_anchors_fall_back() {
    let world = anchored().await;
    world.ledger.lose_last_anchor();
    let mut service = crate::simulation::two::Rival::new(&world, 1, 100_000_000);
    assert!(service.works().await);
    assert_eq!(world.post_again().find().await, Err(LossError::Works));
    assert_eq!(world.post_again().accept().await, Err(LossError::Works));
}
