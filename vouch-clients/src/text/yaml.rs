//! A lossless edit of `.yarnrc.yml`: only the lines of the edited keys change.
//!
//! This is no YAML parser. It knows block mappings indented by blanks, as yarn itself writes them, and refuses any other
//! form of the few keys that it edits.

/// What the file is to say.
#[derive(Debug)]
pub(crate) struct Lines<'a> {
    /// The registry's URL without its final slash, as yarn compares it.
    pub(crate) registry: &'a str,
    /// Without `@`; none for all packages.
    pub(crate) scope: Option<&'a str>,
    pub(crate) plugin: &'a str,
}

/// A key whose form is not known here.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not written in the form that can be edited")]
pub(crate) struct UnknownForm(String);

/// Adds or corrects the registry, that it always asks with a token, and the plugin.
pub(crate) fn edit(text: &str, wanted: &Lines<'_>) -> Result<String, UnknownForm> {
    let mut file = File::parse(text);
    let server = quoted(wanted.registry);
    match wanted.scope {
        Some(scope) => {
            file.set(&["npmScopes", scope, "npmRegistryServer"], &server)?;
            // Without it yarn publishes the packages of a scope to the default registry (measured with yarn 4.18).
            file.set(&["npmScopes", scope, "npmPublishRegistry"], &server)?;
            file.set(&["npmScopes", scope, "npmAlwaysAuth"], "true")?;
        }
        None => {
            file.set(&["npmRegistryServer"], &server)?;
            // yarn finds it with or without the scheme (measured).
            let host = wanted.registry.trim_start_matches("https:");
            file.set(&["npmRegistries", &quoted(host), "npmAlwaysAuth"], "true")?;
        }
    }
    file.add_item("plugins", &quoted(wanted.plugin))?;
    Ok(file.text())
}

/// The settings at the top level, with their values where these stand in the same line.
pub(crate) fn settings(text: &str) -> Vec<(String, String)> {
    let top = text.lines().filter(|line| indent_of(line) == 0);
    let plain = |(key, value): (&str, &str)| (unquoted(key).to_owned(), unquoted(value).to_owned());
    top.filter_map(split).map(plain).collect()
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

struct File<'a> {
    lines: Vec<std::borrow::Cow<'a, str>>,
    end: &'static str,
    final_end: bool,
}

impl<'a> File<'a> {
    fn parse(text: &'a str) -> Self {
        let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Self {
            lines: text.lines().map(Into::into).collect(),
            end,
            final_end: text.is_empty() || text.ends_with('\n'),
        }
    }

    fn text(&self) -> String {
        let mut text = self.lines.join(self.end);
        if self.final_end && !self.lines.is_empty() {
            text.push_str(self.end);
        }
        text
    }

