use super::super::registries::registry_named;
use super::*;
use crate::text::document::PARSED;

const INDEX: &str =
    "sparse+https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/";
const PROVIDER_PATH: &str = "/opt/my tools/cargo-credential-vouch";
const HOME: &str = "/home/alice/.vouch";

fn wanted() -> RegistryLines<'static> {
    RegistryLines {
        name: "my-repo",
        index: INDEX,
        provider: &[PROVIDER_PATH, "--home", HOME],
        replace_crates_io: false,
        corrects: None,
    }
}

/// Short names for what the tables below have in them.
fn filled(text: &str) -> String {
    let provider = format!("\"{PROVIDER_PATH}\", \"--home\", \"{HOME}\"");
    text.replace("@INDEX", INDEX).replace("\"@PROVIDER\"", &provider)
}

const BLOCK: &str = "[registries.my-repo]\nindex = \"@INDEX\"\ncredential-provider = [\"@PROVIDER\"]\n";

/// What is written into a text, and that a second edit writes nothing.
#[test]
fn texts_get_the_registry_and_keep_every_other_byte() {
    let block = |before: &str| (before.to_owned(), format!("{before}{BLOCK}"));
    let cases: Vec<(&str, (String, String))> = vec![
        ("an empty file", block("")),
        ("only a comment", (" # mine\n".into(), format!(" # mine\n\n{BLOCK}"))),
        ("another table", ("[build]\njobs = 2 # two\n".into(), format!("[build]\njobs = 2 # two\n\n{BLOCK}"))),
        ("no final newline", ("[build]\njobs = 2".into(), format!("[build]\njobs = 2\n\n{BLOCK}"))),
        (
            "another registry",
            (
                "[registries.a]\nindex = \"sparse+https://a.example/\"\n".into(),
                format!("[registries.a]\nindex = \"sparse+https://a.example/\"\n\n{BLOCK}"),
            ),
        ),
        (
            "a header of the parent",
            (
                "[registries]\na = { index = \"x\" }\n[z]\nq = 1\n".into(),
                format!("[registries]\na = {{ index = \"x\" }}\n[z]\nq = 1\n\n{BLOCK}"),
            ),
        ),
        (
            "dotted keys at the root",
            (
                "registries.a.index = \"x\"\nterm.color = 'auto'\nregistries.b.index = \"y\"\n".into(),
                format!(
                    "registries.a.index = \"x\"\nterm.color = 'auto'\nregistries.b.index = \"y\"\n\n{BLOCK}"
                ),
            ),
        ),
        (
            "an inline table",
            (
                "registries = { a = { index = \"x\" } } # keep\n[z]\n".into(),
                "registries = { a = { index = \"x\" }, my-repo = { index = \"@INDEX\", credential-provider = [\"@PROVIDER\"] } } # keep\n[z]\n".into(),
            ),
        ),
        (
            "an empty inline table",
            (
                "registries = {}\n".into(),
                "registries = { my-repo = { index = \"@INDEX\", credential-provider = [\"@PROVIDER\"] } }\n".into(),
            ),
        ),
        (
            "the index is there, in a table",
            (
                "[registries.my-repo]\n  index = \"@INDEX\" # ours\n\n[z]\na = 1\n".into(),
                "[registries.my-repo]\n  index = \"@INDEX\" # ours\n  credential-provider = [\"@PROVIDER\"]\n\n[z]\na = 1\n".into(),
            ),
        ),
        (
            "the index is there, at the end of a file without a last newline",
            (
                "[registries.my-repo]\nindex = \"@INDEX\"".into(),
                "[registries.my-repo]\nindex = \"@INDEX\"\ncredential-provider = [\"@PROVIDER\"]".into(),
            ),
        ),
        (
            "the index is there, with CRLF",
            (
                "[registries.my-repo]\r\nindex = \"@INDEX\"\r\n[z]\r\na = \"\"\"x\r\ny\"\"\"\r\n".into(),
                "[registries.my-repo]\r\nindex = \"@INDEX\"\r\ncredential-provider = [\"@PROVIDER\"]\r\n[z]\r\na = \"\"\"x\r\ny\"\"\"\r\n".into(),
            ),
        ),
        (
            "the index is there, as a dotted key",
            (
                "registries.my-repo.index = \"@INDEX\"\nterm.color = 'auto'\n".into(),
                "registries.my-repo.index = \"@INDEX\"\nregistries.my-repo.credential-provider = [\"@PROVIDER\"]\nterm.color = 'auto'\n".into(),
            ),
        ),
        (
            "the index is there, dotted below a header",
            (
                "[registries]\n\tmy-repo.index = \"@INDEX\"\nz.index = \"y\"\n".into(),
                "[registries]\n\tmy-repo.index = \"@INDEX\"\n\tmy-repo.credential-provider = [\"@PROVIDER\"]\nz.index = \"y\"\n".into(),
            ),
        ),
        (
            "the index is there, in an inline table",
            (
                "[registries]\nmy-repo = { index = \"@INDEX\" } # ours\nz = { index = \"y\" }\n".into(),
                "[registries]\nmy-repo = { index = \"@INDEX\", credential-provider = [\"@PROVIDER\"] } # ours\nz = { index = \"y\" }\n".into(),
            ),
        ),
        (
            "the index is there, dotted in an inline table",
            (
                "registries = { my-repo.index = \"@INDEX\", z.index = \"y\" }\n".into(),
                "registries = { my-repo.index = \"@INDEX\", my-repo.credential-provider = [\"@PROVIDER\"], z.index = \"y\" }\n".into(),
            ),
        ),
        (
            "a header alone",
            (
                "[registries.my-repo] # empty\n[z]\n".into(),
                "[registries.my-repo] # empty\nindex = \"@INDEX\"\ncredential-provider = [\"@PROVIDER\"]\n[z]\n".into(),
            ),
        ),
        (
            "a token alone",
            (
                "[registries.my-repo]\ntoken = \"t\"\n".into(),
                "[registries.my-repo]\ntoken = \"t\"\nindex = \"@INDEX\"\ncredential-provider = [\"@PROVIDER\"]\n".into(),
            ),
        ),
        (
            "another provider as a string",
            (
                "[registries.my-repo]\nindex = \"@INDEX\"\ncredential-provider = \"cargo:token\" # old\n".into(),
                "[registries.my-repo]\nindex = \"@INDEX\"\ncredential-provider = [\"@PROVIDER\"] # old\n".into(),
            ),
        ),
        (
            "another provider on several lines",
            (
                "[registries.my-repo]\ncredential-provider = [\n  \"cargo:token-from-stdout\", # x\n  \"aws\",\n]\nindex = \"@INDEX\"\n".into(),
                "[registries.my-repo]\ncredential-provider = [\"@PROVIDER\"]\nindex = \"@INDEX\"\n".into(),
            ),
        ),
        (
            "the index in another spelling",
            (
                "[registries.my-repo]\nindex = 'sparse+https://MY-DOMAIN-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo'\n".into(),
                "[registries.my-repo]\nindex = \"@INDEX\"\ncredential-provider = [\"@PROVIDER\"]\n".into(),
            ),
        ),
        (
            "a quoted key",
            (
                "[registries.\"my-repo\"]\nindex = \"@INDEX\"\n".into(),
                "[registries.\"my-repo\"]\nindex = \"@INDEX\"\ncredential-provider = [\"@PROVIDER\"]\n".into(),
            ),
        ),
        (
            "tables below the registry come first",
            (
                "[registries.my-repo.x]\ny = 1\n".into(),
                format!("[registries.my-repo.x]\ny = 1\n\n{BLOCK}"),
            ),
        ),
        ("a byte order mark", ("\u{feff}[z]\na = 1\n".into(), format!("\u{feff}[z]\na = 1\n\n{BLOCK}"))),
        ("a byte order mark alone", ("\u{feff}".into(), format!("\u{feff}{BLOCK}"))),
        (
            "CRLF",
            ("[z]\r\na = 1\r\n".into(), format!("[z]\r\na = 1\r\n\r\n{}", BLOCK.replace('\n', "\r\n"))),
        ),
        (
            "both kinds of line ends",
            ("[z]\na = 1\r\nb = 2\n".into(), format!("[z]\na = 1\r\nb = 2\n\n{BLOCK}")),
        ),
        (
            "odd spacing and order",
            (
                "\n\n[ z ]\n  b=2\n\n\ta   =   1   # c\n[a.b]\n[a]\n\n\n".into(),
                format!("\n\n[ z ]\n  b=2\n\n\ta   =   1   # c\n[a.b]\n[a]\n\n\n\n{BLOCK}"),
            ),
        ),
        (
            "other registries of any type",
            (
                "[registries.x]\nindex = 1\n[registries]\ny = 2\n".into(),
                format!("[registries.x]\nindex = 1\n[registries]\ny = 2\n\n{BLOCK}"),
            ),
        ),
        ("dates and the like", ("[[bin]]\nd = 1979-05-27\nf = 1.0\n".into(), format!("[[bin]]\nd = 1979-05-27\nf = 1.0\n\n{BLOCK}"))),
    ];
    for (what, (before, after)) in &cases {
        let (before, after) = (filled(before), filled(after));
        let edited = edit(&before, &wanted()).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(edited.text, after, "{what}");
        let again = edit(&after, &wanted()).unwrap();
        assert_eq!(again.text, after, "{what}, again");
    }
}

