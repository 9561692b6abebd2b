//! Thirty-two secret bytes: wiped when dropped, never shown, never cloned. They
//! live on the heap so that moving the value leaves no copy on the stack.

use model::{Random, RandomUnavailable};
use zeroize::{Zeroize, ZeroizeOnDrop};

pub(crate) struct Secret(Box<[u8; 32]>);

impl Secret {
    pub(crate) fn zeros() -> Self {
        Self(Box::new([0; 32]))
    }

    pub(crate) fn generate(random: &dyn Random) -> Result<Self, RandomUnavailable> {
        let mut secret = Self::zeros();
        random.fill(secret.as_mut_bytes())?;
        Ok(secret)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    pub(crate) fn as_mut_bytes(&mut self) -> &mut [u8; 32] {
        &mut self.0
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for Secret {}
