//! Checkpoints, notes and proof text: what is refused, and that `signed_note`
//! agrees on what is accepted.

#![expect(clippy::expect_used, reason = "test code")]

use model::{Digest, SeededRandom};
use proptest::prelude::*;
use signed_note::{Note as TheirNote, StandardVerifier, VerifierList};
use tlog::notes::checkpoint::{
    NoteError, OpenError, SignatureError, SignedCheckpoint, Vkey, WitnessVkey, open,
};
use tlog::notes::log_key::LogKey;
use tlog::notes::note::Note;
use tlog::notes::proof_text::{ProofText, ProofTextError};

/// The example of the signed-note implementation in Go.
const PETER_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const PETER_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\
    \n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

/// The example of <https://c2sp.org/tlog-checkpoint>.
const SOFA: &str = "example.com/behind-the-sofa\n\
    20852163\n\
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\
    \n\
    — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";

fn key(seed: u8) -> LogKey {
    LogKey::from_seed("gw.example/log/a".parse().expect("an origin"), &[seed; 32])
}

fn root() -> Digest {
    Digest::new([7; 32])
}

fn note() -> String {
    key(1).sign(5, root())
}

fn form(note: &str) -> Option<NoteError> {
    SignedCheckpoint::parse(note).err()
}

#[test]
fn the_published_note_verifies() {
    let vkey: Vkey = PETER_VKEY.parse().expect("published");
    assert_eq!(vkey.to_string(), PETER_VKEY);
    let note = Note::parse(PETER_NOTE).expect("published");
    assert_eq!(
        note.verify("PeterNeumann", std::slice::from_ref(&vkey)),
        Ok(())
    );
    let changed = Note::parse(&PETER_NOTE.replace("think", "thinc")).expect("same form");
    assert_eq!(
        changed.verify("PeterNeumann", &[vkey]),
        Err(SignatureError::Fails)
    );
}

#[test]
fn the_published_checkpoint_is_read() {
    let signed = SignedCheckpoint::parse(SOFA).expect("published");
    let claim = signed.claim();
    assert_eq!(claim.origin.as_str(), "example.com/behind-the-sofa");
    assert_eq!(claim.size, 20_852_163);
    assert!(SOFA.starts_with(&claim.text()));
    assert_eq!(
        signed.verify(&[key(1).vkey()]),
        Err(SignatureError::NoneKnown)
    );
}

#[test]
fn a_generated_key_signs_what_its_vkey_verifies() {
    let origin = "gw.example/log/a".parse().expect("an origin");
    let key = LogKey::generate(origin, &SeededRandom::new(3)).expect("seeded");
    let again = LogKey::from_seed(key.origin().clone(), &key.seed());
    assert_eq!(again.vkey(), key.vkey());
    let opened = open(&key.sign(5, root()), &[key.vkey()]).expect("own signature");
    assert_eq!((opened.size, opened.root), (5, root()));
}

#[test]
fn unknown_keys_are_ignored_and_known_ones_must_hold() {
    let (mine, other) = (key(1).vkey(), key(2).vkey());
    let line = |note: &str| {
        note.lines()
            .last()
            .map(|line| format!("{line}\n"))
            .expect("signed")
    };
    let both = format!("{}{}", note(), line(&key(2).sign(5, root())));
    assert!(open(&both, std::slice::from_ref(&mine)).is_ok());
    assert!(open(&both, &[mine.clone(), other.clone()]).is_ok());
    // The second line is by the second key, but over another root.
    let forged = format!("{}{}", note(), line(&key(2).sign(5, Digest::ZERO)));
    assert!(open(&forged, std::slice::from_ref(&mine)).is_ok());
    let fails = OpenError::Signature(SignatureError::Fails);
    assert_eq!(open(&forged, &[mine, other.clone()]), Err(fails));
    let none = OpenError::Signature(SignatureError::NoneKnown);
    assert_eq!(open(&note(), &[other]), Err(none));
}

#[test]
fn malformed_checkpoints_are_refused() {
    let note = note();
    let line = note.lines().last().expect("signed");
    let with_lines = |count: usize| {
        let text = note.split_once("\n\n").expect("a note").0;
        format!("{text}\n\n{}", format!("{line}\n").repeat(count))
    };
    assert_eq!(form(&with_lines(32)), None);
    assert_eq!(form(&with_lines(33)), Some(NoteError::TooManySignatures));
    assert_eq!(form(&with_lines(0)), Some(NoteError::Shape));
    assert_eq!(form(note.trim_end()), Some(NoteError::Shape));
    assert_eq!(form(&format!("{note}\n")), Some(NoteError::Shape));
    assert_eq!(
        form(&note.replace('\n', "\r\n")),
        Some(NoteError::ControlCharacter)
    );
    assert_eq!(form(""), Some(NoteError::Shape));
    assert_eq!(
        form(&note.replace("— ", "- ")),
        Some(NoteError::SignatureLine)
    );
    assert_eq!(
        form(&note.replace("— gw", "— g w")),
        Some(NoteError::SignatureLine)
    );
    assert_eq!(
        form(&note.replace("— gw", "— g+w")),
        Some(NoteError::SignatureLine)
    );
    assert_eq!(
        form(&note.replace("\n5\n", "\n05\n")),
        Some(NoteError::Checkpoint)
    );
    assert_eq!(
        form(&note.replace("\n5\n", "\n+5\n")),
        Some(NoteError::Checkpoint)
    );
    assert_eq!(
        form(&note.replace("=\n\n", "=\nextension\n\n")),
        Some(NoteError::Checkpoint)
    );
    assert_eq!(
        form(&note.replacen("gw.", "gw .", 1)),
        Some(NoteError::Checkpoint)
    );
    // The last digit of the root has unused bits.
    assert_eq!(
        form(&note.replacen("c=\n", "d=\n", 1)),
        Some(NoteError::Checkpoint)
    );
}

