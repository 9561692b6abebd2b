//! What the registry's admin does.

use super::{Chain, MemoryLedger};
use crate::ledger::ClosedEvent;
use model::LogId;
use std::sync::{Arc, Mutex};

impl MemoryLedger {
    /// Another registry of the chain, which holds nothing yet.
    pub(crate) fn another(&self) -> Self {
        let number = self.number + 1;
        let chain = Chain {
            // No hash comes twice.
            counter: u64::from(number) << 32,
            ..Chain::default()
        };
        Self {
            chain: Arc::new(Mutex::new(chain)),
            faults: self.faults.clone(),
            number,
        }
    }

    /// Ends a log for good.
    pub(crate) fn close(&self, log: LogId, closed: ClosedEvent) {
        self.chain.lock().unwrap().closed.insert(log, closed);
    }
}
