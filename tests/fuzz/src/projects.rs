//! The files of a project that anybody may have written.

use std::fs;

use vouch_clients::project::{Targets, look};
use vouch_clients::tool::Tool;
use vouch_core::config::Config;

const FILES: [&str; 20] = [
    ".npmrc",
    "package.json",
    "package-lock.json",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "yarn.lock",
    ".yarnrc",
    ".yarnrc.yml",
    "bunfig.toml",
    ".env",
    ".cargo/config.toml",
    "pip.conf",
    "requirements.txt",
    "uv.toml",
    "pyproject.toml",
    "poetry.toml",
    "pdm.toml",
    "pom.xml",
    ".mvn/settings.xml",
    ".mvn/maven.config",
];

const CONFIG: &str = r#"{ "version": 1, "codeartifact": {
    "profiles": { "default": { "domain": "my-domain", "domain_owner": "123456789012", "region": "us-east-1" } },
    "registrations": [
        { "tool": "maven", "repository": "my-repo", "profile": "default", "name": "my-repo",
          "endpoint": "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/maven/my-repo/" },
        { "tool": "npm", "repository": "my-repo", "profile": "default",
          "endpoint": "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/npm/my-repo/" } ] } }"#;

/// Files begin with the byte of their name and end with a zero.
pub fn projects(data: &[u8]) {
    let memory = std::path::Path::new("/dev/shm");
    let dir = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    let dir = dir.expect("there is room for a directory");
    for folder in [".cargo", ".mvn"] {
        fs::create_dir(dir.path().join(folder)).expect("it can be made");
    }
    for part in data.split(|byte| *byte == 0) {
        let Some((name, text)) = part.split_first() else { continue };
        let name = FILES[usize::from(*name) % FILES.len()];
        fs::write(dir.path().join(name), text).expect("it can be written");
    }
    let config: Config = serde_json::from_str(CONFIG).expect("a configuration");
    let tools: Vec<Tool> = Tool::ALL.to_vec();
    for finding in look(dir.path(), &tools, &Targets::of(&config)) {
        assert!(!finding.to_string().is_empty());
    }
}
