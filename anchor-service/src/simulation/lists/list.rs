//! Lists of operations, made of a seed, over the real service, a ledger in memory and a
//! database in memory; what must hold after each. A list that fails is made shorter and
//! printed as it stands here, to be kept in [`super::kept`].
//!
//! `CHARTSEAL_LISTS` is the number of lists in a run, `CHARTSEAL_FIRST_LIST` the seed of the
//! first; CONTRIBUTING.md has the run of ten million by hand.

use crate::simulation::{Fault, STEPS, Step, World, lists::random::Dice, made::Standby, service};
use crate::{
    Alarm, AnchorService, StepError,
    ledger::memory::{Lie, MemoryLedger},
    posting::lost_blocks::LossError,
};
use model::{Clock as _, Commitment, SeededRandom};
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

/// One thing that happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    /// Number of leaves of a facility that wait.
    Enqueue(usize, usize),
    /// The leader takes a step.
    Take(Step),
    /// Another, which believes to lead, takes one.
    TakeToo(Step),
    /// The effect after this number of others fails, and with it the process.
    Crash(u64, Fault),
    /// Everything in memory is lost.
    Restart,
    /// Number of blocks that are made.
    Mine(usize),
    /// Questions to the node go unanswered.
    Away(bool),
    /// The node shows no receipts.
    HideReceipts(bool),
    /// An answer of the node to come is false.
    Lie(Lie),
    /// The node forgets what waits, and gets it back with the second.
    Forget,
    /// What was forgotten comes late.
    Recall,
    /// The newest blocks that are not final go; their transactions with them, or not.
    Reorganise(usize, bool),
    /// The newest blocks go, also those that were final.
    LoseFinal(usize),
    /// What gas costs, in gwei.
    Fees(u64),
    /// The clock jumps, by milliseconds.
    Clock(i64),
    /// A copy of the database is made, as a standby has it.
    Copy,
    /// The newest copy takes the place of the database.
    FailOver,
}

/// What does not change while a list runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setting {
    /// Blocks on top that make one final.
    pub(crate) depth: usize,
    /// How often a quiet log is anchored again; 0 for never.
    pub(crate) heartbeat_seconds: u64,
}

impl Setting {
    /// Without heartbeats.
    pub(crate) const fn of_depth(depth: usize) -> Self {
        Self {
            depth,
            heartbeat_seconds: 0,
        }
    }
}

/// Of which a list has one.
const DEPTHS: [usize; 4] = [3, 3, 12, 64];
/// Likewise: a jump of the clock makes one due, or the next step does.
const HEARTBEATS: [u64; 4] = [0, 0, 1, 3_600];
/// Blocks that there are before a list begins, as many as the deepest reorganisation takes.
const FIRST_BLOCKS: usize = 64;
const OPS: u64 = 40;
/// Most rounds of steps at the end of a list.
const REST: u64 = 8;
/// How often it takes that long until lost transactions are sent again.
const ROUNDS: usize = 3;

/// The list of a seed, and in what it runs.
pub(crate) fn of_seed(seed: u64) -> (Setting, Vec<Op>) {
    let dice = Dice(SeededRandom::new(seed));
    let setting = Setting {
        depth: DEPTHS[dice.index(DEPTHS.len())],
        heartbeat_seconds: HEARTBEATS[dice.index(HEARTBEATS.len())],
    };
    let count = 8 + dice.below(OPS);
    (setting, (0..count).map(|_| op(&dice)).collect())
}

