//! One question to all nodes whose answer decides something: what most of the configured nodes
//! say counts, and nothing else does. Where there is no such answer the question fails, with
//! who said what, and whoever asked does nothing.

use super::{node::Node, rules};
use crate::ledger::LedgerError;
use std::{future::Future, time::Duration};
use tokio::time::sleep;

/// Nodes hear of a block one after the other: after this time they are asked once more.
pub(crate) const MOMENT: Duration = Duration::from_millis(250);
/// Blocks by which a node may be ahead of most.
const AHEAD: u64 = 1_000;

/// What most nodes say, and those that say something else.
#[derive(Debug)]
pub struct Verdict<R> {
    /// By most.
    pub answer: R,
    /// By others.
    pub others: Vec<(Node, R)>,
}

impl Node {
    /// What most of the nodes answer; `what` names what it is of.
    ///
    /// # Errors
    /// When they do not, or too few answer.
    pub async fn by_most<R, F>(
        &self,
        what: &'static str,
        question: impl Fn(Self) -> F,
    ) -> Result<Verdict<R>, LedgerError>
    where
        F: Future<Output = Result<R, LedgerError>> + Send + 'static,
        R: PartialEq + Send + 'static,
    {
        let agree = |said: &[(Self, R)]| self.most_of(said).is_some();
        let mut said = self.of_enough(&question, agree).await?;
        if !agree(&said) && self.are_most(&said) && self.may_wait() {
            sleep(MOMENT).await;
            said = self.of_enough(&question, agree).await?;
        }
        let Some(place) = self.most_of(&said) else {
            return Err(self.differ(what, &said));
        };
        let (_, answer) = said.swap_remove(place);
        said.retain(|(_, other)| *other != answer);
        Ok(Verdict {
            answer,
            others: said,
        })
    }

    /// The place of an answer that most give.
    fn most_of<R: PartialEq>(&self, said: &[(Self, R)]) -> Option<usize> {
        let answers: Vec<&R> = said.iter().map(|(_, answer)| answer).collect();
        let most = rules::said_by_most(&answers, self.configured())?;
        answers.iter().position(|answer| answer == most)
    }

    /// The error of answers of which none is that of most nodes.
    pub fn differ<R: PartialEq>(&self, what: &'static str, said: &[(Self, R)]) -> LedgerError {
        let mut groups: Vec<(&R, Vec<&str>)> = Vec::new();
        for (node, answer) in said {
            match groups.iter_mut().find(|(other, _)| *other == answer) {
                Some((_, names)) => names.extend(node.names()),
                None => groups.push((answer, node.names().collect())),
            }
        }
        let answered: Vec<&str> = groups.iter().flat_map(|(_, names)| names.clone()).collect();
        let groups: Vec<String> = groups.iter().map(|(_, names)| names.join(", ")).collect();
        let mut said = groups.join(" against ");
        let silent: Vec<&str> = self
            .names()
            .filter(|name| !answered.contains(name))
            .collect();
        if !silent.is_empty() {
            said.push_str("; no answer of ");
            said.push_str(&silent.join(", "));
        }
        if answered.len() < rules::most(self.configured()) {
            LedgerError::TooFewNodes { what, said }
        } else {
            LedgerError::NodesDiffer { what, said }
        }
    }

    /// Passes over those of `others` that claim something of a block that most nodes have and
    /// that most deny, also when they are asked again: others may only be ahead, or behind.
    pub async fn expose<R, F>(
        &self,
        what: &'static str,
        others: Vec<(Self, R)>,
        block_of: impl Fn(&R) -> Option<u64>,
        question: impl Fn(Self) -> F,
    ) where
        F: Future<Output = Result<R, LedgerError>> + Send + 'static,
        R: PartialEq + Send + 'static,
    {
        let claims: Vec<_> = others
            .iter()
            .filter_map(|(_, said)| block_of(said))
            .collect();
        if claims.is_empty() {
            return;
        }
        let Ok(Some(newest)) = self.height_of_most().await else {
            return;
        };
        let Ok(again) = self.by_most(what, question).await else {
            return;
        };
        for (node, said) in again.others {
            let is_ahead = |block| (newest + 1..=newest.saturating_add(AHEAD)).contains(&block);
            if block_of(&said).is_some_and(|block| !is_ahead(block)) {
                node.pass_over(&LedgerError::Denied(what));
            }
        }
    }

    /// Whether most nodes have got to a block, or are so far from it that no node can have.
    pub async fn can_judge(&self, block: u64) -> bool {
        let newest = self.height_of_most().await.ok().flatten();
        newest.is_some_and(|newest| block <= newest || block > newest.saturating_add(AHEAD))
    }

    async fn height_of_most(&self) -> Result<Option<u64>, LedgerError> {
        let height = |alone: Self| async move { alone.block_number().await };
        let heights =
            |said: &[(Self, u64)]| -> Vec<u64> { said.iter().map(|(_, height)| *height).collect() };
        let close = |said: &[_]| rules::are_close(&heights(said), self.configured());
        let said = self.of_enough(height, close).await?;
        Ok(rules::reached_by_most(&heights(&said), self.configured()))
    }
}
