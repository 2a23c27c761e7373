//! Files that variables and flags name: devices, pipes, files of others, files that git tracks.

use std::fs;
use std::os::unix::fs::{FileTypeExt, MetadataExt, chown, symlink};
use std::path::Path;
use std::process::Command as Process;

use crate::test_user::{TestUser, read};

const DOMAIN: &str = "--domain my-domain --domain-owner 123456789012 --region us-east-1";

fn person() -> TestUser {
    let person = TestUser::new();
    for (name, script) in [
        ("npm-token-vouch", "exit 1"),
        ("pip-keyring-vouch", "exit 1"),
        ("npm", "echo 11.19.1"),
        ("uv", "echo uv 0.13.9"),
        ("pip", "echo pip 26.3"),
        ("pdm", "echo PDM, version 2.29.4"),
    ] {
        person.program(name, script);
    }
    person.succeed("setup aws --role arn:aws:iam::123456789012:role/CodeArtifact");
    person
}

fn setup(tool: &str) -> String {
    format!("setup codeartifact --tool {tool} --repository my-repo {DOMAIN}")
}

#[test]
fn what_is_no_regular_file_is_refused_and_untouched() {
    let person = person();
    let (null, fifo) = (person.path("null"), person.path("fifo"));
    // A device of its own, where one may be made: the machine's must outlive a failing test.
    let made =
        |kind: &[&str], path: &Path| Process::new("mknod").arg(path).args(kind).status().unwrap().success();
    let device = if made(&["c", "1", "3"], &null) { null } else { "/dev/null".into() };
    assert!(made(&["p"], &fifo));
    let link = person.path("link");
    symlink(&device, &link).unwrap();
    let before = person.files();
    for (tool, variable) in [
        ("uv", "UV_CONFIG_FILE"),
        ("pdm", "PDM_CONFIG_FILE"),
        ("pip", "PIP_CONFIG_FILE"),
        ("npm", "NPM_CONFIG_USERCONFIG"),
    ] {
        for (file, what) in [(&device, "a device"), (&link, "a device"), (&fifo, "a named pipe")] {
            let (code, _, said) = read(person.vouch(&setup(tool)).env(variable, file));
            assert_eq!(code, 7, "{variable}: {said}");
            assert!(said.contains(&format!("it is {what}, not a regular file")), "{variable}: {said}");
            assert!(said.contains("hint: Name a regular file"), "{said}");
        }
    }
    for (file, what) in [(&device, "a device"), (&fifo, "a named pipe")] {
        let (code, _, said) = read(person.vouch(&setup("npm")).arg("--npmrc").arg(file));
        assert!(code == 7 && said.contains(what), "{said}");
        let (code, _, said) = read(person.vouch("issuer build --out site").arg(file));
        assert!(code == 7 && said.contains(what), "{said}");
    }
    assert!(device.metadata().unwrap().file_type().is_char_device());
    assert!(fifo.metadata().unwrap().file_type().is_fifo());
    assert!(link.symlink_metadata().unwrap().is_symlink());
    assert_eq!(person.files(), before);
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let person = person();
    let file = person.path("home/large.toml");
    fs::File::create(&file).unwrap().set_len(8 * 1024 * 1024 + 1).unwrap();
    let (code, _, said) = read(person.vouch(&setup("uv")).env("UV_CONFIG_FILE", &file));
    assert!(code == 7 && said.contains("larger than 8 MiB"), "{said}");
}

#[test]
fn a_file_of_another_user_is_not_taken_over() {
    let person = person();
    let file = person.path("home/uv.toml");
    fs::write(&file, "# theirs\n").unwrap();
    if chown(&file, Some(12345), None).is_err() {
        return;
    }
    let (code, _, said) = read(person.vouch(&setup("uv")).env("UV_CONFIG_FILE", &file));
    assert!(code == 7 && said.contains("it is as it was"), "{said}");
    assert!(said.contains("sudo -H -u '#12345'") && said.contains("sudo chown"), "{said}");
    assert_eq!(
        (fs::read_to_string(&file).unwrap().as_str(), file.metadata().unwrap().uid()),
        ("# theirs\n", 12345)
    );
}

#[test]
fn a_static_token_is_refused_for_a_file_that_git_tracks_or_does_not_tell_about() {
    let person = person();
    let project = person.path("home/here");
    let file = project.join(".npmrc");
    let git = |arguments: &[&str]| {
        let done = Process::new("git").args(arguments).current_dir(&project).status().unwrap();
        assert!(done.success(), "{arguments:?}");
    };
    git(&["init", "-q", "."]);
    git(&["init", "-q", "--bare", "elsewhere.git"]);
    fs::write(&file, "a=1\n").unwrap();
    let npm = || person.vouch(&setup("npm")).arg("--npmrc").arg(&file).arg("--dry-run");
    // There is no git on the person's PATH.
    let (code, _, said) = read(npm());
    assert!(code == 7 && said.contains("git is not installed") && said.contains("--mode env"), "{said}");
    let with_git = || npm().env("PATH", format!("{}:/usr/local/bin:/usr/bin:/bin", person.bin().display()));
    let (code, _, said) = read(with_git());
    assert!(code == 0 && said.contains("not ignored") && said.contains(".gitignore"), "{said}");
    git(&["add", ".npmrc"]);
    let (code, _, said) = read(with_git());
    assert!(code == 7 && said.contains("is tracked by git"), "{said}");
    // What would make git answer for another repository, or with another index.
    let lead_astray = with_git()
        .env("GIT_DIR", project.join("elsewhere.git"))
        .env("GIT_INDEX_FILE", project.join("no-index"))
        .env("GIT_WORK_TREE", "/");
    let (code, _, said) = read(lead_astray);
    assert!(code == 7 && said.contains("is tracked by git"), "{said}");
    person.program("git", "exec /bin/sleep 60");
    let started = std::time::Instant::now();
    let (code, _, said) = read(npm());
    assert!(code == 7 && said.contains("did not answer in 2 seconds"), "{said}");
    assert!(started.elapsed().as_secs() < 10);
    // What holds no secret may be there.
    let (code, _, said) = read(npm().args(["--mode", "env"]));
    assert_eq!(code, 0, "{said}");
}

#[test]
fn a_script_of_somebody_elses_in_the_place_of_vouchs_is_refused_and_stays() {
    let person = person();
    let script = person.path("home/.gradle/vouch-token.gradle");
    fs::create_dir_all(script.parent().unwrap()).unwrap();
    fs::write(&script, "println 'mine'\n").unwrap();
    let before = person.files();
    let (code, _, said) = person.run(&setup("gradle"));
    assert_eq!((code, person.files()), (7, before), "{said}");
    assert!(said.contains("vouch-token.gradle` is not as Vouch writes it"), "{said}");
    // An empty one is nobody's, and one of another version is Vouch's.
    fs::write(&script, "").unwrap();
    person.succeed(&setup("gradle"));
    let written = fs::read_to_string(&script).unwrap();
    person.succeed("undo gradle");
    assert_eq!(fs::read_to_string(&script).unwrap(), "");
    fs::write(&script, written.replace("6.8", "5.0")).unwrap();
    person.succeed(&setup("gradle"));
    assert_eq!(fs::read_to_string(&script).unwrap(), written);
}
