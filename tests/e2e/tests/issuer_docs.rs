//! The page of the issuer, typed word for word on a terminal: one person with a spare key, then a team with a leaver.

use std::path::Path;

use serde_json::Value;
use vouch_e2e::doc_blocks::{Block, blocks_of};
use vouch_e2e::{CommandOutput, MY_DOMAIN, Sandbox, in_sandbox};

/// The cards of the sandbox are not Yubico's: where enrollments are verified, a reader with such cards adds their maker.
const READER: &str = r#"
vouch() {
  case "$1 ${2-}" in
    "issuer build" | "issuer iam" | "issuer revoke") command vouch "$@" --attestation-root "$VOUCH_SANDBOX_ATTESTATION_ROOT" ;;
    "issuer check") case "$*" in
      *--trust*) command vouch "$@" ;;
      *) command vouch "$@" --attestation-root "$VOUCH_SANDBOX_ATTESTATION_ROOT" ;;
    esac ;;
    *) command vouch "$@" ;;
  esac
}
# An account of AWS's is not there to be set up.
aws() { printf '(aws %s)\n' "$*" >&2; }
"#;

const PIN: &str = "PIN of YubiKey";
const QUESTION: &str = "Type y for yes:";

/// Types lines, and what these prompts ask for.
fn types(sandbox: &Sandbox, lines: &str, prompts: &[&str]) -> CommandOutput {
    let mut terminal = sandbox.run("bash").args(["-euc", &format!("{READER}\n{lines}")]).on_terminal();
    for prompt in prompts {
        terminal.wait_for(prompt);
        terminal.type_line(if *prompt == PIN { sandbox.pin() } else { "n" });
    }
    terminal.wait().expect_code(0)
}

/// The only block below a heading that contains this.
fn block(blocks: &[Block], section: &str, part: &str) -> String {
    let fits = |block: &&Block| block.section == section && block.text.contains(part);
    let found: Vec<_> = blocks.iter().filter(fits).collect();
    assert_eq!(found.len(), 1, "{section}: {part}");
    found[0].text.clone()
}

fn publish(sandbox: &Sandbox) {
    let _ = types(sandbox, "rm -rf \"$VOUCH_SANDBOX_SITE\"/*; cp -r site/. \"$VOUCH_SANDBOX_SITE\"", &[]);
}

fn exchange(sandbox: &Sandbox) -> CommandOutput {
    sandbox.vouch(&["credential", "codeartifact"]).args(MY_DOMAIN).done()
}

#[test]
fn the_page_of_the_issuer() {
    let world = Path::new(env!("CARGO_MANIFEST_DIR")).join("worlds/team.json");
    in_sandbox(&["--cards", "2", "--config", world.to_str().unwrap()], |sandbox| {
        let page = blocks_of("issuer.md");
        let typed = |section, part, prompts: &[&str]| types(sandbox, &block(&page, section, part), prompts);

        // One person. The spare comes as the text says: the same command with `--serial` and `--out`.
        sandbox.ctl(&["card", "remove", "--card", "12345679"]);
        let enroll = block(&page, "1. Enroll", "vouch enroll");
        let _ = types(sandbox, &enroll, &[PIN]).says("enrollment.json");
        sandbox.ctl(&["card", "insert", "--card", "12345679"]);
        let spare = format!("{} --serial 12345679 --out spare.json", enroll.trim());
        let _ = types(sandbox, &spare, &[PIN]).says("a spare");

        let publishing = "2. Build and publish the files";
        let _ = typed(publishing, "issuer build", &[]);
        publish(sandbox);
        let _ = typed(publishing, "issuer check", &[]).says("ok, 2 keys checked");

        let iam = "3. Register the issuer in IAM";
        let _ = typed(iam, "cloudformation deploy", &[]).says("(aws cloudformation deploy");
        let template: Value = serde_json::from_str(&sandbox.read("iam.json")).unwrap();
        let mut resources = template["Resources"].as_object().unwrap().values();
        let role = resources.find(|resource| resource["Type"] == "AWS::IAM::Role").unwrap();
        assert_eq!(role["Properties"]["RoleName"], "CodeArtifact-alice", "as the page says");
        // What AWS would answer about the role.
        let mut trust = role["Properties"]["AssumeRolePolicyDocument"].clone();
        trust["Statement"][0]["Principal"]["Federated"] =
            "arn:aws:iam::123456789012:oidc-provider/id.example.com/alice".into();
        let answer = serde_json::json!({ "Role": { "AssumeRolePolicyDocument": trust } });
        let check = block(&page, iam, "--trust");
        let (ask, look) = check.split_once('\n').unwrap();
        assert!(ask.ends_with(">role.json"));
        let _ = types(sandbox, ask, &[]).says("(aws iam get-role");
        sandbox.write("role.json", &answer.to_string());
        let _ = types(sandbox, look, &[]).says("role.json: ok");

        sandbox.ctl(&["card", "remove", "--card", "12345679"]);
        let _ = typed("4. Tell Vouch", "vouch login", &[QUESTION, PIN]).says("logged in as alice");
        let _ = exchange(sandbox).expect_code(0);

        // The team's repository, and what its pipeline runs.
        let names = "mkdir enrollments; mv enrollment.json enrollments/alice.json; mv spare.json enrollments/alice-spare.json";
        let _ = types(sandbox, names, &[]);
        let team_file = blocks_of("join.md").into_iter().find(|block| block.language == "toml");
        sandbox.write("team.toml", &team_file.expect("the page of joining has one").text);
        let team = "A team: enrollments in a repository";
        let pipeline = block(&page, team, "runs-on");
        let runs = pipeline.lines().filter_map(|line| line.trim_start().strip_prefix("- run: vouch "));
        let runs: Vec<_> = runs.map(|rest| format!("vouch {rest}\n")).collect();
        assert_eq!(runs.len(), 3, "build, iam and check: {runs:?}");
        let before = sandbox.read("iam.json");
        let _ = types(sandbox, &runs[..2].concat(), &[]);
        publish(sandbox);
        let _ = types(sandbox, &runs[2], &[]).says("ok, 2 keys checked");
        assert_eq!(sandbox.read("iam.json"), before, "the same people, the same bytes");

        let leaving = "When somebody leaves, or a key is lost";
        let done = typed(leaving, "revoke", &[]).says("delete-open-id-connect-provider");
        let _ = done.says("YubiKey 12345678 of alice (https://id.example.com/alice) is lost");
        // The first key goes out of the site, as the steps say; its next session is refused, the spare's is not.
        let _ = types(sandbox, &format!("rm -r site enrollments/alice.json\n{}", runs[0]), &[]);
        publish(sandbox);
        let _ = sandbox.vouch_with_pin(&["login"]).ok();
        let _ = exchange(sandbox).expect_code(5).says("InvalidIdentityToken");
        sandbox.ctl(&["card", "insert", "--card", "12345679"]);
        let _ = sandbox.vouch_with_pin(&["login", "--serial", "12345679"]).ok();
        let _ = exchange(sandbox).expect_code(0);
    });
}
