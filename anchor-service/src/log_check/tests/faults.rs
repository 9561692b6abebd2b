//! What someone may do to the rows of a log of 700 leaves, and what a check says of it.

use super::Site;

/// The rows of the first facility's log.
pub(super) const LOG: &str = "log_id = (SELECT min(id) FROM log WHERE facility_id = 1)";

/// One change to one table, and the beginnings of all that is found.
pub(super) struct Change {
    table: &'static str,
    pub(super) sql: String,
    pub(super) found: &'static [&'static str],
}

impl Change {
    /// Puts the rows back as they were.
    pub(super) fn undone(&self) -> String {
        let table = self.table;
        if table != "log" {
            return format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept_{table}");
        }
        let kept =
            |column| format!("{column} = (SELECT {column} FROM kept_log k WHERE k.id = log.id)");
        format!("UPDATE log SET {}, {}", kept("size"), kept("public_key"))
    }
}

/// All of them.
pub(super) fn all(site: &Site) -> Vec<Change> {
    let mut all = leaves(site);
    all.extend(tiles(site));
    all.extend(checkpoints(site));
    all.extend(anchors(site));
    all.extend(logs(site));
    all
}

fn update(table: &'static str, set: &str, which: &str, found: &'static [&'static str]) -> Change {
    let sql = format!("UPDATE {table} SET {set} WHERE {which} AND {LOG}");
    Change { table, sql, found }
}

fn delete(table: &'static str, which: &str, found: &'static [&'static str]) -> Change {
    let sql = format!("DELETE FROM {table} WHERE {which} AND {LOG}");
    Change { table, sql, found }
}

/// A row that is like another but for what is selected.
fn copy(table: &'static str, select: &str, which: &str, found: &'static [&'static str]) -> Change {
    let sql =
        format!("INSERT INTO {table} SELECT log_id, {select} FROM {table} WHERE {LOG} AND {which}");
    Change { table, sql, found }
}

fn leaves(site: &Site) -> Vec<Change> {
    let (other, short) = (site.bytes(7, 32), site.bytes(1, 3));
    let (other, short) = (
        format!("commitment = {other}"),
        format!("commitment = {short}"),
    );
    let row = |index| format!("{index}, commitment, record_tag, version");
    vec![
        update("leaf", &other, "idx = 5", &["entry 5"]),
        update("leaf", &short, "idx = 5", &["entry 5"]),
        update("leaf", &other, "idx = 699", &["entry 699"]),
        delete(
            "leaf",
            "idx IN (255, 256)",
            &["no-entry 255", "no-entry 256"],
        ),
        delete("leaf", "idx = 699", &["no-entry 699"]),
        copy("leaf", &row(700), "idx = 3", &["extra-entry 700"]),
        copy("leaf", &row(-1), "idx = 3", &["extra-entry -1"]),
    ]
}

fn tiles(site: &Site) -> Vec<Change> {
    let hashes = |count: usize| format!("hashes = {}", site.bytes(7, count * 32));
    vec![
        update("tile", &hashes(256), "level = 0 AND idx = 1", &["tile 0/1"]),
        update("tile", &hashes(1), "level = 0 AND idx = 0", &["tile 0/0"]),
        // One that has other hashes for all and too many of them.
        update("tile", &hashes(256), "level = 0 AND idx = 2", &["tile 0/2"]),
        delete("tile", "level = 0 AND idx = 2", &["tile 0/2"]),
        update("tile", &hashes(2), "level = 1", &["tile 1/0"]),
        update("tile", &hashes(3), "level = 1", &["tile 1/0"]),
        delete("tile", "level = 1", &["tile 1/0"]),
        copy("tile", "2, 0, hashes", "level = 1", &["tile 2/0"]),
        copy("tile", "0, 3, hashes", "level = 1", &["tile 0/3"]),
    ]
}

fn checkpoints(site: &Site) -> Vec<Change> {
    let root = format!("root = {}", site.bytes(7, 32));
    let short = format!("root = {}", site.bytes(1, 3));
    let note = "note = replace(note, '300', '301')";
    let (at, newest) = ("size = 300", "size = 700");
    let moved: &[&str] = &["checkpoint 301", "no-checkpoint 300"];
    let beyond: &[&str] = &["checkpoint 701", "size 700", "signed-state 700"];
    vec![
        update("checkpoint", &root, at, &["checkpoint 300"]),
        update("checkpoint", note, at, &["checkpoint 300"]),
        update("checkpoint", &short, at, &["checkpoint 300"]),
        update("checkpoint", &short, newest, &["checkpoint 700"]),
        update("checkpoint", "size = 301", at, moved),
        delete("checkpoint", at, &["no-checkpoint 300"]),
        delete("checkpoint", newest, &["no-checkpoint 700"]),
        copy("checkpoint", "701, root, time_ms, note", newest, beyond),
    ]
}

fn anchors(site: &Site) -> Vec<Change> {
    let other = site.bytes(7, 32);
    let (root, block) = (format!("root = {other}"), format!("block_hash = {other}"));
    let short = format!("root = {}", site.bytes(1, 3));
    let next =
        "seq + 1, size, root, post_id, state, block_number, block_hash, block_time_ms, evidence";
    let newest = format!("seq = (SELECT max(seq) FROM anchor WHERE state = 'finalized' AND {LOG})");
    // Its number is free once what is not final is cut.
    let extra = copy("anchor", next, &newest, &["extra-anchor "]);
    vec![
        update("anchor", &root, "seq = 1", &["anchor 1"]),
        update("anchor", "size = 700", "seq = 1", &["anchor "]),
        update("anchor", &block, "seq = 2", &["anchor 2"]),
        update("anchor", &short, "seq = 1", &["anchor 1"]),
        update("anchor", &short, &newest, &["anchor "]),
        delete("anchor", "seq = 1", &["no-anchor 1"]),
        Change {
            sql: format!(
                "{}; {}",
                delete("anchor", "state <> 'finalized'", &[]).sql,
                extra.sql
            ),
            ..extra
        },
    ]
}

fn logs(site: &Site) -> Vec<Change> {
    let key = format!(
        "UPDATE log SET public_key = {} WHERE facility_id = 1",
        site.bytes(7, 32)
    );
    vec![
        Change {
            table: "log",
            sql: key,
            found: &["log gw.test/log/a", "checkpoint "],
        },
        Change {
            table: "log",
            sql: "UPDATE log SET size = 70000 WHERE facility_id = 1".to_owned(),
            found: &["size 70000"],
        },
        Change {
            table: "log",
            sql: "UPDATE log SET size = 650 WHERE facility_id = 1".to_owned(),
            found: &[
                "size 650",
                "extra-entry ",
                "checkpoint 700",
                "anchor ",
                "tile 0/2",
            ],
        },
    ]
}
