//! The tree of a crate's modules, and which module a path names.

use super::{
    graph::Graph,
    imports::{Path, Scope, scopes},
    sources::Sources,
};
use std::collections::BTreeMap;

/// How many `use` may stand one behind another until a path is given up.
const MAX_ALIASES: usize = 16;

/// All modules of the library and of the programs in one `src`.
pub struct Modules {
    all: Vec<Module>,
    /// The library by the name that programs import it by.
    library: Option<(String, usize)>,
}

struct Module {
    file: String,
    above: Option<usize>,
    below: BTreeMap<String, usize>,
    scope: Scope,
}

impl Modules {
    /// Reads the tree below each root: `lib.rs`, `main.rs`, the programs in `bin`.
    pub fn read(name: &str, sources: &Sources) -> Result<Self, String> {
        let mut modules = Self {
            all: Vec::new(),
            library: None,
        };
        for (path, _) in sources.production() {
            let root = modules.all.len();
            if path == "lib.rs" {
                modules.library = Some((name.to_owned(), root));
            }
            if is_root(path) {
                modules.add_file(path, folder_of(path), None, sources)?;
            }
        }
        Ok(modules)
    }

    /// The modules of a file and all below them; gives the file's own.
    fn add_file(
        &mut self,
        file: &str,
        folder: String,
        above: Option<usize>,
        sources: &Sources,
    ) -> Result<usize, String> {
        let source = sources
            .get(file)
            .ok_or_else(|| format!("there is no file `{file}`"))?;
        let own = self.all.len();
        for mut scope in scopes(&source.parsed) {
            let children = std::mem::take(&mut scope.children);
            let inner = scope.within.join("/");
            let parent = match scope.within.split_last() {
                None => above,
                Some((_, before)) => self.below(own, before),
            };
            let name = scope.within.last().cloned();
            let this = self.add(file, parent, scope);
            if let (Some(parent), Some(name)) = (parent, name) {
                self.name(parent, name, this);
            }
            let folder = join(&folder, &inner);
            for (name, path) in children {
                let (file, folder) = match path {
                    Some(path) => {
                        let file = join(&folder_of(file), &path);
                        let folder = folder_of(&file);
                        (file, folder)
                    }
                    None => file_of(&folder, &name, sources),
                };
                let child = self.add_file(&file, folder, Some(this), sources)?;
                self.name(this, name, child);
            }
        }
        Ok(own)
    }

    fn add(&mut self, file: &str, above: Option<usize>, scope: Scope) -> usize {
        self.all.push(Module {
            file: file.to_owned(),
            above,
            below: BTreeMap::new(),
            scope,
        });
        self.all.len() - 1
    }

    fn name(&mut self, parent: usize, name: String, child: usize) {
        if let Some(parent) = self.all.get_mut(parent) {
            parent.below.insert(name, child);
        }
    }

    fn below(&self, from: usize, names: &[String]) -> Option<usize> {
        let step = |at: usize, name: &String| self.all.get(at)?.below.get(name).copied();
        names.iter().try_fold(from, step)
    }

    /// The innermost module that a path names, from the view of a module.
    fn find(&self, from: usize, path: &[String], aliases: usize) -> Option<usize> {
        let (first, rest) = path.split_first()?;
        let module = self.all.get(from)?;
        let mut at = match first.as_str() {
            "crate" => self.root_of(from),
            "self" => from,
            "super" => module.above?,
            name => match (module.below.get(name), module.scope.known.get(name)) {
                (Some(child), _) => *child,
                (None, Some(path)) if aliases < MAX_ALIASES => {
                    self.find(from, path, aliases + 1)?
                }
                _ => {
                    let (library, root) = self.library.as_ref()?;
                    (library == name).then_some(*root)?
                }
            },
        };
        for name in rest {
            let module = self.all.get(at)?;
            match (name.as_str(), module.below.get(name)) {
                ("super", _) => at = module.above?,
                (_, Some(child)) => at = *child,
                // An item, or the re-export of one.
                (_, None) => return Some(self.behind(at, name, aliases).unwrap_or(at)),
            }
        }
        Some(at)
    }

    /// The module that one took a name from.
    fn behind(&self, from: usize, name: &str, aliases: usize) -> Option<usize> {
        if aliases == MAX_ALIASES {
            return None;
        }
        let path = self.all.get(from)?.scope.known.get(name)?;
        self.find(from, path, aliases + 1)
    }

    fn root_of(&self, from: usize) -> usize {
        self.line_of(from).last().unwrap_or(from)
    }

    /// A module, the one above it, and so on.
    fn line_of(&self, from: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(from), |at| self.all.get(*at)?.above)
    }

    /// Which file imports which.
    pub fn graph(&self) -> Graph {
        let mut graph = Graph::default();
        for (at, module) in self.all.iter().enumerate() {
            graph.add_file(&module.file);
            for path in &module.scope.paths {
                if let Some(other) = self.find(at, path, 0).and_then(|scope| self.all.get(scope)) {
                    graph.add_arrow(&module.file, &other.file);
                }
            }
        }
        graph
    }

    /// Whether one of two files holds a module above one of the other.
    pub fn are_kin(&self, one: &str, other: &str) -> bool {
        self.is_above(one, other) || self.is_above(other, one)
    }

    /// Whether a file holds a module above one of another file.
    pub fn is_above(&self, upper: &str, lower: &str) -> bool {
        let mut lower = (0..self.all.len()).filter(|at| self.stands_in(*at, lower));
        lower.any(|at| self.line_of(at).any(|at| self.stands_in(at, upper)))
    }

    fn stands_in(&self, at: usize, file: &str) -> bool {
        self.all.get(at).is_some_and(|module| module.file == file)
    }
}

fn is_root(path: &str) -> bool {
    let parts: Path = path.split('/').map(str::to_owned).collect();
    match parts.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["lib.rs" | "main.rs"] | ["bin", _] => true,
        ["bin", _, file] => file == "main.rs",
        _ => false,
    }
}

/// Where the file of a module without `#[path]` is, and the folder of its children.
fn file_of(folder: &str, name: &str, sources: &Sources) -> (String, String) {
    let inside = join(folder, name);
    let older = format!("{inside}/mod.rs");
    match sources.get(&older) {
        Some(_) => (older, inside),
        None => (format!("{inside}.rs"), inside),
    }
}

fn folder_of(file: &str) -> String {
    let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
    folder.to_owned()
}

fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}
