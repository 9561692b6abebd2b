//! What several nodes say together. Heads, events, receipts, nonces, blocks and how far the
//! chain is final decide what is stored: all nodes that are not passed over are asked
//! ([`super::canvass`]), and their answers weighed by [`rules`]. Of three or more, one that
//! lags, is slow or lies holds up nothing and decides nothing while two others answer; when
//! one of these does not answer either, nothing is decided.

use super::{
    majority::MOMENT,
    node::{LATEST, Node},
    rules,
};
use crate::ledger::{FinalityRule, LedgerError};
use alloy::{
    primitives::{Address, B256},
    rpc::types::Block,
};
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// Seconds by which a node's newest block may be older than that of most.
const MAX_LAG: u64 = 30;
/// Time for a node to say how it stands.
const SURVEY: Duration = Duration::from_secs(5);

impl Node {
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
        let most = |found: &[_]| self.are_most(found);
        let found = self.of_enough(look, most).await?;
        let times: Vec<u64> = found.iter().map(|(_, time)| *time).collect();
        // Of those that answer: one that fails must not hide one that is behind. Of two none
        // can say that the other is.
        let usual = rules::reached(times, self.configured());
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

    /// Transactions of an account in blocks, as the nodes settle on: one that lags or lies
    /// moves it neither up nor down.
    pub async fn agreed_count(&self, account: Address) -> Result<u64, LedgerError> {
        let count = |alone: Self| async move { alone.transaction_count(account, LATEST).await };
        let settled = |said: &[(Self, u64)]| self.settled(said).is_some();
        let mut said = self.of_enough(count, settled).await?;
        if !settled(&said) && self.are_most(&said) && self.may_wait() {
            sleep(MOMENT).await;
            said = self.of_enough(count, settled).await?;
        }
        let settled = self.settled(&said);
        settled.ok_or_else(|| self.differ("the submitter's next nonce", &said))
    }

    fn settled(&self, said: &[(Self, u64)]) -> Option<u64> {
        let counts: Vec<u64> = said.iter().map(|(_, count)| *count).collect();
        rules::settled_on(&counts, self.configured())
    }

    /// The block at a height, as most nodes have it. Those that have none there yet lag.
    pub async fn agreed_block(&self, number: u64) -> Result<Option<Block>, LedgerError> {
        let block = move |alone: Self| async move {
            let block = alone.block(&format!("{number:#x}")).await?;
            Ok(block.map(AtHeight))
        };
        let verdict = self.by_most("a block", block).await?;
        if verdict.answer.is_some() {
            let others = verdict.others.iter().filter(|(_, other)| other.is_some());
            others.for_each(|(node, _)| node.pass_over(&LedgerError::Denied("a block")));
        }
        Ok(verdict.answer.map(|AtHeight(block)| block))
    }

    /// Number of the newest block that is final by most nodes.
    pub async fn final_height(&self, rule: FinalityRule) -> Result<Option<u64>, LedgerError> {
        let height = move |alone: Self| async move { alone.own_final_height(rule).await };
        let close = |said: &[(Self, Option<u64>)]| {
            let heights: Vec<_> = said.iter().map(|(_, height)| height.unwrap_or(0)).collect();
            rules::are_close(&heights, self.configured())
        };
        let said = self.of_enough(height, close).await?;
        let heights: Vec<_> = said.iter().map(|(_, height)| *height).collect();
        let height = rules::reached_by_most(&heights, self.configured());
        height.ok_or_else(|| self.differ("how far the chain is final", &said))
    }

    /// The same by the first node that answers.
    async fn own_final_height(&self, rule: FinalityRule) -> Result<Option<u64>, LedgerError> {
        match rule {
            // Clients without finality answer with an error or with nothing.
            FinalityRule::Tag => {
                let block = match self.block("finalized").await {
                    // geth's words are "finalized block not found".
                    Err(LedgerError::Rejected { message, .. }) if message.contains("finalized") => {
                        None
                    }
                    answered => answered?,
                };
                let block = block.ok_or(LedgerError::NoFinalBlock)?;
                Ok(Some(block.header.inner.number))
            }
            FinalityRule::Depth(depth) => Ok(self.block_number().await?.checked_sub(depth)),
            FinalityRule::Immediate => self.block_number().await.map(Some),
        }
    }

    /// What an account has, by most of those that answer: nothing is decided by it.
    pub async fn usual_balance(&self, account: Address) -> Result<u128, LedgerError> {
        let balance = move |alone: Self| async move { alone.balance(account).await };
        let most = |said: &[_]| self.are_most(said);
        let said = self.of_enough(balance, most).await?;
        let balances = said.into_iter().map(|(_, balance)| balance).collect();
        Ok(rules::reached(balances, self.configured()).unwrap_or(0))
    }

    /// Whether most of those that answer have a transaction, in a block or waiting for one.
    pub async fn is_known(&self, hash: B256) -> Result<bool, LedgerError> {
        let knows = move |alone: Self| async move { alone.knows(hash).await };
        let most = |said: &[_]| self.are_most(said);
        let said = self.of_enough(knows, most).await?;
        let known = said.into_iter().map(|(_, known)| known).collect();
        Ok(rules::reached(known, self.configured()).unwrap_or(false))
    }

    /// The first answer that can be had of any node: of what shows by itself that it is right.
    ///
    /// # Errors
    /// When none has one, with what a node said that answered, if one did.
    pub async fn of_any<R, F>(&self, question: impl Fn(Self) -> F) -> Result<R, LedgerError>
    where
        F: Future<Output = Result<R, LedgerError>>,
    {
        let mut failed = LedgerError::Unreachable("there is no node");
        for endpoint in self.usable() {
            match question(self.alone(endpoint)).await {
                Ok(answer) => return Ok(answer),
                Err(error) if failed.is_of_node() => failed = error,
                Err(_) => {}
            }
        }
        Err(failed)
    }

    /// Hands in a signed transaction, to all nodes. One that has taken it is enough.
    pub async fn send(&self, raw: &[u8]) -> Result<(), LedgerError> {
        let send = |alone: Self| {
            let raw = raw.to_vec();
            async move { alone.send_to_one(&raw).await }
        };
        let most = |taken: &[_]| self.are_most(taken);
        self.of_enough(send, most).await.map(drop)
    }
}

/// A block, by what is stored of it.
struct AtHeight(Block);

impl PartialEq for AtHeight {
    fn eq(&self, other: &Self) -> bool {
        let stored = |Self(block): &Self| (block.header.hash, block.header.inner.timestamp);
        stored(self) == stored(other)
    }
}
