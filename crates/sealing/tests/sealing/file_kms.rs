//! The key file: what it refuses, what it says then, and that roots are not lost.

use model::{FacilityName, SeededRandom};
use sealing::{FileKms, Kek, Kms, KmsError};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
    thread,
};
use tempfile::TempDir;

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn facility(name: &str) -> FacilityName {
    name.parse().unwrap()
}

fn folder() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("root-keys.json");
    (folder, path)
}

fn kek(generation: u32) -> Kek {
    Kek::generate(facility("a"), generation, &SeededRandom::new(1)).unwrap()
}

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

/// A KEK shows no bytes, but two that wrap alike are alike.
fn same(kms: &FileKms, one: &Kek, other: &Kek) -> bool {
    let wrap = |kek| kms.wrap_kek(kek, &SeededRandom::new(9)).unwrap();
    wrap(one) == wrap(other)
}

#[test]
fn a_kek_comes_back_after_a_restart() {
    let (_folder, path) = folder();
    let random = SeededRandom::new(5);
    let kms = FileKms::create(&path).unwrap();
    kms.add_root(&facility("a"), 1, &random).unwrap();
    kms.add_root(&facility("a"), 2, &random).unwrap();
    assert_eq!(mode(&path), 0o600);
    let kek = kek(1);
    let wrapped = kms.wrap_kek(&kek, &random).unwrap();
    assert_eq!(wrapped.len(), 60);

    let opened = FileKms::open(&path).unwrap();
    let back = opened.unwrap_kek(&facility("a"), 1, &wrapped).unwrap();
    assert_eq!((back.facility().as_str(), back.generation()), ("a", 1));
    assert!(same(&opened, &kek, &back));
    assert!(opened.custody().contains("root-keys.json"));
}

