//! What the demo says when it is ready: on the terminal within 24 rows of 80 columns,
//! in `env.sh` for a shell, in `demo.json` for programs. Tokens stand in files only.

use super::{
    facilities,
    layout::{self, Layout},
    tokens::{self, Tokens},
};
use command::{CommandError, say};
use devkit::{
    chain::DevChain,
    issuer::{DevIssuer, LOGIN_CLIENT},
};
use model::{FacilityName, LogicalId};
use serde_json::{Value, json};
use std::{
    env,
    path::{Path, PathBuf},
};

/// Where everything is.
pub struct Announcement {
    url: String,
    rpc_url: String,
    chain_id: u64,
    registry: String,
    trust_file: PathBuf,
    tokens: PathBuf,
    env: PathBuf,
    json: PathBuf,
}

impl Announcement {
    pub fn new(url: String, chain: &DevChain, registry: [u8; 20], layout: &Layout) -> Self {
        Self {
            url,
            rpc_url: chain.rpc_url(),
            chain_id: chain.chain_id(),
            registry: format!("0x{}", hex::encode(registry)),
            trust_file: layout.trust_file(),
            tokens: layout.tokens(),
            env: layout.env(),
            json: layout.announcement(),
        }
    }

    /// The FHIR base of a facility.
    pub fn base_of(&self, facility: &FacilityName) -> String {
        format!("{}/f/{facility}/fhir", self.url)
    }

    /// Writes the files, `demo.json` last, then tells people.
    pub fn publish(
        &self,
        issuer: &DevIssuer,
        patient: Option<&LogicalId>,
    ) -> Result<(), CommandError> {
        let tokens = Tokens::mint(issuer, patient)?;
        tokens.write(&self.tokens)?;
        let env = self.environment(&issuer.issuer_url(), patient)?;
        layout::replace(&self.env, env.as_bytes())?;
        let text = self.for_programs(&issuer.issuer_url(), &tokens, patient)?;
        layout::replace(&self.json, &serde_json::to_vec_pretty(&text)?)?;
        say!("{}", self.for_people(&issuer.issuer_url(), patient)?);
        Ok(())
    }

    /// Renews the tokens in their files before they expire, for good.
    pub async fn keep_tokens(
        &self,
        issuer: &DevIssuer,
        patient: Option<&LogicalId>,
    ) -> Result<(), CommandError> {
        loop {
            tokio::time::sleep(tokens::RENEWED_EVERY).await;
            let tokens = Tokens::mint(issuer, patient)?;
            tokens.write(&self.tokens)?;
            let text = self.for_programs(&issuer.issuer_url(), &tokens, patient)?;
            layout::replace(&self.json, &serde_json::to_vec_pretty(&text)?)?;
        }
    }

    fn version(&self, patient: &LogicalId) -> String {
        format!("{}/fhir/Patient/{patient}/_history/1", self.url)
    }

    fn for_programs(
        &self,
        issuer: &str,
        tokens: &Tokens,
        patient: Option<&LogicalId>,
    ) -> Result<Value, CommandError> {
        let facilities = facilities::names()?;
        let trust = quoted(&self.trust_file);
        let commands = |patient: &LogicalId| {
            let version = self.version(patient);
            json!({
                "read": format!("curl -s -H \"Authorization: Bearer $CHARTSEAL_TOKEN\" {version}"),
                "proof": format!(
                    "chartseal proof {version} --wait 30 --out proof.json --resource patient.json"
                ),
                "verify": format!(
                    "chartseal verify proof.json --resource patient.json --trust {trust}"
                ),
            })
        };
        Ok(json!({
            "fhirBase": format!("{}/fhir", self.url),
            "base": self.url,
            "facilities": facilities,
            "issuer": {"url": issuer, "loginClientId": LOGIN_CLIENT},
            "patient": patient,
            "program": env::current_exe()?,
            "commands": patient.map(commands),
            "tokens": tokens.by_user(),
            "tokenFiles": self.tokens,
            "environment": self.env,
            "l2": {"rpcUrl": self.rpc_url, "chainId": self.chain_id, "registry": self.registry},
            "trustFile": self.trust_file,
        }))
    }

