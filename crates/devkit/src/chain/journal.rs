//! The chain's one file: records that are only ever added.
//!
//! A record is `length u32 ‖ !length u32 ‖ payload ‖ keccak256(payload)`. A
//! record that was being written when the machine stopped is cut off at the next
//! start: its end is missing, or was never filled in. The length stands there
//! twice so that a damaged one is not taken for such an end.

use super::ChainError;
use alloy::primitives::keccak256;
use std::{
    fs::{self, File, Permissions, TryLockError},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::{FileExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

const HEAD: u64 = 8;
const CHECKSUM: u64 = 32;
const OWNER_ONLY: u32 = 0o600;
/// No record comes near this; a longer one is damage.
const MAXIMUM_PAYLOAD: u32 = 64 * 1024 * 1024;

/// An open journal; nobody else can open it meanwhile.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
    /// Offset and length of every payload.
    records: Vec<(u64, u32)>,
    end: u64,
    /// Set when the file may hold half a record that could not be removed.
    broken: bool,
}

/// What stands at an offset.
enum Found {
    Record { payload: u32 },
    Torn,
    Nothing,
}

impl Journal {
    /// Opens the journal or begins one, checks every record, and cuts off one
    /// that is torn.
    pub(crate) fn open(path: &Path) -> Result<Self, ChainError> {
        let storage = |source| storage(path, source);
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent).map_err(storage)?;
        let file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(OWNER_ONLY)
            .open(path)
            .map_err(storage)?;
        // One of an earlier release is open to others.
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))
            .map_err(storage)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(ChainError::InUse {
                    path: path.to_owned(),
                });
            }
            Err(TryLockError::Error(source)) => return Err(storage(source)),
        }
        let mut journal = Self {
            path: path.to_owned(),
            file,
            records: Vec::new(),
            end: 0,
            broken: false,
        };
        journal.scan()?;
        if journal.records.is_empty() {
            // A new file's name is safe only once its directory is.
            File::open(parent)
                .and_then(|directory| directory.sync_all())
                .map_err(storage)?;
        }
        Ok(journal)
    }

    /// The number of records.
    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    /// The payload of record `index`, checked again.
    pub(crate) fn read(&self, index: usize) -> Result<Option<Vec<u8>>, ChainError> {
        let Some((offset, length)) = self.records.get(index).copied() else {
            return Ok(None);
        };
        let mut payload = vec![0; length as usize];
        let mut checksum = [0; CHECKSUM as usize];
        self.file
            .read_exact_at(&mut payload, offset)
            .and_then(|()| {
                self.file
                    .read_exact_at(&mut checksum, offset + u64::from(length))
            })
            .map_err(|source| storage(&self.path, source))?;
        if keccak256(&payload).0 == checksum {
            Ok(Some(payload))
        } else {
            Err(self.damaged(offset - HEAD, "its checksum is wrong"))
        }
    }

    /// Adds a record; when this returns it is on the disk.
    pub(crate) fn append(&mut self, payload: &[u8]) -> Result<(), ChainError> {
        let failed = |source| storage(&self.path, source);
        if self.broken {
            return Err(failed(io::Error::other("an earlier write failed")));
        }
        let length = u32::try_from(payload.len())
            .ok()
            .filter(|length| *length <= MAXIMUM_PAYLOAD)
            .ok_or_else(|| failed(io::Error::other("the record is too long")))?;
        let mut record = Vec::with_capacity(payload.len() + 40);
        record.extend_from_slice(&length.to_be_bytes());
        record.extend_from_slice(&(!length).to_be_bytes());
        record.extend_from_slice(payload);
        record.extend_from_slice(keccak256(payload).as_slice());
        let written = self
            .file
            .seek(SeekFrom::Start(self.end))
            .and_then(|_| self.file.write_all(&record))
            .and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            // A later record must not follow half of this one.
            self.broken = self.file.set_len(self.end).is_err();
            return Err(storage(&self.path, source));
        }
        self.records.push((self.end + HEAD, length));
        self.end += record.len() as u64;
        Ok(())
    }

    /// Lets go of the file; nothing can be added from here on.
    pub(crate) fn close(&mut self) {
        self.broken = true;
        // The lock would go with the file anyway; this only makes it sooner.
        let _ = self.file.unlock();
    }

    /// An error that names the place of record `index`.
    pub(crate) fn damaged_record(&self, index: usize, what: &'static str) -> ChainError {
        let offset = self
            .records
            .get(index)
            .map_or(self.end, |(at, _)| at - HEAD);
        self.damaged(offset, what)
    }

    fn damaged(&self, offset: u64, what: &'static str) -> ChainError {
        ChainError::Damaged {
            path: self.path.clone(),
            offset,
            what,
        }
    }

    fn scan(&mut self) -> Result<(), ChainError> {
        let size = self
            .file
            .metadata()
            .map_err(|source| storage(&self.path, source))?
            .len();
        loop {
            match self.look(self.end, size)? {
                Found::Nothing => return Ok(()),
                Found::Torn => {
                    return self
                        .file
                        .set_len(self.end)
                        .and_then(|()| self.file.sync_all())
                        .map_err(|source| storage(&self.path, source));
                }
                Found::Record { payload } => {
                    self.records.push((self.end + HEAD, payload));
                    self.end += HEAD + u64::from(payload) + CHECKSUM;
                }
            }
        }
    }

    fn look(&self, offset: u64, size: u64) -> Result<Found, ChainError> {
        let read = |buffer: &mut [u8], at| {
            self.file
                .read_exact_at(buffer, at)
                .map_err(|source| storage(&self.path, source))
        };
        let rest = size.saturating_sub(offset);
        if rest == 0 {
            return Ok(Found::Nothing);
        }
        if rest < HEAD || self.is_blank(offset)? {
            return Ok(Found::Torn);
        }
        let (mut length, mut inverse) = ([0; 4], [0; 4]);
        read(&mut length, offset)?;
        read(&mut inverse, offset + 4)?;
        let length = u32::from_be_bytes(length);
        if length != !u32::from_be_bytes(inverse) || length > MAXIMUM_PAYLOAD {
            return Err(self.damaged(offset, "its length is wrong"));
        }
        let whole = HEAD + u64::from(length) + CHECKSUM;
        if rest < whole {
            return Ok(Found::Torn);
        }
        let (mut payload, mut checksum) = (vec![0; length as usize], [0; CHECKSUM as usize]);
        read(&mut payload, offset + HEAD)?;
        read(&mut checksum, offset + HEAD + u64::from(length))?;
        if keccak256(&payload).0 == checksum {
            Ok(Found::Record { payload: length })
        } else if rest == whole && checksum == [0; CHECKSUM as usize] {
            Ok(Found::Torn)
        } else {
            Err(self.damaged(offset, "its checksum is wrong"))
        }
    }

    /// Whether only zeros follow: some file systems grow a file before they
    /// fill it.
    fn is_blank(&self, offset: u64) -> Result<bool, ChainError> {
        let mut head = [0; HEAD as usize];
        self.file
            .read_exact_at(&mut head, offset)
            .map_err(|source| storage(&self.path, source))?;
        if head != [0; HEAD as usize] {
            return Ok(false);
        }
        let mut rest = Vec::new();
        (&self.file)
            .seek(SeekFrom::Start(offset))
            .and_then(|_| (&self.file).read_to_end(&mut rest))
            .map_err(|source| storage(&self.path, source))?;
        Ok(rest.iter().all(|byte| *byte == 0))
    }
}

