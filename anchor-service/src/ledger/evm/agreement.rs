//! What several nodes say together. Heads, nonces, blocks and how far the chain is final
//! decide what is stored: all nodes that are not passed over are asked, one that lags holds
//! up nothing, and one that lies decides nothing against two.

use super::node::{LATEST, Node};
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
/// So long a node may take to say how it stands.
const SURVEY: Duration = Duration::from_secs(5);

impl Node {
    /// Asks each node by itself, all at once, and gives what they answered, in the order of
    /// the configuration.
    ///
    /// # Errors
    /// When none answered, with why the first did not.
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
        let (mut answers, mut failed) = (BTreeMap::new(), None);
        while let Some(ended) = asked.join_next().await {
            match ended {
                Ok((place, alone, Ok(answer))) => drop(answers.insert(place, (alone, answer))),
                Ok((_, _, Err(error))) => failed = Some(error),
                Err(_) => failed = Some(LedgerError::Unreachable("the question was dropped")),
            }
        }
        match (answers.is_empty(), failed) {
            (true, Some(error)) => Err(error),
            _ => Ok(answers.into_values().collect()),
        }
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
        let mut times: Vec<u64> = found.iter().map(|(_, time)| *time).collect();
        times.sort_unstable_by(|a, b| b.cmp(a));
        // Of two the newer, of three the middle one.
        let usual = times.get(times.len().saturating_sub(1) / 2).copied();
        for (alone, time) in found {
            match usual.unwrap_or(time).saturating_sub(time) {
                lag if lag > MAX_LAG => alone.pass_over(&LedgerError::NodeBehind(lag)),
                _ => alone.works(),
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

    /// Transactions of an account in blocks: what most nodes say; where no number has most,
    /// the highest, for the others lag.
    pub async fn agreed_count(&self, account: Address) -> Result<u64, LedgerError> {
        let count = |alone: Self| async move { alone.transaction_count(account, LATEST).await };
        let counts = self.of_each(count).await?;
        let mut said = BTreeMap::<u64, usize>::new();
        for (_, count) in counts {
            *said.entry(count).or_default() += 1;
        }
        // Of equal numbers of nodes the last, which is that of the highest count.
        let most = said.into_iter().max_by_key(|(_, nodes)| *nodes);
        Ok(most.map_or(0, |(count, _)| count))
    }

    /// The block at a height. Nodes that have none there yet lag.
    pub async fn agreed_block(&self, number: u64) -> Result<Option<Block>, LedgerError> {
        let block = move |alone: Self| async move { alone.block(&format!("{number:#x}")).await };
        let found = self.of_each(block).await?;
        let mut blocks = found.into_iter().filter_map(|(_, block)| block);
        let Some(first) = blocks.next() else {
            return Ok(None);
        };
        let hash: B256 = first.header.hash;
        match blocks.all(|block| block.header.hash == hash) {
            true => Ok(Some(first)),
            false => Err(LedgerError::NodesDiffer("a block")),
        }
    }

    /// Number of the newest block that is final by all nodes.
    pub async fn final_height(&self, rule: FinalityRule) -> Result<Option<u64>, LedgerError> {
        let height = move |alone: Self| async move {
            match rule {
                // Clients without finality answer with an error or with nothing.
                FinalityRule::Tag => {
                    let block = alone.block("finalized").await?;
                    let block = block.ok_or(LedgerError::NoFinalBlock)?;
                    Ok(Some(block.header.inner.number))
                }
                FinalityRule::Depth(depth) => Ok(alone.block_number().await?.checked_sub(depth)),
                FinalityRule::Immediate => alone.block_number().await.map(Some),
            }
        };
        let heights = self.of_each(height).await?;
        Ok(heights
            .into_iter()
            .map(|(_, height)| height)
            .min()
            .flatten())
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
