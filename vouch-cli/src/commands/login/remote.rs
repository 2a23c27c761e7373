//! `vouch login --remote`: PIN and touch here, the session there. The ID token goes into the standard input of `ssh` and nowhere
//! else; what the other machine says is somebody else's text.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, ExitStatus, Stdio};

use serde::de::DeserializeOwned;
use serde_json::Value;
use vouch_core::hint::{LOGIN, LOGOUT, SETUP_AWS_THERE, STATUS_THERE};
use vouch_core::identity::Identity;
use vouch_core::session::{Handover, Label};
use vouch_core::{Context, ErrorKind, Failure, UnixTime};
use vouch_helper::text::printable_line;

use super::args::{Args, enrolled};
use super::elsewhere;
use crate::commands::session::{Done, Hello, PROTOCOL};
use crate::home_choice::HomeFlag;
use crate::remote::Remote;
use crate::terminal;

/// How far two clocks may be apart, in seconds: AWS allows as much.
const CLOCK_TOLERANCE: i64 = 5 * 60;

/// The most that the other machine may say before it answers, in bytes: a shell's greetings.
const TALK_LIMIT: u64 = 64 * 1024;

/// One connection, on which one machine answers first, and gets the session then.
struct Connection<'a> {
    remote: &'a Remote,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<std::io::Take<ChildStdout>>,
}

pub(super) fn run(context: &Context, home: &HomeFlag, args: &Args, remote: &Remote) -> Result<(), Failure> {
    let config = context.config()?;
    let identity = enrolled(&config)?;
    let mut connection = Connection::open(remote, args.elsewhere.replace)?;
    let hello = connection.hello()?;
    check(&hello, remote, identity, args.elsewhere.replace)?;
    let host = &remote.destination;
    elsewhere::explain(&format!("root of {host}"), identity, args);
    let mut handover = elsewhere::sign(context, home, args, identity, || Ok(()))?;
    handover.host = Some(Label::of(remote.destination.host()));
    handover.nonce = hello.nonce;
    connection.send(&handover)?;
    let done: Done = connection.done()?;
    verify(remote, identity, done.imported_until)?;
    terminal::done(&format!(
        "{} is logged in on {host} until {}, as {}",
        identity.subject,
        terminal::local_time(done.imported_until),
        printable_line(&hello.role)
    ));
    terminal::next(&format!("{} when you are done there", LOGOUT.words(&remote.flags())));
    Ok(())
}

impl<'a> Connection<'a> {
    fn open(remote: &'a Remote, replace: bool) -> Result<Self, Failure> {
        let mut words = vec!["session", "import", "--attended"];
        if replace {
            words.push("--replace");
        }
        let mut ssh = remote.vouch(&words);
        ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = ssh.spawn().map_err(|error| remote.not_started(&error))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        let output = output.ok_or_else(|| remote.not_started(&std::io::ErrorKind::BrokenPipe.into()))?;
        Ok(Self { remote, child, input, output: BufReader::new(output.take(TALK_LIMIT)) })
    }

    /// What the machine says of itself.
    fn hello(&mut self) -> Result<Hello, Failure> {
        let hello: Option<Hello> = self.answer();
        match hello {
            Some(hello) if hello.vouch_session_import == PROTOCOL && hello.nonce.is_some() => Ok(hello),
            Some(hello) => Err(Failure::configuration(
                format!(
                    "{} has Vouch {}, which hands sessions over in another way than {}",
                    self.remote.destination,
                    printable_line(&hello.version),
                    env!("CARGO_PKG_VERSION")
                ),
                "Install the same version here and there. Nothing was sent.",
            )),
            None => Err(self.no_hello()),
        }
    }

    fn no_hello(&mut self) -> Failure {
        let host = &self.remote.destination;
        let Some(status) = self.end() else { return self.lost_before() };
        if let Some(failure) = self.remote.failure(status) {
            return failure;
        }
        let above = format!(
            "Do on {host} what its own words above say. Nothing was sent, and the YubiKey was not asked."
        );
        match status.code().unwrap_or_default() {
            2 => Failure::configuration(
                format!("the Vouch of {host} cannot take a session from another machine"),
                format!("It is older than this one: install Vouch {} there.", env!("CARGO_PKG_VERSION")),
            ),
            0 => Failure::configuration(
                format!("{host} answered with something else than Vouch"),
                format!("Look at what `ssh {host} vouch --version` prints."),
            ),
            code => Failure {
                kind: kind(code),
                ..Failure::new(ErrorKind::Other, format!("{host} cannot take a session now"), above)
            },
        }
    }

    fn send(&mut self, handover: &Handover) -> Result<(), Failure> {
        let line = handover.line()?;
        let sent = self.input.take().map(|mut input| input.write_all(line.as_bytes()));
        match sent {
            Some(Ok(())) => Ok(()),
            _ => {
                self.end();
                Err(self.lost_before())
            }
        }
    }

