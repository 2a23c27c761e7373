//! The findings, for a person and for a program.

use std::collections::HashMap;

use clap::builder::styling::Style;
use serde_json::{Value, json};
use vouch_clients::finding::{Finding, Status};
use vouch_core::hint::{DOCTOR_ALL, DOCTOR_ONLINE};
use vouch_helper::home;

use crate::terminal::{GREEN, RED, YELLOW};

const DIM: Style = Style::new().dimmed();

/// What is left out for a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Nothing.
    All,
    /// What is well, and what was not looked at: their number says enough.
    Faults,
}

/// Three lines for what is not well, one for what is, and a sum.
pub(super) fn text(findings: &[Finding], extent: Extent, online: bool) -> String {
    let mut lines = lines(findings);
    if extent == Extent::Faults {
        lines.retain(|line| matches!(line.status, Status::Warn | Status::Fail));
    }
    let width = lines.iter().map(|line| line.subject.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for Line { status, subject, message, why, fix } in lines {
        let (word, style) = shown(status);
        text.push_str(&format!(
            "{style}{word:<4}{style:#}  {subject:<width$}  {}\n",
            indented(&message, width)
        ));
        for (label, more) in [("why", why), ("fix", fix)] {
            let Some(more) = more else { continue };
            text.push_str(&format!("{:4}  {:<width$}  {label}: {}\n", "", "", indented(more, width)));
        }
    }
    let gap = if text.is_empty() { "" } else { "\n" };
    text.push_str(&format!("{gap}{}\n", sum(findings)));
    if extent == Extent::Faults {
        text.push_str(&home::commands(&format!(
            "{DOCTOR_ALL} lists what is ok and what was skipped, too.\n"
        )));
    }
    if !online {
        text.push_str(&home::commands(&format!(
            "AWS and the issuer were not asked: {DOCTOR_ONLINE} does that.\n"
        )));
    }
    text
}

pub(super) fn json(findings: &[Finding], online: bool) -> String {
    let count = |status| findings.iter().filter(|finding| finding.status() == status).count();
    let document: Value = json!({
        "version": 1,
        "vouch": env!("CARGO_PKG_VERSION"),
        "online": online,
        "ok": count(Status::Ok),
        "warn": count(Status::Warn),
        "fail": count(Status::Fail),
        "skip": count(Status::Skip),
        "findings": findings,
    });
    format!("{document:#}\n")
}

struct Line<'a> {
    status: Status,
    subject: &'a str,
    message: String,
    why: Option<&'a str>,
    fix: Option<&'a str>,
}

/// What is well about one thing stands in one line.
fn lines(findings: &[Finding]) -> Vec<Line<'_>> {
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut well: HashMap<&str, usize> = HashMap::new();
    for finding in findings {
        let (status, subject) = (finding.status(), finding.subject());
        let place = (status == Status::Ok).then(|| *well.entry(subject).or_insert(lines.len()));
        match place.and_then(|place| lines.get_mut(place)) {
            Some(line) => line.message.extend([", ", finding.message()]),
            None => lines.push(Line {
                status,
                subject,
                message: finding.message().to_owned(),
                why: finding.why(),
                fix: finding.fix(),
            }),
        }
    }
    lines
}

fn shown(status: Status) -> (&'static str, Style) {
    match status {
        Status::Ok => ("ok", GREEN),
        Status::Warn => ("warn", YELLOW),
        Status::Fail => ("FAIL", RED),
        Status::Skip => ("skip", DIM),
    }
}

/// Further lines of a text stand below its first.
fn indented(text: &str, width: usize) -> String {
    text.trim_end().replace('\n', &format!("\n{}", " ".repeat(width + 8)))
}

fn sum(findings: &[Finding]) -> String {
    let count = |status| findings.iter().filter(|finding| finding.status() == status).count();
    format!(
        "{} ok, {} to know, {} failed, {} skipped",
        count(Status::Ok),
        count(Status::Warn),
        count(Status::Fail),
        count(Status::Skip)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_aligned_and_what_is_well_about_one_thing_is_one_line() {
        let findings = [
            Finding::ok("session", "until tomorrow"),
            Finding::ok("entry", "in force").about("cargo my-repo"),
            Finding::fail("overridden", "a variable", "It goes before.", "Unset it.").about("cargo my-repo"),
            Finding::ok("version", "cargo 1.95.0").about("cargo my-repo"),
        ];
        let plain = anstream::adapter::strip_str(&text(&findings, Extent::All, true)).to_string();
        let wanted = "\
ok    session        until tomorrow
ok    cargo my-repo  in force, cargo 1.95.0
FAIL  cargo my-repo  a variable
                     why: It goes before.
                     fix: Unset it.

3 ok, 0 to know, 1 failed, 0 skipped
";
        assert_eq!(plain, wanted);
        let plain = anstream::adapter::strip_str(&text(&findings, Extent::Faults, true)).to_string();
        let wanted = "\
FAIL  cargo my-repo  a variable
                     why: It goes before.
                     fix: Unset it.

3 ok, 0 to know, 1 failed, 0 skipped
`vouch doctor --all` lists what is ok and what was skipped, too.
";
        assert_eq!(plain, wanted);
        let well = text(&[Finding::ok("session", "until tomorrow")], Extent::Faults, true);
        assert!(well.starts_with("1 ok, 0 to know, 0 failed, 0 skipped\n"), "{well}");
    }

    #[test]
    fn programs_get_every_finding_with_every_field() {
        let findings =
            [Finding::ok("entry", "in force").about("cargo my-repo"), Finding::skip("pin", "no card")];
        let document: Value = serde_json::from_str(&json(&findings, false)).unwrap();
        assert_eq!(
            (&document["version"], &document["ok"], &document["skip"]),
            (&json!(1), &json!(1), &json!(1))
        );
        let wanted = json!({
            "check": "entry", "about": "cargo my-repo", "status": "ok", "message": "in force", "why": null, "fix": null,
        });
        assert_eq!(document["findings"][0], wanted);
        assert_eq!(document["findings"][1]["about"], Value::Null);
    }
}
