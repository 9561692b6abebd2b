//! Old anchors are thinned: after seven days, of the anchors of an hour the last that grew
//! stays. A newer anchor covers every leaf of those that go, so that `$proof` finds one for
//! each leaf as before. A bundle that was handed out carries its own checkpoint and needs no
//! row here, and the chain keeps every anchor for whoever makes a trust file.
//!
//! What stays is the first anchor of its size, never a heartbeat, and the newest of all.
//! Nothing goes of a log in which a check has found anything, or that was not compared with
//! the chain; and no transaction while there is such a log.

use crate::{
    failure::StepError,
    log::journal::{Journal, Log},
};
use model::Timestamp;
use store::{AgedAnchor, Between, LogRowId};

/// Since when an anchor may go.
pub(crate) const WHOLE_MILLIS: i64 = 7 * 86_400_000;
const HOUR_MILLIS: i64 = 3_600_000;
/// Rows in one transaction: writers wait for it.
const ROWS_PER_TRANSACTION: u32 = 500;
/// Rows in one read.
const ROWS_PER_READ: u32 = 4_096;

/// Rows that went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Thinned {
    pub(crate) anchors: u64,
    pub(crate) checkpoints: u64,
}

/// Thins one log.
pub(crate) async fn thin(
    journal: &Journal,
    log: &Log,
    now: Timestamp,
) -> Result<Thinned, StepError> {
    let Some(before) = whole_since(now) else {
        return Ok(Thinned::default());
    };
    let mut thinned = Thinned {
        anchors: anchors(journal, log.id, before).await?,
        checkpoints: 0,
    };
    let Some(newest) = journal.last_final(log.id).await? else {
        return Ok(thinned);
    };
    let mut after = 0;
    loop {
        let between = Between {
            after,
            below: newest.size,
        };
        let sizes = journal
            .bare_checkpoints(log.id, between, before, ROWS_PER_TRANSACTION)
            .await?;
        let Some(last) = sizes.last().copied() else {
            break;
        };
        (after, thinned.checkpoints) = (last, thinned.checkpoints + sizes.len() as u64);
        journal.remove_checkpoints(log.id, sizes).await?;
    }
    Ok(thinned)
}

/// Lets old transactions go that were replaced or failed; they may hold anchors of any log.
pub(crate) async fn thin_attempts(journal: &Journal, now: Timestamp) -> Result<(), StepError> {
    let Some(before) = whole_since(now) else {
        return Ok(());
    };
    journal.remove_attempts(before, ROWS_PER_TRANSACTION).await
}

/// What is older may go.
fn whole_since(now: Timestamp) -> Option<Timestamp> {
    Timestamp::from_millis(now.as_millis().saturating_sub(WHOLE_MILLIS)).ok()
}

async fn anchors(journal: &Journal, log: LogRowId, before: Timestamp) -> Result<u64, StepError> {
    let (mut after, mut thinned) = (0, 0);
    loop {
        let page = journal.aged_anchors(log, after, ROWS_PER_READ).await?;
        let more = page.len() == ROWS_PER_READ as usize;
        let (gone, resume) = superfluous(&page, before.as_millis(), more);
        let progress = resume.is_some() || !gone.is_empty();
        thinned += gone.len() as u64;
        for seqs in gone.chunks(ROWS_PER_TRANSACTION as usize) {
            journal.remove_anchors(log, seqs.to_vec()).await?;
        }
        let young = page.last().is_none_or(|last| last.time >= before);
        if !more || young || !progress {
            return Ok(thinned);
        }
        after = resume.unwrap_or(after);
    }
}

