//! For each thing that a project can do: a project with that alone, and the same without it.

use std::fs;
use std::path::Path;

use vouch_core::config::Config;

use super::*;

const HOST: &str = "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";
const NODE: [Tool; 4] = [Tool::Npm, Tool::Pnpm, Tool::YarnClassic, Tool::Bun];

pub(super) fn targets() -> Targets {
    let registration = serde_json::json!({
        "tool": "poetry", "repository": "my-repo", "profile": "default", "name": "ours",
        "endpoint": format!("https://{HOST}/pypi/my-repo/"),
    });
    let maven = |id: &str, options: serde_json::Value| {
        serde_json::json!({
            "tool": "maven", "repository": "my-repo", "profile": "default", "name": id, "options": options,
            "endpoint": format!("https://{HOST}/maven/my-repo/"),
        })
    };
    let mirrored = serde_json::json!({ "maven": crate::jvm::names::MavenNames::generate().unwrap() });
    let registrations = [registration, maven("ours", serde_json::json!({})), maven("mirrored", mirrored)];
    let config = serde_json::json!({ "version": 1, "codeartifact": { "registrations": registrations } });
    Targets::of(&serde_json::from_value::<Config>(config).unwrap())
}

fn write(folder: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = folder.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text.replace("HOST", HOST)).unwrap();
    }
}

/// What is found in a project of these files.
pub(super) fn seen(tool: Tool, files: &[(&str, &str)]) -> Vec<(Effect, bool)> {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), files);
    let found = look(dir.path(), &[tool], &targets());
    assert!(found.iter().all(|finding| finding.file.starts_with(dir.path())), "{found:?}");
    found.iter().map(|finding| (finding.effect, finding.is_certain)).collect()
}

/// Asserts that a client does this because of one file, and nothing without it.
pub(super) fn does(tools: &[Tool], name: &str, text: &str, wanted: &[(Effect, bool)]) {
    for tool in tools {
        assert_eq!(seen(*tool, &[(name, text)]), wanted, "{tool:?} {name}: {text}");
    }
}

pub(super) const PLAIN: &[(Effect, bool)] = &[(Effect::Plain, true)];
pub(super) const ELSEWHERE: &[(Effect, bool)] = &[(Effect::Elsewhere, true)];
pub(super) const INTERCEPTED: &[(Effect, bool)] = &[(Effect::Intercepted, true)];
pub(super) const UNCHECKED: &[(Effect, bool)] = &[(Effect::Unchecked, false)];
const AUTHORITY: &[(Effect, bool)] = &[(Effect::Authority, false)];
pub(super) const PROXY: &[(Effect, bool)] = &[(Effect::Proxy, false)];
pub(super) const NOTHING: &[(Effect, bool)] = &[];

#[test]
fn files_of_gradle() {
    let gradle = |text: &str, wanted| does(&[Tool::Gradle], "gradle.properties", text, wanted);
    gradle("systemProp.https.proxyHost=x", PROXY);
    gradle("systemProp.javax.net.ssl.trustStore = /x", AUTHORITY);
    gradle("systemProp.javax.net.ssl.trustStore=/x\nsystemProp.https.proxyHost=y", INTERCEPTED);
    gradle("org.gradle.jvmargs=-Xmx2g -Djavax.net.ssl.trustStore=/x -Dhttps.proxyHost=y", INTERCEPTED);
    gradle("org.gradle.jvmargs=-Xmx2g", NOTHING);
    gradle("# systemProp.https.proxyHost=x", NOTHING);
}

