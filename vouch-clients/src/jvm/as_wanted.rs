//! Whether Maven's settings say of a registration what they are to say, read once for all that is looked for in them.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use roxmltree::Node;
use vouch_core::endpoint::USER;

use super::names::MavenNames;
use super::settings::{self, SettingsError, Wanted, list};
use crate::memo::Memo;
use crate::text::xml::{self, child_text, children};

/// The text with all of it, as [`settings::with`] makes it; taken apart once for all that is in it already.
pub(super) fn with(text: &str, wanted: Wanted<'_>) -> Result<String, SettingsError> {
    match read(text).is_some_and(|settings| settings.say(&wanted)) {
        true => Ok(text.to_owned()),
        false => settings::with(text, wanted),
    }
}

/// Servers and mirrors of one file.
#[derive(Debug)]
struct Settings {
    /// The passwords of each id's servers; none for one with another user.
    servers: HashMap<String, Vec<Option<String>>>,
    /// The first that names each repository, which is the one that Maven takes: its own id and its URL.
    mirrors: HashMap<String, (Option<String>, Option<String>)>,
    /// The ids of all mirrors.
    ids: HashSet<String>,
}

impl Settings {
    fn say(&self, wanted: &Wanted<'_>) -> bool {
        let password = wanted.password();
        let has_server = |id: &str| {
            let is_it = |has: &Option<String>| has.as_ref() == Some(&password);
            self.servers.get(id).is_some_and(|servers| servers.iter().all(is_it))
        };
        let has_mirror = |names: &MavenNames| {
            let mirror = self.mirrors.get(wanted.id);
            mirror.is_some_and(|(id, url)| {
                (id.as_deref(), url.as_deref()) == (Some(names.mirror()), Some(wanted.endpoint))
            })
        };
        has_server(wanted.id)
            && match wanted.names {
                None => true,
                Some(names) if wanted.mirror => has_server(names.mirror()) && has_mirror(names),
                Some(names) => {
                    !self.ids.contains(names.mirror()) && !self.servers.contains_key(names.mirror())
                }
            }
    }
}

fn read(text: &str) -> Option<Rc<Settings>> {
    thread_local! {
        static LAST: Memo<Option<Rc<Settings>>> = const { Memo::new() };
    }
    LAST.with(|last| (*last.of(text, |text| read_anew(text).ok().map(Rc::new))).clone())
}

fn read_anew(text: &str) -> Result<Settings, SettingsError> {
    #[cfg(test)]
    READ.set(READ.get() + 1);
    let document = xml::parse(text)?;
    let elements = |list_name, name| -> Result<Vec<Node<'_, '_>>, SettingsError> {
        Ok(list(&document, list_name)?.into_iter().flat_map(|list| children(list, name)).collect())
    };
    let mut servers: HashMap<String, Vec<Option<String>>> = HashMap::new();
    for server in elements("servers", "server")? {
        let is_users = child_text(server, "username").as_deref() == Some(USER);
        let password = child_text(server, "password").filter(|_| is_users);
        servers.entry(child_text(server, "id").unwrap_or_default()).or_default().push(password);
    }
    let (mut mirrors, mut ids) = (HashMap::new(), HashSet::new());
    for mirror in elements("mirrors", "mirror")? {
        let id = child_text(mirror, "id");
        ids.extend(id.clone());
        if let Some(of) = child_text(mirror, "mirrorOf") {
            mirrors.entry(of).or_insert_with(|| (id, child_text(mirror, "url")));
        }
    }
    Ok(Settings { servers, mirrors, ids })
}

#[cfg(test)]
thread_local! {
    /// How many texts were read.
    static READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_parsed_once_for_all_that_is_looked_for_in_it() {
        let ids: Vec<String> = (0..50).map(|number| format!("id-{number}")).collect();
        let urls: Vec<String> = ids.iter().map(|id| format!("https://h.example/maven/{id}/")).collect();
        let names: Vec<MavenNames> = ids.iter().map(|_| MavenNames::generate().unwrap()).collect();
        let all = || {
            let each = ids.iter().zip(&urls).zip(&names).enumerate();
            each.map(|(number, ((id, url), names))| Wanted {
                id,
                endpoint: url,
                names: Some(names).filter(|_| number % 5 != 0),
                mirror: number % 3 != 0,
            })
        };
        let text = all().fold(String::new(), |text, wanted| with(&text, wanted).unwrap());
        let before = (READ.get(), xml::PARSED.get());
        for wanted in all() {
            assert_eq!(with(&text, wanted).unwrap(), text);
        }
        assert_eq!((READ.get() - before.0, xml::PARSED.get() - before.1), (1, 1));
        // What is not as wanted is judged in full.
        for wanted in all() {
            assert_ne!(
                with(&text, Wanted { names: Some(&MavenNames::generate().unwrap()), ..wanted }).ok().as_ref(),
                Some(&text)
            );
            if wanted.names.is_some() {
                let other = Wanted { endpoint: "https://else.example/", ..wanted };
                assert_eq!(with(&text, other).unwrap() != text, wanted.mirror);
                let other = Wanted { mirror: !wanted.mirror, ..wanted };
                assert_ne!(with(&text, other).unwrap(), text);
            }
        }
    }
}
