//! `chartseal proof`: fetches a proof bundle, and the resource it is about, from
//! a gateway.

use crate::http_client::{self, cause, refusal};
use clap::Args;
use command::{
    complain, outputs, say,
    whole_file::{self, PRIVATE},
};
use std::{
    env, fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

const TIMEOUT: Duration = Duration::from_secs(30);
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

/// `chartseal proof`.
#[derive(Debug, Args)]
pub struct ProofArgs {
    /// The URL of a version or an audit event, such as
    /// `http://127.0.0.1:8080/fhir/Patient/1/_history/1`; without `?` and `#`.
    pub url: String,
    /// A file that holds the bearer token.
    #[arg(long, value_name = "FILE", conflicts_with = "token")]
    pub token_file: Option<PathBuf>,
    /// The bearer token; other users of the machine can see it on the command line. Without
    /// either, that of the environment as `CHARTSEAL_TOKEN`.
    // Not by `env`: clap would take the variable for the option, which conflicts.
    #[arg(long, value_name = "TOKEN")]
    pub token: Option<String>,
    /// Where to write the bundle.
    #[arg(long, short, value_name = "FILE")]
    pub out: PathBuf,
    /// Also fetch the resource itself and write it here, for `verify --resource`.
    #[arg(long, value_name = "FILE")]
    pub resource: Option<PathBuf>,
    /// Wait up to this many seconds until the proof is final.
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    pub wait: u64,
    /// Send the token to an http:// URL that is not on this machine.
    #[arg(long)]
    pub plain_http: bool,
    /// Certificates (PEM) of authorities to believe besides the system's.
    #[arg(long, value_name = "FILE")]
    pub cacert: Option<PathBuf>,
}

/// Fetches and writes; 0 when the files are there, 2 otherwise.
pub fn run(args: &ProofArgs) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            complain!("chartseal proof: {error}");
            return ExitCode::from(2);
        }
    };
    match runtime.block_on(fetch(args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            complain!("chartseal proof: {problem}");
            ExitCode::from(2)
        }
    }
}

async fn fetch(args: &ProofArgs) -> Result<(), String> {
    check_places(args)?;
    http_client::check_url("the first argument", &args.url, args.plain_http)?;
    let token = token(args)?;
    let client = http_client::client(&args.url, TIMEOUT, args.cacert.as_deref())?;
    let url = args.url.trim_end_matches('/').trim_end_matches("/$proof");
    let started = Instant::now();
    let (bytes, rung) = loop {
        let bytes = get(&client, &format!("{url}/$proof"), &token)
            .await?
            .good()?;
        let bundle = ::proof::Bundle::parse(&bytes)
            .map_err(|error| format!("the gateway's answer is no proof bundle: {error}"))?;
        let rung = bundle.rung.to_string();
        let settled = rung == "finalized" || rung == "settled";
        if settled || started.elapsed() >= Duration::from_secs(args.wait) {
            break (bytes, rung);
        }
        tokio::time::sleep(BETWEEN_TRIES).await;
    };
    write(&args.out, &bytes)?;
    // Said at once: what becomes of the resource takes nothing from the proof.
    say!("wrote {} ({rung})", args.out.display());
    match &args.resource {
        Some(path) => fetch_resource(path, get(&client, url, &token).await?),
        None => Ok(()),
    }
}

fn fetch_resource(path: &Path, answer: Answer) -> Result<(), String> {
    if answer.status == reqwest::StatusCode::GONE {
        say!(
            "{} was not written: the proof is of a delete, which has no content",
            path.display()
        );
        return Ok(());
    }
    write(path, &answer.good()?)
}

/// Refuses to write one file over another that is needed.
fn check_places(args: &ProofArgs) -> Result<(), String> {
    let token = args.token_file.as_deref();
    let authorities = args.cacert.as_deref();
    let inputs: Vec<_> = [("`--token-file`", token), ("`--cacert`", authorities)]
        .into_iter()
        .filter_map(|(name, path)| Some((name, path?)))
        .collect();
    let mut outputs = vec![("`--out`", args.out.as_path())];
    outputs.extend(args.resource.as_deref().map(|path| ("`--resource`", path)));
    outputs::check(&inputs, &outputs)
}

fn token(args: &ProofArgs) -> Result<String, String> {
    let token = match (&args.token_file, &args.token) {
        (Some(path), _) => {
            fs::read_to_string(path).map_err(|error| format!("`{}`: {error}", path.display()))?
        }
        (None, Some(token)) => token.clone(),
        (None, None) => env::var("CHARTSEAL_TOKEN")
            .map_err(|_| "give a token with `--token-file` or in CHARTSEAL_TOKEN")?,
    };
    Ok(token.trim().to_owned())
}

/// What the gateway said.
struct Answer {
    status: reqwest::StatusCode,
    body: Vec<u8>,
}

impl Answer {
    fn good(self) -> Result<Vec<u8>, String> {
        if self.status.is_success() {
            Ok(self.body)
        } else {
            Err(refusal(self.status.as_u16(), &self.body))
        }
    }
}

async fn get(client: &reqwest::Client, url: &str, token: &str) -> Result<Answer, String> {
    let answer = client
        .get(url)
        .bearer_auth(token)
        .send()
        .await
        .map_err(unanswered)?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(cause)?.to_vec();
    Ok(Answer { status, body })
}

fn unanswered(error: reqwest::Error) -> String {
    if error.is_builder() {
        "the first argument must be the URL of a version or an audit event, such as \
         http://127.0.0.1:8080/fhir/Patient/1/_history/1, and the token must be one line"
            .to_owned()
    } else {
        cause(error)
    }
}

/// For their owner's eyes: the one is a record, the other says what was done with one.
fn write(path: &Path, bytes: &[u8]) -> Result<(), String> {
    whole_file::replace(path, PRIVATE, bytes)
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}
