//! When several nodes agree: rules over their answers and the number of nodes that are
//! configured. A node that gives no answer is not one fewer to be convinced, or the only one
//! that answers would always be most of them. Where fewer answer than a rule needs, and
//! nothing rests on it that cannot be taken back, all that answer have to agree.

/// More than half.
pub const fn most(configured: usize) -> usize {
    configured / 2 + 1
}

/// Half, or more.
pub const fn half(configured: usize) -> usize {
    configured.div_ceil(2)
}

/// What most of the nodes say; `None` without such an answer.
pub fn said_by_most<T: PartialEq>(answers: &[T], configured: usize) -> Option<&T> {
    said_by(answers, most(configured))
}

/// What most of the nodes say, or all that answer where these are fewer.
pub fn agreed<T: PartialEq>(answers: &[T], configured: usize) -> Option<&T> {
    said_by(answers, most(configured).min(answers.len()))
}

fn said_by<T: PartialEq>(answers: &[T], needed: usize) -> Option<&T> {
    let votes = |one: &T| answers.iter().filter(|other| *other == one).count();
    answers.iter().find(|one| votes(one) >= needed)
}

/// The highest number that so many nodes have reached, or all that answer where these are
/// fewer. With [`half`] of three it is the middle one, and of two the higher.
pub fn reached<T: Ord>(mut answers: Vec<T>, needed: usize) -> Option<T> {
    answers.sort_unstable_by(|a, b| b.cmp(a));
    let place = needed.min(answers.len()).checked_sub(1)?;
    answers.into_iter().nth(place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_are_more_than_half_of_those_that_are_configured() {
        assert_eq!([1, 2, 3, 4, 5].map(most), [1, 2, 2, 3, 3]);
        assert_eq!(said_by_most(&[7, 7, 9], 3), Some(&7));
        assert_eq!(said_by_most(&[9, 7, 7], 3), Some(&7));
        // Two that do not answer are not outvoted by one that does.
        assert_eq!(said_by_most(&[9], 3), None);
        assert_eq!(said_by_most(&[9], 2), None);
        assert_eq!(said_by_most(&[9], 1), Some(&9));
        assert_eq!(said_by_most(&[7, 7, 9, 9], 4), None);
        assert_eq!(said_by_most::<u64>(&[], 1), None);
    }

    #[test]
    fn of_few_answers_all_have_to_agree() {
        assert_eq!(agreed(&[7, 9, 7], 3), Some(&7));
        assert_eq!(agreed(&[7, 9], 3), None);
        assert_eq!(agreed(&[7, 7], 5), Some(&7));
        assert_eq!(agreed(&[7], 3), Some(&7));
        assert_eq!(agreed::<u64>(&[], 3), None);
    }

    #[test]
    fn a_number_is_what_half_have_reached() {
        let count = |answers: &[u64], configured| reached(answers.to_vec(), half(configured));
        // Honest 10 and 11, and one that lies.
        assert_eq!(count(&[10, 99, 11], 3), Some(11));
        assert_eq!(count(&[0, 10, 11], 3), Some(10));
        assert_eq!(count(&[10, 11], 2), Some(11), "the other lags");
        // Beside one that does not answer the one that lies decides no more.
        assert_eq!(count(&[10, 99], 3), Some(10));
        assert_eq!(count(&[10], 3), Some(10));
        assert_eq!(count(&[], 3), None);
    }

    #[test]
    fn final_is_what_most_have_reached() {
        let height = |answers: &[Option<u64>], configured| {
            reached(answers.to_vec(), most(configured)).flatten()
        };
        // One that stands still, or knows none, holds up nothing.
        assert_eq!(height(&[Some(1), Some(80), Some(81)], 3), Some(80));
        assert_eq!(height(&[None, Some(80), Some(81)], 3), Some(80));
        assert_eq!(height(&[Some(80), Some(99), Some(81)], 3), Some(81));
        // Of two both have to.
        assert_eq!(height(&[Some(80), Some(99)], 2), Some(80));
        assert_eq!(height(&[Some(80), Some(99)], 3), Some(80));
        assert_eq!(height(&[Some(80)], 2), Some(80));
    }
}
