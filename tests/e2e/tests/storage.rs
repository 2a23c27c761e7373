//! Files, disks and keystores that do not do what they should. Whatever fails, every file is as before.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use vouch_e2e::helper::INDEX;
use vouch_e2e::{Run, Sandbox, in_sandbox};

const CREDENTIAL: [&str; 2] = ["credential", "codeartifact"];

/// A file system of its own for `.vouch`, so that it can be full or read-only.
fn mount_vouch_home(sandbox: &Sandbox, options: &str) {
    let folder = sandbox.file(".vouch");
    fs::create_dir_all(&folder).unwrap();
    let _ = Run::new("mount").args(["-t", "tmpfs", "-o", options, "vouch"]).arg(&folder).ok();
}

fn remount(sandbox: &Sandbox, options: &str) {
    let _ = Run::new("mount").args(["-o", &format!("remount,{options}")]).arg(sandbox.file(".vouch")).ok();
}

#[test]
fn a_configuration_that_does_not_parse() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let broken = "{\n  \"version\": 1,\n  \"aws\": oops\n}\n";
        sandbox.write(".vouch/config.json", broken);
        let role = "arn:aws:iam::123456789012:role/CodeArtifact";
        for command in [&CREDENTIAL[..], &["status"], &["setup", "aws", "--role", role]] {
            let _ = sandbox.vouch(command).fails(7).says("config.json` line 3");
        }
        let _ = sandbox.vouch_with_pin(&["login"]).fails(7).says("line 3");
        assert_eq!(sandbox.read(".vouch/config.json"), broken);
    });
}

#[test]
fn a_configuration_of_a_newer_version() {
    in_sandbox(&[], |sandbox| {
        sandbox.write(".vouch/config.json", "{\"version\": 99}");
        let _ = sandbox.vouch(&["status"]).fails(7).says("99");
    });
}

#[test]
fn a_configuration_that_cannot_be_read() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let file = sandbox.file(".vouch/config.json");
        fs::remove_file(&file).unwrap();
        fs::create_dir(&file).unwrap();
        let _ = sandbox.vouch(&CREDENTIAL).fails(7).says("cannot read");
    });
}

#[test]
fn a_full_disk_at_login_leaves_the_session_as_it_was() {
    in_sandbox(&[], |sandbox| {
        mount_vouch_home(sandbox, "size=64k,mode=0700");
        sandbox.ready();
        let token = sandbox.vouch(&CREDENTIAL).ok().stdout;
        fill(sandbox);
        let _ = sandbox.vouch_with_pin(&["login"]).fails(7).says("room on the disk");
        assert_eq!(sandbox.vouch(&CREDENTIAL).ok().stdout, token, "the old session still works");
    });
}

#[test]
fn a_full_disk_at_an_exchange_still_answers() {
    in_sandbox(&[], |sandbox| {
        mount_vouch_home(sandbox, "size=64k,mode=0700");
        sandbox.ready();
        fill(sandbox);
        let _ = sandbox.vouch(&CREDENTIAL).ok();
    });
}

#[test]
fn a_full_disk_at_setup_changes_nothing() {
    in_sandbox(&[], |sandbox| {
        mount_vouch_home(sandbox, "size=64k,mode=0700");
        sandbox.enroll();
        let before = sandbox.read(".vouch/config.json");
        fill(sandbox);
        let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo"];
        let _ = sandbox.vouch(&setup).args(vouch_e2e::MY_DOMAIN).fails(7).says("room on the disk");
        assert_eq!(sandbox.read(".vouch/config.json"), before);
        assert!(!sandbox.file(".cargo/config.toml").exists(), "cargo's file is not edited for nothing");
    });
}

/// A file that can only be overwritten where it is, as in a container that has the one file of a home, on a disk that is
/// full: whatever setup says, it is as it was.
#[test]
fn a_full_disk_under_a_mounted_file_leaves_it_whole() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let disk = sandbox.file("disk");
        fs::create_dir(&disk).unwrap();
        let _ = Run::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "disk"]).arg(&disk).ok();
        // To the last byte of a page: one more line needs another one, and pushes the end out of this one.
        let table = format!("[registries.my-repo]\nindex = \"{INDEX}\"\n\n# ");
        let end = "\n[build]\njobs = 4\n";
        let text = format!("{table}{}{end}", "x".repeat(4096 - table.len() - end.len()));
        assert_eq!(text.len(), 4096);
        fs::write(disk.join("config.toml"), &text).unwrap();
        sandbox.write(".cargo/config.toml", "");
        let mount = Run::new("mount").arg("--bind").arg(disk.join("config.toml"));
        let _ = mount.arg(sandbox.file(".cargo/config.toml")).ok();
        fill_up(&disk.join("rubbish"));
        let setup = ["setup", "codeartifact", "--tool", "cargo", "--repository", "my-repo"];
        let failed = sandbox.vouch(&setup).args(vouch_e2e::MY_DOMAIN).fails(7);
        let _ = failed.says("it is as it was").says("room on the disk");
        assert_eq!(sandbox.read(".cargo/config.toml"), text);
        fs::remove_file(disk.join("rubbish")).unwrap();
        let _ = sandbox.vouch(&setup).args(vouch_e2e::MY_DOMAIN).ok();
        assert!(sandbox.read(".cargo/config.toml").ends_with(end));
    });
}

