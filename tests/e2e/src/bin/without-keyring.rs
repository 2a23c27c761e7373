//! Runs a command on a system whose kernel keyring is forbidden, as under the default profile of common containers.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::process::Command;

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter};

/// EPERM, which is what container engines answer.
const EPERM: u32 = 1;

fn main() {
    let keyring = [nix::libc::SYS_add_key, nix::libc::SYS_request_key, nix::libc::SYS_keyctl];
    let rules: BTreeMap<_, _> = keyring.into_iter().map(|call| (call, Vec::new())).collect();
    let arch = TargetArch::try_from(std::env::consts::ARCH).expect("a known architecture");
    let filter =
        SeccompFilter::new(rules, SeccompAction::Allow, SeccompAction::Errno(EPERM), arch).expect("a filter");
    let program: BpfProgram = filter.try_into().expect("a program");
    apply_filter(&program).expect("the kernel takes filters");
    let mut args = std::env::args_os().skip(1);
    let error = Command::new(args.next().expect("a command")).args(args).exec();
    panic!("{error}");
}
