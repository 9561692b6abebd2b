//! The KMS of a single machine: root keys in one key file. Whoever reads that
//! file and the database reads every record, so a production set-up keeps the
//! file apart from the database and its backups, or uses another KMS.

use crate::{
    Kek, Kms, KmsError, UnwrapError,
    envelope::length_prefix,
    keys::{
        key_file::{self, Roots},
        secret::Secret,
        wrapped_key,
    },
};
use model::{FacilityName, Random};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    sync::{PoisonError, RwLock},
};

/// Root keys in a file of mode 0600, in memory while this lives, then wiped.
/// Several processes may have the same file open: who misses a root reads it
/// again.
pub struct FileKms {
    path: PathBuf,
    roots: RwLock<Roots>,
}

impl FileKms {
    /// Makes an empty key file at `path`, durable before this returns.
    ///
    /// # Errors
    /// When something stands there, or the file system refuses.
    pub fn create(path: &Path) -> Result<Self, KmsError> {
        let _lock = key_file::lock(path)?;
        if path.symlink_metadata().is_ok() {
            return Err(KmsError::FileTaken { path: path.into() });
        }
        key_file::replace(path, Roots::new())?;
        Self::open(path)
    }

    /// Opens the key file at `path`, following symbolic links.
    ///
    /// # Errors
    /// When it is absent, has another mode than 0600, is something else, or is
    /// damaged.
    pub fn open(path: &Path) -> Result<Self, KmsError> {
        let roots = key_file::read(path)?;
        // Rewriting renames over the path, which must be the file, not a link.
        let path = fs::canonicalize(path).map_err(|source| KmsError::Io {
            action: "read",
            path: path.into(),
            source,
        })?;
        let roots = RwLock::new(roots);
        Ok(Self { path, roots })
    }

    /// Whose root keys the file held when it was read last.
    #[must_use]
    pub fn facilities(&self) -> BTreeSet<FacilityName> {
        let roots = self.roots.read().unwrap_or_else(PoisonError::into_inner);
        roots.keys().map(|(facility, _)| facility.clone()).collect()
    }

    /// The file may have been replaced by another process since.
    fn read_again(&self) -> Result<(), KmsError> {
        let roots = key_file::read(&self.path)?;
        *self.roots.write().unwrap_or_else(PoisonError::into_inner) = roots;
        Ok(())
    }

    fn with_root<T>(
        &self,
        facility: &FacilityName,
        generation: u32,
        work: impl Fn(&Secret) -> T,
    ) -> Result<T, KmsError> {
        let name = (facility.clone(), generation);
        let attempt = || {
            let roots = self.roots.read().unwrap_or_else(PoisonError::into_inner);
            roots.get(&name).map(&work)
        };
        if let Some(done) = attempt() {
            return Ok(done);
        }
        self.read_again()?;
        attempt().ok_or_else(|| KmsError::MissingRoot {
            custody: self.custody(),
            facility: facility.clone(),
            generation,
        })
    }
}

impl Kms for FileKms {
    fn wrap_kek(&self, kek: &Kek, random: &dyn Random) -> Result<Vec<u8>, KmsError> {
        let (facility, generation) = (kek.facility(), kek.generation());
        let aad = aad(facility, generation);
        self.with_root(facility, generation, |root| {
            wrapped_key::wrap(root, &aad, kek.secret(), random)
        })?
        .map_err(KmsError::from)
    }

    fn unwrap_kek(
        &self,
        facility: &FacilityName,
        generation: u32,
        wrapped: &[u8],
    ) -> Result<Kek, KmsError> {
        let aad = aad(facility, generation);
        let unwrapped = self.with_root(facility, generation, |root| {
            wrapped_key::unwrap(root, &aad, wrapped)
        })?;
        match unwrapped {
            Ok(key) => Ok(Kek::from_secret(facility.clone(), generation, key)),
            Err(UnwrapError::NotAWrappedKey) => Err(KmsError::NotAWrappedKey {
                facility: facility.clone(),
                generation,
            }),
            Err(UnwrapError::Refused) => Err(KmsError::WrongKey {
                custody: self.custody(),
                facility: facility.clone(),
                generation,
            }),
        }
    }

    /// The old file stands when the new one cannot be written.
    fn add_root(
        &self,
        facility: &FacilityName,
        generation: u32,
        random: &dyn Random,
    ) -> Result<(), KmsError> {
        let _lock = key_file::lock(&self.path)?;
        let mut roots = key_file::read(&self.path)?;
        let name = (facility.clone(), generation);
        if roots.contains_key(&name) {
            return Err(KmsError::RootTaken {
                custody: self.custody(),
                facility: facility.clone(),
                generation,
            });
        }
        roots.insert(name, Secret::generate(random)?);
        key_file::replace(&self.path, roots)?;
        self.read_again()
    }

    fn custody(&self) -> String {
        format!("key file `{}`", self.path.display())
    }
}

fn aad(facility: &FacilityName, generation: u32) -> Vec<u8> {
    let mut aad = Vec::with_capacity(64);
    length_prefix::push(&mut aad, b"chartseal/1/kek");
    length_prefix::push(&mut aad, facility.as_str().as_bytes());
    aad.extend_from_slice(&generation.to_be_bytes());
    aad
}
