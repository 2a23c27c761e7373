//! Sets values in an INI text as Python's configparser reads it, and leaves every other byte as it is.
//!
//! The rules are those of `RawConfigParser()`: keys in any case before the first `=` or `:`, comments on lines of their
//! own, values that go on in lines indented deeper than their key.

use std::ops::Range;

/// Why a text cannot be edited.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub(super) struct IniError {
    pub(super) line: usize,
    pub(super) reason: &'static str,
}

/// A parsed text.
#[derive(Debug)]
pub(super) struct Ini<'a> {
    text: &'a str,
    newline: &'static str,
    sections: Vec<Section>,
    fold: fn(&str) -> String,
}

#[derive(Debug)]
struct Section {
    name: String,
    options: Vec<Entry>,
    /// After the last line that belongs to an option, or after the header.
    end: usize,
}

#[derive(Debug)]
struct Entry {
    key: String,
    /// From the end of the delimiter to the end of the last line of the value, without its line break.
    value: Range<usize>,
}

/// Keys as configparser folds them.
pub(super) fn lower_case(key: &str) -> String {
    key.to_lowercase()
}

impl<'a> Ini<'a> {
    /// Reads a text, with the rule by which the client takes two keys for one.
    pub(super) fn parse(text: &'a str, fold: fn(&str) -> String) -> Result<Self, IniError> {
        let crlf = text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r'));
        let mut ini = Self { text, newline: if crlf { "\r\n" } else { "\n" }, sections: Vec::new(), fold };
        let (mut at, mut indent, mut in_option) = (0, 0, false);
        for (number, line) in text.split_inclusive('\n').enumerate() {
            let start = at;
            at += line.len();
            let content = line.trim();
            if content.is_empty() || content.starts_with(['#', ';']) {
                continue;
            }
            let deep = line.len() - line.trim_start().len();
            let end = start + line.trim_end().len();
            let wrong = |reason| IniError { line: number + 1, reason };
            if in_option && deep > indent {
                let section = ini.sections.last_mut();
                if let Some(section) = section {
                    section.end = at;
                    if let Some(option) = section.options.last_mut() {
                        option.value.end = end;
                    }
                }
                continue;
            }
            indent = deep;
            if let Some(name) = content
                .strip_prefix('[')
                .and_then(|rest| Some(&rest[..rest.rfind(']')?]))
                .filter(|name| !name.is_empty())
            {
                if ini.sections.iter().any(|known| known.name == name) {
                    return Err(wrong("this section is there twice"));
                }
                ini.sections.push(Section { name: name.to_owned(), options: Vec::new(), end: at });
                in_option = false;
                continue;
            }
            let section = ini.sections.last_mut().ok_or_else(|| wrong("this is in no section"))?;
            let delimiter = line.find(['=', ':']).ok_or_else(|| wrong("this is no setting"))?;
            let key = fold(line.get(..delimiter).unwrap_or_default().trim());
            if key.is_empty() {
                return Err(wrong("this setting has no name"));
            }
            if section.options.iter().any(|known| known.key == key) {
                return Err(wrong("this setting is there twice"));
            }
            section.options.push(Entry { key, value: start + delimiter + 1..end });
            section.end = at;
            in_option = true;
        }
        Ok(ini)
    }

    /// The names of the sections, in their order.
    pub(super) fn sections(&self) -> impl Iterator<Item = &str> {
        self.sections.iter().map(|section| section.name.as_str())
    }

    /// A value, its lines without their indent and without comments between them.
    pub(super) fn value(&self, section: &str, key: &str) -> Option<String> {
        let written = self.text.get(self.entry(section, key)?.value.clone())?;
        let lines = written.lines().map(str::trim).enumerate();
        let lines = lines.filter(|(at, line)| *at == 0 || !(line.is_empty() || line.starts_with(['#', ';'])));
        Some(lines.map(|(_, line)| line).collect::<Vec<_>>().join("\n"))
    }

    /// The text with a value set. A line break in it begins a new line, which is indented.
    pub(super) fn set(&self, section: &str, key: &str, value: &str) -> String {
        let newline = self.newline;
        let value = value.replace('\n', &format!("{newline}    "));
        if let Some(entry) = self.entry(section, key) {
            let space = if value.starts_with(newline) { "" } else { " " };
            return self.spliced(entry.value.clone(), &format!("{space}{value}"));
        }
        let space = if value.starts_with(newline) { "" } else { " " };
        let line = format!("{key} ={space}{value}{newline}");
        if let Some(Section { end, .. }) = self.sections.iter().find(|known| known.name == section) {
            let complete = self.text.get(..*end).is_some_and(|before| before.ends_with('\n'));
            return match complete {
                true => self.spliced(*end..*end, &line),
                false => self.spliced(*end..*end, &format!("{newline}{}", line.trim_end_matches(newline))),
            };
        }
        let before = match self.text {
            "" => "",
            text if text.ends_with('\n') => newline,
            _ => &newline.repeat(2),
        };
        self.spliced(self.text.len()..self.text.len(), &format!("{before}[{section}]{newline}{line}"))
    }

