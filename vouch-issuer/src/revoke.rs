//! What to do when a user leaves or a YubiKey is lost, in the order that works.
//!
//! First nothing new may begin: as long as the provider stands, a user makes new role sessions while old ones are
//! being denied. Then what has begun is cut off. Only then the published keys go, whose copies AWS may keep for a time
//! that nobody specifies. A deny on the role is the only thing that reaches tokens of CodeArtifact (CodeArtifact user
//! guide, "Tokens and authentication"), so the role itself goes last.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::json;
use vouch_core::files::shell_word;
use vouch_core::hint::VOUCH_LOGIN;
use vouch_core::hint::{Hint, ISSUER_BUILD, ISSUER_CHECK, ISSUER_IAM};
use vouch_core::identity::{Identity, IssuerUrl, Subject};
use vouch_core::partition::{AccountId, Partition};
use vouch_core::time::UnixTime;

use crate::documents::{self, IssuerError};
use crate::enrollment::{EnrollmentClaims, VerifiedEnrollment};
use crate::iam::{MAX_SESSION_DURATION, MAX_TOKEN_DURATION};

/// Seconds that a token lives at most when no policy bounds it (CodeArtifact API, GetAuthorizationToken).
const LONGEST_TOKEN: i64 = 12 * 3600;

/// Seconds that a change in IAM may need to be known everywhere, generously.
const IAM_DELAY: i64 = 120;

/// Whose trust ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedUser {
    pub issuer: IssuerUrl,
    pub subject: Subject,
    pub keys: Vec<RevokedKey>,
}

/// A key of theirs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedKey {
    pub serial: u32,
    pub kid: String,
    /// The file of its enrollment, where that is known.
    pub file: Option<PathBuf>,
}

/// Where everybody's enrollments are, and whose attestations are trusted next to Yubico's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrollments {
    pub directory: PathBuf,
    pub attestation_roots: Vec<PathBuf>,
}

/// The role that it gave, as far as its account is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedRole {
    pub partition: Partition,
    pub account: Option<AccountId>,
    pub name: String,
    /// Whether others use the role too.
    pub shared: bool,
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The user is to have no access any more.
    UserLeft,
    /// One YubiKey, by its serial number; the user stays.
    YubiKeyLost(u32),
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    pub title: String,
    pub why: String,
    /// Lines for a shell.
    pub commands: Vec<String>,
}

/// What goes on being valid, and until when at the latest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StillValid {
    pub what: String,
    pub until: UnixTime,
    /// When it ends earlier.
    pub unless: String,
}

/// The steps, and what remains.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Revocation {
    pub steps: Vec<Step>,
    pub remains: Vec<StillValid>,
}

impl RevokedUser {
    /// The users of enrollments, by issuer.
    ///
    /// # Errors
    /// As for [`crate::documents::build`].
    pub fn of_enrollments(enrollments: &[VerifiedEnrollment]) -> Result<Vec<Self>, IssuerError> {
        let users = documents::by_issuer(enrollments)?.into_iter().filter_map(|(issuer, keys)| {
            let subject = keys.values().next()?.subject.clone();
            let key = |(kid, claims): (String, &EnrollmentClaims)| RevokedKey {
                serial: claims.serial,
                kid,
                file: None,
            };
            let keys = keys.into_iter().map(key).collect();
            Some(Self { issuer: issuer.clone(), subject, keys })
        });
        Ok(users.collect())
    }
}

impl From<&Identity> for RevokedUser {
    fn from(identity: &Identity) -> Self {
        Self {
            issuer: identity.issuer.clone(),
            subject: identity.subject.clone(),
            keys: identity
                .keys
                .iter()
                .map(|key| RevokedKey { serial: key.serial, kid: key.kid.clone(), file: None })
                .collect(),
        }
    }
}

/// What to do now. `time` writes a moment as RFC 3339 does, in UTC.
pub fn revoke(
    user: &RevokedUser,
    role: &RevokedRole,
    reason: Reason,
    now: UnixTime,
    enrollments: &Enrollments,
    time: impl Fn(UnixTime) -> String,
) -> Revocation {
    let steps = match reason {
        Reason::UserLeft => {
            let mut steps = vec![delete_provider(user, role), deny_sessions(role, now, &time)];
            steps.extend([
                remove_documents(user, enrollments),
                remove_role(user, role, now, enrollments, &time),
            ]);
            steps
        }
        Reason::YubiKeyLost(serial) => {
            let key = remove_key(user, serial, enrollments);
            vec![key, check_published(user, enrollments), deny_earlier_sessions(role, now, &time)]
        }
    };
    Revocation { steps, remains: remains(reason, now) }
}