#[test]
fn an_npmrc() {
    for registry in [
        "registry=http://HOST/npm/r/",
        "@acme:registry = HTTP://HOST/npm/r",
        "registry=\"http:\\\\\\\\HOST/npm\"",
    ] {
        does(&NODE, ".npmrc", registry, PLAIN);
    }
    for honest in [
        "registry=https://HOST/npm/r/",
        "registry=http://registry.npmjs.org/",
        "; registry=http://HOST/npm/r/",
        "registry=http://HOST/npm/r/\nregistry=https://HOST/npm/r/",
        "[section]\nregistry=http://HOST/npm/r/",
        "//HOST/npm/r/:_authToken=${CODEARTIFACT_AUTH_TOKEN}",
        "//HOST:443/:_authToken=${CODEARTIFACT_AUTH_TOKEN}",
        "registry=https://HOST/npm/r/\n_auth=${CODEARTIFACT_AUTH_TOKEN}",
        "//npm.example/:_authToken=${NPM_TOKEN}",
        "//npm.example/:cafile=./ca.pem",
        "strict-ssl=true\nfund=false",
        "cafile=\nproxy=null\nca=null",
        "",
    ] {
        does(&NODE, ".npmrc", honest, NOTHING);
    }
    let others = [Tool::Npm, Tool::YarnClassic, Tool::Bun];
    for text in
        ["//npm.example/:_authToken=${CODEARTIFACT_AUTH_TOKEN}", "_authToken=${CODEARTIFACT_AUTH_TOKEN?}"]
    {
        does(&others, ".npmrc", text, ELSEWHERE);
        // It fills nothing into a project's credentials.
        does(&[Tool::Pnpm], ".npmrc", text, NOTHING);
    }
    does(&others, ".npmrc", "registry=https://npm.example/${CODEARTIFACT_AUTH_TOKEN}/", ELSEWHERE);
    let clients = [Tool::Npm, Tool::Pnpm, Tool::Bun];
    for off in ["false", "0", "null"] {
        does(&clients, ".npmrc", &format!("strict-ssl={off}"), UNCHECKED);
    }
    // It takes that from its own file alone.
    does(&[Tool::YarnClassic], ".npmrc", "strict-ssl=false", NOTHING);
    for authority in ["cafile=./ca.pem", "ca[]=x\nca[]=y", "//HOST/npm/r/:cafile=./ca.pem"] {
        does(&NODE, ".npmrc", authority, AUTHORITY);
    }
    for proxy in ["proxy", "https-proxy", "http-proxy"] {
        let proxy = format!("{proxy}=http://127.0.0.1:1");
        let clients = [Tool::Npm, Tool::Pnpm, Tool::YarnClassic];
        does(&clients, ".npmrc", &proxy, PROXY);
        does(&clients[..2], ".npmrc", &format!("strict-ssl=false\n{proxy}"), INTERCEPTED);
        does(&clients, ".npmrc", &format!("cafile=./ca.pem\n{proxy}"), INTERCEPTED);
        does(&clients, ".npmrc", &format!("noproxy=.amazonaws.com\n{proxy}"), NOTHING);
        // bun takes none from there.
        does(&[Tool::Bun], ".npmrc", &format!("cafile=./ca.pem\n{proxy}"), AUTHORITY);
    }
}