#[test]
fn crates_io_is_replaced_where_it_is_asked_for() {
    let wanted = RegistryLines { replace_crates_io: true, ..wanted() };
    let replaced = "[source.crates-io]\nreplace-with = \"my-repo\"\n";
    for (before, after) in [
        (BLOCK.to_owned(), format!("{BLOCK}\n{replaced}")),
        (format!("{replaced}{BLOCK}"), format!("{replaced}{BLOCK}")),
        (
            format!("{BLOCK}[source.crates-io]\nregistry = \"x\"\n"),
            format!("{BLOCK}[source.crates-io]\nregistry = \"x\"\nreplace-with = \"my-repo\"\n"),
        ),
        (
            format!("source = {{ a = {{ directory = \"d\" }} }}\n{BLOCK}"),
            format!(
                "source = {{ a = {{ directory = \"d\" }}, crates-io = {{ replace-with = \"my-repo\" }} }}\n{BLOCK}"
            ),
        ),
        (
            format!("source.a.directory = \"d\"\n{BLOCK}"),
            format!("source.a.directory = \"d\"\n{BLOCK}\n{replaced}"),
        ),
    ] {
        assert_eq!(edit(&filled(&before), &wanted).unwrap().text, filled(&after));
    }
    assert_eq!(edit("", &wanted).unwrap().text, snippet(&wanted));
    let other = "[source.crates-io]\nreplace-with = \"mirror\"\n";
    assert_eq!(edit(other, &wanted), Err(EditError::Replaced { with: "mirror".into() }));
    // Without the flag a replacement is none of our business.
    assert!(edit(other, &self::wanted()).is_ok());
}

