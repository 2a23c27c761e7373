//! `vouch setup codeartifact --tool pip|uv|twine|poetry|pdm`, from flags to files.

use std::fs;
use std::path::PathBuf;

use crate::test_user::{TestUser, read};

const FLAGS: &str = "--domain my-domain --domain-owner 123456789012 --repository my-repo --region us-east-1";
const REPOSITORY: &str =
    "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-repo/";

fn person() -> TestUser {
    let person = TestUser::new();
    person.program("pip-keyring-vouch", "exit 1");
    person
}

fn setup(tool: &str) -> String {
    format!("setup codeartifact --tool {tool} {FLAGS}")
}

/// The file of a tool, relative to the home folder.
fn file(tool: &str) -> &'static str {
    match tool {
        "pip" => ".config/pip/pip.conf",
        "uv" => ".config/uv/uv.toml",
        "twine" => ".pypirc",
        "poetry" => ".config/pypoetry/config.toml",
        _ => ".config/pdm/config.toml",
    }
}

fn write(person: &TestUser, path: &str, text: &str) -> PathBuf {
    let path = person.path("home").join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, filled(text)).unwrap();
    path
}

/// `REPO` and `AWS` stand for the repository's URL, without and with the user name.
fn filled(text: &str) -> String {
    text.replace("AWS", &REPOSITORY.replace("//", "//aws@")).replace("REPO", REPOSITORY)
}

const PIP: &str = "[global]\nindex-url = AWSsimple/\nkeyring-provider = subprocess\n";
const UV: &str = "keyring-provider = \"subprocess\"\n\n[[index]]\nname = \"my-repo\"\nurl = \"REPOsimple/\"\n\
    publish-url = \"REPO\"\nauthenticate = \"always\"\ndefault = true\n";
const TWINE: &str = "[distutils]\nindex-servers =\n    pypi\n    testpypi\n    my-repo\n\n[my-repo]\nrepository = REPO\nusername = aws\n";
const POETRY: &str = "[repositories.my-repo]\nurl = \"REPO\"\n";
const PDM: &str =
    "[pypi]\nurl = \"REPOsimple/\"\n\n[repository.my-repo]\nurl = \"REPO\"\nusername = \"aws\"\n";
const ALL: [(&str, &str); 5] = [("pip", PIP), ("uv", UV), ("twine", TWINE), ("poetry", POETRY), ("pdm", PDM)];

#[test]
fn an_empty_home_gets_the_files_and_a_second_run_changes_nothing() {
    for (tool, expected) in ALL {
        let person = person();
        let said = person.succeed(&setup(tool));
        let path = person.path("home").join(file(tool));
        assert_eq!(fs::read_to_string(&path).unwrap(), filled(expected), "{tool}: {said}");
        assert!(said.contains("vouch login"), "{said}");
        let registrations = &person.config()["codeartifact"]["registrations"];
        assert_eq!(registrations[0]["endpoint"], REPOSITORY, "{tool}");
        assert_eq!(registrations[0]["file"], path.to_str().unwrap());
        assert_eq!(registrations.as_array().unwrap().len(), 1);
        let before = person.files();
        let said = person.succeed(&format!("setup codeartifact --tool {tool} --repository my-repo"));
        assert!(said.contains("nothing to change"), "{tool}: {said}");
        assert_eq!(person.files(), before, "{tool}");
    }
}

#[test]
fn print_and_dry_run_write_nothing() {
    for (tool, expected) in ALL {
        let person = person();
        let (code, stdout, stderr) = person.run(&format!("{} --print", setup(tool)));
        assert_eq!((code, stdout), (0, filled(expected)), "{stderr}");
        let (code, stdout, _) = person.run(&format!("{} --dry-run", setup(tool)));
        assert!(
            code == 0 && stdout.contains(&format!("+++ {}", person.path("home").join(file(tool)).display())),
            "{stdout}"
        );
        assert_eq!(person.files(), []);
        assert!(!person.path("home/.local").exists());
    }
}

