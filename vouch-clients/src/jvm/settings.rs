//! Maven's `settings.xml`: servers whose password is an environment variable, and the mirror of their repository.

use roxmltree::{Document, Node};
use vouch_core::endpoint::USER;

use super::names::MavenNames;
use crate::text::xml::{self, Element, XmlError, append, child_text, children};
use crate::variable;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const EMPTY: &str = "<settings xmlns=\"http://maven.apache.org/SETTINGS/1.0.0\">\n</settings>\n";

/// Why a registration cannot be in the file.
#[derive(Debug, thiserror::Error)]
pub(super) enum SettingsError {
    #[error(transparent)]
    Xml(#[from] XmlError),
    #[error("its root is `<{0}>`, not `<settings>`")]
    Root(String),
    #[error("`<{0}>` is there twice")]
    Twice(&'static str),
    /// Somebody else's.
    #[error("a server `{id}` with other credentials is there already")]
    Occupied { id: String },
    /// Maven takes the first that names the id alone.
    #[error("a mirror of `{id}` is there already")]
    Mirrored { id: String },
}

/// What the file is to say of a registration.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Of the repository in a POM, and of the server that Maven deploys with.
    pub(super) id: &'a str,
    pub(super) endpoint: &'a str,
    /// None where it was set up with the variable that every POM knows.
    pub(super) names: Option<&'a MavenNames>,
    pub(super) mirror: bool,
}

impl Wanted<'_> {
    pub(super) fn password(&self) -> String {
        password(self.names.map_or(variable::DEFAULT, MavenNames::variable))
    }
}

/// What Maven replaces by the token.
fn password(variable: &str) -> String {
    format!("${{env.{variable}}}")
}

/// The text with all of it, and nothing twice.
pub(super) fn with(text: &str, wanted: Wanted<'_>) -> Result<String, SettingsError> {
    let content = text.trim_start_matches('\u{feff}');
    if content.trim().is_empty() {
        // A declaration can only come first.
        let declaration = if content.is_empty() { DECLARATION } else { "" };
        return with(&format!("{text}{declaration}{EMPTY}"), wanted);
    }
    let password = wanted.password();
    let text = with_server(text, wanted.id, &password)?;
    match wanted.names {
        None => Ok(text),
        Some(names) if wanted.mirror => {
            let text = with_server(&text, names.mirror(), &password)?;
            with_mirror(&text, wanted, names)
        }
        Some(names) => {
            let text = without(&text, "mirrors", "mirror", names.mirror())?;
            without(&text, "servers", "server", names.mirror())
        }
    }
}

/// The lines to add below `<servers>`, and those below `<mirrors>`.
pub(super) fn lines(wanted: Wanted<'_>) -> (String, String) {
    let render = |element: &Element| xml::render(element, "", "  ", "\n");
    let password = wanted.password();
    let server_of = |id: &str| render(&server(id, &password));
    match wanted.names.filter(|_| wanted.mirror) {
        None => (server_of(wanted.id), String::new()),
        Some(names) => (server_of(wanted.id) + &server_of(names.mirror()), render(&mirror(wanted, names))),
    }
}

/// The ids of the servers whose password is the variable that every POM knows; none where the file does not parse.
pub(super) fn public_servers(text: &str) -> Vec<String> {
    let public = password(variable::DEFAULT);
    let Ok(document) = xml::parse(text) else { return Vec::new() };
    let lists = children(document.root_element(), "servers");
    let servers = lists.flat_map(|list| children(list, "server"));
    servers
        .filter(|server| child_text(*server, "password").is_some_and(|password| password.contains(&public)))
        .filter_map(|server| child_text(server, "id"))
        .collect()
}

