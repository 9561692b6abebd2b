//! Posting a unit until the gateway has answered it: through lost connections,
//! restarts, too much load and expired tokens. The idempotency key makes it safe to
//! post again what may have been done.

use super::{token::Token, unit::Unit};
use crate::http_client::{self, cause};
use command::complain;
use reqwest::{
    Response, StatusCode,
    header::{CONTENT_TYPE, RETRY_AFTER},
};
use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(300);
/// The waits between tries: each twice the one before, from and to.
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(15);
/// The longest wait that the gateway may ask for.
const LONGEST_ASKED: Duration = Duration::from_secs(120);
/// How long a unit is tried while the gateway does not answer.
const UNIT_TIMEOUT: Duration = Duration::from_secs(600);
/// How long a refused token may take to be replaced.
const TOKEN_TIMEOUT: Duration = Duration::from_secs(120);
/// How often a fault or a conflict is tried again before it is a refusal.
const FAULTS: u32 = 4;

/// The header of an answer that was given before under the same key.
const REPEATED: &str = "idempotent-replayed";

/// How units get to the gateway.
pub struct Sender {
    client: reqwest::Client,
    base: String,
    token: Token,
    stopped: AtomicBool,
    /// Whether it was said that the token is refused, since one was taken last.
    told: AtomicBool,
}

/// What the gateway said to a unit.
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    /// Given to an earlier run, and kept by the gateway.
    pub repeated: bool,
}

