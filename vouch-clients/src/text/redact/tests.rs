use proptest::prelude::*;

use super::*;

const SECRET: &str = "hunter2";

/// What the journal would keep of a text.
fn kept_text(dialect: Dialect, text: &str) -> String {
    kept(dialect, text, "").0.iter().map(|line| joined(line)).collect()
}

#[cfg(unix)]
#[test]
fn what_is_no_secret_is_kept_whole() {
    for (dialect, text) in [
        (Dialect::NpmIni, "registry = https://h.example:8443/npm/\n@acme:registry=https://h.example/\n"),
        (
            Dialect::NpmIni,
            "//h/npm/:tokenHelper=/home/alice/.vouch/bin/npm-token-vouch-default\n//h/:always-auth=true\n",
        ),
        (Dialect::NpmIni, "//h/:_authToken=${TOKEN}\nprefix=${HOME}/.npm\nca[]=a\n\n[section]\n"),
        (
            Dialect::Ini,
            "[global]\nindex-url = https://aws@h.example/simple\nextra-index-url =\n    https://a/\n    https://b/\n",
        ),
        (Dialect::Ini, "[profile x]\r\nregion=eu-west-1\r\ns3 =\r\n  addressing_style = path\r\n"),
        (
            Dialect::Ini,
            "[profile x]\ncredential_process = \"/opt/my tools/vouch\" credential aws --profile vouch\n",
        ),
        (Dialect::Ini, "[my-repo]\nrepository = https://h.example/pypi/my-repo/\nusername = aws\n"),
        (
            Dialect::Toml,
            "[registries]\na = { index = \"sparse+https://h/a/\", credential-provider = [\"cargo:token-from-stdout\", \"aws\", \
             \"--domain\", \"d\"] }\n",
        ),
        (
            Dialect::Toml,
            "\u{feff}a.b = 1\n[[index]]\nname = 'x'\nurl = \"https://aws@h/simple/\"\ndefault = true\n",
        ),
        (
            Dialect::Yaml,
            "npmRegistryServer: \"https://h\"\nnpmRegistries:\n  \"//h/npm/r\":\n    npmAlwaysAuth: true\nplugins:\n- /x.cjs\n",
        ),
        (
            Dialect::Xml,
            "<?xml version=\"1.0\"?>\n<settings xmlns=\"http://m/1.0\"><servers><server><id>x</id></server></servers></settings>\n",
        ),
        (Dialect::Xml, "<settings>\n  <password>${env.TOKEN}</password>\n  <x/>\n  <y />\n</settings>\n"),
        (Dialect::Code, "apply from: new File(gradle.gradleUserHomeDir, 'vouch-token.gradle')\n"),
    ] {
        assert_eq!(kept_text(dialect, text), text, "{dialect:?}");
    }
}

