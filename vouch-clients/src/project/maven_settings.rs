//! Settings of Maven that a project brings along. Maven chooses the password by the id of a repository or of a mirror alone: a
//! mirror that has the id of our server gets the token.

use std::path::Path;

use roxmltree::Node;

use super::found::{Effect, Found};
use super::setting::Setting;
use super::targets::Targets;
use crate::jvm;
use crate::text::xml::{self, child_text, children};

/// Whose place a settings file takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The user's own.
    User,
    /// Maven's own: what the user's says goes before it.
    Installation,
    /// Of Maven 4 alone, which takes no proxies and no passwords from it.
    Project,
}

/// A mirror or a repository.
struct Place {
    id: String,
    url: Setting,
    is_mirror: bool,
}

/// What the settings of a project say, all files together.
#[derive(Default)]
pub(super) struct Settings {
    places: Vec<Place>,
    /// Ids of servers whose password is a variable with a token.
    servers: Vec<Setting>,
    /// What else a variable with a token is filled into.
    filled: Vec<Setting>,
    /// Of its profiles.
    pub(super) properties: Vec<Setting>,
    /// Host, and what goes past it.
    proxies: Vec<(Setting, String)>,
    /// Whether the user's own settings are not read.
    replaces_users: bool,
}

impl Settings {
    /// Reads a file; one that is not there says nothing.
    pub(super) fn add(&mut self, found: &mut Found<'_>, file: &Path, role: Role) {
        let Some(text) = found.files.text(file) else { return };
        self.replaces_users |= role == Role::User;
        let document = match xml::parse(&text) {
            Ok(document) => document,
            Err(error) => {
                found.files.left_out.push((file.to_owned(), error.to_string()));
                return;
            }
        };
        let setting = |node: Node<'_, '_>, keys: &[&str], value: String| {
            let line = document.text_pos_at(node.range().start).row as usize;
            Setting::at(file, line, keys.iter().map(|key| (*key).to_owned()).collect(), value)
        };
        let root = document.root_element();
        let below = |list, name| children(root, list).flat_map(move |list| children(list, name));
        let profiles: Vec<_> = below("profiles", "profile").collect();
        let mut place = |node: Node<'_, '_>, name, is_mirror| {
            let url = children(node, "url").next();
            if let (Some(id), Some(url), Some(value)) = (child_text(node, "id"), url, child_text(node, "url"))
            {
                self.places.push(Place { id, url: setting(url, &[name, "url"], value), is_mirror });
            }
        };
        for mirror in below("mirrors", "mirror") {
            place(mirror, "mirror", true);
        }
        for (list, name) in [("repositories", "repository"), ("pluginRepositories", "pluginRepository")] {
            // Maven 4 takes some from outside of profiles, too.
            for part in profiles.iter().copied().chain([root]) {
                for node in children(part, list).flat_map(|list| children(list, name)) {
                    place(node, name, false);
                }
            }
        }
        for properties in profiles.iter().flat_map(|profile| children(*profile, "properties")) {
            for node in properties.children().filter(Node::is_element) {
                let value = node.text().unwrap_or_default().trim().to_owned();
                self.properties.push(setting(node, &[node.tag_name().name()], value));
            }
        }
        for node in root.descendants().filter(Node::is_text) {
            let Some(parent) = node.parent_element() else { continue };
            let value = node.text().unwrap_or_default();
            if found.targets.environment_in(value).is_none() {
                continue;
            }
            let name = parent.tag_name().name();
            let server = parent.parent_element().filter(|server| server.tag_name().name() == "server");
            match server.filter(|_| name == "password").and_then(|server| child_text(server, "id")) {
                // Maven takes no password from there.
                Some(_) if role == Role::Project => {}
                Some(id) => self.servers.push(setting(parent, &["server", name], id)),
                None => self.filled.push(setting(parent, &[name], value.trim().to_owned())),
            }
        }
        if role != Role::Project {
            for proxy in below("proxies", "proxy") {
                let host = children(proxy, "host").next();
                if let (Some(host), Some(value)) = (host, child_text(proxy, "host"))
                    && child_text(proxy, "active").as_deref() != Some("false")
                {
                    let passed_by = child_text(proxy, "nonProxyHosts").unwrap_or_default();
                    self.proxies.push((setting(host, &["proxy", "host"], value), passed_by));
                }
            }
        }
    }

    /// The proxy by which our hosts would be asked.
    pub(super) fn proxy(&self, targets: &Targets) -> Option<&Setting> {
        let is_passed_by = |names: &str| {
            let patterns = names.split(['|', ',']).filter_map(|name| glob::Pattern::new(name.trim()).ok());
            let patterns: Vec<_> = patterns.collect();
            targets.are_excepted(|host| patterns.iter().any(|pattern| pattern.matches(host)))
        };
        self.proxies.iter().find(|(_, names)| !is_passed_by(names)).map(|(host, _)| host)
    }
}

