//! Python packages, made on the spot: wheels, and source distributions with what builds them.

use std::fs;
use std::io::{Cursor, Write};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use flate2::Compression;
use flate2::write::GzEncoder;
use sha2::{Digest as _, Sha256};
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::command::Run;
use crate::python::{publish_url, site_packages};
use crate::sandbox::{MY_DOMAIN, Sandbox};

/// A package of version 1.0 with one module of its own name.
#[derive(Debug, Clone)]
pub struct Package {
    name: String,
    requires: Vec<String>,
    code: String,
    command: Option<String>,
}

impl Package {
    /// A package whose module says its name.
    pub fn new(name: &str) -> Self {
        let code = format!("NAME = \"{name}\"\n");
        Self { name: name.into(), requires: Vec::new(), code, command: None }
    }

    /// It needs another package.
    #[must_use]
    pub fn requires(mut self, name: &str) -> Self {
        self.requires.push(name.into());
        self
    }

    /// Its module has this in it.
    #[must_use]
    pub fn code(mut self, code: &str) -> Self {
        self.code = code.into();
        self
    }

    /// It installs a command of its own name, the module's function `main`.
    #[must_use]
    pub fn command(mut self) -> Self {
        self.command = Some(format!("{0} = {0}:main", self.name));
        self
    }

    /// A build backend in one module, which packs every `.py` file that lies beside `pyproject.toml`.
    pub fn build_backend(name: &str) -> Self {
        Self::new(name).code(BACKEND)
    }

    fn metadata(&self) -> String {
        let mut text = format!("Metadata-Version: 2.1\nName: {}\nVersion: 1.0\n", self.name);
        for required in &self.requires {
            text += &format!("Requires-Dist: {required}\n");
        }
        text
    }

    /// File name and content of the wheel.
    pub fn wheel(&self) -> (String, Vec<u8>) {
        let name = &self.name;
        let info = format!("{name}-1.0.dist-info");
        let mut files = vec![
            (format!("{name}.py"), self.code.clone()),
            (format!("{info}/METADATA"), self.metadata()),
            (
                format!("{info}/WHEEL"),
                "Wheel-Version: 1.0\nGenerator: vouch\nRoot-Is-Purelib: true\nTag: py3-none-any\n".into(),
            ),
        ];
        if let Some(command) = &self.command {
            files.push((format!("{info}/entry_points.txt"), format!("[console_scripts]\n{command}\n")));
        }
        let mut record: String = files.iter().map(|(file, text)| recorded(file, text.as_bytes())).collect();
        record += &format!("{info}/RECORD,,\n");
        files.push((format!("{info}/RECORD"), record));
        let content = zipped(files.into_iter().map(|(file, text)| (file, text.into_bytes())));
        (format!("{name}-1.0-py3-none-any.whl"), content)
    }

    /// File name and content of the source distribution, which `backend` builds.
    pub fn source(&self, backend: &str) -> (String, Vec<u8>) {
        let name = &self.name;
        let project = format!(
            "[build-system]\nrequires = [\"{backend}\"]\nbuild-backend = \"{backend}\"\n\
             [project]\nname = \"{name}\"\nversion = \"1.0\"\n"
        );
        let files = [
            (format!("{name}.py"), self.code.clone()),
            ("pyproject.toml".into(), project),
            ("PKG-INFO".into(), self.metadata()),
        ];
        let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        for (file, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(text.len() as u64);
            header.set_mode(0o644);
            let path = format!("{name}-1.0/{file}");
            archive.append_data(&mut header, path, text.as_bytes()).expect("memory takes everything");
        }
        let gzip = archive.into_inner().expect("memory takes everything");
        (format!("{name}-1.0.tar.gz"), gzip.finish().expect("memory takes everything"))
    }
}

/// A line of RECORD. Some installers refuse a wheel whose files are not what it says.
fn recorded(file: &str, content: &[u8]) -> String {
    let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(content));
    format!("{file},sha256={digest},{}\n", content.len())
}

fn zipped(files: impl Iterator<Item = (String, Vec<u8>)>) -> Vec<u8> {
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (file, content) in files {
        archive.start_file(file, options).expect("memory takes everything");
        archive.write_all(&content).expect("memory takes everything");
    }
    archive.finish().expect("memory takes everything").into_inner()
}