    /// That the machine has the session.
    fn done(&mut self) -> Result<Done, Failure> {
        let done = self.answer();
        let status = self.end();
        let host = &self.remote.destination;
        let look = format!(
            "{} says whether it has it; {} ends it.",
            STATUS_THERE.words(&self.remote.flags()),
            LOGOUT.words(&self.remote.flags())
        );
        match (done, status) {
            (Some(done), Some(status)) if status.success() => Ok(done),
            (None, Some(status)) if self.remote.failure(status).is_none() && !status.success() => {
                Err(Failure {
                    kind: kind(status.code().unwrap_or_default()),
                    ..Failure::new(
                        ErrorKind::Other,
                        format!("{host} did not take the session"),
                        "Its own words are above. What was there is as it was.",
                    )
                })
            }
            _ => Err(Failure::new(
                ErrorKind::Network,
                format!(
                    "the connection to {host} was lost after the touch, before it said that it has the session"
                ),
                look,
            )),
        }
    }

    fn lost_before(&self) -> Failure {
        Failure::new(
            ErrorKind::Network,
            format!("the connection to {} was lost before the session was sent", self.remote.destination),
            format!("Try again: {}. That machine is as it was.", LOGIN.words(&self.remote.flags())),
        )
    }

    /// The next line that is an answer; greetings of a shell are none.
    fn answer<T: DeserializeOwned>(&mut self) -> Option<T> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if self.output.read_until(b'\n', &mut line).ok()? == 0 {
                return None;
            }
            if let Ok(answer) = serde_json::from_slice(&line) {
                return Some(answer);
            }
        }
    }

    fn end(&mut self) -> Option<ExitStatus> {
        drop(self.input.take());
        self.child.wait().ok()
    }
}

impl Drop for Connection<'_> {
    /// Without the session nobody waits there any more.
    fn drop(&mut self) {
        self.end();
    }
}

/// Refuses before the touch what the other machine would refuse after it.
fn check(hello: &Hello, remote: &Remote, identity: &Identity, replace: bool) -> Result<(), Failure> {
    let host = &remote.destination;
    let ahead = hello.time.since(UnixTime::now());
    if ahead.abs() > CLOCK_TOLERANCE {
        let side = if ahead > 0 { "ahead of" } else { "behind" };
        return Err(Failure::configuration(
            format!("the clock of {host} is {} {side} this machine's", terminal::span(ahead.abs())),
            "Set the one that is wrong, then try again. Nothing was sent.",
        ));
    }
    let is_own = |issuer, subject| issuer == &identity.issuer && subject == &identity.subject;
    let others = hello.identity.iter().chain(hello.session.iter().map(|present| &present.user));
    if let Some(other) = others.into_iter().find(|user| !is_own(&user.issuer, &user.subject)) {
        return Err(Failure::new(
            ErrorKind::Refused,
            format!("the home of Vouch on {host} is in use by {} ({})", other.subject, other.issuer),
            format!(
                "Have one of your own there: `--remote-home DIR`, and {SETUP_AWS_THERE} on that machine first."
            ),
        ));
    }
    match &hello.session {
        Some(present) if present.source != "imported" && !replace => Err(Failure::new(
            ErrorKind::Refused,
            format!(
                "you are logged in on {host} already, by a YubiKey of that machine, until {}",
                terminal::local_time(present.expires_at)
            ),
            format!(
                "To put a session of this machine in its place: {}.",
                LOGIN.words(&remote.flags()).word("--replace")
            ),
        )),
        _ => Ok(()),
    }
}

/// Looks again, over another connection: some systems forget the keys of a user who is not logged in.
fn verify(remote: &Remote, identity: &Identity, until: UnixTime) -> Result<(), Failure> {
    let host = &remote.destination;
    let done = remote.output(&["status", "--json"])?;
    if let Some(failure) = remote.failure(done.status) {
        return Err(failure);
    }
    let text = String::from_utf8_lossy(&done.stdout);
    // Behind the greetings of a shell.
    let json = text.find("{\n").and_then(|at| text.get(at..)).unwrap_or_default();
    let told: Value = serde_json::from_str(json).unwrap_or_default();
    let says = |name: &str, expected: Value| told.pointer(&format!("/session/{name}")) == Some(&expected);
    let is_there = says("active", true.into())
        && says("source", "imported".into())
        && says("issuer", identity.issuer.as_str().into())
        && says("subject", identity.subject.as_str().into())
        && says("expires_at", terminal::utc_time(until).into());
    if is_there {
        return Ok(());
    }
    Err(Failure::new(
        ErrorKind::NoSession,
        format!("{host} took the session and does not have it on a second connection"),
        format!(
            "Its system may forget a user's keys when nobody of theirs is logged in: run `loginctl enable-linger` there, or keep \
             `ssh {host}` open, then {}. Or the name leads to several machines: give that of one.",
            LOGIN.words(&remote.flags())
        ),
    ))
}

/// What the exit code of a Vouch means.
fn kind(code: i32) -> ErrorKind {
    let kinds = [
        ErrorKind::NoSession,
        ErrorKind::Card,
        ErrorKind::Network,
        ErrorKind::Refused,
        ErrorKind::Configuration,
    ];
    kinds.into_iter().find(|kind| i32::from(kind.exit_code()) == code).unwrap_or(ErrorKind::Other)
}
