//! From files to units, in the order of the files. A file of lines is never held in
//! memory; a file that is one document is, up to what the gateway takes in one
//! request.

use super::{
    document::{self, Document, Part, Unfit},
    files::{Input, REFERRED_TO},
    known::Known,
    opened::Opened,
};
use crate::import::{
    place::{Place, Refused},
    unit::{Batch, Unit},
};
use fhir::json::Value;
use model::{LogicalId, ResourceType};
use std::io::{self, BufRead, Read};

/// The largest document or line, and so the largest request
/// that the gateway takes.
const MAX_BYTES: usize = 32 * 1024 * 1024 - 4096;
/// The most lines of a file in one Bundle.
const MAX_LINES: u64 = 200;
/// A Bundle of this many bytes is sent before it has `MAX_LINES`.
const FULL_BYTES: usize = 2 * 1024 * 1024;

/// One step of the reading.
pub enum Item {
    /// A unit to be sent.
    Unit(Unit),
    /// A place whose content cannot be sent, with the reason.
    Refused(Refused),
    /// Number of bytes that were read and are part of no unit.
    Read(u64),
    /// Number of resources that were read, whether they are sent or refused.
    Counted(u64),
}

/// The import has ended, so the reading ends too.
pub struct Stopped;

/// Where the items go.
pub type Give<'g> = dyn FnMut(Item) -> Result<(), Stopped> + 'g;

/// Reads all files.
pub fn read(inputs: &[Input], base: &str, give: &mut Give<'_>) -> Result<(), Stopped> {
    let mut known = Known::default();
    for input in inputs {
        let place = Place {
            tries: input.tries,
            ..Place::file(&input.path, &input.name)
        };
        let opened = Opened::open(&input.path);
        let opened = match opened {
            Ok(opened) => opened,
            Err(problem) => {
                give(Item::Counted(1))?;
                give(Item::Refused(Refused::unsent(place, problem)))?;
                give(Item::Read(input.size))?;
                continue;
            }
        };
        let mut reading = Reading {
            input,
            base,
            known: &mut known,
            place,
            opened,
            given: 0,
            met: 0,
        };
        if input.lines {
            reading.lines(give)?;
        } else {
            reading.document(give)?;
        }
        let rest = input.size.saturating_sub(reading.given);
        give(Item::Counted(reading.met))?;
        give(Item::Read(rest))?;
    }
    Ok(())
}

/// A file on its way.
struct Reading<'i> {
    input: &'i Input,
    base: &'i str,
    known: &'i mut Known,
    place: Place,
    opened: Opened,
    /// Number of bytes taken from the disk that were told as read.
    given: u64,
    /// Resources met so far.
    met: u64,
}

