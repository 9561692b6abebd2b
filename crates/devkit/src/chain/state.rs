//! The accounts after the latest block, and their Merkle-Patricia root.
//!
//! The state is small (a registry and its submitters), so the root is computed
//! from all of it; a storage root is computed again only where storage changed.

use alloy::primitives::{Address, B256, Bytes, KECCAK256_EMPTY, U256};
use alloy_trie::{
    EMPTY_ROOT_HASH, TrieAccount,
    root::{state_root_unhashed, storage_root_unhashed},
};
use revm::{
    DatabaseRef,
    bytecode::Bytecode,
    state::{Account as Changed, AccountInfo, EvmState},
};
use std::{collections::BTreeMap, convert::Infallible, sync::Arc};

#[derive(Debug, Clone)]
struct Account {
    nonce: u64,
    balance: U256,
    code_hash: B256,
    /// Slots that are not zero.
    storage: BTreeMap<U256, U256>,
    storage_root: B256,
}

impl Account {
    const EMPTY: Self = Self {
        nonce: 0,
        balance: U256::ZERO,
        code_hash: KECCAK256_EMPTY,
        storage: BTreeMap::new(),
        storage_root: EMPTY_ROOT_HASH,
    };

    /// This account after a transaction has changed it.
    fn changed(&self, change: &Changed) -> Self {
        let mut next = if change.is_created() {
            Self::EMPTY
        } else {
            self.clone()
        };
        next.nonce = change.info.nonce;
        next.balance = change.info.balance;
        next.code_hash = change.info.code_hash;
        let mut storage_changed = change.is_created();
        for (slot, value) in change.changed_storage_slots() {
            storage_changed = true;
            if value.present_value.is_zero() {
                next.storage.remove(slot);
            } else {
                next.storage.insert(*slot, value.present_value);
            }
        }
        if storage_changed {
            let slots = next.storage.iter();
            next.storage_root =
                storage_root_unhashed(slots.map(|(slot, value)| (B256::from(*slot), *value)));
        }
        next
    }
}

/// All accounts. A clone is cheap: unchanged accounts are shared.
#[derive(Debug, Clone, Default)]
pub(crate) struct State {
    accounts: BTreeMap<Address, Arc<Account>>,
    code: BTreeMap<B256, Bytecode>,
}

impl State {
    /// Only these accounts, each with this balance.
    pub(crate) fn funded(addresses: &[Address], balance: U256) -> Self {
        let account = Arc::new(Account {
            balance,
            ..Account::EMPTY
        });
        Self {
            accounts: addresses
                .iter()
                .map(|address| (*address, account.clone()))
                .collect(),
            code: BTreeMap::new(),
        }
    }

    /// The state after a transaction. Empty accounts disappear (EIP-161).
    pub(crate) fn after(&self, changes: &EvmState) -> Self {
        let mut next = self.clone();
        for (address, change) in changes.iter().filter(|(_, change)| change.is_touched()) {
            if change.is_selfdestructed() || change.info.is_empty() {
                next.accounts.remove(address);
                continue;
            }
            let account = match self.accounts.get(address) {
                Some(account) => account.changed(change),
                None => Account::EMPTY.changed(change),
            };
            if let Some(code) = change.info.code.as_ref().filter(|code| !code.is_empty()) {
                next.code.insert(account.code_hash, code.clone());
            }
            next.accounts.insert(*address, Arc::new(account));
        }
        next
    }

    /// The root of the state trie.
    pub(crate) fn root(&self) -> B256 {
        state_root_unhashed(self.accounts.iter().map(|(address, account)| {
            let leaf = TrieAccount {
                nonce: account.nonce,
                balance: account.balance,
                storage_root: account.storage_root,
                code_hash: account.code_hash,
            };
            (*address, leaf)
        }))
    }

    /// The number of transactions an account has sent.
    pub(crate) fn nonce(&self, address: &Address) -> u64 {
        self.accounts
            .get(address)
            .map_or(0, |account| account.nonce)
    }

    /// What an account holds, in wei.
    pub(crate) fn balance(&self, address: &Address) -> U256 {
        self.accounts
            .get(address)
            .map_or(U256::ZERO, |account| account.balance)
    }

    /// A contract's code; empty for an account that is none.
    pub(crate) fn code(&self, address: &Address) -> Bytes {
        self.accounts
            .get(address)
            .and_then(|account| self.code.get(&account.code_hash))
            .map(Bytecode::original_bytes)
            .unwrap_or_default()
    }

    /// A word of a contract's storage.
    pub(crate) fn slot(&self, address: &Address, slot: &U256) -> U256 {
        self.accounts
            .get(address)
            .and_then(|account| account.storage.get(slot).copied())
            .unwrap_or_default()
    }
}

/// What the EVM sees: a state, and the hashes of the blocks before.
pub(crate) struct View<'a> {
    pub(crate) state: &'a State,
    pub(crate) hashes: &'a [B256],
}

impl DatabaseRef for View<'_> {
    type Error = Infallible;

    fn basic_ref(&self, address: Address) -> Result<Option<AccountInfo>, Infallible> {
        Ok(self
            .state
            .accounts
            .get(&address)
            .map(|account| AccountInfo {
                nonce: account.nonce,
                balance: account.balance,
                code_hash: account.code_hash,
                code: self.state.code.get(&account.code_hash).cloned(),
                ..AccountInfo::default()
            }))
    }

    fn code_by_hash_ref(&self, code_hash: B256) -> Result<Bytecode, Infallible> {
        Ok(self.state.code.get(&code_hash).cloned().unwrap_or_default())
    }

    fn storage_ref(&self, address: Address, slot: U256) -> Result<U256, Infallible> {
        Ok(self.state.slot(&address, &slot))
    }

    fn block_hash_ref(&self, number: u64) -> Result<B256, Infallible> {
        Ok(usize::try_from(number)
            .ok()
            .and_then(|number| self.hashes.get(number).copied())
            .unwrap_or_default())
    }
}
