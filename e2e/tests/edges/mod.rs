//! Edges of the formats that chance does not find: a piece of a golden file is
//! replaced by another, and the exit code that docs/proof-format.md asks for.

use super::{Changed, Question};

/// Golden case, which file, the piece, what stands in its place, the exit code.
type Edge = (&'static str, Changed, String, String, i64);

const VERSION: &str = "version-finalized";
const AUDIT: &str = "audit-finalized";
const SYSTEM: &str = "system-finalized";

/// All edges of bundles, trust files and resources.
pub fn all() -> Vec<Edge> {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let mut edges: Vec<Edge> = Vec::new();
    let mut add = |case, changed, from: &str, choices: &[(&str, i64)]| {
        for (to, exit) in choices {
            edges.push((case, changed, from.to_owned(), (*to).to_owned(), *exit));
        }
    };
    system_statements(&mut add);
    record_statements(&mut add);
    signature_lines(&mut add);
    texts(&mut add);
    trust(&mut add);
    let deep = [63, 64].map(|depth| format!(r#"\"v\":1,\"w\":{}"#, nested(depth)));
    add(
        SYSTEM,
        Changed::Proof,
        r#"\"v\":1"#,
        &[(&deep[0], 1), (&deep[1], 2)],
    );
    let deep = [63, 64].map(|depth| format!(r#""name": {}, "x""#, nested(depth)));
    add(
        VERSION,
        Changed::Resource,
        r#""name""#,
        &[(&deep[0], 1), (&deep[1], 2)],
    );
    let path = [61, 62].map(|more| {
        let hash = format!(r#""{}","#, "00".repeat(32));
        format!(r#""path":[{}"#, hash.repeat(more))
    });
    add(
        AUDIT,
        Changed::Proof,
        r#""path":["#,
        &[(&path[0], 1), (&path[1], 2)],
    );
    resources(&mut add);
    edges
}

type Add<'a> = dyn FnMut(&'static str, Changed, &str, &[(&str, i64)]) + 'a;

fn system_statements(add: &mut Add) {
    let proof = Changed::Proof;
    add(
        SYSTEM,
        proof,
        r#"\"number\":4"#,
        &[
            (r#"\"number\":0"#, 2),
            (r#"\"number\":9999999999999999999"#, 1),
            (r#"\"number\":10000000000000000000"#, 2),
            (r#"\"number\":4,\"seal\":\"x\""#, 2),
        ],
    );
    add(
        SYSTEM,
        proof,
        r#"{\"digest\""#,
        &[(r#"{\"content\":\"x\",\"digest\""#, 2)],
    );
    add(
        SYSTEM,
        proof,
        r#"\"v\":1"#,
        &[
            (r#"\"v\":1,\"w\":\"\""#, 1),
            (r#"\"v\":1,\"w\":{\"a\":[0]}"#, 1),
            (r#"\"v\":1,\"w\":true"#, 2),
            (r#"\"v\":1,\"w\":null"#, 2),
            (r#"\"v\":1,\"w\":-1"#, 2),
            (r#"\"v\":1,\"w\":1.0"#, 2),
        ],
    );
}

fn record_statements(add: &mut Add) {
    let proof = Changed::Proof;
    add(AUDIT, proof, "search-type", &[("x", 1), ("", 2)]);
    let ids = [50, 51].map(|length| format!("AuditEvent/{}", "a".repeat(length)));
    add(
        AUDIT,
        proof,
        "AuditEvent/7c1e5d2a",
        &[(&ids[0], 1), (&ids[1], 2), ("Patient/7c1e5d2a", 2)],
    );
    add(
        VERSION,
        proof,
        r#"\"version\":1"#,
        &[
            (r#"\"version\":4294967295"#, 1),
            (r#"\"version\":4294967296"#, 2),
            (r#"\"version\":0"#, 2),
        ],
    );
    add(
        VERSION,
        proof,
        "2026-11-22T10:00:00.123Z",
        &[
            ("0000-02-29T10:00:00.123Z", 1),
            ("1900-02-29T10:00:00.123Z", 2),
            ("2026-11-22T24:00:00.123Z", 2),
            ("2026-11-22T23:59:60.123Z", 2),
        ],
    );
}

fn signature_lines(add: &mut Add) {
    let proof = Changed::Proof;
    let signatures = [
        ("a AAAAAA==", 2),
        ("a AAAAAAA=", 0),
        ("a AAAAAAB=", 2),
        ("a+b AAAAAAA=", 2),
        ("a\u{2028}b AAAAAAA=", 2),
        ("a\u{200b}b AAAAAAA=", 0),
        (" a AAAAAAA=", 2),
        ("a AAAAAAA= ", 2),
        // Of the log's key, but no signature.
        ("gw.example/log/st-mary RPY88AA=", 1),
    ];
    for (line, exit) in signatures {
        add(
            VERSION,
            proof,
            r#"\n"}"#,
            &[(&format!("\\n\u{2014} {line}\\n\"}}"), exit)],
        );
    }
    for (count, exit) in [(31, 0), (32, 2)] {
        let more = "\u{2014} a AAAAAAA=\\n".repeat(count);
        add(
            VERSION,
            proof,
            r#"\n"}"#,
            &[(&format!("\\n{more}\"}}"), exit)],
        );
    }
}

/// The rest of the proof text, and the evidence.
fn texts(add: &mut Add) {
    let proof = Changed::Proof;
    add(
        VERSION,
        proof,
        r"\n\ngw.",
        &[
            ("\\n\\n\u{85}gw.", 2),
            ("\\n\\n\u{3000}gw.", 2),
            ("\\n\\n\u{180e}gw.", 1),
            ("\\n\\n\u{7f}gw.", 1),
            ("\\n\\n\\tgw.", 2),
            ("\\n\\n\\n", 2),
        ],
    );
    add(
        VERSION,
        proof,
        "index 5",
        &[("index 05", 2), ("index 9999999999999999999", 1)],
    );
    let evidence = |header: &str| {
        format!(
            r#""evidence":{{"header":"{header}","index":0,"proof":[],"receipt":"ff"}},"format""#
        )
    };
    add(
        VERSION,
        proof,
        r#""format""#,
        &[(&evidence("00"), 0), (&evidence(""), 2)],
    );
}

fn trust(add: &mut Add) {
    let log = "gw.example/log/st-mary";
    let keys = [
        // Of order 1 and 8, off the curve, of another type, too short.
        ("c33c3437+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 2),
        ("e89b8b65+ASbolY/CsiewRcP0ifLvmPDV36wF08YzObE4AohtU/wF", 2),
        ("1bb00e19+AQIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 2),
        ("eb0927ec+AmiY1LuCaKTf2+IWefaG02yt0oAsnxlHk3PPmHBD00m2", 2),
        ("88321950+AWiY1LuCaKTf2+IWefaG02yt0oAsnxlHk3PPmHBD00k=", 2),
        // Its y is 2^255 - 16, which stands for 3.
        ("710208a6+AfD///////////////////////////////////////9/", 0),
    ];
    for (key, exit) in keys {
        let more = format!(r#""vkeys": ["{log}+{key}","#);
        add(VERSION, Changed::Trust, r#""vkeys": ["#, &[(&more, exit)]);
    }
    for (key, exit) in [("w+618d4a44+BA==", 2), ("w+efb02ffc+BHg=", 0)] {
        let more = format!(r#""witnesses": {{"k": 0, "vkeys": ["{key}"]}}, "vkeys": ["#);
        add(VERSION, Changed::Trust, r#""vkeys": ["#, &[(&more, exit)]);
    }
    // The right key under another name signed nothing.
    add(
        VERSION,
        Changed::Trust,
        &format!("{log}+44f63cf0+"),
        &[("other+1dd1f51c+", 1)],
    );
}

fn resources(add: &mut Add) {
    for (value, exit) in [
        ("1E+400", 1),
        ("-0", 1),
        ("01", 2),
        ("1.", 2),
        ("NaN", 2),
        ("-Infinity", 2),
        (r#""\ud83d\ude00""#, 1),
        (r#""\ud800""#, 2),
        (r#""\ude00\ud83d""#, 2),
        (r#""\u00_9""#, 2),
        (r#""\u0000""#, 1),
        ("\"\t\"", 2),
        ("\u{a0}1", 2),
        (r#"1, "\u0069d": "p1""#, 2),
    ] {
        let more = format!(r#""z": {value}, "name""#);
        add(VERSION, Changed::Resource, r#""name""#, &[(&more, exit)]);
    }
    add(
        VERSION,
        Changed::Resource,
        r#""versionId": "1""#,
        &[(r#""versionId": 1"#, 1)],
    );
}

/// A log of one leaf, signed with care: verifier key id and key, signature, exit
/// code. Ed25519's corners, where libraries differ.
pub const SIGNED: [(&str, &str, i64); 6] = [
    (
        "3b242cea+AXdnoyQtybWLvGhIjBJlzGzF8mxvPIil1V6QGwc03KVy",
        "OyQs6u3IdtaDH9IQXQtDicouKDFmRpKJFG4s4G+u/piyJUjfLxbmeBAxfubsZX7G30HPALyWQbqjrBZSSNCTlW3vAgU=",
        0,
    ),
    // The same with the group order added to S.
    (
        "3b242cea+AXdnoyQtybWLvGhIjBJlzGzF8mxvPIil1V6QGwc03KVy",
        "OyQs6u3IdtaDH9IQXQtDicouKDFmRpKJFG4s4G+u/piyJUjfHOrb1SqUkD7DAnZpvjuuFbyWQbqjrBZSSNCTlW3vAhU=",
        1,
    ),
    // R is the neutral element, and the equation holds.
    (
        "3b242cea+AXdnoyQtybWLvGhIjBJlzGzF8mxvPIil1V6QGwc03KVy",
        "OyQs6gEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAASK2BA6lLbwNTOdCVwlfj+spG0Fc8qUkJc9mPahRdVgY=",
        1,
    ),
    // R has a part of order 8: the equation holds only with the cofactor.
    (
        "3b242cea+AXdnoyQtybWLvGhIjBJlzGzF8mxvPIil1V6QGwc03KVy",
        "OyQs6ha5gdC4jN86ufqHGQgi/kkFtHXv2jrsfDSr+pLBkyD0kvhVUx/n5JJQaztZ3TJf3JnhkBD32G1SGt6+pv93jgU=",
        1,
    ),
    // The key has a part of order 8, which the first hash keeps and the second
    // takes away.
    (
        "6f2c9dcc+AbFb8mQk0bad0zt6nlfbXeSiqt6koqBR79m/1q90Fl0r",
        "byydzFhmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmZmUFbvIJ1FIb0d8Co/pTj9MHe4/f3vr43aoFgjCGvGKAY=",
        1,
    ),
    (
        "6f2c9dcc+AbFb8mQk0bad0zt6nlfbXeSiqt6koqBR79m/1q90Fl0r",
        "byydzLS5N/ypWy8ek+QeYvw8eIGP84pmCW+tbnlz5ckABtMhBUDaaoXclQWcPlG1VpNnNUK4ktyl2GH9mQTvY6dBwAM=",
        0,
    ),
];

/// The name of that log.
pub const SIGNED_ORIGIN: &str = "t.example/log/st-mary";

/// Its tree's one leaf is that of the golden case `version-sequenced`.
pub fn signed_proof_text(signature: &str) -> String {
    format!(
        "c2sp.org/tlog-proof@v1\nindex 0\n\n{SIGNED_ORIGIN}\n1\n\
         0PpYTBtFAKbMXuqmwzozjjF1RD3vbeF/88tIA4qB7dw=\n\n\u{2014} {SIGNED_ORIGIN} {signature}\n"
    )
}

/// Replaces the piece, which must stand in the file; the last one, when it stands
/// there more than once.
pub fn replaced(file: &str, question: &Question, from: &str, to: &str) -> String {
    let at = file.rfind(from);
    let (before, rest) = file.split_at(at.unwrap_or(file.len()));
    let after = rest.strip_prefix(from);
    assert!(after.is_some(), "{}: no `{from}`", question.name);
    format!("{before}{to}{}", after.unwrap_or_default())
}
