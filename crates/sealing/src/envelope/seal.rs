//! Sealing and opening: id and canonical bytes of one version of one record,
//! under a key that is used once and bound to the place where they belong and to what
//! the row says in clear.
//!
//! From data key and salt, HKDF-SHA512 makes the AES key, the key commitment and
//! the two salts. AES-GCM alone does not commit to a key, so the commitment is
//! compared before anything is decrypted (the AWS Encryption SDK does the same).
//! Going back to an older version of a row is not noticed here but by the log.

use crate::{
    ClearFacts, DataKey, Format, OpenError, Salts, SealError, SealedType,
    envelope::{self, aes, length_prefix, padding},
    keys::derive::Extracted,
};
use model::{DataKeyId, FacilityName, Random, Tag, VersionNumber};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Where an envelope belongs; it opens nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The facility whose record it is.
    pub facility: &'a FacilityName,
    /// Under which type.
    pub sealed_type: SealedType<'a>,
    /// The record's tag.
    pub record: Tag,
    /// The version; 1 for what has only one.
    pub version: VersionNumber,
    /// What the row says in clear. An envelope of format 1 opens beside any.
    pub clear: ClearFacts<'a>,
}

/// A finished envelope and the salts for its leaf. A transaction that is tried
/// again stores this same envelope: sealing anew would draw a new salt and make
/// another leaf.
pub struct Sealed {
    /// The bytes to store.
    pub envelope: Vec<u8>,
    /// The salts that the envelope's key gives.
    pub salts: Salts,
}

/// What was sealed.
pub struct Opened {
    /// What is authenticated: in format 1 the place, and none of the facts in clear.
    pub format: Format,
    /// The logical id.
    pub id: String,
    /// The canonical bytes; empty for a delete. Wiped when dropped.
    pub content: Zeroizing<Vec<u8>>,
    /// The salts that the envelope's key gives.
    pub salts: Salts,
}

/// Seals `id` and `content` for `place` under `key`, whose id is `key_id`, in format 2.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use model::{DataKeyId, ResourceType, SystemRandom, Tag, VersionNumber};
/// use sealing::{ClearFacts, DataKey, Place, SealedType, open, seal};
///
/// let patient: ResourceType = "Patient".parse()?;
/// let key = DataKey::generate(&SystemRandom)?;
/// let place = Place {
///     facility: &"riverside".parse()?,
///     sealed_type: SealedType::from(&patient),
///     record: Tag::new([1; 16]),
///     version: VersionNumber::FIRST,
///     clear: ClearFacts::at("2026-11-28T12:00:00.000Z".parse()?),
/// };
/// let content = br#"{"id":"p1","resourceType":"Patient"}"#;
/// let sealed = seal(&place, DataKeyId::new([2; 16]), &key, "p1", content, &SystemRandom)?;
///
/// let opened = open(&place, &key, &sealed.envelope)?;
/// assert_eq!((opened.id.as_str(), opened.content.as_slice()), ("p1", &content[..]));
///
/// // In the place of another version it does not open, nor under another key.
/// let elsewhere = Place { version: "2".parse()?, ..place };
/// assert!(open(&elsewhere, &key, &sealed.envelope).is_err());
/// assert!(open(&place, &DataKey::generate(&SystemRandom)?, &sealed.envelope).is_err());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When the source of randomness fails or the content reaches 4 GiB.
pub fn seal(
    place: &Place<'_>,
    key_id: DataKeyId,
    key: &DataKey,
    id: &str,
    content: &[u8],
    random: &dyn Random,
) -> Result<Sealed, SealError> {
    let mut salt = [0; 32];
    random.fill(&mut salt)?;
    let mut nonce = [0; aes::NONCE];
    random.fill(&mut nonce)?;
    let size = padded_length(id, content)?;

    let keys = Keys::new(key, &salt);
    let [cipher, commitment, leaf, content_salt] = &*keys.0;
    // The plaintext is built where the ciphertext will stand, in a buffer that
    // never grows, so that it is in memory once; wiped should encryption fail.
    let mut buffer = Zeroizing::new(Vec::with_capacity(envelope::HEADER + size + aes::TAG));
    buffer.push(Format::Two.byte());
    buffer.extend_from_slice(key_id.as_bytes());
    buffer.extend_from_slice(&salt);
    buffer.extend_from_slice(commitment);
    buffer.extend_from_slice(&nonce);
    length_prefix::push(&mut buffer, id.as_bytes());
    buffer.extend_from_slice(content);
    padding::pad(&mut buffer, envelope::HEADER);

    let (_, plaintext) = buffer
        .split_at_mut_checked(envelope::HEADER)
        .ok_or(SealError::TooLarge)?;
    let aad = aad(Format::Two, place, key_id);
    let tag = aes::encrypt(cipher, &nonce, &aad, plaintext)?;
    buffer.extend_from_slice(&tag);
    Ok(Sealed {
        envelope: std::mem::take(&mut *buffer),
        salts: Salts {
            leaf: *leaf,
            content: *content_salt,
        },
    })
}

