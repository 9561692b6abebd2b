//! A search for many texts at once in the bytes of many files, in the clear and
//! in the encodings in which a text could be hidden by accident: hexadecimal,
//! base64 at its three alignments, and a UUID as number.
//!
//! Texts under seven bytes are left out: they would be found by chance in a
//! hundred megabytes of random bytes, and so prove nothing.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

const MIN_NEEDLE_LENGTH: usize = 7;

/// What is looked for.
#[derive(Debug, Default)]
pub struct Needles {
    texts: BTreeSet<String>,
}

impl Needles {
    /// Adds a text; too short ones are left out.
    pub fn add(&mut self, text: &str) {
        if text.len() >= MIN_NEEDLE_LENGTH {
            self.texts.insert(text.to_owned());
        }
    }

    /// Takes a text out again.
    pub fn forget(&mut self, text: &str) {
        self.texts.remove(text);
    }

    /// How many different texts are looked for.
    #[must_use]
    pub fn count(&self) -> usize {
        self.texts.len()
    }

    /// Takes out what is found in the files of this folder, and gives it.
    pub fn forget_those_in(&mut self, folder: &Path) -> BTreeSet<String> {
        let found = self.search(&[folder]);
        let forgotten: BTreeSet<String> =
            found.into_iter().map(|(_, text)| text.to_owned()).collect();
        self.texts.retain(|text| !forgotten.contains(text));
        forgotten
    }

    /// Every find in the files of these folders, as `file: text`.
    #[must_use]
    pub fn find_in(&self, folders: &[&Path]) -> Vec<String> {
        self.search(folders)
            .into_iter()
            .map(|(file, text)| format!("{}: {text}", file.display()))
            .collect()
    }

    fn search(&self, folders: &[&Path]) -> BTreeSet<(PathBuf, &str)> {
        let forms: Vec<(Vec<u8>, &str)> = self
            .texts
            .iter()
            .flat_map(|text| {
                forms(text)
                    .into_iter()
                    .map(move |form| (form, text.as_str()))
            })
            .collect();
        let mut by_start: HashMap<&[u8], Vec<usize>> = HashMap::new();
        for (number, (form, _)) in forms.iter().enumerate() {
            let start = form.get(..MIN_NEEDLE_LENGTH).expect("long enough");
            by_start.entry(start).or_default().push(number);
        }
        let mut finds = BTreeSet::new();
        for file in folders.iter().flat_map(|folder| files(folder)) {
            // A file of a database's log may go while we look.
            let Ok(bytes) = fs::read(&file) else { continue };
            for (at, window) in bytes.windows(MIN_NEEDLE_LENGTH).enumerate() {
                for number in by_start.get(window).into_iter().flatten() {
                    let Some((form, text)) = forms.get(*number) else {
                        continue;
                    };
                    if bytes.get(at..at + form.len()) == Some(form) {
                        finds.insert((file.clone(), *text));
                    }
                }
            }
        }
        finds
    }
}

/// All files below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => found.push(entry.path()),
                _ => {}
            }
        }
    }
    found
}

/// The byte strings by which a text would be found.
fn forms(text: &str) -> Vec<Vec<u8>> {
    let mut forms = vec![text.as_bytes().to_vec(), hexadecimal(text.as_bytes())];
    for skipped in 0..3 {
        forms.push(base64_core(text.as_bytes(), skipped));
    }
    if let Some(number) = uuid(text) {
        forms.push(number.to_be_bytes().to_vec());
        forms.push(format!("{number:032x}").into_bytes());
    }
    forms.retain(|form| form.len() >= MIN_NEEDLE_LENGTH);
    forms
}

fn hexadecimal(bytes: &[u8]) -> Vec<u8> {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").expect("a string takes all");
    }
    text.into_bytes()
}

/// The part of the base64 (RFC 4648) of `before ‖ bytes ‖ after` that depends on
/// `bytes` alone, when `skipped` bytes stand before it modulo 3.
fn base64_core(bytes: &[u8], skipped: usize) -> Vec<u8> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let (groups, _) = bytes
        .get((3 - skipped) % 3..)
        .unwrap_or_default()
        .as_chunks::<3>();
    groups
        .iter()
        .flat_map(|[a, b, c]| {
            let bits = u32::from_be_bytes([0, *a, *b, *c]);
            [18, 12, 6, 0].map(|shift| (bits >> shift & 0x3f) as usize)
        })
        .filter_map(|six| LETTERS.get(six).copied())
        .collect()
}

fn uuid(text: &str) -> Option<u128> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if text.len() != 36 || digits.len() != 32 {
        return None;
    }
    u128::from_str_radix(&digits, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::Needles;
    use std::fs;

    #[test]
    fn a_text_is_found_in_every_form() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("sub").join("file");
        fs::create_dir(folder.path().join("sub")).expect("a folder");
        let mut needles = Needles::default();
        needles.add("Schowalter");
        needles.add("89de3489-c506-4794-9b3d-204d3818638b");
        needles.add("Toy");
        assert_eq!(needles.count(), 2);
        let planted: [&[u8]; 6] = [
            b"..Schowalter..",
            b"..5363686f77616c746572..",
            b"..U2Nob3dhbHRlcg==..",
            b"..IFNjaG93YWx0ZXI=..",
            b"..ICBTY2hvd2FsdGVy..",
            b"\x89\xde\x34\x89\xc5\x06\x47\x94\x9b\x3d\x20\x4d\x38\x18\x63\x8b",
        ];
        for bytes in planted {
            fs::write(&file, bytes).expect("written");
            assert_eq!(needles.find_in(&[folder.path()]).len(), 1, "{bytes:?}");
        }
        fs::write(&file, b"..schowalter..Schowalte").expect("written");
        assert_eq!(needles.find_in(&[folder.path()]), [""; 0]);
        fs::write(&file, b"..Schowalter..").expect("written");
        assert_eq!(needles.forget_those_in(folder.path()).len(), 1);
        assert_eq!(needles.find_in(&[folder.path()]), [""; 0]);
        assert_eq!(needles.count(), 1);
    }
}
