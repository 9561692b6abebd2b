//! The key encryption key of a facility: wraps the facility's data keys. It is
//! itself stored wrapped by the KMS and unwrapped once, at start.

use crate::{
    DataKey, SealError, UnwrapError,
    envelope::length_prefix,
    keys::{secret::Secret, wrapped_key},
};
use model::{DataKeyId, FacilityName, Random, RandomUnavailable, Scope};

/// A facility's KEK of one generation; wiped when dropped. A new generation
/// rewraps data keys and never touches envelopes.
pub struct Kek {
    facility: FacilityName,
    generation: u32,
    key: Secret,
}

impl Kek {
    /// A new KEK of 32 random bytes.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn generate(
        facility: FacilityName,
        generation: u32,
        random: &dyn Random,
    ) -> Result<Self, RandomUnavailable> {
        let key = Secret::generate(random)?;
        Ok(Self::from_secret(facility, generation, key))
    }

    pub(crate) const fn from_secret(facility: FacilityName, generation: u32, key: Secret) -> Self {
        Self {
            facility,
            generation,
            key,
        }
    }

    pub(crate) const fn secret(&self) -> &Secret {
        &self.key
    }

    /// The facility whose keys this one wraps.
    #[must_use]
    pub const fn facility(&self) -> &FacilityName {
        &self.facility
    }

    /// The generation, which stands in the AAD of what it wraps.
    #[must_use]
    pub const fn generation(&self) -> u32 {
        self.generation
    }

    /// Wraps a data key for its scope and id: 60 bytes,
    /// `nonce 12 ‖ ciphertext 32 ‖ tag 16`.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn wrap(
        &self,
        scope: Scope,
        id: DataKeyId,
        key: &DataKey,
        random: &dyn Random,
    ) -> Result<Vec<u8>, SealError> {
        wrapped_key::wrap(&self.key, &self.aad(scope, id), &key.0, random)
    }

    /// Unwraps the data key that was wrapped for this scope and id.
    ///
    /// # Errors
    /// When the bytes are no wrapped key, were altered, or were wrapped for
    /// another facility, generation, scope or id.
    pub fn unwrap(
        &self,
        scope: Scope,
        id: DataKeyId,
        wrapped: &[u8],
    ) -> Result<DataKey, UnwrapError> {
        wrapped_key::unwrap(&self.key, &self.aad(scope, id), wrapped).map(DataKey)
    }

    fn aad(&self, scope: Scope, id: DataKeyId) -> Vec<u8> {
        let mut aad = Vec::with_capacity(112);
        length_prefix::push(&mut aad, b"chartseal/1/wrap");
        length_prefix::push(&mut aad, self.facility.as_str().as_bytes());
        aad.push(scope.kind());
        aad.extend_from_slice(scope.tag().as_bytes());
        aad.extend_from_slice(id.as_bytes());
        aad.extend_from_slice(&self.generation.to_be_bytes());
        aad
    }
}