#[test]
fn what_is_in_a_file_stays() {
    for (tool, before, after) in [
        (
            "pip",
            "# mine\n[global]\ntimeout = 60\n",
            "# mine\n[global]\ntimeout = 60\nindex-url = AWSsimple/\nkeyring-provider = subprocess\n",
        ),
        (
            "pip",
            "[global]\r\nindex_url: https://pypi.org/simple\r\nextra-index-url =\r\n    https://a.example/\r\n",
            "[global]\r\nindex_url: AWSsimple/\r\nextra-index-url =\r\n    https://a.example/\r\nkeyring-provider = subprocess\r\n",
        ),
        // What `aws codeartifact login` wrote has a token in it.
        (
            "pip",
            "[global]\nindex-url = https://aws:hunter2@my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-repo/simple/\n",
            PIP,
        ),
        (
            "pip",
            "[install]\nuser = true",
            "[install]\nuser = true\n\n[global]\nindex-url = AWSsimple/\nkeyring-provider = subprocess\n",
        ),
        (
            "pip",
            "[global]\nkeyring-provider = import\n",
            "[global]\nkeyring-provider = import\nindex-url = AWSsimple/\n",
        ),
        (
            "uv",
            "# mine\noffline = false # yes\n\n[pip]\nstrict = true\n",
            "# mine\noffline = false # yes\nkeyring-provider = \"subprocess\"\n\n[pip]\nstrict = true\n\n[[index]]\nname = \"my-repo\"\nurl = \"REPOsimple/\"\npublish-url = \"REPO\"\nauthenticate = \"always\"\ndefault = true\n",
        ),
        (
            "uv",
            "keyring-provider = 'disabled'\r\n[[index]]\r\nurl = \"https://a.example/\"\r\ndefault = true\r\n",
            "keyring-provider = \"subprocess\"\r\n[[index]]\r\nurl = \"https://a.example/\"\r\ndefault = true\r\n\r\n[[index]]\r\nname = \"my-repo\"\r\nurl = \"REPOsimple/\"\r\npublish-url = \"REPO\"\r\nauthenticate = \"always\"\r\n",
        ),
        (
            "uv",
            "[[index]]\nname = \"my-repo\"\nurl = \"REPOsimple\" # mine\n\n[[index]]\nname = \"b\"\nurl = \"https://b.example/\"\n",
            "keyring-provider = \"subprocess\"\n\n[[index]]\nname = \"my-repo\"\nurl = \"REPOsimple/\" # mine\npublish-url = \"REPO\"\nauthenticate = \"always\"\n\n[[index]]\nname = \"b\"\nurl = \"https://b.example/\"\n",
        ),
        (
            "twine",
            "[distutils]\nindex-servers = pypi internal\n[pypi]\nusername = __token__\npassword = pypi-hunter2\n",
            "[distutils]\nindex-servers = pypi internal\n    my-repo\n[pypi]\nusername = __token__\npassword = pypi-hunter2\n\n[my-repo]\nrepository = REPO\nusername = aws\n",
        ),
        (
            "poetry",
            "# mine\n[virtualenvs]\nin-project = true\n\n[repositories.a]\nurl = \"https://a.example/\"\n",
            "# mine\n[virtualenvs]\nin-project = true\n\n[repositories.a]\nurl = \"https://a.example/\"\n\n[repositories.my-repo]\nurl = \"REPO\"\n",
        ),
        (
            "pdm",
            "[pypi]\nverify_ssl = true\n[pypi.a]\nurl = \"https://a.example/\"\n",
            "[pypi]\nverify_ssl = true\nurl = \"REPOsimple/\"\n[pypi.a]\nurl = \"https://a.example/\"\n\n[repository.my-repo]\nurl = \"REPO\"\nusername = \"aws\"\n",
        ),
    ] {
        let person = person();
        let path = write(&person, file(tool), before);
        let (_, diff, _) = person.run(&format!("{} --dry-run", setup(tool)));
        assert!(!diff.contains("hunter2"), "{diff}");
        let said = person.succeed(&setup(tool));
        assert_eq!(fs::read_to_string(&path).unwrap(), filled(after), "{tool}: {said}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

#[test]
fn somebody_elses_index_is_not_replaced() {
    for (tool, text, hint) in [
        ("pip", "[global]\nindex-url = https://bob:hunter2@a.example/simple\n", "--extra"),
        (
            "uv",
            "[[index]]\nname = \"my-repo\"\nurl = \"https://bob:hunter2@a.example/simple\"\n",
            "--registry NAME",
        ),
        ("twine", "[my-repo]\nrepository = https://a.example/\n", "--registry NAME"),
        ("poetry", "[repositories]\nmy-repo = { url = \"https://a.example/\" }\n", "--registry NAME"),
        ("pdm", "[pypi]\nurl = \"https://a.example/\"\n", "--extra"),
        // What the client itself could not read.
        ("pip", "index-url = x\n", "Correct the file"),
        ("pip", "[global]\na = 1\na = 2\n", "Correct the file"),
        ("uv", "index = [\n", "Correct the file"),
        ("uv", "index = [{ name = \"a\", url = \"https://a.example/\" }]\n", "--print"),
        ("twine", "[distutils]\noops\n", "Correct the file"),
    ] {
        let person = person();
        let path = write(&person, file(tool), text);
        let (code, _, stderr) = person.run(&setup(tool));
        assert_eq!(code, 7, "{tool}: {stderr}");
        assert!(stderr.contains(hint) && !stderr.contains("hunter2"), "{tool}: {stderr}");
        assert_eq!(fs::read_to_string(path).unwrap(), text);
        assert!(!person.path("home/.vouch/config.json").exists());
    }
}

#[test]
fn an_extra_index_comes_beside_the_one_that_is_there() {
    let person = person();
    let there = "[global]\nindex-url = https://a.example/simple\nextra-index-url = https://b.example/\n";
    let path = write(&person, file("pip"), there);
    let said = person.succeed(&format!("{} --extra", setup("pip")));
    assert!(said.contains("highest version"), "{said}");
    let expected = filled(
        "[global]\nindex-url = https://a.example/simple\nextra-index-url = https://b.example/\n    AWSsimple/\nkeyring-provider = subprocess\n",
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);
    person.succeed("setup codeartifact --tool pip --repository my-repo --extra");
    assert_eq!(fs::read_to_string(&path).unwrap(), expected);

    person.succeed(&format!("{} --extra", setup("uv")));
    let text = fs::read_to_string(person.path("home").join(file("uv"))).unwrap();
    assert!(!text.contains("default"), "{text}");
    person.succeed(&format!("{} --extra", setup("pdm")));
    let text = fs::read_to_string(person.path("home").join(file("pdm"))).unwrap();
    assert!(text.starts_with("[pypi.my-repo]\n"), "{text}");
}

#[test]
fn another_repository_is_the_default_and_the_first_one_stays_served() {
    let person = person();
    person.succeed(&setup("pip"));
    let said = person.succeed("setup codeartifact --tool pip --repository other");
    assert!(said.contains("was https://my-domain-") && said.contains("it stays set up"), "{said}");
    let text = fs::read_to_string(person.path("home").join(file("pip"))).unwrap();
    assert_eq!(text, filled(PIP).replace("my-repo", "other"));
    assert_eq!(person.config()["codeartifact"]["registrations"].as_array().unwrap().len(), 2);
    // The command that is shown makes the first one the default again, and undo goes back step by step.
    let command = said.split('`').find(|part| part.starts_with("vouch setup codeartifact")).unwrap();
    person.succeed(command.strip_prefix("vouch ").unwrap());
    assert_eq!(fs::read_to_string(person.path("home").join(file("pip"))).unwrap(), filled(PIP));
    assert_eq!(person.config()["codeartifact"]["registrations"].as_array().unwrap().len(), 2);
    person.succeed("undo");
    assert_eq!(fs::read_to_string(person.path("home").join(file("pip"))).unwrap(), text);
    person.succeed("undo pip");
    assert!(!person.path("home").join(file("pip")).exists());
    assert_eq!(person.config()["codeartifact"]["registrations"], serde_json::json!([]));
    // uv knows names, so it has both.
    person.succeed(&setup("uv"));
    person.succeed("setup codeartifact --tool uv --repository other");
    let text = fs::read_to_string(person.path("home").join(file("uv"))).unwrap();
    assert_eq!((text.matches("[[index]]").count(), text.matches("default = true").count()), (2, 1), "{text}");
}

#[test]
fn a_name_that_another_domain_has_is_refused_and_the_first_one_stays() {
    let person = person();
    for tool in ["uv", "twine", "poetry", "pdm"] {
        person.succeed(&setup(tool));
        let before = person.files();
        let third = setup(tool).replace("my-domain", "third");
        let (code, _, said) = person.run(&third);
        assert_eq!((code, person.files() == before), (7, true), "{tool}: {said}");
        assert!(said.contains("registry `my-repo` is") && said.contains("--registry NAME"), "{tool}: {said}");
        person.succeed(&format!("{third} --registry third-repo"));
        let text = fs::read_to_string(person.path("home").join(file(tool))).unwrap();
        assert!(text.contains("my-domain-") && text.contains("third-"), "{tool}: {text}");
    }
    // What pip has beside its index has no name in the file.
    for domain in ["my-domain", "third"] {
        person.succeed(&format!("{} --extra", setup("pip").replace("my-domain", domain)));
    }
    let text = fs::read_to_string(person.path("home").join(file("pip"))).unwrap();
    assert!(text.contains("my-domain-") && text.contains("third-"), "{text}");
}

#[test]
fn the_file_is_the_one_that_the_client_reads() {
    for (tool, variable, value, expected) in [
        ("pip", "PIP_CONFIG_FILE", "my.conf", "here/my.conf"),
        ("pip", "XDG_CONFIG_HOME", "HOME/xdg", "xdg/pip/pip.conf"),
        ("uv", "UV_CONFIG_FILE", "HOME/my.toml", "my.toml"),
        ("uv", "XDG_CONFIG_HOME", "HOME/xdg", "xdg/uv/uv.toml"),
        ("poetry", "POETRY_CONFIG_DIR", "HOME/poetry", "poetry/config.toml"),
        ("pdm", "PDM_CONFIG_FILE", "HOME/my.toml", "my.toml"),
    ] {
        let person = person();
        let value = value.replace("HOME", person.path("home").to_str().unwrap());
        let (code, _, stderr) = read(person.vouch(&setup(tool)).env(variable, value));
        assert_eq!(code, 0, "{stderr}");
        assert!(person.path("home").join(expected).is_file(), "{tool} {variable}: {stderr}");
    }
    // The folder of old serves where only it is there.
    let person = person();
    let old = write(&person, ".pip/pip.conf", "[global]\ntimeout = 9\n");
    person.succeed(&setup("pip"));
    assert!(fs::read_to_string(old).unwrap().contains("index-url"));
    let (code, _, stderr) = read(person.vouch(&setup("pip")).env("PIP_CONFIG_FILE", "/dev/null"));
    assert!(code == 7 && stderr.contains("no file at all"), "{stderr}");
}

#[test]
fn what_goes_before_the_file_is_named() {
    let person = person();
    write(&person, file("pip"), "[install]\nindex-url = https://a.example/\n");
    write(&person, "venv/pip.conf", "[global]\nindex-url = https://b.example/\n");
    let command = person.vouch(&setup("pip")).env("PIP_INDEX_URL", "https://c.example/");
    let (code, _, stderr) = read(command.env("VIRTUAL_ENV", person.path("home/venv")));
    assert_eq!(code, 0, "{stderr}");
    for word in ["`[install]`", "PIP_INDEX_URL is set", "venv/pip.conf"] {
        assert!(stderr.contains(word), "{word}: {stderr}");
    }
    let command = person.vouch(&setup("uv")).env("UV_KEYRING_PROVIDER", "disabled");
    assert!(read(command).2.contains("UV_KEYRING_PROVIDER is set"));
}

#[test]
fn keyring_is_linked_where_there_is_none() {
    for tool in ["pip", "uv", "pdm"] {
        let person = person();
        let said = person.succeed(&setup(tool));
        assert!(said.contains(".local/bin` is not on PATH"), "{said}");
        let own = person.path("home/.vouch/bin/keyring");
        assert_eq!(fs::read_link(person.path("home/.local/bin/keyring")).unwrap(), own);
        assert_eq!(fs::read_link(own).unwrap(), person.bin().join("pip-keyring-vouch"));
        let path = std::env::join_paths([person.path("home/.local/bin"), person.bin()]).unwrap();
        let (_, _, said) = read(person.vouch(&setup(tool)).env("PATH", path));
        assert!(!said.contains("PATH"), "{said}");
    }
    for tool in ["twine", "poetry"] {
        let person = person();
        let said = person.succeed(&setup(tool));
        assert!(said.contains("wheel") && !person.path("home/.local").exists(), "{said}");
    }
}

#[test]
fn another_keyring_stays_first_unless_the_person_says_so() {
    let person = person();
    person.program("keyring", "exit 1");
    let said = person.succeed(&setup("pip"));
    assert!(said.contains("--chain") && !person.path("home/.local").exists(), "{said}");
    let (code, _, stderr) = person.run(&format!("{} --chain", setup("pip")));
    assert!(code == 7 && stderr.contains(".local/bin` first on PATH"), "{stderr}");
    let path = std::env::join_paths([person.path("home/.local/bin"), person.bin()]).unwrap();
    let (code, _, stderr) = read(person.vouch(&format!("{} --chain", setup("pip"))).env("PATH", path));
    assert!(code == 0 && stderr.contains("hands other requests on"), "{stderr}");
}

#[test]
fn flags_and_names_that_mean_nothing_are_refused() {
    let person = person();
    for arguments in [
        "--tool twine --extra",
        "--tool poetry --chain",
        "--tool cargo --extra",
        "--tool pip --registry x",
        "--tool pip --scope @x",
        "--tool uv --replace-crates-io",
        "--tool uv --registry a.b",
        "--tool twine --registry pypi",
    ] {
        let (code, _, stderr) = person.run(&format!("setup codeartifact {FLAGS} {arguments}"));
        assert_eq!(code, 2, "{arguments}: {stderr}");
    }
    assert_eq!(person.files(), []);
}

#[test]
fn without_the_program_nothing_is_set_up() {
    let person = TestUser::new();
    let (code, _, stderr) = person.run(&setup("pip"));
    assert!(code == 7 && stderr.contains("`pip-keyring-vouch` is missing"), "{stderr}");
    assert_eq!(person.files(), []);
}

#[test]
fn doctor_sees_pip_and_pdm_as_they_were_set_up() {
    for (tool, typed) in
        [("pip", " --extra"), ("pip", ""), ("pdm", " --extra"), ("pdm", ""), ("uv", " --extra"), ("uv", "")]
    {
        let person = person();
        person.succeed(&format!("{}{typed}", setup(tool)));
        let entry = || {
            let (_, json, _) = person.run("doctor --json");
            let report: serde_json::Value = serde_json::from_str(&json).unwrap();
            let findings = report["findings"].as_array().unwrap().clone();
            findings.into_iter().find(|finding| finding["check"] == "entry").unwrap()
        };
        let file: PathBuf =
            serde_json::from_value(person.config()["codeartifact"]["registrations"][0]["file"].clone())
                .unwrap();
        let written = fs::read_to_string(&file).unwrap();
        assert_eq!(entry()["status"], "ok", "{tool}{typed}: {}", entry());
        fs::write(&file, "").unwrap();
        let finding = entry();
        assert_eq!(finding["status"], "fail", "{tool}{typed}: {finding}");
        let fix = finding["fix"].as_str().unwrap();
        assert_eq!(fix.contains("--extra"), !typed.is_empty(), "{fix}");
        person.succeed(fix.split('`').nth(1).unwrap().strip_prefix("vouch ").unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), written, "{tool}{typed}");
        assert_eq!(entry()["status"], "ok");
    }
}

#[test]
fn a_keyring_that_cannot_be_linked_leaves_nothing_else() {
    for tool in ["pip", "uv", "pdm"] {
        let person = person();
        fs::create_dir_all(person.path("home/.vouch")).unwrap();
        // What is to be a folder is a file.
        fs::write(person.path("home/.vouch/bin"), "").unwrap();
        let before = person.files();
        let (code, _, said) = person.run(&setup(tool));
        assert_eq!((code, person.files()), (7, before), "{tool}: {said}");
        assert!(said.contains("which clients are to start") && !said.contains('\u{2713}'), "{tool}: {said}");
        assert!(!person.path("home/.local").exists() && !person.path("home/.config").exists(), "{tool}");
        // And beside what was set up before.
        fs::remove_file(person.path("home/.vouch/bin")).unwrap();
        person.succeed(&setup("twine"));
        fs::write(person.path("home/.vouch/bin"), "").unwrap();
        let before = person.files();
        assert_eq!((person.run(&setup(tool)).0, person.files()), (7, before), "{tool}");
        fs::remove_file(person.path("home/.vouch/bin")).unwrap();
        person.succeed(&setup(tool));
    }
}
