//! What the database must hold in the end, asked of the database itself.

use crate::{books::Inside, server::Server, site::Site};
use e2e::{Dice, until};

/// The versions whose proofs are fetched and verified.
const PROOFS: usize = 3;

/// All is there, once, and final: the API first, then proofs, then the tables.
pub fn assert_all(site: &Site, server: &Server, inside: &Inside) {
    let dice = Dice::new(77);
    let users = site.users();
    let user = &users[0];
    inside.check(&user.at, &dice);
    assert_audited(server, inside);
    let versions: Vec<&str> = inside
        .records
        .values()
        .flat_map(|record| &record.versions)
        .map(|version| &*version.path)
        .collect();
    for version in dice.some_of(versions, PROOFS) {
        let Site {
            house,
            log,
            chain,
            registry,
            ..
        } = site;
        house.assert_proof(user, version, log, chain, registry);
    }
    assert_once_and_final(server);
    let logged = site.logged();
    assert!(!logged.contains("panicked"), "{logged}");
}

/// No answer without its audit record.
fn assert_audited(server: &Server, inside: &Inside) {
    for (what, answered) in &inside.answered {
        let count = format!("SELECT count(*) FROM audit WHERE interaction = '{what}'");
        let audited = server.number(&count);
        assert!(
            audited >= *answered,
            "{what}: {audited} of {answered} answers audited"
        );
    }
}

/// Each version and each audit record has one leaf, the log has no other gaps or
/// doubles, and a final anchor covers all of it.
pub fn assert_once_and_final(server: &Server) {
    wait_until_final(server);
    assert_once(server);
}

/// Waits until a final anchor covers all of every log.
pub fn wait_until_final(server: &Server) {
    let covered = "SELECT (SELECT count(*) FROM pending_leaf) = 0 AND bool_and(size = \
                   (SELECT coalesce(max(a.size), 0) FROM anchor a \
                   WHERE a.log_id = log.id AND a.state = 'finalized')) FROM log";
    until("everything final", 90, || {
        (server.ask(covered) == "t").then_some(())
    });
}

/// The same of places alone, and that an anchor has the root of its checkpoint.
pub fn assert_once(server: &Server) {
    let none = [
        (
            "leaves without a place or with two",
            "SELECT count(*) FROM (SELECT log.size FROM log LEFT JOIN leaf ON leaf.log_id = \
             log.id GROUP BY log.id HAVING count(leaf.idx) <> log.size OR \
             coalesce(max(leaf.idx) + 1, 0) <> log.size) AS wrong",
        ),
        (
            "commitments twice",
            "SELECT count(*) - count(DISTINCT commitment) FROM leaf",
        ),
        (
            "things with two leaves",
            "SELECT count(*) - count(DISTINCT (record_tag, version)) FROM leaf",
        ),
        (
            "versions without a leaf",
            "SELECT count(*) FROM version v WHERE NOT EXISTS (SELECT FROM leaf l WHERE \
             l.record_tag = v.record_tag AND l.version = v.version)",
        ),
        (
            "audit records without a leaf",
            "SELECT count(*) FROM audit a WHERE NOT EXISTS (SELECT FROM leaf l WHERE \
             l.record_tag = a.record_tag)",
        ),
        (
            "records with a gap or a double among their versions",
            "SELECT count(*) FROM (SELECT record_tag FROM version GROUP BY facility_id, \
             record_tag HAVING count(*) <> max(version) OR min(version) <> 1) AS wrong",
        ),
        (
            "anchors out of line",
            "SELECT count(*) FROM (SELECT log_id FROM anchor WHERE state = 'finalized' GROUP \
             BY log_id HAVING count(*) <> max(seq)) AS wrong",
        ),
        (
            "anchors of another root than the log's key signed",
            "SELECT count(*) FROM anchor a JOIN checkpoint c USING (log_id, size) \
             WHERE a.root <> c.root",
        ),
    ];
    for (what, count) in none {
        assert_eq!(server.number(count), 0, "{what}");
    }
}