/// Tells whom the token would be sent to.
pub(super) fn judge(found: &mut Found<'_>, folder: &Path, settings: &Settings) {
    let by_hand = if settings.places.is_empty() || settings.replaces_users {
        Vec::new()
    } else {
        jvm::public_servers()
    };
    let has_token = |place: &Place, targets: &Targets| {
        // The user's mirror goes before those of a project, but only for repositories.
        let is_users = targets.server(&place.id).is_some_and(|is_mirrored| place.is_mirror || !is_mirrored);
        let is_users = is_users || by_hand.contains(&place.id);
        (is_users && !settings.replaces_users)
            || settings.servers.iter().any(|server| server.value == place.id)
    };
    for place in &settings.places {
        if !has_token(place, found.targets) {
            continue;
        }
        let id = Setting::new(&place.url.file, place.url.line, "id", place.id.clone());
        judge_place(found, &place.url, &id);
    }
    for setting in &settings.filled {
        if !found.targets.leads_here(&setting.value) {
            found.fail(setting, Effect::Elsewhere, &[]);
        }
    }
    if settings.servers.is_empty() {
        return;
    }
    let poms = jvm::project::poms(&jvm::project::pom_of(folder, &[]));
    for repository in &poms.repositories {
        let Some(server) = settings.servers.iter().find(|server| server.value == repository.id) else {
            continue;
        };
        let path = vec!["repository".to_owned(), "url".to_owned()];
        let url = Setting::at(&repository.file, repository.line as usize, path, repository.url.clone());
        judge_place(found, &url, server);
    }
}

/// A place that gets the token by what `id` says.
fn judge_place(found: &mut Found<'_>, url: &Setting, id: &Setting) {
    // Nothing is sent to a folder.
    if url.value.starts_with("file:") {
        return;
    }
    let start = match url.value.contains("${") {
        true => jvm::project::literal_host(&url.value),
        false => Some(url.value.as_str()),
    };
    match start {
        None => found.warn(url, Effect::Elsewhere, &[id]),
        Some(start) if found.targets.plain_on_any_port(start).is_some() => {
            found.fail(url, Effect::Plain, &[id]);
        }
        Some(start) if found.targets.leads_here(start) => {}
        Some(_) => found.fail(url, Effect::Elsewhere, &[id]),
    }
}

#[cfg(test)]
mod tests {
    use crate::project::tests::{ELSEWHERE, INTERCEPTED, NOTHING, PLAIN, PROXY, UNCHECKED, seen};
    use crate::project::{Effect, ProjectFinding};
    use crate::tool::Tool;

    type Seen = Vec<(Effect, bool)>;

    const TOKEN: &str = "${env.CODEARTIFACT_AUTH_TOKEN}";

    fn mirror(id: &str, url: &str) -> String {
        format!(
            "<mirrors>\n<mirror>\n<id>{id}</id><mirrorOf>*</mirrorOf>\n<url>{url}</url></mirror></mirrors>"
        )
    }

    fn repository(id: &str, url: &str) -> String {
        format!(
            "<profiles><profile><repositories><repository><id>{id}</id><url>{url}</url></repository></repositories>\
             </profile></profiles>"
        )
    }

    fn server(id: &str, password: &str) -> String {
        format!("<servers><server><id>{id}</id><password>{password}</password></server></servers>")
    }

    fn proxy(more: &str) -> String {
        format!("<proxies><proxy><protocol>http</protocol><host>p.example</host>{more}</proxy></proxies>")
    }

    /// What is found where the settings are named by a line of `.mvn/maven.config`.
    fn named(line: &str, body: &str) -> Seen {
        let text = format!("<settings>\n{body}\n</settings>\n");
        seen(Tool::Maven, &[(".mvn/maven.config", line), ("conf/s.xml", &text)])
    }

    fn of_project(body: &str) -> Seen {
        seen(Tool::Maven, &[(".mvn/settings.xml", &format!("<settings>\n{body}\n</settings>\n"))])
    }

