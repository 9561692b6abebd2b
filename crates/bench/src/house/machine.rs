//! What the figures were measured on, and what else it had to do.

use crate::Failed;
use std::{fs, thread};

/// Processor, number of cores, load.
pub fn describe() -> Result<String, Failed> {
    let text = fs::read_to_string("/proc/cpuinfo")?;
    let model = text
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .and_then(|rest| rest.split_once(':'))
        .map_or("unknown processor", |(_, model)| model.trim());
    let cores = thread::available_parallelism()?;
    Ok(format!("{model}, {cores} cores; {}", load()?))
}

/// The load average of the last minute; this run's own work counts.
pub fn load() -> Result<String, Failed> {
    let text = fs::read_to_string("/proc/loadavg")?;
    let minute = text.split_whitespace().next().unwrap_or("?");
    Ok(format!("load average of the last minute {minute}"))
}