fn delete_provider(user: &RevokedUser, role: &RevokedRole) -> Step {
    let mut commands = vec![format!(
        "aws iam delete-open-id-connect-provider --open-id-connect-provider-arn {}",
        provider_arn(user, role)
    )];
    commands.push(format!("aws iam get-role --role-name {} --output json >role.json", role.name));
    commands.push(if role.shared {
        "# remove the statement of this user from the role's trust policy".into()
    } else {
        "# the role's trust policy names the provider alone: without it, nobody is allowed".into()
    });
    Step {
        title: format!("delete the OIDC provider of {}, in every account that has it", user.issuer),
        why: "From here on AWS gives this user no new session, whatever they sign.".into(),
        commands,
    }
}

fn deny_sessions(role: &RevokedRole, now: UnixTime, time: impl Fn(UnixTime) -> String) -> Step {
    if role.shared {
        return Step {
            title: format!("deny the live sessions of role {}", role.name),
            why: format!(
                "It cuts off everybody's sessions of this role, and their tokens, that began before {}; the others get new ones after that by themselves or with {VOUCH_LOGIN}. Do it when the first step has had time to take effect.",
                time(now.plus(IAM_DELAY))
            ),
            commands: vec![deny(role, Some(&time(now.plus(IAM_DELAY))))],
        };
    }
    Step {
        title: format!("deny everything to role {}", role.name),
        why: "It ends the sessions that have begun, and reaches the tokens of CodeArtifact, which no call revokes."
            .into(),
        commands: vec![deny(role, None)],
    }
}

fn deny_earlier_sessions(role: &RevokedRole, now: UnixTime, time: impl Fn(UnixTime) -> String) -> Step {
    let at = time(now.plus(IAM_DELAY));
    Step {
        title: format!("deny the sessions of role {} that began before", role.name),
        why: format!(
            "Sessions that the lost key began before {at} end, and the tokens with them; the user runs {VOUCH_LOGIN} with the spare. If the finder may know the PIN, do this again an hour after the key is gone from the site, when no cache can have it any more."
        ),
        commands: vec![deny(role, Some(&at))],
    }
}

fn remove_documents(user: &RevokedUser, enrollments: &Enrollments) -> Step {
    let folder = folder(user);
    Step {
        title: "remove the keys from the site".into(),
        why: "Nobody else may ever get this address: whoever serves issuer files there speaks for this user wherever an \
              account was forgotten."
            .into(),
        commands: user
            .keys
            .iter()
            .map(remove_enrollment)
            .chain([
                format!("rm -r {folder}/jwks.json {folder}/.well-known"),
                enrollments.build().command(),
                "# publish the site, and empty the caches before it".into(),
            ])
            .collect(),
    }
}

fn remove_key(user: &RevokedUser, serial: u32, enrollments: &Enrollments) -> Step {
    let lost = user.keys.iter().filter(|key| key.serial == serial);
    let build = lost.clone().fold(enrollments.build(), |build, key| build.flag("--allow-removal", &key.kid));
    Step {
        title: format!("remove the key of YubiKey {serial} from the site"),
        why: "AWS may keep a copy of the keys for a while; nobody specifies how long, and an hour is a cautious guess. A \
              finder needs the PIN, too."
            .into(),
        commands: lost
            .map(remove_enrollment)
            .chain([
                build.command(),
                "# publish the site, and empty the caches before it".into(),
            ])
            .collect(),
    }
}

/// What takes the enrollment of a key away.
fn remove_enrollment(RevokedKey { serial, kid, file }: &RevokedKey) -> String {
    match file {
        Some(file) => format!("git rm {}   # YubiKey {serial}, key {kid}", shell_word(file.as_os_str())),
        None => format!("# nothing to remove: no enrollment is known of YubiKey {serial}, key {kid}"),
    }
}

impl Enrollments {
    fn build(&self) -> Hint {
        self.trusting(ISSUER_BUILD.fill("DIR", "site").fill("ENROLLMENT", &self.directory))
    }

    fn trusting(&self, command: Hint) -> Hint {
        self.attestation_roots.iter().fold(command, |command, root| command.flag("--attestation-root", root))
    }
}

