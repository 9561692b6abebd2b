//! Honest callers: clinicians, a patient and a system, each of whom asks at a fixed
//! rate, whatever becomes of it: who still waits for an answer asks the next by another
//! connection, so that slow answers do not make for fewer requests.

use crate::{
    Failed,
    callers::{
        connection::{Connection, FHIR_JSON, Target, version_of},
        seeds::Seed,
        tally::{Outcome, Tally},
    },
    house::installation::Installation,
};
use devkit::issuer::DemoUser;
use hyper::{Method, body::Bytes, header};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    task::JoinSet,
    time::{sleep_until, timeout},
};

/// Between two requests of one caller.
const EVERY: Duration = Duration::from_millis(200);
const PATIENCE: Duration = Duration::from_secs(30);
const CLINICIANS: [&str; 3] = ["ada.okafor", "lin.marsh", "ravi.sen"];

/// What a caller does, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Read,
    Search,
    Create,
    Update,
    History,
}

impl Step {
    pub const ALL: [Self; 5] = [
        Self::Read,
        Self::Search,
        Self::Create,
        Self::Update,
        Self::History,
    ];

    /// As the report says it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Search => "search",
            Self::Create => "create",
            Self::Update => "update",
            Self::History => "history",
        }
    }
}

const OF_A_CLINICIAN: &[Step] = &[Step::Read, Step::Search, Step::Create, Step::History];
const OF_A_SYSTEM: &[Step] = &[Step::Create, Step::Update, Step::Read, Step::Search];
const OF_A_PATIENT: &[Step] = &[Step::Read, Step::Search];

/// One request: when it was due, and how long its answer took, if it has come.
#[derive(Debug, Clone, Copy)]
struct Wait {
    step: Step,
    due: Instant,
    took: Option<Duration>,
}

/// Every request, in the order in which they were due.
#[derive(Debug, Clone, Default)]
struct Waits(Arc<Mutex<Vec<Wait>>>);

impl Waits {
    /// Notes a request; by the number its end is noted.
    fn begin(&self, step: Step, due: Instant) -> usize {
        let mut waits = lock(&self.0);
        waits.push(Wait {
            step,
            due,
            took: None,
        });
        waits.len() - 1
    }

    fn end(&self, number: usize) {
        if let Some(wait) = lock(&self.0).get_mut(number) {
            wait.took = Some(wait.due.elapsed());
        }
    }
}

/// The callers, until they are dropped.
pub struct Honest {
    waits: Waits,
    /// How they were answered.
    pub tally: Tally,
    targets: Vec<Target>,
    tasks: JoinSet<()>,
}

impl Honest {
    /// Begins to ask about the records of these patients, by id.
    pub fn start(house: &Installation, patients: &[String]) -> Result<Self, Failed> {
        let seed = Seed::all()?
            .into_iter()
            .find(|seed| seed.resource_type == "Observation")
            .ok_or("no Observation")?;
        let seed = Arc::new(seed);
        let own = patients.first().ok_or("no patient")?;
        let mut honest = Self {
            waits: Waits::default(),
            tally: Tally::default(),
            targets: Vec::new(),
            tasks: JoinSet::new(),
        };
        let patient = DemoUser::Patient { id: own.parse()? };
        let mut users = vec![
            (DemoUser::System, "demo-system", OF_A_SYSTEM),
            (patient, "honest-patient", OF_A_PATIENT),
        ];
        users.extend(CLINICIANS.map(|name| (DemoUser::Clinician, name, OF_A_CLINICIAN)));
        for (number, (user, subject, steps)) in users.into_iter().enumerate() {
            let target = house.caller(&user, subject)?;
            let caller = Caller {
                target: target.clone(),
                idle: Mutex::default(),
                steps,
                seed: Arc::clone(&seed),
                patients: match user {
                    DemoUser::Patient { .. } => vec![own.clone()],
                    _ => patients.to_vec(),
                },
                made: Mutex::default(),
                waits: honest.waits.clone(),
                tally: honest.tally.clone(),
            };
            honest.targets.push(target);
            // Their requests come one after the other.
            let begin = Instant::now() + EVERY / 5 * u32::try_from(number)?;
            honest.tasks.spawn(ask(Arc::new(caller), begin));
        }
        Ok(honest)
    }

