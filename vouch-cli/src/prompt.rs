//! Secrets that a person types, or pipes in.

use std::io::{self, BufRead, IsTerminal};

use vouch_core::{ErrorKind, Failure, Secret};
use zeroize::Zeroizing;

use crate::quiet;

/// More than any secret that is asked for.
const LONGEST_LINE: u64 = 4096;

/// A line of standard input, or what is typed at a hidden prompt on the terminal. Only `vouch` prompts; its helpers never
/// do.
pub(crate) fn secret(from_stdin: bool, prompt: &str) -> Result<Secret<String>, Failure> {
    let text = if from_stdin { line(&mut io::stdin().lock()) } else { hidden(prompt) };
    text.map(Secret::new)
}

/// Whether there is somebody to ask.
pub(crate) fn has_user() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Whether the person says yes. Where there is nobody to ask, the answer is no.
pub(crate) fn agrees(question: &str) -> Result<bool, Failure> {
    if !has_user() {
        return Ok(false);
    }
    // What was typed before the question is no answer to it; what is typed as soon as it is shown, is one.
    let answer = quiet::paused(|| {
        crate::terminal::ask(&format!("{question} Type y for yes:"));
        line(&mut io::stdin().lock())
    })?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

/// Which of several things the user means, by its number; a few wrong answers, or an empty one, choose nothing. Where there
/// is nobody to ask, neither.
pub(crate) fn choose(question: &str, names: &[String]) -> Result<Option<usize>, Failure> {
    const ROUNDS: usize = 3;

    if !has_user() {
        return Ok(None);
    }
    quiet::paused(|| {
        crate::terminal::ask(question);
        for (place, name) in names.iter().enumerate() {
            crate::terminal::say(&format!("  {}  {name}", place + 1));
        }
        for _ in 0..ROUNDS {
            crate::terminal::ask(&format!("Type a number, 1 to {}:", names.len()));
            let answer = line(&mut io::stdin().lock())?;
            match place_of(&answer, names.len()) {
                Some(place) => return Ok(Some(place)),
                None if answer.trim().is_empty() => return Ok(None),
                None => {}
            }
        }
        Ok(None)
    })
}

fn place_of(answer: &str, count: usize) -> Option<usize> {
    let place = answer.trim().parse::<usize>().ok()?.checked_sub(1)?;
    (place < count).then_some(place)
}

/// One line without its end.
fn line(from: &mut impl BufRead) -> Result<String, Failure> {
    let mut text = Zeroizing::new(String::with_capacity(256));
    let read = io::Read::take(&mut *from, LONGEST_LINE).read_line(&mut text).map_err(|error| {
        Failure::new(
            ErrorKind::Usage,
            "cannot read standard input",
            "Pipe the secret in, as one line of text.",
        )
        .because(&error)
    })?;
    if read == 0 {
        return Err(Failure::new(
            ErrorKind::Usage,
            "standard input is empty",
            "Pipe the secret in, as one line of text.",
        ));
    }
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

fn hidden(prompt: &str) -> Result<String, Failure> {
    let failed = |error: &io::Error| {
        Failure::new(
            ErrorKind::Usage,
            "there is no terminal to ask on",
            "Run it on a terminal, or pipe the PIN in with `--pin-stdin`.",
        )
        .because(error)
    };
    if !io::stderr().is_terminal() && !io::stdin().is_terminal() {
        return Err(failed(&io::Error::from(io::ErrorKind::NotFound)));
    }
    quiet::read(prompt).map_err(|error| match error.kind() {
        io::ErrorKind::Interrupted => Failure::interrupted(),
        _ => failed(&error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_is_one_of_those_that_there_are() {
        for (answer, place) in [
            ("1", Some(0)),
            (" 2 ", Some(1)),
            ("3", None),
            ("0", None),
            ("", None),
            ("x", None),
            ("-1", None),
        ] {
            assert_eq!(place_of(answer, 2), place, "{answer:?}");
        }
    }

    #[test]
    fn one_line_is_read_and_its_end_left_out() {
        for (input, expected) in [("123456\n", "123456"), ("123456", "123456"), ("12 3\r\nnext\n", "12 3")] {
            assert_eq!(line(&mut input.as_bytes()).unwrap(), expected);
        }
        let mut input = "one\ntwo\n".as_bytes();
        assert_eq!((line(&mut input).unwrap(), line(&mut input).unwrap()), ("one".into(), "two".into()));
        assert!(line(&mut "".as_bytes()).is_err());
        assert!(line(&mut &b"\xff\n"[..]).is_err());
    }
}
