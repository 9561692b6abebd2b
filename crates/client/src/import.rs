//! `chartseal import`: FHIR Bundles and NDJSON into a gateway, several requests at
//! once. Each request has a key that follows from what it holds and where that stands,
//! so the same command run again, after whatever happened, makes no duplicates; there
//! is nothing else that it would have to remember.

mod answer;
mod args;
mod input;
mod place;
mod progress;
mod refused_file;
mod sender;
mod tally;
mod token;
mod unit;

pub use args::ImportArgs;

use crate::http_client;
use answer::Outcome;
use command::{complain, outputs, say};
use input::{
    Item, Stopped,
    files::{self, Found},
    source,
};
use place::Refused;
use progress::Progress;
use refused_file::RefusedFile;
use sender::Sender;
use std::{collections::VecDeque, path::Path, process::ExitCode, sync::Arc, thread};
use tally::Tally;
use token::Token;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    task::JoinSet,
};
use unit::Unit;

/// Something was refused.
const REFUSED: u8 = 1;
/// It could not run, or not to the end.
const INCOMPLETE: u8 = 2;

/// How an import ended.
struct Ended {
    tally: Tally,
    /// The reason when it was interrupted or had to give up; `None` when all was read.
    stopped: Option<String>,
    progress: Progress,
}

/// Imports: 0 when everything was accepted, 1 when something was refused, 2 when it
/// could not run to the end.
pub fn run(args: &ImportArgs) -> ExitCode {
    let told = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())
        .and_then(|runtime| runtime.block_on(import(args)))
        .and_then(|ended| conclude(args, ended));
    match told {
        Ok((summary, code)) => {
            say!("{}", summary.to_string().trim_end());
            code
        }
        Err(problem) => {
            complain!("chartseal import: {problem}");
            ExitCode::from(INCOMPLETE)
        }
    }
}

async fn import(args: &ImportArgs) -> Result<Ended, String> {
    http_client::check_url("`--base`", &args.base, args.plain_http)?;
    let base = args.base.trim_end_matches('/').to_owned();
    let found = match &args.retry {
        None => files::find(&args.files)?,
        Some(list) => {
            let places = refused_file::read(list)?;
            files::of_places(places.into_iter().map(|refused| refused.place))?
        }
    };
    check_places(args, &found)?;
    let sender = Sender::new(&base, Token::open(&args.token)?, args.cacert.as_deref())?;
    sender.check().await?;
    let size = found.inputs.iter().map(|input| input.size).sum();
    let progress = Progress::new(size);
    let mut tally = Tally::new(RefusedFile::at(&args.refused));
    for (place, reason) in &found.left_out {
        tally.read += 1;
        tally.refuse(&Refused::unsent(place.clone(), *reason))?;
    }
    let import = Import {
        sender: Arc::new(sender),
        in_flight: usize::from(args.in_flight),
        items: start_reading(found, base, usize::from(args.in_flight)),
        read: VecDeque::new(),
        sent: JoinSet::new(),
        stage: 0,
        ended: Ended {
            tally,
            stopped: None,
            progress,
        },
    };
    import.run().await
}

/// Refuses a list that would take the place of what is imported or of the token.
fn check_places(args: &ImportArgs, found: &Found) -> Result<(), String> {
    let mut inputs = vec![("`--token`", args.token.as_path())];
    inputs.extend(args.cacert.as_deref().map(|path| ("`--cacert`", path)));
    let files = found.inputs.iter();
    inputs.extend(files.map(|input| ("what is imported", input.path.as_path())));
    outputs::check(&inputs, &[("`--refused`", &args.refused)])
}

/// Reads in a thread of its own, as far ahead as there are requests under way.
fn start_reading(found: Found, base: String, ahead: usize) -> mpsc::Receiver<Item> {
    let (give, items) = mpsc::channel(ahead);
    thread::spawn(move || {
        let mut give = |item| give.blocking_send(item).map_err(|_| Stopped);
        // Whoever stopped it knows.
        let _ = source::read(&found.inputs, &base, &mut give);
    });
    items
}

/// An import under way.
struct Import {
    sender: Arc<Sender>,
    in_flight: usize,
    items: mpsc::Receiver<Item>,
    /// Units that were read and are not sent yet: one at most, which waits for the
    /// stage before it to end.
    read: VecDeque<Unit>,
    sent: JoinSet<Result<(u64, Outcome), String>>,
    stage: u8,
    ended: Ended,
}