/// Who waits for a lock in vain is told which process has it.
#[test]
fn a_process_that_holds_a_lock_is_named() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let lock = sandbox.file(".vouch/config.lock");
        let held = vouch_core::files::Lock::acquire(&lock, std::time::Instant::now()).unwrap();
        let role = "arn:aws:iam::123456789012:role/Other";
        let id = std::process::id();
        let waited = sandbox.vouch(&["setup", "aws", "--role", role]).fails(7);
        let _ =
            waited.says(&format!("process {id} (")).says("has been changing the configuration for too long");
        drop(held);
        let _ = sandbox.vouch(&["setup", "aws", "--role", role]).ok();
    });
}

fn fill(sandbox: &Sandbox) {
    fill_up(&sandbox.file(".vouch/rubbish"));
}

fn fill_up(rubbish: &std::path::Path) {
    use std::io::Write;

    let mut rubbish = fs::File::create(rubbish).unwrap();
    while rubbish.write_all(&[0; 512]).is_ok() {}
}

#[test]
fn a_read_only_home() {
    in_sandbox(&[], |sandbox| {
        mount_vouch_home(sandbox, "mode=0700");
        sandbox.ready();
        let before = sandbox.read(".vouch/config.json");
        remount(sandbox, "ro");
        let _ = sandbox.vouch_with_pin(&["login"]).fails(7).says("writable");
        let role = "arn:aws:iam::123456789012:role/CodeArtifact";
        let _ =
            sandbox.vouch(&["setup", "aws", "--role", role, "--profile", "other"]).fails(7).says("writable");
        assert_eq!(sandbox.read(".vouch/config.json"), before);
        remount(sandbox, "rw");
        let _ = sandbox.vouch(&CREDENTIAL).ok();
    });
}

#[test]
fn a_home_that_is_read_only_from_the_start() {
    in_sandbox(&[], |sandbox| {
        mount_vouch_home(sandbox, "ro,mode=0700");
        let role = "arn:aws:iam::123456789012:role/CodeArtifact";
        let _ = sandbox.vouch(&["setup", "aws", "--role", role]).fails(7).says("writable");
    });
}

/// Such as on a network that goes away while AWS is asked.
#[test]
fn a_home_that_vanishes_meanwhile() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        for _ in 0..2 {
            sandbox.forget();
            let held = sandbox.hold("sts");
            let running = sandbox.vouch(&["credential", "codeartifact"]).start();
            held.wait_for_request();
            let away = sandbox.file("away");
            fs::rename(sandbox.file(".vouch"), &away).unwrap();
            drop(held);
            let done = running.wait().expect_code(0);
            assert!(done.stdout.starts_with("eyJ"), "{done}");
            assert!(!sandbox.file(".vouch/vault").exists(), "nothing is made anew");
            let _ = fs::remove_dir_all(sandbox.file(".vouch"));
            fs::rename(&away, sandbox.file(".vouch")).unwrap();
            let _ = sandbox.vouch(&["credential", "codeartifact"]).ok();
        }
    });
}

#[test]
fn a_system_without_the_kernel_keyring() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.set_up_cargo();
        let without = |args: &[&str]| {
            let program =
                std::env::current_exe().unwrap().ancestors().nth(2).unwrap().join("without-keyring");
            Run::new(program).arg("vouch").args(args).within(sandbox.home())
        };
        let pin = format!("{}\n", sandbox.pin());
        let login = without(&["login", "--pin-stdin"]).stdin(pin.clone());
        let _ = login.fails(7).says("kernel keyring").says("VOUCH_KEYSTORE=runtime-file");
        let _ = without(&["credential", "codeartifact"]).done().says("VOUCH_KEYSTORE=runtime-file");
        // The way out that the message names.
        let login = without(&["login", "--pin-stdin"]).stdin(pin).env("VOUCH_KEYSTORE", "runtime-file");
        let _ = login.ok();
        let _ = without(&["credential", "codeartifact"]).env("VOUCH_KEYSTORE", "runtime-file").ok();
        let _ = without(&["logout"]).env("VOUCH_KEYSTORE", "runtime-file").ok();
        let _ = without(&["credential", "codeartifact"]).env("VOUCH_KEYSTORE", "runtime-file").fails(3);
    });
}

#[test]
fn a_runtime_folder_that_others_may_enter() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let open = sandbox.file("open");
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        let login = sandbox
            .vouch_with_pin(&["login"])
            .env("VOUCH_KEYSTORE", "runtime-file")
            .env("XDG_RUNTIME_DIR", &open);
        let _ = login.fails(7).says("others may enter");
    });
}

#[test]
fn an_unknown_keystore() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let _ =
            sandbox.vouch_with_pin(&["login"]).env("VOUCH_KEYSTORE", "vault").fails(7).says("VOUCH_KEYSTORE");
        assert_eq!(sandbox.count("/card/touches"), 1, "no touch is asked for in vain");
    });
}
