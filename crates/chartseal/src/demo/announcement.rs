//! What the demo says when it is ready: on the terminal, and in `demo.json` for
//! programs.

use super::{
    Failed, facilities,
    layout::{self, Layout},
};
use crate::output::say;
use devkit::{
    chain::DevChain,
    issuer::{DemoUser, DevIssuer},
};
use model::{FacilityName, LogicalId};
use serde_json::json;
use std::{path::PathBuf, time::Duration};

/// How long the printed tokens are good.
const TOKENS_GOOD_FOR: Duration = Duration::from_secs(30 * 24 * 3_600);

/// Where everything is.
pub struct Announcement {
    url: String,
    rpc_url: String,
    chain_id: u64,
    registry: String,
    trust_file: PathBuf,
}

impl Announcement {
    pub fn new(url: String, chain: &DevChain, registry: [u8; 20], layout: &Layout) -> Self {
        Self {
            url,
            rpc_url: chain.rpc_url(),
            chain_id: chain.chain_id(),
            registry: format!("0x{}", hex::encode(registry)),
            trust_file: layout.trust_file(),
        }
    }

    /// The FHIR base of a facility.
    pub fn base_of(&self, facility: &FacilityName) -> String {
        format!("{}/f/{facility}/fhir", self.url)
    }

    /// Writes `demo.json`, then tells people.
    pub fn publish(
        &self,
        layout: &Layout,
        issuer: &DevIssuer,
        patient: LogicalId,
    ) -> Result<(), Failed> {
        let mint = |user: DemoUser| issuer.mint(&user, TOKENS_GOOD_FOR);
        let tokens = [
            ("clinician", mint(DemoUser::Clinician)?),
            ("clinicianOther", mint(DemoUser::ClinicianOther)?),
            (
                "patient",
                mint(DemoUser::Patient {
                    id: patient.clone(),
                })?,
            ),
            ("admin", mint(DemoUser::Admin)?),
            ("adminSecond", mint(DemoUser::AdminSecond)?),
            ("auditor", mint(DemoUser::Auditor)?),
            ("system", mint(DemoUser::System)?),
        ];
        let by_role: serde_json::Map<String, serde_json::Value> = tokens
            .iter()
            .map(|(role, token)| ((*role).to_owned(), json!(token)))
            .collect();
        let text = json!({
            "fhirBase": format!("{}/fhir", self.url),
            "base": self.url,
            "tokens": by_role,
            "l2": {"rpcUrl": self.rpc_url, "chainId": self.chain_id, "registry": self.registry},
            "trustFile": self.trust_file,
        });
        layout::replace(&layout.announcement(), &serde_json::to_vec_pretty(&text)?)?;
        self.print(issuer, &tokens, &patient)
    }

    fn print(
        &self,
        issuer: &DevIssuer,
        tokens: &[(&str, String)],
        patient: &LogicalId,
    ) -> Result<(), Failed> {
        let [first, second] = facilities::names()?;
        say!("\nChartseal is running; Ctrl-C stops it, the next start goes on.");
        say!("  FHIR base    {}/fhir ({first}, {second})", self.url);
        say!("  dev issuer   {}", issuer.issuer_url());
        say!("  dev L2       {} (chain {})", self.rpc_url, self.chain_id);
        say!("  registry     {}", self.registry);
        say!("  trust file   {}", self.trust_file.display());
        say!("\nTokens (also in demo.json beside the trust file):");
        for (role, token) in tokens {
            say!("  {role:<15}{token}");
        }
        let token = tokens.first().map_or("", |(_, token)| token.as_str());
        let record = format!("{}/fhir/Patient/{patient}/_history/1", self.url);
        // As it was started, so that the commands can be taken over as they stand.
        let program = std::env::current_exe()?;
        let program = program.display();
        say!("\nThree commands to try, after this one:");
        say!("  export CHARTSEAL_TOKEN={token}");
        say!("\n  curl -s -H \"Authorization: Bearer $CHARTSEAL_TOKEN\" {record}");
        say!("  {program} proof {record} --wait 30 --out proof.json --resource patient.json");
        say!(
            "  {program} verify proof.json --resource patient.json --trust {}",
            self.trust_file.display()
        );
        Ok(())
    }
}
