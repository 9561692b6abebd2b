//! The primitives below us against the vectors of NIST, Project Wycheproof and
//! RFC 5869. The sources stand in the files.

use crate::scripted::{array, bytes, elements, number, text, vectors};
use aes_gcm::{Aes256Gcm, KeyInit, aead::AeadInOut};
use hkdf::Hkdf;
use sha2::{Sha256, Sha512};

fn aes_gcm_answers(file: &str) -> (usize, usize) {
    let (mut valid, mut invalid) = (0, 0);
    for test in elements(&vectors(file)["tests"]) {
        let cipher = Aes256Gcm::new(&array::<32>(test, "key").into());
        let nonce = array::<12>(test, "iv").into();
        let (aad, tag) = (bytes(test, "aad"), array::<16>(test, "tag"));
        let mut buffer = bytes(test, "ct");
        let opened =
            cipher.decrypt_inout_detached(&nonce, &aad, buffer.as_mut_slice().into(), &tag.into());
        let case = &test["tcId"];
        if text(test, "result") == "invalid" {
            assert!(opened.is_err(), "{file} {case}");
            assert_eq!(
                buffer,
                bytes(test, "ct"),
                "{file} {case}: plaintext came out"
            );
            invalid += 1;
            continue;
        }
        assert!(opened.is_ok(), "{file} {case}");
        assert_eq!(buffer, bytes(test, "msg"), "{file} {case}");
        let made = cipher.encrypt_inout_detached(&nonce, &aad, buffer.as_mut_slice().into());
        assert_eq!(<[u8; 16]>::from(made.unwrap()), tag, "{file} {case}");
        assert_eq!(buffer, bytes(test, "ct"), "{file} {case}");
        valid += 1;
    }
    (valid, invalid)
}

#[test]
fn aes_256_gcm_gives_the_answers_of_nist() {
    assert_eq!(aes_gcm_answers("aes_256_gcm_nist.json"), (75, 0));
}

#[test]
fn aes_256_gcm_gives_the_answers_of_wycheproof() {
    let (valid, invalid) = aes_gcm_answers("aes_256_gcm_wycheproof.json");
    assert_eq!(valid + invalid, 66);
    assert!(valid > 30 && invalid > 20, "{valid} {invalid}");
}

#[test]
fn hkdf_sha512_gives_the_answers_of_wycheproof() {
    let file = vectors("hkdf_sha512_wycheproof.json");
    for test in elements(&file["tests"]) {
        let hkdf = Hkdf::<Sha512>::new(Some(&bytes(test, "salt")), &bytes(test, "ikm"));
        let mut okm = vec![0; number(test, "size") as usize];
        let made = hkdf.expand(&bytes(test, "info"), &mut okm);
        let case = &test["tcId"];
        if text(test, "result") == "invalid" {
            assert!(made.is_err(), "{case}");
        } else {
            assert!(made.is_ok(), "{case}");
            assert_eq!(okm, bytes(test, "okm"), "{case}");
        }
    }
}

#[test]
fn hkdf_sha256_gives_the_answers_of_rfc_5869() {
    for test in elements(&vectors("hkdf_sha256_rfc5869.json")["tests"]) {
        let salt = bytes(test, "salt");
        let salt = (!salt.is_empty()).then_some(salt.as_slice());
        let mut okm = vec![0; number(test, "size") as usize];
        Hkdf::<Sha256>::new(salt, &bytes(test, "ikm"))
            .expand(&bytes(test, "info"), &mut okm)
            .unwrap();
        assert_eq!(okm, bytes(test, "okm"), "{}", text(test, "comment"));
    }
}
