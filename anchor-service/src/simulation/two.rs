//! Two services over one database: what one does between two looks of the other, and
//! the lease that lets one of them work.

use super::{STEPS, Step, World, lists::random::Dice, service};
use crate::{
    AnchorService, Candidate, LeaseState, SignedError, StatusReader, StepError,
    ledger::memory::MemoryLedger,
    log::{guard, journal::Journal},
    service::alarm::Bell,
};
use model::{Clock as _, ManualClock, SeededRandom, Timestamp};
use std::sync::Arc;

#[tokio::test]
async fn what_the_other_anchored_since_the_row_was_read_is_no_lost_leaf() {
    let mut world = World::new(0).await;
    let journal = Journal::new(world.store.clone());
    let old = journal.all_logs().await.unwrap().remove(0);
    assert_eq!(old.size, 0);
    world.plant(0, 4).await;
    world.settle().await;
    let bell = Bell::default();
    let head = guard::head(&journal, &world.ledger, &bell, &old).await;
    assert_eq!(head.unwrap().unwrap().size, 4);
    assert_eq!(bell.rung(), None);
    world.judge().await;
}

/// A service that stands for the lease, and its own clock.
pub(super) struct Rival {
    service: AnchorService<MemoryLedger>,
    clock: Arc<ManualClock>,
}

impl Rival {
    pub(super) fn new(world: &World, number: u8, clock_millis: i64) -> Self {
        let start = Timestamp::from_millis(clock_millis).unwrap();
        let clock = Arc::new(ManualClock::new(start));
        let candidate = Candidate {
            id: [number; 16],
            name: format!("machine {number}"),
        };
        let service = service(&world.store, &world.ledger, &clock, &world.folder, 0);
        Self {
            service: service.with_lease(candidate),
            clock,
        }
    }

    pub(super) async fn works(&mut self) -> bool {
        self.service.step_lease().await.unwrap()
    }

    async fn step(&mut self, step: Step) -> Result<u64, StepError> {
        match step {
            Step::Sequence => self.service.step_sequence().await,
            Step::Checkpoint => self.service.step_checkpoint().await,
            Step::Finality => self.service.step_finality().await,
            Step::Post => self.service.step_post().await,
        }
    }
}

fn holds(status: &StatusReader) -> bool {
    matches!(status.lease(), LeaseState::Held { .. })
}

const fn held_since(then: Timestamp) -> LeaseState {
    LeaseState::Held { since: Some(then) }
}

const LOST: StepError = StepError::Store(store::Error::Taken(store::Taken::Lease));

#[tokio::test]
async fn one_works_and_the_other_takes_over_when_it_is_gone() {
    let mut world = World::new(0).await;
    let (mut one, mut two) = (Rival::new(&world, 1, 0), Rival::new(&world, 2, 0));
    world.plant(0, 3).await;
    assert_eq!(one.service.status().lease(), LeaseState::Unknown);
    assert_eq!(one.step(Step::Sequence).await, Err(LOST), "not without it");
    let one_began = one.clock.now();
    assert!(one.works().await && !two.works().await);
    assert_eq!(one.step(Step::Sequence).await, Ok(3));
    let held_by = LeaseState::HeldBy("machine 1".into());
    assert_eq!(two.service.status().lease(), held_by);
    world.plant(0, 2).await;
    assert_eq!(two.step(Step::Sequence).await, Err(LOST));

    // Renewed, it stays; not renewed, it goes.
    for _ in 0..3 {
        one.clock.advance_millis(8_000);
        two.clock.advance_millis(8_000);
        assert!(one.works().await && !two.works().await);
    }
    two.clock.advance_millis(10_000);
    let two_began = two.clock.now();
    assert!(two.works().await);
    for step in [Step::Sequence, Step::Checkpoint] {
        assert!(two.step(step).await.unwrap() > 0);
    }
    // The first does not know yet, and can do nothing all the same.
    world.plant(0, 1).await;
    assert_eq!(one.service.status().lease(), held_since(one_began));
    assert_eq!(one.step(Step::Sequence).await, Err(LOST));
    assert_eq!(two.service.status().lease(), held_since(two_began));
    assert!(!holds(&one.service.status()));
    assert!(!one.works().await);
    world.restart();
    world.settle().await;
    world.judge().await;
}

