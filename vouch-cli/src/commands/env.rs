//! `vouch env`: a credential for the shell that evaluates the answer.

use std::io::{IsTerminal, stdout};

use vouch_clients::tool::Tool;
use vouch_core::hint::VOUCH_EXEC;
use vouch_core::home::HomeError;
use vouch_core::{Context, ErrorKind, Failure};

use crate::credential_args::{CredentialRequest, Kind};
use crate::project_trust;
use crate::shell::Shell;
use crate::terminal;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    wanted: CredentialRequest,
    /// The shell that reads the answer [default: the one that asks]
    #[arg(long, value_enum)]
    shell: Option<Shell>,
    /// Print the secret even to a terminal
    #[arg(long)]
    force: bool,
}

/// Without a home, too, the shell that evaluates the answer is made to fail.
pub(crate) fn run(context: Result<Context, HomeError>, args: Args) -> Result<(), Failure> {
    let shell = args.shell.unwrap_or_else(Shell::detect);
    if stdout().is_terminal() && !args.force {
        let mut arguments = format!("env {}", args.wanted.arguments());
        if let Some(shell) = args.shell.and_then(|shell| clap::ValueEnum::to_possible_value(&shell)) {
            arguments.push_str(&format!(" --shell {}", shell.get_name()));
        }
        return Err(Failure::new(
            ErrorKind::Usage,
            "this would show a secret on the terminal",
            format!(
                "Let the shell read it: `{}`. To see it all the same, add `--force`.",
                shell.usage(&arguments, &names(&args.wanted.all_variables(context.as_ref().ok())))
            ),
        ));
    }
    let all = args.wanted.all_variables(context.as_ref().ok());
    match context.map_err(Failure::from).and_then(|context| script(&context, &args, shell)) {
        Ok(script) => terminal::print_raw(&script),
        Err(failed) => {
            // Whatever reads this must neither go on nor use a credential of yesterday.
            terminal::print_raw(&shell.fail(&names(&all)))?;
            Err(failed)
        }
    }
}

fn script(context: &Context, args: &Args, shell: Shell) -> Result<String, Failure> {
    let issued = args.wanted.fetch(context)?;
    if args.wanted.kind != Kind::Aws {
        project_trust::warn(&args.wanted.targets(&context.config()?), Tool::ALL);
    }
    let variables: Vec<_> =
        issued.set.iter().map(|(name, value)| (name.as_str(), value.expose().as_str())).collect();
    let set = shell.set(&variables).map_err(|_| {
        Failure::new(
            ErrorKind::Other,
            "the credential has characters that this shell cannot read",
            format!("Use {VOUCH_EXEC}, or another shell with `--shell`."),
        )
    })?;
    Ok(shell.unset(&names(&issued.unset)) + &set)
}

fn names(variables: &[String]) -> Vec<&str> {
    variables.iter().map(String::as_str).collect()
}

/// What a command line that was mistyped is answered with on stdout: `eval` of nothing would succeed.
pub(crate) fn answer_to_wrong_usage(arguments: &[String]) -> Option<String> {
    if arguments.first().is_none_or(|command| command != "env") {
        return None;
    }
    let value = |flag: &str| {
        let mut following = arguments.iter().skip_while(|argument| *argument != flag).skip(1);
        let joined = format!("{flag}=");
        following
            .next()
            .map(String::as_str)
            .or_else(|| arguments.iter().find_map(|arg| arg.strip_prefix(&joined)))
    };
    let shell = value("--shell").and_then(|name| <Shell as clap::ValueEnum>::from_str(name, false).ok());
    let kind = value("--type").and_then(|name| <Kind as clap::ValueEnum>::from_str(name, false).ok());
    // What is known to be meant is unset; a mistyped word takes nothing away.
    Some(shell.unwrap_or_else(Shell::detect).fail(&kind.map(Kind::all_variables).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(line: &str) -> Option<String> {
        answer_to_wrong_usage(&line.split(' ').skip(1).map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_mistyped_line_makes_the_shell_fail() {
        let unset = "unset CODEARTIFACT_AUTH_TOKEN;\nfalse;\n";
        assert_eq!(answered("vouch env --type codeartifact --shell sh --typo").unwrap(), unset);
        assert_eq!(answered("vouch env --shell=sh --type=codeartifact x").unwrap(), unset);
        assert_eq!(answered("vouch env --shell fish --type x").unwrap(), "false;\n");
        assert_eq!(answered("vouch exec --type codeartifact"), None);
        assert_eq!(answered("vouch"), None);
    }
}
