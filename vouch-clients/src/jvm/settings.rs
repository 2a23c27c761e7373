//! Maven's `settings.xml`: a `<server>` whose password is an environment variable.

use vouch_core::endpoint::USER;

use crate::text::xml::{self, Element, XmlError, append, child_text, children};

/// What Maven replaces by the token.
const PASSWORD: &str = "${env.CODEARTIFACT_AUTH_TOKEN}";

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
const EMPTY: &str = "<settings xmlns=\"http://maven.apache.org/SETTINGS/1.0.0\">\n</settings>\n";

/// Why a server cannot be added.
#[derive(Debug, thiserror::Error)]
pub(super) enum SettingsError {
    #[error(transparent)]
    Xml(#[from] XmlError),
    #[error("its root is `<{0}>`, not `<settings>`")]
    Root(String),
    #[error("`<servers>` is there twice")]
    ServersTwice,
    /// Somebody else's.
    #[error("a server `{id}` with other credentials is there already")]
    Occupied { id: String },
}

/// The text with a server of that id in it.
pub(super) fn with_server(text: &str, id: &str) -> Result<String, SettingsError> {
    let content = text.trim_start_matches('\u{feff}');
    if content.trim().is_empty() {
        // A declaration can only come first.
        let declaration = if content.is_empty() { DECLARATION } else { "" };
        return with_server(&format!("{text}{declaration}{EMPTY}"), id);
    }
    let document = xml::parse(text)?;
    let root = document.root_element();
    if root.tag_name().name() != "settings" {
        return Err(SettingsError::Root(root.tag_name().name().to_owned()));
    }
    let mut lists = children(root, "servers");
    let list = lists.next();
    if lists.next().is_some() {
        return Err(SettingsError::ServersTwice);
    }
    let Some(list) = list else {
        let servers = Element::Parent { name: "servers", children: vec![server(id)] };
        return Ok(append(text, root, &servers)?);
    };
    let mut known =
        children(list, "server").filter(|server| child_text(*server, "id").as_deref() == Some(id));
    match known.find(|server| !is_ours(*server)) {
        Some(_) => return Err(SettingsError::Occupied { id: id.to_owned() }),
        None if children(list, "server").any(|server| child_text(server, "id").as_deref() == Some(id)) => {
            return Ok(text.to_owned());
        }
        None => {}
    }
    Ok(append(text, list, &server(id))?)
}

/// The lines of the server alone.
pub(super) fn server_lines(id: &str) -> String {
    xml::render(&server(id), "", "  ", "\n")
}

fn server(id: &str) -> Element {
    let text = |name, text: &str| Element::Text { name, text: text.to_owned() };
    let children = vec![text("id", id), text("username", USER), text("password", PASSWORD)];
    Element::Parent { name: "server", children }
}

fn is_ours(server: roxmltree::Node<'_, '_>) -> bool {
    child_text(server, "username").as_deref() == Some(USER)
        && child_text(server, "password").as_deref() == Some(PASSWORD)
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
