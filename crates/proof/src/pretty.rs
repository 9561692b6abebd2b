//! JSON set out for people: two spaces a level, one member a line. Used for the
//! trust file, which somebody must read before believing it.

use fhir::json::Value;

/// The text, ended by a line feed.
pub(crate) fn pretty(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    write(&mut out, value, 0);
    out.push(b'\n');
    out
}

fn write(out: &mut Vec<u8>, value: &Value, level: usize) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            out.push(b'{');
            for (position, (name, member)) in members.iter().enumerate() {
                line(out, position, level + 1);
                fhir::json::write_string(out, name);
                out.extend_from_slice(b": ");
                write(out, member, level + 1);
            }
            close(out, b'}', level);
        }
        Value::Array(items) if !items.is_empty() => {
            out.push(b'[');
            for (position, item) in items.iter().enumerate() {
                line(out, position, level + 1);
                write(out, item, level + 1);
            }
            close(out, b']', level);
        }
        other => other.write_canonical(out),
    }
}

fn line(out: &mut Vec<u8>, position: usize, level: usize) {
    if position > 0 {
        out.push(b',');
    }
    out.push(b'\n');
    out.resize(out.len() + 2 * level, b' ');
}

fn close(out: &mut Vec<u8>, bracket: u8, level: usize) {
    line(out, 0, level);
    out.push(bracket);
}
