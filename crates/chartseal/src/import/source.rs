//! From files to units, in the order of the files. A file of lines is never held in
//! memory; a file that is one document is, up to what the gateway takes in one
//! request.

use super::{
    document::{self, Document, Part, Unfit},
    files::{Input, REFERRED_TO},
    known::Known,
    place::{Place, Refused},
    unit::{Batch, Unit},
};
use fhir::json::Value;
use flate2::read::MultiGzDecoder;
use model::{LogicalId, ResourceType};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// The largest document or line, and so the largest request
/// that the gateway takes.
pub const LARGEST: usize = 64 * 1024 * 1024 - 4096;
/// Lines in one Bundle, and bytes at which it is sent before it has as many.
const LINES: u64 = 200;
const BYTES: usize = 2 * 1024 * 1024;

/// What the reading gives.
pub enum Item {
    /// Something to send.
    Unit(Unit),
    /// Something that cannot be sent.
    Refused(Refused),
    /// So many bytes of the input were read of which nothing is sent.
    Read(u64),
    /// A file in a folder that holds no FHIR.
    LeftOut,
}

/// Nobody wants more.
pub struct Stopped;

/// Where the items go.
pub type Give<'g> = dyn FnMut(Item) -> Result<(), Stopped> + 'g;

/// Reads all files.
pub fn read(inputs: &[Input], base: &str, give: &mut Give<'_>) -> Result<(), Stopped> {
    let mut known = Known::default();
    for input in inputs {
        let mut reading = match Reading::open(input, base, &mut known) {
            Ok(reading) => reading,
            Err(error) => {
                give(Item::Refused(unreadable(Place::file(&input.path), &error)))?;
                continue;
            }
        };
        if input.lines {
            reading.lines(give)?;
        } else {
            reading.document(give)?;
        }
        let rest = input.size.saturating_sub(reading.given);
        give(Item::Read(rest))?;
    }
    Ok(())
}

fn unreadable(place: Place, error: &io::Error) -> Refused {
    Refused::unsent(place, format!("the file cannot be read: {}", error.kind()))
}

/// A file on its way.
struct Reading<'i> {
    input: &'i Input,
    base: &'i str,
    known: &'i mut Known,
    place: Place,
    bytes: Box<dyn BufRead>,
    /// Bytes taken from the disk.
    taken: Arc<AtomicU64>,
    /// Of these, accounted for.
    given: u64,
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

impl<'i> Reading<'i> {
    fn open(input: &'i Input, base: &'i str, known: &'i mut Known) -> io::Result<Self> {
        let taken = Arc::new(AtomicU64::new(0));
        let file = Counted {
            file: File::open(&input.path)?,
            taken: Arc::clone(&taken),
        };
        let bytes: Box<dyn BufRead> = match input.gzip {
            true => Box::new(BufReader::new(MultiGzDecoder::new(BufReader::new(file)))),
            false => Box::new(BufReader::with_capacity(256 * 1024, file)),
        };
        Ok(Self {
            input,
            base,
            known,
            place: Place::file(&input.path),
            bytes,
            taken,
            given: 0,
        })
    }

    /// How much was taken from the disk since it was last asked.
    fn progress(&mut self) -> u64 {
        let taken = self.taken.load(Ordering::Relaxed);
        let more = taken.saturating_sub(self.given);
        self.given = taken;
        more
    }

    /// A file that is one document.
    fn document(&mut self, give: &mut Give<'_>) -> Result<(), Stopped> {
        let mut bytes = Vec::new();
        let most = LARGEST as u64 + 1;
        if let Err(error) = self.bytes.by_ref().take(most).read_to_end(&mut bytes) {
            return give(Item::Refused(unreadable(self.place.clone(), &error)));
        }
        if bytes.len() > LARGEST {
            return give(Item::Refused(too_large(self.place.clone())));
        }
        let place = self.place.clone();
        match self.unit(without_mark(bytes), place, 0) {
            Ok(Some(unit)) => give(Item::Unit(unit)),
            Ok(None) => Ok(()),
            Err(Unfit::NoFhir) if self.input.found => give(Item::LeftOut),
            Err(unfit) => give(Item::Refused(Refused::unsent(
                self.place.clone(),
                unfit.text(),
            ))),
        }
    }

