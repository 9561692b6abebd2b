//! Ledger transactions and anchors.

use crate::{
    sequence::add_log,
    world::{World, at, on_both},
};
use model::{AnchorState, Digest};
use store::{Error, LogRowId, NewAnchor, NewPost, PostId, PostState, Store, Taken};

on_both! {
    a_post_is_stored_once_and_moves_on,
    an_anchor_moves_only_as_its_life_allows,
    the_newest_final_anchor_is_found,
    final_anchors_fall_back_where_the_chain_lost_them,
}

fn post(store: &Store, nonce: u64) -> Result<PostId, Error> {
    let new = NewPost {
        chain_id: 1337,
        submitter: [2; 20],
        nonce,
        raw: vec![1; 200],
        tx_hash: [u8::try_from(nonce).expect("small"); 32],
        created: at(0),
    };
    store.run_tx_blocking("post", &[], move |tx| tx.posts().insert(&new))
}

fn a_post_is_stored_once_and_moves_on(world: &World) {
    let store = world.open();
    let (first, second) = (post(&store, 1).expect("new"), post(&store, 2).expect("new"));
    assert_eq!(post(&store, 1), Err(Error::Taken(Taken::LedgerTransaction)));
    let block = Some((77, [7; 32]));
    store
        .run_tx_blocking("mined", &[], move |tx| {
            tx.posts().set_state(first, PostState::Mined, block)
        })
        .expect("a stored post");
    let list = |states: &'static [PostState]| {
        store
            .read_blocking("list", |reader| reader.posts().list(states))
            .expect("a read")
    };
    let mined = list(&[PostState::Mined]);
    assert_eq!(mined.len(), 1);
    assert_eq!(
        (mined[0].id, mined[0].block, mined[0].new.nonce),
        (first, block, 1)
    );
    let open: Vec<_> = list(&[PostState::Prepared, PostState::Broadcast, PostState::Mined])
        .iter()
        .map(|post| post.id)
        .collect();
    assert_eq!(open, [first, second]);
    let got = store.read_blocking("get", |reader| reader.posts().get(second));
    assert_eq!(
        got.expect("a read").expect("the second").state,
        PostState::Prepared
    );
}

fn anchor(store: &Store, log: LogRowId, seq: u64, post: PostId) -> Result<(), Error> {
    let new = NewAnchor {
        log,
        seq,
        size: 10 * seq,
        root: Digest::new([5; 32]),
        post,
    };
    store.run_tx_blocking("anchor", &[], move |tx| tx.anchors().insert(&new))
}

fn set(store: &Store, log: LogRowId, seq: u64, state: AnchorState) -> Result<(), Error> {
    store.run_tx_blocking("state", &[], move |tx| {
        tx.anchors().set_state(log, seq, &state)
    })
}

const ANCHORED: AnchorState = AnchorState::Anchored {
    block: 5,
    block_hash: [6; 32],
};

fn finalized() -> AnchorState {
    AnchorState::Finalized {
        block: 5,
        block_hash: [6; 32],
        time: at(50),
    }
}

fn an_anchor_moves_only_as_its_life_allows(world: &World) {
    let (store, facility) = world.with_facility();
    let log = add_log(&store, facility, "log.example.org/log/north").id;
    let (first, second) = (post(&store, 1).expect("new"), post(&store, 2).expect("new"));
    assert_eq!(anchor(&store, log, 1, first), Ok(()));
    assert_eq!(
        anchor(&store, log, 1, first),
        Err(Error::Taken(Taken::AnchorNumber))
    );
    assert_eq!(
        set(&store, log, 1, finalized()),
        Err(Error::Taken(Taken::AnchorState))
    );
    for state in [ANCHORED, AnchorState::Posted, ANCHORED, finalized()] {
        assert_eq!(set(&store, log, 1, state.clone()), Ok(()));
        let found = store
            .read_blocking("find", |reader| reader.anchors().find(log, 1))
            .expect("a read")
            .expect("the anchor");
        assert_eq!(found.state, state);
    }
    assert_eq!(
        set(&store, log, 1, ANCHORED),
        Err(Error::Taken(Taken::AnchorState))
    );
    store
        .run_tx_blocking("evidence", &[], move |tx| {
            tx.anchors().set_post(log, 1, second)?;
            tx.anchors().set_evidence(log, 1, b"header")
        })
        .expect("a stored anchor");
    let found = store.read_blocking("newest", |reader| reader.anchors().newest(log));
    let found = found.expect("a read").expect("the anchor");
    assert_eq!(found.evidence.as_deref(), Some(&b"header"[..]));
    assert_eq!(found.new.post, second);
}

