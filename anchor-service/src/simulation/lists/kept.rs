//! Lists that failed once, in their shortest form, each under the name of what it found.

use crate::ledger::memory::Lie;
use crate::simulation::{
    Fault,
    Step::{Checkpoint, Post, Sequence},
    lists::list::{
        Op::{self, Copy, Enqueue, FailOver, Mine, Take, TakeToo},
        Setting, run,
    },
};

/// A standby held the leaves of a checkpoint that was signed, anchored, and not copied in
/// time. The chain's anchor could not be taken over without it.
#[tokio::test]
async fn a_checkpoint_that_the_signed_states_alone_kept_is_stored_again() {
    let list = [
        Enqueue(0, 4),
        TakeToo(Sequence),
        Copy,
        Take(Checkpoint),
        Take(Post),
        Mine(1),
        FailOver,
        Enqueue(0, 3),
        Take(Sequence),
    ];
    run(Setting::of_depth(3), &list).await;
}

/// The node named the nonce of a transaction in a block that is not final. What was signed
/// under it passed for another attempt at that one, so that its anchors seemed to be in its
/// block, and their numbers were never free again.
#[tokio::test]
async fn a_nonce_that_a_transaction_in_a_block_has_is_not_used_again() {
    let list = [
        Enqueue(1, 3),
        Take(Sequence),
        TakeToo(Checkpoint),
        Op::Crash(1, Fault::Persisted),
        Enqueue(0, 3),
        TakeToo(Sequence),
        TakeToo(Post),
        Op::Crash(1, Fault::Persisted),
        Op::Mine(3),
        Take(Post),
        Op::Lie(Lie::OldNonce),
        TakeToo(Checkpoint),
        Take(Post),
    ];
    let setting = Setting {
        depth: 3,
        heartbeat_seconds: 1,
    };
    run(setting, &list).await;
}

/// The node named a transaction number too large. What was sent under it is given up, and
/// the number of its anchor goes to a later state of the same history.
#[tokio::test]
async fn a_transaction_under_a_false_number_keeps_nothing_waiting() {
    let list = [
        Op::Lie(Lie::Nonce),
        Enqueue(1, 1),
        Take(Sequence),
        Take(Checkpoint),
        Take(Post),
        Enqueue(1, 3),
    ];
    run(Setting::of_depth(12), &list).await;
}
