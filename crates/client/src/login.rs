//! `chartseal login`: a person logs in at an issuer, in a browser of their own, and
//! the access token goes to a file.
//!
//! The code flow of OpenID Connect (<https://openid.net/specs/openid-connect-core-1_0.html>,
//! 3.1) as a native app does it: a public client, PKCE (RFC 7636) and a redirect to
//! 127.0.0.1 (<https://www.rfc-editor.org/rfc/rfc8252>, 7.3). The access token is for
//! the gateway to judge and is not looked into; who logged in is told by the ID token.
//! Not here: refresh tokens, and the browser, which is the person's to open.

mod answer;
mod args;
mod issuer;
mod redirect;
mod token_file;

pub use args::LoginArgs;

use actix_web::rt::System;
use answer::Expected;
use command::{complain, say};
use issuer::{Issuer, LoggedIn};
use model::{Clock as _, SystemClock, SystemRandom, Timestamp};
use redirect::Redirect;
use std::{process::ExitCode, time::Duration};

/// Logs in; 0 when the token is in its file, 1 otherwise.
pub fn run(args: &LoginArgs) -> ExitCode {
    match System::new().block_on(login(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal login: {}", on_one_line(&problem));
            ExitCode::FAILURE
        }
    }
}

async fn login(args: &LoginArgs) -> Result<(), String> {
    // What could not be kept is not asked for.
    token_file::check(&args.out)?;
    let redirect = Redirect::take(args.port)?;
    let issuer = Issuer::discover(args, redirect.url()).await?;
    let question = issuer.question(&SystemRandom)?;
    say!(
        "open this address in a browser on this machine, within {} minutes:\n\n{}\n",
        args.wait,
        question.url
    );
    let expected = Expected {
        state: question.state.clone(),
        issuer: args.issuer.clone(),
    };
    let patience = Duration::from_secs(60 * args.wait);
    let code = redirect.code(expected, patience).await?;
    let logged_in = issuer.redeem(code, question).await?;
    token_file::write(&args.out, &logged_in.token)?;
    say!("{}", on_one_line(&who(&logged_in)));
    say!(
        "token written to {}, {}",
        args.out.display(),
        until(&logged_in, SystemClock.now())
    );
    Ok(())
}

fn who(logged_in: &LoggedIn) -> String {
    match &logged_in.name {
        Some(name) => format!("logged in as {name} ({})", logged_in.subject),
        None => format!("logged in as {}", logged_in.subject),
    }
}

fn until(logged_in: &LoggedIn, now: Timestamp) -> String {
    let millis = logged_in
        .lifetime
        .and_then(|lifetime| i64::try_from(lifetime.as_millis()).ok());
    match millis {
        Some(millis) => format!("good until {}", now.plus_millis(millis)),
        None => "for how long the issuer does not say".to_owned(),
    }
}

/// What an issuer says goes to a terminal, which must not obey it.
fn on_one_line(text: &str) -> String {
    model::shown(text)
}
