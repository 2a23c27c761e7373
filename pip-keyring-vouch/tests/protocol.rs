//! The built program, asked as package managers ask `keyring`, in a home of its own.

#![cfg(unix)]

mod test_user;

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};

use test_user::{HOST, PROGRAM, TestUser, parts};

#[test]
fn every_form_gets_the_answer_that_its_client_parses() {
    let person = TestUser::logged_in("eyJ.token\n");
    let json = "{\"username\":\"aws\",\"password\":\"eyJ.token\"}\n";
    let (password, both) = ("eyJ.token\n", "aws\neyJ.token\n");
    for (line, expected) in [
        ("get https://HOST/pypi/my-repo/simple/ aws", password),
        ("--mode=creds --output=json get https://HOST/pypi/my-repo/simple/", json),
        ("--mode=creds --output=json get https://HOST/pypi/my-repo/simple/ aws", json),
        ("get https://HOST/pypi/my-repo/simple/ --mode creds", both),
        ("get https://HOST/pypi/my-repo/simple --mode=creds", both),
        ("--mode=creds get https://HOST/pypi/my-repo/simple/ ''", both),
        ("--mode=creds get https://HOST/pypi/my-repo/simple/ aws", both),
        ("get https://HOST/pypi/my-repo/ ''", password),
        (
            "--mode=password --output=json get https://HOST/pypi/my-repo/ aws",
            "{\"password\":\"eyJ.token\"}\n",
        ),
        // Publishing, user information, other repositories of the domain.
        ("get https://HOST/pypi/my-repo/ aws", password),
        ("get https://aws@HOST/pypi/my-repo/simple/ aws", password),
        ("get https://HOST/pypi/other/simple/ aws", password),
        ("get https://packages.example.com/pypi/my-repo/simple/ aws", password),
        ("get https://aws@packages.example.com/pypi/my-repo/simple/ aws", password),
        ("get https://HOST:443/pypi/my-repo/simple/ aws", password),
    ] {
        assert_eq!(person.ask(line), (0, expected.to_owned(), String::new()), "{line}");
    }
}

#[test]
fn foreign_services_get_status_1_and_not_a_word() {
    let person = TestUser::logged_in("tok");
    for service in [
        "https://pypi.org/simple/",
        "https://packages.example.com/pypi/other/simple/",
        "https://packages.example.com.evil.example/pypi/my-repo/",
        "http://packages.example.com/pypi/my-repo/",
        "https://HOST.evil.example/pypi/my-repo/",
        "https://evil.example/HOST/pypi/my-repo/",
        "poetry-repository-my-repo",
        "python-poetry-check",
        "pypi.org",
        "[::1]:8080",
        "''",
        "://",
        "https://",
    ] {
        for line in [format!("get {service} aws"), format!("--mode=creds --output=json get {service}")] {
            assert_eq!(person.ask(&line), (1, String::new(), String::new()), "{line}");
        }
    }
    let huge = format!("get https://{} aws", "a".repeat(100_000));
    assert_eq!(person.ask(&huge), (1, String::new(), String::new()));
    for service in
        [&b"https://pypi.org/\xff"[..], b"\xff", &[HOST.as_bytes(), b"\xff"].concat(), b"https://\xc3"]
    {
        let mut command = person.command(Path::new(PROGRAM));
        let output =
            command.args(["get".as_ref(), OsStr::from_bytes(service), "aws".as_ref()]).output().unwrap();
        assert_eq!(parts(output), (1, String::new(), String::new()), "{service:?}");
    }
    // What is wrong with the configuration is no business of a foreign service.
    person.configure("{ oops");
    assert_eq!(person.ask("get https://pypi.org/simple/ aws"), (1, String::new(), String::new()));
}

#[test]
fn names_that_carry_no_scheme_get_nothing_and_are_not_told_why() {
    let person = TestUser::logged_in("tok");
    for line in ["get HOST aws", "get HOST:443 aws", "get HOST --mode creds", "get aws@HOST aws"] {
        assert_eq!(person.ask(line), (1, String::new(), String::new()), "{line}");
    }
    // After a refusal of the whole URL, uv and pdm ask with the host alone. What was refused stays refused.
    for person in [person, TestUser::new()] {
        for line in ["get https://HOST aws", "get https://HOST/ aws", "get https://HOST:443 --mode=creds"] {
            assert_eq!(person.ask(line), (1, String::new(), String::new()), "{line}");
        }
    }
}

