//! Hostile callers: each sends one attack again and again, as fast as it is answered.

use crate::{
    Failed,
    callers::{
        attacks::{self, Attack, By, Manner},
        connection::{Connection, Target},
        tally::{Outcome, Tally},
    },
    house::installation::Installation,
};
use devkit::issuer::DemoUser;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    runtime::{Builder, Runtime},
    task::JoinSet,
    time::{sleep, timeout},
};

/// After no answer, and after one that asks for less. Callers and gateway share the
/// processor; without a pause the refusals would be what is measured.
const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two bytes of a slow body.
const SLOWLY: Duration = Duration::from_secs(1);
/// Connections of each slow attack.
const SLOW: usize = 16;
/// A search has begun by then, and has not ended.
const LEFT_AFTER: Duration = Duration::from_millis(5);
/// What a caller with no token of ours sends.
const UNKNOWN: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCIsImtpZCI6InN0cmFuZ2VyIn0.e30.AAAA";

/// The callers, until they are dropped.
pub struct Hostile {
    /// How they were answered.
    pub tally: Tally,
    targets: Vec<Target>,
    tasks: JoinSet<()>,
    /// Of their own: nobody honest waits while a large body is written or read here.
    runtime: Option<Runtime>,
}

impl Hostile {
    /// Begins every attack.
    pub fn start(house: &Installation, records: &[String]) -> Result<Self, Failed> {
        let attacks = attacks::all(records).ok_or("two patients are needed")?;
        let own = records
            .iter()
            .find_map(|record| record.strip_prefix("Patient/"));
        let own = own.ok_or("no patient")?;
        let mut hostile = Self {
            tally: Tally::default(),
            targets: Vec::new(),
            tasks: JoinSet::new(),
            runtime: None,
        };
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        for attack in attacks {
            let target = target(house, attack.by, own)?;
            hostile.targets.push(target.clone());
            let connections = match attack.manner {
                Manner::Slowly => SLOW,
                _ => 1,
            };
            for _ in 0..connections {
                let attacker = Attacker {
                    attack: attack.clone(),
                    target: target.clone(),
                    tally: hostile.tally.clone(),
                };
                hostile.tasks.spawn_on(attacker.attack(), runtime.handle());
            }
        }
        hostile.runtime = Some(runtime);
        Ok(hostile)
    }

    /// Stops them; number of requests that they sent, wholly or in part.
    pub async fn stop(&mut self) -> u64 {
        self.tasks.shutdown().await;
        self.targets.iter().map(Target::requests).sum()
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn target(house: &Installation, by: By, own: &str) -> Result<Target, Failed> {
    let patient = DemoUser::Patient { id: own.parse()? };
    match by {
        By::Patient => house.caller(&patient, "hostile-patient"),
        By::DeniedPatient => house.caller(&patient, "denied-patient"),
        By::Clinician => house.caller(&DemoUser::Clinician, "hostile.clinician"),
        By::DeniedClinician => house.caller(&DemoUser::Clinician, "denied.clinician"),
        By::Auditor => house.caller(&DemoUser::Auditor, "hostile.auditor"),
        By::Nobody => house.caller_with(UNKNOWN),
    }
}

struct Attacker {
    attack: Attack,
    target: Target,
    tally: Tally,
}

impl Attacker {
    async fn attack(self) {
        let name = format!("{:?}, {}", self.attack.by, self.attack.name);
        let mut connection = None;
        loop {
            let outcome = match self.attack.manner {
                Manner::Whole { content_type } => {
                    timeout(PATIENCE, self.whole(&mut connection, content_type)).await
                }
                Manner::Slowly => Ok(self.slowly().await),
                Manner::Cut => timeout(PATIENCE, self.cut()).await,
                Manner::Leaving => timeout(PATIENCE, self.leaving()).await,
            };
            let outcome = match outcome {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) | Err(_) => Outcome::NoAnswer,
            };
            self.tally.add(&name, outcome);
            if outcome == Outcome::NoAnswer {
                connection = None;
            }
            if matches!(
                outcome,
                Outcome::NoAnswer | Outcome::Status(401 | 429 | 503)
            ) {
                sleep(PAUSE).await;
            }
        }
    }

    async fn whole(
        &self,
        connection: &mut Option<Connection>,
        content_type: &str,
    ) -> Result<Outcome, Failed> {
        let connection = match connection {
            Some(connection) => connection,
            none => none.insert(self.target.connect().await?),
        };
        let Attack {
            method, path, body, ..
        } = &self.attack;
        let answer = connection
            .ask(method.clone(), path, content_type, body.clone())
            .await?;
        Ok(Outcome::Status(answer.status.as_u16()))
    }

    fn head(&self) -> Result<Vec<u8>, Failed> {
        let Attack {
            method, path, body, ..
        } = &self.attack;
        self.target.count();
        Ok(self.target.head(method, path, body.len())?.into_bytes())
    }

    /// Byte by byte, until there is an answer or the connection ends.
    async fn slowly(&self) -> Result<Outcome, Failed> {
        let mut stream = self.target.stream().await?;
        stream.write_all(&self.head()?).await?;
        // `HTTP/1.1 408`
        let mut line = [0; 12];
        for byte in &self.attack.body {
            match timeout(SLOWLY, stream.read_exact(&mut line)).await {
                Err(_) => stream.write_all(&[*byte]).await?,
                Ok(answered) => {
                    answered?;
                    break;
                }
            }
        }
        let status = std::str::from_utf8(&line)?.rsplit(' ').next();
        Ok(Outcome::Status(status.ok_or("no status")?.parse()?))
    }

    async fn cut(&self) -> Result<Outcome, Failed> {
        let mut stream = self.target.stream().await?;
        stream.write_all(&self.head()?).await?;
        let (half, _) = self.attack.body.split_at(self.attack.body.len() / 2);
        stream.write_all(half).await?;
        Ok(Outcome::NoAnswer)
    }

    async fn leaving(&self) -> Result<Outcome, Failed> {
        let mut stream = self.target.stream().await?;
        stream.write_all(&self.head()?).await?;
        sleep(LEFT_AFTER).await;
        Ok(Outcome::NoAnswer)
    }
}
