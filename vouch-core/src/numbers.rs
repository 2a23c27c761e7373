//! Numbers of a JSON text that no type of ours holds, such as `1e400`, carried through unread.
//!
//! What a newer version or a user wrote under a key that this version does not know is to survive an edit of the file. A
//! parser makes `f64` of what is too large for a `u64`, which loses digits, or refuses the file. Before parsing such a
//! number becomes a text with a mark before it, and after writing a number again.

use std::borrow::Cow;

/// Of the private use area, in no text that somebody types.
const MARK: &str = "\u{f8ff}number:";

/// The text to parse.
pub fn hide(text: &[u8]) -> Cow<'_, [u8]> {
    let mut hidden = Vec::new();
    let mut done = 0;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let end = match byte {
            b'"' => after_string(text, at),
            b'-' | b'0'..=b'9' => {
                let is_part = |byte: &u8| byte.is_ascii_digit() || b"+-.eE".contains(byte);
                at + text.get(at..).unwrap_or_default().iter().take_while(|byte| is_part(byte)).count()
            }
            _ => at + 1,
        };
        let token = text.get(at..end).and_then(|token| std::str::from_utf8(token).ok());
        if let Some(token) = token.filter(|token| is_number(token) && !is_held(token)) {
            hidden.extend_from_slice(text.get(done..at).unwrap_or_default());
            hidden.extend_from_slice(format!("\"{MARK}{token}\"").as_bytes());
            done = end;
        }
        at = end;
    }
    if done == 0 {
        return Cow::Borrowed(text);
    }
    hidden.extend_from_slice(text.get(done..).unwrap_or_default());
    Cow::Owned(hidden)
}

/// The text to write.
pub fn show(text: String) -> String {
    let begin = format!("\"{MARK}");
    if !text.contains(&begin) {
        return text;
    }
    let mut parts = text.split(&begin);
    let mut shown = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('"') {
            Some((token, rest)) if is_number(token) => {
                shown.push_str(token);
                shown.push_str(rest);
            }
            _ => {
                shown.push_str(&begin);
                shown.push_str(part);
            }
        }
    }
    shown
}

/// Behind the string that begins at a place, or the end of the text.
fn after_string(text: &[u8], at: usize) -> usize {
    let mut is_escaped = false;
    let inside = text.get(at + 1..).unwrap_or_default();
    let close = inside.iter().position(|byte| {
        let is_end = *byte == b'"' && !is_escaped;
        is_escaped = *byte == b'\\' && !is_escaped;
        is_end
    });
    close.map_or(text.len(), |close| at + close + 2)
}

/// Whether a parser's number would be written as the same text.
fn is_held(token: &str) -> bool {
    if token.len() < 16 && token.bytes().all(|byte| byte.is_ascii_digit()) {
        return true;
    }
    token.parse::<serde_json::Number>().is_ok_and(|number| number.to_string() == token)
}

/// A number by the grammar of JSON.
fn is_number(token: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (number, exponent) = match token.split_once(['e', 'E']) {
        Some((number, exponent)) => (number, Some(exponent)),
        None => (token, None),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (number, None),
    };
    let whole = whole.strip_prefix('-').unwrap_or(whole);
    let exponent = exponent.map(|exponent| exponent.strip_prefix(['+', '-']).unwrap_or(exponent));
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(digits)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn round_trip(text: &str) -> String {
        let value: Value = serde_json::from_slice(&hide(text.as_bytes())).unwrap();
        show(serde_json::to_string(&value).unwrap())
    }

    #[test]
    fn numbers_stay_as_they_are_written() {
        for number in [
            "1e400",
            "-1E-400",
            "1.10",
            "-0",
            "123456789012345678901234567890",
            "0.1000000000000000055511151231257827",
            "18446744073709551616",
            "0",
            "-7",
            "1.5",
        ] {
            let text = format!(r#"{{"a":[{number},{{"b":{number}}}],"c":"{number}","\\":"\"{number}"}}"#);
            assert_eq!(round_trip(&text), text);
        }
    }

    #[test]
    fn what_is_held_anyway_is_not_touched() {
        let text = br#"{"version":1,"b":-7,"c":1.5,"d":"1e400 \" 1e400","e":18446744073709551615}"#;
        assert!(matches!(hide(text), Cow::Borrowed(_)));
        for wrong in ["{01}", "1.", "-", "1e", "\"1e400", "1e400x1", ".5"] {
            let hidden = hide(wrong.as_bytes()).into_owned();
            assert!(serde_json::from_slice::<Value>(&hidden).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_text_that_only_begins_alike_stays_one() {
        for text in [format!("\"{MARK}\""), format!("\"{MARK}1 \""), format!("\"{MARK}01\"")] {
            assert_eq!(round_trip(&text), text);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_what_it_was(text in r#"[\[\]{}:,"\\ a0-9.eE+-]{0,40}"#) {
            let plain: Result<Value, _> = serde_json::from_str(&text);
            if let Ok(plain) = plain {
                let again: Value = serde_json::from_str(&round_trip(&text)).unwrap();
                prop_assert_eq!(again, plain);
            }
        }
    }
}