#[test]
fn what_cannot_be_edited_is_an_error_that_names_the_place() {
    for (text, message) in [
        ("[z]\na = = 1\n", "line 2: "),
        ("[z\n", "line 1: "),
        ("a = 1\na = 2\n", "line 2: "),
        ("registries = 1\n", "`registries` is a number, not a table"),
        ("registries = \"x\"\n", "`registries` is a string, not a table"),
        ("[[registries]]\nname = \"x\"\n", "`registries` is an array of tables, not a table"),
        ("[registries]\nmy-repo = \"x\"\n", "`registries.my-repo` is a string, not a table"),
        ("[[registries.my-repo]]\n", "`registries.my-repo` is an array of tables, not a table"),
        ("[registries.my-repo]\nindex = 1\n", "`registries.my-repo.index` is a number, not a string"),
        ("[registries.my-repo]\nindex = [\"x\"]\n", "`registries.my-repo.index` is an array, not a string"),
        (
            "[registries.my-repo]\ncredential-provider = true\n",
            "`registries.my-repo.credential-provider` is true or false, not an array",
        ),
        (
            "[registries.my-repo]\nindex = \"sparse+https://u:hunter2@else.example/i/\"\n",
            "the registry `my-repo` is there already, for sparse+https://else.example/i/",
        ),
        (
            "[registries.second]\nindex = \"@INDEX\"\n",
            "the registry `second` is there already, for the same @INDEX",
        ),
        ("registries = { second.index = \"@INDEX\" }\n", "the registry `second` is there already"),
    ] {
        let error = edit(&filled(text), &wanted()).unwrap_err().to_string();
        assert!(error.starts_with(&filled(message)), "{text}: {error}");
        assert!(!error.contains("hunter2"));
    }
    let wanted = RegistryLines { replace_crates_io: true, ..wanted() };
    let error = edit("source.crates-io.replace-with = 1\n", &wanted).unwrap_err().to_string();
    assert_eq!(error, "`source.crates-io.replace-with` is a number, not a string");
}