#[test]
fn unsafe_urls_and_other_users_are_refused_with_a_reason() {
    let person = TestUser::logged_in("tok");
    for (line, reason) in [
        ("get http://HOST/pypi/my-repo/ aws", "only https"),
        ("get https://HOST:8443/pypi/my-repo/ aws", "names a port"),
        ("get https://bob:hunter2@HOST/pypi/my-repo/ aws", "a user name or password"),
        ("get https://bob@HOST/pypi/my-repo/ aws", "no user but `aws`"),
        ("get https://hunter2@packages.example.com/pypi/my-repo/ aws", "no user but `aws`"),
        ("get https://aws@bob@HOST/pypi/my-repo/ aws", "a user name or password"),
        ("get https://HOST\\@127.0.0.1:9443/pypi/my-repo/ aws", "a backslash"),
        ("--mode=creds get https://HOST\\@127.0.0.1:9443/pypi/my-repo/ ''", "a backslash"),
        ("get https://127.0.0.1\\@HOST/pypi/my-repo/ aws", "a backslash"),
        ("get https://aws:hunter2\\@HOST/pypi/my-repo/ aws", "a backslash"),
        ("get https://packages.example.com\\@127.0.0.1/pypi/my-repo/ aws", "a backslash"),
        ("get https://packages.example.com/pypi/my-repo/../../attacker/ aws", "a segment of dots"),
        ("get https://packages.example.com/pypi/my-repo/%2e%2e/x/ aws", "a percent escape"),
        ("get https://HOST/pypi/my-repo/..;/x/ aws", "a segment of dots"),
        ("get https://HOST/pypi/my-repo/?token=hunter2 aws", "a query"),
        ("get https://HOST/npm/my-repo/ aws", "its path is not one"),
        ("get https://HOST/maven/my-repo/com/evil/x/1/ aws", "its path is not one"),
        ("get https://HOST/pypi/my-repo/evil/ aws", "its path is not one"),
        ("get HTTPS://HOST/pypi/my-repo/ aws", "letter for letter"),
        ("get https://UPPER/pypi/my-repo/ aws", "lower-case letters"),
        ("get https://HOST/pypi/my-repo/ glpat-hunter2hunter2hunter2 --mode=creds", "no user but `aws`"),
        ("get https://HOST/pypi/my-repo/ bob", "no user but `aws`"),
        // As `uv publish --username __token__` asks, and the backend.
        ("get https://HOST/pypi/my-repo/ __token__", "no user but `aws`"),
        ("--mode=creds --output=json get https://HOST/pypi/my-repo/ __token__", "no user but `aws`"),
        ("--mode=creds --output=json get https://HOST/pypi/my-repo/ bob", "no user but `aws`"),
    ] {
        let (status, stdout, stderr) = person.ask(line);
        assert_eq!((status, stdout.as_str()), (1, ""), "{line}");
        assert!(stderr.contains(reason) && stderr.contains("vouch: hint: "), "{line}: {stderr}");
        assert!(!stderr.contains("hunter2"), "{stderr}");
    }
    // pdm's second question has had its answer.
    let line = "--mode=password get https://HOST/pypi/my-repo/ __token__";
    assert_eq!(person.ask(line), (1, String::new(), String::new()));
}

#[test]
fn failures_name_the_next_command() {
    let person = TestUser::new();
    let stderr = "vouch: you are not logged in\nvouch: hint: Run `vouch login`.\n".to_owned();
    for line in [
        "get https://HOST/pypi/my-repo/ aws",
        "get https://HOST/pypi/my-repo/ --mode creds",
        "--mode=creds --output=json get https://HOST/pypi/my-repo/",
    ] {
        assert_eq!(person.ask(line), (1, String::new(), stderr.clone()), "{line}");
    }
    let (_, _, stderr) = person
        .ask("get https://HOST/pypi/my-repo/ aws".replace("HOST", &HOST.replace("my-", "our-")).as_str());
    assert!(stderr.contains("nothing was set up") && stderr.contains("--domain our-domain"), "{stderr}");
    person.configure("{\n oops");
    let (status, _, stderr) = person.ask("get https://HOST/pypi/my-repo/ aws");
    assert!(status == 1 && stderr.contains("line 2"), "{stderr}");
    let person = TestUser::logged_in("tok");
    person.set_config_mode(0o644);
    let (status, stdout, stderr) = person.ask("get https://HOST/pypi/my-repo/ aws");
    assert!(status == 1 && stdout.is_empty() && stderr.contains("chmod go= "), "{stderr}");
    person.set_config_mode(0o600);
    fs::create_dir(person.dir.path().join(".git")).unwrap();
    let (status, stdout, stderr) = person.ask("get https://HOST/pypi/my-repo/ aws");
    assert!(status == 1 && stdout.is_empty() && stderr.contains("in the git repository"), "{stderr}");
    for token in ["", "two words", "line\nbreak", "\u{1b}[31m"] {
        let (status, stdout, stderr) = TestUser::logged_in(token).ask("get https://HOST/pypi/my-repo/ aws");
        assert_eq!((status, stdout.as_str()), (1, ""));
        assert!(stderr.contains("cannot be sent"), "{token:?}: {stderr}");
    }
}

