//! Text for a terminal: nothing in it that a terminal would act on, or that would show a line as another one.

/// Several lines of text, without anything else that a terminal acts on: some of it comes from servers and files.
pub fn printable(text: &str) -> String {
    escaped(text, |c| matches!(c, '\n' | '\t'))
}

/// The same as one line: an end of a line in it is shown, not made.
pub fn printable_line(text: &str) -> String {
    escaped(text, |_| false)
}

/// A JSON document, written so that a terminal can show it: what it would act on becomes an escape of JSON's own.
///
/// Such characters can only stand inside of strings.
pub fn printable_json(document: &str) -> String {
    let mut shown = String::with_capacity(document.len());
    for c in document.chars() {
        match c {
            '\n' => shown.push(c),
            c if acts(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    shown.push_str(&format!("\\u{unit:04x}"));
                }
            }
            c => shown.push(c),
        }
    }
    shown
}

/// Whether [`printable`] leaves it as it is.
pub fn is_printable(text: &str) -> bool {
    !text.chars().any(|c| acts(c) && !matches!(c, '\n' | '\t'))
}

fn escaped(text: &str, kept: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match acts(c) && !kept(c) {
            true => shown.extend(c.escape_default()),
            false => shown.push(c),
        }
    }
    shown
}

/// Control characters, and what is not seen but changes how the text around it is read: directions (UAX 9), ends of
/// lines, characters without a width.
fn acts(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything that must not reach a terminal, of each kind the first and the last.
    const HOSTILE: &str = "\0\u{7}\u{8}\r\u{1b}\u{7f}\u{80}\u{9b}\u{9d}\u{9f}\u{61c}\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}\
                           \u{2028}\u{2029}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{feff}";

    #[test]
    fn no_terminal_acts_on_what_is_shown() {
        for c in HOSTILE.chars() {
            let escape: String = c.escape_default().collect();
            assert_eq!(printable(&format!("a{c}b")), format!("a{escape}b"));
            assert_eq!(printable_line(&format!("a{c}b")), format!("a{escape}b"));
            assert!(!is_printable(&c.to_string()));
        }
        assert_eq!(printable("a\u{1b}[2Jb\r\nc\td"), "a\\u{1b}[2Jb\\r\nc\td");
        assert_eq!(printable_line("a\nb\tc"), "a\\nb\\tc");
        let harmless = "~ é ß 日本 🦀 …“”«»✓\u{a0}\u{301}";
        assert_eq!((printable(harmless), is_printable(harmless)), (harmless.to_owned(), true));
    }

    #[test]
    fn json_stays_json_with_the_same_contents() {
        let written = format!("{{\n  \"a\": \"{}\"\n}}\n", "\u{9b}\u{202e}\u{feff}é");
        assert_eq!(printable_json(&written), "{\n  \"a\": \"\\u009b\\u202e\\ufeffé\"\n}\n");
    }
}
