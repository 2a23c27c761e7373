//! Evaluation of a role's trust policy for a web identity.

use crate::world::{Principal, Role, Trust};

/// What a verified token says that trust policies can look at.
#[derive(Debug)]
pub(crate) struct Identity<'a> {
    pub(crate) issuer: &'a str,
    /// The audience that counts: `azp` where there is one.
    pub(crate) audience: &'a str,
    pub(crate) subject: &'a str,
    /// Whether the token carries session tags.
    pub(crate) tags: bool,
    /// Whether the token carries a source identity.
    pub(crate) source_identity: bool,
}

/// The action that no statement of the trust policy allows, if there is one.
pub(crate) fn missing_action(role: &Role, identity: &Identity<'_>) -> Option<&'static str> {
    let matching: Vec<&Trust> = role.trust.iter().filter(|statement| matches(statement, identity)).collect();
    if matching.is_empty() {
        return Some("sts:AssumeRoleWithWebIdentity");
    }
    if identity.tags && !matching.iter().any(|statement| statement.tag_session) {
        return Some("sts:TagSession");
    }
    if identity.source_identity && !matching.iter().any(|statement| statement.set_source_identity) {
        return Some("sts:SetSourceIdentity");
    }
    None
}

fn matches(statement: &Trust, identity: &Identity<'_>) -> bool {
    let is_any = |allowed: &[String], value: &str| allowed.is_empty() || allowed.iter().any(|a| a == value);
    statement.principal == Principal::Federated(identity.issuer.into())
        && is_any(&statement.aud, identity.audience)
        && is_any(&statement.sub, identity.subject)
        && (statement.sub_like.is_empty()
            || statement
                .sub_like
                .iter()
                .any(|pattern| is_like(pattern.as_bytes(), identity.subject.as_bytes())))
}

/// `StringLike`: `*` is any characters, `?` is one, the others are themselves, their case included (IAM user guide, "String
/// condition operators").
fn is_like(pattern: &[u8], text: &[u8]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((b'*', rest)) => {
            (0..=text.len()).any(|from| text.get(from..).is_some_and(|text| is_like(rest, text)))
        }
        Some((one, rest)) => text
            .split_first()
            .is_some_and(|(first, text)| (*one == b'?' || one == first) && is_like(rest, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::is_like;

    #[test]
    fn a_pattern_fits_the_whole_text() {
        for (pattern, text, fits) in [
            ("", "", true),
            ("a", "a", true),
            ("a", "A", false),
            ("*", "", true),
            ("a*", "abc", true),
            ("*c", "abc", true),
            ("a*c", "abcd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a*b*c", "a-b-b-c", true),
        ] {
            assert_eq!(is_like(pattern.as_bytes(), text.as_bytes()), fits, "{pattern} {text}");
        }
    }
}
