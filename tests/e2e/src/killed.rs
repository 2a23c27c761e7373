//! Programs that are killed between two system calls.

use crate::command::{CommandOutput, Run};

/// The calls by which a program changes what others see: files, and what is sent.
const CALLS: &str =
    "openat,mkdir,write,fchmod,fsync,renameat,renameat2,unlink,unlinkat,sendto,add_key,keyctl";

/// Runs a program that is killed at one of these calls, by its number in the program; none where it ended before.
pub fn killed_at(number: usize, wrap: impl FnOnce(&[&str]) -> Run) -> Option<CommandOutput> {
    let inject = format!("inject={CALLS}:signal=SIGKILL:when={number}");
    let trace = format!("trace={CALLS}");
    let done = wrap(&["-f", "-qqq", "-o", "/dev/null", "-e", &trace, "-e", &inject]).done();
    (done.code == 128 + 9).then_some(done)
}
