//! Random lives: growth, steps, blocks, reorganisations, faults and restarts in
//! any order. A seed that ever failed stays in the list.

use crate::simulation::{Fault, STEPS, World};
use model::{Random as _, SeededRandom};

/// Seeds that found something once.
const FOUND: [u64; 0] = [];
const SEEDS: u64 = 24;
const ACTS: u32 = 120;

pub(crate) struct Dice(pub(crate) SeededRandom);

impl Dice {
    pub(crate) fn index(&self, sides: usize) -> usize {
        usize::try_from(self.below(sides as u64)).unwrap()
    }

    pub(crate) fn below(&self, sides: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes).unwrap();
        u64::from_be_bytes(bytes) % sides
    }
}

async fn act(world: &mut World, dice: &Dice) {
    match dice.below(20) {
        0..4 => {
            let count = usize::try_from(dice.below(300)).unwrap();
            world
                .plant(usize::try_from(dice.below(2)).unwrap(), count)
                .await;
        }
        4..12 => {
            let step = STEPS[usize::try_from(dice.below(4)).unwrap()];
            drop(world.step(step).await);
        }
        12..15 => world.mine(),
        // Never deeper than what counts as final.
        15 => world
            .ledger
            .reorganise(usize::try_from(dice.below(4)).unwrap(), dice.below(2) == 0),
        16 => world
            .clock
            .advance_millis(i64::try_from(dice.below(30_000)).unwrap()),
        17 => {
            let fault = [Fault::NotPersisted, Fault::Persisted][usize::from(dice.below(2) == 0)];
            world.ledger.faults.plan(1 + dice.below(4), fault);
        }
        18 => world.restart(),
        _ => {
            if dice.below(2) == 0 {
                world.ledger.forget();
            } else {
                let away = dice.below(2) == 0;
                world.ledger.faults.set_away(away);
            }
        }
    }
}

#[tokio::test]
async fn whatever_happens_each_leaf_is_in_the_log_once_and_every_anchor_is_true() {
    let (mut crashes, mut leaves, mut anchors) = (0, 0, 0);
    for seed in FOUND.into_iter().chain(0..SEEDS) {
        println!("seed {seed}");
        let dice = Dice(SeededRandom::new(seed));
        let mut world = World::new([0, 60][usize::from(seed % 2 == 0)]).await;
        for _ in 0..ACTS {
            act(&mut world, &dice).await;
        }
        crashes += world.crashes;
        world.heartbeat_seconds = 0;
        world.restart();
        world.settle().await;
        world.judge().await;
        leaves += world.planted.iter().map(Vec::len).sum::<usize>();
        anchors += world
            .logs
            .iter()
            .map(|log| world.ledger.history(*log).len())
            .sum::<usize>();
    }
    println!("{crashes} crashes, {leaves} leaves, {anchors} anchors");
    assert!(crashes > 20 && anchors > 100);
}