    /// What is sent of a document that goes by itself.
    fn unit(&mut self, bytes: Vec<u8>, place: Place, line: u64) -> Result<Option<Unit>, Unfit> {
        let document = document::read(&bytes)?;
        let (stage, read) = (self.input.stage, self.progress());
        let part = Part {
            base: self.base,
            stage,
            read,
            place,
        };
        Ok(match document {
            Document::Bundle {
                transaction,
                entries,
            } => match self.input.wanted.entries(line) {
                Some(wanted) => part.some_entries(&entries, wanted),
                None => Some(part.whole(bytes.into(), transaction)),
            },
            Document::Resource { kind, id, value } => {
                let mut batch = Batch::default();
                let place = part.place;
                self.add(&mut batch, &bytes, (&kind, id.as_ref(), value), place);
                batch.finish(self.base, stage, read)
            }
        })
    }

    /// A file of one resource a line. Where a Bundle ends depends on nothing but the
    /// file, so that it is the same Bundle in the next run.
    fn lines(&mut self, give: &mut Give<'_>) -> Result<(), Stopped> {
        let mut batch = Batch::default();
        let mut line = Vec::new();
        for number in 1.. {
            let place = self.place.line(number);
            match self.next_line(&mut line) {
                Ok(Line::None) => break,
                Ok(Line::TooLong) => give(Item::Refused(too_large(place)))?,
                Ok(Line::Some) if !self.input.wanted.line(number) => {}
                Ok(Line::Some) => match self.add_line(&mut batch, &line, place.clone(), number) {
                    Ok(None) => {}
                    Ok(Some(unit)) => give(Item::Unit(unit))?,
                    Err(Unfit::NoFhir) if self.input.found && number == 1 => {
                        return give(Item::LeftOut);
                    }
                    Err(unfit) => give(Item::Refused(Refused::unsent(place, unfit.text())))?,
                },
                Err(error) => {
                    give(Item::Refused(unreadable(self.place.clone(), &error)))?;
                    break;
                }
            }
            if number % LINES == 0 || batch.len() >= BYTES {
                self.send(&mut batch, give)?;
            }
        }
        self.send(&mut batch, give)
    }

    fn send(&mut self, batch: &mut Batch, give: &mut Give<'_>) -> Result<(), Stopped> {
        let read = self.progress();
        match std::mem::take(batch).finish(self.base, self.input.stage, read) {
            Some(unit) => give(Item::Unit(unit)),
            None => give(Item::Read(read)),
        }
    }

    /// Adds a line to the batch; a Bundle in a line goes by itself.
    fn add_line(
        &mut self,
        batch: &mut Batch,
        line: &[u8],
        place: Place,
        number: u64,
    ) -> Result<Option<Unit>, Unfit> {
        let line = line.trim_ascii();
        if line.is_empty() {
            return Ok(None);
        }
        match document::read(line)? {
            Document::Bundle { .. } => self.unit(line.to_vec(), place, number),
            Document::Resource { kind, id, value } => {
                self.add(batch, line, (&kind, id.as_ref(), value), place);
                Ok(None)
            }
        }
    }

    /// Adds a resource, byte for byte but for references that search for someone.
    fn add(
        &mut self,
        batch: &mut Batch,
        bytes: &[u8],
        (kind, id, mut resource): (&ResourceType, Option<&LogicalId>, Value),
        place: Place,
    ) {
        if let (REFERRED_TO, Some(id)) = (self.input.stage, id) {
            self.known.meet(kind, id, &resource);
        }
        if self.known.resolve(&mut resource) {
            batch.add(&resource.to_canonical(), kind, id, place);
        } else {
            batch.add(bytes, kind, id, place);
        }
    }

    fn next_line(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        line.clear();
        let most = LARGEST as u64 + 1;
        let read = self.bytes.by_ref().take(most).read_until(b'\n', line)?;
        if line.starts_with(MARK) {
            drop(line.drain(..MARK.len()));
        }
        match (read, line.last()) {
            (0, _) => Ok(Line::None),
            (_, Some(b'\n')) => Ok(Line::Some),
            _ if read <= LARGEST => Ok(Line::Some),
            _ => self.skip_line(line).map(|()| Line::TooLong),
        }
    }

    fn skip_line(&mut self, line: &mut Vec<u8>) -> io::Result<()> {
        loop {
            line.clear();
            let read = self.bytes.by_ref().take(65_536).read_until(b'\n', line)?;
            if read == 0 || line.last() == Some(&b'\n') {
                return Ok(());
            }
        }
    }
}

/// What came of reading a line.
enum Line {
    Some,
    None,
    TooLong,
}

/// The byte order mark that some programs begin a file with.
const MARK: &[u8] = "\u{feff}".as_bytes();

fn without_mark(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.starts_with(MARK) {
        drop(bytes.drain(..MARK.len()));
    }
    bytes
}

fn too_large(place: Place) -> Refused {
    let text = "this is larger than the 64 MB that the gateway takes in one request; split it";
    Refused::unsent(place, text)
}

#[cfg(test)]
mod tests;
