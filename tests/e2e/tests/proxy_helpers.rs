//! Proxies, certificate authorities and variables of AWS as every program that asks AWS or the issuer meets them.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use vouch_e2e::helper::INDEX;
use vouch_e2e::python::index;
use vouch_e2e::{CommandOutput, MY_DOMAIN, Run, Sandbox, in_sandbox};

/// A program that goes to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asker {
    Cargo,
    Pip,
    Npm,
    Credential,
    IssuerCheck,
}

const ALL: [Asker; 5] = [Asker::Cargo, Asker::Pip, Asker::Npm, Asker::Credential, Asker::IssuerCheck];

/// None of these is inherited from the sandbox.
const PROXY_VARIABLES: [&str; 8] = [
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "http_proxy",
    "HTTP_PROXY",
    "no_proxy",
    "NO_PROXY",
];

impl Asker {
    /// Its most ordinary call.
    fn run(self, sandbox: &Sandbox) -> Run {
        match self {
            Self::Cargo => {
                let request = format!(
                    r#"{{"v":1,"registry":{{"index-url":"{INDEX}"}},"kind":"get","operation":"read"}}"#
                );
                sandbox.run("cargo-credential-vouch").arg("--cargo-plugin").stdin(request + "\n")
            }
            Self::Pip => sandbox.run("pip-keyring-vouch").args(["get", &index("", "my-repo"), "aws"]),
            Self::Npm => sandbox.run("npm-token-vouch"),
            Self::Credential => sandbox.vouch(&["credential", "codeartifact"]),
            Self::IssuerCheck => sandbox.vouch(&["issuer", "check"]),
        }
    }

    /// With these variables of proxies and no others.
    fn through(self, sandbox: &Sandbox, variables: &[(&str, String)]) -> Run {
        let bare = PROXY_VARIABLES.iter().fold(self.run(sandbox), |run, name| run.env(name, ""));
        variables.iter().fold(bare, |run, (name, value)| run.env(name, value))
    }

    /// The exit code when the network fails, and when a setting is wrong.
    fn failed(self, done: CommandOutput, class: i32) -> CommandOutput {
        match self {
            // Cargo reads the reason from the answer.
            Self::Cargo => done.expect_code(0).shows(r#""Err":"#),
            Self::Pip => done.expect_code(1),
            Self::Npm | Self::Credential => done.expect_code(class),
            // Whatever is wrong with an issuer is a problem of the issuer's.
            Self::IssuerCheck => {
                assert_ne!(done.code, 0, "{done}");
                done
            }
        }
    }

    fn gave_a_credential(self, done: &CommandOutput) -> bool {
        match self {
            Self::Cargo => done.stdout.contains(r#""Ok":"#),
            _ => done.code == 0,
        }
    }
}

/// How a proxy misbehaves.
#[derive(Debug, Clone, Copy)]
enum Proxy {
    Refuses,
    Hangs,
    Closes,
    Says(&'static str),
}

/// A proxy on loopback; its address.
fn proxy(behavior: Proxy) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    if matches!(behavior, Proxy::Refuses) {
        return address;
    }
    thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            match behavior {
                Proxy::Hangs => kept.push(stream),
                Proxy::Closes | Proxy::Refuses => drop(stream),
                Proxy::Says(answer) => {
                    // It is asked first: closing before that would reset the connection.
                    let _ = stream.read(&mut [0; 4096]);
                    let _ = stream.write_all(answer.as_bytes());
                }
            }
        }
    });
    address
}

