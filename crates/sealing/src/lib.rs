//! What makes stored bytes unreadable and unmistakable: envelopes, the key
//! hierarchy above them, the port to a KMS, tags, search tokens, index cards.
//!
//! Every byte layout is described in `docs/storage-format.md` and held by the
//! golden vectors under `tests/vectors`. Nothing here knows where bytes are
//! kept, what FHIR is, or who asks.

mod envelope;
mod error;
mod finding;
mod keys;

pub use envelope::clear_facts::{AuditFacts, ClearFacts};
pub use envelope::cursor::CursorKey;
pub use envelope::seal::{Opened, Place, Sealed, open, seal};
pub use envelope::sealed_type::SealedType;
pub use envelope::{Format, envelope_digest, envelope_format, envelope_key_id, padded_size};
pub use error::{CardError, OpenError, SealError, UnwrapError};
pub use finding::card::{CardKey, CardPlace, OpenedCard};
pub use finding::date_bucket::date_buckets;
pub use finding::normal_form::{longest_prefix, normal_form, prefixes, single_prefix};
pub use finding::patient_head::{HeadKey, HeadPlace, HeadSum, PatientHead};
pub use finding::tag::IdRoot;
pub use finding::token::{Form, IndexRoot, ParameterKey};
pub use keys::data_key::DataKey;
pub use keys::file_kms::FileKms;
pub use keys::kek::Kek;
pub use keys::kms::{Kms, KmsError};
pub use keys::request_key::RequestKey;
pub use keys::salts::Salts;
