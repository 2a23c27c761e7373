//! Text of others, as it may be shown.

/// More of a message is not shown.
const MESSAGE_LIMIT: usize = 1000;

/// Text from outside for a terminal or a log: what could steer it is escaped.
pub(super) fn shown(text: &str) -> String {
    let mut safe = String::new();
    for letter in text.chars().take(MESSAGE_LIMIT) {
        let turns_text =
            matches!(letter, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        match letter {
            '\n' | '\r' | '\t' => safe.push(' '),
            _ if letter.is_control() || turns_text => safe.extend(letter.escape_unicode()),
            _ => safe.push(letter),
        }
    }
    safe
}
