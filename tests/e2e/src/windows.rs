//! Programs for Windows, under Wine, in the sandbox's network.
//!
//! What differs from Windows for Wine's sake stands here: a library that Wine lacks lies beside the programs, and the names of
//! folders begin with `Z:`, where Wine shows the whole machine.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::job::{ISSUER, Issuer, ROLE, SUBJECT};
use crate::{Run, Sandbox, programs};

/// What `make windows` built, below the target folder.
const PROGRAMS: &str = "windows/x86_64-pc-windows-gnu/debug";

/// A fresh Windows that it made.
const PREFIX: &str = "windows/wine";

/// A Windows of one test, whose user has a name with a blank and letters beyond ASCII.
#[derive(Debug)]
pub struct Windows<'a> {
    sandbox: &'a Sandbox,
    programs: PathBuf,
    prefix: PathBuf,
    home: PathBuf,
}

impl<'a> Windows<'a> {
    /// Starts it.
    pub fn start(sandbox: &'a Sandbox) -> Self {
        let target = programs().parent().expect("the target folder").to_owned();
        let (prefix, users) = (sandbox.file("wine"), sandbox.file("Jürgen's Users"));
        copy_prefix(&target.join(PREFIX), &prefix);
        // Wine names the user's folder after the user.
        let user = Run::new("id").arg("-un").ok().stdout;
        let home = users.join(user.trim());
        for folder in ["AppData/Roaming", "AppData/Local/Temp"] {
            fs::create_dir_all(home.join(folder)).expect("the home is writable");
        }
        let windows = Self { sandbox, programs: target.join(PROGRAMS), prefix, home };
        let list = r"HKLM\Software\Microsoft\Windows NT\CurrentVersion\ProfileList";
        let add = ["reg", "add", list, "/v", "ProfilesDirectory", "/f", "/d"];
        let _ = windows.wine(&add).arg(path(&users)).ok();
        windows
    }

    /// The user's folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// A file of the user's.
    pub fn file(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }

    /// Writes one, with the folders that it needs.
    pub fn write(&self, name: &str, text: &str) {
        let file = self.file(name);
        fs::create_dir_all(file.parent().expect("a file is in a folder")).expect("the home is writable");
        fs::write(file, text).expect("the home is writable");
    }

    /// Reads one.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A program of ours, such as `vouch`, in the user's folder.
    pub fn run(&self, program: &str) -> Run {
        let program = self.programs.join(program).with_extension("exe");
        assert!(program.exists(), "{} was built: `make windows` does that first", program.display());
        self.wine(&[]).arg(program).within(&self.home)
    }

    /// `vouch` with arguments.
    pub fn vouch(&self, args: &[&str]) -> Run {
        self.run("vouch").args(args)
    }

    /// Logs in as a job does: there are no card readers in Wine.
    pub fn log_in(&self, issuer: &Issuer) {
        let token = self.file("token");
        fs::write(&token, issuer.token(SUBJECT, "sts.amazonaws.com", 3600)).expect("the home is writable");
        let login = self.vouch(&["login", "--role", ROLE, "--from", "token-file", "--token-file"]);
        let _ = login.arg(path(&token)).ok().says(SUBJECT).says(ISSUER);
        assert!(self.file(".vouch/config.json").exists(), "Wine has another idea of the user's folder");
    }

    fn wine(&self, args: &[&str]) -> Run {
        let roots = std::env::var("AWS_CA_BUNDLE").expect("the sandbox names it");
        self.sandbox
            .run("wine")
            .args(args)
            .env("WINEPREFIX", &self.prefix)
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", "mscoree,mshtml=;winemenubuilder.exe=d")
            .env("WINEPATH", path(&self.programs))
            .env("LC_ALL", "C.UTF-8")
            .env("AWS_CA_BUNDLE", path(Path::new(&roots)))
    }
}

impl Drop for Windows<'_> {
    fn drop(&mut self) {
        let mut server = std::process::Command::new("wineserver");
        let ended = server.arg("-k").env("WINEPREFIX", &self.prefix).output();
        if let Err(error) = ended {
            println!("cannot end Wine: {error}");
        }
    }
}

/// As Windows writes it.
pub fn path(path: &Path) -> String {
    format!("Z:{}", path.to_str().expect("a path of text").replace('/', "\\"))
}

/// The registry anew; the system's own files, of which there are hundreds of megabytes, are shared.
fn copy_prefix(from: &Path, to: &Path) {
    assert!(from.join("system.reg").exists(), "{} is there: `make windows` makes it", from.display());
    for folder in ["drive_c", "dosdevices"] {
        fs::create_dir_all(to.join(folder)).expect("the home is writable");
    }
    for name in ["system.reg", "user.reg", "userdef.reg", ".update-timestamp"] {
        fs::copy(from.join(name), to.join(name)).expect("the home is writable");
    }
    for folder in fs::read_dir(from.join("drive_c")).expect("Wine has made it").flatten() {
        symlink(folder.path(), to.join("drive_c").join(folder.file_name())).expect("the home is writable");
    }
    for (drive, folder) in [("c:", "../drive_c"), ("z:", "/")] {
        symlink(folder, to.join("dosdevices").join(drive)).expect("the home is writable");
    }
}