fn the_newest_final_anchor_is_found(world: &World) {
    let (store, facility) = world.with_facility();
    let log = add_log(&store, facility, "log.example.org/log/north").id;
    for seq in 1..=4 {
        let post = post(&store, seq).expect("new");
        assert_eq!(anchor(&store, log, seq, post), Ok(()));
    }
    for seq in 1..=3 {
        assert_eq!(set(&store, log, seq, ANCHORED), Ok(()));
    }
    for seq in 1..=2 {
        assert_eq!(set(&store, log, seq, finalized()), Ok(()));
    }
    let (newest, all, waiting) = store
        .read_blocking("final", |reader| {
            let mut anchors = reader.anchors();
            Ok((
                anchors.newest_final(log)?,
                anchors.final_anchors(log, 10)?,
                anchors.list(AnchorState::Posted.name())?,
            ))
        })
        .expect("a read");
    assert_eq!(newest.expect("the second").new.seq, 2);
    let seqs = |anchors: &[store::Anchor]| -> Vec<u64> {
        anchors.iter().map(|anchor| anchor.new.seq).collect()
    };
    assert_eq!(seqs(&all), [2, 1]);
    assert_eq!(seqs(&waiting), [4]);
}

fn final_anchors_fall_back_where_the_chain_lost_them(world: &World) {
    let (store, facility) = world.with_facility();
    let log = add_log(&store, facility, "log.example.org/log/north").id;
    for seq in 1..=4 {
        let post = post(&store, seq).expect("new");
        assert_eq!(anchor(&store, log, seq, post), Ok(()));
        assert_eq!(set(&store, log, seq, ANCHORED), Ok(()));
    }
    for seq in 1..=3 {
        assert_eq!(set(&store, log, seq, finalized()), Ok(()));
    }
    let evidence = |seq| {
        store.run_tx_blocking("evidence", &[], move |tx| {
            tx.anchors().set_evidence(log, seq, b"header")
        })
    };
    assert_eq!((evidence(1), evidence(2)), (Ok(()), Ok(())));
    let above = store.read_blocking("final", |reader| reader.anchors().final_above(log, 1));
    let above: Vec<_> = above
        .expect("a read")
        .iter()
        .map(|anchor| anchor.new.seq)
        .collect();
    assert_eq!(above, [2, 3]);
    let fall_back =
        |seq| store.run_tx_blocking("fall back", &[], move |tx| tx.anchors().fall_back(log, seq));
    assert_eq!((fall_back(2), fall_back(3)), (Ok(()), Ok(())));
    assert_eq!(fall_back(3), Err(Error::Taken(Taken::AnchorState)));
    assert_eq!(fall_back(4), Err(Error::Taken(Taken::AnchorState)));
    let find = |seq| {
        let found = store.read_blocking("find", |reader| reader.anchors().find(log, seq));
        found.expect("a read").expect("the anchor")
    };
    assert_eq!(
        (find(2).state, find(2).evidence),
        (AnchorState::Posted, None)
    );
    assert!(find(1).evidence.is_some());
    let newest = store.read_blocking("newest", |reader| reader.anchors().newest_final(log));
    assert_eq!(newest.expect("a read").expect("the first").new.seq, 1);
}
