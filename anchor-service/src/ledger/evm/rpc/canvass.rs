//! One question to all nodes at once. Whoever asks goes on once the answers that are there
//! suffice, so that a slow node holds up nothing. The others have a moment more, for one that
//! says something else is to be known; those that use it up are named, and passed over like
//! any that fails.

use super::{endpoint::Endpoint, node::Node, rules};
use crate::ledger::LedgerError;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::{
    task::{JoinError, JoinSet},
    time::{Instant, timeout_at},
};
use tracing::{Instrument as _, Span};

/// How much later than what suffices an answer may come, or as long again as that took.
const SLOW: Duration = Duration::from_secs(2);

/// What nodes answered, in the order of the configuration.
struct Heard<R> {
    places: Vec<usize>,
    said: Vec<(Node, R)>,
    failed: BTreeMap<usize, LedgerError>,
}

impl<R> Heard<R> {
    const NOTHING: Self = Self {
        places: Vec::new(),
        said: Vec::new(),
        failed: BTreeMap::new(),
    };

    fn take(&mut self, place: usize, node: Node, answer: Result<R, LedgerError>) {
        match answer {
            Ok(answer) => {
                let at = self.places.partition_point(|before| *before < place);
                self.places.insert(at, place);
                self.said.insert(at, (node, answer));
            }
            Err(error) => drop(self.failed.insert(place, error)),
        }
    }

    /// The answers; without any, why there is none: first what is so for every question.
    fn end(self) -> Result<Vec<(Node, R)>, LedgerError> {
        let failed = || self.failed.values();
        let first = failed()
            .find(|error| error.is_of_all_logs())
            .or_else(|| failed().next());
        match first {
            Some(error) if self.said.is_empty() => Err(error.clone()),
            _ => Ok(self.said),
        }
    }
}

impl Node {
    /// Asks each node by itself, all at once, until the answers suffice; gives them in the
    /// order of the configuration.
    ///
    /// # Errors
    /// When none answered, with why one did not.
    pub async fn of_enough<R, F>(
        &self,
        question: impl Fn(Self) -> F,
        suffice: impl Fn(&[(Self, R)]) -> bool,
    ) -> Result<Vec<(Self, R)>, LedgerError>
    where
        F: Future<Output = Result<R, LedgerError>> + Send + 'static,
        R: Send + 'static,
    {
        if !self.has_others {
            let answer = question(self.clone()).await?;
            return Ok(vec![(self.clone(), answer)]);
        }
        let (mut asked, mut waiting) = (JoinSet::new(), BTreeMap::new());
        let began = Instant::now();
        for (place, endpoint) in self.to_be_asked().into_iter().enumerate() {
            let alone = self.alone(endpoint);
            let answer = question(alone.clone());
            waiting.insert(place, alone);
            let task = async move { (place, answer.await) };
            asked.spawn(task.instrument(Span::current()));
        }
        let (mut heard, mut rest) = (Heard::NOTHING, None::<Duration>);
        let mut until = None;
        while let Some(ended) = next(&mut asked, until).await {
            match ended {
                Ok((place, answer)) => {
                    if let Some(node) = waiting.remove(&place) {
                        heard.take(place, node, answer);
                    }
                }
                // Its place is lost with it.
                Err(_) => {
                    let dropped = LedgerError::Unreachable("the question was dropped");
                    heard.failed.entry(usize::MAX).or_insert(dropped);
                }
            }
            if rest.is_none() && suffice(&heard.said) {
                let patience = SLOW.max(began.elapsed());
                (rest, until) = (Some(patience), Some(Instant::now() + patience));
            }
        }
        if !asked.is_empty() {
            let late = LedgerError::NodeSlow(rest.map_or(0, |rest| rest.as_secs()));
            waiting.values().for_each(|node| node.pass_over(&late));
        }
        heard.end()
    }

    /// Whether as many have answered as most are.
    pub fn are_most<R>(&self, said: &[(Self, R)]) -> bool {
        said.len() >= rules::most(self.configured())
    }

    /// The nodes to be asked, of which most have to say something: also those that are passed
    /// over where too few others are left.
    fn to_be_asked(&self) -> Vec<&Arc<Endpoint>> {
        let usable = self.usable();
        if usable.len() < rules::most(self.configured()) {
            self.endpoints.iter().collect()
        } else {
            usable
        }
    }