/// The numbers that may go of final anchors in order, and the number after which the next
/// look begins; none where the same look, without those that went, shows more. The first of
/// them is no heartbeat. Where there are `more` to come, nothing is said of the last that
/// grew, because what comes after it decides.
pub(crate) fn superfluous(
    anchors: &[AgedAnchor],
    before: i64,
    more: bool,
) -> (Vec<u64>, Option<u64>) {
    let mut gone = Vec::new();
    let mut resume = None;
    let mut rest = anchors;
    while let Some((first, others)) = rest.split_first() {
        let beats = others
            .iter()
            .take_while(|anchor| anchor.size == first.size)
            .count();
        let (beats, next) = others.split_at_checked(beats).unwrap_or((others, &[]));
        let Some(grown) = next.first() else {
            // The newest of all stays, whatever it is.
            let older = beats.split_last().map_or(&[][..], |(_, older)| older);
            gone.extend(old(if more { beats } else { older }, before));
            break;
        };
        gone.extend(old(beats, before));
        if hour(first) == hour(grown) {
            gone.extend(old(std::slice::from_ref(first), before));
        }
        resume = Some(grown.seq - 1);
        rest = next;
    }
    (gone, resume)
}

fn old(anchors: &[AgedAnchor], before: i64) -> impl Iterator<Item = u64> {
    let old = anchors
        .iter()
        .filter(move |anchor| anchor.time.as_millis() < before);
    old.map(|anchor| anchor.seq)
}

fn hour(anchor: &AgedAnchor) -> i64 {
    anchor.time.as_millis().div_euclid(HOUR_MILLIS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn at(seq: u64, size: u64, minutes: i64) -> AgedAnchor {
        AgedAnchor {
            seq,
            size,
            time: Timestamp::from_millis(minutes * MINUTE).unwrap(),
        }
    }

    /// Growth in every minute of three hours, with a heartbeat now and then.
    fn busy() -> Vec<AgedAnchor> {
        let mut anchors = Vec::new();
        for minute in 0..180 {
            anchors.push(at(anchors.len() as u64 + 1, 10 + minute, minute as i64));
            if minute % 50 == 0 {
                anchors.push(at(anchors.len() as u64 + 1, 10 + minute, minute as i64));
            }
        }
        anchors
    }

    #[test]
    fn the_last_that_grew_stays_of_each_hour() {
        let anchors = busy();
        let (gone, _) = superfluous(&anchors, i64::MAX, false);
        let kept: Vec<_> = anchors
            .iter()
            .filter(|anchor| !gone.contains(&anchor.seq))
            .collect();
        let sizes: Vec<_> = kept.iter().map(|anchor| anchor.size).collect();
        assert_eq!(sizes, [69, 129, 189]);
        for one in &kept {
            let first = anchors.iter().find(|anchor| anchor.size == one.size);
            assert_eq!(first, Some(*one), "never a heartbeat");
        }
        // What is young stays, and so does all of a log that nothing grew in.
        let young = superfluous(&anchors, 60 * MINUTE, false).0;
        assert!(young.iter().all(|seq| *seq <= 62), "{young:?}");
        let quiet = [at(1, 5, 0), at(2, 5, 60), at(3, 5, 120)];
        assert_eq!(superfluous(&quiet, i64::MAX, false).0, [2]);
        assert_eq!(superfluous(&[], i64::MAX, false), (Vec::new(), None));
    }

    #[test]
    fn pages_say_the_same_as_the_whole() {
        let anchors = busy();
        let (whole, _) = superfluous(&anchors, i64::MAX, false);
        for size in [2, 3, 7, 64, 1_000] {
            let (mut rows, mut after, mut gone) = (anchors.clone(), 0, Vec::new());
            loop {
                let rest: Vec<_> = rows
                    .iter()
                    .filter(|anchor| anchor.seq > after)
                    .copied()
                    .collect();
                let more = rest.len() >= size;
                let page = rest.get(..size).unwrap_or(&rest);
                let (found, resume) = superfluous(page, i64::MAX, more);
                if !more {
                    gone.extend(found);
                    break;
                }
                assert!(resume.is_some() || !found.is_empty(), "by {size}");
                rows.retain(|anchor| !found.contains(&anchor.seq));
                gone.extend(found);
                after = resume.unwrap_or(after);
            }
            gone.sort_unstable();
            let mut whole = whole.clone();
            whole.sort_unstable();
            assert_eq!(gone, whole, "by {size}");
        }
    }
}
