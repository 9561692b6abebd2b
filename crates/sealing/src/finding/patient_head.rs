//! Patient heads: what a patient's cards add up to, so that one that was cut from the
//! tables, or put back in an older version, is missed (docs/storage-format.md, "Patient
//! head"). The members are added up, so a write changes the head without reading others.

use crate::{
    CardError, DataKey, SealError,
    envelope::{
        aes::{Cipher, NONCE},
        length_prefix,
    },
    finding::{card::Parts, tag::ShortMac},
    keys::derive::Extracted,
};
use model::{DataKeyId, FacilityName, Random, Tag, VersionNumber};
use zeroize::Zeroizing;

/// Bytes inside: counter, count and sum.
const SIZE: usize = 8 + 8 + 32;

/// A sum of macs modulo 2^256, kept as four limbs of 64 bits, the highest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct HeadSum([u64; 4]);

impl HeadSum {
    fn of(bytes: [u8; 32]) -> Self {
        let mut limbs = [0; 4];
        for (limb, eight) in limbs.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *limb = u64::from_be_bytes(*eight);
        }
        Self(limbs)
    }

    /// The sum as 32 bytes, big-endian.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [[0; 8]; 4];
        for (eight, limb) in bytes.iter_mut().zip(self.0) {
            *eight = limb.to_be_bytes();
        }
        let mut flat = [0; 32];
        flat.copy_from_slice(bytes.as_flattened());
        flat
    }

    fn plus(self, other: Self) -> Self {
        self.each_from_the_lowest(other, u64::carrying_add)
    }

    fn minus(self, other: Self) -> Self {
        self.each_from_the_lowest(other, u64::borrowing_sub)
    }

    fn each_from_the_lowest(self, other: Self, step: fn(u64, u64, bool) -> (u64, bool)) -> Self {
        let mut limbs = self.0;
        let mut carry = false;
        for (limb, more) in limbs.iter_mut().zip(other.0).rev() {
            (*limb, carry) = step(*limb, more, carry);
        }
        Self(limbs)
    }
}

/// What the cards of one patient add up to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PatientHead {
    /// How often the head has been written; the first is 1.
    pub counter: u64,
    /// Number of members.
    pub count: u64,
    /// Sum of the macs of the members.
    pub sum: HeadSum,
}

/// Where a head belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadPlace<'a> {
    /// The facility whose patient it is.
    pub facility: &'a FacilityName,
    /// The patient's tag.
    pub patient: Tag,
}

/// Keeps and seals the head of one patient; wiped when dropped.
pub struct HeadKey {
    key_id: DataKeyId,
    cipher: Cipher,
    member: ShortMac,
}

impl HeadKey {
    /// From the patient's data key and its id.
    #[must_use]
    pub fn new(key_id: DataKeyId, key: &DataKey) -> Self {
        let keys = Extracted::new(key.0.as_bytes(), b"").expand::<2>(&[b"chartseal/1/head"]);
        let [cipher, member] = &*keys;
        Self {
            key_id,
            cipher: Cipher::new(cipher),
            member: ShortMac::new(member),
        }
    }

    /// A head with a record more, in its newest version.
    #[must_use]
    pub fn add(&self, head: PatientHead, record: Tag, version: VersionNumber) -> PatientHead {
        PatientHead {
            count: head.count.wrapping_add(1),
            sum: head.sum.plus(self.member(record, version)),
            ..head
        }
    }

    /// A head without a record that it had in this version.
    #[must_use]
    pub fn remove(&self, head: PatientHead, record: Tag, version: VersionNumber) -> PatientHead {
        PatientHead {
            count: head.count.wrapping_sub(1),
            sum: head.sum.minus(self.member(record, version)),
            ..head
        }
    }

    fn member(&self, record: Tag, version: VersionNumber) -> HeadSum {
        let mut mac = self.member.clone();
        mac.add(record.as_bytes());
        mac.add(&version.get().to_be_bytes());
        HeadSum::of(mac.whole())
    }

    /// Seals a head.
    ///
    /// # Errors
    /// When the source of randomness fails.
    pub fn seal(
        &self,
        place: &HeadPlace<'_>,
        head: PatientHead,
        random: &dyn Random,
    ) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE];
        random.fill(&mut nonce)?;
        let mut plain = Zeroizing::new(Vec::with_capacity(SIZE));
        plain.extend_from_slice(&head.counter.to_be_bytes());
        plain.extend_from_slice(&head.count.to_be_bytes());
        plain.extend_from_slice(&head.sum.to_bytes());
        let tag = self.cipher.encrypt(&nonce, &self.aad(place), &mut plain)?;
        Ok([&[1], &nonce[..], &plain, &tag].concat())
    }

    /// Opens a head that was sealed for `place` under this key.
    ///
    /// # Errors
    /// When the bytes are no head, any of them was altered, or it is another patient's.
    pub fn open(&self, place: &HeadPlace<'_>, row: &[u8]) -> Result<PatientHead, CardError> {
        let parts = Parts::of(row).ok_or(CardError::NotACard)?;
        let mut plain = Zeroizing::new(parts.ciphertext.to_vec());
        self.cipher
            .decrypt(parts.nonce, &self.aad(place), &mut plain, parts.tag)
            .ok_or(CardError::Altered)?;
        let read = || {
            let (counter, rest) = plain.split_first_chunk()?;
            let (count, sum) = rest.split_first_chunk()?;
            Some(PatientHead {
                counter: u64::from_be_bytes(*counter),
                count: u64::from_be_bytes(*count),
                sum: HeadSum::of(sum.try_into().ok()?),
            })
        };
        read().ok_or(CardError::UnknownForm)
    }

    fn aad(&self, place: &HeadPlace<'_>) -> Vec<u8> {
        let mut aad = Vec::with_capacity(96);
        length_prefix::push(&mut aad, b"chartseal/1/head");
        length_prefix::push(&mut aad, place.facility.as_str().as_bytes());
        aad.extend_from_slice(self.key_id.as_bytes());
        aad.extend_from_slice(place.patient.as_bytes());
        aad
    }
}