#[test]
fn files_that_one_client_of_node_reads() {
    does(&[Tool::YarnClassic], ".yarnrc", "registry \"http://HOST/npm/r/\"", PLAIN);
    does(&[Tool::YarnClassic], ".yarnrc", "\"@acme:registry\" http://HOST/npm/r/", PLAIN);
    let both = [(".npmrc", "registry=https://HOST/npm/r/"), (".yarnrc", "registry \"http://HOST/npm/r/\"")];
    assert_eq!(seen(Tool::YarnClassic, &both), NOTHING, "an .npmrc goes first");
    does(&[Tool::YarnClassic], ".yarnrc", "strict-ssl false", UNCHECKED);
    does(
        &[Tool::YarnClassic],
        ".yarnrc",
        "cafile \"./ca.pem\"\nhttps-proxy \"http://127.0.0.1:1\"",
        INTERCEPTED,
    );
    does(&[Tool::Npm, Tool::Pnpm, Tool::Bun, Tool::Yarn], ".yarnrc", "strict-ssl false", NOTHING);

    does(&[Tool::Pnpm], "pnpm-workspace.yaml", "registries:\n  default: http://HOST/npm/r/\n", PLAIN);
    does(&[Tool::Pnpm], "pnpm-workspace.yaml", "registry: \"http://HOST/npm/r/\"\n", PLAIN);
    does(&[Tool::Pnpm], "pnpm-workspace.yaml", "strictSsl: false\n", UNCHECKED);
    does(
        &[Tool::Pnpm],
        "pnpm-workspace.yaml",
        "cafile: ca.pem\nhttpsProxy: http://127.0.0.1:1\n",
        INTERCEPTED,
    );
    does(&[Tool::Pnpm], "pnpm-workspace.yaml", "packages:\n  - packages/*\nstrictSsl: true\n", NOTHING);
    does(&[Tool::Npm, Tool::Bun], "pnpm-workspace.yaml", "strictSsl: false\n", NOTHING);

    does(&[Tool::Bun], "bunfig.toml", "[install]\nregistry = \"http://HOST/npm/r/\"\n", PLAIN);
    does(&[Tool::Bun], "bunfig.toml", "[install.scopes]\nacme = { url = \"http://HOST/npm/r/\" }\n", PLAIN);
    does(&[Tool::Bun], "bunfig.toml", "[install]\ncafile = \"ca.pem\"\n", AUTHORITY);
    let token = |host: &str| {
        format!(
            "[install]\nregistry = {{ url = \"https://{host}/\", token = \"$CODEARTIFACT_AUTH_TOKEN\" }}\n"
        )
    };
    does(&[Tool::Bun], "bunfig.toml", &token("npm.example"), ELSEWHERE);
    does(&[Tool::Bun], "bunfig.toml", &token("HOST/npm/r"), NOTHING);
    does(&[Tool::Bun], ".env", "NODE_TLS_REJECT_UNAUTHORIZED=0\n", UNCHECKED);
    does(
        &[Tool::Bun],
        ".env",
        "NODE_TLS_REJECT_UNAUTHORIZED=0\nhttps_proxy=http://127.0.0.1:1\n",
        INTERCEPTED,
    );
    does(&[Tool::Bun], ".env.local", "NPM_CONFIG_REGISTRY=http://HOST/npm/r/\n", PLAIN);
    for honest in ["NODE_TLS_REJECT_UNAUTHORIZED=1\n", "# NODE_TLS_REJECT_UNAUTHORIZED=0\n", "PORT=80\n"] {
        does(&[Tool::Bun], ".env", honest, NOTHING);
    }
    does(&[Tool::Npm], ".env", "NODE_TLS_REJECT_UNAUTHORIZED=0\n", NOTHING);
}

#[test]
fn a_yarnrc_yml() {
    let yarn = |text: &str, wanted: &[(Effect, bool)]| does(&[Tool::Yarn], ".yarnrc.yml", text, wanted);
    yarn("npmRegistryServer: \"http://HOST/npm/r\"\n", &[(Effect::Plain, false)]);
    yarn("npmScopes:\n  acme:\n    npmRegistryServer: http://HOST/npm/r\n", &[(Effect::Plain, false)]);
    yarn("enableStrictSsl: false\n", UNCHECKED);
    yarn("httpsCaFilePath: ./ca.pem\n", AUTHORITY);
    yarn("httpsProxy: http://127.0.0.1:1\n", PROXY);
    // The plugin refuses that.
    let both = &[(Effect::Unchecked, false), (Effect::Proxy, false)];
    yarn("enableStrictSsl: false\nhttpsProxy: http://127.0.0.1:1\n", both);
    yarn("networkSettings:\n  \"*.amazonaws.com\":\n    enableStrictSsl: false\n", UNCHECKED);
    yarn("networkSettings: { \"*\": { httpsCaFilePath: ca.pem } }\n", UNCHECKED);
    let token = "npmAuthToken: \"${CODEARTIFACT_AUTH_TOKEN}\"\n";
    yarn(&format!("npmRegistryServer: https://npm.example\n{token}"), ELSEWHERE);
    yarn(&format!("npmRegistries:\n  //npm.example:\n    {token}"), ELSEWHERE);
    for honest in [
        "networkSettings:\n  \"*.example\":\n    enableStrictSsl: false\n    httpsCaFilePath: ca.pem\n    httpsProxy: http://p\n",
        "enableStrictSsl: true\nnodeLinker: node-modules\n",
        "npmRegistryServer: https://registry.yarnpkg.com\n",
        token,
        &format!("npmRegistryServer: https://HOST/npm/r\n{token}"),
        &format!("npmRegistries:\n  //HOST/npm/r:\n    {token}"),
    ] {
        yarn(honest, NOTHING);
    }
}

