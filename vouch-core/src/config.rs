//! `config.json`: identity, AWS profiles, CodeArtifact profiles and registrations.
//!
//! The file is the user's: unknown keys and the order of keys survive, it is written under a lock and as a whole, and
//! a file that does not parse is an error, never an empty configuration.

use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::endpoint::Domain;
use crate::failure::{Diagnostic, ErrorKind};
use crate::files::{self, Holder, Lock, LockError};
use crate::hint::{Hint, LOGIN_FROM};
use crate::home::{self, Home, HomeError};
use crate::identity::Identity;
use crate::numbers;
use crate::partition::{AccountId, DomainName, Region, RepositoryName, RoleArn};

/// The schema that this version writes.
pub const VERSION: u64 = 1;

/// How long to wait for another process that is changing the file: a setup asks git and package managers meanwhile.
const LOCK_WAIT: Duration = Duration::from_secs(30);

/// The whole file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Config {
    version: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// How the job logs in whose home this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    job: Option<JobLogin>,
    #[serde(default)]
    pub aws: Aws,
    #[serde(default)]
    pub codeartifact: CodeArtifact,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// What `vouch login --from` was told in the home of a job: for the hints in it, and for nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLogin {
    /// The source, as it is typed.
    pub from: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_file: Option<PathBuf>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_variable: Option<String>,
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl JobLogin {
    /// The command that begins the next session of the job.
    pub fn hint(&self) -> Hint {
        LOGIN_FROM
            .fill("SOURCE", &self.from)
            .optional("--audience", self.audience.as_ref())
            .optional("--token-file", self.token_file.as_ref())
            .optional("--token-variable", self.token_variable.as_ref())
    }
}

/// Roles to assume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aws {
    /// The AWS profile that serves where nothing else decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    #[serde(default)]
    pub profiles: IndexMap<String, AwsProfile>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// A role to assume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwsProfile {
    pub role_arn: RoleArn,
    /// Where STS is asked.
    pub region: Region,
    /// Seconds that role credentials are asked for, 900 to 43200; at most the role's own maximum.
    #[serde(default = "default_role_duration")]
    pub role_duration: u32,
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

fn default_role_duration() -> u32 {
    3600
}

/// CodeArtifact domains and what was set up for them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeArtifact {
    /// The profile that serves where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    #[serde(default)]
    pub profiles: IndexMap<String, Profile>,
    /// The allow-list of what may receive a token.
    #[serde(default)]
    pub registrations: Vec<Registration>,
    #[serde(flatten)]
    other: Map<String, Value>,
}

/// A CodeArtifact domain under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    pub domain: DomainName,
    pub domain_owner: AccountId,
    pub region: Region,
    /// The AWS profile whose role reads this domain, once that is settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws_profile: Option<String>,
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Profile {
    /// The domain that the profile stands for.
    pub fn domain(&self) -> Domain {
        Domain { name: self.domain.clone(), owner: self.domain_owner.clone(), region: self.region.clone() }
    }
}

/// One thing that setup did. Only registrations receive tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// The package manager, such as `cargo`.
    pub tool: String,
    pub repository: RepositoryName,
    /// The CodeArtifact profile.
    pub profile: String,
    /// The repository's URL; also how another host name for it is allowed.
    pub endpoint: String,
    /// The registry's name in the client, or its scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What stands before the token on the wire, such as `Bearer `; nothing where AWS documents the bare token.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub token_prefix: String,
    /// The file that setup edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<PathBuf>,
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Registration {
    /// Whether both stand for one entry of a client's file: its URL under its name.
    pub fn is_same_entry(&self, other: &Self) -> bool {
        (&self.endpoint, &self.tool, &self.name, &self.file)
            == (&other.endpoint, &other.tool, &other.name, &other.file)
    }
}

/// Why the configuration cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    #[error("cannot read `{path}`")]
    Read { path: PathBuf, source: io::Error },
    #[error("`{path}` line {line}, column {column}: {reason}")]
    Parse { path: PathBuf, line: usize, column: usize, reason: String },
    #[error("`{path}` has version {version}; this Vouch knows up to {VERSION}")]
    Newer { path: PathBuf, version: u64 },
    #[error("cannot save `{path}`; it is as it was")]
    Save { path: PathBuf, source: io::Error },
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error("{0} has been changing the configuration for too long")]
    Busy(Holder),
}

