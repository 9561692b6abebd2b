//! Files, functions and folders that are over the measure.

use super::sources::{Source, Sources, is_for_tests, is_test_name};
use std::collections::BTreeMap;
use syn::{
    Block, ImplItemFn, ItemFn, ItemMod, Signature, TraitItemFn,
    visit::{self, Visit},
};

const MAX_FILES_FLAT: usize = 15;
const MAX_FILE_LINES: usize = 400;
/// From the signature to the closing brace.
const MAX_FUNCTION_LINES: usize = 60;

/// Everything over the measure, tests excepted.
pub fn faults(sources: &Sources) -> Vec<String> {
    let mut faults = Vec::new();
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for (path, source) in sources.production() {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        *folders.entry(folder).or_default() += 1;
        if !source.generated {
            faults.extend(file_faults(path, source));
        }
    }
    let full = folders.iter().filter(|(_, files)| **files > MAX_FILES_FLAT);
    faults.extend(full.map(|(folder, files)| {
        let folder = if folder.is_empty() { "." } else { folder };
        format!("the folder {folder} has {files} files, at most {MAX_FILES_FLAT} may be in one")
    }));
    faults
}

fn file_faults(path: &str, source: &Source) -> Vec<String> {
    let mut measure = Measure::default();
    measure.visit_file(&source.parsed);
    let lines = source.lines.saturating_sub(measure.test_lines);
    let mut faults = Vec::new();
    if lines > MAX_FILE_LINES {
        faults.push(format!(
            "{path} has {lines} lines, at most {MAX_FILE_LINES} may be in a file"
        ));
    }
    let long = measure.functions.iter();
    let long = long.filter(|(_, _, lines)| *lines > MAX_FUNCTION_LINES);
    faults.extend(long.map(|(name, line, lines)| {
        format!(
            "{path}:{line}: `{name}` has {lines} lines, at most {MAX_FUNCTION_LINES} may be in a function"
        )
    }));
    faults
}

#[derive(Default)]
struct Measure {
    /// Lines of modules of tests in braces.
    test_lines: usize,
    /// Name, first line, number of lines.
    functions: Vec<(String, usize, usize)>,
}

impl Measure {
    fn take(&mut self, signature: &Signature, body: &Block) {
        let first = signature.fn_token.span.start().line;
        let last = body.brace_token.span.close().end().line;
        let name = signature.ident.to_string();
        self.functions.push((name, first, last - first + 1));
    }
}

impl<'ast> Visit<'ast> for Measure {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if is_for_tests(&item.attrs) || is_test_name(&item.ident.to_string()) {
            if let Some((braces, _)) = &item.content {
                let (first, last) = (item.mod_token.span.start(), braces.span.close().end());
                self.test_lines += last.line - first.line + 1;
            }
        } else {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !is_for_tests(&item.attrs) {
            self.take(&item.sig, &item.block);
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            self.take(&item.sig, &item.block);
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(body) = &item.default {
            self.take(&item.sig, body);
            visit::visit_trait_item_fn(self, item);
        }
    }
}
