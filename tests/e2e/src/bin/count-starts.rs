//! Stands in front of a program of the same name on `PATH`, notes each start with its arguments, and lets it work.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

fn main() {
    let called = env::args_os().next().expect("a program has a name");
    let name = Path::new(&called).file_name().expect("a program has a name").to_owned();
    let args: Vec<String> = env::args().skip(1).collect();
    let notes = env::var_os("VOUCH_E2E_STARTS").expect("the test says where to note starts");
    let mut notes =
        OpenOptions::new().create(true).append(true).open(notes).expect("the notes can be written");
    // One write, so that the notes of programs that run at once do not mix.
    notes.write_all(format!("{}\n", args.join(" ")).as_bytes()).expect("the notes can be written");

    // Whoever comes next does not find this folder again.
    let own = env::var_os("VOUCH_E2E_COUNTING").expect("the test says where this is");
    let path = env::var_os("PATH").unwrap_or_default();
    let rest: Vec<_> = env::split_paths(&path).filter(|folder| folder.as_os_str() != own).collect();
    let next = rest.iter().map(|folder| folder.join(&name)).find(|program| program.is_file());
    let Some(next) = next else { std::process::exit(127) };
    let path = env::join_paths(rest).expect("the folders come from PATH");
    let error = Command::new(&next).args(&args).env("PATH", path).exec();
    panic!("{}: {error}", next.display());
}