/// Texts with a secret at `hunter2`, and nothing else blanked by the journal.
const KEPT: &[(Dialect, &str)] = &[
    (Dialect::NpmIni, "//h/:_authToken = hunter2\n"),
    (Dialect::NpmIni, "//h/:_password=\"hunter2\"\n"),
    (Dialect::NpmIni, "_auth=hunter2\r\n"),
    (Dialect::NpmIni, "//h/:username=hunter2\n"),
    (Dialect::NpmIni, "key=hunter2\n"),
    (Dialect::NpmIni, "registry=https://hunter2@h.example/\n"),
    (Dialect::NpmIni, "registry=https://h.example/?hunter2\n"),
    (Dialect::NpmIni, "registry=https://h.example/#hunter2\n"),
    (Dialect::NpmIni, "proxy=http://hunter2@h:3128\n"),
    (Dialect::NpmIni, "proxy=hunter2@h:3128\n"),
    (Dialect::NpmIni, "x=1\n  hunter2\n"),
    (Dialect::NpmIni, "a=1 ; hunter2\n# hunter2\n;hunter2\n"),
    (Dialect::Ini, "[pypi]\npassword: hunter2\nusername=hunter2\n"),
    (
        Dialect::Ini,
        "[global]\nextra-index-url = https://a/\n    https://hunter2@b/\n# hunter2\n    https://c/\n",
    ),
    (Dialect::Ini, "[global]\nproxy = hunter2@h:1\ntrusted-host = https://hunter2@h\n"),
    (
        Dialect::Ini,
        "[default]\naws_access_key_id = hunter2\naws_session_token=hunter2\ns3 =\n  secret = hunter2\n",
    ),
    (Dialect::Ini, "[default]\ncredential_process = /bin/x --password hunter2 --y\n"),
    (Dialect::Ini, "[default] hunter2\n"),
    (Dialect::Toml, "[registries.a]\ntoken = \"hunter2\" # hunter2\n"),
    (Dialect::Toml, "registries = { a = { index = \"sparse+https://hunter2@h/\", token = 'hunter2' } }\n"),
    (Dialect::Toml, "a.token = \"\"\"hunter2\"\"\"\n"),
    (Dialect::Toml, "a.token = '''hunter2\nhunter2\n'''\n"),
    (Dialect::Toml, "x = [\n  \"https://hunter2@a/\", # hunter2\n  \"b\",\n]\n"),
    (Dialect::Toml, "credential-provider = [\"/bin/x\", \"--token\", \"hunter2\", \"y\"]\n"),
    (Dialect::Toml, "credential-provider = \"x --token=hunter2 y\"\n"),
    (Dialect::Toml, "[pypi-token]\nmy-repo = \"hunter2\"\n[http-basic.my-repo]\nx = \"hunter2\"\n"),
    (Dialect::Toml, "\"a#b\" = \"https://hunter2@h\"\n['c#d'] # hunter2\n"),
    (Dialect::Yaml, "npmAuthToken: hunter2\nnpmScopes:\n  a:\n    npmAuthIdent: \"hunter2\"\n"),
    (Dialect::Yaml, "httpsProxy: \"http://hunter2@h:1\" # hunter2\n"),
    (Dialect::Yaml, "a:\n  - b: hunter2@h\n  - hunter2@h\n"),
    (Dialect::Yaml, "x: a\n  hunter2\n"),
    (Dialect::Xml, "<s><server><username>hunter2</username><password>\n hunter2\n</password></server></s>\n"),
    (Dialect::Xml, "<s>\n<!-- hunter2 -->\n<url>https://hunter2@h/</url>\n</s>\n"),
    (Dialect::Xml, "<s><httpHeaders><p><name>hunter2</name><value>hunter2</value></p></httpHeaders></s>\n"),
    (Dialect::Xml, "<s a=\"hunter2\"><privateKey>hunter2</privateKey></s>\n"),
    (Dialect::Xml, "<s><x y=\"hunter2\">z</x></s>\n"),
    (Dialect::Ini, "[a]\nindex-servers = pypi ; hunter2\nkeyring-provider = hunter2\n"),
    (Dialect::Code, "password = 'hunter2' // hunter2\nurl = \"https://hunter2@h/\"\n"),
    (Dialect::Code, "header('hunter2', 'hunter2')\n"),
    (Dialect::Code, "x(['a', '--token', 'hunter2', 'b'])\n"),
];

#[test]
fn secrets_alone_are_not_kept() {
    for (dialect, text) in KEPT {
        // A second word of the same kind, so that it is no single text that is looked for.
        for secret in [SECRET, "alice:hunter2", "hunter2:", "a%40hunter2"] {
            if secret.contains("%40") && text.contains(['?', '#']) {
                continue;
            }
            let text = text.replace(SECRET, secret);
            assert_eq!(kept_text(*dialect, &text).replace(BLANK, secret), text, "{dialect:?} {secret}");
            assert!(!kept_text(*dialect, &text).contains(SECRET), "{dialect:?} {text}");
        }
    }
}

