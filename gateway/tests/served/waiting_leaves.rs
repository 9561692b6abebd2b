//! Leaves that wait without a mac, and leaves that were refused: what is genuine comes in,
//! and nothing else does.

use crate::{
    database::{Kind, on_both},
    house::{HOME, House},
    records,
    sweep::{HERE, whole},
};
use devkit::issuer::DemoUser;
use gateway::{
    log::refused_leaves::{Refused, RefusedLeaves, Standing, Wanted},
    work::sweep::FaultKind,
};
use model::{Tag, VersionNumber};
use store::{LeafClaims, LeafFault, Tx};

on_both! {
    a_start_shows_what_waited_before_and_refuses_what_was_put_there,
    a_leaf_that_was_damaged_can_be_put_in_again,
    a_row_whose_leaf_lost_its_name_can_have_it_again,
    a_refused_leaf_that_was_added_puts_nothing_into_the_log,
    a_refusal_that_was_cut_or_edited_lets_nothing_in,
}

const ALL: &str = "INSERT INTO pending_leaf (facility_id, commitment, record_tag, version, mac)";

/// A patient with two versions.
async fn site(kind: Kind) -> House {
    let house = House::start_on(kind).await;
    let system = house.caller(&DemoUser::System);
    let patient = system.create("Patient", records::patient("a")).await;
    let record = records::with_id(records::patient("a"), &patient);
    system
        .put(&format!("Patient/{patient}"), record)
        .await
        .expect(200);
    house
}

/// What the anchor-service finds: it takes away what it refuses.
async fn claims(house: &House) -> LeafClaims {
    let facility = house.facility(HOME).await;
    let look = move |tx: &mut Tx| {
        let claims = tx.leaves().claims(facility, 1_000)?;
        for (leaf, fault) in &claims.refused {
            tx.leaves().refuse(facility, leaf, *fault)?;
        }
        Ok(claims)
    };
    house.store.run_tx("claims", &[], look).await.unwrap()
}

async fn look(leaves: &RefusedLeaves, wanted: Wanted) -> Vec<Refused> {
    let mut all = Vec::new();
    let told = |refused: &Refused| all.push(refused.clone());
    leaves.look(wanted, told).await.unwrap();
    all
}

fn count(house: &House, table: &str) -> usize {
    let lines = house.query(&format!("SELECT count(*) FROM {table} WHERE {HERE}"));
    lines[0][0].parse().unwrap()
}

async fn a_start_shows_what_waited_before_and_refuses_what_was_put_there(kind: Kind) {
    let house = site(kind).await;
    let genuine = count(&house, "pending_leaf");
    assert_eq!(claims(&house).await.good.len(), genuine);
    // As an earlier release left them, and beside them: a record that never was, another
    // commitment of one that is, and what is no leaf at all.
    house.sql(&format!(
        "UPDATE pending_leaf SET mac = NULL WHERE {HERE};
         {ALL} SELECT facility_id, commitment, record_tag, 9, NULL FROM pending_leaf
            WHERE {HERE} AND version = 2;
         {ALL} SELECT p.facility_id, o.commitment, p.record_tag, p.version, NULL
            FROM pending_leaf p, pending_leaf o
            WHERE p.{HERE} AND p.version = 2 AND o.{HERE} AND o.id =
                (SELECT min(id) FROM pending_leaf WHERE {HERE});
         {ALL} SELECT facility_id, mac, mac, -1, NULL FROM pending_leaf
            WHERE NOT {HERE} ORDER BY id LIMIT 1"
    ));
    assert_eq!(claims(&house).await, LeafClaims::default(), "none is shown");
    house.opens().await.unwrap();
    assert_eq!(claims(&house).await.good.len(), genuine);
    // The last of them is the other facility's as it was, so it stays there.
    assert_eq!(count(&house, "refused_leaf"), 2);
    let leaves = house.refused_leaves(HOME).await;
    let looked = look(&leaves, Wanted::default()).await;
    let standing: Vec<_> = looked
        .iter()
        .map(|leaf| (leaf.fault, leaf.standing))
        .collect();
    let row = Some(LeafFault::Row);
    assert_eq!(standing, [(row, Standing::NoRow), (row, Standing::HasLeaf)]);
    assert_eq!(whole(&house).await.faults.total(), 0);
}

async fn a_leaf_that_was_damaged_can_be_put_in_again(kind: Kind) {
    let house = site(kind).await;
    let genuine = count(&house, "pending_leaf");
    // A mac and a commitment of two versions; a replay of a third leaf beside them.
    house.sql(&format!(
        "{ALL} SELECT facility_id, commitment, record_tag, version, mac FROM pending_leaf
            WHERE {HERE} AND id = (SELECT min(id) FROM pending_leaf WHERE {HERE});
         UPDATE pending_leaf SET mac = commitment WHERE {HERE} AND version = 2;
         UPDATE pending_leaf SET commitment =
            (SELECT commitment FROM pending_leaf WHERE {HERE} AND version = 2)
            WHERE id = (SELECT p.id FROM pending_leaf p JOIN version v
                ON v.record_tag = p.record_tag AND v.version = p.version
                WHERE v.version = 1 AND v.{HERE})"
    ));
    let found = claims(&house).await;
    assert_eq!((found.good.len(), found.refused.len()), (genuine - 2, 3));
    let leaves = house.refused_leaves(HOME).await;
    let wanted = |put_again, forget| Wanted { put_again, forget };
    let standing = |all: Vec<Refused>| {
        let mut all: Vec<_> = all
            .iter()
            .map(|leaf| (leaf.standing, leaf.put_again))
            .collect();
        all.sort_by_key(|(standing, _)| standing.as_str());
        all
    };
    let looked = look(&leaves, wanted(false, true)).await;
    let (lacks, has) = ((Standing::Lacks, false), (Standing::HasLeaf, false));
    assert_eq!(standing(looked), [has, lacks, lacks]);
    assert_eq!(count(&house, "refused_leaf"), 2, "those that lack one stay");
    let looked = look(&leaves, wanted(true, false)).await;
    assert_eq!(standing(looked), [(Standing::Lacks, true); 2]);
    let found = claims(&house).await;
    assert_eq!((found.good.len(), found.refused.len()), (genuine, 0));
    assert_eq!(whole(&house).await.faults.total(), 0);
    let looked = look(&leaves, wanted(true, true)).await;
    assert_eq!(standing(looked), [has, has]);
    assert_eq!(count(&house, "refused_leaf"), 0);
}

