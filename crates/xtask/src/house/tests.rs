//! Small crates that are made up, each with one way of importing or one fault.

use super::{Verdict, judge, modules::Modules, sources::Sources};

/// Files of a crate named `made_up` by path and text.
fn sources(files: &[(&str, &str)]) -> Sources {
    let texts = files
        .iter()
        .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
    Sources::parse(texts.collect()).expect("Rust")
}

fn verdict(files: &[(&str, &str)]) -> Verdict {
    judge("made_up", &sources(files)).expect("a verdict")
}

/// A crate of `a.rs` with this text, `a/inner.rs`, `b.rs` and `b/deep.rs`: what `a.rs`
/// imports.
fn imports_of_a(text: &str) -> Vec<String> {
    let files = [
        ("lib.rs", "mod a; mod b; pub struct Top;"),
        ("a.rs", text),
        ("a/inner.rs", ""),
        (
            "b.rs",
            "pub mod deep; pub use deep::Thing; pub struct Own; pub fn call() {}",
        ),
        ("b/deep.rs", "pub struct Thing; pub fn call() {}"),
    ];
    let modules = Modules::read("made_up", &sources(&files)).expect("modules");
    modules.graph().imported_by("a.rs")
}

#[test]
fn each_way_of_importing_is_an_arrow() {
    for (text, to) in [
        ("use crate::b::Own;", "b.rs"),
        ("use crate::b::deep::Thing;", "b/deep.rs"),
        ("use crate::b::deep;", "b/deep.rs"),
        ("use crate::b::deep::*;", "b/deep.rs"),
        ("use crate::{b::{deep::{self}}};", "b/deep.rs"),
        ("use crate::b::deep as below;", "b/deep.rs"),
        ("use super::b::Own;", "b.rs"),
        ("use super::Top;", "lib.rs"),
        ("use super::*;", "lib.rs"),
        ("mod inner; use self::inner::Thing;", "a/inner.rs"),
        ("mod inner; use inner::Thing;", "a/inner.rs"),
        ("fn f() { crate::b::deep::call() }", "b/deep.rs"),
        ("fn f() { use crate::b::deep::call; }", "b/deep.rs"),
        ("fn f(it: super::b::Own) {}", "b.rs"),
        ("fn f(it: &dyn Fn(crate::b::Own)) {}", "b.rs"),
        ("fn f() { g::<crate::b::Own>() }", "b.rs"),
        ("fn f() { <crate::b::Own as Clone>::clone() }", "b.rs"),
        ("impl crate::b::Own {}", "b.rs"),
        (
            "fn f(x: u8) { match x { crate::b::MOST => {} _ => {} } }",
            "b.rs",
        ),
        (
            "fn f() { println!(\"{}\", crate::b::deep::call()) }",
            "b/deep.rs",
        ),
        (
            "fn f() { assert!(matches!(x, [crate::b::Own { .. }])) }",
            "b.rs",
        ),
        ("#[derive(crate::b::Own)] struct S;", "b.rs"),
        (
            "struct S { #[serde(with = \"crate::b::deep\")] x: u8 }",
            "b/deep.rs",
        ),
        ("mod held { use super::super::b::Own; }", "b.rs"),
        ("mod held { fn f() { crate::b::call() } }", "b.rs"),
    ] {
        assert_eq!(imports_of_a(text), [to], "{text}");
    }
}

#[test]
fn the_file_of_a_re_export_is_what_is_imported() {
    assert_eq!(imports_of_a("use crate::b::Thing;"), ["b.rs"]);
    assert_eq!(imports_of_a("fn f() { crate::b::Thing; }"), ["b.rs"]);
}

#[test]
fn a_module_that_use_made_known_is_followed() {
    for text in [
        "use crate::b; fn f() { b::deep::call() }",
        "use super::b as other; fn f() { other::deep::call() }",
    ] {
        assert_eq!(imports_of_a(text), ["b.rs", "b/deep.rs"], "{text}");
    }
}