#[tokio::test]
async fn a_lease_that_is_given_back_is_to_be_had_at_once() {
    let world = World::new(0).await;
    let (one, mut two) = (Rival::new(&world, 1, 0), Rival::new(&world, 2, 0));
    let status = one.service.status();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let running = tokio::spawn(one.service.run(async {
        let _ = stopped.await;
    }));
    while !holds(&status) {
        tokio::task::yield_now().await;
    }
    assert!(!two.works().await);
    drop(stop);
    assert_eq!(running.await.unwrap(), Ok(()));
    assert!(two.works().await);
}

#[tokio::test]
async fn no_clock_keeps_the_lease_for_good() {
    const DAY: i64 = 86_400_000;
    let world = World::new(0).await;
    // A holder whose clock is a day ahead, and who is gone.
    let (mut ahead, mut two) = (Rival::new(&world, 1, DAY), Rival::new(&world, 2, 0));
    assert!(ahead.works().await && !two.works().await);
    two.clock.advance_millis(9_000);
    assert!(!two.works().await);
    two.clock.advance_millis(1_000);
    assert!(two.works().await);
}

/// Who can write to the database holds up those that stand for the lease as long as he goes
/// on writing, and can do nothing else by it.
#[tokio::test]
async fn a_lease_that_somebody_wrote_holds_up_the_service_and_nothing_else() {
    let mut world = World::new(0).await;
    let mut one = Rival::new(&world, 1, 0);
    assert!(one.works().await);
    // Somebody's until the year 2100.
    world.sql("UPDATE anchor_lease SET holder = zeroblob(16), until_ms = 4102444800000");
    world.plant(0, 1).await;
    assert_eq!(one.step(Step::Sequence).await, Err(LOST));
    assert!(!one.works().await);
    one.clock.advance_millis(9_000);
    assert!(!one.works().await);
    one.clock.advance_millis(1_000);
    assert!(one.works().await, "a lease that stands still is over");
    assert_eq!(one.step(Step::Sequence).await, Ok(1));
    // Nobody's.
    world.sql("DELETE FROM anchor_lease");
    world.plant(0, 1).await;
    assert_eq!(one.step(Step::Sequence).await, Err(LOST));
    assert!(one.works().await);
    assert_eq!(one.step(Step::Sequence).await, Ok(1));
    // One that cannot be read is named until somebody takes it away.
    world.sql("UPDATE anchor_lease SET holder = x'01'");
    let unreadable = one.service.step_lease().await;
    assert!(
        matches!(unreadable, Err(StepError::Store(store::Error::Corrupt(_)))),
        "{unreadable:?}"
    );
    world.sql("DELETE FROM anchor_lease");
    assert!(one.works().await);
    world.restart();
    world.settle().await;
    world.judge().await;
}

/// Clocks that differ by an hour, lease steps and work in any order: both believe to
/// have the lease as often as they like, and the log has one history.
#[tokio::test]
async fn two_with_wrong_clocks_give_each_leaf_one_place() {
    let mut refused = 0;
    for seed in 0..8 {
        println!("seed {seed}");
        let dice = Dice(SeededRandom::new(seed));
        let mut world = World::new(0).await;
        let mut rivals = [Rival::new(&world, 1, 3_600_000), Rival::new(&world, 2, 0)];
        for _ in 0..150 {
            let rival = &mut rivals[usize::from(dice.below(2) == 0)];
            match dice.below(10) {
                0..2 => world.plant(usize::from(dice.below(2) == 0), 7).await,
                2 => rival.clock.advance_millis(11_000),
                3 => drop(rival.works().await),
                4 => world.mine(),
                _ => {
                    let step = STEPS[usize::try_from(dice.below(4)).unwrap()];
                    match rival.step(step).await {
                        Err(LOST) => refused += 1,
                        // The other signed in between: nothing of ours is kept.
                        Err(StepError::Signed(SignedError::Changed { .. })) => refused += 1,
                        outcome => drop(outcome.unwrap()),
                    }
                }
            }
        }
        world.restart();
        world.settle().await;
        world.judge().await;
    }
    assert!(refused > 50, "{refused}");
}
