//! Whether a token can be sent.

use vouch_core::{ErrorKind, Failure};

/// The token as it goes into a header: without the ends of a line behind it. Package managers take an answer apart by
/// lines and send it as it is, so nothing else that no header can hold may be in it.
///
/// # Errors
/// Where it is empty or has another character than the visible ones of ASCII.
pub fn sendable(token: &str) -> Result<&str, Failure> {
    let value = token.trim_end_matches(['\r', '\n']);
    if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        let message = "AWS CodeArtifact answered with a token that cannot be sent";
        return Err(Failure::new(ErrorKind::Other, message, "VOUCH_LOG=debug shows more."));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_is_left_out_and_all_else_is_refused() {
        for token in ["eyJ0.e-_~=", "eyJ0.e-_~=\n", "eyJ0.e-_~=\r\n", "eyJ0.e-_~=\n\n"] {
            assert_eq!(sendable(token).unwrap(), "eyJ0.e-_~=");
        }
        for token in
            ["", "\n", " ", "a b", " a", "a ", "a\nb", "a\r\nX: y", "a\t", "a\0", "\u{e9}", "a\u{202e}"]
        {
            let failure = sendable(token).unwrap_err();
            assert!(failure.message.contains("cannot be sent"), "{token:?}");
        }
    }
}
