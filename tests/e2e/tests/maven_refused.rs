//! What Maven says when a token is not good. `docs/maven.md` tells it.

use vouch_e2e::maven::{self, ENDPOINT, prepared};
use vouch_e2e::pages::table_of;
use vouch_e2e::{Bed, Done, in_sandbox};

/// Maven without Vouch in between, with this token or none.
fn maven(bed: &Bed, folder: &str, goal: &str, token: Option<&str>) -> Done {
    maven::forget(bed);
    let mut run = prepared(bed, "mvn").args(["--batch-mode", goal]).within(bed.file(folder));
    if let Some(token) = token {
        run = run.env("CODEARTIFACT_AUTH_TOKEN", token);
    }
    run.done().expect_code(1)
}

#[test]
fn tokens_that_are_not_good() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        bed.log_in();
        maven::user_settings(bed);
        let _ = maven::set_up(bed, &[]).ok();
        maven::library(bed, "lib", "1.0", maven::REPOSITORY);
        maven::program(bed, "app", "1.0", maven::REPOSITORY);
        let good = bed.vouch(&["credential", "codeartifact"]).ok().stdout.trim().to_owned();
        let rows = table_of("maven.md", "When a token is not good");
        let mut seen = 0;
        for row in &rows {
            let [what, deploy, resolve, _] = row.as_slice() else { panic!("{row:?}") };
            let token = match what.as_str() {
                "`CODEARTIFACT_AUTH_TOKEN` is not set" => None,
                "expired" => Some(good.as_str()),
                "refused: 403" | "refused: 404" => Some("bad"),
                other => panic!("{other} is not tested"),
            };
            let status = what.strip_prefix("refused: ").unwrap_or("401");
            bed.ctl(&["registry", "--bad-token", status]);
            bed.ctl(&["clock", "--skew", if what == "expired" { "50000" } else { "0" }]);
            for (folder, goal, said) in [("lib", "deploy", deploy), ("app", "compile", resolve)] {
                let done = maven(bed, folder, goal, token);
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
        bed.ctl(&["clock", "--skew", "0"]);
        let remembered = maven::exec(bed, "app", &["compile"]).fails(1);
        assert!(remembered.stdout.contains("cached in the local repository"), "{remembered}");
        let _ = maven::exec(bed, "lib", &["deploy"]).ok();
        maven::forget(bed);
        let _ = maven::exec(bed, "app", &["compile"]).ok();
    });
}