#[test]
fn malformed_keys_are_refused() {
    let good = key(1).vkey().to_string();
    assert_eq!(good.parse::<Vkey>().expect("good").to_string(), good);
    let (name, rest) = good.split_once('+').expect("a vkey");
    let (id, typed) = rest.split_once('+').expect("a vkey");
    for bad in [
        format!("{name}x+{id}+{typed}"),
        format!("{name}+{}+{typed}", id.to_uppercase()),
        format!("{name}+00000000+{typed}"),
        format!("{name}+{id}+{}", &typed[..43]),
        format!("{name}+{id}+{typed}="),
        format!("+{id}+{typed}"),
        format!("{name}+{id}"),
        String::new(),
    ] {
        assert!(bad.parse::<WitnessVkey>().is_err(), "{bad}");
        assert!(bad.parse::<Vkey>().is_err(), "{bad}");
    }
}

#[test]
fn a_key_of_small_order_or_another_type_is_no_log_key() {
    use sha2::{Digest as _, Sha256};
    let vkey = |kind: u8, key: [u8; 32]| {
        let mut typed = vec![kind];
        typed.extend_from_slice(&key);
        let id = Sha256::new()
            .chain_update("a\n")
            .chain_update(&typed)
            .finalize();
        let id: String = id
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect();
        use base64::Engine as _;
        format!("a+{id}+{}", base64::prelude::BASE64_STANDARD.encode(typed))
    };
    let good = key(1).vkey().public_key();
    assert!(vkey(1, good).parse::<Vkey>().is_ok());
    assert!(
        vkey(4, good).parse::<Vkey>().is_err(),
        "cosignatures are for witnesses"
    );
    assert!(vkey(4, good).parse::<WitnessVkey>().is_ok());
    let mut identity = [0; 32];
    identity[0] = 1;
    assert!(
        vkey(1, identity).parse::<Vkey>().is_err(),
        "the neutral element"
    );
}

#[test]
fn malformed_proof_texts_are_refused() {
    let proof = ProofText::new(3, vec![root(), root()], &note()).expect("short");
    let good = proof.encode();
    assert_eq!(ProofText::decode(&good), Ok(proof));
    let refusal = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        ProofText::decode(&good.replacen(from, to, 1)).err()
    };
    assert_eq!(refusal("@v1", "@v2"), Some(ProofTextError::Header));
    assert_eq!(
        refusal("index 3", "extra AA==\nindex 3"),
        Some(ProofTextError::Index)
    );
    assert_eq!(refusal("index 3", "index 03"), Some(ProofTextError::Index));
    assert_eq!(refusal("index 3", "index  3"), Some(ProofTextError::Index));
    assert_eq!(refusal("index 3", "index 3\r"), Some(ProofTextError::Index));
    assert_eq!(refusal("BwcHBw", "Bwc"), Some(ProofTextError::Path));
    assert_eq!(refusal("\n\n", "\n"), Some(ProofTextError::Path));
    assert_eq!(ProofText::decode(""), Err(ProofTextError::Header));
    assert_eq!(
        ProofText::decode("c2sp.org/tlog-proof@v1\nindex 0\n"),
        Err(ProofTextError::NoCheckpoint)
    );
    let line = good.lines().nth(2).expect("a path line");
    let longer = |count: usize| format!("index 3\n{}", format!("{line}\n").repeat(count));
    assert_eq!(refusal("index 3\n", &longer(61)), None);
    assert_eq!(
        refusal("index 3\n", &longer(62)),
        Some(ProofTextError::TooLong)
    );
    assert_eq!(
        ProofText::new(0, vec![root(); 64], &note()),
        Err(ProofTextError::TooLong)
    );
}

proptest! {
    #[test]
    fn what_we_accept_signed_note_accepts(place: usize, byte: u8) {
        let vkey = key(1).vkey();
        let mut bytes = note().into_bytes();
        let place = place % bytes.len();
        bytes[place] = byte;
        let ours = std::str::from_utf8(&bytes)
            .ok()
            .and_then(|note| open(note, std::slice::from_ref(&vkey)).ok());
        let verifier = StandardVerifier::new(&vkey.to_string()).expect("our vkey");
        let known = VerifierList::new(vec![Box::new(verifier)]);
        let theirs = TheirNote::from_bytes(&bytes).ok().and_then(|note| note.verify(&known).ok());
        if ours.is_some() {
            prop_assert!(theirs.is_some());
            prop_assert_eq!(bytes, note().into_bytes(), "a changed note was accepted");
        }
    }

    #[test]
    fn reading_never_panics(text: String) {
        let _ = SignedCheckpoint::parse(&text);
        let _ = ProofText::decode(&text);
        let _ = text.parse::<WitnessVkey>();
    }
}
