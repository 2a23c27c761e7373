//! URLs in texts of any form, and the lines that they stand in. A project may be anybody's: no text takes longer than by its
//! length.

use std::borrow::Cow;

/// The URLs of a text that begin with `http:`, with their lines. `has_comments` tells that what follows a `#` is none. Where
/// one stands within another, the outer one is cut there: whose host it would be, the inner one tells, too.
pub(super) fn plain_urls(text: &str, has_comments: bool) -> Vec<(usize, String)> {
    let text = unescaped(text);
    let is_plain = |start: &usize| {
        text.get(*start..*start + 4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"))
    };
    let colons = text.match_indices(':').filter_map(|(colon, _)| colon.checked_sub(4));
    let starts: Vec<usize> = colons.filter(is_plain).collect();
    let mut found = Vec::new();
    // From the last one on: a lock may have thousands, on one line.
    let (mut looked, mut number, mut is_comment) = (0, 1, false);
    for (place, start) in starts.iter().copied().enumerate() {
        let gap = text.get(looked..start).unwrap_or_default();
        looked = start;
        if let Some(end) = gap.rfind('\n') {
            number += gap.matches('\n').count();
            is_comment = begins_comment(gap.get(end + 1..).unwrap_or_default());
        } else if number == 1 && place == 0 {
            is_comment = begins_comment(gap);
        } else {
            is_comment |= gap.contains(" #");
        }
        if has_comments && is_comment {
            continue;
        }
        let rest = text.get(start..starts.get(place + 1).copied().unwrap_or(text.len())).unwrap_or_default();
        let end = rest.find(|c: char| c.is_whitespace() || "\"'`<>,;)}]|".contains(c));
        found.push((number, rest.get(..end.unwrap_or(rest.len())).unwrap_or_default().to_owned()));
    }
    found
}

/// Whether what stands in a line before a place makes a comment of it.
fn begins_comment(before: &str) -> bool {
    before.trim_start().starts_with('#') || before.contains(" #")
}

/// The lines of a text, to be found by places.
pub(super) struct LineEnds(Vec<usize>);

impl LineEnds {
    pub(super) fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(place, _)| place).collect())
    }

    /// The line of a place, counted from one.
    pub(super) fn line(&self, place: usize) -> usize {
        self.0.partition_point(|end| *end < place) + 1
    }
}

/// A text in which letters that are written by their numbers are letters, as JSON, TOML and YAML have them. Lines stay lines.
pub(super) fn unescaped(text: &str) -> Cow<'_, str> {
    if !["\\u", "\\U", "\\x", "\\/"].iter().any(|escape| text.contains(escape)) {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut parts = text.split('\\');
    plain.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let digits = match part.chars().next() {
            Some('u') => 4,
            Some('U') => 8,
            Some('x') => 2,
            Some('/') => {
                plain.push_str(part);
                continue;
            }
            _ => 0,
        };
        let number = part.get(1..=digits).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        match number.filter(|_| digits > 0).and_then(char::from_u32).filter(|sign| !sign.is_control()) {
            Some(sign) => {
                plain.push(sign);
                plain.push_str(part.get(digits + 1..).unwrap_or_default());
            }
            None => {
                plain.push('\\');
                plain.push_str(part);
            }
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_found_whatever_their_spelling() {
        let text =
            "a \"HTTP://h/x\",\n# http://c/\nb = 'https://s/' http:\\/\\/i/ # http://d/\n\"\\u0068ttp://j/\"";
        let urls = |has_comments| {
            plain_urls(text, has_comments)
                .into_iter()
                .map(|(line, url)| format!("{line} {url}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(urls(true), ["1 HTTP://h/x", "3 http://i/", "4 http://j/"]);
        assert_eq!(urls(false).len(), 5);
    }

    #[test]
    fn urls_that_run_into_each_other_are_each_found_once() {
        let text = "http:a@http://h/http:http://ours/x http://i/";
        let found: Vec<_> = plain_urls(text, false).into_iter().map(|(_, url)| url).collect();
        assert_eq!(found, ["http:a@", "http://h/", "http:", "http://ours/x", "http://i/"]);
        // Together they are no longer than the text, however many there are.
        let text = "http:".repeat(100_000) + "//ours/";
        let length: usize = plain_urls(&text, true).iter().map(|(_, url)| url.len()).sum();
        assert_eq!(length, text.len());
    }

    #[test]
    fn comments_are_told_on_lines_with_several_urls() {
        for (text, expected) in [
            (
                "http://a/ http://b/ # http://c/ http://d/\nhttp://e/",
                &[(1, "http://a/"), (1, "http://b/"), (2, "http://e/")][..],
            ),
            ("# http://a/ http://b/\n\n http://c/", &[(3, "http://c/")]),
            ("x\n#http://a/\nhttp://b/#http://c/", &[(3, "http://b/#"), (3, "http://c/")]),
        ] {
            let found = plain_urls(text, true);
            let found: Vec<_> = found.iter().map(|(line, url)| (*line, url.as_str())).collect();
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn places_have_lines() {
        let lines = LineEnds::of("a\nbc\n\nd");
        assert_eq!([0, 1, 2, 4, 5, 6, 9].map(|place| lines.line(place)), [1, 1, 2, 2, 3, 4, 4]);
    }
}