/// The wheel of a package that is installed as a client, such as `pip` in `pip-26.3`, made again from its files.
pub fn wheel_of_installed(client: &str, package: &str) -> (String, Vec<u8>) {
    let site = site_packages(client);
    let entries = fs::read_dir(&site).expect("a virtual environment").flatten();
    let mut names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let info = names
        .find(|name| name.starts_with(&format!("{package}-")) && name.ends_with(".dist-info"))
        .unwrap_or_else(|| panic!("{package} is not in {client}"));
    let record = fs::read_to_string(site.join(&info).join("RECORD")).expect("every package has one");
    // Programs and what installing it added are no part of the wheel.
    let files = record.lines().filter_map(|line| line.split(',').next()).filter(|file| {
        let added = ["INSTALLER", "REQUESTED", "RECORD"].map(|name| format!("{info}/{name}"));
        !file.starts_with("../") && !file.ends_with(".pyc") && !added.iter().any(|name| name == file)
    });
    let mut files: Vec<(String, Vec<u8>)> =
        files.map(|file| (file.to_owned(), fs::read(site.join(file)).expect("it is installed"))).collect();
    let mut record: String = files.iter().map(|(file, content)| recorded(file, content)).collect();
    record += &format!("{info}/RECORD,,\n");
    files.push((format!("{info}/RECORD"), record.into_bytes()));
    (format!("{}-py3-none-any.whl", info.trim_end_matches(".dist-info")), zipped(files.into_iter()))
}

const BACKEND: &str = r#"
import base64, hashlib, os, zipfile

def _project():
    text = open("pyproject.toml").read()
    return text.split('name = "')[1].split('"')[0]

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = _project()
    file = f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    files = {module: open(module).read() for module in os.listdir(".") if module.endswith(".py")}
    files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = ""
    with zipfile.ZipFile(os.path.join(wheel_directory, file), "w") as wheel:
        for path, text in files.items():
            wheel.writestr(path, text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
            record += f"{path},sha256={digest},{len(text.encode())}\n"
        wheel.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
    return file

build_editable = build_wheel

def build_sdist(sdist_directory, config_settings=None):
    import io, tarfile
    name = _project()
    file = f"{name}-1.0.tar.gz"
    info = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n".encode()
    with tarfile.open(os.path.join(sdist_directory, file), "w:gz") as sdist:
        for path in os.listdir("."):
            if path.endswith(".py") or path == "pyproject.toml":
                sdist.add(path, f"{name}-1.0/{path}")
        header = tarfile.TarInfo(f"{name}-1.0/PKG-INFO")
        header.size = len(info)
        sdist.addfile(header, io.BytesIO(info))
    return file
"#;

/// Names of the five packages that tests install: the last needs the first.
pub const FIVE: [&str; 5] = ["amber", "birch", "cedar", "dune", "ember"];

/// The five packages as wheels.
pub fn five_packages() -> Vec<(String, Vec<u8>)> {
    let [first, .., last] = FIVE;
    let package = |name: &str| match name {
        name if name == last => Package::new(name).requires(first),
        name => Package::new(name),
    };
    FIVE.iter().map(|name| package(name).wheel()).collect()
}

/// Uploads files to a repository of `my-domain` with a token of the sandbox's session.
pub fn upload(sandbox: &Sandbox, repository: &str, files: &[(String, Vec<u8>)]) {
    upload_to(sandbox, &publish_url(repository), &MY_DOMAIN, files);
}

/// Uploads files with a token for the domain that `domain` names.
pub fn upload_to(sandbox: &Sandbox, url: &str, domain: &[&str], files: &[(String, Vec<u8>)]) {
    let token = sandbox.vouch(&["credential", "codeartifact"]).args(domain).ok().stdout;
    let token = token.trim();
    std::fs::create_dir_all(sandbox.file("uploads")).expect("the home is writable");
    let mut config = String::new();
    for (file, content) in files {
        let path = sandbox.file("uploads").join(file);
        std::fs::write(&path, content).expect("the home is writable");
        let mut parts = file.trim_end_matches(".tar.gz").split('-');
        let (name, version) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        config += &format!(
            "next\nsilent\nshow-error\nfail-with-body\nurl = \"{url}\"\nuser = \"aws:{token}\"\n\
             form = \":action=file_upload\"\nform = \"protocol_version=1\"\nform = \"name={name}\"\n\
             form = \"version={version}\"\nform = \"content=@{}\"\n",
            path.display()
        );
    }
    let _ = Run::new("curl").args(["--config", "-"]).stdin(config).ok();
}
