//! The environment of the command: empty but for what is listed here.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Variables that the command inherits: how to talk to its terminal.
const INHERITED: [&str; 7] = ["TERM", "COLORTERM", "NO_COLOR", "LANG", "LC_ALL", "LC_CTYPE", "TZ"];

/// Variables that name the file of the sandbox's certificate authority, one or more for every client.
const CA_VARIABLES: [&str; 9] = [
    "SSL_CERT_FILE",
    "AWS_CA_BUNDLE",
    "CARGO_HTTP_CAINFO",
    "CURL_CA_BUNDLE",
    "NODE_EXTRA_CA_CERTS",
    "PIP_CERT",
    "REQUESTS_CA_BUNDLE",
    "TWINE_CERT",
    "npm_config_cafile",
];

/// Where the command finds its things.
#[derive(Debug)]
pub struct Places {
    /// `HOME`.
    pub home: PathBuf,
    /// `TMPDIR`.
    pub temporary: PathBuf,
    /// `XDG_RUNTIME_DIR`.
    pub runtime: PathBuf,
    /// PEM file of the certificate authority.
    pub authority: PathBuf,
    /// `VOUCH_SANDBOX_…` variables, without that beginning.
    pub sandbox: Vec<(&'static str, OsString)>,
}

/// A Rust toolchain, past rustup's shims: those do not work with another `HOME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// Folder of `cargo` and `rustc`.
    pub programs: PathBuf,
    /// `RUSTUP_HOME`, where rustup manages the toolchain.
    pub rustup: Option<PathBuf>,
}

impl Toolchain {
    /// Asks `rustc` on the `PATH` where it lives. `None` without one.
    #[must_use]
    pub fn find() -> Option<Self> {
        let output = Command::new("rustc").args(["--print", "sysroot"]).output().ok()?;
        let sysroot = PathBuf::from(String::from_utf8(output.stdout).ok()?.trim());
        let programs = sysroot.join("bin");
        if !output.status.success() || !programs.join("cargo").exists() {
            return None;
        }
        // RUSTUP_HOME/toolchains/NAME
        let parent = sysroot.parent().filter(|parent| parent.file_name() == Some(OsStr::new("toolchains")));
        Some(Self { programs, rustup: parent.and_then(Path::parent).map(Path::to_owned) })
    }
}

/// Builds the environment.
///
/// `inherit` looks up a variable of the caller. `folders` come first on the `PATH`, then the toolchain's, then
/// the caller's. `proxy` is the URL of the proxy. `extra` comes last and may replace anything.
pub fn build(
    inherit: impl Fn(&str) -> Option<OsString>,
    places: &Places,
    folders: &[PathBuf],
    toolchain: Option<&Toolchain>,
    proxy: Option<&str>,
    extra: &[(String, OsString)],
) -> Vec<(OsString, OsString)> {
    let mut variables: Vec<(OsString, OsString)> = Vec::new();
    let mut set = |name: &str, value: OsString| variables.push((name.into(), value));
    for name in INHERITED {
        if let Some(value) = inherit(name) {
            set(name, value);
        }
    }
    set("PATH", path(folders, toolchain, inherit("PATH").as_deref()));
    set("HOME", places.home.clone().into());
    set("TMPDIR", places.temporary.clone().into());
    set("XDG_RUNTIME_DIR", places.runtime.clone().into());
    set("USER", "root".into());
    set("LOGNAME", "root".into());
    set("SHELL", "/bin/sh".into());
    if let Some(toolchain) = toolchain {
        set("CARGO", toolchain.programs.join("cargo").into());
        if let Some(rustup) = &toolchain.rustup {
            set("RUSTUP_HOME", rustup.clone().into());
        }
    }
    for name in CA_VARIABLES {
        set(name, places.authority.clone().into());
    }
    // Without it AWS clients look for a machine's role on a link-local address, and wait.
    set("AWS_EC2_METADATA_DISABLED", "true".into());
    if let Some(proxy) = proxy {
        for name in ["HTTPS_PROXY", "https_proxy", "YARN_HTTPS_PROXY"] {
            set(name, proxy.into());
        }
        for name in ["NO_PROXY", "no_proxy"] {
            set(name, "127.0.0.1,localhost".into());
        }
    }
    for (name, value) in &places.sandbox {
        set(&format!("VOUCH_SANDBOX_{name}"), value.clone());
    }
    for (name, value) in extra {
        set(name, value.clone());
    }
    variables
}

