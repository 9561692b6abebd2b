//! A file that was opened: read through gzip where its first bytes say so, whatever
//! its name is (<https://www.rfc-editor.org/rfc/rfc1952>).

use flate2::read::MultiGzDecoder;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Cursor, ErrorKind, Read},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Bytes that tell what a file is.
const HEAD: usize = 6;
const GZIP: &[u8] = &[0x1f, 0x8b];
/// What else exports come in, by first bytes.
const OTHERS: [(&[u8], &str); 6] = [
    (&[0x28, 0xb5, 0x2f, 0xfd], "is compressed with Zstandard"),
    (b"BZh", "is compressed with bzip2"),
    (&[0xfd, b'7', b'z', b'X', b'Z', 0], "is compressed with xz"),
    (b"PK\x03\x04", "is a ZIP archive"),
    (&[0xff, 0xfe], "is UTF-16"),
    (&[0xfe, 0xff], "is UTF-16"),
];

/// A file that is being read.
pub struct Opened {
    /// Its content.
    pub bytes: Box<dyn BufRead>,
    gzip: bool,
    /// Bytes taken from the disk.
    taken: Arc<AtomicU64>,
}

impl Opened {
    /// Opens a file and looks at its first bytes. The error holds nothing of the file.
    pub fn open(path: &Path) -> Result<Self, String> {
        let cannot = |error: io::Error| format!("the file cannot be read: {}", error.kind());
        let taken = Arc::new(AtomicU64::new(0));
        let mut file = Counted {
            file: File::open(path).map_err(cannot)?,
            taken: Arc::clone(&taken),
        };
        let mut head = Vec::with_capacity(HEAD);
        let read = file.by_ref().take(HEAD as u64).read_to_end(&mut head);
        read.map_err(cannot)?;
        if let Some((_, what)) = OTHERS.iter().find(|(first, _)| head.starts_with(first)) {
            return Err(format!(
                "the file {what}; only UTF-8 text, plain or compressed with gzip, is read"
            ));
        }
        let gzip = head.starts_with(GZIP);
        let whole = Cursor::new(head).chain(file);
        let bytes: Box<dyn BufRead> = if gzip {
            Box::new(BufReader::new(MultiGzDecoder::new(BufReader::new(whole))))
        } else {
            Box::new(BufReader::with_capacity(256 * 1024, whole))
        };
        Ok(Self { bytes, gzip, taken })
    }

    /// Bytes taken from the disk so far.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Why the rest cannot be read.
    pub fn cannot_read(&self, error: &io::Error) -> String {
        let why = match error.kind() {
            ErrorKind::UnexpectedEof if self.gzip => "the gzip data ends too early",
            ErrorKind::InvalidInput | ErrorKind::InvalidData if self.gzip => {
                "the gzip data is damaged"
            }
            kind => return format!("the file cannot be read from here on: {kind}"),
        };
        format!("{why}, and nothing after this is read; get the file again")
    }
}

/// Counts what goes through.
struct Counted {
    file: File,
    taken: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.taken.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::{Compression, write::GzEncoder};
    use std::{fs, io::Write as _};

    fn read(name: &str, content: &[u8]) -> Result<String, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        fs::write(&path, content).expect("written");
        let mut opened = Opened::open(&path)?;
        let mut text = String::new();
        let read = opened.bytes.read_to_string(&mut text);
        read.map_err(|error| opened.cannot_read(&error))?;
        assert_eq!(opened.taken(), content.len() as u64);
        Ok(text)
    }

    fn packed(text: &str) -> Vec<u8> {
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(text.as_bytes()).expect("packed");
        packed.finish().expect("packed")
    }

    #[test]
    fn content_decides_what_is_compressed_and_not_the_name() {
        assert_eq!(read("a.ndjson.gz", b"{}"), Ok("{}".to_owned()));
        assert_eq!(read("a.ndjson", &packed("{}")), Ok("{}".to_owned()));
        assert_eq!(read("a.json", b"{"), Ok("{".to_owned()));
        assert_eq!(read("a.json", b""), Ok(String::new()));
        let members = [packed("one\n"), packed("two\n")].concat();
        assert_eq!(read("a.ndjson.gz", &members), Ok("one\ntwo\n".to_owned()));
    }

    #[test]
    fn what_cannot_be_read_is_told_by_its_kind() {
        let refused = |content: &[u8]| read("a.ndjson", content).expect_err("refused");
        assert!(refused(&[0x28, 0xb5, 0x2f, 0xfd, 0]).contains("Zstandard"));
        assert!(refused(b"BZh91AY").contains("bzip2"));
        assert!(refused(b"PK\x03\x04..").contains("ZIP"));
        assert!(refused(&[0xff, 0xfe, b'{', 0]).contains("UTF-16"));
        let mut cut = packed("one line of text, and another one");
        cut.truncate(cut.len() - 9);
        assert!(refused(&cut).contains("ends too early"));
        assert!(refused(&[0x1f, 0x8b, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0]).contains("damaged"));
    }
}
