//! What lies in the vault is damaged, swapped, of another session or no file at all, and who holds a lock goes no further:
//! the right credential is fetched anew, or it is said what is wrong.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use vouch_e2e::{Run, Sandbox, in_sandbox};

const CREDENTIAL: [&str; 2] = ["credential", "codeartifact"];

/// The sealed files of a kind.
fn sealed(sandbox: &Sandbox, kind: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(sandbox.file(".vouch/vault")).unwrap();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with(&format!("{kind}-")) && name.ends_with(".sealed")
    });
    paths
}

fn the(sandbox: &Sandbox, kind: &str) -> PathBuf {
    let mut found = sealed(sandbox, kind);
    assert_eq!(found.len(), 1, "{kind}: {found:?}");
    found.remove(0)
}

type Spoiler = Box<dyn Fn(&PathBuf)>;

/// Ways to spoil a file that is there.
fn spoilers() -> Vec<(&'static str, Spoiler)> {
    let rewrite = |change: fn(Vec<u8>) -> Vec<u8>| -> Spoiler {
        Box::new(move |path| fs::write(path, change(fs::read(path).unwrap())).unwrap())
    };
    let instead = |make: fn(&PathBuf)| -> Spoiler {
        Box::new(move |path| {
            fs::remove_file(path).unwrap();
            make(path);
        })
    };
    vec![
        ("emptied", rewrite(|_| Vec::new())),
        ("cut", rewrite(|bytes| bytes[..bytes.len() / 2].to_vec())),
        ("cut in its header", rewrite(|bytes| bytes[..12].to_vec())),
        ("longer", rewrite(|bytes| [bytes, vec![0]].concat())),
        (
            "of a later version",
            rewrite(|mut bytes| {
                bytes[7] += 1;
                bytes
            }),
        ),
        (
            "with a later expiry",
            rewrite(|mut bytes| {
                bytes[8] ^= 1;
                bytes
            }),
        ),
        (
            "flipped at the end",
            rewrite(|mut bytes| {
                let last = bytes.len() - 1;
                bytes[last] ^= 0x80;
                bytes
            }),
        ),
        ("zeros, as after a crash", rewrite(|bytes| vec![0; bytes.len()])),
        (
            "larger than what is read",
            Box::new(|path| {
                fs::File::options().write(true).open(path).unwrap().set_len(1 << 30).unwrap();
            }),
        ),
        ("gone", instead(|_| {})),
        ("a directory", instead(|path| fs::create_dir(path).unwrap())),
        ("a named pipe", instead(|path| drop(Run::new("mkfifo").arg(path).ok()))),
        ("a link to nothing", instead(|path| symlink("/nowhere", path).unwrap())),
        ("a link to a device", instead(|path| symlink("/dev/zero", path).unwrap())),
    ]
}

#[test]
fn a_spoiled_entry_is_fetched_anew() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let mut first = sandbox.vouch(&CREDENTIAL).ok().stdout;
        for (what, spoil) in spoilers() {
            for kind in ["token", "role"] {
                spoil(&the(sandbox, kind));
                let asked = sandbox.count("/requests/codeartifact");
                let done = sandbox.vouch(&CREDENTIAL).ok();
                assert!(done.took < Duration::from_secs(5), "{what} {kind}: {done}");
                // The token alone is looked at as long as it lives.
                let is_new = kind == "token";
                assert_eq!(done.stdout != first, is_new, "{what} {kind}");
                assert_eq!(
                    sandbox.count("/requests/codeartifact") - asked,
                    u64::from(is_new),
                    "{what} {kind}"
                );
                // What no file can take the place of is told by doctor.
                let path = sandbox.file(".vouch/vault");
                for entry in fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()) {
                    if entry.is_dir() {
                        let _ = sandbox.vouch(&["doctor"]).fails(1).shows("cannot read");
                        fs::remove_dir(entry).unwrap();
                    }
                }
                sandbox.forget();
                first = sandbox.vouch(&CREDENTIAL).ok().stdout;
            }
        }
    });
}

