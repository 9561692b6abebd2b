//! `chartseal demo`.

use clap::Args;
use std::{net::SocketAddr, path::PathBuf};

/// `chartseal demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Where everything is kept; the next start goes on with it.
    #[arg(long, value_name = "DIR", default_value = "chartseal-data")]
    pub data: PathBuf,
    /// Where the gateway listens; port 0 takes any free port.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8080", value_parser = listen)]
    pub listen: SocketAddr,
    /// How many sample patients each facility gets at the first start.
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub patients: u32,
    /// Make no sample data.
    #[arg(long)]
    pub empty: bool,
}

fn listen(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| "write an address and a port, such as 127.0.0.1:8081".to_owned())
}