#[test]
fn a_parse_error_does_not_show_the_line() {
    let error = edit("[registry]\ntoken = \"hunter2\" oops\n", &wanted()).unwrap_err();
    assert!(matches!(error, EditError::Parse { line: 2, .. }) && !error.to_string().contains("hunter2"));
}

#[cfg(unix)]
#[test]
fn what_was_there_before_is_told() {
    let before = "[registries.my-repo]\nindex = \"@INDEX\"\ncredential-provider = \"/old/helper --secret s\"\ntoken = \"hunter2\"\n";
    let notes = edit(&filled(before), &wanted()).unwrap().notes.join("\n");
    assert!(notes.contains("`/old/helper`") && notes.contains("no longer uses the token"), "{notes}");
    assert!(!notes.contains("--secret") && !notes.contains("hunter2"));
}

#[test]
fn an_index_of_our_own_is_corrected_and_no_other() {
    let old = "sparse+https://wrong-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/my-repo/";
    let wanted = RegistryLines { corrects: Some(old), ..wanted() };
    let before = filled(&BLOCK.replace("@INDEX", old));
    assert_eq!(edit(&before, &wanted).unwrap().text, filled(BLOCK));
    let before = filled(&BLOCK.replace("@INDEX", "sparse+https://else.example/"));
    assert!(matches!(edit(&before, &wanted), Err(EditError::NameTaken { .. })));
}

#[test]
fn spellings_of_one_index_are_one() {
    assert!(same_index(INDEX, INDEX.trim_end_matches('/')));
    assert!(same_index(INDEX, &INDEX.replace("my-domain", "MY-DOMAIN")));
    assert!(same_index(INDEX, INDEX.trim_start_matches("sparse+")));
    assert!(!same_index(INDEX, &INDEX.replace("my-repo", "my-repo2")));
    assert!(!same_index(INDEX, &INDEX.replace("https", "http")));
}

#[test]
fn a_file_is_parsed_once_for_all_that_is_looked_for_in_it() {
    let urls: Vec<String> =
        (0..50).map(|number| INDEX.replace("my-repo", &format!("repo-{number}"))).collect();
    let block = |(number, index): (usize, &String)| {
        filled(BLOCK).replace("my-repo]", &format!("r{number}]")).replace(INDEX, index)
    };
    let text: String = urls.iter().enumerate().map(block).collect();
    let before = PARSED.get();
    for (number, index) in urls.iter().enumerate() {
        let name = format!("r{number}");
        let wanted = RegistryLines { name: &name, index, ..wanted() };
        assert_eq!(edit(&text, &wanted).unwrap().text, text);
        assert_eq!(registry_named(&text, &name).unwrap().index.as_ref(), Some(index));
        // Its index under another name is still found.
        let taken = edit(&text, &RegistryLines { name: "other", ..wanted }).unwrap_err();
        assert!(matches!(taken, EditError::IndexTaken { name: known, .. } if known == name));
    }
    assert_eq!(PARSED.get() - before, 1);
}
