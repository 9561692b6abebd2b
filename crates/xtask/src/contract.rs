//! The registry contract's artefacts: ABI, bytecode, compiler and settings in
//! `AnchorRegistry.json` beside the source of each version, committed, so that building
//! needs no Solidity compiler.
//!
//! The compiler is npm's solc at the exact version in `e2e/node/package.json`.
//! Code without metadata (no CBOR trailer) is the same on every machine.

use serde_json::{Value, json};
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The newest version, and the one before, whose registries stay in use.
const FOLDERS: [&str; 2] = [
    "anchor-service/contracts",
    "anchor-service/contracts/version1",
];
const SOURCE: &str = "AnchorRegistry.sol";
const CONTRACT: &str = "AnchorRegistry";

/// Compiles each version into its committed artefact; with `check`, compares
/// instead and changes nothing.
///
/// # Errors
/// When the compiler is missing, of another version or refuses the source, and
/// with `check` when the artefact is not what the source gives.
pub fn run(check: bool) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let compiler = installed_compiler(&root.join("e2e/node"))?;
    FOLDERS
        .iter()
        .try_for_each(|folder| renew(&root.join(folder), &compiler, check))
}

/// One version.
fn renew(folder: &Path, compiler: &Path, check: bool) -> Result<(), String> {
    let source = read(&folder.join(SOURCE))?;
    let artefact = compile(compiler, &source)?;
    let path = folder.join("AnchorRegistry.json");
    if !check {
        return fs::write(&path, artefact).map_err(|e| format!("write `{}`: {e}", path.display()));
    }
    if read(&path)? == artefact {
        Ok(())
    } else {
        Err(format!(
            "`{}` is not what `{SOURCE}` compiles to; run `cargo xtask contract`",
            path.display()
        ))
    }
}

/// The folder of npm's solc, installed when it is not there yet.
fn installed_compiler(node_folder: &Path) -> Result<PathBuf, String> {
    let compiler = node_folder.join("node_modules/solc");
    if !compiler.is_dir() {
        // Without scripts: no package of ours needs one, and none may run.
        let status = Command::new("npm")
            .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
            .current_dir(node_folder)
            .status()
            .map_err(|e| format!("npm is needed to compile the contract: {e}"))?;
        if !status.success() {
            return Err("`npm ci` failed in `e2e/node`".into());
        }
    }
    let wanted = version(&node_folder.join("package.json"), "/dependencies/solc")?;
    let found = version(&compiler.join("package.json"), "/version")?;
    if wanted == found {
        Ok(compiler)
    } else {
        Err(format!(
            "solc `{found}` is installed but `{wanted}` is pinned; run `npm ci` in `e2e/node`"
        ))
    }
}

fn compile(compiler: &Path, source: &str) -> Result<String, String> {
    let settings = json!({
        "evmVersion": "paris",
        "metadata": { "appendCBOR": false, "bytecodeHash": "none" },
        "optimizer": { "enabled": true, "runs": 1000 },
        "outputSelection": {
            "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] }
        },
    });
    let input = json!({
        "language": "Solidity",
        "sources": { SOURCE: { "content": source } },
        "settings": settings,
    });
    let output = standard_json(compiler, &input)?;
    refuse_complaints(&output)?;

    let part = |path: &str| -> Result<&Value, String> {
        output
            .pointer(&format!("/contracts/{SOURCE}/{CONTRACT}/{path}"))
            .ok_or_else(|| format!("the compiler's answer lacks `{path}`"))
    };
    let artefact = json!({
        "abi": part("abi")?,
        "bytecode": part("evm/bytecode/object")?,
        "compiler": format!("solc {}", version(&compiler.join("package.json"), "/version")?),
        "contract": CONTRACT,
        "deployedBytecode": part("evm/deployedBytecode/object")?,
        "license": "Apache-2.0",
        "settings": settings,
        "source": SOURCE,
    });
    serde_json::to_string_pretty(&artefact)
        .map(|text| text + "\n")
        .map_err(|e| e.to_string())
}

/// Asks solc by its standard JSON interface
/// (<https://docs.soliditylang.org/en/v0.8.37/using-the-compiler.html>).
fn standard_json(compiler: &Path, input: &Value) -> Result<Value, String> {
    let mut child = Command::new("node")
        .arg(compiler.join("solc.js"))
        .arg("--standard-json")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|e| format!("node is needed to compile the contract: {e}"))?;
    let mut stdin = child.stdin.take().ok_or("solc takes no input")?;
    stdin
        .write_all(input.to_string().as_bytes())
        .map_err(|e| format!("solc took no input: {e}"))?;
    drop(stdin);
    let output = child.wait_with_output().map_err(|e| e.to_string())?;
    // A line for a human may stand before the JSON.
    let text = String::from_utf8_lossy(&output.stdout);
    let start = text.find('{').ok_or("solc gave no JSON")?;
    serde_json::from_str(text.get(start..).unwrap_or_default())
        .map_err(|e| format!("solc gave no JSON: {e}"))
}

/// Warnings are errors here too.
fn refuse_complaints(output: &Value) -> Result<(), String> {
    let complaints: Vec<&str> = output
        .get("errors")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|error| error.get("formattedMessage").and_then(Value::as_str))
        .collect();
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(complaints.join("\n"))
    }
}

fn version(path: &Path, pointer: &str) -> Result<String, String> {
    let package: Value = serde_json::from_str(&read(path)?).map_err(|e| e.to_string())?;
    package
        .pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| format!("`{}` lacks `{pointer}`", path.display()))
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("read `{}`: {e}", path.display()))
}