    #[test]
    fn a_place_with_the_id_of_our_server() {
        let global = |body: &str| named("-gs conf/s.xml", body);
        let property =
            |body: &str| named("-Dmaven.project.settings=${session.rootDirectory}/conf/s.xml", body);
        let looks: [&dyn Fn(&str) -> Seen; 3] = [&of_project, &global, &property];
        for look in looks {
            for id in ["ours", "mirrored"] {
                assert_eq!(look(&mirror(id, "https://evil.example/")), ELSEWHERE, "{id}");
                assert_eq!(look(&mirror(id, "http://HOST/maven/my-repo/")), PLAIN, "{id}");
                assert_eq!(look(&mirror(id, "https://HOST/maven/my-repo/")), NOTHING, "{id}");
                assert_eq!(look(&mirror(id, "file:///tmp/x")), NOTHING, "{id}");
                assert_eq!(look(&mirror(id, "https://evil.example/${user.name}/")), ELSEWHERE, "{id}");
                assert_eq!(look(&mirror(id, "https://HOST/maven/${repo}/")), NOTHING, "{id}");
                // Maven alone can tell.
                for url in ["${where}", "https://${host}/", "https://HOST${more}/"] {
                    assert_eq!(look(&mirror(id, url)), [(Effect::Elsewhere, false)], "{id} {url}");
                }
            }
            assert_eq!(look(&repository("ours", "https://evil.example/")), ELSEWHERE);
            // The user's own mirror of that id goes first.
            assert_eq!(look(&repository("mirrored", "https://evil.example/")), NOTHING);
            assert_eq!(look(&mirror("theirs", "https://evil.example/")), NOTHING);
            assert_eq!(look(&format!("<!-- {} -->", mirror("ours", "https://evil.example/"))), NOTHING);
            assert_eq!(look(&mirror("x", &format!("https://evil.example/{TOKEN}/"))), ELSEWHERE);
        }
        // In place of the user's own, they have none of the names and passwords of these.
        for line in ["-s conf/s.xml", "--settings=conf/s.xml"] {
            assert_eq!(named(line, &mirror("ours", "https://evil.example/")), NOTHING);
        }
    }

    #[test]
    fn a_server_that_takes_the_token_from_the_environment() {
        for line in ["-s conf/s.xml", "-gs conf/s.xml"] {
            let place = |place: String| named(line, &(server("mine", TOKEN) + &place));
            assert_eq!(place(mirror("mine", "https://evil.example/")), ELSEWHERE);
            assert_eq!(place(repository("mine", "https://evil.example/")), ELSEWHERE);
            assert_eq!(place(repository("mine", "https://HOST/maven/my-repo/")), NOTHING);
            assert_eq!(place(repository("theirs", "https://evil.example/")), NOTHING);
            let other = server("mine", "${env.OTHER}") + &repository("mine", "https://evil.example/");
            assert_eq!(named(line, &other), NOTHING);
            let pom = |url: &str| {
                let text = format!("<settings>{}</settings>", server("mine", TOKEN));
                let pom = format!(
                    "<project><repositories><repository><id>mine</id>\n<url>{url}</url></repository></repositories></project>"
                );
                seen(Tool::Maven, &[(".mvn/maven.config", line), ("conf/s.xml", &text), ("pom.xml", &pom)])
            };
            assert_eq!(pom("https://evil.example/"), ELSEWHERE);
            assert_eq!(pom("https://HOST/maven/my-repo/"), NOTHING);
        }
        // Maven takes none from there.
        let body = server("mine", TOKEN) + &mirror("mine", "https://evil.example/");
        assert_eq!(of_project(&body), NOTHING);
    }

    #[test]
    fn proxies_and_properties_of_profiles() {
        let global = |body: &str| named("-gs conf/s.xml", body);
        let property = "<profiles><profile><properties><aether.connector.https.securityMode>insecure\
                        </aether.connector.https.securityMode></properties></profile></profiles>";
        assert_eq!(global(&proxy("")), PROXY);
        assert_eq!(global(&proxy("<active>false</active>")), NOTHING);
        assert_eq!(global(&proxy("<nonProxyHosts>localhost|*.amazonaws.com</nonProxyHosts>")), NOTHING);
        assert_eq!(global(property), UNCHECKED);
        assert_eq!(global(&(proxy("") + property)), INTERCEPTED);
        // Maven takes no proxy from there.
        assert_eq!(of_project(&proxy("")), NOTHING);
    }

    #[test]
    fn what_is_not_xml_is_named() {
        assert_eq!(named("-gs conf/s.xml", "<oops"), [(Effect::LeftOut, false)]);
    }

    #[test]
    fn a_finding_has_the_line_of_the_url() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".mvn")).unwrap();
        let file = dir.path().join(".mvn/settings.xml");
        let body = mirror("ours", "https://evil.example/");
        std::fs::write(&file, format!("<settings>\n{body}\n</settings>\n")).unwrap();
        let found = crate::project::look(dir.path(), &[Tool::Maven], &crate::project::tests::targets());
        let [ProjectFinding { line, setting, file: told, .. }] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((told, *line, setting.as_str()), (&file, Some(5), "mirror.url"));
    }
}