impl Diagnostic for ConfigError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Configuration
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Read { path, source } => files::hint(source)
                .unwrap_or_else(|| format!("Make `{}` readable for yourself.", path.display())),
            Self::Parse { path, .. } => {
                format!("Fix that line of `{}`, or move the file away and set up again.", path.display())
            }
            Self::Newer { .. } => "Install a Vouch at least as new as the one that wrote it.".into(),
            Self::Save { path, .. } => {
                format!(
                    "Make room on the disk, and `{}` and its directory writable; then run the command again.",
                    path.display()
                )
            }
            Self::Home(error) => return error.hint(),
            Self::Busy(holder) => holder.hint(),
        })
    }
}

impl Config {
    /// How the job logs in whose home this is; none in the home of a user with a YubiKey.
    pub fn job(&self) -> Option<&JobLogin> {
        self.job.as_ref().filter(|_| self.identity.is_none())
    }

    /// Records how a job logs in.
    pub fn set_job(&mut self, job: JobLogin) {
        self.job = Some(job);
    }

    /// Reads the file; one that is not there is an empty configuration.
    ///
    /// # Errors
    /// When it cannot be read, does not parse, or is of a newer version; when it is another user's, or others have any
    /// right to it.
    pub fn load(home: &Home) -> Result<Self, ConfigError> {
        let path = home.config_file();
        tracing::debug!(path = %path.display(), "configuration");
        let text = match files::read_with_metadata(&path) {
            Ok((text, metadata)) => {
                home::judge_config(&path, &metadata)?;
                text
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { version: VERSION, ..Self::default() });
            }
            Err(source) => return Err(ConfigError::Read { path, source }),
        };
        let wrong = |error: &serde_json::Error| ConfigError::Parse {
            path: path.clone(),
            line: error.line(),
            column: error.column(),
            reason: error.to_string(),
        };
        let text = numbers::hide(&text);
        // The current schema is tried first and at once: helpers read this file at every start.
        match serde_json::from_slice::<Self>(&text) {
            Ok(config) if config.version == VERSION => Ok(config),
            first => {
                let value: Value = serde_json::from_slice(&text).map_err(|error| wrong(&error))?;
                let migrated = migrate(value, &path)?;
                match (serde_json::from_value(migrated), first) {
                    (Ok(config), _) => Ok(config),
                    // The first error knows the line.
                    (Err(_), Err(error)) | (Err(error), Ok(_)) => Err(wrong(&error)),
                }
            }
        }
    }

    /// Reads, changes and writes the file under its lock, and returns what `change` returned.
    ///
    /// Where `change` changes nothing, nothing is written.
    ///
    /// # Errors
    /// As [`Config::load`], what `change` returns, or when the file cannot be written: it is then as it was.
    pub fn update<T, E: From<ConfigError>>(
        home: &Home,
        change: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        let lock = ConfigLock::acquire(home)?;
        let mut config = lock.load()?;
        let answer = change(&mut config)?;
        lock.save(&config)?;
        Ok(answer)
    }

    /// As it stands in the file.
    ///
    /// # Errors
    /// When JSON cannot hold it, such as a path that is not UTF-8.
    pub fn to_json(&self, home: &Home) -> Result<String, ConfigError> {
        let failed =
            |error: serde_json::Error| ConfigError::Save { path: home.config_file(), source: error.into() };
        Ok(numbers::show(serde_json::to_string_pretty(self).map_err(failed)?) + "\n")
    }

    fn save(&self, home: &Home) -> Result<(), ConfigError> {
        let text = self.to_json(home)?;
        let path = home.config_file();
        files::write_atomic(&path, text.as_bytes(), 0o600)
            .map_err(|source| ConfigError::Save { path, source })
    }
}

