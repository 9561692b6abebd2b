//! The hierarchy of keys: the KMS above, a key for each record below.

pub(crate) mod data_key;
pub(crate) mod derive;
pub(crate) mod file_kms;
pub(crate) mod kek;
pub(crate) mod key_file;
pub(crate) mod kms;
pub(crate) mod request_key;
pub(crate) mod salts;
pub(crate) mod secret;
pub(crate) mod wrapped_key;
