//! The port to whoever keeps the root keys: a key file, Vault or OpenBao
//! transit, a cloud KMS. It holds one root key per facility and generation, so
//! that a generation can be destroyed.

use crate::{Kek, SealError};
use model::{FacilityName, Random, RandomUnavailable};
use std::{io, path::PathBuf};

/// Wraps and unwraps KEKs with root keys that never leave it.
pub trait Kms: Send + Sync {
    /// Wraps `kek` with the root key of its facility and generation. What comes
    /// out is stored as it is and means something to this KMS only.
    ///
    /// # Errors
    /// When there is no such root key, or the KMS cannot do it now.
    fn wrap_kek(&self, kek: &Kek, random: &dyn Random) -> Result<Vec<u8>, KmsError>;

    /// Unwraps what [`wrap_kek`](Self::wrap_kek) made for this facility and
    /// generation.
    ///
    /// # Errors
    /// When there is no such root key, it is another one, the bytes were
    /// altered, or the KMS cannot do it now.
    fn unwrap_kek(
        &self,
        facility: &FacilityName,
        generation: u32,
        wrapped: &[u8],
    ) -> Result<Kek, KmsError>;

    /// Adds a random root key for a facility and generation, durable before this
    /// returns.
    ///
    /// # Errors
    /// `RootTaken` when there is one; when it cannot be added from here.
    fn add_root(
        &self,
        facility: &FacilityName,
        generation: u32,
        random: &dyn Random,
    ) -> Result<(), KmsError>;

    /// Where the root keys are, in words for the operator.
    fn custody(&self) -> String;
}

/// The ways in which a KMS fails. The texts say what to do and hold no key.
#[derive(Debug, thiserror::Error)]
pub enum KmsError {
    /// No root key for this facility and generation.
    #[error(
        "{custody} has no root key for facility `{facility}`, generation {generation}; \
         restore the root key from its backup, without it the facility's records stay sealed"
    )]
    MissingRoot {
        /// The words of [`Kms::custody`].
        custody: String,
        /// The facility.
        facility: FacilityName,
        /// The generation of its KEK.
        generation: u32,
    },
    /// There is a root key already; it is never replaced.
    #[error(
        "{custody} already has a root key for facility `{facility}`, generation {generation}; \
         use the next generation"
    )]
    RootTaken {
        /// The words of [`Kms::custody`].
        custody: String,
        /// The facility.
        facility: FacilityName,
        /// The generation of its KEK.
        generation: u32,
    },
    /// The root key does not open the stored KEK.
    #[error(
        "the root key in {custody} does not open the stored KEK of facility `{facility}`, \
         generation {generation}; either the root keys belong to other data (use those made \
         with this data) or the stored KEK was altered (restore it from a backup)"
    )]
    WrongKey {
        /// The words of [`Kms::custody`].
        custody: String,
        /// The facility.
        facility: FacilityName,
        /// The generation of its KEK.
        generation: u32,
    },
    /// The stored KEK has an impossible length.
    #[error(
        "the stored KEK of facility `{facility}`, generation {generation} is not a wrapped key; \
         restore it from a backup"
    )]
    NotAWrappedKey {
        /// The facility.
        facility: FacilityName,
        /// The generation of its KEK.
        generation: u32,
    },
    /// A key file was to be made where something stands.
    #[error("`{}` is there already; open it, or choose another path", .path.display())]
    FileTaken {
        /// Where it should go.
        path: PathBuf,
    },
    /// No file at the path.
    #[error("there is no key file at `{}`; correct the path, restore the file from its backup or, on a new installation, run `chartseal init` first", .path.display())]
    FileAbsent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Others than the owner may read or write the file, or the owner may not.
    #[error(
        "key file `{}` has mode {mode:04o}, it must be 0600; if others could read it, treat its keys as known, then run `chmod 600` on it",
        .path.display()
    )]
    FileMode {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Something else than a key file.
    #[error("`{}` is not a key file of this program; correct the path", .path.display())]
    ForeignFile {
        /// The file.
        path: PathBuf,
    },
    /// A key file, but not of a form that this release knows.
    #[error("key file `{}` was written by another release; use that release or a newer one", .path.display())]
    OtherRelease {
        /// The file.
        path: PathBuf,
    },
    /// A key file with a fault in it.
    #[error("key file `{}` is damaged at line {line}, column {column}; restore it from its backup", .path.display())]
    DamagedFile {
        /// The file.
        path: PathBuf,
        /// Line of the fault, from 1; 0 when it is the whole file.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
    /// The file system refused.
    #[error("cannot {action} key file `{}`: {source}", .path.display())]
    Io {
        /// What was being done: `read`, `write` or `lock`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// No key or nonce can be drawn.
    #[error(transparent)]
    Random(#[from] RandomUnavailable),
    /// The KEK was not wrapped.
    #[error(transparent)]
    Seal(#[from] SealError),
}