fn check_published(user: &RevokedUser, enrollments: &Enrollments) -> Step {
    Step {
        title: "check the published files".into(),
        why: format!("It names a key of {} that is still served, and caches that keep it.", user.subject),
        commands: vec![
            enrollments
                .trusting(ISSUER_CHECK.words(&shell_word(enrollments.directory.as_os_str())))
                .command(),
        ],
    }
}

fn remove_role(
    user: &RevokedUser,
    role: &RevokedRole,
    now: UnixTime,
    enrollments: &Enrollments,
    time: impl Fn(UnixTime) -> String,
) -> Step {
    let at = time(now.plus(LONGEST_TOKEN));
    let template = enrollments.trusting(ISSUER_IAM.fill("ENROLLMENT", &enrollments.directory));
    let mut commands = vec![format!("{} >iam.json", template.command())];
    commands.push("# apply the template: it no longer has this user".into());
    if !role.shared {
        commands.push(format!("aws iam get-role --role-name {}   # must be gone", role.name));
    }
    Step {
        title: format!("after {at}, apply the template without {}", user.subject),
        why: "Not before: the deny on the role must stand until the last token has run out.".into(),
        commands,
    }
}

fn remains(reason: Reason, now: UnixTime) -> Vec<StillValid> {
    let mut remains = vec![
        StillValid {
            what: "role sessions that have begun".into(),
            until: now.plus(i64::from(MAX_SESSION_DURATION)),
            unless: "the deny on the role ends them within minutes".into(),
        },
        StillValid {
            what: "tokens of CodeArtifact, where the role bounds them by sts:DurationSeconds".into(),
            until: now.plus(i64::from(MAX_TOKEN_DURATION)),
            unless: "the deny on the role reaches them".into(),
        },
        StillValid {
            what: "tokens of CodeArtifact, where nothing bounds them".into(),
            until: now.plus(LONGEST_TOKEN),
            unless: "the deny on the role reaches them".into(),
        },
    ];
    if let Reason::YubiKeyLost(_) = reason {
        remains.push(StillValid {
            what: "sessions (ID tokens) that the lost key has signed".into(),
            until: now.plus(3600),
            unless: "AWS fetches the keys again, which it does not promise; to be sure at once, delete the provider and \
                     create it again afterwards"
                .into(),
        });
    }
    remains
}

/// The command that denies everything to a role: to sessions that began before a time, or to all.
fn deny(role: &RevokedRole, before: Option<&str>) -> String {
    let mut statement = json!({ "Effect": "Deny", "Action": "*", "Resource": "*" });
    if let (Some(before), Some(statement)) = (before, statement.as_object_mut()) {
        statement.insert("Condition".into(), json!({ "DateLessThan": { "aws:TokenIssueTime": before } }));
    }
    let policy = json!({ "Version": "2012-10-17", "Statement": [statement] });
    let name = if before.is_some() { "AWSRevokeOlderSessions" } else { "DenyAll" };
    format!(
        "aws iam put-role-policy --role-name {} --policy-name {name} --policy-document '{policy}'",
        role.name
    )
}

fn provider_arn(user: &RevokedUser, role: &RevokedRole) -> String {
    let account = role.account.as_ref().map_or("ACCOUNT", AccountId::as_str);
    format!("arn:{}:iam::{account}:oidc-provider/{}", role.partition, user.issuer.host_and_path())
}

