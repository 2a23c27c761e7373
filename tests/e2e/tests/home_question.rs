//! A login for a home that a variable names: a project can set it, so the person is asked before the card is.

use std::fs;

use vouch_e2e::{Sandbox, Terminal, in_sandbox};

/// A login on a terminal with `VOUCH_HOME` at a home that is not the usual one.
fn log_in_elsewhere(sandbox: &Sandbox) -> Terminal {
    sandbox.vouch(&["login"]).env("VOUCH_HOME", sandbox.file("elsewhere")).on_terminal()
}

#[test]
fn a_home_that_a_variable_names_is_confirmed_before_the_card_is_asked() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        fs::rename(sandbox.file(".vouch"), sandbox.file("elsewhere")).unwrap();
        let question = format!(
            "VOUCH_HOME names `{}` as the home of Vouch. Log in as alice with what is set up there?",
            sandbox.file("elsewhere").display()
        );
        for (answer, agrees) in [("", false), ("n", false), ("Yes", true), ("y", true)] {
            let signed = sandbox.count("/card/signs");
            let mut terminal = log_in_elsewhere(sandbox);
            terminal.wait_for(&question);
            terminal.wait_for("Type y for yes:");
            assert_eq!(sandbox.count("/card/signs"), signed);
            terminal.type_line(answer);
            if !agrees {
                let typed = format!("`vouch login --home {}`", sandbox.file("elsewhere").display());
                let done = terminal.wait().expect_code(7).says("nobody confirmed it").says(&typed);
                let _ = done.never_says("PIN of YubiKey");
                assert_eq!(sandbox.count("/card/signs"), signed);
                continue;
            }
            terminal.wait_for("PIN of YubiKey 12345678: ");
            assert!(!terminal.echoes(), "the PIN would be shown");
            terminal.type_line(sandbox.pin());
            let _ = terminal.wait().expect_code(0).says("logged in as alice");
            assert!(sandbox.count("/card/signs") > signed);
        }
        // Typed, it needs no question.
        let _ = sandbox.vouch_with_pin(&["login", "--home", "elsewhere"]).ok().never_says("Type y");
    });
}

#[test]
fn leaving_the_question_leaves_the_terminal_as_it_was() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        fs::rename(sandbox.file(".vouch"), sandbox.file("elsewhere")).unwrap();
        let signed = sandbox.count("/card/signs");
        let mut terminal = log_in_elsewhere(sandbox);
        terminal.wait_for("Type y for yes:");
        terminal.ctrl_c();
        vouch_e2e::card::wait_until("the terminal is as it was", || terminal.echoes());
        let done = terminal.wait();
        assert_ne!(done.code, 0, "{done}");
        assert_eq!(sandbox.count("/card/signs"), signed);
    });
}
