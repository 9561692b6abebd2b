//! When several nodes agree: rules over their answers and the number of nodes that are
//! configured. A node that gives no answer is not one fewer to be convinced, or the only one
//! that answers would always be most of them.

/// Blocks by which nodes may differ that keep up.
const CLOSE: u64 = 8;

/// More than half.
pub const fn most(configured: usize) -> usize {
    configured / 2 + 1
}

/// What most of the nodes say; `None` without such an answer.
pub fn said_by_most<T: PartialEq>(answers: &[T], configured: usize) -> Option<&T> {
    let votes = |one: &T| answers.iter().filter(|other| *other == one).count();
    let needed = most(configured);
    answers.iter().find(|one| votes(one) >= needed)
}

/// The number that most have reached, and most have not gone beyond: of three the middle one,
/// and of two what both say.
pub fn settled_on<T: Ord + Copy>(answers: &[T], configured: usize) -> Option<T> {
    let (low, high) = between(answers, configured)?;
    (low == high).then_some(low)
}

/// The highest number that most have reached, and the lowest that most have not gone beyond.
pub fn between<T: Ord + Copy>(answers: &[T], configured: usize) -> Option<(T, T)> {
    let mut sorted = answers.to_vec();
    sorted.sort_unstable();
    let place = most(configured) - 1;
    let high = sorted.get(place).copied()?;
    sorted.reverse();
    Some((sorted.get(place).copied()?, high))
}

/// The highest number that most have reached.
pub fn reached_by_most<T: Ord + Copy>(answers: &[T], configured: usize) -> Option<T> {
    between(answers, configured).map(|(low, _)| low)
}

/// Whether heights of blocks are those of most and so close that others, wherever they are,
/// would not move what most have reached by much: one that stands still is not the one to go by.
pub fn are_close(heights: &[u64], configured: usize) -> bool {
    between(heights, configured).is_some_and(|(low, high)| high.saturating_sub(low) <= CLOSE)
}

/// The highest number that most have reached, or all that answer where these are fewer: for
/// what decides nothing that stays.
pub fn reached<T: Ord>(mut answers: Vec<T>, configured: usize) -> Option<T> {
    answers.sort_unstable_by(|a, b| b.cmp(a));
    let place = most(configured).min(answers.len()).checked_sub(1)?;
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
    fn a_number_is_settled_when_no_one_node_can_move_it() {
        // Honest 10 and 11, and one that lies.
        assert_eq!(settled_on(&[10, 99, 11], 3), Some(11));
        assert_eq!(settled_on(&[0, 10, 11], 3), Some(10));
        assert_eq!(settled_on(&[10, 10], 3), Some(10));
        assert_eq!(settled_on(&[10, 99], 3), None);
        assert_eq!(settled_on(&[0, 10], 2), None);
        assert_eq!(settled_on(&[99], 3), None);
        assert_eq!(settled_on(&[10], 1), Some(10));
        assert_eq!(settled_on::<u64>(&[], 1), None);
        assert_eq!(between(&[10, 99, 12], 3), Some((12, 12)));
        assert_eq!(between(&[10, 99], 3), Some((10, 99)));
    }

    #[test]
    fn final_is_what_most_have_reached() {
        let height = |answers: &[Option<u64>], configured| reached_by_most(answers, configured);
        // One that stands still, or knows none, holds up nothing.
        assert_eq!(height(&[Some(1), Some(80), Some(81)], 3), Some(Some(80)));
        assert_eq!(height(&[None, Some(80), Some(81)], 3), Some(Some(80)));
        assert_eq!(height(&[Some(80), Some(99), Some(81)], 3), Some(Some(81)));
        // Of two both have to.
        assert_eq!(height(&[Some(80), Some(99)], 2), Some(Some(80)));
        assert_eq!(height(&[Some(80), Some(99)], 3), Some(Some(80)));
        assert_eq!(height(&[Some(80)], 2), None, "one alone");
    }

    #[test]
    fn heights_are_close_when_one_more_would_not_move_them_by_much() {
        assert!(are_close(&[80, 82], 3));
        assert!(!are_close(&[80], 3), "one alone");
        assert!(!are_close(&[1, 80], 3), "one of them stands still, or lies");
        assert!(are_close(&[1, 80, 82], 3), "the middle one counts");
        assert!(are_close(&[80], 1));
    }

    #[test]
    fn what_decides_nothing_is_taken_of_those_that_answer() {
        assert_eq!(reached(vec![5, 600, 7], 3), Some(7));
        assert_eq!(reached(vec![5, 600], 3), Some(5));
        assert_eq!(reached(vec![5], 3), Some(5));
        assert_eq!(reached::<u64>(vec![], 3), None);
        assert_eq!(reached(vec![true, false], 2), Some(false));
    }
}
