//! The address on 127.0.0.1 to which the issuer sends the browser back.

use super::answer::{Answer, Expected};
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY},
    rt,
    web::{self, Data},
};
use command::complain;
use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    time::Duration,
};
use tokio::{sync::mpsc, time::timeout};

const PATH: &str = "/callback";

/// A port that is taken, so that nobody else can take the answer.
pub struct Redirect {
    listener: TcpListener,
    port: u16,
}

/// What the page needs.
struct Waiting {
    expected: Expected,
    answers: mpsc::Sender<Result<String, String>>,
}

impl Redirect {
    /// Takes this port, or any free one.
    pub fn take(port: Option<u16>) -> Result<Self, String> {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, port.unwrap_or(0)))
            .and_then(|listener| Ok((listener.local_addr()?.port(), listener)));
        match taken {
            Ok((port, listener)) => Ok(Self { listener, port }),
            Err(error) => Err(format!(
                "cannot listen on 127.0.0.1 for the browser: {error}; choose another `--port`"
            )),
        }
    }

    /// The address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}{PATH}", self.port)
    }

    /// Waits for the answer to our question, and gives the code.
    ///
    /// # Errors
    /// When the answer is no, or none comes in time.
    pub async fn code(self, expected: Expected, patience: Duration) -> Result<String, String> {
        let (answers, mut coming) = mpsc::channel(1);
        let server = serve(self.listener, Waiting { expected, answers })
            .map_err(|error| format!("cannot listen for the browser: {error}"))?;
        let came = timeout(patience, coming.recv()).await;
        // The page is given out before the server goes.
        server.stop(true).await;
        match came {
            Ok(Some(answer)) => answer,
            Ok(None) => Err("the login was cut short; try again".to_owned()),
            Err(_) => Err(
                "no browser came back in time; log in again, and finish it in the browser"
                    .to_owned(),
            ),
        }
    }
}

fn serve(listener: TcpListener, waiting: Waiting) -> io::Result<actix_web::dev::ServerHandle> {
    let waiting = Data::new(waiting);
    let server = HttpServer::new(move || {
        let page = web::resource(PATH).route(web::get().to(callback));
        App::new().app_data(waiting.clone()).service(page)
    })
    .workers(1)
    .shutdown_timeout(1)
    .disable_signals()
    .listen(listener)?
    .run();
    let handle = server.handle();
    rt::spawn(server);
    Ok(handle)
}

async fn callback(request: HttpRequest, waiting: Data<Waiting>) -> HttpResponse {
    let (mut page, text) = match Answer::read(request.query_string(), &waiting.expected) {
        Answer::Code(code) => {
            // A second answer finds no one waiting.
            let _ = waiting.answers.try_send(Ok(code));
            let text = "The answer has arrived; the terminal says how it went on.";
            (HttpResponse::Ok(), text)
        }
        Answer::Refused(why) => {
            let problem = format!("the issuer refused the login: {why}");
            let _ = waiting.answers.try_send(Err(problem));
            (HttpResponse::Ok(), "The login was refused.")
        }
        Answer::Stray => {
            complain!("an answer to another login was ignored; still waiting for this one");
            let text = "This is no answer to the login that the terminal waits for.";
            (HttpResponse::BadRequest(), text)
        }
    };
    // The address of this page holds the code.
    page.insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'"))
        .content_type("text/plain; charset=utf-8")
        .body(format!("{text} You can close this window.\n"))
}