#[test]
fn what_is_no_import_of_a_file_is_none() {
    for text in [
        "use std::fmt; use serde::Deserialize as _; fn f() { fmt::format(x) }",
        "use ::b::Own;",
        "use b::Own;",
        "fn f() { Self::g(); b.call(); T::g() }",
        "pub(in crate::b) struct S;",
        "pub(crate) struct S; pub(super) fn f() {}",
        "/// Of `crate::b::Own`.\nstruct S;",
        "mod held { pub struct S; } use self::held::S; use held::S as T;",
        "use more::more;",
    ] {
        assert_eq!(imports_of_a(text), [""; 0], "{text}");
    }
}

#[test]
fn tests_import_nothing() {
    for text in [
        "#[cfg(test)] mod held { use crate::b::Own; }",
        "#[cfg(all(test, unix))] mod held { use crate::b::Own; }",
        "#[cfg(test)] mod nowhere;",
        "mod tests { use crate::b::Own; }",
        "mod hard_tests;",
        "#[cfg(test)] use crate::b::Own;",
        "#[cfg(test)] fn f() { crate::b::call() }",
        "#[cfg(test)] impl S { fn f() { crate::b::call() } }",
        "impl S { #[cfg(test)] fn f() { crate::b::call() } }",
        "#[test] fn f() { crate::b::call() }",
    ] {
        assert_eq!(imports_of_a(text), [""; 0], "{text}");
    }
    assert_eq!(
        imports_of_a("#[cfg(not(test))] use crate::b::Own;"),
        ["b.rs"]
    );
}

#[test]
fn programs_import_the_library_by_its_name() {
    let files = [
        ("lib.rs", "pub mod a;"),
        ("a.rs", "pub fn call() {}"),
        ("main.rs", "mod own; use made_up::a::call;"),
        ("own.rs", ""),
        (
            "bin/more/main.rs",
            "mod part; fn main() { part::f(); made_up::f() }",
        ),
        ("bin/more/part.rs", "use crate::part;"),
    ];
    let graph = Modules::read("made_up", &sources(&files))
        .expect("modules")
        .graph();
    assert_eq!(graph.imported_by("main.rs"), ["a.rs"]);
    assert_eq!(
        graph.imported_by("bin/more/main.rs"),
        ["bin/more/part.rs", "lib.rs"]
    );
    assert_eq!(graph.imported_by("bin/more/part.rs"), [""; 0]);
}

#[test]
fn modules_are_found_in_every_place_they_may_be() {
    let files = [
        (
            "lib.rs",
            "mod a; mod held { mod b; } #[path = \"else/where.rs\"] mod c;",
        ),
        ("a/mod.rs", "mod d; use d::X;"),
        ("a/d.rs", "use crate::held::b::X;"),
        ("held/b.rs", "use crate::c::X;"),
        ("else/where.rs", "mod e; use e::X;"),
        ("else/e.rs", ""),
    ];
    let found = verdict(&files);
    assert_eq!((found.files, found.arrows, found.floors), (6, 4, 5));
    let lost = judge("made_up", &sources(&[("lib.rs", "mod a;")]));
    assert_eq!(lost.expect_err("no a.rs"), "there is no file `a.rs`");
}

#[test]
fn a_circle_of_files_is_a_fault() {
    let found = verdict(&[
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::X;"),
        ("b.rs", "use crate::c::X; use crate::d::X;"),
        ("c.rs", "use crate::a::X;"),
        ("d.rs", "use crate::b::X;"),
    ]);
    assert_eq!(found.circles, 1);
    assert_eq!(
        found.faults,
        ["a circle of 4 files, as b.rs -> d.rs -> b.rs; all: a.rs, b.rs, c.rs, d.rs"]
    );
    // lib.rs stands alone.
    assert_eq!((found.arrows, found.floors), (5, 1));
}

#[test]
fn circles_that_do_not_meet_are_two() {
    let found = verdict(&[
        ("lib.rs", "mod a; mod b; mod c; mod d; use a::X;"),
        ("a.rs", "use crate::b::X;"),
        ("b.rs", "use crate::a::X; use crate::c::X;"),
        ("c.rs", "use crate::d::X;"),
        ("d.rs", "use crate::c::X;"),
    ]);
    assert_eq!(
        found.faults,
        [
            "a circle of 2 files, as a.rs -> b.rs -> a.rs",
            "a circle of 2 files, as c.rs -> d.rs -> c.rs"
        ]
    );
    assert_eq!((found.circles, found.floors), (2, 3));
}