fn with_server(text: &str, id: &str, password: &str) -> Result<String, SettingsError> {
    let document = xml::parse(text)?;
    let new = server(id, password);
    let Some(list) = list(&document, "servers")? else {
        let servers = Element::Parent { name: "servers", children: vec![new] };
        return Ok(append(text, document.root_element(), &servers)?);
    };
    let known: Vec<_> = of_id(list, "server", id).collect();
    let public = self::password(variable::DEFAULT);
    let mut stale = None;
    for server in &known {
        let has = child_text(*server, "password")
            .filter(|_| child_text(*server, "username").as_deref() == Some(USER));
        match has {
            Some(has) if has == password => {}
            // An earlier setup's, or written by hand after the documentation: it is ours to make safer.
            Some(has) if has == public => stale = children(*server, "password").next(),
            _ => return Err(SettingsError::Occupied { id: id.to_owned() }),
        }
    }
    match stale {
        Some(stale) => with_server(&xml::replace_text(text, stale, password)?, id, password),
        None if known.is_empty() => Ok(append(text, list, &new)?),
        None => Ok(text.to_owned()),
    }
}

fn with_mirror(text: &str, wanted: Wanted<'_>, names: &MavenNames) -> Result<String, SettingsError> {
    let document = xml::parse(text)?;
    let new = mirror(wanted, names);
    let Some(list) = list(&document, "mirrors")? else {
        let mirrors = Element::Parent { name: "mirrors", children: vec![new] };
        return Ok(append(text, document.root_element(), &mirrors)?);
    };
    let mirrors_it = |mirror: &Node<'_, '_>| child_text(*mirror, "mirrorOf").as_deref() == Some(wanted.id);
    let is_ours = |mirror: &Node<'_, '_>| child_text(*mirror, "id").as_deref() == Some(names.mirror());
    let Some(known) = children(list, "mirror").find(mirrors_it) else {
        return Ok(append(text, list, &new)?);
    };
    if !is_ours(&known) {
        return Err(SettingsError::Mirrored { id: wanted.id.to_owned() });
    }
    match children(known, "url").next() {
        Some(url) if child_text(known, "url").as_deref() != Some(wanted.endpoint) => {
            Ok(xml::replace_text(text, url, wanted.endpoint)?)
        }
        Some(_) => Ok(text.to_owned()),
        None => Err(SettingsError::Mirrored { id: wanted.id.to_owned() }),
    }
}

/// The text without the elements of an id.
fn without(
    text: &str,
    list_name: &'static str,
    name: &'static str,
    id: &str,
) -> Result<String, SettingsError> {
    let document = xml::parse(text)?;
    let found = list(&document, list_name)?.and_then(|list| of_id(list, name, id).next());
    match found {
        Some(found) => without(&xml::remove(text, found)?, list_name, name, id),
        None => Ok(text.to_owned()),
    }
}

/// The only list of that name in a settings file.
pub(super) fn list<'a, 'i>(
    document: &'a Document<'i>,
    name: &'static str,
) -> Result<Option<Node<'a, 'i>>, SettingsError> {
    let root = document.root_element();
    if root.tag_name().name() != "settings" {
        return Err(SettingsError::Root(root.tag_name().name().to_owned()));
    }
    let mut lists = children(root, name);
    let list = lists.next();
    match lists.next() {
        Some(_) => Err(SettingsError::Twice(name)),
        None => Ok(list),
    }
}

fn of_id<'a, 'i>(list: Node<'a, 'i>, name: &'static str, id: &str) -> impl Iterator<Item = Node<'a, 'i>> {
    children(list, name).filter(move |element| child_text(*element, "id").as_deref() == Some(id))
}

fn server(id: &str, password: &str) -> Element {
    Element::Parent {
        name: "server",
        children: texts([("id", id), ("username", USER), ("password", password)]),
    }
}

fn mirror(wanted: Wanted<'_>, names: &MavenNames) -> Element {
    let children = texts([("id", names.mirror()), ("mirrorOf", wanted.id), ("url", wanted.endpoint)]);
    Element::Parent { name: "mirror", children }
}

fn texts(pairs: [(&'static str, &str); 3]) -> Vec<Element> {
    pairs.into_iter().map(|(name, text)| Element::Text { name, text: text.to_owned() }).collect()
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