/// Counts who comes by.
fn listener() -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let seen = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&seen);
    thread::spawn(move || {
        for _ in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    (address, seen)
}

/// Everything set up that every program needs.
fn ready(sandbox: &Sandbox) {
    sandbox.ready();
    for tool in ["pip", "pnpm"] {
        let setup = ["setup", "codeartifact", "--tool", tool, "--repository", "my-repo"];
        let _ = sandbox.vouch(&setup).args(MY_DOMAIN).ok();
    }
    forget_tokens(sandbox);
}

/// So that the next call goes to the network.
fn forget_tokens(sandbox: &Sandbox) {
    for entry in fs::read_dir(sandbox.file(".vouch/vault")).unwrap().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if !name.starts_with("session") && !name.ends_with(".lock") {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The sandbox's proxy as `HOST:PORT`.
fn sandbox_proxy() -> String {
    let url = env::var("HTTPS_PROXY").unwrap();
    url.rsplit(['@', '/']).next().unwrap().to_owned()
}

#[test]
fn what_a_proxy_does_wrong_is_told_by_every_program() {
    in_sandbox(&["--proxy"], |sandbox| {
        ready(sandbox);
        sandbox.ctl(&["reset"]);
        let ways = [
            (Proxy::Refuses, "cannot reach the proxy", "refused"),
            (Proxy::Hangs, "in time through the proxy", "NO_PROXY"),
            (Proxy::Closes, "cannot reach the proxy", "closed"),
            (Proxy::Says("HTTP/1.1 403 Forbidden\r\n\r\n"), "refuses to connect", "status 403"),
            (Proxy::Says("HTTP/1.1 502 Bad Gateway\r\n\r\n"), "refuses to connect", "status 502"),
            (
                Proxy::Says("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"),
                "does not accept the user and the password",
                "percent-encoded",
            ),
            (Proxy::Says("SSH-2.0-OpenSSH\r\n"), "cannot reach the proxy", "did not answer in HTTP"),
        ];
        // One way after the other: who waits for the lock of others behind another proxy has no time left for its own.
        for (behavior, says, and) in ways {
            let address = proxy(behavior);
            thread::scope(|scope| {
                for asker in ALL {
                    let address = address.clone();
                    scope.spawn(move || {
                        let named = ("HTTPS_PROXY", format!("http://alice:hunter2@{address}"));
                        let done =
                            asker.failed(asker.through(sandbox, std::slice::from_ref(&named)).done(), 5);
                        let told = format!("{}{}", done.stdout, done.stderr);
                        for text in [says, and, "HTTPS_PROXY", &address] {
                            assert!(told.contains(text), "{asker:?}: no {text:?}\n{done}");
                        }
                        assert!(!told.contains("hunter2"), "{done}");
                        assert!(done.took < Duration::from_secs(20), "{done}");
                    });
                }
            });
        }
        assert_eq!(sandbox.count("/proxy/tunnels"), 0);
    });
}

#[test]
fn names_of_proxies_as_people_write_them() {
    in_sandbox(&["--proxy", "--proxy-auth", "al ice:p@ss:w/ord%"], |sandbox| {
        ready(sandbox);
        let there = format!("http://al%20ice:p%40ss%3Aw%2Ford%25@{}", sandbox_proxy());
        let (elsewhere, seen) = listener();
        let wrong = format!("http://{elsewhere}");
        let bare = there.trim_start_matches("http://").to_owned();
        // What is set, and whether it leads to a credential. Lower case counts before upper, https before all.
        let settings: [(Vec<(&str, &String)>, bool); 9] = [
            (vec![("HTTPS_PROXY", &there)], true),
            (vec![("https_proxy", &there)], true),
            (vec![("https_proxy", &there), ("HTTPS_PROXY", &wrong)], true),
            (vec![("HTTPS_PROXY", &there), ("all_proxy", &wrong), ("http_proxy", &wrong)], true),
            (vec![("all_proxy", &there), ("ALL_PROXY", &wrong), ("HTTP_PROXY", &wrong)], true),
            (vec![("ALL_PROXY", &there)], true),
            (vec![("HTTPS_PROXY", &bare)], true),
            // The names do not resolve here: who does not use the proxy fails at that.
            (vec![("HTTP_PROXY", &there), ("http_proxy", &there)], false),
            (vec![], false),
        ];
        for asker in ALL {
            for (variables, works) in &settings {
                forget_tokens(sandbox);
                let variables: Vec<_> =
                    variables.iter().map(|(name, value)| (*name, (*value).clone())).collect();
                // A program that believes to answer a web server is no exception.
                let done = asker.through(sandbox, &variables).env("REQUEST_METHOD", "GET").done();
                assert_eq!(asker.gave_a_credential(&done), *works, "{asker:?} {variables:?}\n{done}");
                if !works {
                    let _ = asker.failed(done, 5);
                }
            }
        }
        assert_eq!(seen.load(Ordering::SeqCst), 0, "a variable that comes later was used");
    });
}

#[test]
fn exceptions_in_every_form() {
    in_sandbox(&["--proxy"], |sandbox| {
        ready(sandbox);
        let there = format!("http://{}", sandbox_proxy());
        let excepted = ["*", "amazonaws.com", ".amazonaws.com", "x.test , sts.us-east-1.amazonaws.com"];
        let used = ["", "us-east-1.amazonaws", "com.amazonaws", "127.0.0.1,localhost", "10.0.0.0/8"];
        let asked = |asker: Asker, names: &[(&str, &str)]| {
            forget_tokens(sandbox);
            let mut variables = vec![("HTTPS_PROXY", there.clone())];
            variables.extend(names.iter().map(|(name, value)| (*name, (*value).to_owned())));
            asker.gave_a_credential(&asker.through(sandbox, &variables).done())
        };
        for asker in ALL.into_iter().filter(|asker| *asker != Asker::IssuerCheck) {
            for names in excepted {
                assert!(!asked(asker, &[("NO_PROXY", names)]), "{asker:?} {names}");
                assert!(!asked(asker, &[("no_proxy", names)]), "{asker:?} {names}");
            }
            for names in used {
                assert!(asked(asker, &[("NO_PROXY", names)]), "{asker:?} {names}");
            }
            // Lower case first here, too.
            assert!(asked(asker, &[("no_proxy", "x.test"), ("NO_PROXY", "*")]), "{asker:?}");
        }
        assert!(!asked(Asker::IssuerCheck, &[("NO_PROXY", "example.com")]));
        assert!(asked(Asker::IssuerCheck, &[("NO_PROXY", "amazonaws.com")]));
    });
}

#[test]
fn a_proxy_behind_tls_is_spoken_to_in_tls() {
    in_sandbox(&["--proxy"], |sandbox| {
        ready(sandbox);
        // The sandbox's proxy speaks no TLS; that it is told so shows that it was tried.
        let named = ("HTTPS_PROXY", format!("https://alice:hunter2@{}", sandbox_proxy()));
        for asker in ALL {
            let done = asker.failed(asker.through(sandbox, std::slice::from_ref(&named)).done(), 5);
            let told = format!("{}{}", done.stdout, done.stderr);
            assert!(told.contains("cannot reach the proxy 127.0.0.1:"), "{asker:?} {done}");
            assert!(told.contains("HTTPS_PROXY") && !told.contains("hunter2"), "{asker:?} {done}");
        }
        let named = ("all_proxy", "socks5h://alice:hunter2@127.0.0.1:1080".to_owned());
        for asker in ALL {
            let done = asker.failed(asker.through(sandbox, std::slice::from_ref(&named)).done(), 7);
            let told = format!("{}{}", done.stdout, done.stderr);
            assert!(told.contains("all_proxy names no http or https proxy"), "{asker:?} {done}");
            assert!(!told.contains("hunter2"), "{asker:?} {done}");
        }
    });
}

#[test]
fn certificate_authorities_that_cannot_serve() {
    in_sandbox(&[], |sandbox| {
        ready(sandbox);
        sandbox.write("ca/broken.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
        sandbox.write("ca/empty.pem", "");
        sandbox.write("ca/text.pem", "no certificate\n");
        // Unreadable even to root: what the link leads to is a folder, or the link to itself.
        std::os::unix::fs::symlink("loop.pem", sandbox.file("ca/loop.pem")).unwrap();
        fs::create_dir(sandbox.file("ca/folder.pem")).unwrap();
        let files = ["missing.pem", "broken.pem", "empty.pem", "text.pem", "loop.pem", "folder.pem"];
        for asker in ALL {
            for (place, file) in files.iter().enumerate() {
                forget_tokens(sandbox);
                let path = sandbox.file("ca").join(file);
                let variable = ["AWS_CA_BUNDLE", "CARGO_HTTP_CAINFO", "SSL_CERT_FILE"][place % 3];
                let bare = asker.run(sandbox).env("AWS_CA_BUNDLE", "").env("CARGO_HTTP_CAINFO", "");
                let done = asker.failed(bare.env(variable, &path).done(), 7);
                let told = format!("{}{}", done.stdout, done.stderr);
                assert!(told.contains(variable) && told.contains(file), "{asker:?} {done}");
            }
            // A wrong one does no harm where an earlier variable decides.
            forget_tokens(sandbox);
            let missing = sandbox.file("ca/missing.pem");
            let run = asker.run(sandbox).env("CARGO_HTTP_CAINFO", &missing).env("SSL_CERT_FILE", &missing);
            assert!(asker.gave_a_credential(&run.done()), "{asker:?}");
            let run = asker.run(sandbox).env("AWS_CA_BUNDLE", "").env("SSL_CERT_FILE", &missing);
            assert!(asker.gave_a_credential(&run.done()), "{asker:?}");
        }
        assert_eq!(sandbox.count("/sts/refused"), 0);
    });
}

#[test]
fn variables_of_aws_move_nothing() {
    in_sandbox(&[], |sandbox| {
        ready(sandbox);
        let (address, seen) = listener();
        let url = format!("http://{address}");
        let config = format!(
            "[default]\nendpoint_url = {url}\nservices = s\nca_bundle = /missing.pem\nregion = eu-west-1\n\
             [profile other]\nendpoint_url = {url}\n[services s]\nsts =\n  endpoint_url = {url}\n"
        );
        sandbox.write("aws/config", &config);
        sandbox.write(".aws/config", &config);
        sandbox.write(
            ".aws/credentials",
            "[default]\naws_access_key_id = AKIAAMBIENT\naws_secret_access_key = x\n",
        );
        for asker in ALL {
            forget_tokens(sandbox);
            let mut run = asker.run(sandbox);
            for name in [
                "AWS_ENDPOINT_URL",
                "AWS_ENDPOINT_URL_STS",
                "AWS_ENDPOINT_URL_CODEARTIFACT",
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                "STS_ENDPOINT_URL",
            ] {
                run = run.env(name, &url);
            }
            for (name, value) in [
                ("AWS_ACCESS_KEY_ID", "AKIAAMBIENT"),
                ("AWS_SECRET_ACCESS_KEY", "ambient"),
                ("AWS_SESSION_TOKEN", "ambient"),
                ("AWS_PROFILE", "other"),
                ("AWS_DEFAULT_PROFILE", "other"),
                ("AWS_REGION", "eu-west-1"),
                ("AWS_ROLE_ARN", "arn:aws:iam::999999999999:role/Other"),
                ("AWS_USE_FIPS_ENDPOINT", "true"),
                ("AWS_USE_DUALSTACK_ENDPOINT", "true"),
                ("AWS_STS_REGIONAL_ENDPOINTS", "legacy"),
                ("AWS_EC2_METADATA_DISABLED", "false"),
            ] {
                run = run.env(name, value);
            }
            let done = run.env("AWS_CONFIG_FILE", sandbox.file("aws/config")).done();
            assert!(asker.gave_a_credential(&done), "{asker:?}\n{done}");
        }
        assert_eq!(seen.load(Ordering::SeqCst), 0);
        // The listener does hear who comes.
        drop(TcpStream::connect(&address).unwrap());
        thread::sleep(Duration::from_millis(100));
        assert_eq!(seen.load(Ordering::SeqCst), 1);
    });
}
