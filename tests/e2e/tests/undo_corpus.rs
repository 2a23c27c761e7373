//! setup, then undo, for every client on files as people have them: byte for byte as before, mode and link kept; after an
//! edit by hand in between, only our lines are gone.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use vouch_e2e::{MY_DOMAIN, Run, Sandbox, in_sandbox};

/// A client's file and what is found in such files.
struct Client {
    /// As `vouch undo` calls it.
    tool: &'static str,
    /// Below the home folder.
    file: &'static str,
    corpus: &'static [&'static str],
}

const CARGO: Client = Client {
    tool: "cargo",
    file: ".cargo/config.toml",
    corpus: &[
        "# nothing but a remark\n",
        "[build]\njobs = 4\n",
        "[build]\r\njobs = 4\r\n\r\n[net]\r\ngit-fetch-with-cli = true\r\n",
        "[alias]\nb = \"build\"\nrr = [\"run\", \"--release\"]",
        "[source.crates-io]\nreplace-with = \"vendored\"\n\n[source.vendored]\ndirectory = \"vendor\"\n",
        "[registries.other]\nindex = \"sparse+https://registry.example.com/index/\"\ntoken = \"hunter2\"\n",
        "registries.other.index = \"sparse+https://registry.example.com/index/\"\n\n[http]\nproxy = \"http://u:p@proxy:3128\"\n",
        "[target.x86_64-unknown-linux-gnu]\nlinker = \"clang\"\nrustflags = [\n    \"-C\", # fast\n]\n",
    ],
};

const PIP: Client = Client {
    tool: "pip",
    file: ".config/pip/pip.conf",
    corpus: &[
        "# nothing but a remark\n",
        "[global]\ntimeout = 60\n",
        "[global]\nindex-url = https://pypi.org/simple\ntimeout = 60\n",
        "[global]\r\nindex-url: https://pypi.org/simple/\r\ntrusted-host = example.com\r\n",
        "[install]\nno-binary = :all:\n\n; the rest\n[global]\nrequire-virtualenv = true",
        "[global]\nextra-index-url =\n    https://alice:hunter2@a.example.com/simple\n    https://b.example.com/simple\n",
        "[list]\nformat = columns\n",
        "[global]\nKeyring-Provider = import\n",
    ],
};

const UV: Client = Client {
    tool: "uv",
    file: ".config/uv/uv.toml",
    corpus: &[
        "# nothing but a remark\n",
        "native-tls = true\n",
        "[pip]\ngenerate-hashes = true\n",
        "[[index]]\nname = \"pytorch\"\nurl = \"https://download.pytorch.org/whl/cpu\"\nexplicit = true\n",
        "python-preference = \"only-system\"\r\n\r\n[pip]\r\nuniversal = true\r\n",
        "[[index]]\nname = \"other\"\nurl = \"https://alice:hunter2@other.example.com/simple\"\ndefault = true\n",
        "keyring-provider = \"disabled\" # so far\n",
        "cache-dir = \"/tmp/uv\"",
    ],
};

const TWINE: Client = Client {
    tool: "twine",
    file: ".pypirc",
    corpus: &[
        "# nothing but a remark\n",
        "[distutils]\nindex-servers =\n    pypi\n    testpypi\n\n[testpypi]\nrepository = https://test.pypi.org/legacy/\nusername = __token__\npassword = hunter2\n",
        "[distutils]\nindex-servers = pypi testpypi\n",
        "[pypi]\nusername = __token__\npassword = hunter2\n",
        "[distutils]\r\nindex-servers =\r\n  pypi\r\n\r\n[pypi]\r\nusername = alice\r\n",
        "[distutils]\nindex-servers =\n    pypi\n\n[pypi]\nusername = alice",
        "; mine\n\n[server-login]\nusername: alice\n",
        "[distutils]\n",
    ],
};

const POETRY: Client = Client {
    tool: "poetry",
    file: ".config/pypoetry/config.toml",
    corpus: &[
        "# nothing but a remark\n",
        "[virtualenvs]\nin-project = true\n",
        "[repositories.other]\nurl = \"https://other.example.com/simple/\"\n",
        "[repositories]\nother = { url = \"https://other.example.com/\" }\n",
        "cache-dir = \"/tmp/poetry\"",
        "[virtualenvs]\r\nin-project = true\r\n\r\n[installer]\r\nmax-workers = 4\r\n",
        "[repositories]\n[repositories.other]\nurl = \"https://alice:hunter2@other.example.com/\"\n",
        "[solver]\nlazy-wheel = false # slow proxy\n",
    ],
};

const PDM: Client = Client {
    tool: "pdm",
    file: ".config/pdm/config.toml",
    corpus: &[
        "# nothing but a remark\n",
        "[install]\ncache = true\n",
        "[repository.other]\nurl = \"https://other.example.com/\"\nusername = \"alice\"\npassword = \"hunter2\"\n",
        "[pypi]\nurl = \"https://pypi.org/simple\"\n",
        "check_update = false",
        "[python]\r\nuse_venv = true\r\n",
        "[pypi.other]\nurl = \"https://other.example.com/simple\"\n",
        "[strategy]\nresolve_max_rounds = 10000 # really\n",
    ],
};

