//! Each way of importing, and where its arrow ends.

use super::{sources, verdict};
use crate::house::{judge, modules::Modules};

/// A crate of `a.rs` with this text, `a/inner.rs`, `b.rs` and `b/deep.rs`: what `a.rs`
/// imports.
fn imports_of_a(text: &str) -> Vec<String> {
    let files = [
        ("lib.rs", "mod a; mod b; pub struct Top;"),
        ("a.rs", text),
        ("a/inner.rs", ""),
        (
            "b.rs",
            "pub mod deep; pub use deep::Thing; pub use std::fmt as far; pub struct Own; pub fn call() {}",
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
fn what_is_behind_a_re_export_is_what_is_imported() {
    for (text, to) in [
        ("use crate::b::Thing;", "b/deep.rs"),
        ("fn f() { crate::b::Thing; }", "b/deep.rs"),
        ("fn f() { super::b::Thing::new() }", "b/deep.rs"),
        ("use crate::b::Own;", "b.rs"),
        ("use crate::b::far;", "b.rs"),
    ] {
        assert_eq!(imports_of_a(text), [to], "{text}");
    }
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
        ("a/mod.rs", "mod d; use d::D;"),
        ("a/d.rs", "use crate::held::b::B;"),
        ("held/b.rs", "use crate::c::C;"),
        ("else/where.rs", "mod e; use e::E;"),
        ("else/e.rs", ""),
    ];
    let found = verdict(&files);
    assert_eq!((found.files, found.arrows, found.floors), (6, 4, 5));
    let lost = judge("made_up", &sources(&[("lib.rs", "mod a;")]));
    assert_eq!(lost.expect_err("no a.rs"), "there is no file `a.rs`");
}
