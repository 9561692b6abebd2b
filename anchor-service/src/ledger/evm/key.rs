//! The submitter's key (secp256k1), from a file that only its owner may read.

use crate::{keys::key_file, ledger::LedgerError};
use alloy::{
    primitives::{Address, B256, Signature},
    signers::{SignerSync, local::PrivateKeySigner},
};
use std::{fmt, path::Path};

/// Signs transactions. The key wipes itself when dropped.
pub struct SubmitterKey(PrivateKeySigner);

impl SubmitterKey {
    /// Reads 64 hex digits from a file of mode 0600.
    ///
    /// # Errors
    /// When the file is missing, open to others or holds no key.
    pub fn open(path: &Path) -> Result<Self, key_file::KeyFileError> {
        let secret = key_file::read(path)?;
        Self::from_bytes(&secret).map_err(|_| key_file::KeyFileError::NotAKey {
            path: path.display().to_string(),
        })
    }

    /// Takes a secret scalar.
    ///
    /// # Errors
    /// For zero and for numbers from the group's order on.
    pub fn from_bytes(secret: &[u8; 32]) -> Result<Self, LedgerError> {
        PrivateKeySigner::from_slice(secret)
            .map(Self)
            .map_err(|_| LedgerError::Unsigned("the submitter key is not a secp256k1 key"))
    }

    /// The account.
    #[must_use]
    pub fn address(&self) -> Address {
        self.0.address()
    }

    /// Signs a transaction's hash.
    pub(super) fn sign(&self, hash: B256) -> Result<Signature, LedgerError> {
        self.0
            .sign_hash_sync(&hash)
            .map_err(|_| LedgerError::Unsigned("the submitter key does not sign"))
    }
}

impl fmt::Debug for SubmitterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SubmitterKey({})", self.address())
    }
}
