//! The one thing that a person must do: the enrollment has to reach whoever runs the issuer.

use std::path::Path;

use vouch_core::Failure;
use vouch_core::files::shell_word;
use vouch_core::hint::ENROLL;
use vouch_core::identity::Subject;

use super::plan::Plan;
use crate::terminal;

/// The commands for a pull request, in a clone of the team's repository of enrollments.
pub(super) fn pull_request(out: &Path, plan: &Plan) -> Result<(), Failure> {
    let out = std::path::absolute(out).unwrap_or_else(|_| out.to_owned());
    if !out.is_file() {
        return Err(Failure::configuration(
            format!("`{}` is not there, so there is nothing to hand over", out.display()),
            format!(
                "Write it again: {}.",
                ENROLL
                    .fill("URL", plan.issuer.as_str())
                    .fill("NAME", plan.subject.as_str())
                    .flag("--out", &out)
            ),
        ));
    }
    terminal::say("in a clone of your team's repository of enrollments:");
    terminal::print(&commands(&out, &plan.subject))
}

fn commands(out: &Path, subject: &Subject) -> String {
    let word = |text: &str| shell_word(text.as_ref());
    let branch = word(&format!("enroll-{subject}"));
    let file = word(&format!("enrollments/{subject}.json"));
    format!(
        "git switch -c {branch}\nmkdir -p enrollments\ncp {} {file}\ngit add {file}\ngit commit -m {}\ngit push -u origin {branch}\n",
        shell_word(out.as_os_str()),
        word(&format!("Enroll {subject}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_one_word_of_a_shell() {
        let shown = commands(Path::new("/home/it's/a b/enrollment.json"), &"alice".parse().unwrap());
        assert_eq!(
            shown,
            "git switch -c enroll-alice\nmkdir -p enrollments\n\
             cp '/home/it'\\''s/a b/enrollment.json' enrollments/alice.json\ngit add enrollments/alice.json\n\
             git commit -m 'Enroll alice'\ngit push -u origin enroll-alice\n"
        );
    }
}
