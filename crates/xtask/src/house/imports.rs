//! The modules that one file declares and the paths that it names, module by module.
//!
//! Paths are found in `use` trees, in expressions, types and patterns, in what is given to
//! macros, and in attributes, also there where they are written as text
//! (`#[serde(with = "crate::hex")]`).

use super::sources::{is_for_tests, is_test_name};
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeMap;
use syn::{
    Attribute, ImplItemFn, Item, ItemFn, ItemImpl, ItemMod, ItemUse, Macro, UseTree, Visibility,
    visit::{self, Visit},
};

/// The parts of a path, in order.
pub type Path = Vec<String>;

/// One module: that of the file, or one in braces.
#[derive(Debug, Default)]
pub struct Scope {
    /// The modules in braces that it stands in, and itself; empty for the file's own.
    pub within: Path,
    /// Modules with a file of their own, each with the file that `#[path]` names.
    pub children: Vec<(String, Option<String>)>,
    /// All that it names.
    pub paths: Vec<Path>,
    /// What `use` makes known in it.
    pub known: BTreeMap<String, Path>,
}

/// All modules of a file but those of tests, each after the one it stands in.
pub fn scopes(file: &syn::File) -> Vec<Scope> {
    let mut done = Vec::new();
    read(Vec::new(), &file.items, &mut done);
    done
}

fn read(within: Path, items: &[Item], done: &mut Vec<Scope>) {
    let mut reader = Reader {
        scope: Scope {
            within: within.clone(),
            ..Scope::default()
        },
        in_braces: Vec::new(),
    };
    for item in items {
        reader.visit_item(item);
    }
    done.push(reader.scope);
    for (name, items) in reader.in_braces {
        let mut inner = within.clone();
        inner.push(name);
        read(inner, items, done);
    }
}

struct Reader<'ast> {
    scope: Scope,
    in_braces: Vec<(String, &'ast [Item])>,
}

impl<'ast> Visit<'ast> for Reader<'ast> {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        let name = item.ident.to_string();
        if is_for_tests(&item.attrs) || is_test_name(&name) {
            return;
        }
        match &item.content {
            Some((_, items)) => self.in_braces.push((name, items)),
            None => self.scope.children.push((name, path_of(&item.attrs))),
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        // With `::` before it a path begins with another crate.
        if !is_for_tests(&item.attrs) && item.leading_colon.is_none() {
            self.take_tree(&item.tree, &[]);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_impl(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.take(words(path));
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, it: &'ast Macro) {
        self.take_tokens(&it.tokens);
        visit::visit_macro(self, it);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if let Ok(list) = attribute.meta.require_list() {
            self.take_tokens(&list.tokens);
            self.take_texts(&list.tokens);
        }
    }

    // `pub(in crate::part)` lets others in and imports nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}
}

impl Reader<'_> {
    /// A single word names something of the module itself or what `use` made known.
    fn take(&mut self, path: Path) {
        if path.len() > 1 {
            self.scope.paths.push(path);
        }
    }

    fn take_tree(&mut self, tree: &UseTree, before: &[String]) {
        let joined = |name: String| [before, &[name]].concat();
        match tree {
            UseTree::Path(it) => self.take_tree(&it.tree, &joined(it.ident.to_string())),
            UseTree::Group(it) => {
                for tree in &it.items {
                    self.take_tree(tree, before);
                }
            }
            UseTree::Glob(_) => self.scope.paths.push(before.to_vec()),
            UseTree::Name(it) => self.make_known(it.ident.to_string(), before, &it.ident),
            UseTree::Rename(it) => self.make_known(it.rename.to_string(), before, &it.ident),
        }
    }

    fn make_known(&mut self, name: String, before: &[String], last: &syn::Ident) {
        let last = last.to_string();
        let (path, name) = match (last.as_str(), before.last()) {
            // `use a::b::{self, ..}`
            ("self", Some(module)) if name == "self" => (before.to_vec(), module.clone()),
            ("self", Some(_)) => (before.to_vec(), name),
            _ => ([before, &[last]].concat(), name),
        };
        self.scope.paths.push(path.clone());
        self.scope.known.insert(name, path);
    }

    /// Words with `::` between them.
    fn take_tokens(&mut self, tokens: &TokenStream) {
        let mut path = Path::new();
        // Colons since the last word of the path.
        let mut colons = 0;
        for token in tokens.clone() {
            match token {
                TokenTree::Ident(word) => {
                    if colons != 2 {
                        self.take(std::mem::take(&mut path));
                    }
                    path.push(word.to_string());
                    colons = 0;
                }
                TokenTree::Punct(mark) if mark.as_char() == ':' => colons += 1,
                other => {
                    self.take(std::mem::take(&mut path));
                    colons = 0;
                    if let TokenTree::Group(group) = other {
                        self.take_tokens(&group.stream());
                    }
                }
            }
        }
        self.take(path);
    }

    /// Texts that are paths of this crate.
    fn take_texts(&mut self, tokens: &TokenStream) {
        for token in tokens.clone() {
            match token {
                TokenTree::Group(group) => self.take_texts(&group.stream()),
                TokenTree::Literal(literal) => {
                    let text = literal.to_string();
                    let path = syn::parse_str::<syn::Path>(text.trim_matches('"'));
                    self.take(path.map(|path| words(&path)).unwrap_or_default());
                }
                _ => {}
            }
        }
    }
}

/// Nothing for a path that begins with another crate, by `::` before it.
fn words(path: &syn::Path) -> Path {
    match path.leading_colon {
        Some(_) => Path::new(),
        None => path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect(),
    }
}

/// The file that `#[path = ".."]` names.
fn path_of(attributes: &[Attribute]) -> Option<String> {
    let named = attributes
        .iter()
        .find(|attribute| attribute.path().is_ident("path"))?;
    let syn::Expr::Lit(value) = &named.meta.require_name_value().ok()?.value else {
        return None;
    };
    match &value.lit {
        syn::Lit::Str(text) => Some(text.value()),
        _ => None,
    }
}
