//! Whether Maven's settings say of a registration what they are to say, read once for all that is looked for in them.

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use roxmltree::Node;
use vouch_core::endpoint::USER;

use super::names::MavenNames;
use super::settings::{SettingsError, Wanted, list};
use crate::memo::Memo;
use crate::text::xml::{self, child_text, children};

/// Whether an edit would leave the text as it is. What does not parse is not as wanted.
pub(super) fn is_as_wanted(text: &str, wanted: &Wanted<'_>) -> bool {
    read(text).is_some_and(|settings| settings.say(wanted))
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
    pub(super) static READ: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}
