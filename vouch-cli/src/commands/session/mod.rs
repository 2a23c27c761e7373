//! `vouch session`: a session that comes from another machine.

mod hello;
mod import;

use vouch_core::{Context, Failure};

pub(crate) use hello::{Done, Hello, PROTOCOL, machine};

#[derive(Debug, clap::Subcommand)]
pub(crate) enum SessionCommand {
    /// Take the session that arrives on standard input, made by `vouch login --print-session` on another machine
    Import(import::Import),
}

pub(crate) fn run(context: &Context, command: &SessionCommand) -> Result<(), Failure> {
    match command {
        SessionCommand::Import(args) => import::run(context, args),
    }
}