impl Reading<'_> {
    /// Number of bytes taken from the disk since the last call.
    fn progress(&mut self) -> u64 {
        let taken = self.opened.taken();
        let more = taken.saturating_sub(self.given);
        self.given = taken;
        more
    }

    /// A file that is one document.
    fn document(&mut self, give: &mut Give<'_>) -> Result<(), Stopped> {
        let mut bytes = Vec::new();
        let most = MAX_BYTES as u64 + 1;
        self.met += 1;
        let read = self
            .opened
            .bytes
            .by_ref()
            .take(most)
            .read_to_end(&mut bytes);
        if let Err(error) = read {
            let problem = self.opened.cannot_read(&error);
            return give(Item::Refused(Refused::unsent(self.place.clone(), problem)));
        }
        if bytes.len() > MAX_BYTES {
            let refused = Refused::unsent(self.place.clone(), TOO_LARGE);
            return give(Item::Refused(refused));
        }
        let place = self.place.clone();
        match self.unit(without_mark(bytes), place, 0) {
            Ok(Some(unit)) => give(Item::Unit(unit)),
            Ok(None) => Ok(()),
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
            } => {
                let unit = match self.input.wanted.entries(line) {
                    Some(wanted) => part.some_entries(&entries, wanted),
                    None => Some(part.whole(bytes.into(), transaction, entries.len())),
                };
                // The Bundle was met as one.
                let entries = unit.as_ref().map_or(0, |unit| unit.count as u64);
                self.met = self.met - 1 + entries;
                unit
            }
            Document::Resource { kind, id, value } => {
                let mut batch = Batch::default();
                let place = part.place;
                let read_resource = ReadResource {
                    bytes: &bytes,
                    kind,
                    id,
                    value,
                };
                self.add(&mut batch, read_resource, place);
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
                Ok(_) if !self.input.wanted.line(number) => {}
                Ok(Line::Some) if line.trim_ascii().is_empty() => {}
                Ok(met) => {
                    self.met += 1;
                    let added = match met {
                        Line::TooLong => Err(Unfit::Because(TOO_LARGE.to_owned())),
                        _ => self.add_line(&mut batch, line.trim_ascii(), place.clone(), number),
                    };
                    match added {
                        Ok(None) => {}
                        Ok(Some(unit)) => give(Item::Unit(unit))?,
                        Err(unfit) => give(Item::Refused(Refused::unsent(place, unfit.text())))?,
                    }
                }
                Err(error) => {
                    self.met += 1;
                    let problem = self.opened.cannot_read(&error);
                    let place = self.place.onward_from(number);
                    give(Item::Refused(Refused::unsent(place, problem)))?;
                    break;
                }
            }
            if number % MAX_LINES == 0 || batch.len() >= FULL_BYTES {
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
        match document::read(line)? {
            Document::Bundle { .. } => self.unit(line.to_vec(), place, number),
            Document::Resource { kind, id, value } => {
                let read_resource = ReadResource {
                    bytes: line,
                    kind,
                    id,
                    value,
                };
                self.add(batch, read_resource, place);
                Ok(None)
            }
        }
    }

    /// Adds a resource, byte for byte but for references that search for someone.
    fn add(&mut self, batch: &mut Batch, resource: ReadResource<'_>, place: Place) {
        let ReadResource {
            bytes,
            kind,
            id,
            mut value,
        } = resource;
        if let (REFERRED_TO, Some(id)) = (self.input.stage, &id) {
            self.known.meet(&kind, id, &value);
        }
        if self.known.resolve(&mut value) {
            batch.add(&value.to_canonical(), &kind, id.as_ref(), place);
        } else {
            batch.add(bytes, &kind, id.as_ref(), place);
        }
    }

    fn next_line(&mut self, line: &mut Vec<u8>) -> io::Result<Line> {
        line.clear();
        let most = MAX_BYTES as u64 + 1;
        let read = self
            .opened
            .bytes
            .by_ref()
            .take(most)
            .read_until(b'\n', line)?;
        if line.starts_with(MARK) {
            drop(line.drain(..MARK.len()));
        }
        match (read, line.last()) {
            (0, _) => Ok(Line::None),
            (_, Some(b'\n')) => Ok(Line::Some),
            _ if read <= MAX_BYTES => Ok(Line::Some),
            _ => self.skip_line(line).map(|()| Line::TooLong),
        }
    }

    fn skip_line(&mut self, line: &mut Vec<u8>) -> io::Result<()> {
        loop {
            line.clear();
            let read = self
                .opened
                .bytes
                .by_ref()
                .take(65_536)
                .read_until(b'\n', line)?;
            if read == 0 || line.last() == Some(&b'\n') {
                return Ok(());
            }
        }
    }
}

/// A resource as it stands in the input.
struct ReadResource<'r> {
    bytes: &'r [u8],
    kind: ResourceType,
    id: Option<LogicalId>,
    value: Value,
}

/// The outcome of reading a line.
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

/// Why a document or a line is not sent.
const TOO_LARGE: &str =
    "this is larger than the 32 MB that the gateway takes in one request; split it";

#[cfg(test)]
mod tests;
