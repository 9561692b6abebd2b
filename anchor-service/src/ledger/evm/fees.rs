//! What is paid for gas, and at most. A node's suggestion is one answer of one node, and a
//! transaction that is stuck is raised again and again: both are bounded.

use super::{rpc::node::Node, rpc::rules};
use crate::ledger::{GWEI, LedgerError};

/// Times today's price to which what is stuck is raised, as the transaction manager of the
/// OP Stack does.
const MULTIPLE: u128 = 5;
/// Below this price the multiple is no bound: a tenth more of little is little.
const CHEAP: u128 = 10 * GWEI;

/// The most that is paid for a unit of gas, in wei.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fees {
    most: u128,
    most_tip: u128,
}

/// The price of today, within the bounds, in wei for a unit of gas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quote {
    /// On a chain with a base fee.
    Dynamic {
        /// At most, tip included.
        fee: u128,
        /// The tip.
        tip: u128,
    },
    /// On one without.
    Legacy {
        /// All of it.
        price: u128,
    },
}

/// What one node says.
#[derive(Debug, Clone, Copy)]
struct Asked {
    base_fee: Option<u128>,
    tip: u128,
    /// Where there is no base fee.
    price: u128,
}

impl Asked {
    async fn of(node: &Node) -> Result<Self, LedgerError> {
        let latest = node.newest_block().await?;
        let base_fee = latest.header.inner.base_fee_per_gas.map(u128::from);
        let is_dynamic = base_fee.is_some();
        Ok(Self {
            base_fee,
            tip: if is_dynamic {
                node.suggested_tip().await?
            } else {
                0
            },
            price: if is_dynamic {
                0
            } else {
                node.gas_price().await?
            },
        })
    }
}

impl Quote {
    /// All that is paid for a unit of gas, at most.
    pub(super) const fn price(self) -> u128 {
        match self {
            Self::Dynamic { fee, .. } => fee,
            Self::Legacy { price } => price,
        }
    }
}

impl Fees {
    /// The bounds in gwei: on all that is paid, and on the tip in it.
    #[must_use]
    pub const fn in_gwei(most: u64, most_tip: u64) -> Self {
        Self {
            most: (most as u128).saturating_mul(GWEI),
            most_tip: (most_tip as u128).saturating_mul(GWEI),
        }
    }

    /// Asks the nodes: of three the price between the others, of two the lower.
    pub(super) async fn ask(&self, node: &Node) -> Result<Quote, LedgerError> {
        let asked = |alone: Node| async move { Asked::of(&alone).await };
        let said = node.of_enough(asked, |said| node.are_most(said)).await?;
        let configured = node.configured();
        let base_fees = said.iter().map(|(_, asked)| asked.base_fee).collect();
        // A node that names no base fee is below all that do.
        let Some(base_fee) = rules::reached(base_fees, configured).flatten() else {
            let prices = said.iter().map(|(_, asked)| asked.price).collect();
            let price = rules::reached(prices, configured).unwrap_or(0);
            self.within(price)?;
            return Ok(Quote::Legacy { price });
        };
        let tips = said.iter().map(|(_, asked)| asked.tip).collect();
        self.dynamic(base_fee, rules::reached(tips, configured).unwrap_or(0))
    }

    /// Twice the base fee, so that it may rise for some blocks, and the tip.
    pub(crate) fn dynamic(
        &self,
        base_fee: u128,
        suggested_tip: u128,
    ) -> Result<Quote, LedgerError> {
        self.within(base_fee)?;
        let tip = suggested_tip.min(self.most_tip);
        let fee = base_fee
            .saturating_mul(2)
            .saturating_add(tip)
            .min(self.most);
        Ok(Quote::Dynamic {
            fee,
            tip: tip.min(fee),
        })
    }

    /// A raised price, if it is within the bounds and a multiple of today's.
    pub(super) fn bounded(&self, raised: u128, today: u128) -> Result<u128, LedgerError> {
        let multiple = today.saturating_mul(MULTIPLE).max(CHEAP);
        within(raised, self.most.min(multiple))
    }

    /// A raised tip, likewise.
    pub(super) fn bounded_tip(&self, raised: u128, today: u128) -> Result<u128, LedgerError> {
        let multiple = today.saturating_mul(MULTIPLE).max(CHEAP);
        within(raised, self.most_tip.min(multiple))
    }

    fn within(&self, price: u128) -> Result<u128, LedgerError> {
        within(price, self.most)
    }
}

impl Default for Fees {
    /// What a permissioned chain never reaches.
    fn default() -> Self {
        Self::in_gwei(500, 100)
    }
}

/// The price, if it is not above the bound.
fn within(price: u128, most: u128) -> Result<u128, LedgerError> {
    if price <= most {
        Ok(price)
    } else {
        Err(LedgerError::TooDear {
            // Rounded up, so that the one is seen to be more than the other.
            gwei: price.div_ceil(GWEI),
            most: most / GWEI,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_absurd_tip_is_cut_and_an_absurd_base_fee_refused() {
        let fees = Fees::in_gwei(500, 100);
        let absurd = 10_u128.pow(30);
        let cut = fees.dynamic(GWEI, absurd);
        let (fee, tip) = (102 * GWEI, 100 * GWEI);
        assert_eq!(cut, Ok(Quote::Dynamic { fee, tip }));
        let dear = fees.dynamic(400 * GWEI, 0);
        let fee = 500 * GWEI;
        assert_eq!(dear, Ok(Quote::Dynamic { fee, tip: 0 }));
        let refused = fees.dynamic(absurd, 0);
        assert!(matches!(
            refused,
            Err(LedgerError::TooDear { most: 500, .. })
        ));
        let free = fees.dynamic(0, 0);
        assert_eq!(free, Ok(Quote::Dynamic { fee: 0, tip: 0 }));
    }

    #[test]
    fn a_raise_is_bounded_by_the_days_price_and_by_the_operator() {
        let fees = Fees::in_gwei(500, 100);
        assert_eq!(fees.bounded(100 * GWEI, 20 * GWEI), Ok(100 * GWEI));
        assert!(fees.bounded(101 * GWEI, 20 * GWEI).is_err());
        assert!(fees.bounded(501 * GWEI, 400 * GWEI).is_err());
        // Little is little.
        assert_eq!(fees.bounded(9 * GWEI, 1), Ok(9 * GWEI));
        assert!(fees.bounded_tip(101 * GWEI, 100 * GWEI).is_err());
    }
}