    /// Number of nodes, whether they answer or not.
    pub fn configured(&self) -> usize {
        self.endpoints.len()
    }
}

/// The next that ends; `None` when all have, or it is too late.
async fn next<T: 'static>(
    asked: &mut JoinSet<T>,
    until: Option<Instant>,
) -> Option<Result<T, JoinError>> {
    match until {
        None => asked.join_next().await,
        Some(until) => timeout_at(until, asked.join_next()).await.ok().flatten(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::evm::{RpcNode, RpcNodes};
    use std::future::{Ready, pending, ready};
    use tokio::time::{sleep, timeout};

    fn nodes(count: usize) -> Node {
        let node = |number| RpcNode {
            url: format!("http://n{number}.test:1"),
            authorization: None,
        };
        Node::new(&RpcNodes((1..=count).map(node).collect())).unwrap()
    }

    fn number(alone: &Node) -> usize {
        let name = alone.names().next().unwrap();
        name.strip_prefix('n').unwrap()[..1].parse().unwrap()
    }

    /// What would never end fails, however slow the machine is.
    async fn ended<T>(asked: impl Future<Output = T>) -> T {
        timeout(Duration::from_secs(120), asked).await.unwrap()
    }

    const AWAY: LedgerError = LedgerError::Unreachable("simulated");

    #[tokio::test]
    async fn most_that_agree_do_not_wait_for_one_that_is_slow() {
        let nodes = nodes(3);
        let answer = |alone: Node| async move {
            match number(&alone) {
                3 => pending().await,
                _ => Ok(7),
            }
        };
        for _ in 0..3 {
            let verdict = ended(nodes.by_most("it", answer)).await.unwrap();
            assert_eq!((verdict.answer, verdict.others.len()), (7, 0));
        }
        let board = nodes.board().read();
        let named = board.iter().map(|(name, problem)| (name.as_str(), problem));
        let named: Vec<_> = named
            .filter_map(|(name, answer)| Some((name, answer.clone()?)))
            .collect();
        let late = LedgerError::NodeSlow(SLOW.as_secs()).to_string();
        assert_eq!(named, [("n3.test:1", late)]);
    }

    #[tokio::test]
    async fn one_that_is_slow_decides_where_the_others_differ() {
        let answer = |alone: Node| async move {
            match number(&alone) {
                1 => Ok(7),
                2 => Ok(9),
                _ => {
                    sleep(SLOW + SLOW / 2).await;
                    Ok(9)
                }
            }
        };
        let verdict = ended(nodes(3).by_most("it", answer)).await.unwrap();
        let others: Vec<_> = verdict
            .others
            .iter()
            .map(|(node, answer)| (number(node), *answer))
            .collect();
        assert_eq!((verdict.answer, others), (9, vec![(1, 7)]));
    }

    fn two_of_five(alone: Node) -> Ready<Result<u64, LedgerError>> {
        ready(if number(&alone) <= 2 {
            Ok(7)
        } else {
            Err(AWAY)
        })
    }

    #[tokio::test]
    async fn most_are_so_of_those_that_are_configured() {
        let nodes = nodes(5);
        let few = ended(nodes.by_most("it", two_of_five)).await.unwrap_err();
        let said = "n1.test:1, n2.test:1; no answer of n3.test:1, n4.test:1, n5.test:1".to_owned();
        assert_eq!(few, LedgerError::TooFewNodes { what: "it", said });
        assert!(few.is_of_all_logs());
        let differ = |alone: Node| ready(Ok(number(&alone) % 3));
        let differ = ended(nodes.by_most("it", differ)).await.unwrap_err();
        assert!(!differ.is_of_all_logs(), "they all answer: {differ}");
    }

    #[tokio::test]
    async fn where_none_answers_what_they_have_in_common_is_said() {
        let answer = |alone: Node| {
            ready(match number(&alone) {
                1 => Err::<u64, _>(LedgerError::Strange("a login")),
                _ => Err(AWAY),
            })
        };
        let failed = ended(nodes(3).by_most("it", answer)).await.unwrap_err();
        assert_eq!(failed, AWAY);
    }
}