    fn entry(&self, section: &str, key: &str) -> Option<&Entry> {
        let section = self.sections.iter().find(|known| known.name == section)?;
        section.options.iter().find(|option| option.key == (self.fold)(key))
    }

    fn spliced(&self, range: Range<usize>, new: &str) -> String {
        let mut text = self.text.to_owned();
        text.replace_range(range, new);
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn set(text: &str, section: &str, key: &str, value: &str) -> String {
        Ini::parse(text, lower_case).unwrap().set(section, key, value)
    }

    #[test]
    fn values_are_replaced_and_added_where_they_belong() {
        for (before, after) in [
            ("", "[s]\nk = new\n"),
            ("[s]", "[s]\nk = new"),
            ("[s]\n", "[s]\nk = new\n"),
            ("# c\n", "# c\n\n[s]\nk = new\n"),
            ("[s]\nk=old\n", "[s]\nk= new\n"),
            ("[s]\r\nK : old\r\nx = 1\r\n", "[s]\r\nK : new\r\nx = 1\r\n"),
            ("[s]\nk = old\n  more\n\n  # c\n  last\n[t]\n", "[s]\nk = new\n[t]\n"),
            (
                "[s]\nx = 1\n  2\n\n# about t\n[t]\nk = t\n",
                "[s]\nx = 1\n  2\nk = new\n\n# about t\n[t]\nk = t\n",
            ),
            ("  [s]\n  x = 1\n", "  [s]\n  x = 1\nk = new\n"),
            ("[t]\nk = t", "[t]\nk = t\n\n[s]\nk = new\n"),
            ("[s]\nk =\n", "[s]\nk = new\n"),
            ("[s]\nx = [s]\n", "[s]\nx = [s]\nk = new\n"),
        ] {
            assert_eq!(set(before, "s", "k", "new"), after, "{before:?}");
        }
        assert_eq!(set("[s]\r\n", "s", "k", "\na\nb"), "[s]\r\nk =\r\n    a\r\n    b\r\n");
    }

    #[test]
    fn values_are_read_as_configparser_reads_them() {
        let text = "[s]\nA_b = x = y  \nlist =\n    one\n    # c\n\n    two\n[t]\n list: 1\n";
        let ini = Ini::parse(text, lower_case).unwrap();
        assert_eq!(ini.value("s", "a_B"), Some("x = y".into()));
        assert_eq!(ini.value("s", "list"), Some("\none\ntwo".into()));
        assert_eq!(ini.value("t", "list"), Some("1".into()));
        assert_eq!(ini.value("t", "a_b"), None);
        assert_eq!(ini.sections().collect::<Vec<_>>(), ["s", "t"]);
    }

    #[test]
    fn what_configparser_refuses_is_refused_with_its_line() {
        for (text, line) in [
            ("k = v\n", 1),
            ("[s]\n\nk\n", 3),
            ("[s]\nk=1\nK=2\n", 3),
            ("[s]\n[t]\n[s]\n", 3),
            ("[s]\n= v\n", 2),
            ("[]\n", 1),
        ] {
            assert_eq!(Ini::parse(text, lower_case).unwrap_err().line, line, "{text:?}");
        }
    }

    proptest! {
        /// Whatever the file, a value that was set is read again, and everything else is as it was.
        #[test]
        fn only_the_one_value_changes(
            lines in proptest::collection::vec(
                "(\\[[st]\\]|k = old|[a-c]( ?[:=] ?[a-z\\[=]{0,3})|  [a-z]{1,3}|[#;][a-z ]{0,4}|  #x|)", 0..12),
            value in "[a-z]{1,4}(\n[a-z]{1,4}){0,2}", end in any::<bool>(), newline in "\r?\n",
        ) {
            let mut text = lines.join(&newline);
            if end { text.push_str(&newline); }
            let Ok(before) = Ini::parse(&text, lower_case) else { return Ok(()) };
            let edited = before.set("s", "k", &value);
            let after = Ini::parse(&edited, lower_case).unwrap();
            prop_assert_eq!(after.value("s", "k"), Some(value.clone()));
            for section in &before.sections {
                for option in section.options.iter().filter(|option| (section.name.as_str(), option.key.as_str()) != ("s", "k")) {
                    prop_assert_eq!(
                        before.value(&section.name, &option.key), after.value(&section.name, &option.key)
                    );
                }
            }
            prop_assert_eq!(after.set("s", "k", &value), edited.clone());
            let Some(entry) = before.entry("s", "k") else { return Ok(()) };
            prop_assert!(edited.starts_with(&text[..entry.value.start]) && edited.ends_with(&text[entry.value.end..]));
        }
    }
}
