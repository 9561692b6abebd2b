//! Which of several processes over one database does a piece of work: the one whose lease
//! stands in the row. The others stand by, and take it by compare-and-swap once it has run
//! out.
//!
//! A lease is for order. Clocks differ, so two processes can believe at once that they have
//! it: whatever does harm when it is done twice must be refused where it is written.
//!
//! The row is not known here, nor the work.

/// How long a lease lasts, and when another's is not believed. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// Time for which a holder that is not heard of keeps the lease.
    pub millis: i64,
    /// When another's lease does not count although its time is not over.
    pub doubt: Doubt,
}

/// A clock that is far ahead, or somebody who writes to the database, could keep everybody
/// from the work for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// The lease ends later than this time from now.
    EndsBeyond(i64),
    /// The lease has stood unchanged for a whole term while this process looked on.
    Unchanged,
}

/// A lease as it stands in its row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The process, by the random bytes of its start.
    pub holder: Vec<u8>,
    /// Its end by the holder's clock; 0 when it was given back.
    pub until: i64,
}

/// One process that may take the lease.
#[derive(Debug, Clone)]
pub struct Party {
    id: [u8; 16],
    terms: Terms,
    /// Another's lease as it was seen first, and the time of that by our clock.
    seen: Option<(Claim, i64)>,
}

impl Party {
    /// The id is random at each start: a process that comes back is another one.
    #[must_use]
    pub const fn new(id: [u8; 16], terms: Terms) -> Self {
        Self {
            id,
            terms,
            seen: None,
        }
    }

    /// The bytes that stand for this process in the row.
    #[must_use]
    pub const fn id(&self) -> [u8; 16] {
        self.id
    }

    /// The end of a lease that is taken or renewed now.
    #[must_use]
    pub const fn until(&self, now: i64) -> i64 {
        now.saturating_add(self.terms.millis)
    }

    /// Whether the lease is another's, so that this process stands by.
    pub fn stands_by(&mut self, found: Option<&Claim>, now: i64) -> bool {
        let Some(other) = found.filter(|claim| claim.holder != self.id) else {
            return false;
        };
        // Before its time is looked at: a lease that has run out is also seen.
        let is_doubted = match self.terms.doubt {
            Doubt::EndsBeyond(longest) => other.until.saturating_sub(now) > longest,
            Doubt::Unchanged => self.has_stood(other, now) >= self.terms.millis,
        };
        other.until > now && !is_doubted
    }

    /// Notes that this process has taken the lease.
    pub fn took(&mut self) {
        self.seen = None;
    }

    /// For how long another's lease has stood unchanged.
    fn has_stood(&mut self, other: &Claim, now: i64) -> i64 {
        match &self.seen {
            Some((seen, since)) if seen == other => now.saturating_sub(*since),
            _ => {
                self.seen = Some((other.clone(), now));
                0
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: [u8; 16] = [1; 16];

    fn party(doubt: Doubt) -> Party {
        Party::new(ME, Terms { millis: 10, doubt })
    }

    fn claim(holder: u8, until: i64) -> Claim {
        Claim {
            holder: vec![holder; 16],
            until,
        }
    }

    #[test]
    fn a_lease_is_to_be_had_when_there_is_none_or_it_has_run_out_or_is_ours() {
        for doubt in [Doubt::EndsBeyond(100), Doubt::Unchanged] {
            let mut party = party(doubt);
            assert!(!party.stands_by(None, 50));
            assert!(!party.stands_by(Some(&claim(1, 99)), 50), "ours");
            assert!(party.stands_by(Some(&claim(2, 51)), 50));
            assert!(!party.stands_by(Some(&claim(2, 50)), 50), "over");
            assert!(!party.stands_by(Some(&claim(2, 0)), 50), "given back");
        }
    }

    #[test]
    fn a_lease_that_ends_too_far_from_now_counts_for_nothing() {
        let mut party = party(Doubt::EndsBeyond(100));
        assert!(party.stands_by(Some(&claim(2, 150)), 50));
        assert!(!party.stands_by(Some(&claim(2, 151)), 50));
        assert!(!party.stands_by(Some(&claim(2, i64::MAX)), i64::MIN));
    }

    #[test]
    fn a_lease_that_nobody_renews_counts_for_a_term_whatever_its_time() {
        let mut party = party(Doubt::Unchanged);
        let far = claim(2, i64::MAX);
        assert!(party.stands_by(Some(&far), 50));
        assert!(party.stands_by(Some(&far), 59));
        assert!(!party.stands_by(Some(&far), 60));
        let renewed = claim(2, i64::MAX - 1);
        assert!(party.stands_by(Some(&renewed), 60));
        assert!(party.stands_by(Some(&renewed), 69));
        party.took();
        assert!(party.stands_by(Some(&renewed), 70), "seen anew");
    }

    #[test]
    fn a_term_does_not_run_over() {
        let party = party(Doubt::Unchanged);
        assert_eq!(party.until(5), 15);
        assert_eq!(party.until(i64::MAX), i64::MAX);
    }
}
