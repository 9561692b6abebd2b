//! What makes stored bytes unreadable and unmistakable: envelopes, the key
//! hierarchy above them, the port to a KMS, tags, search tokens, index cards.
//!
//! Every byte layout is described in `docs/storage-format.md` and held by the
//! golden vectors under `tests/vectors`. Nothing here knows where bytes are
//! kept, what FHIR is, or who asks.

mod aes;
mod card;
mod clear_facts;
mod cursor;
mod data_key;
mod date_bucket;
mod derive;
mod envelope;
mod error;
mod file_kms;
mod kek;
mod key_file;
mod kms;
mod length_prefix;
mod normal_form;
mod padding;
mod patient_head;
mod request_key;
mod salts;
mod seal;
mod sealed_type;
mod secret;
mod tag;
mod token;
mod wrapped_key;

pub use card::{CardKey, CardPlace, OpenedCard};
pub use clear_facts::{AuditFacts, ClearFacts};
pub use cursor::CursorKey;
pub use data_key::DataKey;
pub use date_bucket::date_buckets;
pub use envelope::{Format, envelope_digest, envelope_format, envelope_key_id, padded_size};
pub use error::{CardError, OpenError, SealError, UnwrapError};
pub use file_kms::FileKms;
pub use kek::Kek;
pub use kms::{Kms, KmsError};
pub use normal_form::{longest_prefix, normal_form, prefixes, single_prefix};
pub use patient_head::{HeadKey, HeadPlace, HeadSum, PatientHead};
pub use request_key::RequestKey;
pub use salts::Salts;
pub use seal::{Opened, Place, Sealed, open, seal};
pub use sealed_type::SealedType;
pub use tag::IdRoot;
pub use token::{Form, IndexRoot, ParameterKey};