#[test]
fn what_is_not_understood_is_neither_kept_nor_shown() {
    for (dialect, text) in [
        (Dialect::NpmIni, "registry=\"https://u\\u0040hunter2/\"\n"),
        (Dialect::NpmIni, "a=${V:-hunter2}\nb=x${V-hunter2}\nc=${A:-${hunter2}}\n"),
        (Dialect::NpmIni, "=hunter2\n"),
        (Dialect::Ini, "[global]\nhunter2\n"),
        (Dialect::NpmIni, "//alice:hunter2@h/:always-auth=true\n"),
        (Dialect::Toml, "url = \"https://hunter2\\u0040h\"\n"),
        (Dialect::Toml, "= hunter2\n"),
        (Dialect::Toml, "[registries.\"https://u:hunter2@h\"]\nx = 1\n"),
        (Dialect::Yaml, "a: { b: hunter2 }\nc: |\n  hunter2: x\nd: [hunter2\n  ,hunter2]\n"),
        (Dialect::Yaml, "? hunter2\n"),
        (Dialect::Yaml, "&a hunter2\n"),
        (Dialect::Yaml, "npmRegistries:\n  \"//u:hunter2@h\": x\n"),
        (Dialect::Xml, "<a>hunter2</b>"),
        (Dialect::Xml, "<!DOCTYPE s [<!ENTITY e \"hunter2\">]>\n<s><a>&e;</a></s>"),
        (Dialect::Xml, "<s><url>https://hunter2<!-- -->@h</url><x><![CDATA[hunter2]]></x></s>"),
        (Dialect::Xml, "<s>hunter2<a/></s>"),
        (Dialect::Xml, "<s><a>https://hunter2&#64;h</a></s>"),
        (Dialect::Xml, "<s><?pi hunter2?><a/></s>"),
        (Dialect::Code, "a = '''\nhunter2\n'''\n"),
        (Dialect::Code, "a = 'hunter2\n"),
        (Dialect::Code, "/* hunter2\n hunter2 */\n"),
    ] {
        let kept = kept_text(dialect, text);
        assert!(!kept.contains(SECRET), "{dialect:?} {text}: {kept}");
        let Shown { before, context, .. } = shown(dialect, text, "");
        assert!(!format!("{before:?}{context:?}").contains(SECRET), "{dialect:?} {text}: {before:?}");
    }
}

#[test]
fn harmless_values_and_our_own_are_shown_and_no_others() {
    let before = "registry=https://u:hunter2@old/\nemail=alice\nname=hunter3\nextra=https://x/\n";
    let after = "registry=https://new/\nemail=alice\n//new/:_authToken=${CODEARTIFACT_AUTH_TOKEN}\nours=7\nmoved=alice\n";
    let shown = shown(Dialect::NpmIni, before, after);
    let text = |lines: Vec<String>| lines.concat();
    assert_eq!(
        text(shown.before),
        "registry=https://[redacted]@old/\nemail=[redacted]\nname=hunter3\nextra=[redacted]\n"
    );
    assert_eq!(
        text(shown.after),
        "registry=https://new/\nemail=[redacted]\n//new/:_authToken=${CODEARTIFACT_AUTH_TOKEN}\nours=7\nmoved=[redacted]\n"
    );
    assert_eq!(
        text(shown.context),
        "registry=[redacted]\nemail=[redacted]\nname=[redacted]\nextra=[redacted]\n"
    );
}

#[test]
fn what_was_a_comment_is_blanked_wherever_an_edit_puts_it() {
    let (before, after) = ("[a]\nx = y ; hunter2\n", "[a]\nx =\n    y\n    hunter2\n");
    assert!(!format!("{:?}", kept(Dialect::Ini, before, after)).contains(SECRET));
}

#[test]
fn a_script_that_somebody_changed_is_not_shown() {
    let shown = shown(Dialect::Code, "hunter2\nours\n", "ours\nx = 1\n");
    assert_eq!(shown.before, ["[redacted]\n", "[redacted]\n"]);
    assert_eq!(shown.after, ["[redacted]\n", "x = 1\n"]);
}

