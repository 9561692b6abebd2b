//! Stands between store and PostgreSQL: counts round trips and cuts connections at
//! COMMIT, before the server has it or after it has done it.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread,
};

/// Where the next COMMIT is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    Before,
    After,
}

#[derive(Default)]
struct Shared {
    trips: AtomicU32,
    before: AtomicBool,
    after: AtomicBool,
}

pub struct Proxy {
    pub url: String,
    shared: Arc<Shared>,
}

impl Proxy {
    /// A proxy in front of the server of this URL.
    pub fn start(url: &str) -> Self {
        let (head, tail) = url.split_once('@').expect("a URL with a user");
        let (server, database) = tail.split_once('/').expect("a URL with a database");
        let server = server.to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let shared = Arc::new(Shared::default());
        let state = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let Ok(server) = TcpStream::connect(&server) else {
                    continue;
                };
                let state = state.clone();
                thread::spawn(move || serve(client, server, &state));
            }
        });
        let url = format!("{head}@127.0.0.1:{port}/{database}?sslmode=disable&gssencmode=disable");
        Self { url, shared }
    }

    pub fn cut(&self, cut: Cut) {
        match cut {
            Cut::Before => self.shared.before.store(true, Ordering::SeqCst),
            Cut::After => self.shared.after.store(true, Ordering::SeqCst),
        }
    }

    /// Questions to the server since the start.
    pub fn trips(&self) -> u32 {
        self.shared.trips.load(Ordering::SeqCst)
    }
}

fn serve(mut client: TcpStream, mut server: TcpStream, shared: &Arc<Shared>) {
    let silent = Arc::new(AtomicBool::new(false));
    let (from, to) = (server.try_clone(), client.try_clone());
    let (Ok(from), Ok(to)) = (from, to) else {
        return;
    };
    let muted = silent.clone();
    thread::spawn(move || answers(from, to, &muted));
    // The first message has no type.
    let Some(start) = message(&mut client, false) else {
        return;
    };
    let _ = server.write_all(&start);
    while let Some(message) = message(&mut client, true) {
        // A simple query or a sync: what the server answers before it goes on.
        if matches!(message.first(), Some(b'Q' | b'S')) {
            shared.trips.fetch_add(1, Ordering::SeqCst);
        }
        let commits = message.get(5..) == Some(b"COMMIT\0");
        if commits && shared.before.swap(false, Ordering::SeqCst) {
            break;
        }
        if commits && shared.after.swap(false, Ordering::SeqCst) {
            silent.store(true, Ordering::SeqCst);
        }
        if server.write_all(&message).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
}

fn answers(mut from: TcpStream, mut to: TcpStream, silent: &AtomicBool) {
    let mut buffer = [0; 16384];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if silent.load(Ordering::SeqCst) || to.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
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
