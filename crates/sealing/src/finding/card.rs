//! Index cards: what a record is found by, sealed under a key of its own made from the
//! record's data key (docs/storage-format.md, "Index card"). What stands inside is for
//! `index` to say; here it is an id and bytes.
//!
//! Unlike an envelope a card commits to no key, and the cards of one data key share one
//! AES key with random nonces, which is good for 2^32 of them (NIST SP 800-38D, 8.3).

use crate::{
    CardError, DataKey, SealError,
    envelope::{
        aes::{Cipher, NONCE, TAG},
        length_prefix,
        padding::{CARD_BLOCK, pad_to, padded_to, unpadded_from},
    },
    keys::derive::derive,
};
use model::{DataKeyId, FacilityName, Random, ResourceType, Tag, Timestamp, VersionNumber};
use zeroize::Zeroizing;

/// The first byte of a card.
const FORMAT: u8 = 1;

/// Where a card belongs, and what its row says in clear; it opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardPlace<'a> {
    /// The facility whose record it is.
    pub facility: &'a FacilityName,
    /// The resource type.
    pub resource_type: &'a ResourceType,
    /// The record's tag.
    pub record: Tag,
    /// The version whose values it holds.
    pub version: VersionNumber,
    /// The index epoch by whose definitions it was made.
    pub index_epoch: u32,
    /// The patient under whom the record is sealed.
    pub subject: Option<Tag>,
    /// The time of the version.
    pub time: Timestamp,
}

/// What was sealed.
pub struct OpenedCard {
    /// The logical id.
    pub id: String,
    /// What follows the id. Wiped when dropped.
    pub content: Zeroizing<Vec<u8>>,
}

/// The key of the cards of one data key; wiped when dropped.
pub struct CardKey {
    key_id: DataKeyId,
    cipher: Cipher,
}

impl CardKey {
    /// From the data key of the records' scope and its id.
    #[must_use]
    pub fn new(key_id: DataKeyId, key: &DataKey) -> Self {
        let cipher = Cipher::new(&derive(key.0.as_bytes(), &[b"chartseal/1/card"]));
        Self { key_id, cipher }
    }

    /// Seals the card of a record: its id and what it is found by.
    ///
    /// # Errors
    /// When the source of randomness fails or the content reaches 4 GiB.
    pub fn seal(
        &self,
        place: &CardPlace<'_>,
        id: &str,
        content: &[u8],
        random: &dyn Random,
    ) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE];
        random.fill(&mut nonce)?;
        let size = (4_usize.checked_add(id.len()))
            .and_then(|length| length.checked_add(content.len()))
            .and_then(|length| padded_to(CARD_BLOCK, length))
            .filter(|&size| u32::try_from(size).is_ok())
            .ok_or(SealError::TooLarge)?;
        let mut plain = Zeroizing::new(Vec::with_capacity(size));
        length_prefix::push(&mut plain, id.as_bytes());
        plain.extend_from_slice(content);
        pad_to(CARD_BLOCK, &mut plain, 0);
        let tag = self.cipher.encrypt(&nonce, &self.aad(place), &mut plain)?;
        Ok([&[FORMAT], &nonce[..], &plain, &tag].concat())
    }

    /// Opens a card that was sealed for `place` under this key.
    ///
    /// # Errors
    /// When the bytes are no card, any of them was altered, or the card belongs elsewhere
    /// or to another row. Nothing of the content comes out then.
    pub fn open(&self, place: &CardPlace<'_>, card: &[u8]) -> Result<OpenedCard, CardError> {
        let parts = Parts::of(card).ok_or(CardError::NotACard)?;
        let mut content = Zeroizing::new(parts.ciphertext.to_vec());
        self.cipher
            .decrypt(parts.nonce, &self.aad(place), &mut content, parts.tag)
            .ok_or(CardError::Altered)?;
        let length = unpadded_from(CARD_BLOCK, &content).ok_or(CardError::UnknownForm)?;
        content.truncate(length);
        let (id, rest) = length_prefix::split(&content).ok_or(CardError::UnknownForm)?;
        let id = std::str::from_utf8(id).map_err(|_| CardError::UnknownForm)?;
        let (id, start) = (id.to_owned(), length - rest.len());
        content.drain(..start);
        Ok(OpenedCard { id, content })
    }

    /// Binds a card to its place and to what its row says in clear.
    fn aad(&self, place: &CardPlace<'_>) -> Vec<u8> {
        let mut aad = Vec::with_capacity(192);
        length_prefix::push(&mut aad, b"chartseal/1/card");
        length_prefix::push(&mut aad, place.facility.as_str().as_bytes());
        aad.extend_from_slice(self.key_id.as_bytes());
        length_prefix::push(&mut aad, place.resource_type.as_str().as_bytes());
        aad.extend_from_slice(place.record.as_bytes());
        aad.extend_from_slice(&place.version.get().to_be_bytes());
        aad.extend_from_slice(&place.index_epoch.to_be_bytes());
        aad.extend_from_slice(place.subject.unwrap_or(Tag::ZERO).as_bytes());
        // The same eight bytes as the unsigned number: no row is older than 1970.
        aad.extend_from_slice(&place.time.as_millis().to_be_bytes());
        aad
    }
}

/// `0x01 ‖ nonce 12 ‖ ciphertext ‖ tag 16`, as a card and a patient head are stored.
pub(crate) struct Parts<'a> {
    pub(crate) nonce: &'a [u8; NONCE],
    pub(crate) ciphertext: &'a [u8],
    pub(crate) tag: &'a [u8; TAG],
}

impl<'a> Parts<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(&[FORMAT])?;
        let (nonce, rest) = rest.split_first_chunk()?;
        let (ciphertext, tag) = rest.split_last_chunk()?;
        Some(Self {
            nonce,
            ciphertext,
            tag,
        })
    }
}
