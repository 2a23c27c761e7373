#![cfg_attr(not(unix), allow(dead_code, unused_imports, reason = "the real client is asked on Unix"))]

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;

fn set(text: &str, section: &str, key: &str, value: &str) -> String {
    Ini::parse(text, lower_case).unwrap().set(section, key, value)
}

fn parsed(text: &str) -> Ini<'_> {
    Ini::parse(text, lower_case).unwrap()
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
        ("[s]\nx = 1\n  2\n\n# about t\n[t]\nk = t\n", "[s]\nx = 1\n  2\nk = new\n\n# about t\n[t]\nk = t\n"),
        ("  [s]\n  x = 1\n", "  [s]\n  x = 1\n  k = new\n"),
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

/// Reads a JSON array of texts; answers what pip and twine read in each, or null where they fail.
const JUDGE: &str = r#"
import configparser, io, json, sys

def read(text):
    parser = configparser.RawConfigParser()
    try:
        parser.read_file(io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8"))
    except configparser.Error:
        return None
    return {name: dict(parser[name]) for name in parser if name != "DEFAULT" or parser.defaults()}

print(json.dumps([read(text) for text in json.load(sys.stdin)]))
"#;

type Settings = BTreeMap<String, BTreeMap<String, String>>;

/// What Python's configparser makes of texts.
fn judged(texts: &[String]) -> Vec<Option<Settings>> {
    let mut judge = Command::new("python3");
    judge.args(["-c", JUDGE]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut judge = judge.spawn().unwrap();
    judge.stdin.take().unwrap().write_all(&serde_json::to_vec(texts).unwrap()).unwrap();
    let output = judge.wait_with_output().unwrap();
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

const URL: &str = "https://aws@x.example/pypi/r/simple/";

/// What setup sets: of pip a value and a list, of twine a list and a section.
const EDITS: [(&str, &str, &str); 4] = [
    ("global", "index-url", URL),
    ("global", "extra-index-url", "\nhttps://a.example/\nhttps://b.example/"),
    ("distutils", "index-servers", "\npypi\nmine"),
    ("mine", "username", "aws"),
];

/// Judges every edit of every text; answers how many texts were edited.
fn judge(texts: &[String]) -> usize {
    let before = judged(texts);
    let (mut edited, mut cases) = (Vec::new(), Vec::new());
    for (text, before) in texts.iter().zip(&before) {
        let parsed = Ini::parse(text, lower_case);
        let Some(before) = before else {
            assert!(parsed.is_err(), "configparser rejects {text:?}");
            continue;
        };
        let ini = match parsed {
            Ok(ini) => ini,
            // Python merges these. Nobody has them, and to refuse is safe.
            Err(error) if text.matches("[DEFAULT]").count() > 1 && error.reason.contains("section") => {
                continue;
            }
            Err(error) => panic!("{error}: {text:?}"),
        };
        for edit in EDITS {
            let (section, key, value) = edit;
            let after = ini.set(section, key, value);
            let again = Ini::parse(&after, lower_case).unwrap();
            assert_eq!(again.value(section, key).as_deref(), Some(value), "{text:?}");
            assert_eq!(again.set(section, key, value), after, "a second edit of {text:?}");
            // Everything before and after the one place is there byte for byte.
            let (start, end) = match ini.entry(section, key) {
                Some(entry) => (entry.value.start, entry.value.end),
                None => {
                    let known = ini.sections.iter().find(|known| known.name == section);
                    let at = known.map_or(text.len(), |known| known.end);
                    (at, at)
                }
            };
            assert!(after.starts_with(&text[..start]) && after.ends_with(&text[end..]), "{text:?}");
            edited.push(after);
            cases.push((text, before, edit));
        }
    }
    let count = cases.len() / EDITS.len();
    for ((text, before, (section, key, value)), (after, read)) in
        cases.into_iter().zip(edited.iter().zip(judged(&edited)))
    {
        let mut expected = before.clone();
        let inherited = expected.get("DEFAULT").cloned().unwrap_or_default();
        let of_section = expected.entry(section.to_owned()).or_insert(inherited);
        of_section.insert(key.to_owned(), value.to_owned());
        assert_eq!(read.as_ref(), Some(&expected), "{text:?}\nbecame {after:?}");
    }
    count
}

/// Files as people have them, and as they should not.
const CORPUS: [&str; 62] = [
    "",
    "\n",
    "\r\n",
    "\r",
    "# only a remark",
    "; only a remark\n\n",
    "[global]",
    "[global]\n",
    "[global]\n\n\n",
    "[global]\nindex-url = https://old.example/\n",
    "[global]\nindex-url=https://old.example/",
    "[global]\nindex-url: https://old.example/\n",
    "[global]\nINDEX-URL = https://old.example/\n",
    "[global]\nindex_url = https://old.example/\n",
    "[global]\nindex-url =\n",
    "[global]\nindex-url =\n    https://old.example/\n\n[install]\nno-deps = yes\n",
    "[global]\r\nindex-url = https://old.example/\r\ntimeout = 60\r\n",
    "[global]\rindex-url = https://old.example/\rtimeout = 60\r",
    "[global]\rtimeout = 60",
    "[global]\ntimeout = 60\r\n[install]\rno-deps = yes\n",
    "[global]\nextra-index-url =\n    https://a.example/\n    # not this\n    https://c.example/\n\n    https://d.example/\n",
    "[global]\nextra-index-url = https://a.example/\n\thttps://c.example/\n# after it\ntimeout = 1\n",
    "[global]\n      extra-index-url = https://a.example/\n      timeout = 1\n",
    "[global]\n    index-url = https://old.example/\n        more\n    timeout = 1\n",
    "  [global]\n  timeout = 1\n  [install]\n  no-deps = yes\n",
    "[global]\n  [install]\n  no-deps = yes\n",
    "[global]\n\n    # remark\n\t[install]\nno-deps = yes\n",
    "\t[global]\n\ttimeout = 1\n\t[install]\n",
    "    [distutils]\n    index-servers = pypi\n    [pypi]\n    username = __token__\n",
    "[distutils]\nindex-servers =\n    pypi\n    mine\n\n[mine]\nrepository = https://x.example/\nusername = bob\npassword = p=a:s;s#w\n",
    "[distutils]\nindex-servers=pypi mine\n[pypi]\nusername:bob\npassword:%(x)s %%\n",
    "[server-login]\nusername = bob\npassword = x\n",
    "[DEFAULT]\nusername = bob\n[mine]\nrepository = https://x.example/\n",
    "[DEFAULT]\na = 1\n[DEFAULT]\nb = 2\n[global]\n",
    "[global]\n# index-url = https://not.example/\n;index-url = https://nor.example/\ntimeout = 1 ; not a remark\n",
    "[global]\nfind-links = [a] = b\ntrusted-host = x # y\n",
    "[global] # remark\ntimeout = 1\n",
    "[global]]\ntimeout = 1\n",
    "[glo]bal]\ntimeout = 1\n",
    "[ global ]\ntimeout = 1\n",
    "[GLOBAL]\ntimeout = 1\n",
    "[global]\ntimeout = 1\n\n\n[install]\nno-deps = yes\n\n# the end",
    "[install]\n[freeze]\n[list]\n",
    "[global]\nkey with spaces = 1\n\u{fc}ber = \u{e4}\n",
    "[global]\na\u{a0}= 1\n\u{a0}b = 2\n",
    "[global]\na = 1\x1c\n\x1d b = 2\n",
    "[global]\na = 1\u{2028}b = 2\u{85}c = 3\n",
    "[global]\na = 1\x0b\x0cb = 2\n\x0c\n",
    "[global]\na = b = c : d\nb:c = c\n",
    "[global]\ntimeout = 1\n# remark without an end",
    "[global]\na =\n\n\n  1\n\n\n  2\n\n\n[install]\n",
    // From here on, configparser takes none.
    "\u{feff}[global]\ntimeout = 1\n",
    "timeout = 1\n",
    "[global]\ntimeout\n",
    "[global]\n= 1\n",
    "[global]\ntimeout = 1\ntimeout = 2\n",
    "[global]\ntimeout = 1\nTIMEOUT = 2\n",
    "[global]\n[install]\n[global]\n",
    "[]\n",
    "[global\ntimeout = 1\n",
    "[global]\rtimeout = 1\rtimeout = 2\r",
    "{\"global\": {}}\n",
];

#[cfg(unix)]
#[test]
fn python_reads_what_was_set_and_everything_else_as_before() {
    let texts = CORPUS.map(str::to_owned);
    // One of them is refused though Python takes it.
    assert_eq!(judge(&texts), 50);
}

#[cfg(unix)]
#[test]
fn python_agrees_about_random_files() {
    let line = "([ \t]{0,3}\\[(global|install|distutils|mine|DEFAULT)\\]( x)?|\
        [ \t]{0,5}(index-url|Index-URL|extra-index-url|index-servers|username|x)[ \t]?[=:][ \t]?[a-z:=\\[\\]#;]{0,4}|\
        [ \t]{1,6}[a-z]{1,3}|[ ]{0,3}[#;][a-z =]{0,4}|[ \t]{0,3}|[ ]{1,4}[=\\[])";
    let end = prop_oneof![8 => Just("\n"), 2 => Just("\r\n"), 1 => Just("\r"), 1 => Just("\x1c"), 1 => Just("\u{2028}")];
    let text = proptest::collection::vec((line, end), 0..9).prop_map(|lines| {
        let lines = lines.into_iter().map(|(line, end)| line + end);
        // Most begin with a section, or hardly any would be taken.
        lines.collect::<String>()
    });
    let texts = (proptest::bool::weighted(0.8), text)
        .prop_map(|(section, text)| if section { format!("[global]\n{text}") } else { text });
    let mut runner = TestRunner::default();
    let mut texts = || texts.new_tree(&mut runner).unwrap().current();
    let texts: Vec<String> = (0..4000).map(|_| texts()).collect();
    let edited = judge(&texts);
    assert!(edited > 500, "{edited}");
}

#[test]
fn a_line_more_leaves_the_list_as_it_is() {
    for (text, expected, value) in [
        ("[a]\nk = x\n", "[a]\nk = x\n    new\n", "x\nnew"),
        // To configparser that is no comment: the words are in the list.
        ("[a]\nk = x ; mine\n[b]\n", "[a]\nk = x ; mine\n    new\n[b]\n", "x ; mine\nnew"),
        (
            "[a]\n  k =\n    x\n    # mine\n\n      y # mine, too\n    ; last\nl = 1\n",
            "[a]\n  k =\n    x\n    # mine\n\n      y # mine, too\n      new\n    ; last\nl = 1\n",
            "\nx\ny # mine, too\nnew",
        ),
        ("[a]\r\nk =\r\n\tx\r\n", "[a]\r\nk =\r\n\tx\r\n\tnew\r\n", "\nx\nnew"),
        ("[a]\nk =", "[a]\nk =\n    new", "\nnew"),
        ("[a]\n", "[a]\nk =\n    new\n", "\nnew"),
    ] {
        let after = parsed(text).append("a", "k", "new");
        assert_eq!(after, expected, "{text:?}");
        assert_eq!(parsed(&after).value("a", "k").as_deref(), Some(value), "{text:?}");
    }
}