#[test]
fn nothing_is_stored_and_nobody_is_told_so() {
    let person = TestUser::logged_in("tok");
    for line in [
        "set HOST aws",
        "set https://HOST/pypi/my-repo/ aws",
        "del HOST aws",
        "set pypi.org alice",
        "del pypi.org alice",
    ] {
        let (status, stdout, stderr) = person.ask(line);
        assert_eq!((status, stdout.as_str()), (1, ""), "{line}");
        assert!(stderr.starts_with("vouch: nothing was stored or deleted"), "{line}: {stderr}");
    }
}

#[test]
fn wrong_use_is_told_as_keyring_tells_it() {
    let person = TestUser::new();
    for (line, reason) in [
        ("", "specify an operation"),
        ("get https://HOST/pypi/my-repo/", "get requires service and username"),
        ("--frob get x y", "unrecognized arguments: --frob"),
        ("--output=xml get x y", "argument --output"),
    ] {
        let (status, stdout, stderr) = person.ask(line);
        assert_eq!((status, stdout.as_str()), (2, ""), "{line}");
        assert!(stderr.starts_with("usage: ") && stderr.contains(reason), "{line}: {stderr}");
    }
    let (status, stdout, _) = person.ask("--help");
    assert!(status == 0 && stdout.starts_with("usage: "));
    let (status, stdout, _) = person.ask("--version");
    assert_eq!((status, stdout), (0, format!("pip-keyring-vouch {}\n", env!("CARGO_PKG_VERSION"))));
}

