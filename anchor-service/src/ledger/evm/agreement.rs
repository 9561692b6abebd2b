//! What several nodes say together. Heads, nonces, blocks and how far the chain is final
//! decide what is stored: all nodes that are not passed over are asked, and their answers
//! weighed by [`rules`]. Of three or more, one that lags holds up nothing, and one that lies
//! decides nothing while two others answer.

use super::{
    node::{LATEST, Node},
    rules,
};
use crate::ledger::{FinalityRule, LedgerError};
use alloy::{
    primitives::{Address, B256},
    rpc::types::Block,
};
use std::{collections::BTreeMap, time::Duration};
use tokio::{task::JoinSet, time::timeout};
use tracing::{Instrument as _, Span};

/// Seconds by which a node's newest block may be older than that of most.
const MAX_LAG: u64 = 30;
/// Time for a node to say how it stands.
const SURVEY: Duration = Duration::from_secs(5);

impl Node {
    /// Asks each node by itself, all at once, and gives what they answered, in the order of
    /// the configuration.
    ///
    /// # Errors
    /// When none answered, with why the first of the configuration did not.
    pub async fn of_each<R, F>(
        &self,
        question: impl Fn(Self) -> F,
    ) -> Result<Vec<(Self, R)>, LedgerError>
    where
        F: Future<Output = Result<R, LedgerError>> + Send + 'static,
        R: Send + 'static,
    {
        if !self.has_others {
            return question(self.clone())
                .await
                .map(|answer| vec![(self.clone(), answer)]);
        }
        let mut asked = JoinSet::new();
        for (place, endpoint) in self.usable().into_iter().enumerate() {
            let alone = self.alone(endpoint);
            let answer = question(alone.clone());
            let task = async move { (place, alone, answer.await) };
            asked.spawn(task.instrument(Span::current()));
        }
        let (mut answers, mut failed) = (BTreeMap::new(), BTreeMap::new());
        while let Some(ended) = asked.join_next().await {
            match ended {
                Ok((place, alone, Ok(answer))) => drop(answers.insert(place, (alone, answer))),
                Ok((place, _, Err(error))) => drop(failed.insert(place, error)),
                // Its place is lost with it.
                Err(_) => {
                    let dropped = LedgerError::Unreachable("the question was dropped");
                    failed.entry(usize::MAX).or_insert(dropped);
                }
            }
        }
        match failed.into_values().next() {
            Some(error) if answers.is_empty() => Err(error),
            _ => Ok(answers.into_values().collect()),
        }
    }

    /// Number of nodes, whether they answer or not.
    pub fn configured(&self) -> usize {
        self.endpoints.len()
    }

    /// Looks at each of several nodes: `fits` has to hold of it, and its newest block must
    /// not be much older than that of most. Others are passed over.
    ///
    /// # Errors
    /// When none fits, with what is wrong with one.
    pub async fn survey<F>(&self, fits: impl Fn(Self) -> F) -> Result<(), LedgerError>
    where
        F: Future<Output = Result<(), LedgerError>> + Send + 'static,
    {
        if !self.has_others {
            return fits(self.clone()).await;
        }
        let look = |alone: Self| {
            let fitting = fits(alone.clone());
            async move {
                let looked = async {
                    fitting.await?;
                    Ok(alone.newest_block().await?.header.inner.timestamp)
                };
                let late = Err(LedgerError::Unreachable("no answer in time"));
                let looked = timeout(SURVEY, looked).await.unwrap_or(late);
                if let Err(error) = &looked {
                    alone.pass_over(error);
                }
                looked
            }
        };
        let found = self.of_each(look).await?;
        let times: Vec<u64> = found.iter().map(|(_, time)| *time).collect();
        // Of those that answer: one that fails must not hide one that is behind.
        let half = rules::half(times.len());
        let usual = rules::reached(times, half);
        for (alone, time) in found {
            let lag = usual.unwrap_or(time).saturating_sub(time);
            if lag > MAX_LAG {
                alone.pass_over(&LedgerError::NodeBehind(lag));
            } else {
                alone.works();
            }
        }
        Ok(())
    }

    /// Lets others be asked in its place for a while.
    pub fn pass_over(&self, error: &LedgerError) {
        for endpoint in &self.endpoints {
            endpoint.pass_over(error);
        }
    }

    fn works(&self) {
        for endpoint in &self.endpoints {
            endpoint.works();
        }
    }

    /// Transactions of an account in blocks: as many as half of the nodes have, for the
    /// others lag.
    pub async fn agreed_count(&self, account: Address) -> Result<u64, LedgerError> {
        let count = |alone: Self| async move { alone.transaction_count(account, LATEST).await };
        let counts = self.of_each(count).await?;
        let counts = counts.into_iter().map(|(_, count)| count).collect();
        Ok(rules::reached(counts, rules::half(self.configured())).unwrap_or(0))
    }

    /// The block at a height, as most nodes have it. Those that have none there yet lag.
    pub async fn agreed_block(&self, number: u64) -> Result<Option<Block>, LedgerError> {
        let block = move |alone: Self| async move { alone.block(&format!("{number:#x}")).await };
        let found = self.of_each(block).await?;
        let found = found
            .into_iter()
            .filter_map(|(node, block)| Some((node, block?)));
        let found: Vec<_> = found.collect();
        let hashes: Vec<B256> = found.iter().map(|(_, block)| block.header.hash).collect();
        let Some(first) = hashes.first() else {
            return Ok(None);
        };
        let differ = LedgerError::NodesDiffer("a block");
        let agreed = rules::agreed(&hashes, self.configured());
        let agreed = *agreed.ok_or_else(|| differ.clone())?;
        if hashes.iter().any(|hash| hash != first) {
            let others = found.iter().filter(|(_, it)| it.header.hash != agreed);
            others.for_each(|(node, _)| node.pass_over(&differ));
        }
        let mut blocks = found.into_iter().map(|(_, block)| block);
        Ok(blocks.find(|block| block.header.hash == agreed))
    }

    /// Number of the newest block that is final by most nodes.
    pub async fn final_height(&self, rule: FinalityRule) -> Result<Option<u64>, LedgerError> {
        let height = move |alone: Self| async move {
            match rule {
                // Clients without finality answer with an error or with nothing.
                FinalityRule::Tag => {
                    let block = match alone.block("finalized").await {
                        // geth's words are "finalized block not found".
                        Err(LedgerError::Rejected { message, .. })
                            if message.contains("finalized") =>
                        {
                            None
                        }
                        answered => answered?,
                    };
                    let block = block.ok_or(LedgerError::NoFinalBlock)?;
                    Ok(Some(block.header.inner.number))
                }
                FinalityRule::Depth(depth) => Ok(alone.block_number().await?.checked_sub(depth)),
                FinalityRule::Immediate => alone.block_number().await.map(Some),
            }
        };
        let heights = self.of_each(height).await?;
        let heights = heights.into_iter().map(|(_, height)| height).collect();
        Ok(rules::reached(heights, rules::most(self.configured())).flatten())
    }

    /// Hands in a signed transaction, to all nodes. One that has taken it is enough.
    pub async fn send(&self, raw: &[u8]) -> Result<(), LedgerError> {
        let send = |alone: Self| {
            let raw = raw.to_vec();
            async move { alone.send_to_one(&raw).await }
        };
        self.of_each(send).await.map(drop)
    }
}
