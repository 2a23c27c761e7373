//! `~/.vouch`: whose it is, who may read it, and what its configuration says.

#[cfg(unix)]
use std::fs;
#[cfg(unix)]
use std::path::Path;

use vouch_clients::finding::Finding;
use vouch_core::Context;
use vouch_core::config::Config;
use vouch_core::hint::VOUCH_LOGIN;
use vouch_core::home::{Home, HomeError};

use super::context::{DoctorContext, enroll};

const FOLDER: &str = "folder";
const CONFIG: &str = "config";

pub(super) fn look(context: Result<Context, HomeError>) -> (DoctorContext, Vec<Finding>) {
    let home = match context {
        Ok(context) => context.home().clone(),
        Err(error) => {
            let findings = vec![
                Finding::error(FOLDER, &error, "Vouch keeps configuration and session there."),
                Finding::skip(CONFIG, "its directory cannot be used"),
            ];
            return (DoctorContext { home: None, config: None }, findings);
        }
    };
    let mut findings = owned(&home);
    let config = match Config::load(&home) {
        Ok(config) => {
            findings.push(told(&home, &config));
            Some(config)
        }
        Err(error) => {
            let why = "Without it nothing is set up: no helper gives a token.";
            findings.push(Finding::error(CONFIG, &error, why));
            None
        }
    };
    (DoctorContext { home: Some(home), config }, findings)
}

fn told(home: &Home, config: &Config) -> Finding {
    if !home.config_file().exists() {
        let seen = format!("there is no `{}`", home.config_file().display());
        return Finding::warn(CONFIG, seen, "Nothing was set up yet.", enroll());
    }
    let count = |many: usize, what: &str| format!("{many} {what}{}", if many == 1 { "" } else { "s" });
    let registrations = count(config.codeartifact.registrations.len(), "registration");
    if let Some(job) = config.job() {
        return Finding::ok(CONFIG, format!("a job's, which logs in with {}, {registrations}", job.hint()));
    }
    let Some(identity) = &config.identity else {
        if let Some(from) = Context::new(home.clone()).session().ok().as_ref().and_then(|it| it.source.from())
        {
            return Finding::ok(CONFIG, format!("no YubiKey is enrolled: sessions come from {from}"));
        }
        let why = format!("{VOUCH_LOGIN} needs an identity.");
        return Finding::warn(CONFIG, "no YubiKey is enrolled", why, enroll());
    };
    Finding::ok(
        CONFIG,
        format!(
            "{} of {}, {}, {registrations}",
            identity.subject,
            identity.issuer,
            count(identity.keys.len(), "key"),
        ),
    )
}

#[cfg(unix)]
fn owned(home: &Home) -> Vec<Finding> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let folder = home.path();
    if !folder.exists() {
        return vec![Finding::skip(FOLDER, format!("there is no `{}` yet", folder.display()))];
    }
    let uid = rustix::process::geteuid().as_raw();
    let mut findings = Vec::new();
    // The configuration is judged where it is loaded.
    for path in contents(folder).into_iter().filter(|path| *path != home.config_file()) {
        let Ok(metadata) = path.symlink_metadata() else { continue };
        let shown = path.display();
        if metadata.uid() != uid {
            findings.push(Finding::fail(
                FOLDER,
                format!("`{shown}` belongs to another user (uid {})", metadata.uid()),
                "Vouch cannot replace it; whoever owns it can change what Vouch does.",
                format!("Run `sudo chown -R \"$(id -u)\" '{}'`.", folder.display()),
            ));
        }
        // The mode of a link says nothing.
        let mode = metadata.permissions().mode() & 0o777;
        if metadata.is_symlink() || mode & 0o077 == 0 {
            continue;
        }
        let fix = format!("Run `chmod go= '{shown}'`.");
        // What lies below a closed folder is closed, and programs of ours among it may be read by all.
        if mode & 0o022 != 0 {
            let why = "Others may change what Vouch does.";
            findings.push(Finding::fail(FOLDER, format!("`{shown}` has mode {mode:03o}"), why, fix));
        } else if is_private(&path, home) {
            let why = "Others may see what is kept there; secrets in it are sealed.";
            findings.push(Finding::warn(FOLDER, format!("`{shown}` has mode {mode:03o}"), why, fix));
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(FOLDER, format!("`{}`, for you alone", folder.display())));
    }
    findings
}

/// What Vouch itself makes private.
#[cfg(unix)]
fn is_private(path: &Path, home: &Home) -> bool {
    path == home.path() || path == home.vault() || path.starts_with(home.vault())
}

#[cfg(not(unix))]
fn owned(home: &Home) -> Vec<Finding> {
    let folder = home.path();
    let text = format!("`{}`", folder.display());
    vec![if folder.exists() {
        Finding::ok(FOLDER, text)
    } else {
        Finding::skip(FOLDER, format!("there is no {text} yet"))
    }]
}

/// The directory, what is in it, and what is in its directories.
#[cfg(unix)]
fn contents(folder: &Path) -> Vec<std::path::PathBuf> {
    let below = |folder: &Path| -> Vec<_> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| entry.path()).collect()
    };
    let mut all = vec![folder.to_owned()];
    for path in below(folder) {
        let inner = if path.is_symlink() { Vec::new() } else { below(&path) };
        all.push(path);
        all.extend(inner);
    }
    all.sort();
    all
}