#[test]
fn the_home_is_that_of_the_flag_or_of_the_link_whatever_the_environment_says() {
    let (alice, bob) = (TestUser::new(), TestUser::new());
    alice.log_in("of-alice");
    bob.log_in("of-bob");
    let answered = |line: &str| alice.ask(line).1;
    let bobs = bob.home.path().display();
    assert_eq!(answered("get https://HOST/pypi/my-repo/ aws"), "of-alice\n");
    assert_eq!(answered(&format!("--home {bobs} get https://HOST/pypi/my-repo/ aws")), "of-bob\n");
    assert_eq!(answered(&format!("--home={bobs} get https://HOST/pypi/my-repo/ aws")), "of-bob\n");
    // Behind the rest it is a word of somebody else's.
    assert_eq!(alice.ask(&format!("get https://HOST/pypi/my-repo/ aws --home {bobs}")).0, 2);
    let refused = alice.ask("--home relative get https://HOST/pypi/my-repo/ aws");
    assert!(
        refused.0 == 1 && refused.1.is_empty() && refused.2.contains("not an absolute path"),
        "{refused:?}"
    );
    // The link leads through bob's home.
    let own = bob.home.path().join("bin");
    fs::create_dir(&own).unwrap();
    std::os::unix::fs::symlink(PROGRAM, own.join("keyring")).unwrap();
    let shared = alice.dir.path().join("shared");
    fs::create_dir(&shared).unwrap();
    std::os::unix::fs::symlink(own.join("keyring"), shared.join("keyring")).unwrap();
    let url = format!("https://{HOST}/pypi/my-repo/");
    for keyring in [own.join("keyring"), shared.join("keyring")] {
        let output = alice.command(&keyring).args(["get", &url, "aws"]).output().unwrap();
        assert_eq!(parts(output).1, "of-bob\n", "{}", keyring.display());
    }
    // As uv starts it, by its name alone.
    let mut by_name = alice.command(Path::new("keyring"));
    let path = std::env::join_paths([shared.as_path(), Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let output = by_name.env("PATH", path).args(["get", &url, "aws"]).output().unwrap();
    assert_eq!(parts(output).1, "of-bob\n");
}

#[test]
fn in_front_of_another_keyring_foreign_requests_are_handed_on() {
    let person = TestUser::logged_in("tok");
    let (ours, other) = (person.linked(), person.other(r#"echo "other: $*"; cat; exit 7"#));
    let path = std::env::join_paths([&ours, &other, Path::new("/bin")]).unwrap();
    let ask = |words: &[&str]| {
        let mut command = person.command(&ours.join("keyring"));
        parts(command.env("PATH", &path).args(words).output().unwrap())
    };
    let unknown = format!("https://{}/pypi/r/", HOST.replace("my-", "our-"));
    for words in [
        &["get", "https://pypi.org/simple/", "alice"][..],
        &["--mode=creds", "--output=json", "get", "https://pypi.org/simple/"],
        &["get", &unknown, "aws"],
        &["set", "pypi.org", "alice"],
        &["del", "pypi.org", "alice"],
        &["--list-backends"],
        &["diagnose"],
        &["--help"],
        &[],
    ] {
        assert_eq!(ask(words), (7, format!("other: {}\n", words.join(" ")), String::new()), "{words:?}");
    }
    let url = format!("https://{HOST}/pypi/my-repo/simple/");
    assert_eq!(ask(&["get", &url, "aws"]), (0, "tok\n".into(), String::new()));
    assert_eq!(ask(&["get", &url, "bob"]).0, 1);
    assert_eq!(ask(&["get", HOST, "aws"]), (1, String::new(), String::new()));
    assert!(ask(&["set", HOST, "aws"]).2.contains("nothing was stored"));
    // By its own name it hands on nothing.
    let output = person.command(Path::new(PROGRAM)).env("PATH", &path).args(["get", "x", "y"]).output();
    assert_eq!(parts(output.unwrap()), (1, String::new(), String::new()));
}

#[test]
fn a_keyring_that_calls_keyring_again_ends() {
    let person = TestUser::new();
    let (ours, other) = (person.linked(), person.other("exec keyring \"$@\""));
    let path = std::env::join_paths([&ours, &other, Path::new("/bin")]).unwrap();
    let mut command = person.command(&ours.join("keyring"));
    let output = command.env("PATH", &path).args(["get", "https://pypi.org/simple/", "alice"]).output();
    assert_eq!(parts(output.unwrap()), (1, String::new(), String::new()));
}

#[test]
fn the_secret_of_another_keyring_is_passed_through_untouched() {
    let person = TestUser::new();
    let (ours, other) = (person.linked(), person.other("cat > stored"));
    let path = std::env::join_paths([&ours, &other, Path::new("/bin")]).unwrap();
    let secret = person.dir.path().join("secret");
    fs::write(&secret, "hunter2\n").unwrap();
    let mut command = person.command(&ours.join("keyring"));
    command.env("PATH", &path).args(["set", "pypi.org", "alice"]).stdin(fs::File::open(&secret).unwrap());
    assert!(command.status().unwrap().success());
    assert_eq!(fs::read_to_string(person.dir.path().join("stored")).unwrap(), "hunter2\n");
}

#[test]
fn where_stderr_is_thrown_away_the_reason_is_on_the_terminal() {
    let person = TestUser::new();
    let url = format!("https://{HOST}/pypi/my-repo/simple/");
    let run = |form: &str, redirection: &str| {
        let line = format!("{PROGRAM} {} {redirection}; echo status=$?", form.replace("URL", &url));
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--command", &line, "/dev/null"]);
        script.env_clear().env("PATH", "/usr/bin:/bin").env("SHELL", "/bin/sh");
        script.env("HOME", person.dir.path()).env("VOUCH_HOME", person.home.path());
        parts(script.current_dir(person.dir.path()).stdin(Stdio::null()).output().unwrap()).1
    };
    let said = "\r\u{1b}[Kvouch: you are not logged in. Run `vouch login`.\r\r\nstatus=1\r\n";
    // pip 23.0, pip 26.2, pdm, our backend.
    for form in [
        "get URL aws",
        "--mode=creds --output=json get URL",
        "--mode=creds get URL ''",
        "--mode=creds --output=json get -- URL aws",
    ] {
        assert_eq!(run(form, "2>/dev/null"), said, "{form}");
        // Seen once is enough.
        assert_eq!(run(form, "").matches("vouch login").count(), 1, "{form}");
    }
}

#[test]
fn the_log_goes_to_stderr_and_shows_no_secret() {
    let person = TestUser::logged_in("hunter2");
    let mut command = person.command(Path::new(PROGRAM));
    let output = command
        .env("VOUCH_LOG", "trace")
        .args(["get", &format!("https://{HOST}/pypi/my-repo/"), "aws"])
        .output();
    let (status, stdout, stderr) = parts(output.unwrap());
    assert_eq!((status, stdout.as_str()), (0, "hunter2\n"));
    assert!(!stderr.contains("hunter2"), "{stderr}");
}

#[test]
fn twenty_at_once_get_one_answer() {
    let person = TestUser::logged_in("tok");
    let url = format!("https://{HOST}/pypi/my-repo/simple/");
    let start = |_| {
        let mut command = person.command(Path::new(PROGRAM));
        command.args(["get", &url, "aws"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    };
    let all: Vec<_> = (0..20).map(start).collect();
    for child in all {
        assert_eq!(parts(child.wait_with_output().unwrap()), (0, "tok\n".into(), String::new()));
    }
}
