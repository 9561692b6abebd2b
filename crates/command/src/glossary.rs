//! What the help of a command explains at its end.

/// Words of the commands that go beyond FHIR.
pub const GLOSSARY: &str = "\
Words:
  leaf        33 bytes in the log that commit to a record version or an audited access
  log         the append-only Merkle tree of a facility; checkpoint: its signed size and root
  vkey        the public key of a log, as `chartseal init` prints it
  registry    the contract on the L2 that holds each log's anchored roots
  submitter   the account that posts roots to the registry
  root key    the key in the KMS file under which all keys of records are kept
  trust file  what a verifier believes: log keys and final anchors
docs/proof-format.md and docs/operations.md, in the source, say more.";