async fn a_row_whose_leaf_lost_its_name_can_have_it_again(kind: Kind) {
    let house = site(kind).await;
    let tag = tag_of_second(&house, kind);
    house.sql(&format!(
        "DELETE FROM pending_leaf WHERE {HERE} AND version = 2"
    ));
    let leaves = house.refused_leaves(HOME).await;
    let number = VersionNumber::new(2).unwrap();
    let put = leaves.put_again(tag, number).await.unwrap();
    assert_eq!(put.to_string(), format!("{tag} 2\t-\tput again"));
    let again = leaves.put_again(tag, number).await.unwrap();
    assert_eq!(again.to_string(), format!("{tag} 2\t-\thas-leaf"));
    let third = VersionNumber::new(3).unwrap();
    let none = leaves.put_again(tag, third).await.unwrap();
    assert_eq!(none.to_string(), format!("{tag} 3\t-\tno-row"));
    assert!(![put, again, none].iter().any(Refused::lacks));
    assert_eq!(claims(&house).await.refused, []);
    assert_eq!(whole(&house).await.faults.total(), 0);
}

/// Of a record that never was, of a row that has its leaf, and of what is no name at all.
async fn a_refused_leaf_that_was_added_puts_nothing_into_the_log(kind: Kind) {
    let house = site(kind).await;
    let waiting = count(&house, "pending_leaf");
    let refused =
        "INSERT INTO refused_leaf (facility_id, commitment, record_tag, version, mac, cause)";
    house.sql(&format!(
        "{refused} SELECT facility_id, commitment, record_tag, 9, mac, 'mac' FROM pending_leaf
            WHERE {HERE} AND version = 2;
         {refused} SELECT facility_id, mac, record_tag, version, mac, 'twice' FROM pending_leaf
            WHERE {HERE} AND version = 2;
         {refused} SELECT facility_id, commitment, commitment, -1, NULL, 'nonsense'
            FROM pending_leaf WHERE {HERE} AND version = 2"
    ));
    let leaves = house.refused_leaves(HOME).await;
    let wanted = Wanted {
        put_again: true,
        forget: false,
    };
    let looked = look(&leaves, wanted).await;
    let seen: Vec<_> = looked
        .iter()
        .map(|leaf| (leaf.fault, leaf.standing, leaf.put_again))
        .collect();
    assert_eq!(
        seen,
        [
            (Some(LeafFault::Mac), Standing::NoRow, false),
            (Some(LeafFault::Twice), Standing::HasLeaf, false),
            (None, Standing::NoRow, false),
        ]
    );
    assert_eq!(count(&house, "pending_leaf"), waiting);
    assert_eq!(whole(&house).await.faults.total(), 0);
}

async fn a_refusal_that_was_cut_or_edited_lets_nothing_in(kind: Kind) {
    let house = site(kind).await;
    let genuine = count(&house, "pending_leaf");
    house.sql(&format!(
        "UPDATE pending_leaf SET mac = commitment WHERE {HERE} AND version = 2"
    ));
    assert_eq!(claims(&house).await.refused.len(), 1);
    let leaves = house.refused_leaves(HOME).await;
    let wanted = Wanted {
        put_again: true,
        forget: false,
    };
    // Under another name it is that of nothing; its row goes on without a leaf.
    house.sql("UPDATE refused_leaf SET version = 9, cause = 'twice'");
    let looked = look(&leaves, wanted).await;
    assert_eq!(looked.len(), 1);
    let seen = (looked[0].standing, looked[0].put_again);
    assert_eq!(seen, (Standing::NoRow, false));
    house.sql("DELETE FROM refused_leaf");
    assert_eq!(look(&leaves, wanted).await, []);
    assert_eq!(claims(&house).await.good.len(), genuine - 1);
    // The sweep names the row, and the operator gives it its leaf.
    let swept = whole(&house).await.faults;
    assert_eq!((swept.count(FaultKind::NoLeaf), swept.total()), (1, 1));
    let tag = tag_of_second(&house, kind);
    let number = VersionNumber::new(2).unwrap();
    let put = leaves.put_again(tag, number).await.unwrap();
    assert!(put.put_again, "{put}");
    assert_eq!(claims(&house).await.good.len(), genuine);
    assert_eq!(whole(&house).await.faults.total(), 0);
}

/// The record that has two versions.
fn tag_of_second(house: &House, kind: Kind) -> Tag {
    let tag = house.query(&format!(
        "SELECT {} FROM version WHERE {HERE} AND version = 2",
        hex(kind)
    ));
    tag[0][0].to_lowercase().parse().unwrap()
}

const fn hex(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "hex(record_tag)",
        Kind::Postgres => "encode(record_tag, 'hex')",
    }
}
