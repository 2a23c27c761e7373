use std::fs;

use super::*;

const KEY: &str = "//h/:_authToken";

fn bed() -> (tempfile::TempDir, Home, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let home = Home::at(dir.path().join("vouch")).unwrap();
    let file = dunce::canonicalize(dir.path()).unwrap().join(".npmrc");
    (dir, home, file)
}

fn begin(home: &Home, file: &Path, value: &str) {
    let token = NewToken { key: KEY, value, expires_at: UnixTime(7) };
    begin_write(home, file, &file.with_file_name("temporary"), &[token]).unwrap();
}

fn text(home: &Home) -> String {
    fs::read_to_string(home.path().join("ledger.json")).unwrap_or_default()
}

#[test]
fn a_token_is_ours_in_its_file_alone_and_nothing_secret_is_kept() {
    let (_dir, home, file) = bed();
    begin(&home, &file, "hunter2");
    let ledger = Ledger::load(&home).unwrap();
    assert_eq!(ledger.expiry(&file, KEY, "hunter2"), Some(UnixTime(7)));
    assert_eq!(ledger.expiry(&file, "//other/:_authToken", "hunter2"), None);
    assert!(ledger.is_ours(&file, "hunter2") && !ledger.is_ours(&file, "hunter3"));
    assert!(!ledger.is_ours(Path::new("/other/.npmrc"), "hunter2"));
    assert!(!text(&home).contains("hunter2"));
}

#[test]
fn of_values_of_others_nothing_is_kept() {
    let (_dir, home, file) = bed();
    begin(&home, &file, "TOKEN");
    let contents = format!("{KEY}=TOKEN\n//other/:_authToken=hunter2\n");
    settle(&home, &file, contents.as_bytes()).unwrap();
    assert!(!text(&home).contains("other") && !text(&home).contains(&fingerprint("hunter2")));
}

#[test]
fn until_a_write_is_settled_both_tokens_may_be_there() {
    let (_dir, home, file) = bed();
    begin(&home, &file, "OLD");
    settle(&home, &file, format!("{KEY}=OLD\n").as_bytes()).unwrap();
    begin(&home, &file, "NEW");
    let ledger = Ledger::load(&home).unwrap();
    assert!(ledger.is_ours(&file, "OLD") && ledger.is_ours(&file, "NEW"));
    settle(&home, &file, format!("{KEY}=NEW\n").as_bytes()).unwrap();
    let ledger = Ledger::load(&home).unwrap();
    assert!(!ledger.is_ours(&file, "OLD") && ledger.is_ours(&file, "NEW"));
    // A file with no token of ours is none of the ledger's.
    settle(&home, &file, b"a=1\n").unwrap();
    assert_eq!(text(&home), "");
}

#[test]
fn a_token_is_found_wherever_its_line_went() {
    let (_dir, home, file) = bed();
    begin(&home, &file, "TOKEN");
    let ledger = Ledger::load(&home).unwrap();
    for line in [
        "//h/:_authToken=TOKEN",
        "  //h/:_authToken = \"TOKEN\"",
        "[section]\n//h/:_authToken=TOKEN",
        "; //h/:_authToken=TOKEN",
        "#//h/:_authToken=TOKEN ; of yesterday",
        "//moved/:_authToken=TOKEN",
    ] {
        let contents = format!("a=1\n{line}\nb=2\n");
        let left = ledger.without_tokens(&file, &contents);
        assert!(!left.contains("TOKEN") && left.starts_with("a=1\n") && left.ends_with("b=2\n"), "{left}");
        settle(&home, &file, contents.as_bytes()).unwrap();
        assert!(Ledger::load(&home).unwrap().is_ours(&file, "TOKEN"), "{line}");
    }
    let theirs = "//h/:_authToken=theirs\n; a comment with TOKEN in it\n";
    assert_eq!(ledger.without_tokens(&file, theirs), theirs);
}

#[test]
fn the_records_of_an_earlier_version_are_taken_over() {
    let (_dir, home, file) = bed();
    home.create().unwrap();
    let former = home.path().join("npm-0123456789abcdef.json");
    let fingerprint = fingerprint("TOKEN");
    let record = serde_json::json!({
        "file": file, "tokens": { KEY: { "fingerprint": fingerprint, "expires_at": 7 } }
    });
    fs::write(&former, record.to_string()).unwrap();
    fs::write(home.path().join("npm-0123456789abcdee.json"), "oops").unwrap();
    assert_eq!(Ledger::load(&home).unwrap().expiry(&file, KEY, "TOKEN"), Some(UnixTime(7)));
    settle(&home, &file, format!("{KEY}=TOKEN\n").as_bytes()).unwrap();
    assert!(!former.exists());
    assert_eq!(Ledger::load(&home).unwrap().expiry(&file, KEY, "TOKEN"), Some(UnixTime(7)));
}