#[test]
fn parent_and_child_may_import_each_other() {
    let found = verdict(&[
        ("lib.rs", "mod a; use a::X;"),
        ("a.rs", "mod b; use b::X; use crate::Top;"),
        ("a/b.rs", "mod c; use super::X; use c::X;"),
        ("a/b/c.rs", "use super::super::X; use crate::Top;"),
    ]);
    assert_eq!(found.faults, [""; 0]);
    assert_eq!((found.circles, found.floors), (0, 4));
}

#[test]
fn siblings_and_their_children_may_not() {
    for (in_b, in_c) in [
        ("use super::c::X;", "use super::b::X;"),
        ("use crate::a::c::deep::X;", "use super::b::X;"),
    ] {
        let found = verdict(&[
            ("lib.rs", "mod a;"),
            ("a.rs", "mod b; mod c;"),
            ("a/b.rs", in_b),
            ("a/c.rs", &format!("mod deep; {in_c}")),
            ("a/c/deep.rs", "use crate::a::b::X;"),
        ]);
        assert_eq!(found.circles, 1, "{in_b} {in_c}");
    }
}

#[test]
fn a_full_folder_is_a_fault() {
    let mut files = vec![("lib.rs".to_owned(), String::new())];
    for number in 0..15 {
        files.push((format!("part/f{number}.rs"), String::new()));
    }
    // Not counted.
    files.push(("part/tests.rs".to_owned(), String::new()));
    files.push(("part/deep/f.rs".to_owned(), String::new()));
    let judged = |files: &[(String, String)]| {
        let files = files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()));
        verdict(&files.collect::<Vec<_>>()).faults
    };
    assert_eq!(judged(&files), [""; 0]);
    files.push(("part/f15.rs".to_owned(), String::new()));
    assert_eq!(
        judged(&files),
        ["the folder part has 16 files, at most 15 may be in one"]
    );
}

#[test]
fn a_long_file_is_a_fault() {
    let long = |lines: usize| "// a line\n".repeat(lines);
    let tests = format!("#[cfg(test)]\nmod tests {{\n{}}}\n", long(100));
    let generated = format!("//! Generated by a task.\n{}", long(400));
    let with_tests = format!("{}{tests}", long(399));
    for text in [&long(400), &generated, &with_tests] {
        assert_eq!(verdict(&[("lib.rs", text)]).faults, [""; 0]);
    }
    let fault = "lib.rs has 401 lines, at most 400 may be in a file";
    assert_eq!(verdict(&[("lib.rs", &long(401))]).faults, [fault]);
    assert_eq!(verdict(&[("tests.rs", &long(401))]).faults, [""; 0]);
}

#[test]
fn a_long_function_is_a_fault() {
    let body = |lines: usize| format!("{{\n{}}}", "// a line\n".repeat(lines - 2));
    let (most, over) = (body(60), body(61));
    for text in [
        format!("/// Not\n/// counted.\n#[inline]\nfn f() {most}"),
        format!("#[test]\nfn f() {over}"),
        format!("#[cfg(test)]\nmod held {{ fn f() {over} }}"),
        format!("mod tests {{ fn f() {over} }}"),
        format!("impl S {{ #[cfg(test)] fn f() {over} }}"),
    ] {
        assert_eq!(verdict(&[("lib.rs", &text)]).faults, [""; 0], "{text}");
    }
    let fault = "lib.rs:2: `f` has 61 lines, at most 60 may be in a function";
    for text in [
        format!("\nfn f() {over}"),
        format!("\nimpl S {{ pub async fn f() {over} }}"),
        format!("\ntrait T {{ fn f() {over} }}"),
        format!("\nmod held {{ fn f() {over} }}"),
    ] {
        assert_eq!(verdict(&[("lib.rs", &text)]).faults, [fault], "{text}");
    }
}
