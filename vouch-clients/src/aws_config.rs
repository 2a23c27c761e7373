//! `~/.aws/config`: a profile that has AWS tools call `vouch credential aws`. Facts: the AWS SDKs and Tools Reference,
//! "Shared config and credentials files" and "Process credential provider".

use std::path::PathBuf;

use vouch_core::Failure;
use vouch_core::env;
use vouch_core::files;
use vouch_core::partition::Region;

use crate::edited_file::EditedFile;
use crate::home_argument::HomeArgument;

/// What the file is to say.
#[derive(Debug, Clone, Copy)]
pub struct ProcessEntry<'a> {
    /// The AWS profile, of the same name in Vouch and in the file.
    pub profile: &'a str,
    pub region: &'a Region,
    /// The absolute path of `vouch`.
    pub program: &'a str,
    /// AWS tools run the command in any environment.
    pub home: &'a HomeArgument,
    /// Whether a command of ours without a home may be taken for this one's.
    pub is_usual: bool,
}

/// Why the file is left alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AwsConfigError {
    #[error("its profile `{profile}` has `{key}` already")]
    Taken { profile: String, key: String },
    #[error("its profile `{profile}` asks another home of Vouch, `{}`", .home.display())]
    OtherHome { profile: String, home: PathBuf },
    #[error(
        "`{0}` cannot be written into it: AWS tools read quotes, comments and control characters in different ways"
    )]
    Unwritable(String),
}

/// Keys by which a profile gets its credentials in another way.
const OTHER_SOURCES: [&str; 8] = [
    "aws_access_key_id",
    "credential_source",
    "login_session",
    "role_arn",
    "source_profile",
    "sso_session",
    "sso_start_url",
    "web_identity_token_file",
];

const PROCESS: &str = "credential_process";

/// The file that AWS tools read: that of `AWS_CONFIG_FILE`, else `~/.aws/config`.
pub fn file() -> Option<PathBuf> {
    located("AWS_CONFIG_FILE", "config")
}

fn located(variable: &str, name: &str) -> Option<PathBuf> {
    let home = env::home_dir();
    let path = match env::var(variable) {
        // As the AWS tools do it.
        Some(named) => match named.strip_prefix("~/") {
            Some(below) => home?.join(below),
            None => PathBuf::from(named),
        },
        None => home?.join(".aws").join(name),
    };
    std::path::absolute(path).ok()
}

/// Whether keys in the credentials file, which AWS tools prefer, stand in the way of the profile; then the file.
pub fn overridden_by(profile: &str) -> Option<PathBuf> {
    let file = located("AWS_SHARED_CREDENTIALS_FILE", "credentials")?;
    let text = files::read_text(&file).ok()?;
    let (_, keys) = section(&text, |name| name == profile)?;
    keys.iter().any(|(key, _)| *key == "aws_access_key_id").then_some(file)
}

/// The file of the AWS tools, if its profile of that name asks Vouch, whichever home of it.
///
/// # Errors
/// When there is a file that cannot be read.
pub fn asked_in(profile: &str) -> Result<Option<PathBuf>, Failure> {
    let Some(file) = file() else { return Ok(None) };
    let text = EditedFile::read(file.clone())?;
    let keys =
        section(text.text(), |name| is_profile(name, profile)).map(|(_, keys)| keys).unwrap_or_default();
    let asks = |value: &str| value.contains(" credential aws --profile ");
    Ok(keys.iter().any(|(key, value)| *key == PROCESS && asks(value)).then_some(file))
}

