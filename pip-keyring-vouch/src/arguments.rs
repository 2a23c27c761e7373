//! The command line of `keyring`, options before or after the operation, as Python's argparse reads it.

use std::ffi::OsString;
use std::fmt;

pub(crate) const HELP: &str = "\
usage: pip-keyring-vouch [--home PATH] [--mode {password,creds}] [--output {plain,json}] get SERVICE [USERNAME]

Answers pip, uv, twine, Poetry and PDM with AWS CodeArtifact tokens from Vouch, as the program keyring would. They call it
themselves, by the name keyring: you need not. Set them up first, such as with the first example.

  --home PATH       the home of Vouch, in place of VOUCH_HOME and ~/.vouch; comes first
  --mode password   print the password; needs a user name (default)
  --mode creds      print user name and password
  --output plain    one value a line (default)
  --output json     one JSON object
  --help, --version

Examples:
  vouch setup codeartifact --tool pip --repository my-pypi-repo
  pip install --index-url=https://aws@my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-pypi-repo/simple/ PACKAGE
  pip-keyring-vouch get https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/my-pypi-repo/simple/ aws

Exit status: 0 answered; 1 no token, with the reason on stderr; 2 wrong usage.
Documentation: docs/pip.md
";

/// What a client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    Get {
        service: String,
        user: Option<String>,
        mode: Mode,
        output: Output,
        /// The mode was named. That tells pdm's second question from a user's own.
        names_mode: bool,
    },
    Set {
        service: String,
    },
    Delete {
        service: String,
    },
    Help,
    Version,
}

/// What is answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Mode {
    #[default]
    Password,
    Credentials,
}

/// How it is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Output {
    #[default]
    Plain,
    Json,
}

/// A command line that means nothing here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// No such option, or one word too many.
    Unrecognized(String),
    Value {
        option: &'static str,
        value: String,
    },
    NoValue(&'static str),
    NoOperation,
    Missing {
        operation: &'static str,
        what: &'static str,
    },
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unrecognized(word) => write!(f, "unrecognized arguments: {word}"),
            Self::Value { option, value } => write!(f, "argument {option}: invalid choice: `{value}`"),
            Self::NoValue(option) => write!(f, "argument {option}: expected one argument"),
            Self::NoOperation => f.write_str("specify an operation: get"),
            Self::Missing { operation, what } => write!(f, "{operation} requires {what}"),
        }
    }
}

/// Reads the words after the program's name.
pub(crate) fn parse(words: &[OsString]) -> Result<Request, Wrong> {
    // What is no UTF-8 in a word makes it somebody else's service or user.
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let mut words = words.iter().map(|word| &**word);
    let mut positional = Vec::new();
    let (mut mode, mut output) = (None, Output::default());
    let mut options = true;
    while let Some(word) = words.next() {
        // Only what begins with a dash and says more is an option.
        if !options || !word.starts_with('-') || word == "-" {
            positional.push(word);
            continue;
        }
        let (name, glued) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        let mut value = |option| glued.or_else(|| words.next()).ok_or(Wrong::NoValue(option));
        match (name, glued) {
            ("--", None) => options = false,
            ("-h" | "--help", None) => return Ok(Request::Help),
            ("--version", None) => return Ok(Request::Version),
            ("--mode", _) => {
                mode = match value("--mode")? {
                    "password" => Some(Mode::Password),
                    "creds" => Some(Mode::Credentials),
                    other => return Err(Wrong::Value { option: "--mode", value: other.into() }),
                }
            }
            ("--output", _) => {
                output = match value("--output")? {
                    "plain" => Output::Plain,
                    "json" => Output::Json,
                    other => return Err(Wrong::Value { option: "--output", value: other.into() }),
                }
            }
            _ => return Err(Wrong::Unrecognized(word.into())),
        }
    }
    operation(&positional, mode, output)
}

