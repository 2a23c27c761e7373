//! The answer on stdout, and failures in words.

use std::borrow::Cow;
use std::fmt;
use std::io::{self, Stdout, Write};
use std::process::ExitCode;

use vouch_core::Failure;

use crate::closed::is_stdout_closed;
use crate::home;
use crate::text::{is_printable, printable, printable_line};

/// Writes the answer as it is. A client that is gone gets a failure, and nobody is told.
pub fn answer(text: &str) -> ExitCode {
    answer_by(|| print(text))
}

/// The same for what something else writes to stdout, such as the text of `--help`.
pub fn answer_by(write: impl FnOnce() -> io::Result<()>) -> ExitCode {
    match stdout().and_then(|_| write()) {
        Ok(()) => return ExitCode::SUCCESS,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        Err(error) => say(&format!("error: cannot write the answer: {error}")),
    }
    ExitCode::FAILURE
}

/// Writes to stdout, all of it.
///
/// # Errors
/// Where stdout is closed or full.
pub fn print(text: &str) -> io::Result<()> {
    let mut stdout = stdout()?.lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Stdout, if somebody can read it.
///
/// # Errors
/// Where the program was started without one.
pub fn stdout() -> io::Result<Stdout> {
    match is_stdout_closed() {
        true => Err(io::Error::other("stdout is closed")),
        false => Ok(io::stdout()),
    }
}

/// One line on stderr.
pub fn say(text: &str) {
    // Where stderr is closed there is nobody to tell.
    let _ = writeln!(io::stderr().lock(), "{}", printable_line(text));
}

/// Says what is wrong with the command line: `styled` as the parser of arguments says it, in color, unless an argument
/// that it may quote holds what a terminal would act on.
pub fn usage_error(styled: impl FnOnce() -> io::Result<()>, plain: &str) {
    let harmless = std::env::args_os().all(|argument| argument.to_str().is_some_and(is_printable));
    // Where stderr is closed there is nobody to tell.
    let _ = match harmless {
        true => styled(),
        false => io::stderr().lock().write_all(printable(plain).as_bytes()),
    };
}

/// What a line of a failure tells; shown as the label of that line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Message,
    Cause,
    Hint,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message => "error: ",
            Self::Cause => "  caused by: ",
            Self::Hint => "hint: ",
        })
    }
}

/// What failed, why, and what to type next: a line each.
pub fn parts(failure: &Failure) -> impl Iterator<Item = (Part, Cow<'_, str>)> {
    let Failure { message, causes, hint, .. } = failure;
    let causes = causes.iter().map(|cause| (Part::Cause, cause.as_str()));
    let hint = hint.iter().map(|hint| (Part::Hint, hint.as_str()));
    let all = std::iter::once((Part::Message, message.as_str())).chain(causes).chain(hint);
    all.map(|(part, text)| (part, home::commands(text)))
}

/// All of it as one line.
pub fn one_line(Failure { message, causes, hint, .. }: &Failure) -> String {
    let mut line = [std::slice::from_ref(message), causes].concat().join(": ");
    if let Some(hint) = hint {
        line.push_str(". ");
        line.push_str(hint);
    }
    printable_line(&home::commands(&line).replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use vouch_core::ErrorKind;

    use super::*;

    fn failure() -> Failure {
        Failure {
            kind: ErrorKind::NoSession,
            message: "your session\u{202e} has expired".into(),
            causes: vec!["a\nb".into()],
            hint: Some("Run `vouch login`.".into()),
        }
    }

    #[test]
    fn a_failure_is_one_line_for_the_terminal() {
        assert_eq!(one_line(&failure()), "your session\\u{202e} has expired: a b. Run `vouch login`.");
    }

    #[test]
    fn a_failure_is_told_in_order() {
        let failure = failure();
        let told: Vec<_> = parts(&failure).map(|(part, _)| part).collect();
        assert_eq!(told, [Part::Message, Part::Cause, Part::Hint]);
    }
}
