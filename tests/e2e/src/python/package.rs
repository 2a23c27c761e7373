//! Python packages, made on the spot: wheels, and source distributions with what builds them.

use std::io::{Cursor, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::{SimpleFileOptions, ZipWriter};

use crate::bed::{Bed, MY_DOMAIN};
use crate::command::Run;
use crate::python::publish_url;

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
        let mut record: String = files.iter().map(|(file, _)| format!("{file},,\n")).collect();
        record += &format!("{info}/RECORD,,\n");
        files.push((format!("{info}/RECORD"), record));
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        for (file, text) in files {
            archive.start_file(file, options).expect("memory takes everything");
            archive.write_all(text.as_bytes()).expect("memory takes everything");
        }
        let content = archive.finish().expect("memory takes everything").into_inner();
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

const BACKEND: &str = r#"
import os, zipfile

def _project():
    text = open("pyproject.toml").read()
    return text.split('name = "')[1].split('"')[0]

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    name = _project()
    file = f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    with zipfile.ZipFile(os.path.join(wheel_directory, file), "w") as wheel:
        for module in (found for found in os.listdir(".") if found.endswith(".py")):
            wheel.write(module)
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
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

/// Uploads files to a repository of `my-domain` with a token of the bed's session.
pub fn upload(bed: &Bed, repository: &str, files: &[(String, Vec<u8>)]) {
    upload_to(bed, &publish_url(repository), &MY_DOMAIN, files);
}

/// Uploads files with a token for the domain that `domain` names.
pub fn upload_to(bed: &Bed, url: &str, domain: &[&str], files: &[(String, Vec<u8>)]) {
    let token = bed.vouch(&["credential", "codeartifact"]).args(domain).ok().stdout;
    let token = token.trim();
    std::fs::create_dir_all(bed.file("uploads")).expect("the home is writable");
    let mut config = String::new();
    for (file, content) in files {
        let path = bed.file("uploads").join(file);
        std::fs::write(&path, content).expect("the home is writable");
        let name = file.split('-').next().unwrap_or_default();
        config += &format!(
            "next\nsilent\nshow-error\nfail-with-body\nurl = \"{url}\"\nuser = \"aws:{token}\"\n\
             form = \":action=file_upload\"\nform = \"protocol_version=1\"\nform = \"name={name}\"\n\
             form = \"version=1.0\"\nform = \"content=@{}\"\n",
            path.display()
        );
    }
    let _ = Run::new("curl").args(["--config", "-"]).stdin(config).ok();
}