/// Adds the profile to a text. What is as wanted already stays as it is.
pub fn edit(text: &str, wanted: &ProcessEntry<'_>) -> Result<String, AwsConfigError> {
    let process = process(wanted)?;
    let newline =
        if text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r')) { "\r\n" } else { "\n" };
    let Some((end_of_heading, keys)) = section(text, |name| is_profile(name, wanted.profile)) else {
        let heading = match wanted.profile {
            "default" => "default".to_owned(),
            name if name.chars().any(char::is_whitespace) => format!("profile \"{name}\""),
            name => format!("profile {name}"),
        };
        let mut edited = text.to_owned();
        if !text.is_empty() && !text.ends_with('\n') {
            edited.push_str(newline);
        }
        if !text.trim().is_empty() {
            edited.push_str(newline);
        }
        for line in
            [format!("[{heading}]"), format!("{PROCESS} = {process}"), format!("region = {}", wanted.region)]
        {
            edited.push_str(&line);
            edited.push_str(newline);
        }
        return Ok(edited);
    };
    let value = |wanted: &str| keys.iter().find(|(key, _)| *key == wanted).map(|(_, value)| *value);
    if value(PROCESS) == Some(process.as_str()) {
        return Ok(text.to_owned());
    }
    let mut taken = std::iter::once(PROCESS).chain(OTHER_SOURCES);
    // One of ours from before it named its home.
    let former = process.split(" --home ").next().unwrap_or_default();
    if value(PROCESS) == Some(former) && wanted.is_usual {
        let (head, tail) = text.split_at(end_of_heading);
        return Ok(format!("{head}{}", tail.replacen(former, &process, 1)));
    }
    if let Some((ours, home)) = value(PROCESS).and_then(|text| text.split_once(" --home "))
        && ours == former
    {
        let home = home.trim_matches('"').into();
        return Err(AwsConfigError::OtherHome { profile: wanted.profile.to_owned(), home });
    }
    if let Some(key) = taken.find(|key| value(key).is_some()) {
        return Err(AwsConfigError::Taken { profile: wanted.profile.to_owned(), key: key.to_owned() });
    }
    let (head, tail) = text.split_at(end_of_heading);
    let before = if head.ends_with('\n') { "" } else { newline };
    let mut lines = format!("{before}{PROCESS} = {process}{newline}");
    if value("region").is_none() {
        lines.push_str(&format!("region = {}{newline}", wanted.region));
    }
    Ok(format!("{head}{lines}{tail}"))
}

/// The command, so that every AWS tool splits it in the same way: some use a shell, some rules of their own.
fn process(wanted: &ProcessEntry<'_>) -> Result<String, AwsConfigError> {
    let word = |text: &str| {
        // The SDKs take what follows a blank and one of these for a comment, whatever quotes are around it.
        let comment = [" #", " ;"].iter().any(|mark| text.contains(mark));
        // Within quotes, cmd.exe puts variables in, and a shell more than these.
        let special = if cfg!(windows) { "\"%" } else { "\"'$`\\" };
        let odd = text.contains(|c: char| c.is_control() || special.contains(c));
        if comment || odd {
            return Err(AwsConfigError::Unwritable(text.to_owned()));
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:+@%".contains(c);
        Ok(if text.chars().all(plain) { text.to_owned() } else { format!("\"{text}\"") })
    };
    let (program, profile, home) =
        (word(wanted.program)?, word(wanted.profile)?, word(wanted.home.as_str())?);
    Ok(format!("{program} credential aws --profile {profile} --home {home}"))
}

fn is_profile(heading: &str, profile: &str) -> bool {
    if profile == "default" && heading == "default" {
        return true;
    }
    let name = heading.strip_prefix("profile").filter(|rest| rest.starts_with([' ', '\t', '"', '\'']));
    name.is_some_and(|name| name.trim().trim_matches(['"', '\'']) == profile)
}

/// The end of the heading of the first section with such a name, and the keys of the section.
fn section(text: &str, is_wanted: impl Fn(&str) -> bool) -> Option<(usize, Vec<(&str, &str)>)> {
    let mut found: Option<(usize, Vec<(&str, &str)>)> = None;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        start += line.len();
        let heading = line.trim().strip_prefix('[').and_then(|rest| Some(rest.split_once(']')?.0.trim()));
        match (&mut found, heading) {
            (Some(_), Some(_)) => break,
            (None, Some(name)) if is_wanted(name) => found = Some((start, Vec::new())),
            // Indented lines belong to the key above them.
            (Some((_, keys)), None) if !line.starts_with([' ', '\t']) => keys.extend(key_value(line)),
            _ => {}
        }
    }
    found
}

