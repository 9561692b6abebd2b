//! Every way of breaking the form.

use super::Cases;
use super::Expected::Refused;
use proof::Rung;

/// Changes of a true bundle's text: name, what stands there, what shall.
const CHANGED: [(&str, &str, &str); 26] = [
    ("refused-space", "{\"anchor\"", "{ \"anchor\""),
    ("refused-order", "\"format\":\"chartseal-proof/1\",", ""),
    ("refused-format", "chartseal-proof/1", "chartseal-proof/2"),
    ("refused-unknown-member", "\"rung\"", "\"role\":1,\"rung\""),
    (
        "refused-unknown-leaf-member",
        "\"leafSalt\"",
        "\"leafPepper\":1,\"leafSalt\"",
    ),
    (
        "refused-duplicate",
        "\"rung\"",
        "\"rung\":\"finalized\",\"rung\"",
    ),
    ("refused-settled", "\"finalized\"", "\"settled\""),
    ("refused-pending-with-proof", "\"finalized\"", "\"pending\""),
    (
        "refused-sequenced-with-anchor",
        "\"finalized\"",
        "\"sequenced\"",
    ),
    ("refused-upper-case", "\"entry\":\"01", "\"entry\":\"0A"),
    ("refused-entry-version", "\"entry\":\"01", "\"entry\":\"02"),
    ("refused-short-entry", "\"entry\":\"01", "\"entry\":\""),
    ("refused-exponent", "\"size\":600", "\"size\":6e2"),
    (
        "refused-twenty-digits",
        "\"size\":600",
        "\"size\":10000000000000000000",
    ),
    ("refused-number-as-text", "\"size\":600", "\"size\":\"600\""),
    ("refused-registry", "\"0xabab", "\"0xABab"),
    ("refused-registry-prefix", "\"0xabab", "\"abab"),
    (
        "refused-statement-space",
        "{\\\"content\\\"",
        "{ \\\"content\\\"",
    ),
    (
        "refused-statement-kind",
        "\\\"kind\\\":\\\"version\\\"",
        "\\\"kind\\\":\\\"\\\"",
    ),
    (
        "refused-content-salt-of-audit",
        "\\\"kind\\\":\\\"version\\\"",
        "\\\"kind\\\":\\\"audit\\\"",
    ),
    (
        "refused-content-salt-of-system",
        "\\\"kind\\\":\\\"version\\\"",
        "\\\"kind\\\":\\\"key\\\"",
    ),
    ("refused-proof-header", "tlog-proof@v1", "tlog-proof@v2"),
    ("refused-extra", "@v1\\nindex", "@v1\\nextra AA==\\nindex"),
    ("refused-index", "\\nindex 5\\n", "\\nindex 05\\n"),
    (
        "refused-extension-line",
        "\\n600\\n",
        "\\nextension\\n600\\n",
    ),
    ("refused-carriage-return", "\\n600\\n", "\\r\\n600\\n"),
];

impl Cases {
    /// A bundle whose bytes are changed as text, and refused.
    fn refused(&mut self, name: &str, from: &str, to: &str) {
        let setting = self.truth();
        let text = String::from_utf8(setting.bundle.to_bytes()).expect("UTF-8");
        assert!(text.contains(from), "{name}");
        self.add(name, setting, Refused);
        if let Some(case) = self.all.last_mut() {
            case.proof = text.replacen(from, to, 1).into_bytes();
        }
    }

    pub(super) fn refused_bundles(&mut self) {
        for (name, from, to) in CHANGED {
            self.refused(name, from, to);
        }
        let good = self.truth().bundle;
        let text = String::from_utf8(good.to_bytes()).expect("UTF-8");
        self.raw("refused-final-newline", format!("{text}\n").into_bytes());
        self.raw(
            "refused-byte-order-mark",
            format!("\u{feff}{text}").into_bytes(),
        );
        self.raw("refused-empty", Vec::new());
        self.raw("refused-array", b"[]".to_vec());
        self.raw("refused-not-utf8", [text.as_bytes(), &[0xff]].concat());

        let mut anchorless = good.clone();
        anchorless.anchor = None;
        self.raw("refused-anchor-missing", anchorless.to_bytes());
        let mut proofless = good.clone();
        proofless.tlog_proof = None;
        self.raw("refused-proof-missing", proofless.to_bytes());
        let mut event = good.clone();
        event.leaf.event = self.world.bundle("audit", Rung::Pending, 600).leaf.event;
        self.raw("refused-event-of-version", event.to_bytes());
        self.refused_proof_texts(&text);
    }