/// Opens an envelope that was sealed for `place` under `key`. The key is the one
/// that [`envelope_key_id`](crate::envelope_key_id) names.
///
/// # Errors
/// When the bytes are not an envelope, the key is another, any byte was altered
/// or the envelope belongs elsewhere. Nothing of the content comes out then.
pub fn open(place: &Place<'_>, key: &DataKey, envelope: &[u8]) -> Result<Opened, OpenError> {
    let parts = envelope::Parts::of(envelope).ok_or(OpenError::NotAnEnvelope)?;
    let keys = Keys::new(key, parts.salt);
    let [cipher, commitment, leaf, content_salt] = &*keys.0;
    if !bool::from(commitment.ct_eq(parts.commitment)) {
        return Err(OpenError::WrongKey);
    }
    let mut content = Zeroizing::new(parts.ciphertext.to_vec());
    let aad = aad(parts.format, place, parts.key_id);
    aes::decrypt(cipher, parts.nonce, &aad, &mut content, parts.tag).ok_or(OpenError::Altered)?;

    let length = padding::unpadded(&content).ok_or(OpenError::UnknownForm)?;
    content.truncate(length);
    let (id, rest) = length_prefix::split(&content).ok_or(OpenError::UnknownForm)?;
    let id = std::str::from_utf8(id).map_err(|_| OpenError::UnknownForm)?;
    let (id, start) = (id.to_owned(), length - rest.len());
    content.drain(..start);
    Ok(Opened {
        format: parts.format,
        id,
        content,
        salts: Salts {
            leaf: *leaf,
            content: *content_salt,
        },
    })
}

/// AES key, key commitment, leaf salt, content salt.
struct Keys(Zeroizing<[[u8; 32]; 4]>);

impl Keys {
    fn new(key: &DataKey, salt: &[u8; 32]) -> Self {
        Self(Extracted::new(key.0.as_bytes(), salt).expand(&[b"chartseal/1/seal"]))
    }
}

fn padded_length(id: &str, content: &[u8]) -> Result<usize, SealError> {
    (4_usize.checked_add(id.len()))
        .and_then(|length| length.checked_add(content.len()))
        .and_then(padding::padded)
        .filter(|&size| u32::try_from(size).is_ok())
        .ok_or(SealError::TooLarge)
}

/// Binds an envelope to its place. Neither a KEK generation nor a label is in
/// it, so neither rewrapping keys nor relabelling touches envelopes.
fn aad(format: Format, place: &Place<'_>, key_id: DataKeyId) -> Vec<u8> {
    let label = match format {
        Format::One => b"chartseal/1/seal",
        Format::Two => b"chartseal/2/seal",
    };
    let mut aad = Vec::with_capacity(288);
    length_prefix::push(&mut aad, label);
    length_prefix::push(&mut aad, place.facility.as_str().as_bytes());
    aad.extend_from_slice(key_id.as_bytes());
    length_prefix::push(&mut aad, place.sealed_type.as_str().as_bytes());
    aad.extend_from_slice(place.record.as_bytes());
    aad.extend_from_slice(&place.version.get().to_be_bytes());
    if format == Format::Two {
        place.clear.push(&mut aad);
    }
    aad
}