#[test]
fn locks_and_dependencies_of_node() {
    let npm = "{\"packages\": {\n  \"node_modules/x\": {\n    \"resolved\": \"http://HOST/npm/r/x/-/x-1.0.0.tgz\"\n  }}}";
    does(&[Tool::Npm], "package-lock.json", npm, PLAIN);
    does(&[Tool::Npm], "npm-shrinkwrap.json", &npm.replace("http://", "\\u0068ttp:\\/\\/"), PLAIN);
    does(
        &[Tool::Pnpm],
        "pnpm-lock.yaml",
        "packages:\n  x@1.0.0:\n    resolution: {tarball: http://HOST/npm/r/x.tgz}\n",
        PLAIN,
    );
    does(
        &[Tool::YarnClassic],
        "yarn.lock",
        "x@1:\n  version \"1.0.0\"\n  resolved \"http://HOST/npm/r/x.tgz#0\"\n",
        PLAIN,
    );
    // bun and yarn 4 send nothing there.
    does(&[Tool::Bun], "package-lock.json", npm, NOTHING);
    for tool in NODE {
        let lock =
            npm.replace("http://HOST", "https://HOST") + "\n" + &npm.replace("HOST", "registry.npmjs.org");
        assert_eq!(seen(tool, &[("package-lock.json", &lock)]), NOTHING);
    }
    let berry = |name: &str, url: &str| {
        format!("\"x@npm:1\":\n  resolution: \"{name}@npm:1.0.0::__archiveUrl={url}\"\n")
    };
    let other = [(Effect::OtherHost, false)];
    does(&[Tool::Yarn], "yarn.lock", &berry("x", "https%3A%2F%2Fnpm.example%2Fx.tgz"), &other);
    does(&[Tool::Yarn], "yarn.lock", &berry("x", "https%3A%2F%2FHOST%2Fnpm%2Fr%2Fx.tgz"), NOTHING);
    does(&[Tool::Yarn], "yarn.lock", &berry("@theirs/x", "https%3A%2F%2Fnpm.example%2Fx.tgz"), NOTHING);
    does(&[Tool::YarnClassic], "yarn.lock", &berry("x", "https%3A%2F%2Fnpm.example%2Fx.tgz"), NOTHING);
    let clients = [Tool::Npm, Tool::Pnpm, Tool::YarnClassic];
    for text in [
        "{\"dependencies\": {\"x\": \"http://HOST/npm/r/x.tgz\"}}",
        "{\"overrides\": {\"a\": {\"x\": \"http://HOST/npm/r/x.tgz\"}}}",
        "{\"publishConfig\": {\"registry\": \"http://HOST/npm/r/\"}}",
    ] {
        does(&clients, "package.json", text, PLAIN);
    }
    for text in [
        "{\"homepage\": \"http://HOST/\"}",
        "{\"dependencies\": {\"x\": \"https://HOST/x.tgz\"}}",
        "{ http: oops",
    ] {
        does(&clients, "package.json", text, NOTHING);
    }
}

#[test]
fn a_workspace_and_the_folders_above() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[
            ("package.json", "{\"workspaces\": [\"packages/*\"]}"),
            (".npmrc", "registry=http://HOST/npm/r/"),
            ("packages/a/package.json", "{}"),
            ("packages/a/src/x", ""),
            (".yarnrc", "strict-ssl false"),
        ],
    );
    let found = |tool| look(&dir.path().join("packages/a/src"), &[tool], &targets());
    for tool in [Tool::Npm, Tool::Bun, Tool::YarnClassic] {
        let found = found(tool);
        assert_eq!(
            (found[0].effect, found[0].line, &found[0].file),
            (Effect::Plain, Some(1), &dir.path().join(".npmrc"))
        );
    }
    // Without a workspace npm reads nothing above the project; yarn 1 does.
    write(dir.path(), &[("package.json", "{}")]);
    assert_eq!(found(Tool::Npm), []);
    assert_eq!(found(Tool::YarnClassic).len(), 2);
}

