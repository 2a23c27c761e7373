//! A URL for a message: who reads the message may not be who wrote the password into the URL.

const BLANK: &str = "[redacted]";

/// What some program or some typist may mean by `@`.
const AT: [&str; 5] = ["@", "%40", "\u{ff20}", "\u{fe6b}", "%EF%BC%A0"];

/// A URL as a message may show it: without user name, password, query and fragment, in printable ASCII. Where it is not
/// certain what the password is, everything is blanked that may be.
pub fn shown(url: &str) -> String {
    let (start, rest) = split_scheme(url);
    let lower = rest.to_ascii_lowercase();
    let ends = AT.iter().filter_map(|at| {
        let at = at.to_ascii_lowercase();
        lower.rfind(&at).map(|place| place + at.len())
    });
    let (blanked, rest) = match ends.max() {
        Some(end) => {
            let plain = start.ends_with("://") && is_plain_userinfo(rest.get(..end).unwrap_or_default());
            (if plain { "" } else { "[redacted]@" }, rest.get(end..).unwrap_or_default())
        }
        // Not a host and a port: maybe a password whose `@` was forgotten.
        None if rest.contains(':') && !is_place(rest) => (BLANK, ""),
        None => ("", rest),
    };
    let cut = rest.find(['?', '#']).unwrap_or(rest.len());
    let (rest, more) = rest.split_at(cut);
    let more = more.chars().next().map(|sign| format!("{sign}{BLANK}")).unwrap_or_default();
    printable(&format!("{start}{blanked}{rest}{more}"))
}

/// The scheme with all slashes behind it, if it is one that is surely no password.
fn split_scheme(url: &str) -> (&str, &str) {
    const SCHEMES: [&str; 4] = ["sparse+https:", "sparse+http:", "https:", "http:"];
    let known = |scheme: &&&str| url.get(..scheme.len()).is_some_and(|it| it.eq_ignore_ascii_case(scheme));
    let Some(scheme) = SCHEMES.iter().find(known) else { return ("", url) };
    let rest = url.get(scheme.len()..).unwrap_or_default();
    url.split_at(url.len() - rest.trim_start_matches(['/', '\\']).len())
}

/// User information that ends where every parser ends it.
fn is_plain_userinfo(text: &str) -> bool {
    text.ends_with('@') && !text.contains(['/', '\\', '?', '#']) && text.is_ascii()
}

/// A host, maybe a port, maybe a path.
fn is_place(text: &str) -> bool {
    let authority = text.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = authority.split_once(':').unwrap_or((authority, "0"));
    let of_a_host = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
    host.bytes().all(of_a_host) && port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Signs that a terminal obeys, and letters that look like others, by their numbers.
fn printable(text: &str) -> String {
    let one = |sign: char| match sign.is_ascii() && !sign.is_ascii_control() {
        true => sign.to_string(),
        false => sign.escape_unicode().to_string(),
    };
    text.chars().map(one).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_certain_is_shown_as_it_is() {
        for (url, expected) in [
            ("https://h.example/pypi/r/", "https://h.example/pypi/r/"),
            ("sparse+https://h.example:8443/cargo/r/", "sparse+https://h.example:8443/cargo/r/"),
            ("HTTP://h.example", "HTTP://h.example"),
            ("https://aws@h.example/r/", "https://h.example/r/"),
            ("https://aws:hunter2@h.example/r/", "https://h.example/r/"),
            ("https://a@b:hunter2@h.example/r/", "https://h.example/r/"),
            ("https://h.example/r/?token=hunter2", "https://h.example/r/?[redacted]"),
            ("https://h.example/r/#hunter2", "https://h.example/r/#[redacted]"),
            ("poetry-repository-x", "poetry-repository-x"),
            ("", ""),
            ("https://m\u{443}.example/\u{1b}[31m\u{202e}", "https://m\\u{443}.example/\\u{1b}[31m\\u{202e}"),
        ] {
            assert_eq!(shown(url), expected, "{url:?}");
        }
    }

    #[test]
    fn no_password_is_shown_whatever_the_shape() {
        for url in [
            "https:/aws:hunter2@h.example/r/",
            "https:aws:hunter2@h.example/r/",
            "https:////aws:hunter2@h.example/r/",
            "https:\\\\aws:hunter2@h.example/r/",
            "https:/\\aws:hunter2@h.example/r/",
            "https:// aws:hunter2@h.example/r/",
            " https://aws:hunter2@h.example/r/",
            "ht\ttps://aws:hunter2@h.example/r/",
            "https//aws:hunter2@h.example/r/",
            "aws:hunter2@h.example",
            "hunter2:@h.example",
            "hunter2@h.example",
            "ssh://aws:hunter2@h.example/r/",
            "https://aws:x/hunter2@h.example/r/",
            "https://aws:443/hunter2@h.example/r/",
            "https://aws/hunter2@h.example/r/",
            "https://aws:x\\hunter2@h.example/r/",
            "https://aws:x?hunter2@h.example/r/",
            "https://aws:x#hunter2@h.example/r/",
            "https://aws:x@hunter2@h.example/r/",
            "https://aws:x@y/hunter2@h.example/r/",
            "https://aws:hunter2%40h.example/r/",
            "https://aws:hunter2\u{ff20}h.example/r/",
            "https://aws:hunter2%ef%bc%a0h.example/r/",
            "https://aws:hunter2\u{fe6b}h.example/r/",
            "https://aws:hunter2/h.example/r/",
            "https://aws:hunter2",
            "https://h.example/r/?a=b#c&token=hunter2",
            "https://h.example?token=hunter2",
        ] {
            assert!(!shown(url).contains("hunter2"), "{url:?}: {}", shown(url));
        }
    }

    proptest! {
        #[test]
        fn nothing_before_the_last_at_is_shown(
            start in "(sparse\\+)?(https?)?[:/\\\\ \t]{0,5}",
            before in "[a-z:/\\\\?#%@ é]{0,9}",
            after in "[a-z:/\\\\?#% é]{0,9}",
        ) {
            let shown = shown(&format!("{start}{before}SECRET{after}@h.example/r/"));
            prop_assert!(!shown.contains("SECRET"), "{}", shown);
        }

        #[test]
        fn a_message_has_only_printable_signs(url in "\\PC*[\\x00-\\x7f]*@?\\PC*") {
            prop_assert!(shown(&url).bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_control()));
        }
    }
}