#[cfg(unix)]
#[test]
fn values_in_messages() {
    for (key, value, expected) in [
        ("url", "https://old.example/simple", "https://old.example/simple"),
        ("url", "https://u:hunter2@old/simple?x=hunter2", "https://old/simple?[redacted]"),
        ("url", "https://aws@old/", "https://old/"),
        ("url", "hunter2", BLANK),
        ("url", "https://a/ hunter2", BLANK),
        ("username", "hunter2", BLANK),
        ("username", "aws", "aws"),
    ] {
        assert_eq!(shown_value(key, value), expected);
    }
    assert_eq!(shown_program("/usr/bin/x"), "/usr/bin/x");
    assert_eq!(shown_program("hunter2"), BLANK);
}

#[test]
fn what_stands_where_a_scheme_does_is_kept_only_where_it_is_one() {
    for (url, expected) in [
        ("hunter2://@h/r/", "[redacted]@h/r/"),
        ("hunter2https://@h/r/", "[redacted]@h/r/"),
        ("hunter2+https://aws@h/r/", "[redacted]@h/r/"),
        ("socks5h://u:hunter2@h:1080", "socks5h://[redacted]@h:1080"),
        ("git+ssh://hunter2@h/r", "git+ssh://[redacted]@h/r"),
        ("sparse+https://aws@h/r/", "sparse+https://aws@h/r/"),
        ("other://h/r/", "other://h/r/"),
    ] {
        assert_eq!(kept_text(Dialect::Ini, &format!("proxy = {url}\n")), format!("proxy = {expected}\n"));
    }
}

proptest! {
    #[test]
    fn user_information_is_not_kept_whatever_the_url(
        start in "(sparse\\+)?(https?)?[:/\\\\]{0,5}",
        before in "[a-z:/\\\\?#%@é]{0,9}",
        after in "[a-z:/\\\\?#%é]{0,9}",
    ) {
        let url = format!("{start}{before}SECRET{after}@h.example/r/");
        for text in [format!("registry = {url}\n"), format!("email = {url}\n")] {
            prop_assert!(!kept_text(Dialect::Ini, &text).contains("SECRET"), "{}", text);
        }
        prop_assert!(!shown_url(&url).contains("SECRET"));
    }

    #[test]
    fn lines_stay_lines_and_nothing_is_made_up(text in "([a-z\\[\\]{}<>/!\\-?&:;=#'\"$ é\\\\]|\r?\n|hunter2){0,60}") {
        for dialect in [Dialect::NpmIni, Dialect::Ini, Dialect::Toml, Dialect::Yaml, Dialect::Xml, Dialect::Code] {
            let (lines, _) = kept(dialect, &text, "");
            prop_assert_eq!(lines.len(), text.split_inclusive('\n').count());
            let mut rest = text.as_str();
            for part in lines.iter().flatten() {
                if let Part::Text(kept) = part {
                    let at = rest.find(kept.as_str());
                    prop_assert!(at.is_some(), "{:?} {:?}", dialect, kept);
                    rest = &rest[at.unwrap() + kept.len()..];
                }
            }
        }
    }

    /// Whatever the text, a word that follows a credential's key is gone.
    #[test]
    fn nothing_of_a_credential_is_kept_in_any_surroundings(
        above in "([a-z: =\\[\\]#'\"{}-]{0,12}\n){0,3}",
        below in "(\n[a-z: =\\[\\]#'\"{}-]{0,12}){0,3}",
    ) {
        for (dialect, line) in [
            (Dialect::NpmIni, "//h/:_authToken=SECRET"),
            (Dialect::Ini, "password = SECRET"),
            (Dialect::Toml, "token = \"SECRET\""),
            (Dialect::Yaml, "npmAuthToken: SECRET"),
        ] {
            let text = format!("{above}{line}{below}");
            prop_assert!(!kept_text(dialect, &text).contains("SECRET"), "{:?} {}", dialect, text);
        }
    }
}

#[test]
fn elements_that_stand_too_deep_in_each_other_are_one_secret() {
    let deep = |depth: usize| format!("{}hunter2{}", "<a>".repeat(depth), "</a>".repeat(depth));
    for depth in [63, 64, 65, 20_000] {
        let shown = shown(Dialect::Xml, &deep(depth), "");
        assert!(!shown.before.concat().contains("hunter2"), "{depth}");
    }
}