/// What one try came to.
enum Try {
    Answered(Answer),
    /// The token was refused.
    Token,
    /// Later; the gateway may have said when.
    Later(&'static str, Option<Duration>),
    /// The same, and nothing was done.
    NotYet(&'static str, Option<Duration>),
    /// As [`Self::Later`], but only a few times.
    Fault(Answer),
}

impl Try {
    /// Whether the gateway may have carried it out and not said so.
    const fn may_be_done(&self) -> bool {
        matches!(self, Self::Later(..) | Self::Fault(_))
    }
}

impl Sender {
    /// For this FHIR base, without a slash at its end.
    pub fn new(base: &str, token: Token, cacert: Option<&Path>) -> Result<Self, String> {
        Ok(Self {
            client: http_client::client(base, TIMEOUT, cacert)?,
            base: base.to_owned(),
            token,
            stopped: AtomicBool::new(false),
            told: AtomicBool::new(false),
        })
    }

    /// Asks whether there is a FHIR server at the base at all, so that a mistyped one
    /// is told at once.
    pub async fn check(&self) -> Result<(), String> {
        let answer = self.client.get(format!("{}/metadata", self.base)).send();
        match answer.await.map(|answer| answer.status()) {
            Ok(StatusCode::OK) => Ok(()),
            Ok(status) => Err(format!(
                "there is no FHIR base at `--base` (`/metadata` is answered {})",
                status.as_u16()
            )),
            Err(error) if error.is_builder() => {
                Err("`--base` must be a URL such as http://127.0.0.1:8080/fhir".to_owned())
            }
            Err(error) => Err(cause(error)),
        }
    }

    /// From now on nothing is tried again.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// Posts until there is an answer. The error says why the whole import cannot go
    /// on.
    pub async fn post(&self, unit: &Unit) -> Result<Answer, String> {
        let started = Instant::now();
        let (mut wait, mut faults) = (FIRST_WAIT, 0);
        // A repeated answer can be that to an earlier try of this run, if that was carried out.
        let mut ours = false;
        loop {
            let token = self.token.current();
            let tried = self.once(unit, &token).await;
            ours |= tried.may_be_done();
            let (why, asked) = match tried {
                Try::Answered(answer) => {
                    self.told.store(false, Ordering::Relaxed);
                    return Ok(Answer {
                        repeated: answer.repeated && !ours,
                        ..answer
                    });
                }
                Try::Fault(answer) if faults >= FAULTS => return Ok(answer),
                Try::Fault(_) => {
                    faults += 1;
                    ("the gateway has a fault", None)
                }
                Try::Token if self.token.renewed(&token) => continue,
                Try::Token if started.elapsed() > TOKEN_TIMEOUT => {
                    return Err("the token is refused and was not replaced in its file".to_owned());
                }
                Try::Token => {
                    self.tell_of_token();
                    ("the token is refused", Some(FIRST_WAIT))
                }
                Try::Later(why, asked) | Try::NotYet(why, asked) => (why, asked),
            };
            if self.stopped.load(Ordering::Relaxed) {
                return Err(why.to_owned());
            }
            if started.elapsed() > UNIT_TIMEOUT {
                return Err(format!(
                    "{why}, for {} minutes now",
                    UNIT_TIMEOUT.as_secs() / 60
                ));
            }
            let pause = asked.map_or(wait, |asked| asked.min(LONGEST_ASKED));
            tokio::time::sleep(pause).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Once for all requests that wait for another token.
    fn tell_of_token(&self) {
        if !self.told.swap(true, Ordering::Relaxed) {
            complain!(
                "the gateway refuses the token; waiting {} minutes for another in `{}`",
                TOKEN_TIMEOUT.as_secs() / 60,
                self.token.place().display()
            );
        }
    }

    async fn once(&self, unit: &Unit, token: &str) -> Try {
        let sent = self
            .client
            .post(&self.base)
            .bearer_auth(token)
            .header(CONTENT_TYPE, "application/fhir+json")
            .header("prefer", "return=minimal")
            .header("idempotency-key", &unit.key)
            .body(unit.body.clone())
            .send()
            .await;
        let response = match sent {
            Ok(response) => response,
            Err(error) if error.is_connect() => {
                return Try::NotYet("the gateway does not answer", None);
            }
            Err(_) => return Try::Later("the gateway does not answer", None),
        };
        let (status, asked) = (response.status(), retry_after(&response));
        let repeated = response.headers().contains_key(REPEATED);
        let Ok(body) = response.bytes().await else {
            return Try::Later("the gateway's answer was cut off", None);
        };
        let answer = Answer {
            status: status.as_u16(),
            body: body.to_vec(),
            repeated,
        };
        match status {
            StatusCode::UNAUTHORIZED => Try::Token,
            StatusCode::TOO_MANY_REQUESTS => {
                Try::NotYet("the gateway has too many requests", asked)
            }
            StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => Try::Later("the gateway is not available", asked),
            StatusCode::CONFLICT | StatusCode::INTERNAL_SERVER_ERROR => Try::Fault(answer),
            _ => Try::Answered(answer),
        }
    }
}

/// The wait that the gateway asks for, in seconds; a date is not understood, and the
/// usual wait taken.
fn retry_after(response: &Response) -> Option<Duration> {
    let seconds = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    seconds.trim().parse().ok().map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::import::{place::Place, unit::Entries};
    use std::{
        fs,
        io::{Read as _, Write as _},
        net::TcpListener,
        thread,
    };

    const REPLAY: &str = "HTTP/1.1 200 OK\r\nidempotent-replayed: true\r\n";
    const BUSY: &str = "HTTP/1.1 429 Too Many Requests\r\nretry-after: 0\r\n";
    /// The connection is closed without an answer.
    const CUT: &str = "";

    /// What is said of one unit by a gateway that answers so, one after the other.
    async fn repeated_after(answers: &'static [&'static str]) -> bool {
        let folder = tempfile::tempdir().expect("a folder");
        let token = folder.path().join("token");
        fs::write(&token, "t").expect("a token");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = listener.accept().expect("a connection");
                let mut sent = [0; 4_096];
                let _ = stream.read(&mut sent);
                if !answer.is_empty() {
                    let rest = "content-length: 2\r\nconnection: close\r\n\r\n{}";
                    stream.write_all(answer.as_bytes()).expect("answered");
                    stream.write_all(rest.as_bytes()).expect("answered");
                }
            }
        });
        let token = Token::open(&token).expect("a token");
        let sender = Sender::new(&format!("http://{address}"), token, None).expect("a sender");
        let place = Place::file(Path::new("/f"), "f");
        let unit = Unit {
            body: "{}".into(),
            key: "k".to_owned(),
            entries: Entries::Together(place),
            count: 1,
            stage: 0,
            read: 0,
        };
        sender.post(&unit).await.expect("an answer").repeated
    }

    #[tokio::test]
    async fn what_an_earlier_run_stored_is_repeated_however_often_it_is_sent() {
        assert!(repeated_after(&[REPLAY]).await);
        assert!(repeated_after(&[BUSY, BUSY, REPLAY]).await);
        // This run may have stored it: nobody said.
        assert!(!repeated_after(&[CUT, REPLAY]).await);
    }
}