    /// The names that the tour in README.md uses. Tokens are read from their files, so
    /// that reading this again renews them.
    fn environment(
        &self,
        issuer: &str,
        patient: Option<&LogicalId>,
    ) -> Result<String, CommandError> {
        let token = |user: &str| {
            let file = self.tokens.join(user);
            format!("\"$(cat {})\"", quoted(&file))
        };
        let mut text = format!(
            "# Made by `chartseal demo` at each start; for sh, bash and zsh.\n\
             chartseal() {{ {} \"$@\"; }}\n\
             export BASE={} ISSUER={} TRUST={}\n",
            quoted(&env::current_exe()?),
            self.url,
            issuer,
            quoted(&self.trust_file),
        );
        for (name, user) in [
            ("CHARTSEAL_TOKEN", "clinician"),
            ("OTHER", "clinicianOther"),
            ("PATIENT", "patient"),
            ("ADMIN", "admin"),
            ("ADMIN_SECOND", "adminSecond"),
            ("AUDITOR", "auditor"),
            ("SYSTEM", "system"),
        ] {
            text.push_str(&format!("export {name}={}\n", token(user)));
        }
        if let Some(patient) = patient {
            let version = self.version(patient);
            text.push_str(&format!("export P={patient} RECORD={version}\n"));
        }
        Ok(text)
    }

    fn for_people(
        &self,
        issuer: &str,
        patient: Option<&LogicalId>,
    ) -> Result<String, CommandError> {
        let [first, second] = facilities::names()?;
        let env = quoted(&shown(&self.env));
        let tokens = shown(&self.tokens);
        let tour = match patient {
            Some(_) => format!(
                "Try this in another terminal, in this folder:\n  \
                 . {env}\n  \
                 curl -s -H \"Authorization: Bearer $CHARTSEAL_TOKEN\" \"$RECORD\"\n  \
                 chartseal proof \"$RECORD\" --wait 30 --out p.json --resource r.json\n  \
                 chartseal verify p.json --resource r.json --trust \"$TRUST\"\n"
            ),
            None => format!("There are no sample records. Names for a shell: . {env}\n"),
        };
        Ok(format!(
            "\nChartseal is running; Ctrl-C stops it, the next start goes on.\n\n\
             {tour}\n\
             Tokens, one file for each user: {}\n  \
             clinician, clinicianOther, patient, admin, adminSecond, auditor, system\n\n\
             \x20 browser      {url}/\n  \
             FHIR base    {url}/fhir ({first}, {second})\n  \
             dev issuer   {issuer}\n  \
             dev L2       {} (chain {})\n  \
             registry     {}\n  \
             trust file   {}",
            tokens.display(),
            self.rpc_url,
            self.chain_id,
            self.registry,
            shown(&self.trust_file).display(),
            url = self.url,
        ))
    }
}

/// A path below the folder of the command is shorter from there.
fn shown(path: &Path) -> PathBuf {
    let here = env::current_dir().ok();
    let below = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_owned));
    below.unwrap_or_else(|| path.to_owned())
}

/// One word for a shell.
fn quoted(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_for_a_shell() {
        assert_eq!(quoted(Path::new("/a/b-c.json")), "/a/b-c.json");
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }

    #[test]
    fn the_screen_fits_a_small_terminal() {
        let announcement = Announcement {
            url: "http://127.0.0.1:8080".to_owned(),
            rpc_url: "http://127.0.0.1:44093".to_owned(),
            chain_id: 20_261,
            registry: format!("0x{}", "5f".repeat(20)),
            trust_file: "chartseal-data/trust.json".into(),
            tokens: "chartseal-data/tokens".into(),
            env: "chartseal-data/env.sh".into(),
            json: "chartseal-data/demo.json".into(),
        };
        let patient = "0190b2a4-8d2e-7c3f-9a51-3f2b7c6d8e9f"
            .parse()
            .expect("an id");
        let screen = announcement
            .for_people("http://127.0.0.1:41117", Some(&patient))
            .expect("text");
        // Two bars for the samples and a prompt stand there too.
        assert!(screen.lines().count() <= 21, "{screen}");
        for line in screen.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        assert!(!screen.contains("eyJ"), "no token");
    }
}