#[cfg(unix)]
#[test]
fn what_pip_reads() {
    let pip = |name: &str, text: &str, wanted: &[(Effect, bool)]| does(&[Tool::Pip], name, text, wanted);
    for text in [
        "--index-url http://HOST/pypi/r/simple/",
        "--extra-index-url=http://aws@HOST/pypi/r/simple/",
        "x @ http://HOST/pypi/r/x-1.0.0.whl",
        "six\n  http://HOST/pypi/r/x.whl  # x",
    ] {
        pip("requirements.txt", text, PLAIN);
        pip("constraints.txt", text, PLAIN);
    }
    pip("requirements.txt", "--trusted-host HOST", UNCHECKED);
    pip("requirements.txt", "--trusted-host=HOST:443", UNCHECKED);
    pip("requirements.txt", "-i https://aws:${CODEARTIFACT_AUTH_TOKEN}@pypi.example/simple", ELSEWHERE);
    for honest in [
        "# --index-url http://HOST/pypi/r/simple/",
        "six # http://HOST/",
        "--trusted-host else.example\n--index-url http://pypi.example/simple",
        "-i https://aws:${CODEARTIFACT_AUTH_TOKEN}@HOST/pypi/r/simple/",
        "requests==2.32.0 --hash=sha256:0",
    ] {
        pip("requirements.txt", honest, NOTHING);
    }
    let more = [
        ("requirements.txt", "-r more/a.txt"),
        ("more/a.txt", "-c b.txt\n-r ../requirements.txt"),
        ("more/b.txt", "--trusted-host HOST"),
    ];
    assert_eq!(seen(Tool::Pip, &more), UNCHECKED);

    for (text, wanted) in [
        ("index-url = http://HOST/pypi/r/simple/", PLAIN),
        ("trusted-host = else.example\n    HOST", UNCHECKED),
        ("cert = /x.pem", AUTHORITY),
        ("proxy = http://127.0.0.1:1", PROXY),
        ("cert = /x.pem\nproxy = http://127.0.0.1:1", INTERCEPTED),
        ("cache-dir = ./cache", &[(Effect::Cache, false)]),
        ("trusted-host = else.example", NOTHING),
        ("index-url = https://pypi.org/simple\ncache-dir = /var/cache/pip", NOTHING),
    ] {
        pip(&format!(".venv/{}", crate::python::PIP_CONF), &format!("[global]\n{text}\n"), wanted);
    }
    let package = "[[packages]]\nname = \"x\"\nwheels = [{ url = \"http://HOST/pypi/r/x.whl\" }]\n";
    does(&[Tool::Pip, Tool::Pdm], "pylock.toml", package, PLAIN);
    does(&[Tool::Pip, Tool::Pdm], "pylock.toml", &package.replace("http:", "https:"), NOTHING);
    let project = "[project]\ndependencies = [\n  \"x @ http://HOST/pypi/r/x.whl\",\n]\n";
    does(&[Tool::Pip, Tool::Pdm], "pyproject.toml", project, PLAIN);
    // They do not send it there.
    does(&[Tool::Uv, Tool::Poetry, Tool::Twine], "pyproject.toml", project, NOTHING);
}