#[test]
fn other_modes_than_0600_are_refused() {
    let (_folder, path) = folder();
    FileKms::create(&path).unwrap();
    for wrong in [
        0o601, 0o604, 0o610, 0o640, 0o644, 0o660, 0o666, 0o400, 0o700, 0o4600,
    ] {
        fs::set_permissions(&path, fs::Permissions::from_mode(wrong)).unwrap();
        let error = FileKms::open(&path).err().unwrap();
        assert!(matches!(&error, KmsError::FileMode { mode, .. } if *mode == wrong));
        assert!(error.to_string().contains("must be 0600"), "{error}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(FileKms::open(&path).is_ok());
}

#[test]
fn a_missing_root_a_wrong_root_and_no_wrapped_key_are_told_apart() {
    let (_folder, path) = folder();
    let random = SeededRandom::new(5);
    let kms = FileKms::create(&path).unwrap();
    kms.add_root(&facility("a"), 1, &random).unwrap();
    let wrapped = kms.wrap_kek(&kek(1), &random).unwrap();

    let missing = |name, generation| kms.unwrap_kek(&facility(name), generation, &wrapped).err();
    for (name, generation) in [("b", 1), ("a", 2)] {
        let error = missing(name, generation).unwrap();
        assert!(matches!(error, KmsError::MissingRoot { .. }), "{error}");
        let says = format!("facility `{name}`, generation {generation}");
        assert!(error.to_string().contains(&says), "{error}");
    }
    let refused = kms.wrap_kek(&kek(2), &random).err();
    assert!(matches!(refused, Some(KmsError::MissingRoot { .. })));

    let (_other_folder, other_path) = folder();
    let other = FileKms::create(&other_path).unwrap();
    other
        .add_root(&facility("a"), 1, &SeededRandom::new(6))
        .unwrap();
    let wrong = other.unwrap_kek(&facility("a"), 1, &wrapped).err();
    assert!(matches!(wrong, Some(KmsError::WrongKey { .. })));

    let cut = kms.unwrap_kek(&facility("a"), 1, &wrapped[..59]).err();
    assert!(matches!(cut, Some(KmsError::NotAWrappedKey { .. })));
}

#[test]
fn every_flipped_byte_of_a_wrapped_kek_is_detected() {
    let (_folder, path) = folder();
    let random = SeededRandom::new(5);
    let kms = FileKms::create(&path).unwrap();
    kms.add_root(&facility("a"), 1, &random).unwrap();
    let wrapped = kms.wrap_kek(&kek(1), &random).unwrap();
    for at in 0..wrapped.len() {
        let mut other = wrapped.clone();
        other[at] = !other[at];
        let refused = kms.unwrap_kek(&facility("a"), 1, &other).err();
        assert!(
            matches!(refused, Some(KmsError::WrongKey { .. })),
            "byte {at}"
        );
    }
}

#[test]
fn a_wrapped_kek_moved_to_another_generation_is_refused() {
    let (_folder, path) = folder();
    let random = SeededRandom::new(5);
    let root =
        |generation| format!(r#"{{"facility":"a","generation":{generation},"key":"{KEY}"}}"#);
    let roots = format!("{},{}", root(1), root(2));
    write(
        &path,
        &format!(r#"{{"format":"chartseal-key-file/1","roots":[{roots}]}}"#),
        0o600,
    );
    let kms = FileKms::open(&path).unwrap();
    let wrapped = kms.wrap_kek(&kek(1), &random).unwrap();
    let refused = kms.unwrap_kek(&facility("a"), 2, &wrapped).err();
    assert!(
        matches!(refused, Some(KmsError::WrongKey { .. })),
        "same root, other AAD"
    );
}

#[test]
fn nothing_is_overwritten() {
    let (_folder, path) = folder();
    let random = SeededRandom::new(5);
    let kms = FileKms::create(&path).unwrap();
    kms.add_root(&facility("a"), 1, &random).unwrap();
    let before = fs::read(&path).unwrap();
    let taken = kms.add_root(&facility("a"), 1, &random).err();
    assert!(matches!(taken, Some(KmsError::RootTaken { .. })));
    let taken = FileKms::create(&path).err();
    assert!(matches!(taken, Some(KmsError::FileTaken { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn absent_foreign_and_newer_files_are_told_apart() {
    let (folder, path) = folder();
    let absent = FileKms::open(&path).err();
    assert!(matches!(absent, Some(KmsError::FileAbsent { .. })));
    let directory = FileKms::open(folder.path()).err();
    assert!(matches!(directory, Some(KmsError::ForeignFile { .. })));
    for text in [
        "",
        "secret",
        "[]",
        "{}",
        r#"{"format":1}"#,
        r#"{"format":"other/1","roots":[]}"#,
    ] {
        write(&path, text, 0o600);
        let foreign = FileKms::open(&path).err();
        assert!(
            matches!(foreign, Some(KmsError::ForeignFile { .. })),
            "{text}"
        );
    }
    write(
        &path,
        r#"{"format":"chartseal-key-file/2","keys":[]}"#,
        0o600,
    );
    let newer = FileKms::open(&path).err();
    assert!(matches!(newer, Some(KmsError::OtherRelease { .. })));
}

#[test]
fn a_damaged_file_is_named_without_showing_a_key() {
    let (_folder, path) = folder();
    let root = |facility: &str, key: &str| {
        format!(r#"{{"facility":"{facility}","generation":1,"key":"{key}"}}"#)
    };
    let twice = format!("{},{}", root("a", KEY), root("a", KEY));
    for roots in [
        root("a", &KEY[1..]),
        root("a", &KEY.replace('f', "g")),
        root("A", KEY),
        root("a", KEY).replace("key", "secret"),
        root("a", KEY).replace(":1", r#":"1""#),
        twice,
    ] {
        write(
            &path,
            &format!(r#"{{"format":"chartseal-key-file/1","roots":[{roots}]}}"#),
            0o600,
        );
        let error = FileKms::open(&path).err().unwrap();
        assert!(
            matches!(error, KmsError::DamagedFile { .. }),
            "{roots}: {error}"
        );
        let said = format!("{error} {error:?}");
        assert!(!said.contains("8899aabb"), "{said}");
    }
}

#[test]
fn what_a_crash_left_behind_does_no_harm() {
    let (folder, path) = folder();
    let random = SeededRandom::new(5);
    let kms = FileKms::create(&path).unwrap();
    kms.add_root(&facility("a"), 1, &random).unwrap();
    let wrapped = kms.wrap_kek(&kek(1), &random).unwrap();
    write(
        &folder.path().join("root-keys.json.new"),
        "{\"format\":\"charts",
        0o644,
    );

    let kms = FileKms::open(&path).unwrap();
    kms.add_root(&facility("b"), 1, &random).unwrap();
    assert_eq!(mode(&path), 0o600);
    assert!(kms.unwrap_kek(&facility("a"), 1, &wrapped).is_ok());
    let files: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(files.len(), 1, "the left-over is gone");
}

#[test]
fn a_write_that_fails_leaves_the_old_file() {
    let (folder, path) = folder();
    let random = SeededRandom::new(5);
    let kms = FileKms::create(&path).unwrap();
    kms.add_root(&facility("a"), 1, &random).unwrap();
    let before = fs::read(&path).unwrap();
    // A directory where the new file would be written.
    let obstacle = folder.path().join("root-keys.json.new");
    fs::create_dir(&obstacle).unwrap();
    let refused = kms.add_root(&facility("b"), 1, &random).err();
    assert!(matches!(refused, Some(KmsError::Io { .. })));
    assert_eq!(fs::read(&path).unwrap(), before);

    fs::remove_dir(&obstacle).unwrap();
    assert!(kms.add_root(&facility("b"), 1, &random).is_ok());
}

#[test]
fn a_symbolic_link_is_followed_and_kept() {
    let (folder, path) = folder();
    FileKms::create(&path).unwrap();
    let link = folder.path().join("link");
    symlink(&path, &link).unwrap();
    let kms = FileKms::open(&link).unwrap();
    kms.add_root(&facility("a"), 1, &SeededRandom::new(5))
        .unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let wrapped = kms.wrap_kek(&kek(1), &SeededRandom::new(6)).unwrap();
    let direct = FileKms::open(&path).unwrap();
    assert!(direct.unwrap_kek(&facility("a"), 1, &wrapped).is_ok());
}

#[test]
fn many_writers_lose_no_root() {
    let (_folder, path) = folder();
    let first = FileKms::create(&path).unwrap();
    thread::scope(|scope| {
        for writer in 0..4_u32 {
            let path = &path;
            scope.spawn(move || {
                let kms = FileKms::open(path).unwrap();
                for n in 0..5 {
                    let random = SeededRandom::new(u64::from(writer * 100 + n));
                    kms.add_root(&facility("a"), writer * 5 + n, &random)
                        .unwrap();
                }
            });
        }
    });
    // Opened before any root was there: it reads the file again.
    for generation in 0..20 {
        let wrapped = first.wrap_kek(&kek(generation), &SeededRandom::new(8));
        assert!(wrapped.is_ok(), "generation {generation}");
    }
}
