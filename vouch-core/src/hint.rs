//! The commands of ours that texts tell a user to type. They stand here and nowhere else, so that they can be listed, put
//! through the parser of the command line, and tried in the state in which they are told.

use std::ffi::OsStr;
use std::fmt;

use crate::files::shell_word;

/// A command of ours as a text names it: shown between back quotes, each value of it as one word of a shell.
///
/// Words in capitals stand for what the user knows and Vouch does not; [`Hint::fill`] puts a value in the place of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    form: &'static str,
    filled: Vec<(&'static str, String)>,
    more: String,
}

impl Hint {
    const fn new(form: &'static str) -> Self {
        Self { form, filled: Vec::new(), more: String::new() }
    }

    /// With a value in place of a word in capitals.
    #[must_use]
    pub fn fill(mut self, placeholder: &'static str, value: impl AsRef<OsStr>) -> Self {
        debug_assert!(self.form.split(' ').any(|word| word == placeholder), "{placeholder}: {}", self.form);
        self.filled.push((placeholder, shell_word(value.as_ref())));
        self
    }

    /// With one more flag that takes a value.
    #[must_use]
    pub fn flag(mut self, flag: &'static str, value: impl AsRef<OsStr>) -> Self {
        self.more.push_str(&format!(" {flag} {}", shell_word(value.as_ref())));
        self
    }

    /// The same if there is a value.
    #[must_use]
    pub fn optional(self, flag: &'static str, value: Option<impl AsRef<OsStr>>) -> Self {
        match value {
            Some(value) => self.flag(flag, value),
            None => self,
        }
    }

    /// With one more word that needs no quotes, such as a flag without a value.
    #[must_use]
    pub fn word(mut self, word: &'static str) -> Self {
        self.more.push_str(&format!(" {word}"));
        self
    }

    /// With the rest of a command line, of which each word is quoted already where it needs to be.
    #[must_use]
    pub fn words(mut self, words: &str) -> Self {
        if !words.trim().is_empty() {
            self.more.push_str(&format!(" {}", words.trim()));
        }
        self
    }

    /// The command as it is to be typed.
    pub fn command(&self) -> String {
        let words = self.form.split(' ').map(|word| {
            let filled = self.filled.iter().find(|(placeholder, _)| *placeholder == word);
            filled.map_or(word, |(_, value)| value.as_str())
        });
        words.collect::<Vec<_>>().join(" ") + &self.more
    }
}

/// Between back quotes.
impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.command())
    }
}

macro_rules! hints {
    ($list:ident, $what:literal: $($name:ident = $form:literal;)+) => {
        $(
            #[doc = concat!("`", $form, "`")]
            pub const $name: Hint = Hint::new($form);
        )+

        #[doc = $what]
        pub const $list: &[(&str, &str)] = &[$((stringify!($name), $form)),+];
    };
}

hints! { COMMANDS, "Every command that is told to be typed, by the name of its constant.":
LOGIN = "vouch login";
LOGIN_LAST_TRY = "vouch login --last-try";
LOGIN_FROM = "vouch login --from SOURCE";
LOGIN_HERE = "vouch login --home DIR";
LOGOUT = "vouch logout";
SESSION_IMPORT = "vouch session import";
STATUS_THERE = "vouch status";
ENROLL = "vouch enroll --issuer URL --subject NAME";
ENROLL_ANEW = "vouch enroll";
ENROLL_SPARE = "vouch enroll --serial SERIAL";
ENROLL_REPLACE = "vouch enroll --serial SERIAL --replace";
JOIN = "vouch join URL --subject NAME";
ISSUER_BUILD = "vouch issuer build --out DIR ENROLLMENT";
ISSUER_CHECK = "vouch issuer check";
ISSUER_IAM = "vouch issuer iam --format cloudformation ENROLLMENT";
ISSUER_IAM_CI = "vouch issuer iam --format cloudformation --ci PROJECT";
ISSUER_IAM_REMOTE = "vouch issuer iam --format cloudformation --remote ENROLLMENT";
ISSUER_IAM_BUCKET = "vouch issuer iam --format cloudformation --bucket NAME ENROLLMENT";
SETUP_AWS = "vouch setup aws --role ARN";
SETUP_AWS_THERE = "vouch --home DIR setup aws --role ARN";
SETUP_AWS_REGION = "vouch setup aws --role ARN --region REGION";
SETUP_AWS_DEFAULT = "vouch setup aws --profile NAME --default";
SETUP_AWS_TOOLS = "vouch setup aws --profile NAME --yes";
SETUP_FIRST = "vouch setup codeartifact --tool cargo --repository REPOSITORY --domain DOMAIN --domain-owner ACCOUNT";
SETUP_DOMAIN = "vouch setup codeartifact --tool TOOL --repository REPOSITORY --domain DOMAIN --domain-owner ACCOUNT";
SETUP_TOOL = "vouch setup codeartifact --tool TOOL --repository REPOSITORY";
SETUP_NPM_ENV = "vouch setup codeartifact --tool npm --mode env";
PROFILE_REMOVE = "vouch profile remove NAME";
UNDO = "vouch undo";
UNDO_CLIENT = "vouch undo CLIENT";
UNDO_THERE = "vouch --home DIR undo CLIENT";
UNDO_LIST = "vouch undo --list";
EXEC = "vouch exec";
EXEC_COMMAND = "vouch exec --type TYPE -- COMMAND";
DOCTOR_ALL = "vouch doctor --all";
DOCTOR_ONLINE = "vouch doctor --online";
NPM_REFRESH = "npm-token-vouch refresh";
}

hints! { NAMES, "Commands that a text only speaks of, such as the one that wrote a file.":
VOUCH_CREDENTIAL_AWS = "vouch credential aws";
VOUCH_ENROLL = "vouch enroll";
VOUCH_EXEC = "vouch exec";
VOUCH_EXEC_MAVEN = "vouch exec --type maven";
VOUCH_EXEC_TRUST = "vouch exec --trust-project";
VOUCH_ISSUER_BUILD = "vouch issuer build";
VOUCH_ISSUER_BUILD_TEAM = "vouch issuer build --team";
VOUCH_ISSUER_IAM = "vouch issuer iam";
VOUCH_JOIN = "vouch join";
VOUCH_LOGIN = "vouch login";
VOUCH_LOGOUT = "vouch logout";
VOUCH_SETUP = "vouch setup codeartifact";
VOUCH_UNDO = "vouch undo";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_one_word_and_no_value_is_read_again() {
        let hint = ENROLL.fill("NAME", "URL").fill("URL", "https://x/it's; rm -r `x`");
        let text = hint.flag("--out", "a b").optional("--slot", None::<&str>).word("--replace").to_string();
        assert_eq!(
            text,
            r"`vouch enroll --issuer 'https://x/it'\''s; rm -r `x`' --subject URL --out 'a b' --replace`"
        );
        assert_eq!(LOGIN.to_string(), "`vouch login`");
        assert_eq!(LOGIN.words(" ").flag("--x", "").command(), "vouch login --x ''");
    }

    #[test]
    fn every_name_stands_for_one_command() {
        let mut names: Vec<_> = COMMANDS.iter().chain(NAMES).map(|(name, _)| name).collect();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), COMMANDS.len() + NAMES.len());
        assert!(COMMANDS.iter().chain(NAMES).all(|(_, form)| !form.contains('`')));
    }
}