fn op(dice: &Dice) -> Op {
    let step = || STEPS[dice.index(STEPS.len())];
    let yes = || dice.below(2) == 0;
    match dice.below(100) {
        0..16 => Op::Enqueue(dice.index(2), 1 + dice.index(9)),
        16..18 => Op::Enqueue(dice.index(2), 200 + dice.index(400)),
        18..56 => Op::Take(step()),
        56..62 => Op::TakeToo(step()),
        62..67 => Op::Crash(
            1 + dice.below(4),
            [Fault::NotPersisted, Fault::Persisted][dice.index(2)],
        ),
        67..69 => Op::Restart,
        69..78 => Op::Mine(1 + dice.index(4)),
        // So that a reorganisation of any depth has what it takes away.
        78 => Op::Mine(64),
        79..82 => Op::Away(yes()),
        82..84 => Op::HideReceipts(yes()),
        84..86 => Op::Lie(Lie::ALL[dice.index(Lie::ALL.len())]),
        86..88 => Op::Forget,
        88..90 => Op::Recall,
        90..93 => Op::Reorganise(1 + dice.index(64), yes()),
        93 if dice.below(4) == 0 => Op::LoseFinal(1 + dice.index(8)),
        93..95 => Op::Fees([1, 90, 4_000, 1_000_000_000][dice.index(4)]),
        95..98 => Op::Clock([-3_600_000, 5_000, 60_000, 86_400_000][dice.index(4)]),
        98 => Op::Copy,
        _ => Op::FailOver,
    }
}

/// A world in which lists run.
struct Run {
    world: World,
    other: Option<AnchorService<MemoryLedger>>,
    copy: Option<(Standby, Vec<Vec<Commitment>>)>,
    /// Whether the database went back to an earlier state.
    failed_over: bool,
    /// Whether the chain did, behind what was final.
    lost_final: bool,
    /// How often a step was taken that may post.
    posts: u64,
}

impl Run {
    async fn take(&mut self, op: Op) {
        let ledger = self.world.ledger.clone();
        let world = &mut self.world;
        match op {
            Op::Enqueue(facility, count) => world.plant(facility, count).await,
            Op::Take(step) => {
                self.posts += u64::from(step == Step::Post);
                drop(world.step(step).await);
            }
            Op::TakeToo(step) => self.take_too(step).await,
            Op::Crash(effect, fault) => ledger.faults.plan(effect, fault),
            Op::Restart => world.restart(),
            Op::Mine(blocks) => (0..blocks).for_each(|_| world.mine()),
            Op::Away(away) => ledger.faults.set_away(away),
            Op::HideReceipts(hides) => ledger.hide_receipts(hides),
            Op::Lie(lie) => {
                ledger.lie(lie);
                world.misled |= lie == Lie::Nonce;
            }
            Op::Forget => ledger.forget(),
            Op::Recall => ledger.recall(),
            Op::Reorganise(depth, lost) => ledger.reorganise(depth, lost),
            Op::LoseFinal(depth) => {
                ledger.lose(depth);
                self.lost_final = true;
            }
            Op::Fees(gwei) => ledger.set_price(gwei),
            Op::Clock(millis) => {
                // Not before the time that the world began at.
                let now = world.clock.now().as_millis();
                world.clock.advance_millis(millis.max(-now));
            }
            Op::Copy => self.copy = Some((world.standby(), world.planted.clone())),
            Op::FailOver => self.fail_over(),
        }
    }

    async fn take_too(&mut self, step: Step) {
        self.posts += u64::from(step == Step::Post);
        let world = &self.world;
        let mut other = self.other.take().unwrap_or_else(|| {
            service(
                &world.store,
                &world.ledger,
                &world.clock,
                &world.folder,
                world.heartbeat_seconds,
            )
        });
        let outcome = match step {
            Step::Sequence => other.step_sequence().await,
            Step::Checkpoint => other.step_checkpoint().await,
            Step::Finality => other.step_finality().await,
            Step::Post => other.step_post().await,
        };
        self.other = outcome.is_ok().then_some(other);
    }

    fn fail_over(&mut self) {
        if let Some((copy, planted)) = &self.copy {
            self.other = None;
            self.failed_over |= self.world.standby() != *copy;
            self.world.promote(copy);
            self.world.planted.clone_from(planted);
        }
    }

    /// Lets all come to rest, with honest nodes and no more faults. What is said in the last
    /// round.
    async fn rest(&mut self) -> Option<StepError> {
        let world = &mut self.world;
        world.heartbeat_seconds = 0;
        world.ledger.faults.clear();
        world.ledger.hide_receipts(false);
        world.ledger.be_honest();
        world.ledger.set_price(1);
        world.restart();
        let blocks = world.ledger.final_depth() + 1;
        let mut said = None;
        self.posts += REST + 1;
        for _ in 0..REST {
            said = None;
            for step in STEPS {
                said = world.step(step).await.err().or(said);
            }
            (0..blocks).for_each(|_| world.mine());
            world.clock.advance_millis(60_000);
            let halted = matches!(said, Some(StepError::Alarm(_)));
            if halted || (said.is_none() && world.is_at_rest().await) {
                break;
            }
        }
        for step in [Step::Finality, Step::Post] {
            said = world.step(step).await.err().or(said);
        }
        said
    }

