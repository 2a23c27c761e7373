//! The page of `vouch doctor` shows what it really says.

use std::fs;

use vouch_e2e::doc_blocks::blocks_of;
use vouch_e2e::doctor::{clients, set_up};
use vouch_e2e::{Run, Sandbox, in_sandbox};

/// Asserts that a command says what a block of the page shows: line by line, with anything in the place of `…`.
fn assert_shown(sandbox: &Sandbox, run: Run, code: i32, block: &str) {
    let (typed, shown) = block.split_once('\n').unwrap();
    assert!(typed.starts_with("$ vouch doctor"), "{typed}");
    let done = run.args(typed.trim_start_matches("$ vouch ").split(' ')).done().expect_code(code);
    let home = sandbox.home().to_str().unwrap();
    let said = done.stdout.replace(home, "/home/alice");
    let fits = |shown: &str, said: &str| match shown.split_once('…') {
        Some((before, after)) => {
            said.len() > before.len() + after.len() && said.starts_with(before) && said.ends_with(after)
        }
        None => shown == said,
    };
    for (shown, said) in shown.lines().zip(said.lines()) {
        assert!(fits(shown, said), "the page shows\n{shown}\nit says\n{said}\n{done}");
    }
    assert_eq!(shown.lines().count(), said.lines().count(), "{done}");
}

#[test]
fn the_page_of_doctor() {
    in_sandbox(&[], |sandbox| {
        let blocks = blocks_of("doctor.md");
        let [healthy, broken] = blocks.as_slice() else { panic!("{blocks:?}") };
        sandbox.enroll();
        sandbox.log_in();
        let path = clients(sandbox);
        let vouch = || sandbox.vouch(&[]).env("PATH", &path);
        for tool in ["cargo", "npm"] {
            let _ = set_up(vouch(), tool, &[]).ok();
        }
        assert_shown(sandbox, vouch(), 0, &healthy.text);

        let config = sandbox.read(".cargo/config.toml");
        let provider = config.split('"').find(|part| part.ends_with("cargo-credential-vouch")).unwrap();
        let old = sandbox.file("old/cargo-credential-vouch");
        sandbox.write(".cargo/config.toml", &config.replace(provider, old.to_str().unwrap()));
        sandbox.write("app/package.json", "{}");
        sandbox.write("app/.npmrc", "https-proxy=http://proxy.example.com:3128\n");
        let _ = sandbox.vouch(&["logout"]).ok();
        let vouch =
            vouch().within(sandbox.file("app")).env("NPM_CONFIG_REGISTRY", "https://registry.npmjs.org/");
        assert_shown(sandbox, vouch, 1, &broken.text);
    });
}

#[test]
fn every_check_is_on_the_page() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = fs::read_to_string(root.join("docs/doctor.md")).unwrap();
    let sources = ["vouch-cli/src/commands/doctor", "vouch-clients/src"];
    let files = sources.iter().flat_map(|folder| fs::read_dir(root.join(folder)).unwrap().flatten());
    let texts = files.filter_map(|file| fs::read_to_string(file.path()).ok());
    let mut checks: Vec<String> = Vec::new();
    for text in texts {
        let constants =
            text.lines().filter_map(|line| line.split_once("const ")?.1.split_once(": &str = \""));
        let named =
            constants.filter(|(name, value)| name.eq_ignore_ascii_case(value.trim_end_matches("\";")));
        checks.extend(named.map(|(_, value)| value.trim_end_matches("\";").to_owned()));
    }
    assert!(checks.len() > 20, "{checks:?}");
    for check in checks.iter().filter(|check| *check != "clients") {
        assert!(page.contains(&format!("`{check}`")), "{check}");
    }
}