fn folder(user: &RevokedUser) -> String {
    match user.issuer.path() {
        "" => "site".into(),
        path => format!("site/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixTime = UnixTime(1_800_000_000);

    fn user() -> RevokedUser {
        RevokedUser {
            issuer: "https://id.example.com/alice".parse().unwrap(),
            subject: "alice".parse().unwrap(),
            keys: vec![key(1, "one", Some("team/it's.json")), key(2, "two", Some("team/2.json"))],
        }
    }

    fn key(serial: u32, kid: &str, file: Option<&str>) -> RevokedKey {
        RevokedKey { serial, kid: kid.into(), file: file.map(PathBuf::from) }
    }

    fn enrollments() -> Enrollments {
        Enrollments { directory: "team".into(), attestation_roots: vec!["a root.pem".into()] }
    }

    fn role(shared: bool) -> RevokedRole {
        let arn: vouch_core::partition::RoleArn =
            "arn:aws-cn:iam::123456789012:role/CodeArtifact-alice".parse().unwrap();
        RevokedRole {
            partition: arn.partition(),
            account: Some(arn.account()),
            name: arn.role_name().to_owned(),
            shared,
        }
    }

    fn commands(revocation: &Revocation) -> Vec<&str> {
        revocation.steps.iter().flat_map(|step| &step.commands).map(String::as_str).collect()
    }

    fn position(commands: &[&str], part: &str) -> usize {
        commands
            .iter()
            .position(|command| command.contains(part))
            .unwrap_or_else(|| panic!("no {part}: {commands:?}"))
    }

    fn revoked(shared: bool, reason: Reason) -> Revocation {
        revoke(&user(), &role(shared), reason, NOW, &enrollments(), |at| format!("second {}", at.0))
    }

    #[test]
    fn nothing_new_begins_before_the_old_is_denied() {
        for shared in [false, true] {
            let revocation = revoked(shared, Reason::UserLeft);
            let commands = commands(&revocation);
            let [provider, deny, keys, template] =
                ["delete-open-id-connect-provider", "put-role-policy", "issuer build", "issuer iam"]
                    .map(|part| position(&commands, part));
            assert!(provider < deny && deny < keys && keys < template, "{commands:?}");
        }
    }

    #[test]
    fn the_provider_is_named_in_its_partition() {
        let revocation = revoked(false, Reason::UserLeft);
        let provider = "arn:aws-cn:iam::123456789012:oidc-provider/id.example.com/alice";
        assert!(commands(&revocation)[0].ends_with(provider));
        let elsewhere = RevokedRole { account: None, ..role(false) };
        let revocation =
            revoke(&user(), &elsewhere, Reason::UserLeft, NOW, &enrollments(), |_| String::new());
        assert!(commands(&revocation)[0].contains("iam::ACCOUNT:"));
    }

    #[test]
    fn a_role_of_others_is_denied_up_to_a_time_only() {
        let deny = |shared| {
            let revocation = revoked(shared, Reason::UserLeft);
            let commands = commands(&revocation);
            let command = commands[position(&commands, "put-role-policy")];
            let policy = command.split('\'').nth(1).unwrap();
            serde_json::from_str::<serde_json::Value>(policy).unwrap()["Statement"][0].clone()
        };
        assert_eq!(deny(false).get("Condition"), None);
        let until = deny(true);
        assert_eq!(until["Condition"]["DateLessThan"]["aws:TokenIssueTime"], "second 1800000120");
        assert_eq!(until["Effect"], "Deny");
    }

    #[test]
    fn a_lost_key_leaves_the_person_and_the_spare() {
        let revocation = revoked(false, Reason::YubiKeyLost(2));
        let commands = commands(&revocation);
        assert!(commands.iter().any(|command| command.contains("key two")));
        for other in ["key one", "delete-open-id-connect-provider", "rm -r"] {
            assert!(!commands.iter().any(|command| command.contains(other)), "{other}");
        }
        assert!(position(&commands, "issuer build") < position(&commands, "AWSRevokeOlderSessions"));
    }

    #[test]
    fn enrollments_are_removed_by_their_names() {
        let revocation = revoked(false, Reason::UserLeft);
        let told = commands(&revocation);
        let removed = position(&told, r"git rm 'team/it'\''s.json'   # YubiKey 1, key one");
        assert!(removed < position(&told, "vouch issuer build"));
        let build = "vouch issuer build --out site team --attestation-root 'a root.pem'";
        assert_eq!(told[position(&told, "vouch issuer build")], build);
        let lost = revoked(false, Reason::YubiKeyLost(2));
        let lost = commands(&lost);
        assert_eq!(lost[position(&lost, "vouch issuer build")], format!("{build} --allow-removal two"));
        // Whose file is not known: nothing that does not work is told.
        let user = RevokedUser { keys: vec![key(3, "three", None)], ..user() };
        let revocation =
            revoke(&user, &role(false), Reason::UserLeft, NOW, &enrollments(), |_| String::new());
        let told = commands(&revocation);
        assert!(told.iter().all(|command| !command.starts_with("git rm")), "{told:?}");
        assert!(told.iter().any(|command| command.starts_with('#') && command.contains("YubiKey 3")));
    }

    #[test]
    fn what_remains_has_an_end() {
        let seconds: Vec<_> =
            revoked(false, Reason::UserLeft).remains.iter().map(|remains| remains.until.since(NOW)).collect();
        assert_eq!(seconds, [3600, 28_800, 43_200]);
        assert_eq!(revoked(false, Reason::YubiKeyLost(1)).remains.len(), 4);
    }
}