    fn refused_proof_texts(&mut self, text: &str) {
        let proof = self.world.proof(5, 600);
        let line = self
            .world
            .note(600)
            .lines()
            .last()
            .map(|line| format!("{line}\n"));
        let lines = line.expect("signed").repeat(32);
        let crowded = format!("{}{lines}", proof.encode());
        let crowded = text_with(text, &proof.encode(), &crowded);
        self.raw("refused-33-signatures", crowded);
        let hash = proof
            .encode()
            .lines()
            .nth(2)
            .expect("a path line")
            .to_owned();
        let longer = format!("index 5\n{}", format!("{hash}\n").repeat(54));
        let longer = proof.encode().replacen("index 5\n", &longer, 1);
        self.raw(
            "refused-64-path-lines",
            text_with(text, &proof.encode(), &longer),
        );
        let root = proof.encode().replacen("=\n\n\u{2014}", "\n\n\u{2014}", 1);
        self.raw(
            "refused-root-unpadded",
            text_with(text, &proof.encode(), &root),
        );
    }

    fn raw(&mut self, name: &str, proof: Vec<u8>) {
        self.add(name, self.truth(), Refused);
        if let Some(case) = self.all.last_mut() {
            case.proof = proof;
        }
    }

    pub(super) fn refused_others(&mut self) {
        for (name, resource) in [
            ("refused-resource-twice", "{\"id\":\"a\",\"id\":\"a\"}"),
            ("refused-resource-array", "[]"),
            ("refused-resource-cut", "{\"id\":"),
        ] {
            let resource = Some((name, resource.to_owned()));
            self.lie(name, |s| s.resource = resource, Refused);
        }
        for (name, from, to) in [
            (
                "refused-trust-format",
                "chartseal-trust/1",
                "chartseal-trust/2",
            ),
            (
                "refused-trust-member",
                "\"require\"",
                "\"requires\": 1,\n  \"require\"",
            ),
            (
                "refused-trust-level",
                "\"require\": \"anchor\"",
                "\"require\": \"settled\"",
            ),
            (
                "refused-trust-source",
                "\"source\": \"operator\"",
                "\"source\": \"me\"",
            ),
            (
                "refused-trust-kind",
                "\"kind\": \"ethereum\"",
                "\"kind\": \"bitcoin\"",
            ),
            ("refused-trust-size-twice", "\"size\": 256", "\"size\": 600"),
            ("refused-trust-seq-twice", "\"seq\": 1", "\"seq\": 2"),
            (
                "refused-trust-vkey",
                "gw.example/log/st-mary+",
                "gw.example/log/st-mary+0",
            ),
        ] {
            let setting = self.truth();
            let text = String::from_utf8(setting.trust.1.to_bytes()).expect("UTF-8");
            assert!(text.contains(from), "{name}");
            self.add(name, setting, Refused);
            if let Some(case) = self.all.last_mut() {
                case.trust = (name.to_owned(), text.replacen(from, to, 1).into_bytes());
            }
        }
    }
}

/// A bundle with another proof text.
fn text_with(bundle: &str, from: &str, to: &str) -> Vec<u8> {
    let quoted = |text: &str| {
        let mut out = Vec::new();
        fhir::json::write_string(&mut out, text);
        String::from_utf8(out).expect("UTF-8")
    };
    assert!(bundle.contains(&quoted(from)));
    bundle.replacen(&quoted(from), &quoted(to), 1).into_bytes()
}