impl Import {
    /// Until everything is answered, or there is no going on; what is under way is
    /// waited for in any case.
    async fn run(mut self) -> Result<Ended, String> {
        let mut interrupts = Interrupts::new()?;
        let mut reading = true;
        loop {
            self.send();
            if !reading && self.read.is_empty() && self.sent.is_empty() {
                return Ok(self.ended);
            }
            let room = self.read.is_empty() && self.sent.len() < self.in_flight;
            tokio::select! {
                Some(sent) = self.sent.join_next() => self.answered(sent)?,
                item = self.items.recv(), if reading && room => match item {
                    Some(item) => self.take(item)?,
                    None => reading = false,
                },
                () = interrupts.next() => {
                    if self.ended.stopped.is_some() {
                        self.sent.abort_all();
                        return Ok(self.ended);
                    }
                    self.stop("interrupted".to_owned());
                    self.ended.progress.say("waiting for the gateway; once more to stop at once");
                }
            }
            if self.ended.stopped.is_some() {
                reading = false;
                self.read.clear();
            }
        }
    }

    /// Sends what was read, when its stage has come.
    fn send(&mut self) {
        let Some(unit) = self.read.front() else {
            return;
        };
        if unit.stage != self.stage && !self.sent.is_empty() {
            return;
        }
        self.stage = unit.stage;
        if let Some(unit) = self.read.pop_front() {
            let sender = Arc::clone(&self.sender);
            self.sent.spawn(async move {
                let answer = sender.post(&unit).await?;
                Ok((unit.read, Outcome::of(&unit, &answer)))
            });
        }
    }

    fn take(&mut self, item: Item) -> Result<(), String> {
        match item {
            Item::Unit(unit) => self.read.push_back(unit),
            Item::Refused(refused) => self.ended.tally.refuse(&refused)?,
            Item::Read(bytes) => self.ended.progress.add(bytes, 0),
            Item::Counted(resources) => self.ended.tally.read += resources,
        }
        Ok(())
    }

    fn answered(
        &mut self,
        sent: Result<Result<(u64, Outcome), String>, tokio::task::JoinError>,
    ) -> Result<(), String> {
        match sent {
            Ok(Ok((bytes, outcome))) => {
                self.ended.tally.add(&outcome)?;
                self.ended.progress.add(bytes, outcome.taken);
            }
            Ok(Err(problem)) => self.stop(problem),
            Err(_) => self.stop("a request failed in this program; report it".to_owned()),
        }
        Ok(())
    }

    fn stop(&mut self, why: String) {
        self.items.close();
        self.sender.stop();
        self.ended.stopped.get_or_insert(why);
    }
}

/// Ctrl-C and SIGTERM.
struct Interrupts {
    typed: Signal,
    sent: Signal,
}

impl Interrupts {
    fn new() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| error.to_string());
        Ok(Self {
            typed: listen(SignalKind::interrupt())?,
            sent: listen(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.typed.recv() => {}
            _ = self.sent.recv() => {}
        }
    }
}

/// Puts the list of what was refused in its place and says how to go on.
fn conclude(args: &ImportArgs, mut ended: Ended) -> Result<(String, ExitCode), String> {
    ended.progress.finish();
    if ended.stopped.is_none() && !ended.tally.adds_up() {
        let why = "the sum of what was read is another, so something is missing; report it";
        ended.stopped = Some(why.to_owned());
    }
    let mut tally = ended.tally;
    if ended.stopped.is_some() {
        tally.stop_reading();
    }
    let mut told = tally.summary(ended.progress.elapsed());
    let refused = tally.any_refused();
    let code = match (&ended.stopped, refused) {
        (Some(_), _) => ExitCode::from(INCOMPLETE),
        (None, true) => ExitCode::from(REFUSED),
        (None, false) => ExitCode::SUCCESS,
    };
    let Some(why) = ended.stopped else {
        let listed = tally.into_list().finish()?;
        told.push_str(&how_to_retry(args, listed)?);
        return Ok((told, code));
    };
    // A list that is being worked through stays whole until it is done.
    if args.retry.is_some() {
        tally.into_list().give_up();
    } else if tally.into_list().finish()? {
        told.push_str(&how_to_retry(args, true)?);
    }
    told.push_str(&format!(
        "not finished: {why}\nrun the same command again to go on; what was accepted is not \
         written again\n"
    ));
    Ok((told, code))
}

fn how_to_retry(args: &ImportArgs, listed: bool) -> Result<String, String> {
    let list = args.refused.display();
    if listed {
        return Ok(format!(
            "listed in `{list}`; when the cause is gone, import those alone with `--retry {list}`\n"
        ));
    }
    match &args.retry {
        Some(done) => remove(done).map(|()| String::new()),
        None => Ok(String::new()),
    }
}

/// A list that has been worked through.
fn remove(list: &Path) -> Result<(), String> {
    std::fs::remove_file(list)
        .map_err(|error| format!("cannot remove `{}`: {error}", list.display()))
}