#[test]
fn what_uv_poetry_and_pdm_read() {
    let uv = [Tool::Uv, Tool::Pdm];
    does(&uv, "uv.toml", "allow-insecure-host = [\"HOST\"]\n", UNCHECKED);
    does(&uv, "uv.toml", "https-proxy = \"http://127.0.0.1:1\"\n", PROXY);
    let both = "allow-insecure-host = [\"x\", \"HOST:443\"]\nhttps-proxy = \"http://127.0.0.1:1\"\n";
    does(&uv, "uv.toml", both, INTERCEPTED);
    does(&uv, "pyproject.toml", &format!("[tool.uv]\n{both}"), INTERCEPTED);
    does(&uv, "uv.toml", &format!("{both}no-proxy = [\"HOST\"]\n"), UNCHECKED);
    for honest in
        ["allow-insecure-host = [\"else.example\"]\n", "index-url = \"https://pypi.org/simple\"\n", "= oops"]
    {
        does(&uv, "uv.toml", honest, NOTHING);
    }
    let poetry = |text: &str, wanted: &[(Effect, bool)]| does(&[Tool::Poetry], "poetry.toml", text, wanted);
    poetry("[certificates.ours]\ncert = false\n", UNCHECKED);
    poetry("[certificates.ours]\ncert = \"ca.pem\"\n", AUTHORITY);
    poetry("[repositories.x]\nurl = \"https://HOST/pypi/r/\"\n[certificates.x]\ncert = false\n", UNCHECKED);
    poetry("cache-dir = \"cache\"\n", &[(Effect::Cache, false)]);
    for honest in [
        "[certificates.theirs]\ncert = false\n",
        "[virtualenvs]\nin-project = true\n",
        "[certificates.ours]\ncert = true\n",
    ] {
        poetry(honest, NOTHING);
    }
    let source = "[[tool.poetry.source]]\nname = \"x\"\nurl = \"https://HOST/pypi/r/simple/\"\n";
    let files = [("pyproject.toml", source), ("poetry.toml", "[certificates.x]\ncert = false\n")];
    assert_eq!(seen(Tool::Poetry, &files), UNCHECKED);

    let pdm = |name: &str, text: &str, wanted: &[(Effect, bool)]| does(&[Tool::Pdm], name, text, wanted);
    pdm("pdm.toml", "[pypi]\nverify_ssl = false\n", UNCHECKED);
    pdm("pdm.toml", "[pypi]\nca_certs = \"ca.pem\"\n", AUTHORITY);
    pdm("pdm.toml", "[repository.ours]\nverify_ssl = false\n", UNCHECKED);
    pdm("pdm.toml", "cache_dir = \"cache\"\n", &[(Effect::Cache, false)]);
    pdm("pdm.lock", "[[package]]\nfiles = [{ url = \"http://HOST/pypi/r/x.whl\" }]\n", PLAIN);
    let source =
        |url: &str, more: &str| format!("[[tool.pdm.source]]\nname = \"x\"\nurl = \"{url}\"\n{more}\n");
    pdm("pyproject.toml", &source("http://HOST/pypi/r/simple/", ""), PLAIN);
    pdm("pyproject.toml", &source("https://HOST/pypi/r/simple/", "verify_ssl = false"), UNCHECKED);
    pdm("pyproject.toml", &source("https://aws:${CODEARTIFACT_AUTH_TOKEN}@pypi.example/", ""), ELSEWHERE);
    pdm("pyproject.toml", &source("https://pypi.example/", "verify_ssl = false"), NOTHING);
    pdm(
        "pdm.toml",
        "[repository.theirs]\nverify_ssl = false\n[pypi.theirs]\nurl = \"https://x\"\nverify_ssl = false\n",
        NOTHING,
    );
}

#[test]
fn what_cargo_and_bundler_read() {
    let cargo =
        |text: &str, wanted: &[(Effect, bool)]| does(&[Tool::Cargo], ".cargo/config.toml", text, wanted);
    cargo("[http]\nproxy = \"http://127.0.0.1:1\"\ncainfo = \"ca.pem\"\n", INTERCEPTED);
    cargo("http.proxy = \"http://127.0.0.1:1\"\n", PROXY);
    cargo("[http]\ncainfo = \"ca.pem\"\n", AUTHORITY);
    cargo("[http]\nmultiplexing = false\n[build]\njobs = 1\n", NOTHING);

    let gemfile = |text: &str, wanted: &[(Effect, bool)]| does(&[Tool::Ruby], "Gemfile", text, wanted);
    let plain = &[(Effect::Plain, false)];
    gemfile("source \"http://HOST:8099/ruby/r/\" do\n  gem \"x\"\nend\n", plain);
    gemfile(
        "# source 'http://HOST/ruby/r/'\nsource 'https://rubygems.org'\ngem 'x' # http://HOST\n",
        NOTHING,
    );
    let bundle = |text: &str, wanted: &[(Effect, bool)]| {
        does(&[Tool::Ruby], ".bundle/config", &format!("---\n{text}\n"), wanted);
    };
    bundle("BUNDLE_MIRROR__HTTPS://HOST/RUBY/R/: \"http://HOST:8099/ruby/r/\"", plain);
    for none in ["0", "\"0\"", "none"] {
        bundle(&format!("BUNDLE_SSL_VERIFY_MODE: {none}"), UNCHECKED);
    }
    bundle("BUNDLE_SSL_VERIFY_MODE: \"1\"", NOTHING);
    bundle("BUNDLE_SSL_CA_CERT: \"ca.pem\"", AUTHORITY);
    bundle(
        "BUNDLE_MIRROR__HTTPS://RUBYGEMS__ORG/: \"http://gems.example/\"\nBUNDLE_PATH: \"vendor\"",
        NOTHING,
    );
}