fn operation(words: &[&str], named: Option<Mode>, output: Output) -> Result<Request, Wrong> {
    let (mode, names_mode) = (named.unwrap_or_default(), named.is_some());
    let [operation, words @ ..] = words else { return Err(Wrong::NoOperation) };
    let (service, user) = match words {
        [] => (None, None),
        [service] => (Some((*service).to_owned()), None),
        [service, user] => (Some((*service).to_owned()), Some((*user).to_owned())),
        [_, _, more, ..] => return Err(Wrong::Unrecognized((*more).to_owned())),
    };
    let both = |operation| Wrong::Missing { operation, what: "service and username" };
    match (*operation, service, user) {
        ("get", Some(service), user) if mode == Mode::Credentials || user.is_some() => {
            Ok(Request::Get { service, user, mode, output, names_mode })
        }
        ("get", None, _) if mode == Mode::Credentials => {
            Err(Wrong::Missing { operation: "get", what: "service" })
        }
        ("get", ..) => Err(both("get")),
        ("set", Some(service), Some(_)) => Ok(Request::Set { service }),
        ("set", ..) => Err(both("set")),
        ("del", Some(service), Some(_)) => Ok(Request::Delete { service }),
        ("del", ..) => Err(both("del")),
        (other, ..) => Err(Wrong::Unrecognized(other.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(line: &str) -> Result<Request, Wrong> {
        // `''` stands for an empty word.
        let words = line.split_whitespace().map(|word| if word == "''" { "" } else { word }.into());
        parse(&words.collect::<Vec<_>>())
    }

    /// Without the word of the mode, where it is the usual one.
    fn get(user: Option<&str>, mode: Mode, output: Output) -> Result<Request, Wrong> {
        let names_mode = mode != Mode::default();
        Ok(Request::Get { service: "URL".into(), user: user.map(str::to_owned), mode, output, names_mode })
    }

    fn naming_its_mode(request: Result<Request, Wrong>) -> Result<Request, Wrong> {
        let Ok(Request::Get { service, user, mode, output, .. }) = request else { return request };
        Ok(Request::Get { service, user, mode, output, names_mode: true })
    }

    #[test]
    fn every_form_that_clients_use() {
        use Mode::{Credentials, Password};
        use Output::{Json, Plain};
        for (line, expected) in [
            // pip up to 26.1, and uv with a user name
            ("get URL aws", get(Some("aws"), Password, Plain)),
            // pip from 26.2 on
            ("--mode=creds --output=json get URL", get(None, Credentials, Json)),
            ("--mode=creds --output=json get URL aws", get(Some("aws"), Credentials, Json)),
            // uv without a user name
            ("get URL --mode creds", get(None, Credentials, Plain)),
            // pdm
            ("--mode=creds get URL ''", get(Some(""), Credentials, Plain)),
            ("--mode=password get URL __token__", naming_its_mode(get(Some("__token__"), Password, Plain))),
            // uv with a user's own
            ("get URL __token__", get(Some("__token__"), Password, Plain)),
            // everything that argparse would take
            ("get --mode creds URL --output json aws", get(Some("aws"), Credentials, Json)),
            ("--mode creds --mode password get URL aws", naming_its_mode(get(Some("aws"), Password, Plain))),
            ("get -- URL aws", get(Some("aws"), Password, Plain)),
            ("get URL -", get(Some("-"), Password, Plain)),
            ("set URL aws", Ok(Request::Set { service: "URL".into() })),
            ("del URL aws", Ok(Request::Delete { service: "URL".into() })),
            ("--help", Ok(Request::Help)),
            ("--version", Ok(Request::Version)),
        ] {
            assert_eq!(read(line), expected, "{line}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (line, expected) in [
            ("", "specify an operation: get"),
            ("get", "get requires service and username"),
            ("get URL", "get requires service and username"),
            ("get --mode=creds", "get requires service"),
            ("set URL", "set requires service and username"),
            ("del", "del requires service and username"),
            ("get URL aws more", "unrecognized arguments: more"),
            ("--frob get URL aws", "unrecognized arguments: --frob"),
            ("-b x get URL aws", "unrecognized arguments: -b"),
            ("diagnose", "unrecognized arguments: diagnose"),
            ("--mode", "argument --mode: expected one argument"),
            ("--mode= get URL aws", "argument --mode: invalid choice: ``"),
            ("--output=xml get URL aws", "argument --output: invalid choice: `xml`"),
        ] {
            assert_eq!(read(line).unwrap_err().to_string(), expected, "{line}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_text_is_another_service() {
        use std::os::unix::ffi::OsStringExt;

        let words = ["get".into(), OsString::from_vec(b"x\xff".to_vec()), "aws".into()];
        let service = "x\u{fffd}".to_owned();
        let user = Some("aws".into());
        let expected =
            Request::Get { service, user, mode: Mode::Password, output: Output::Plain, names_mode: false };
        assert_eq!(parse(&words), Ok(expected));
    }

    proptest! {
        /// Where the options stand does not matter.
        #[test]
        fn options_may_stand_anywhere(
            service in "[^-]\\PC{0,40}", user in proptest::option::of("[^-]\\PC{0,9}"), places in [0..4_usize, 0..4],
            glued in any::<[bool; 2]>(), json in any::<bool>(),
        ) {
            let mut words: Vec<Vec<String>> = vec![vec!["get".into()], vec![service.clone()]];
            words.extend(user.clone().map(|user| vec![user]));
            let format = if json { "json" } else { "plain" };
            for ((name, value), (place, glued)) in
                [("--mode", "creds"), ("--output", format)].into_iter().zip(places.into_iter().zip(glued))
            {
                let option = if glued { vec![format!("{name}={value}")] } else { vec![name.into(), value.into()] };
                words.insert(place.min(words.len()), option);
            }
            let words: Vec<OsString> = words.into_iter().flatten().map(OsString::from).collect();
            let output = if json { Output::Json } else { Output::Plain };
            prop_assert_eq!(parse(&words), Ok(Request::Get {
                service,
                user,
                mode: Mode::Credentials,
                output,
                names_mode: true,
            }));
        }

        #[test]
        fn nothing_panics(words in proptest::collection::vec("(get|set|del|--mode(=creds)?|--output|json|--|\\PC*)", 0..8)) {
            let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
            let _ = parse(&words);
        }
    }
}
