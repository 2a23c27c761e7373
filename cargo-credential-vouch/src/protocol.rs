//! Cargo's side of the pipe, line by line.
//!
//! The loop of the crate `cargo-credential` is not used: it takes no string with an escape in it, and quotes what it did not
//! take, the token that somebody pipes into `cargo login` and the password in a URL as well.

use std::io::{self, BufRead, Write};

use cargo_credential::{
    Credential, CredentialHello, CredentialRequest, CredentialResponse, Error, PROTOCOL_VERSION_1,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use vouch_helper::output;

/// Says hello and answers requests until Cargo has no more, or goes away.
pub(crate) fn run(credential: &impl Credential) -> io::Result<()> {
    let (mut input, mut output) = (io::stdin().lock(), output::stdout()?.lock());
    write_line(&mut output, &CredentialHello { v: vec![PROTOCOL_VERSION_1] })?;
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line)? > 0 {
        write_line(&mut output, &answer(&line, credential))?;
        line.clear();
    }
    Ok(())
}

pub(crate) fn answer(line: &[u8], credential: &impl Credential) -> Result<CredentialResponse, Error> {
    let request: Value = serde_json::from_slice(line).map_err(|_| not_understood())?;
    let request = CredentialRequest::deserialize(&request).map_err(|_| not_understood())?;
    if request.v != PROTOCOL_VERSION_1 {
        return Err(other(format!("version {} of Cargo's protocol is not known to Vouch", request.v)));
    }
    credential.perform(&request.registry, &request.action, &request.args)
}

fn not_understood() -> Error {
    other("Vouch does not understand what Cargo asks".into())
}

fn other(message: String) -> Error {
    Error::Other(message.into())
}

fn write_line(output: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *output, message)?;
    writeln!(output)?;
    output.flush()
}