const NPMRC: &[&str] = &[
    "; nothing but a remark\n",
    "registry=https://registry.example.com/\nsave-exact=true\n",
    "//registry.example.com/:_authToken=hunter2\n@other:registry=https://registry.example.com/\n",
    "save-exact = true\r\nfund=false\r\n",
    "registry = \"https://registry.example.com/\" ; quoted\n\naudit=false",
    "\u{feff}fund=false\n",
    "prefix=${HOME}/.npm-packages\nca[]=a\nca[]=b\n",
    "fund=false\n\n[section]\nregistry=https://not.read.example.com/\n",
];

const NPM: Client = Client { tool: "npm", file: ".npmrc", corpus: NPMRC };
const PNPM: Client = Client { tool: "pnpm", file: ".config/pnpm/auth.ini", corpus: NPMRC };
const YARN_CLASSIC: Client = Client { tool: "yarn-classic", file: ".npmrc", corpus: NPMRC };
const BUN: Client = Client { tool: "bun", file: ".npmrc", corpus: NPMRC };

const YARN: Client = Client {
    tool: "yarn",
    file: ".yarnrc.yml",
    corpus: &[
        "# nothing but a remark\n",
        "nodeLinker: node-modules\n",
        "npmRegistryServer: \"https://registry.example.com\"\nnodeLinker: pnp\n",
        "npmScopes:\n  other:\n    npmRegistryServer: \"https://registry.example.com\"\n    npmAuthToken: hunter2\n",
        "plugins:\n  - path: .yarn/plugins/x.cjs\n    spec: \"x\"\n\nenableTelemetry: false",
        "npmRegistries:\r\n  \"//registry.example.com\":\r\n    npmAuthToken: \"${TOKEN}\"\r\n",
        "enableGlobalCache: true\n\n\n",
        "plugins:\n- other.cjs\n",
    ],
};

const AWS: Client = Client {
    tool: "aws",
    file: ".aws/config",
    corpus: &[
        "# nothing but a remark\n",
        "[default]\nregion = eu-west-1\n",
        "[default]\r\nregion = eu-west-1\r\n\r\n[profile other]\r\nsso_session = work\r\n",
        "[profile other]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = hunter2",
        "[sso-session work]\nsso_region = us-east-1\nsso_start_url = https://example.awsapps.com/start\n",
        "[profile nested]\ns3 =\n    max_concurrent_requests = 20\n    addressing_style = path\n",
        "[services local]\ndynamodb =\n  endpoint_url = http://localhost:8000\n\n; end\n",
        "[profile a]\ncredential_process = /bin/other --flag\n",
    ],
};

const MAVEN: Client = Client {
    tool: "maven",
    file: ".m2/settings.xml",
    corpus: &[
        "<settings/>\n",
        "<settings>\n  <servers>\n    <server>\n      <id>other</id>\n      <username>alice</username>\n      <password>hunter2</password>\n    </server>\n  </servers>\n</settings>\n",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<settings xmlns=\"http://maven.apache.org/SETTINGS/1.2.0\"\n          xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n          xsi:schemaLocation=\"http://maven.apache.org/SETTINGS/1.2.0 https://maven.apache.org/xsd/settings-1.2.0.xsd\">\n  <!-- <localRepository>/x</localRepository> -->\n  <servers>\n    <!-- <server><id>x</id></server> -->\n  </servers>\n</settings>\n",
        "<?xml version=\"1.0\"?>\r\n<settings>\r\n\t<offline>false</offline>\r\n\t<servers>\r\n\t\t<server>\r\n\t\t\t<id>other</id>\r\n\t\t\t<privateKey>${user.home}/.ssh/id</privateKey>\r\n\t\t</server>\r\n\t</servers>\r\n</settings>\r\n",
        "<settings>\n    <mirrors>\n        <mirror>\n            <id>m</id>\n            <mirrorOf>*</mirrorOf>\n            <url>https://repo.example.com/a?b&amp;c</url>\n        </mirror>\n    </mirrors>\n</settings>",
        "\u{feff}<settings>\n<servers></servers>\n</settings>\n",
        "<settings><servers/></settings>",
        "<settings>\n  <servers />\n  <proxies>\n    <proxy>\n      <host>proxy</host>\n      <password>hunter2</password>\n    </proxy>\n  </proxies>\n</settings>\n\n",
        "<!DOCTYPE settings [\n  <!ENTITY me \"al&#105;ce\">\n]>\n<settings>\n  <servers>\n    <server><id>&me;</id></server>\n  </servers>\n</settings>\n",
        "<settings>\n  <profiles>\n    <profile>\n      <id>p</id>\n      <properties><x><![CDATA[</servers>]]></x></properties>\n    </profile>\n  </profiles>\n  <activeProfiles><activeProfile>p</activeProfile></activeProfiles>\n</settings>\n<!-- Zoë -->\n",
        "<settings>\n\n  <servers>\n\n    <server>\n      <id>h</id>\n      <configuration><httpHeaders><property><name>Authorization</name><value>Bearer hunter2</value></property></httpHeaders></configuration>\n    </server>\n\n  </servers>\n\n</settings>\n",
        "<settings>\n  <servers>\n    <server><id>a</id><username>u</username><password>{COQLCE6DU6GtcS5P=}</password></server>\n    <server><id>b</id></server> </servers>\n</settings>\n",
    ],
};

