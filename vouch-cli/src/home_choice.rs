//! Which home a command is for. A project can set `VOUCH_HOME` for whoever enters its directory, and with it which hosts get
//! tokens: where a YubiKey is to sign, the user says that this home is meant.

use std::path::PathBuf;

use vouch_core::hint::LOGIN_HERE;
use vouch_core::home::{Home, HomeError};
use vouch_core::identity::Subject;
use vouch_core::{Context, ErrorKind, Failure};
use vouch_helper::home::{self, FLAG};

use crate::{prompt, terminal};

/// The home that an argument names, before `VOUCH_HOME` and `~/.vouch`.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct HomeFlag {
    /// The home of Vouch, in place of `VOUCH_HOME` and `~/.vouch`
    #[arg(long, value_name = "PATH", global = true)]
    home: Option<PathBuf>,
}

impl HomeFlag {
    /// What is typed beats the environment, whatever is wrong with that.
    pub(crate) fn context(&self) -> Result<Context, HomeError> {
        let context = match &self.home {
            // One that cannot be made absolute is refused as it is.
            Some(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                Context::new(Home::named(path, FLAG)?)
            }
            None => Context::from_env()?,
        };
        home::tell(context.home());
        Ok(context)
    }

    /// Names a home that is not the usual one, and asks whether it is meant unless it was typed.
    pub(crate) fn confirm(&self, home: &Home, subject: &Subject) -> Result<(), Failure> {
        if home.is_usual() {
            return Ok(());
        }
        let shown = home.path().display();
        if self.home.is_some() {
            terminal::say(&format!("the home of Vouch is `{shown}`"));
            return Ok(());
        }
        let question = format!(
            "VOUCH_HOME names `{shown}` as the home of Vouch. Log in as {subject} with what is set up there?"
        );
        if prompt::agrees(&question)? {
            return Ok(());
        }
        Err(Failure::new(
            ErrorKind::Configuration,
            format!("VOUCH_HOME names `{shown}` as the home of Vouch, and nobody confirmed it"),
            format!(
                "If you mean it: {}. Otherwise unset VOUCH_HOME; look for it in `.envrc` and `.env` of the project.",
                LOGIN_HERE.fill("DIR", home.path())
            ),
        ))
    }
}