#[test]
fn the_evidence_changes_with_the_lines_and_the_files_that_they_name() {
    let dir = tempfile::tempdir().unwrap();
    let evidence = |files: &[(&str, &str)]| {
        write(dir.path(), files);
        let found = look(dir.path(), &[Tool::Npm], &targets());
        assert_eq!(found.len(), 1, "{found:?}");
        found[0].evidence
    };
    let npmrc = "cafile=ca.pem\nhttps-proxy=http://127.0.0.1:1\n";
    let known = evidence(&[(".npmrc", npmrc), ("ca.pem", "one")]);
    assert_eq!(evidence(&[(".npmrc", &format!("{npmrc}fund=false\n"))]), known);
    assert_ne!(evidence(&[("ca.pem", "two")]), known);
    assert_ne!(evidence(&[("ca.pem", "one"), (".npmrc", &npmrc.replace(":1\n", ":2\n"))]), known);
    assert_eq!(evidence(&[(".npmrc", npmrc)]), known);
}

#[test]
fn a_file_that_is_too_large_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let lock = dir.path().join("package-lock.json");
    fs::File::create(&lock).unwrap().set_len(vouch_core::files::READ_LIMIT + 1).unwrap();
    let found = look(dir.path(), &[Tool::Npm], &targets());
    let [finding] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((finding.effect, finding.is_certain), (Effect::LeftOut, false));
    let told = format!("`{}` was not looked at: it is larger than 8 MiB", lock.display());
    assert_eq!(finding.to_string(), told);
    assert_eq!(look(dir.path(), &[Tool::Cargo], &targets()), []);
}

#[cfg(unix)]
#[test]
fn a_finding_says_file_line_and_what_it_does() {
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        &[(".npmrc", "fund=false\n//aws:hunter2@npm.example/:_authToken=${CODEARTIFACT_AUTH_TOKEN}\n")],
    );
    let found = look(dir.path(), &[Tool::Npm], &targets());
    let told = found[0].to_string();
    assert!(
        told.contains("/.npmrc` line 2: `") && told.ends_with("` sends the token to another host"),
        "{told}"
    );
    assert!(!told.contains("hunter2"), "{told}");
    // Where nothing was set up, nothing can be given away.
    assert_eq!(look(dir.path(), &[Tool::Npm], &Targets::default()), []);
}

/// Without a clock: what looks at each setting once for each other one does not come back from this.
#[test]
fn files_of_any_length_are_looked_at() {
    const MANY: usize = 60_000;
    let lines = |line: &dyn Fn(usize) -> String| (0..MANY).map(line).collect::<String>();
    let pdm = lines(&|at| format!("[pypi.a{at}]\nverify_ssl = false\n"));
    assert_eq!(seen(Tool::Pdm, &[("pyproject.toml", "[project]\n"), ("pdm.toml", &pdm)]), NOTHING);
    let keys = lines(&|at| format!("a{at} = \"x\"\n"));
    assert_eq!(seen(Tool::Uv, &[("uv.toml", &keys)]), NOTHING);
    assert_eq!(seen(Tool::Npm, &[(".npmrc", &keys)]), NOTHING);
    let yaml = lines(&|at| format!("a{at}: \"x\"\n"));
    assert_eq!(seen(Tool::Yarn, &[(".yarnrc.yml", &yaml)]), NOTHING);
    let lock = format!("{{\"a\":\"{}\"}}", "http:".repeat(10 * MANY));
    assert_eq!(seen(Tool::Npm, &[("package.json", "{}"), ("package-lock.json", &lock)]), NOTHING);
}
