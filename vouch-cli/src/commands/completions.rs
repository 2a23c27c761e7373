//! `vouch completions` and `vouch man`: from the command line itself, so that they cannot say anything else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap_complete::Shell as KnownShell;
use clap_complete_nushell::Nushell;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};
use vouch_core::Failure;

use super::help;
use crate::terminal;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// A shell that completes.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    Nushell,
    #[value(name = "powershell")]
    Pwsh,
    Zsh,
}

pub(crate) fn run(args: &Args, mut command: clap::Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    let known = match args.shell {
        Shell::Bash => KnownShell::Bash,
        Shell::Elvish => KnownShell::Elvish,
        Shell::Fish => KnownShell::Fish,
        Shell::Pwsh => KnownShell::PowerShell,
        Shell::Zsh => KnownShell::Zsh,
        Shell::Nushell => {
            clap_complete::generate(Nushell, &mut command, "vouch", &mut script);
            return terminal::print_raw(&String::from_utf8_lossy(&script));
        }
    };
    clap_complete::generate(known, &mut command, "vouch", &mut script);
    terminal::print_raw(&String::from_utf8_lossy(&script))
}

#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// The directory to write the pages into, such as ~/.local/share/man/man1
    #[arg(value_name = "DIR")]
    folder: PathBuf,
}

pub(crate) fn man(args: &ManArgs, mut command: clap::Command) -> Result<(), Failure> {
    command.build();
    let pages = fs::create_dir_all(&args.folder).and_then(|()| pages(&command, &args.folder));
    let pages = pages.map_err(|error| {
        let hint = "Give a directory that you may write into.";
        Failure::configuration(format!("cannot write into `{}`", args.folder.display()), hint).because(&error)
    })?;
    terminal::done(&format!("{pages} pages in `{}`", args.folder.display()));
    Ok(())
}

/// Writes the page of a command and those of its subcommands.
fn pages(command: &clap::Command, folder: &Path) -> io::Result<usize> {
    let mut page = Vec::new();
    let name = command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned();
    render(command, &name.replace('-', " "), &mut page)?;
    fs::write(folder.join(format!("{name}.1")), page)?;
    let mut count = 1;
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        count += pages(command, folder)?;
    }
    Ok(count)
}

/// A page with the sections that `man` pages have.
fn render(command: &clap::Command, words: &str, page: &mut Vec<u8>) -> io::Result<()> {
    let man = Man::new(command.clone());
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    if command.get_arguments().any(|argument| !argument.is_hide_set()) {
        man.render_options_section(page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(page)?;
    }
    let mut roff = Roff::new();
    let help = help::of(words);
    if let Some(help) = help {
        roff.control("SH", ["EXAMPLES"]);
        roff.control("nf", []);
        for example in help.examples {
            roff.text([roman(*example)]);
        }
        roff.control("fi", []);
    }
    for (title, rows) in
        [("EXIT STATUS", help::EXIT_STATUS), ("FILES", help::FILES), ("ENVIRONMENT", help::ENVIRONMENT)]
    {
        roff.control("SH", [title]);
        for (name, text) in rows {
            roff.control("TP", []);
            roff.text([bold(*name)]);
            roff.text([roman(*text)]);
        }
    }
    roff.control("SH", ["SEE ALSO"]);
    let of_page = help.map(|help| format!("docs/{}, ", help.page)).unwrap_or_default();
    roff.text([roman(format!(
        "{of_page}docs/environment.md for all variables, docs/troubleshooting.md for all messages; packages have them in \
         share/doc/vouch."
    ))]);
    roff.to_writer(page)?;
    match command.get_version() {
        Some(_) => man.render_version_section(page),
        None => Ok(()),
    }
}
