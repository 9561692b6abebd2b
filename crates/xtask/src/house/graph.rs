//! Files and the arrows between them: circles and floors.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

/// Each file with the files that it imports.
#[derive(Default)]
pub struct Graph(BTreeMap<String, BTreeSet<String>>);

/// Files each of which reaches every other.
#[derive(Debug, PartialEq)]
pub struct Circle {
    /// All of them, by name.
    pub files: Vec<String>,
    /// A shortest way from the first that is on one back to it.
    pub way: Vec<String>,
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, way) = (self.files.len(), self.way.join(" -> "));
        write!(f, "a circle of {count} files, as {way}")?;
        if self.way.len() <= count {
            write!(f, "; all: {}", self.files.join(", "))?;
        }
        Ok(())
    }
}

impl Graph {
    /// Makes a file known that may have no arrow.
    pub fn add_file(&mut self, file: &str) {
        self.0.entry(file.to_owned()).or_default();
    }

    /// Nothing where a file names itself.
    pub fn add_arrow(&mut self, from: &str, to: &str) {
        self.add_file(to);
        if from != to {
            let known = self.0.entry(from.to_owned()).or_default();
            known.insert(to.to_owned());
        }
    }

    /// How many arrows there are.
    pub fn arrows(&self) -> usize {
        self.0.values().map(BTreeSet::len).sum()
    }

    /// The same files without some of the arrows.
    pub fn without(&self, is_out: impl Fn(&str, &str) -> bool) -> Self {
        let kept = self.0.iter().map(|(from, all)| {
            let kept = all.iter().filter(|to| !is_out(from, to)).cloned();
            (from.clone(), kept.collect())
        });
        Self(kept.collect())
    }

    fn imports(&self, file: &str) -> impl Iterator<Item = &str> {
        self.0.get(file).into_iter().flatten().map(String::as_str)
    }

    /// The files that a file imports.
    #[cfg(test)]
    pub fn imported_by(&self, file: &str) -> Vec<String> {
        self.imports(file).map(str::to_owned).collect()
    }

    /// Where the arrows lead from a file, with the file before on a shortest way.
    fn reached(&self, from: &str) -> BTreeMap<&str, &str> {
        let mut before = BTreeMap::new();
        let mut edge: Vec<&str> = match self.0.get_key_value(from) {
            Some((from, _)) => vec![from],
            None => Vec::new(),
        };
        while !edge.is_empty() {
            let mut next = Vec::new();
            for file in edge {
                for other in self.imports(file) {
                    if !before.contains_key(other) {
                        before.insert(other, file);
                        next.push(other);
                    }
                }
            }
            edge = next;
        }
        before
    }

    /// The files in groups: those of a circle together, any other alone.
    fn groups(&self) -> Vec<Vec<&str>> {
        let reached: BTreeMap<&str, _> = self
            .0
            .keys()
            .map(|file| (file.as_str(), self.reached(file)))
            .collect();
        let reaches = |one: &str, other: &str| {
            let from = reached.get(one);
            from.is_some_and(|from| from.contains_key(other))
        };
        let mut groups: Vec<Vec<&str>> = Vec::new();
        for file in self.0.keys() {
            let home = groups.iter_mut().find(|group| {
                let first = group.first();
                first.is_some_and(|first| reaches(first, file) && reaches(file, first))
            });
            match home {
                Some(group) => group.push(file),
                None => groups.push(vec![file]),
            }
        }
        groups
    }

    /// Every circle, by the names of its files.
    pub fn circles(&self) -> Vec<Circle> {
        let groups = self.groups();
        let circles = groups.iter().filter(|group| group.len() > 1);
        circles
            .map(|group| Circle {
                files: group.iter().map(|&file| file.to_owned()).collect(),
                way: self.shortest_way(group),
            })
            .collect()
    }

    fn shortest_way(&self, group: &[&str]) -> Vec<String> {
        let ways = group.iter().map(|&file| self.way_back(file));
        ways.min_by_key(Vec::len).unwrap_or_default()
    }

    /// From a file of a circle back to it.
    fn way_back(&self, file: &str) -> Vec<String> {
        let before = self.reached(file);
        let mut way = vec![file.to_owned()];
        let mut at = file;
        while let Some(&earlier) = before.get(at) {
            way.push(earlier.to_owned());
            if earlier == file {
                break;
            }
            at = earlier;
        }
        way.reverse();
        way
    }

    /// The files of the longest chain of imports, a circle counted as one.
    pub fn floors(&self) -> usize {
        let groups = self.groups();
        let home: BTreeMap<&str, usize> = groups
            .iter()
            .enumerate()
            .flat_map(|(at, group)| group.iter().map(move |file| (*file, at)))
            .collect();
        let mut heights = BTreeMap::new();
        let all = 0..groups.len();
        all.map(|at| self.height(at, &groups, &home, &mut heights))
            .max()
            .unwrap_or_default()
    }

    fn height(
        &self,
        at: usize,
        groups: &[Vec<&str>],
        home: &BTreeMap<&str, usize>,
        known: &mut BTreeMap<usize, usize>,
    ) -> usize {
        if let Some(height) = known.get(&at) {
            return *height;
        }
        let files = groups.get(at).into_iter().flatten();
        let below: BTreeSet<usize> = files
            .flat_map(|file| self.imports(file))
            .filter_map(|file| home.get(file).copied())
            .filter(|other| *other != at)
            .collect();
        let below = below.into_iter();
        let highest = below.map(|other| self.height(other, groups, home, known));
        let height = 1 + highest.max().unwrap_or_default();
        known.insert(at, height);
        height
    }
}
