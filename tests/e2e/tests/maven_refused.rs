//! What Maven says when a token is not good. `docs/maven.md` tells it.

use vouch_e2e::doc_blocks::table_of;
use vouch_e2e::maven::{self, ENDPOINT, prepared};
use vouch_e2e::{CommandOutput, Sandbox, in_sandbox};

/// Maven without Vouch in between, with this token or none in the variable of its settings.
fn maven(sandbox: &Sandbox, folder: &str, goal: &str, token: Option<&str>) -> CommandOutput {
    maven::forget(sandbox);
    let mut run = prepared(sandbox, "mvn").args(["--batch-mode", goal]).within(sandbox.file(folder));
    if let Some(token) = token {
        run = run.env(&maven::variable(sandbox), token);
    }
    run.done().expect_code(1)
}

#[test]
fn tokens_that_are_not_good() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        maven::user_settings(sandbox);
        let _ = maven::set_up(sandbox, &[]).ok();
        maven::library(sandbox, "lib", "1.0", maven::REPOSITORY);
        maven::program(sandbox, "app", "1.0", maven::REPOSITORY);
        let good = sandbox.vouch(&["credential", "codeartifact"]).ok().stdout.trim().to_owned();
        let rows = table_of("maven.md", "When a token is not good");
        let mut seen = 0;
        for row in &rows {
            let [what, deploy, resolve, _] = row.as_slice() else { panic!("{row:?}") };
            let token = match what.as_str() {
                "the variable is not set" => None,
                "expired" => Some(good.as_str()),
                "refused: 403" | "refused: 404" => Some("bad"),
                other => panic!("{other} is not tested"),
            };
            let status = what.strip_prefix("refused: ").unwrap_or("401");
            sandbox.ctl(&["registry", "--bad-token", status]);
            sandbox.ctl(&["clock", "--skew", if what == "expired" { "50000" } else { "0" }]);
            for (folder, goal, said) in [("lib", "deploy", deploy), ("app", "compile", resolve)] {
                let done = maven(sandbox, folder, goal, token);
                let said = said.replace("URL", ENDPOINT);
                let parts: Vec<&str> = said.trim_matches('`').split('…').map(str::trim).collect();
                for part in parts {
                    assert!(done.stdout.contains(part), "{what}, {goal}: not said: {part}\n{done}");
                }
            }
            seen += 1;
        }
        assert_eq!(seen, 4);
        // What was missing is remembered, a refusal is not.
        sandbox.ctl(&["clock", "--skew", "0"]);
        let remembered = maven::exec(sandbox, "app", &["compile"]).fails(1);
        assert!(remembered.stdout.contains("cached in the local repository"), "{remembered}");
        let _ = maven::exec(sandbox, "lib", &["deploy"]).ok();
        maven::forget(sandbox);
        let _ = maven::exec(sandbox, "app", &["compile"]).ok();
    });
}