const CLIENTS: [&Client; 13] =
    [&CARGO, &PIP, &UV, &TWINE, &POETRY, &PDM, &NPM, &PNPM, &YARN, &YARN_CLASSIC, &BUN, &AWS, &MAVEN];

impl Client {
    fn set_up(&self, sandbox: &Sandbox) -> Run {
        if self.tool == "aws" {
            let role = "arn:aws:iam::123456789012:role/CodeArtifact";
            return sandbox.vouch(&["setup", "aws", "--role", role, "--yes"]);
        }
        let args = ["setup", "codeartifact", "--tool", self.tool, "--repository", "my-repo"];
        sandbox.vouch(&args).args(MY_DOMAIN)
    }

    fn undo(&self, sandbox: &Sandbox) -> Run {
        sandbox.vouch(&["undo", self.tool])
    }
}

fn mode(sandbox: &Sandbox, file: &str) -> u32 {
    sandbox.file(file).metadata().unwrap().permissions().mode() & 0o777
}

#[test]
fn every_file_is_byte_for_byte_as_before() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        for client in CLIENTS {
            for (number, text) in client.corpus.iter().enumerate() {
                let mode_before = if number % 2 == 0 { 0o600 } else { 0o644 };
                sandbox.write(client.file, text);
                fs::set_permissions(sandbox.file(client.file), fs::Permissions::from_mode(mode_before))
                    .unwrap();
                let _ = client.set_up(sandbox).ok();
                assert_ne!(sandbox.read(client.file), *text, "{} {number}", client.tool);
                let _ = client.undo(sandbox).ok().says("as it was before setup");
                assert_eq!(sandbox.read(client.file), *text, "{} {number}", client.tool);
                // A file that had a token in it stays private.
                let kept = [mode_before, 0o600].contains(&mode(sandbox, client.file));
                assert!(kept, "{} {number}", client.tool);
                let _ = client.undo(sandbox).fails(1).says("nothing to undo");
            }
            assert!(!sandbox.read(".vouch/journal.json").contains("hunter2"), "{}", client.tool);
            fs::remove_file(sandbox.file(client.file)).unwrap();
        }
    });
}

#[test]
fn links_stay_and_files_that_setup_made_go() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        for client in CLIENTS {
            let file = sandbox.file(client.file);
            let _ = client.set_up(sandbox).ok();
            let _ = client.undo(sandbox).ok();
            assert!(!file.exists(), "{}", client.tool);
            let text = client.corpus[1];
            sandbox.write("dotfiles/it", text);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            symlink(sandbox.file("dotfiles/it"), &file).unwrap();
            let _ = client.set_up(sandbox).ok();
            assert_ne!(sandbox.read("dotfiles/it"), text, "{}", client.tool);
            let _ = client.undo(sandbox).ok();
            assert!(file.symlink_metadata().unwrap().is_symlink(), "{}", client.tool);
            assert_eq!(sandbox.read("dotfiles/it"), text, "{}", client.tool);
            fs::remove_file(file).unwrap();
        }
    });
}

#[test]
fn after_an_edit_by_hand_only_our_lines_go() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        for client in CLIENTS {
            for (number, text) in client.corpus.iter().enumerate() {
                // An edit at both ends: above everything, and as a line of its own at the end.
                let edited = |text: &str| {
                    let end = if text.contains("\r\n") { "\r\n" } else { "\n" };
                    let gap = if text.ends_with('\n') { "" } else { end };
                    format!("# by hand{end}{text}{gap}# later{end}")
                };
                if text.starts_with('\u{feff}') {
                    continue;
                }
                sandbox.write(client.file, text);
                let _ = client.set_up(sandbox).ok();
                sandbox.write(client.file, &edited(&sandbox.read(client.file)));
                let _ = client.undo(sandbox).ok().says("was edited since");
                assert_eq!(sandbox.read(client.file), edited(text), "{} {number}", client.tool);
            }
            fs::remove_file(sandbox.file(client.file)).unwrap();
        }
    });
}

#[test]
fn three_clients_of_one_file_are_taken_back_in_any_order() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        sandbox.log_in();
        let before = "; mine\nsave-exact=true\n";
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
            sandbox.write(".npmrc", before);
            let clients = [&NPM, &BUN, &YARN_CLASSIC];
            for client in clients {
                let _ = client.set_up(sandbox).ok();
            }
            for place in order {
                let _ = clients[place].undo(sandbox).ok();
            }
            assert_eq!(sandbox.read(".npmrc"), before, "{order:?}");
        }
    });
}
