//! `vouch completions` and `vouch man`: from the command line itself, so that they cannot say anything else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap_complete::Shell;
use vouch_core::Failure;

use crate::terminal;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

pub(crate) fn run(args: &Args, mut command: clap::Command) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "vouch", &mut script);
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
    clap_mangen::Man::new(command.clone()).render(&mut page)?;
    fs::write(folder.join(format!("{name}.1")), page)?;
    let mut count = 1;
    for command in command.get_subcommands().filter(|command| command.get_name() != "help") {
        count += pages(command, folder)?;
    }
    Ok(count)
}
