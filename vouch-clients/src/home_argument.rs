//! The home of Vouch in the commands that setup writes into files. Files are shared by all homes of a user and commands run
//! in any environment, so each says whose it is; one that does not is the usual home's.

use std::path::{Path, PathBuf};

use vouch_core::Failure;
use vouch_core::hint::UNDO_THERE;
use vouch_core::home::Home;
use vouch_helper::home::FLAG;

use crate::journal;

/// The path of a home as commands in files name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeArgument(String);

impl HomeArgument {
    /// Of a home.
    ///
    /// # Errors
    /// When its path cannot stand in a file of text.
    pub fn new(home: &Home) -> Result<Self, Failure> {
        let refused = |reason: &str| {
            Failure::configuration(
                format!("the path of `{}` {reason}: no command in a file can name it", home.path().display()),
                "Move that folder to a plain name, and let VOUCH_HOME name its new place.",
            )
        };
        let text = home.path().to_str().ok_or_else(|| refused("is not UTF-8"))?;
        if text.chars().any(char::is_control) {
            return Err(refused("has a control character in it"));
        }
        Ok(Self(text.to_owned()))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The words of a command that name it.
    pub fn words(&self) -> [String; 2] {
        [FLAG.to_owned(), self.0.clone()]
    }
}

/// The home that the words of a command name.
pub fn named_in<W: AsRef<str>>(words: &[W]) -> Option<PathBuf> {
    let place = words.iter().position(|word| word.as_ref() == FLAG)?;
    words.get(place + 1).map(|path| PathBuf::from(path.as_ref()))
}

/// Whose a command in a file is, where it is not that of `home`. A home without a configuration is nobody's any more.
pub fn other_owner(home: &Home, named: Option<&Path>) -> Option<PathBuf> {
    let owner = named.map(Path::to_owned).or_else(Home::usual)?;
    let is_gone = || {
        let config = owner.join("config.json").symlink_metadata();
        config.is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
    };
    (!home.is_at(&owner) && !is_gone()).then_some(owner)
}

/// Refuses to take over what runs with another home.
pub fn taken(file: &Path, what: &str, owner: &Path, client: &str) -> Failure {
    let undo = || {
        let entries = journal::entries(&Home::at(owner).ok()?).ok()?;
        entries.iter().any(|entry| entry.client == client && entry.is_live()).then_some(())
    };
    let hint = match undo() {
        Some(()) => format!(
            "To give it up there: {}, then run the command again.",
            UNDO_THERE.fill("DIR", owner).fill("CLIENT", client)
        ),
        None => format!("To give it up there, take {what} out of the file, then run the command again."),
    };
    Failure::configuration(
        format!("`{}`: {what} runs with another home of Vouch, `{}`", file.display(), owner.display()),
        hint,
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_home_that_no_file_can_name_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let argument = |name: &str| HomeArgument::new(&Home::at(dir.path().join(name)).unwrap());
        let odd = "a b'c\"d#e$f%g\u{e9}\\";
        assert!(argument(odd).unwrap().as_str().ends_with(odd));
        assert_eq!(argument("x").unwrap().words()[0], "--home");
        for bad in ["a\nb", "a\tb", "a\u{7f}"] {
            let failed = argument(bad).unwrap_err();
            assert!(failed.hint.is_some() && failed.message.contains("control character"), "{bad:?}");
        }
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStringExt;

            let name = std::ffi::OsString::from_vec(b"a\xffb".to_vec());
            assert!(HomeArgument::new(&Home::at(dir.path().join(name)).unwrap()).is_err());
        }
    }

    #[test]
    fn a_command_is_anothers_while_that_home_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let [alice, bob] = ["alice", "bob"].map(|name| Home::at(dir.path().join(name)).unwrap());
        alice.create().unwrap();
        assert_eq!(other_owner(&bob, Some(alice.path())), None, "nothing is set up there");
        fs::write(alice.config_file(), "{}").unwrap();
        assert_eq!(other_owner(&bob, Some(alice.path())).as_deref(), Some(alice.path()));
        assert_eq!(other_owner(&alice, Some(alice.path())), None);
        assert_eq!(other_owner(&alice, Some(&dir.path().join("bob/../alice"))), None);
        assert_eq!(other_owner(&alice, Some(&dir.path().join("gone"))), None);
    }

    #[test]
    fn the_home_is_what_follows_its_flag() {
        let named = |words: &[&str]| named_in(words).map(|path| path.display().to_string());
        assert_eq!(named(&["p", "--home", "/a b"]), Some("/a b".into()));
        assert_eq!(named(&["p", "--profile", "x", "--home", "/a"]), Some("/a".into()));
        assert_eq!(named(&["p"]), None);
        assert_eq!(named(&["p", "--home"]), None);
    }
}