/// The right to change the configuration, which one process has at a time; it ends with the value.
///
/// Whoever takes several locks takes them in this order: the configuration's, that of an edited file, the journal's.
#[derive(Debug)]
pub struct ConfigLock {
    home: Home,
    _lock: Lock,
}

impl ConfigLock {
    /// Waits for the right.
    ///
    /// # Errors
    /// [`ConfigError::Busy`] with the process that has it; or the folder cannot be written.
    pub fn acquire(home: &Home) -> Result<Self, ConfigError> {
        home.create()?;
        let path = home.path().join("config.lock");
        let lock = Lock::acquire(&path, Instant::now() + LOCK_WAIT).map_err(|error| match error {
            LockError::TimedOut { holder, .. } => ConfigError::Busy(holder),
            // Who cannot write beside the file cannot write the file.
            LockError::Io { source, .. } => ConfigError::Save { path: home.config_file(), source },
        })?;
        Ok(Self { home: home.clone(), _lock: lock })
    }

    /// The configuration, which nobody else changes now.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn load(&self) -> Result<Config, ConfigError> {
        Config::load(&self.home)
    }

    /// Writes the configuration, if it is another one than before.
    ///
    /// # Errors
    /// When the file cannot be written: it is then as it was.
    pub fn save(&self, config: &Config) -> Result<(), ConfigError> {
        if self.load()? == *config { Ok(()) } else { config.save(&self.home) }
    }
}

