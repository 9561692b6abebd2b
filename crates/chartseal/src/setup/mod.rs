//! What an installation begins with: facilities, keys, and what version 0.1 left.

pub(crate) mod facility;
pub(crate) mod init;
pub(crate) mod keys;
pub(crate) mod leaf_key;
pub(crate) mod private_folder;
pub(crate) mod signed;
pub(crate) mod take_over;
