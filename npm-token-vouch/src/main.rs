//! AWS CodeArtifact tokens from Vouch for npm, pnpm, yarn and bun.
//!
//! Without a command it is a token helper: it prints `Bearer TOKEN`, which pnpm 10 to 12 send as it is. pnpm tells it
//! nothing, not even the registry, so the profile is in the name that it is called by: `npm-token-vouch-PROFILE`, in
//! the folder of the home that it serves. The commands keep the static tokens that npm, yarn 1 and bun read out of `.npmrc`.

mod cli;
mod helper;
mod output;
mod refresh;
mod remove;
mod status;
mod watch;
mod which;

use std::env;
use std::path::Path;
use std::process::ExitCode;

use vouch_helper::home;

fn main() -> ExitCode {
    vouch_core::process::harden();
    vouch_helper::log::start("npm_token_vouch");
    let arguments: Vec<_> = env::args_os().collect();
    let called =
        arguments.first().and_then(|called| Path::new(called).file_stem()?.to_str().map(str::to_owned));
    let profile = called.as_deref().and_then(|name| name.strip_prefix("npm-token-vouch-"));
    // As pnpm calls it, many times in an install: nothing else is looked at.
    if arguments.len() <= 1 {
        return helper::run(|| home::context(None), profile);
    }
    cli::run(profile)
}
