//! The editor of `.npmrc` on a corpus of hand-made files, judged by the package that npm itself reads them with.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use vouch_clients::node::npm::BareValue;
use vouch_clients::node::npm::file::{self, Change, LockedNpmrc};
use vouch_core::home::Home;

const TOKEN_KEY: &str =
    "//my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/npm/my-npm-repo/:_authToken";
const SCOPE_KEY: &str = "@vouch:registry";
const URL: &str = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/npm/my-npm-repo/";
const TOKEN: &str = "eyJ2ZXIiOjEsImlzdSI6MTc.NEW_token-x";

/// Prints what npm reads in each of the named files, as one JSON array.
const JUDGE: &str = "const ini = require(process.argv[1]); const fs = require('fs');\
    const files = process.argv.slice(2);\
    console.log(JSON.stringify(files.map((file) => ini.parse(fs.readFileSync(file, 'utf8')))));";

/// What npm reads in files, by its own `ini`.
fn judged(files: &[PathBuf]) -> Vec<Value> {
    let clients = std::env::var("VOUCH_TEST_CLIENTS").expect("`make test` names the folder of the clients");
    let ini = Path::new(&clients).join("npm-ini/node_modules/ini");
    let output =
        Command::new("node").arg("-e").arg(JUDGE).arg(ini).args(files).output().expect("node is installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("the judge answers in JSON")
}

fn corpus() -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/npmrc");
    let mut files: Vec<_> = fs::read_dir(folder)
        .expect("the corpus is there")
        .map(|entry| {
            let path = entry.expect("a readable entry").path();
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            (name, fs::read(path).expect("a readable file"))
        })
        .collect();
    let many: String = (0..10_000).map(|line| format!("; {line}\nkey-{line} = value {line}\n")).collect();
    files.push(("ten-thousand-lines".into(), many.into_bytes()));
    files.sort();
    files
}

fn edit(home: &Home, path: &Path, token: &str) -> Change {
    let mut file = LockedNpmrc::open(home, path).expect("the file can be read");
    file.npmrc_mut().set(SCOPE_KEY, BareValue::new(URL).expect("a plain URL"));
    file.npmrc_mut().set(TOKEN_KEY, BareValue::new(token).expect("a plain token"));
    file.save(&[]).expect("the file can be edited")
}

/// The lines that are nobody's but the person's, and the order that they stand in.
fn others(bytes: &[u8]) -> Vec<&[u8]> {
    let ours = |line: &[u8]| {
        let line = String::from_utf8_lossy(line);
        let line = line.trim_start_matches(['\u{feff}', ' ', '\t', '"']);
        line.starts_with(TOKEN_KEY) || line.starts_with(SCOPE_KEY)
    };
    bytes.split(|byte| matches!(byte, b'\r' | b'\n')).filter(|line| !line.is_empty() && !ours(line)).collect()
}

fn without_ours(mut value: Value) -> Value {
    let settings = value.as_object_mut().expect("settings are an object");
    settings.remove(TOKEN_KEY);
    settings.remove(SCOPE_KEY);
    value
}

#[test]
fn npm_reads_our_keys_and_everything_else_as_before() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let home = Home::at(dir.path().join("vouch")).expect("a home");
    let corpus = corpus();
    assert!(corpus.len() >= 60, "{} files", corpus.len());
    let (mut before, mut after) = (Vec::new(), Vec::new());
    for (name, bytes) in &corpus {
        let (old, new) = (dir.path().join(format!("{name}.old")), dir.path().join(format!("{name}.new")));
        fs::write(&old, bytes).expect("a writable folder");
        fs::write(&new, bytes).expect("a writable folder");
        fs::set_permissions(&new, fs::Permissions::from_mode(0o640)).expect("a file of our own");
        assert_ne!(edit(&home, &new, TOKEN), Change::None, "{name}");
        assert_eq!(edit(&home, &new, TOKEN), Change::None, "{name}: a second edit");
        assert_eq!(new.metadata().expect("it is there").permissions().mode() & 0o777, 0o640, "{name}");
        before.push(old);
        after.push(new);
    }
    let (read_before, read_after) = (judged(&before), judged(&after));
    for (index, (name, bytes)) in corpus.iter().enumerate() {
        let edited = fs::read(&after[index]).expect("it is there");
        assert_eq!(read_after[index][TOKEN_KEY], TOKEN, "{name}");
        assert_eq!(read_after[index][SCOPE_KEY], URL, "{name}");
        assert_eq!(
            without_ours(read_before[index].clone()),
            without_ours(read_after[index].clone()),
            "{name}"
        );
        assert_eq!(others(bytes), others(&edited), "{name}");
        let ended = |bytes: &[u8]| bytes.is_empty() || bytes.ends_with(b"\n") || bytes.ends_with(b"\r");
        assert_eq!(ended(bytes), ended(&edited), "{name}: the final newline");
    }
}

#[test]
fn what_npm_reads_is_what_we_read() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let corpus = corpus();
    let files: Vec<_> = corpus
        .iter()
        .map(|(name, bytes)| {
            let path = dir.path().join(name);
            fs::write(&path, bytes).expect("a writable folder");
            path
        })
        .collect();
    for ((name, _), (file, read)) in corpus.iter().zip(files.iter().zip(judged(&files))) {
        // The last of several is the one that counts.
        let settings: HashMap<_, _> = file::load(file).expect("it can be read").settings().collect();
        for (key, value) in read.as_object().expect("settings are an object") {
            let expected = match value {
                Value::String(text) => text.clone(),
                // Sections are none of the settings; the last item stands for an array.
                Value::Object(_) => continue,
                Value::Array(items) => items.last().and_then(Value::as_str).expect("texts").to_owned(),
                other => other.to_string(),
            };
            assert_eq!(settings.get(key), Some(&expected), "{name}: {key}");
        }
    }
}
