//! The names in Maven's settings that nobody can guess.
//!
//! The POM of any dependency can put a variable of the environment into a URL, and gets the token of a server by naming its
//! id (measured with 3.8.7, 3.9.16 and 4.0.0-rc-5). Neither works with a name that its author cannot know.

use serde::{Deserialize, Serialize};
use vouch_core::home::hex;
use vouch_core::{ErrorKind, Failure};

/// Stands before the random part, so that a reader of the file sees whose it is.
const VARIABLE: &str = "VOUCH_MAVEN_";
const MIRROR: &str = "vouch-";

/// Bytes of randomness in a name.
const RANDOM: usize = 16;

/// The names of one registration, made at its first setup. Two, since Maven prints the id of a mirror with every download.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MavenNames {
    /// The variable that has the token: of capitals, as Maven on Windows knows variables by no other letters.
    variable: String,
    /// The id of the mirror through which the repository is read, and of that mirror's server.
    mirror: String,
}

impl MavenNames {
    /// New ones.
    ///
    /// # Errors
    /// When the system has no random numbers to give.
    pub fn generate() -> Result<Self, Failure> {
        Ok(Self {
            variable: format!("{VARIABLE}{}", random()?.to_ascii_uppercase()),
            mirror: format!("{MIRROR}{}", random()?),
        })
    }

    /// The variable that has the token.
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// The id of the mirror and of its server.
    pub fn mirror(&self) -> &str {
        &self.mirror
    }

    /// Whether they are as Vouch makes them: what stands in a file could be any variable's name.
    pub(crate) fn are_ours(&self) -> bool {
        let is_random = |name: &str, begins: &str, letter: fn(&u8) -> bool| {
            name.strip_prefix(begins).is_some_and(|rest| {
                rest.len() == 2 * RANDOM && rest.bytes().all(|byte| byte.is_ascii_digit() || letter(&byte))
            })
        };
        is_random(&self.variable, VARIABLE, u8::is_ascii_uppercase)
            && is_random(&self.mirror, MIRROR, u8::is_ascii_lowercase)
    }
}

fn random() -> Result<String, Failure> {
    let mut bytes = [0; RANDOM];
    getrandom::fill(&mut bytes).map_err(|error| {
        Failure::new(
            ErrorKind::Other,
            format!("no name that nobody can guess could be made: {error}"),
            "The system gives no random numbers; restart the machine, then run the command again.",
        )
    })?;
    Ok(hex(&bytes, RANDOM))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_new_each_time_and_none_tells_another() {
        let (one, other) = (MavenNames::generate().unwrap(), MavenNames::generate().unwrap());
        let tails = [&one, &other].map(|names| {
            assert!(names.are_ours(), "{names:?}");
            [names.variable(), names.mirror()]
                .map(|name| name.to_lowercase().split(['_', '-']).next_back().unwrap().to_owned())
        });
        let all = tails.concat();
        for (place, tail) in all.iter().enumerate() {
            assert_eq!(tail.len(), 32);
            assert!(!all[..place].contains(tail));
        }
        let plain = |byte: u8| byte == b'_' || byte.is_ascii_uppercase() || byte.is_ascii_digit();
        assert!(one.variable().bytes().all(plain), "{one:?}");
    }

    #[test]
    fn names_that_somebody_chose_are_not_ours() {
        let good = MavenNames::generate().unwrap();
        for variable in [
            "VOUCH_HOME",
            "PATH",
            "",
            "VOUCH_MAVEN_",
            &good.variable.to_lowercase(),
            &format!("{}0", good.variable),
        ] {
            assert!(!MavenNames { variable: variable.into(), ..good.clone() }.are_ours(), "{variable}");
        }
        for mirror in ["central", "vouch-", &good.mirror.to_uppercase(), &good.mirror.replace("vouch-", "")] {
            assert!(!MavenNames { mirror: mirror.into(), ..good.clone() }.are_ours(), "{mirror}");
        }
    }
}