    /// Sets a value below nested keys; makes what is missing.
    fn set(&mut self, path: &[&str], value: &str) -> Result<(), UnknownForm> {
        let (mut from, mut to, mut indent) = (0, self.lines.len(), 0);
        for (depth, key) in path.iter().enumerate() {
            let last = depth + 1 == path.len();
            match self.find(key, from, to, indent) {
                Some(place) if last => {
                    let line = self.lines.get(place).map(|line| line.to_string()).unwrap_or_default();
                    let (name, old) = split(&line).ok_or_else(|| UnknownForm((*key).to_owned()))?;
                    if old.starts_with(['{', '[', '|', '>', '&', '*', '!']) || old.is_empty() {
                        return Err(UnknownForm((*key).to_owned()));
                    }
                    if unquoted(old) != unquoted(value) {
                        self.replace(place, format!("{}{name}: {value}", " ".repeat(indent)));
                    }
                    return Ok(());
                }
                Some(place) => {
                    let opens = self
                        .lines
                        .get(place)
                        .and_then(|line| split(line))
                        .is_some_and(|(_, rest)| rest.is_empty());
                    if !opens {
                        return Err(UnknownForm((*key).to_owned()));
                    }
                    (from, to) = (place + 1, self.block_end(place, to, indent));
                    indent = self.indent_in(from, to).filter(|inner| *inner > indent).unwrap_or(indent + 2);
                }
                None => {
                    self.insert(self.last_of(from, to), path.get(depth..).unwrap_or_default(), value, indent);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// Adds an item to a list at the top level.
    fn add_item(&mut self, key: &str, item: &str) -> Result<(), UnknownForm> {
        let all = self.lines.len();
        let Some(place) = self.find(key, 0, all, 0) else {
            self.lines.push(format!("{key}:").into());
            self.lines.push(format!("  - {item}").into());
            return Ok(());
        };
        if self.lines.get(place).and_then(|line| split(line)).is_none_or(|(_, rest)| !rest.is_empty()) {
            return Err(UnknownForm(key.to_owned()));
        }
        let end = self.list_end(place, all);
        let inside = self.lines.get(place + 1..end).unwrap_or_default();
        let named = |line: &str| {
            let line = line.trim().trim_start_matches("- ").trim();
            unquoted(line) == unquoted(item)
                || line.strip_prefix("path:").is_some_and(|path| unquoted(path.trim()) == unquoted(item))
        };
        if inside.iter().any(|line| named(line)) {
            return Ok(());
        }
        let indent =
            inside.iter().find(|line| line.trim_start().starts_with('-')).map_or(2, |line| indent_of(line));
        let after = self.last_of(place + 1, end);
        self.lines.insert(after, format!("{}- {item}", " ".repeat(indent)).into());
        Ok(())
    }

    fn replace(&mut self, place: usize, text: String) {
        if let Some(line) = self.lines.get_mut(place) {
            *line = text.into();
        }
    }

    fn insert(&mut self, place: usize, path: &[&str], value: &str, indent: usize) {
        let last = path.len().saturating_sub(1);
        for (depth, key) in path.iter().enumerate() {
            let blanks = " ".repeat(indent + 2 * depth);
            let line =
                if depth == last { format!("{blanks}{key}: {value}") } else { format!("{blanks}{key}:") };
            self.lines.insert(place + depth, line.into());
        }
    }

    /// The line of a key at an indentation.
    fn find(&self, key: &str, from: usize, to: usize, indent: usize) -> Option<usize> {
        let lines = self.lines.get(from..to)?;
        let found = lines.iter().position(|line| {
            indent_of(line) == indent && split(line).is_some_and(|(name, _)| unquoted(name) == unquoted(key))
        });
        found.map(|place| from + place)
    }

    /// Where what is below a key ends: at the next line that is not deeper.
    fn block_end(&self, place: usize, to: usize, indent: usize) -> usize {
        let lines = self.lines.get(place + 1..to).unwrap_or_default();
        let end = lines.iter().position(|line| !is_nothing(line) && indent_of(line) <= indent);
        end.map_or(to, |end| place + 1 + end)
    }

    /// The same for a list, whose items may stand as far left as their key.
    fn list_end(&self, place: usize, to: usize) -> usize {
        let lines = self.lines.get(place + 1..to).unwrap_or_default();
        let end =
            lines.iter().position(|line| !is_nothing(line) && indent_of(line) == 0 && !line.starts_with('-'));
        end.map_or(to, |end| place + 1 + end)
    }

    fn indent_in(&self, from: usize, to: usize) -> Option<usize> {
        self.lines.get(from..to)?.iter().find(|line| !is_nothing(line)).map(|line| indent_of(line))
    }

    /// Behind the last line that says something.
    fn last_of(&self, from: usize, to: usize) -> usize {
        let lines = self.lines.get(from..to).unwrap_or_default();
        if to == self.lines.len() && from == 0 {
            return to;
        }
        lines.iter().rposition(|line| !is_nothing(line)).map_or(from, |place| from + place + 1)
    }
}

fn is_nothing(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || line.starts_with('#')
}

fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// Key and value of a line, without a comment.
fn split(line: &str) -> Option<(&str, &str)> {
    if is_nothing(line) || line.trim_start().starts_with('-') {
        return None;
    }
    let line = line.trim();
    let (key, value) = match line.strip_prefix('"').and_then(|rest| rest.find("\":")) {
        Some(end) => (line.get(..end + 2)?, line.get(end + 3..)?),
        None => match line.split_once(": ") {
            Some(parts) => parts,
            None => (line.strip_suffix(':').or_else(|| line.split_once(": ").map(|(key, _)| key))?, ""),
        },
    };
    let value = value.trim();
    let value = if value.starts_with('#') { "" } else { value.split(" #").next().unwrap_or_default().trim() };
    Some((key, value))
}

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inner = |quote| text.strip_prefix(quote).and_then(|rest: &str| rest.strip_suffix(quote));
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "https://host/npm/repo";

    fn edited(text: &str, scope: Option<&str>) -> Result<String, UnknownForm> {
        let lines = Lines { registry: URL, scope, plugin: "/v/plugin.cjs" };
        let once = edit(text, &lines)?;
        assert_eq!(edit(&once, &lines)?, once, "a second edit of {text:?}");
        Ok(once)
    }

    #[test]
    fn all_packages_or_those_of_a_scope() {
        assert_eq!(
            edited("", None).unwrap(),
            "npmRegistryServer: \"https://host/npm/repo\"\nnpmRegistries:\n  \"//host/npm/repo\":\n    npmAlwaysAuth: true\n\
             plugins:\n  - \"/v/plugin.cjs\"\n"
        );
        assert_eq!(
            edited("", Some("acme")).unwrap(),
            "npmScopes:\n  acme:\n    npmRegistryServer: \"https://host/npm/repo\"\n    npmPublishRegistry: \"https://host/npm/repo\"\n\
             \x20   npmAlwaysAuth: true\nplugins:\n  - \"/v/plugin.cjs\"\n"
        );
    }

    #[test]
    fn what_is_there_stays() {
        let before = "# mine\nnodeLinker: node-modules # really\n\nnpmScopes:\n    other:\n        npmRegistryServer: \"https://x\"\n\
                      plugins:\n  - path: .yarn/p.cjs\n    spec: \"p\"\n\nenableTelemetry: false";
        let after = edited(before, Some("acme")).unwrap();
        let ours = [
            "    acme:",
            "      npmRegistryServer: \"https://host/npm/repo\"",
            "      npmPublishRegistry: \"https://host/npm/repo\"",
            "      npmAlwaysAuth: true",
            "  - \"/v/plugin.cjs\"",
        ];
        let kept: Vec<_> = after.lines().filter(|line| !ours.contains(line)).collect();
        assert_eq!(kept, before.lines().collect::<Vec<_>>());
        assert_eq!(after.lines().count(), before.lines().count() + ours.len());
        assert!(!after.ends_with('\n'));
    }

    #[test]
    fn an_old_registry_is_corrected_and_line_ends_are_kept() {
        let after =
            edited("npmRegistryServer: https://old\r\nplugins:\r\n- /v/plugin.cjs\r\n", None).unwrap();
        assert!(
            after.starts_with(
                "npmRegistryServer: \"https://host/npm/repo\"\r\nplugins:\r\n- /v/plugin.cjs\r\n"
            ),
            "{after}"
        );
        assert_eq!(after.matches('\n').count(), after.matches("\r\n").count());
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "npmScopes: { acme: { npmRegistryServer: x } }\n",
            "plugins: []\n",
            "npmScopes:\n  acme: { npmRegistryServer: x }\n",
            "npmScopes:\n  acme:\n    npmRegistryServer: &a x\n",
        ] {
            assert!(edited(text, Some("acme")).is_err(), "{text}");
        }
    }
}