#[test]
fn a_spoiled_session_is_none_and_a_login_mends_it() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        for (what, spoil) in spoilers() {
            spoil(&the(sandbox, "session"));
            sandbox.forget();
            let asked = sandbox.count("/requests/sts");
            let done = sandbox.vouch(&CREDENTIAL).fails(3);
            assert!(done.stderr.contains("vouch login"), "{what}: {done}");
            assert_eq!(sandbox.count("/requests/sts"), asked, "{what}");
            let _ = sandbox.vouch(&["status"]).fails(3);
            for entry in
                fs::read_dir(sandbox.file(".vouch/vault")).unwrap().map(|entry| entry.unwrap().path())
            {
                if entry.is_dir() {
                    fs::remove_dir(entry).unwrap();
                }
            }
            sandbox.log_in();
            let _ = sandbox.vouch(&CREDENTIAL).ok();
        }
    });
}

#[test]
fn entries_that_change_places_or_come_from_another_session_open_nothing() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let first = sandbox.vouch(&CREDENTIAL).ok().stdout;
        let (token, role) = (the(sandbox, "token"), the(sandbox, "role"));
        let (of_token, of_role) = (fs::read(&token).unwrap(), fs::read(&role).unwrap());
        fs::write(&token, &of_role).unwrap();
        fs::write(&role, &of_token).unwrap();
        let second = sandbox.vouch(&CREDENTIAL).ok().stdout;
        assert_ne!(first, second);
        // The whole vault of before, under the key of a new login.
        let session = the(sandbox, "session");
        let old = fs::read(&session).unwrap();
        let kept: Vec<_> = ["token", "role"].map(|kind| the(sandbox, kind)).into();
        let kept: Vec<_> = kept.into_iter().map(|path| (fs::read(&path).unwrap(), path)).collect();
        sandbox.log_in();
        for (bytes, path) in &kept {
            fs::write(path, bytes).unwrap();
        }
        let third = sandbox.vouch(&CREDENTIAL).ok().stdout;
        assert!(third != first && third != second);
        fs::write(the(sandbox, "session"), old).unwrap();
        let _ = sandbox.vouch(&["status"]).fails(3);
    });
}

#[test]
fn a_lock_holder_that_is_stopped_is_named_and_does_no_harm_when_it_goes_on() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let held = sandbox.hold("sts");
        let holder = sandbox.vouch(&CREDENTIAL).start();
        let id = Pid::from_raw(i32::try_from(holder.child.id()).unwrap());
        held.wait_for_request();
        kill(id, Signal::SIGSTOP).unwrap();
        drop(held);
        let waited = sandbox.vouch(&CREDENTIAL).fails(5);
        assert!(waited.took < Duration::from_secs(22), "{waited}");
        let _ = waited.says(&format!("process {id} (")).says("has been fetching the same credential");
        kill(id, Signal::SIGCONT).unwrap();
        let _ = holder.wait();
        let done = sandbox.vouch(&CREDENTIAL).ok();
        assert!(done.took < Duration::from_secs(5), "{done}");
        // One that is killed while it is stopped gives the lock back, too.
        sandbox.forget();
        sandbox.ctl(&["fault", "sts", "--hang", "--times", "1"]);
        let asked = sandbox.count("/requests/sts");
        let holder = sandbox.vouch(&CREDENTIAL).start();
        while sandbox.count("/requests/sts") == asked {
            std::thread::sleep(Duration::from_millis(10));
        }
        let id = Pid::from_raw(i32::try_from(holder.child.id()).unwrap());
        kill(id, Signal::SIGSTOP).unwrap();
        kill(id, Signal::SIGKILL).unwrap();
        let _ = holder.wait();
        let done = sandbox.vouch(&CREDENTIAL).ok();
        assert!(done.took < Duration::from_secs(5), "{done}");
    });
}
