//! A Unix socket by which tests and people act on a running card: one command a line, one answer a line.
//!
//! | command | effect | answer |
//! |---|---|---|
//! | `touch auto`, `touch never`, `touch MS` | how touches are given from now on | `ok` |
//! | `touch now` | one touch, if the card is waiting for it | `ok` |
//! | `remove`, `insert` | pulls the card out, puts it back | `ok` |
//! | `counters` | | JSON of [`crate::Counters`] |
//! | `reset` | sets the counters to zero | `ok` |
//! | `status` | | JSON: `present`, `waiting_for_touch` |
//!
//! Anything else is answered by `error: ` and why.

use std::{
    io,
    io::{BufRead, BufReader, Write},
    os::unix::net::{UnixListener, UnixStream},
    str::FromStr,
    thread,
};

use crate::{Control, ParseTouchError, Touch};

/// Answers everyone who connects, each in a thread. Blocks for good; call it from a thread.
///
/// # Errors
///
/// Returns only if the socket can no longer be listened on.
pub fn serve(listener: &UnixListener, control: &Control) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept()?;
        let control = control.clone();
        thread::spawn(move || {
            if let Err(error) = answer(&stream, &control) {
                tracing::debug!(%error, "control connection ended");
            }
        });
    }
}

/// One line of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    SetTouch(Touch),
    TouchNow,
    Remove,
    Insert,
    Counters,
    Reset,
    Status,
}

/// A line that is no command.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseRequestError {
    #[error("`{0}` is not a command: touch, remove, insert, counters, reset or status is expected")]
    Unknown(String),
    #[error(transparent)]
    Touch(#[from] ParseTouchError),
}

impl FromStr for Request {
    type Err = ParseRequestError;

    fn from_str(line: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["touch", "now"] => Ok(Self::TouchNow),
            ["touch", how] => Ok(Self::SetTouch(how.parse()?)),
            ["remove"] => Ok(Self::Remove),
            ["insert"] => Ok(Self::Insert),
            ["counters"] => Ok(Self::Counters),
            ["reset"] => Ok(Self::Reset),
            ["status"] => Ok(Self::Status),
            _ => Err(ParseRequestError::Unknown(line.trim().to_owned())),
        }
    }
}

impl Request {
    /// Does it, and gives the line to answer with.
    pub fn apply(self, control: &Control) -> String {
        match self {
            Self::SetTouch(touch) => control.set_touch(touch),
            Self::TouchNow => control.touch(),
            Self::Remove => control.remove(),
            Self::Insert => control.insert(),
            Self::Reset => control.reset_counters(),
            Self::Counters => return serde_json::json!(control.counters()).to_string(),
            Self::Status => {
                let (present, waiting) = (control.is_present(), control.is_waiting_for_touch());
                return serde_json::json!({ "present": present, "waiting_for_touch": waiting }).to_string();
            }
        }
        "ok".to_owned()
    }
}

fn answer(mut stream: &UnixStream, control: &Control) -> io::Result<()> {
    for line in BufReader::new(stream).lines() {
        let answer = match line?.parse::<Request>() {
            Ok(request) => request.apply(control),
            Err(error) => format!("error: {error}"),
        };
        stream.write_all(format!("{answer}\n").as_bytes())?;
    }
    Ok(())
}
