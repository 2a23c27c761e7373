//! The session and its key: who can read it, and until when.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use vouch_core::home::Home;
use vouch_e2e::{Bed, Run, in_sandbox};

const CREDENTIAL: [&str; 2] = ["credential", "codeartifact"];

/// The line of `/proc/keys` about the session key of this home.
fn session_key(bed: &Bed) -> String {
    let name = format!("vouch:{}", Home::at(bed.file(".vouch")).unwrap().id());
    let keys = fs::read_to_string("/proc/keys").unwrap();
    let ours: Vec<_> = keys.lines().filter(|line| line.contains(&name)).collect();
    assert_eq!(ours.len(), 1, "{keys}");
    ours[0].to_owned()
}

fn serial(bed: &Bed) -> String {
    format!("0x{}", session_key(bed).split_whitespace().next().unwrap())
}

/// A process whose session keyring does not link the user keyring, as under cron, services and some sudo.
fn in_a_bare_session(bed: &Bed, args: &[&str]) -> Run {
    Run::new("keyctl").args(["session", "-", "vouch"]).args(args).within(bed.home())
}

#[test]
fn logged_in_from_a_bare_session_and_read_from_anywhere() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        bed.set_up_cargo();
        let login = in_a_bare_session(bed, &["login", "--pin-stdin"]).stdin(format!("{}\n", bed.pin()));
        let _ = login.ok();
        let token = bed.vouch(&CREDENTIAL).ok().stdout;
        assert_eq!(in_a_bare_session(bed, &CREDENTIAL).ok().stdout, token);
        let detached = Run::new("setsid").args(["--wait", "vouch"]).args(CREDENTIAL).within(bed.home());
        assert_eq!(detached.ok().stdout, token);
    });
}

#[test]
fn the_key_has_a_time_out_from_the_first_moment() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        let login = in_a_bare_session(bed, &["login", "--pin-stdin", "--duration", "15m"]);
        let _ = login.stdin(format!("{}\n", bed.pin())).ok();
        let key = session_key(bed);
        // Serial, flags, usage, time-out, permissions, uid, gid, type, description.
        let fields: Vec<_> = key.split_whitespace().collect();
        assert!(fields[3].ends_with('m') && fields[3] != "perm", "{key}");
        assert!(fields[4].ends_with("0000"), "group and others get nothing: {key}");
    });
}

#[test]
fn an_expired_key_reads_as_an_expired_session() {
    in_sandbox(&[], |bed| {
        bed.ready();
        let _ = bed.vouch(&CREDENTIAL).ok();
        // Only who possesses the key may change its time-out.
        let shorten = format!("keyctl link @u @s && keyctl timeout {} 1", serial(bed));
        let _ = Run::new("keyctl").args(["session", "-", "sh", "-c", &shorten]).ok();
        std::thread::sleep(Duration::from_millis(2200));
        let _ = bed.vouch(&CREDENTIAL).fails(3).says("expired").says("vouch login");
        let _ = bed.vouch(&["status"]).fails(3).shows("expired").shows("vouch login");
        bed.log_in();
        let _ = bed.vouch(&CREDENTIAL).ok();
    });
}

#[test]
fn another_user_reads_nothing() {
    in_sandbox(&[], |bed| {
        bed.ready();
        let _ = bed.vouch(&CREDENTIAL).ok();
        let vouch = bed.run("sh").args(["-c", "command -v vouch"]).ok().stdout;
        // Even with every file readable: the key is what counts.
        for path in [bed.home().to_owned(), bed.file(".vouch"), bed.file(".vouch/vault")] {
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let copy = "/run/vouch-for-all";
        fs::copy(vouch.trim(), copy).unwrap();
        fs::set_permissions(copy, fs::Permissions::from_mode(0o755)).unwrap();
        let other = |args: &[&str]| {
            Run::new("setpriv")
                .args(["--reuid", "65534", "--regid", "65534", "--clear-groups", copy])
                .args(args)
                .env("VOUCH_HOME", bed.file(".vouch"))
        };
        let _ = other(&CREDENTIAL).fails(7).says("another user");
        let read = Run::new("setpriv").args(["--reuid", "65534", "--clear-groups", "keyctl", "print"]);
        let _ = read.arg(serial(bed)).fails(1);
        let _ = Run::new("keyctl").args(["pipe", &serial(bed)]).ok();
    });
}

#[test]
fn logout_ends_everything_that_is_stored() {
    in_sandbox(&[], |bed| {
        bed.ready();
        let _ = bed.vouch(&CREDENTIAL).ok();
        let _ = bed.vouch(&["logout"]).ok().says("valid until");
        let _ = bed.vouch(&CREDENTIAL).fails(3).says("not logged in");
        let sealed = fs::read_dir(bed.file(".vouch/vault")).unwrap();
        assert!(sealed.flatten().all(|entry| !entry.file_name().to_string_lossy().contains("sealed")));
        // Once more is fine.
        let _ = bed.vouch(&["logout"]).ok();
    });
}

#[test]
fn a_new_login_leaves_nothing_of_the_old_one() {
    in_sandbox(&[], |bed| {
        bed.ready();
        let old = bed.vouch(&CREDENTIAL).ok().stdout;
        bed.log_in();
        let new = bed.vouch(&CREDENTIAL).ok().stdout;
        assert_ne!(old, new);
        assert_eq!(bed.count("/sts/granted"), 2);
    });
}

#[test]
fn the_duration_is_kept_within_bounds() {
    in_sandbox(&[], |bed| {
        bed.enroll();
        for wrong in ["14m", "13h", "0", "-1h", "8", "forever", ""] {
            let _ =
                bed.vouch_with_pin(&["login", &format!("--duration={wrong}")]).fails(2).says("--duration");
        }
        assert_eq!(bed.count("/card/touches"), 1);
        let _ = bed.vouch_with_pin(&["login", "--duration", "45m"]).ok();
    });
}