fn key_value(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.starts_with(['#', ';']) {
        return None;
    }
    line.split_once('=').map(|(key, value)| (key.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use vouch_core::home::Home;

    use super::*;

    fn edited(text: &str, profile: &str) -> Result<String, AwsConfigError> {
        let region = "us-east-1".parse().unwrap();
        let home = HomeArgument::new(&Home::at("/home/alice/.vouch").unwrap()).unwrap();
        edit(
            text,
            &ProcessEntry {
                profile,
                region: &region,
                program: "/opt/my tools/vouch",
                home: &home,
                is_usual: true,
            },
        )
    }

    const LINES: &str = "credential_process = \"/opt/my tools/vouch\" credential aws --profile vouch --home /home/alice/.vouch\n";

    #[test]
    fn a_profile_is_added_and_everything_else_stays() {
        let block = format!("[profile vouch]\n{LINES}region = us-east-1\n");
        assert_eq!(edited("", "vouch").unwrap(), block);
        let mine = "# mine\r\n[default]\r\nregion=eu-west-1";
        assert_eq!(edited(mine, "vouch").unwrap(), format!("{mine}\r\n\r\n{}", block.replace('\n', "\r\n")));
        // A second time changes nothing.
        let once = edited("[default]\n", "vouch").unwrap();
        assert_eq!(edited(&once, "vouch").unwrap(), once);
        assert!(
            edited("[profile default2]\n", "default").unwrap().contains("\n[default]\ncredential_process")
        );
    }

    #[test]
    fn a_profile_that_is_there_gets_the_lines_it_lacks() {
        let text = "[ profile  \"vouch\" ]\noutput = json\nregion = eu-west-1\n\n[profile other]\n";
        let expected = text.replacen("output", &format!("{LINES}output"), 1);
        assert_eq!(edited(text, "vouch").unwrap(), expected);
        assert_eq!(
            edited("[profile vouch]", "vouch").unwrap(),
            format!("[profile vouch]\n{LINES}region = us-east-1\n")
        );
    }

    #[test]
    fn credentials_from_elsewhere_are_not_taken_over() {
        for line in ["sso_session = x", "role_arn=arn:aws:iam::1:role/x", "credential_process = other"] {
            let text = format!("[profile vouch]\n{line}\n");
            let key = line.split(['=', ' ']).next().unwrap().to_owned();
            assert_eq!(edited(&text, "vouch"), Err(AwsConfigError::Taken { profile: "vouch".into(), key }));
        }
        assert!(matches!(edited("", "a\"b"), Err(AwsConfigError::Unwritable(_))));
        let variable = if cfg!(windows) { "%x%" } else { "$(x)" };
        assert!(matches!(edited("", variable), Err(AwsConfigError::Unwritable(_))));
        assert!(matches!(edited("", "a #b"), Err(AwsConfigError::Unwritable(_))));
    }

    #[test]
    fn a_command_names_its_home_and_an_old_one_gets_it() {
        let text = "[default]\n[profile vouch]\noutput=json\ncredential_process = \"/opt/my tools/vouch\" credential aws --profile vouch\nregion = eu-west-1\n";
        let after = edited(text, "vouch").unwrap();
        assert_eq!(after, text.replace("--profile vouch\n", "--profile vouch --home /home/alice/.vouch\n"));
        assert_eq!(edited(&after, "vouch").unwrap(), after);
        // The profile of another home is not taken over.
        let other = after.replace("/home/alice/.vouch", "/home/alice/.v2");
        let home = "/home/alice/.v2".into();
        assert_eq!(edited(&other, "vouch"), Err(AwsConfigError::OtherHome { profile: "vouch".into(), home }));
    }
}