    /// An operator says that the loss of final blocks is for good; what is said then.
    async fn accept_loss(&mut self) -> Option<StepError> {
        self.world.ledger.be_honest();
        match self.world.post_again().accept().await {
            // Of a database that went back the registry may hold more.
            Err(LossError::Foreign(_)) if self.failed_over => return self.rest().await,
            accepted => drop(accepted.unwrap()),
        }
        // One transaction comes after the other.
        for _ in 0..ROUNDS {
            drop(self.rest().await);
        }
        self.rest().await
    }

    /// What must hold, or else be named.
    async fn judge(&mut self) {
        let mut said = self.rest().await;
        if self.lost_final && matches!(said, Some(StepError::LedgerBehind { .. })) {
            said = self.accept_loss().await;
        }
        let world = &self.world;
        world.ledger.faults.witness.judge();
        world.ledger.judge_fees(self.posts);
        for (log, roots) in world.ledger.roots() {
            for (size, roots) in roots {
                assert_eq!(roots.len(), 1, "two roots of {log} at {size} were posted");
            }
        }
        world.judge_leaves().await;
        match said {
            None => {
                world.judge().await;
                world.judge_history().await;
            }
            Some(StepError::Alarm(alarm @ (Alarm::Behind { .. } | Alarm::Forked { .. })))
                if self.failed_over =>
            {
                world.judge_halt(&alarm).await;
            }
            Some(other) => panic!("it does not come to rest: {other}"),
        }
    }
}

/// Runs a list to its end; panics where something does not hold.
pub(crate) async fn run(setting: Setting, list: &[Op]) {
    let mut world = World::made().await;
    world.ledger.set_final_depth(setting.depth);
    world.heartbeat_seconds = setting.heartbeat_seconds;
    (0..FIRST_BLOCKS).for_each(|_| world.mine());
    world.restart();
    let mut run = Run {
        world,
        other: None,
        copy: None,
        failed_over: false,
        lost_final: false,
        posts: 0,
    };
    for op in list {
        run.take(*op).await;
    }
    run.judge().await;
}

/// Runs lists one after the other.
struct Runner(tokio::runtime::Runtime);

impl Runner {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        Self(runtime.unwrap())
    }

    fn holds(&self, setting: Setting, list: &[Op]) -> bool {
        catch_unwind(AssertUnwindSafe(|| self.0.block_on(run(setting, list)))).is_ok()
    }

    /// Leaves out what the list fails without, one operation at a time.
    fn shortest(&self, setting: Setting, mut list: Vec<Op>) -> Vec<Op> {
        let mut at = 0;
        while at < list.len() {
            let mut shorter = list.clone();
            shorter.remove(at);
            if self.holds(setting, &shorter) {
                at += 1;
            } else {
                list = shorter;
            }
        }
        list
    }
}

/// Lists in a run, where nothing else is said.
const LISTS: u64 = 10_000;
/// Lists that may fail before the run ends.
const MOST_FAILED: usize = 5;

fn number(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |number| number.parse().unwrap())
}

#[test]
fn whatever_list_there_is_leaves_one_history_or_says_why_not() {
    let (first, count) = (
        number("CHARTSEAL_FIRST_LIST", 0),
        number("CHARTSEAL_LISTS", LISTS),
    );
    let (next, failed) = (AtomicU64::new(first), Mutex::new(Vec::new()));
    let work = || {
        let runner = Runner::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count || failed.lock().unwrap().len() >= MOST_FAILED {
                return;
            }
            let (setting, list) = of_seed(seed);
            if !runner.holds(setting, &list) {
                let list = runner.shortest(setting, list);
                println!("seed {seed}, {setting:?}: {list:?}");
                failed.lock().unwrap().push(seed);
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(work))));
    assert_eq!(failed.into_inner().unwrap(), Vec::<u64>::new());
}