/// The proxy's URL as clients take it from the environment. `credentials` is `USER:PASSWORD`.
#[must_use]
pub fn proxy_url(port: u16, credentials: Option<&str>) -> String {
    let Some((user, password)) = credentials.and_then(|text| text.split_once(':')) else {
        return format!("http://127.0.0.1:{port}");
    };
    format!("http://{}:{}@127.0.0.1:{port}", percent_encode(user), percent_encode(password))
}

fn path(folders: &[PathBuf], toolchain: Option<&Toolchain>, inherited: Option<&OsStr>) -> OsString {
    let mut all: Vec<PathBuf> = folders.to_vec();
    all.extend(toolchain.map(|toolchain| toolchain.programs.clone()));
    match inherited {
        Some(inherited) => all.extend(std::env::split_paths(inherited)),
        None => all.extend(["/usr/local/bin", "/usr/bin", "/bin"].map(PathBuf::from)),
    }
    // Only a folder with a colon in its name cannot be joined, and nothing can be found in such a one.
    all.retain(|folder| !folder.as_os_str().as_encoded_bytes().contains(&b':'));
    std::env::join_paths(all).unwrap_or_default()
}

/// RFC 3986: everything but the unreserved characters.
fn percent_encode(text: &str) -> String {
    let unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if unreserved(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        Places {
            home: "/t/home".into(),
            temporary: "/t/tmp".into(),
            runtime: "/run/x".into(),
            authority: "/t/ca.pem".into(),
            sandbox: vec![("PIN", "1".into())],
        }
    }

    fn last<'a>(variables: &'a [(OsString, OsString)], name: &str) -> Option<&'a str> {
        variables.iter().rev().find(|(each, _)| each == name)?.1.to_str()
    }

    #[test]
    fn nothing_else_is_inherited() {
        let inherit = |name: &str| match name {
            "TERM" => Some("xterm".into()),
            "PATH" => Some("/a:/b".into()),
            _ => Some("leak".into()),
        };
        let variables = build(inherit, &places(), &["/first".into()], None, None, &[]);
        assert_eq!(last(&variables, "TERM"), Some("xterm"));
        assert_eq!(last(&variables, "PATH"), Some("/first:/a:/b"));
        assert_eq!(last(&variables, "HOME"), Some("/t/home"));
        assert_eq!(last(&variables, "VOUCH_SANDBOX_PIN"), Some("1"));
        for absent in ["AWS_PROFILE", "CARGO_HOME", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "CARGO"] {
            assert_eq!(last(&variables, absent), None, "{absent}");
        }
    }

    #[test]
    fn the_toolchain_comes_before_the_shims() {
        let toolchain = Toolchain { programs: "/r/toolchains/x/bin".into(), rustup: Some("/r".into()) };
        let variables = build(|_| Some("/shims".into()), &places(), &[], Some(&toolchain), None, &[]);
        assert_eq!(last(&variables, "PATH"), Some("/r/toolchains/x/bin:/shims"));
        assert_eq!(last(&variables, "RUSTUP_HOME"), Some("/r"));
        assert_eq!(last(&variables, "CARGO"), Some("/r/toolchains/x/bin/cargo"));
    }

    #[test]
    fn the_proxy_is_set_for_every_client_and_never_for_plain_http() {
        let variables = build(|_| None, &places(), &[], None, Some("http://127.0.0.1:1"), &[]);
        for name in ["HTTPS_PROXY", "https_proxy", "YARN_HTTPS_PROXY"] {
            assert_eq!(last(&variables, name), Some("http://127.0.0.1:1"));
        }
        assert_eq!(last(&variables, "no_proxy"), Some("127.0.0.1,localhost"));
        assert_eq!(last(&variables, "HTTP_PROXY"), None);
    }

    #[test]
    fn asked_for_variables_win() {
        let extra = [("SSL_CERT_FILE".to_owned(), "/mine".into())];
        let variables = build(|_| None, &places(), &[], None, None, &extra);
        assert_eq!(last(&variables, "SSL_CERT_FILE"), Some("/mine"));
        assert_eq!(last(&variables, "PIP_CERT"), Some("/t/ca.pem"));
    }

    #[test]
    fn a_password_is_written_so_that_a_url_can_carry_it() {
        assert_eq!(proxy_url(8, None), "http://127.0.0.1:8");
        assert_eq!(proxy_url(8, Some("a:p@s:/")), "http://a:p%40s%3A%2F@127.0.0.1:8");
    }
}
