//! The key file: root keys as JSON, mode 0600, replaced as a whole.
//!
//! `{"format":"chartseal-key-file/1","roots":[{"facility":"a","generation":1,
//! "key":"<64 hex digits>"}]}`. A crash at any point leaves the old file or the
//! new one: the new content is synced under another name, renamed, and then the
//! directory is synced.

use crate::{KmsError, keys::secret::Secret};
use model::FacilityName;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{
    collections::BTreeMap,
    fmt,
    fs::File,
    io::{self, Read},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};
use zeroize::Zeroizing;

const FAMILY: &str = "chartseal-key-file/";
const FORMAT: &str = "chartseal-key-file/1";
const MODE: u32 = 0o600;
/// Tens of thousands of roots; whatever is larger is something else.
const MAX_BYTES: u64 = 16 << 20;

/// The root keys of a file, by facility and generation.
pub(crate) type Roots = BTreeMap<(FacilityName, u32), Secret>;

#[derive(Deserialize)]
struct Head {
    format: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document<'a> {
    format: &'a str,
    roots: Vec<Row>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    facility: FacilityName,
    generation: u32,
    key: HexKey,
}

/// Sixty-four hex digits that are never held as a plain string.
struct HexKey(Secret);

impl Serialize for HexKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = Zeroizing::new(hex::encode(self.0.as_bytes()));
        serializer.serialize_str(&text)
    }
}

impl<'de> Deserialize<'de> for HexKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = HexKey;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("64 hex digits")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<HexKey, E> {
                let mut key = Secret::zeros();
                hex::decode_to_slice(text, key.as_mut_bytes())
                    .map_err(|_| E::custom("expected 64 hex digits"))?;
                Ok(HexKey(key))
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

/// Reads the file, if its mode and form allow.
pub(crate) fn read(path: &Path) -> Result<Roots, KmsError> {
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => KmsError::FileAbsent { path: path.into() },
        _ => io_error("read", path)(source),
    };
    let file = File::open(path).map_err(failed)?;
    let facts = file.metadata().map_err(failed)?;
    if !facts.is_file() || facts.len() > MAX_BYTES {
        return Err(KmsError::ForeignFile { path: path.into() });
    }
    let mode = facts.permissions().mode() & 0o7777;
    if mode != MODE {
        let path = path.into();
        return Err(KmsError::FileMode { path, mode });
    }
    // Room for all of it and a byte more, so that no copy is left by growing.
    let room = usize::try_from(facts.len()).unwrap_or(0).saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    file.take(MAX_BYTES)
        .read_to_end(&mut bytes)
        .map_err(failed)?;
    parse(path, &bytes)
}

fn parse(path: &Path, bytes: &[u8]) -> Result<Roots, KmsError> {
    let path = || PathBuf::from(path);
    let damaged = |line, column| KmsError::DamagedFile {
        path: path(),
        line,
        column,
    };
    let head: Head =
        serde_json::from_slice(bytes).map_err(|_| KmsError::ForeignFile { path: path() })?;
    match head.format.strip_prefix(FAMILY) {
        None => return Err(KmsError::ForeignFile { path: path() }),
        Some("1") => {}
        Some(_) => return Err(KmsError::OtherRelease { path: path() }),
    }
    // The parser's own words may quote the file, so only the place is told.
    let document: Document<'_> =
        serde_json::from_slice(bytes).map_err(|e| damaged(e.line(), e.column()))?;
    let mut roots = Roots::new();
    for row in document.roots {
        let name = (row.facility, row.generation);
        if roots.insert(name, row.key.0).is_some() {
            return Err(damaged(0, 0));
        }
    }
    Ok(roots)
}

/// Puts `roots` in the place of whatever `path` holds, all or nothing.
pub(crate) fn replace(path: &Path, roots: Roots) -> Result<(), KmsError> {
    let bytes = print(roots).map_err(io_error("write", path))?;
    files::replace(path, files::PRIVATE, &bytes).map_err(io_error("write", path))
}

fn print(roots: Roots) -> io::Result<Zeroizing<Vec<u8>>> {
    // A row takes under 200 bytes; room for all, so that no copy is left behind.
    let room = 100 + 200 * roots.len();
    let rows = roots.into_iter().map(|((facility, generation), key)| Row {
        facility,
        generation,
        key: HexKey(key),
    });
    let document = Document {
        format: FORMAT,
        roots: rows.collect(),
    };
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    serde_json::to_writer_pretty(&mut *bytes, &document)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Keeps other processes from replacing the file until the answer is dropped.
/// The directory is locked, because the file itself is renamed over.
pub(crate) fn lock(path: &Path) -> Result<File, KmsError> {
    let failed = || io_error("lock", path);
    let directory = File::open(directory(path)).map_err(failed())?;
    directory.lock().map_err(failed())?;
    Ok(directory)
}

fn directory(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn io_error(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> KmsError {
    let path = path.into();
    move |source| KmsError::Io {
        action,
        path,
        source,
    }
}