/// Brings the file of an earlier version to the current schema, one version at a time.
fn migrate(mut value: Value, path: &std::path::Path) -> Result<Value, ConfigError> {
    // Index N turns version N into N + 1. Version 0 is a file written by hand without a version.
    const STEPS: [fn(&mut Map<String, Value>); VERSION as usize] = [|_| {}];
    let Some(file) = value.as_object_mut() else { return Ok(value) };
    let version = file.get("version").map_or(Some(0), Value::as_u64);
    // A version that is no number is for the schema to complain about.
    let Some(version) = version else { return Ok(value) };
    if version > VERSION {
        return Err(ConfigError::Newer { path: path.to_owned(), version });
    }
    for step in STEPS.iter().skip(usize::try_from(version).unwrap_or(usize::MAX)) {
        step(file);
    }
    file.insert("version".into(), VERSION.into());
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::fs;
    #[cfg(unix)]
    use std::os::unix::fs::{PermissionsExt, chown, symlink};

    use super::*;

    const FULL: &str = r#"{ "version": 1, "note": "mine",
      "identity": { "issuer": "https://id.example.com/alice", "subject": "alice", "keys": [], "nick": "al" },
      "aws": { "default": "vouch", "profiles": { "vouch": { "role_arn": "arn:aws:iam::123456789012:role/CodeArtifact", "region": "us-east-1", "color": "red" } } },
      "codeartifact": { "default": "default",
        "profiles": { "default": { "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1", "aws_profile": "vouch", "x": [1] } },
        "registrations": [ { "tool": "cargo", "repository": "my-repo", "profile": "default", "endpoint": "https://x/", "y": null } ] } }"#;

    fn home_with(text: &str) -> (tempfile::TempDir, Home) {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.json");
        fs::write(&file, text).unwrap();
        #[cfg(unix)]
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let home = Home::at(dir.path()).unwrap();
        (dir, home)
    }

    #[test]
    fn a_missing_file_is_an_empty_configuration() {
        let dir = tempfile::tempdir().unwrap();
        let config = Config::load(&Home::at(dir.path()).unwrap()).unwrap();
        assert_eq!((config.version, config.codeartifact.registrations.len()), (VERSION, 0));
    }

    #[test]
    fn unknown_keys_survive_at_every_level() {
        let (_dir, home) = home_with(FULL);
        Config::update(&home, |config| {
            config.aws.default = Some("other".into());
            Ok::<_, ConfigError>(())
        })
        .unwrap();
        let mut expected: Value = serde_json::from_str(FULL).unwrap();
        expected["aws"]["default"] = "other".into();
        expected["aws"]["profiles"]["vouch"]["role_duration"] = 3600.into();
        expected["identity"]["audience"] = "sts.amazonaws.com".into();
        let written: Value = serde_json::from_slice(&fs::read(home.config_file()).unwrap()).unwrap();
        assert_eq!(written, expected);
    }

    #[test]
    fn numbers_of_unknown_keys_stay_as_they_are_written() {
        let number = "123456789012345678901234567890.10e400";
        let (_dir, home) = home_with(&FULL.replace("[1]", number).replace("null", number));
        Config::update(&home, |config| {
            config.aws.default = Some("other".into());
            Ok::<_, ConfigError>(())
        })
        .unwrap();
        let written = fs::read_to_string(home.config_file()).unwrap();
        for line in [format!("\"x\": {number}"), format!("\"y\": {number}")] {
            assert!(written.contains(&line), "{written}");
        }
    }

    #[test]
    fn a_broken_file_is_an_error_with_its_line_and_stays() {
        for (text, line) in [
            ("", 1),
            ("{\n  \"version\": 1,\n  oops\n}", 3),
            (
                "{\"version\": 1,\n \"aws\": {\"profiles\": {\"v\": {\"role_arn\": \"nonsense\",\n \"region\": \"us-east-1\"}}}}",
                2,
            ),
        ] {
            let (_dir, home) = home_with(text);
            let changed = Config::update(&home, |_| Ok::<_, ConfigError>(()));
            let Err(ConfigError::Parse { line: found, .. }) = changed else { panic!("{text}: {changed:?}") };
            assert_eq!((found, fs::read_to_string(home.config_file()).unwrap()), (line, text.to_owned()));
        }
    }

    #[test]
    fn a_file_without_a_version_is_read_and_a_newer_one_refused() {
        let (_dir, home) = home_with(&FULL.replace("\"version\": 1,", ""));
        assert_eq!(Config::load(&home).unwrap().version, 1);
        let (_dir, home) = home_with(&FULL.replace("\"version\": 1", "\"version\": 2"));
        assert!(matches!(Config::load(&home), Err(ConfigError::Newer { version: 2, .. })));
    }

    #[test]
    fn no_change_leaves_the_file_alone() {
        let (_dir, home) = home_with(FULL);
        Config::update(&home, |_| Ok::<_, ConfigError>(())).unwrap();
        assert_eq!(fs::read_to_string(home.config_file()).unwrap(), FULL);
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_others_have_rights_to_is_refused_with_the_command_that_fixes_it() {
        let (_dir, home) = home_with(FULL);
        let file = home.config_file();
        for mode in [0o644, 0o640, 0o604, 0o610, 0o601] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let error = Config::load(&home).unwrap_err();
            assert!(matches!(error, ConfigError::Home(HomeError::Open { .. })), "{mode:o}: {error}");
            let fix = format!("chmod go= '{}'", file.display());
            assert!(error.hint().unwrap().contains(&fix), "{:?}", error.hint());
            assert!(Config::update(&home, |_| Ok::<_, ConfigError>(())).is_err(), "{mode:o}");
        }
        for mode in [0o620, 0o666] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
            let error = Config::load(&home).unwrap_err();
            assert!(matches!(error, ConfigError::Home(HomeError::Writable { .. })), "{mode:o}: {error}");
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
        Config::load(&home).unwrap();
        if chown(&file, Some(12345), None).is_ok() {
            let error = Config::load(&home).unwrap_err();
            assert!(matches!(error, ConfigError::Home(HomeError::Foreign { owner: 12345, .. })), "{error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_device_in_its_place_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let home = Home::at(dir.path()).unwrap();
        symlink("/dev/null", home.config_file()).unwrap();
        let error = Config::load(&home).unwrap_err();
        assert!(error.causes()[0].contains("a device") && error.hint().unwrap().contains("regular file"));
    }

    #[test]
    fn a_failed_change_writes_nothing() {
        let (_dir, home) = home_with(FULL);
        let failed = Config::update(&home, |config| {
            config.identity = None;
            Err::<(), _>(ConfigError::Newer { path: PathBuf::new(), version: 9 })
        });
        assert!(failed.is_err());
        assert_eq!(fs::read_to_string(home.config_file()).unwrap(), FULL);
    }
}
