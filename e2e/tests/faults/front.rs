//! A loopback TCP front: passes connections on to the first of its backs that takes
//! them, and where it is told to, cuts them.

use e2e::Dice;
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

/// One COMMIT in this number is cut before the server has it, and one in as many after it.
const COMMITS: usize = 16;
/// One message in this number is cut, whatever it is.
const MESSAGES: usize = 600;

pub struct Front {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    backs: Vec<u16>,
    next: AtomicUsize,
    dice: Dice,
    cutting: AtomicBool,
    cut: AtomicUsize,
}

/// What a message of PostgreSQL's protocol meets.
enum Fate {
    Passes,
    /// The server does not get it.
    Lost,
    /// The server gets it, its answer is lost.
    Unanswered,
}

impl Front {
    /// A front of HTTP servers: each connection to the next one that listens.
    pub fn of_gateways(backs: &[u16]) -> Self {
        Self::start(backs, 0, pass)
    }

    /// A front of a PostgreSQL server.
    pub fn of_postgres(back: u16, seed: u64) -> Self {
        Self::start(&[back], seed, pass_messages)
    }

    fn start(backs: &[u16], seed: u64, serve: fn(TcpStream, TcpStream, &Arc<Shared>)) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            backs: backs.to_vec(),
            next: AtomicUsize::new(0),
            dice: Dice::new(seed),
            cutting: AtomicBool::new(false),
            cut: AtomicUsize::new(0),
        });
        let state = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let state = Arc::clone(&state);
                thread::spawn(move || {
                    if let Some(server) = state.connect() {
                        drop((client.set_nodelay(true), server.set_nodelay(true)));
                        serve(client, server, &state);
                    }
                });
            }
        });
        Self { port, shared }
    }

    /// From now on connections are cut, or no longer.
    pub fn cut(&self, cutting: bool) {
        self.shared.cutting.store(cutting, Ordering::SeqCst);
    }

    /// How many it has cut.
    pub fn count(&self) -> usize {
        self.shared.cut.load(Ordering::SeqCst)
    }
}

impl Shared {
    fn connect(&self) -> Option<TcpStream> {
        let from = self.next.fetch_add(1, Ordering::SeqCst);
        let turns = (from..).map(|turn| self.backs[turn % self.backs.len()]);
        turns
            .take(self.backs.len())
            .find_map(|port| TcpStream::connect((Ipv4Addr::LOCALHOST, port)).ok())
    }

    fn fate(&self, commits: bool) -> Fate {
        if !self.cutting.load(Ordering::SeqCst) {
            return Fate::Passes;
        }
        let sides = if commits { COMMITS } else { MESSAGES };
        let fate = match self.dice.below(sides) {
            0 => Fate::Lost,
            1 => Fate::Unanswered,
            _ => return Fate::Passes,
        };
        self.cut.fetch_add(1, Ordering::SeqCst);
        fate
    }
}

/// Bytes as they come, until one side ends.
fn pass(client: TcpStream, server: TcpStream, _: &Arc<Shared>) {
    let (Ok(from), Ok(to)) = (server.try_clone(), client.try_clone()) else {
        return;
    };
    let silent = Arc::new(AtomicBool::new(false));
    let never = Arc::clone(&silent);
    thread::spawn(move || copy(from, to, &never));
    copy(client, server, &silent);
}

/// Whole messages from the client, so that a COMMIT is seen
/// (<https://www.postgresql.org/docs/current/protocol-message-formats.html>).
fn pass_messages(mut client: TcpStream, mut server: TcpStream, shared: &Arc<Shared>) {
    let (Ok(from), Ok(to)) = (server.try_clone(), client.try_clone()) else {
        return;
    };
    let silent = Arc::new(AtomicBool::new(false));
    let muted = Arc::clone(&silent);
    thread::spawn(move || copy(from, to, &muted));
    // The first message has no type.
    let mut next = message(&mut client, false);
    while let Some(message_) = next {
        match shared.fate(message_.get(5..) == Some(b"COMMIT\0")) {
            Fate::Passes => {}
            Fate::Lost => break,
            Fate::Unanswered => silent.store(true, Ordering::SeqCst),
        }
        if server.write_all(&message_).is_err() {
            break;
        }
        next = message(&mut client, true);
    }
    drop(server.shutdown(Shutdown::Both));
    drop(client.shutdown(Shutdown::Both));
}

fn message(from: &mut TcpStream, typed: bool) -> Option<Vec<u8>> {
    let mut message = vec![0; if typed { 5 } else { 4 }];
    from.read_exact(&mut message).ok()?;
    let length = u32::from_be_bytes(*message.last_chunk::<4>()?) as usize;
    let start = message.len();
    message.resize(start + length - 4, 0);
    from.read_exact(&mut message[start..]).ok()?;
    Some(message)
}

/// What comes after `silent` is lost, and the connection with it.
fn copy(mut from: TcpStream, mut to: TcpStream, silent: &AtomicBool) {
    let mut buffer = [0; 16_384];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if silent.load(Ordering::SeqCst) || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    drop(from.shutdown(Shutdown::Both));
    drop(to.shutdown(Shutdown::Both));
}