fn storage(path: &Path, source: io::Error) -> ChainError {
    ChainError::Storage {
        path: path.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(dir: &Path) -> PathBuf {
        let path = dir.join("journal");
        let mut journal = Journal::open(&path).expect("new journal");
        for payload in [&b"one"[..], b"", b"three"] {
            journal.append(payload).expect("appended");
        }
        path
    }

    #[test]
    fn every_torn_end_is_cut_off_and_the_rest_stays() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = filled(dir.path());
        let whole = fs::read(&path).expect("readable");
        let two = whole.len() - (HEAD + 5 + CHECKSUM) as usize;
        for length in two..whole.len() {
            fs::write(&path, &whole[..length]).expect("written");
            let mut journal = Journal::open(&path).expect("a torn end is no error");
            assert_eq!(journal.len(), 2, "cut at {length}");
            journal.append(b"again").expect("appended after the cut");
            assert_eq!(journal.read(2).expect("readable"), Some(b"again".to_vec()));
        }
        let mut unfilled = whole[..whole.len() - 32].to_vec();
        unfilled.extend([0; 32]);
        fs::write(&path, &unfilled).expect("written");
        assert_eq!(Journal::open(&path).expect("unfilled end").len(), 2);
        fs::write(&path, [&whole[..], &[0; 50]].concat()).expect("written");
        assert_eq!(Journal::open(&path).expect("blank end").len(), 3);
    }

    #[test]
    fn every_changed_byte_is_an_error_not_an_end() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = filled(dir.path());
        let whole = fs::read(&path).expect("readable");
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1 << (at % 8);
            fs::write(&path, &changed).expect("written");
            assert!(
                matches!(Journal::open(&path), Err(ChainError::Damaged { .. })),
                "byte {at}"
            );
        }
    }

    #[test]
    fn only_one_has_it_open() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = filled(dir.path());
        let mut first = Journal::open(&path).expect("free");
        assert!(matches!(
            Journal::open(&path),
            Err(ChainError::InUse { .. })
        ));
        first.close();
        assert!(first.append(b"late").is_err());
        assert_eq!(Journal::open(&path).expect("free again").len(), 3);
    }
}
