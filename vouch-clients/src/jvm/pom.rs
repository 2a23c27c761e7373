//! What the POMs of a project say of repositories: the one that Maven is started with, its parents and its modules, as far as
//! they are files of the project. Those that Maven would download are not looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use roxmltree::Node;
use vouch_core::files;

use crate::text::xml::{self, child_text, children};

/// More than that, and a look would be felt before each command.
const MOST: usize = 100;

/// Parents above each other, and properties within each other.
const DEEPEST: usize = 16;

/// A value that is longer than any URL.
const LONGEST: usize = 4096;

/// What a repository is named for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Usage {
    Read,
    Deploy,
}

/// A repository of a POM, with the values of properties as far as the POMs tell them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct PomRepository {
    pub(crate) file: PathBuf,
    pub(crate) line: u32,
    pub(crate) usage: Usage,
    pub(crate) id: String,
    pub(crate) url: String,
}

/// The POMs of a project.
#[derive(Debug, Default)]
pub struct Poms {
    pub(crate) repositories: BTreeSet<PomRepository>,
    /// Files that were not looked at, and why.
    pub unread: Vec<(PathBuf, String)>,
}

/// One POM.
#[derive(Debug, Clone, Default)]
struct Pom {
    artifact: Option<String>,
    /// The artifact of the parent, and where its file may be.
    parent: Option<(Option<String>, PathBuf)>,
    properties: Vec<(String, String)>,
    modules: Vec<String>,
    repositories: Vec<(u32, Usage, String, String)>,
}

/// Reads the POM of a project and those that belong to it. There may be none.
pub(crate) fn read(pom: &Path) -> Poms {
    let mut reader = Reader::default();
    let mut waiting = vec![pom.to_owned()];
    let mut seen = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        let Some((path, pom)) = reader.pom(&path) else { continue };
        if !seen.insert(path.clone()) {
            continue;
        }
        let folder = path.parent().unwrap_or(Path::new("")).to_owned();
        waiting.extend(pom.modules.iter().map(|module| as_file(folder.join(module))));
        reader.collect(path, pom);
    }
    reader.found
}

#[derive(Debug, Default)]
struct Reader {
    read: BTreeMap<PathBuf, Option<Pom>>,
    found: Poms,
}

impl Reader {
    /// A POM by its real path; none where there is none, or none that can be read.
    fn pom(&mut self, path: &Path) -> Option<(PathBuf, Pom)> {
        let path = dunce::canonicalize(path).ok()?;
        if let Some(known) = self.read.get(&path) {
            return known.clone().map(|pom| (path, pom));
        }
        if self.read.len() == MOST {
            if !self.found.unread.iter().any(|(_, reason)| reason.starts_with("more than")) {
                self.found.unread.push((path, format!("more than {MOST} POMs belong to the project")));
            }
            return None;
        }
        let read = files::read_text(&path).map_err(|error| error.to_string());
        let parsed = read.and_then(|text| parse(&text).map_err(|error| error.to_string()));
        let pom = parsed.map_err(|reason| self.found.unread.push((path.clone(), reason))).ok();
        self.read.insert(path.clone(), pom.clone());
        pom.map(|pom| (path, pom))
    }

    /// Adds what a POM and its parents name, with the properties that hold for that POM.
    fn collect(&mut self, path: PathBuf, pom: Pom) {
        let mut chain = vec![(path, pom)];
        while let Some((path, pom)) = chain.last()
            && let Some((artifact, relative)) = pom.parent.clone()
            && chain.len() < DEEPEST
        {
            let place = as_file(path.parent().unwrap_or(Path::new("")).join(relative));
            match self.pom(&place) {
                // Maven takes another one than is named from elsewhere.
                Some((path, parent)) if parent.artifact == artifact => chain.push((path, parent)),
                _ => break,
            }
        }
        let mut properties = BTreeMap::new();
        for (name, value) in chain.iter().flat_map(|(_, pom)| &pom.properties) {
            properties.entry(name.as_str()).or_insert(value.as_str());
        }
        for (path, pom) in &chain {
            for (line, usage, id, url) in &pom.repositories {
                self.found.repositories.insert(PomRepository {
                    file: path.clone(),
                    line: *line,
                    usage: *usage,
                    id: resolved(id, &properties),
                    url: resolved(url, &properties),
                });
            }
        }
    }
}

/// The POM that a module or a parent is named by: a file, or the folder that it is in.
fn as_file(path: PathBuf) -> PathBuf {
    if path.is_dir() { path.join("pom.xml") } else { path }
}

fn parse(text: &str) -> Result<Pom, xml::XmlError> {
    let document = xml::parse(text)?;
    let project = document.root_element();
    let mut pom = Pom { artifact: child_text(project, "artifactId"), ..Pom::default() };
    if let Some(parent) = children(project, "parent").next() {
        let relative = child_text(parent, "relativePath");
        // An empty one says that there is no such file.
        if relative.as_deref() != Some("") {
            let relative = relative.unwrap_or_else(|| "../pom.xml".into()).into();
            pom.parent = Some((child_text(parent, "artifactId"), relative));
        }
    }
    let profiles = children(project, "profiles").flat_map(|profiles| children(profiles, "profile"));
    for part in std::iter::once(project).chain(profiles) {
        // Maven 4 has two names for it.
        for (list, module) in [("modules", "module"), ("subprojects", "subproject")] {
            pom.modules.extend(texts(part, list, module));
        }
        for list in children(part, "properties") {
            let named = list.children().filter(Node::is_element);
            pom.properties.extend(named.map(|node| {
                (node.tag_name().name().to_owned(), node.text().unwrap_or_default().trim().to_owned())
            }));
        }
        for (list, name, usage) in [
            ("repositories", "repository", Usage::Read),
            ("pluginRepositories", "pluginRepository", Usage::Read),
            ("distributionManagement", "repository", Usage::Deploy),
            ("distributionManagement", "snapshotRepository", Usage::Deploy),
        ] {
            let found = children(part, list).flat_map(|list| children(list, name));
            pom.repositories.extend(found.filter_map(|node| {
                let line = document.text_pos_at(node.range().start).row;
                Some((line, usage, child_text(node, "id")?, child_text(node, "url")?))
            }));
        }
    }
    Ok(pom)
}

fn texts(part: Node<'_, '_>, list: &'static str, name: &'static str) -> Vec<String> {
    let found = children(part, list).flat_map(|list| children(list, name));
    found.filter_map(|node| Some(node.text()?.trim().to_owned())).filter(|text| !text.is_empty()).collect()
}

/// A text with the values of properties; those that are not known stay as they are named.
fn resolved(text: &str, properties: &BTreeMap<&str, &str>) -> String {
    let mut text = text.to_owned();
    for _ in 0..DEEPEST {
        let mut after = String::new();
        let mut rest = text.as_str();
        while let Some((before, name, behind)) = first_property(rest) {
            after.push_str(before);
            match properties.get(name) {
                Some(value) => after.push_str(value),
                None => after.push_str(&format!("${{{name}}}")),
            }
            rest = behind;
            if after.len() > LONGEST {
                return text;
            }
        }
        after.push_str(rest);
        if after == text {
            break;
        }
        text = after;
    }
    text
}

/// What comes before a `${NAME}`, the name, and what follows.
fn first_property(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (name, behind) = rest.split_once('}')?;
    Some((before, name, behind))
}

#[cfg(test)]
#[path = "pom_tests.rs"]
mod tests;