    /// How long the answers to requests that were due in this time took, or until now
    /// when they have not come; of one step, or of all.
    pub fn waits(&self, from: Instant, until: Instant, step: Option<Step>) -> Vec<Duration> {
        let waits = lock(&self.waits.0);
        let due = waits.iter().filter(|wait| {
            (from..until).contains(&wait.due) && step.is_none_or(|step| step == wait.step)
        });
        due.map(|wait| wait.took.unwrap_or_else(|| wait.due.elapsed()))
            .collect()
    }

    /// Stops them; number of requests that they sent.
    pub async fn stop(&mut self) -> u64 {
        self.tasks.shutdown().await;
        self.targets.iter().map(Target::requests).sum()
    }
}

/// One of them.
struct Caller {
    target: Target,
    /// Connections by which nothing is asked now.
    idle: Mutex<Vec<Connection>>,
    steps: &'static [Step],
    seed: Arc<Seed>,
    patients: Vec<String>,
    /// The id of the Observation made last.
    made: Mutex<Option<String>>,
    waits: Waits,
    tally: Tally,
}

/// Takes step after step, each when it is due.
async fn ask(caller: Arc<Caller>, begin: Instant) {
    let (mut due, mut asked) = (begin, JoinSet::new());
    for (step, number) in caller.steps.iter().cycle().zip(0_usize..) {
        sleep_until(due.into()).await;
        let one = Arc::clone(&caller);
        asked.spawn(async move {
            let wait = one.waits.begin(*step, due);
            let answered = timeout(PATIENCE, one.take(*step, number)).await;
            let outcome = match answered {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) | Err(_) => Outcome::NoAnswer,
            };
            one.waits.end(wait);
            one.tally.add(step.name(), outcome);
        });
        while asked.try_join_next().is_some() {}
        due += EVERY;
    }
}

impl Caller {
    /// A connection by which nothing is asked. One that the gateway has closed since, as it
    /// may (RFC 9112, 9.3), is none.
    fn idle(&self) -> Option<Connection> {
        let mut idle = lock(&self.idle);
        idle.retain(Connection::is_open);
        idle.pop()
    }

    async fn take(&self, step: Step, number: usize) -> Result<Outcome, Failed> {
        let (method, path, body) = self.request(step, number)?;
        let mut connection = match self.idle() {
            Some(connection) => connection,
            None => self.target.connect().await?,
        };
        let answer = connection.ask(method, &path, FHIR_JSON, body).await?;
        lock(&self.idle).push(connection);
        if let (Step::Create, Some(place)) = (step, answer.headers.get(header::LOCATION)) {
            let version = version_of(place.to_str()?)?;
            *lock(&self.made) = version.split('/').nth(1).map(str::to_owned);
        }
        Ok(Outcome::Status(answer.status.as_u16()))
    }

    /// A step, over another patient each time round. What would follow a create reads
    /// instead as long as there was none.
    fn request(&self, step: Step, number: usize) -> Result<(Method, String, Bytes), Failed> {
        let patient = self
            .patients
            .get(number / self.steps.len() % self.patients.len());
        let patient = patient.ok_or("no patient")?;
        let body = |id| {
            let made = [("Patient", patient), ("Encounter", patient)];
            let made = made.map(|(kind, id)| (kind, id.clone()));
            Bytes::from(self.seed.body(id, &BTreeMap::from(made)))
        };
        let none = Bytes::new();
        Ok(match (step, &*lock(&self.made)) {
            (Step::Create, _) => (Method::POST, "Observation".to_owned(), body(None)),
            (Step::Search, _) => {
                let path = format!("Observation?patient=Patient/{patient}&_count=20");
                (Method::GET, path, none)
            }
            (Step::Update, Some(id)) => (Method::PUT, format!("Observation/{id}"), body(Some(id))),
            (Step::History, Some(id)) => (Method::GET, format!("Observation/{id}/_history"), none),
            (Step::Read | Step::Update | Step::History, _) => {
                (Method::GET, format!("Patient/{patient}"), none)
            }
        })
    }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}
