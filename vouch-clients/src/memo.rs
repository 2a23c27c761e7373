//! What was last read out of some texts.
//!
//! The file of a client is looked at once for each of its registrations, and each look is at all of it, and at the files of
//! the project beside it: what parsing gives is kept. Each thread has its own, and doctor looks at each client in one.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// How many texts are kept: a client's own file, and one for each folder of a project above another.
const TEXTS: usize = 16;

/// How long they may be together, in bytes; the last one is kept, whatever its length.
const LENGTH: usize = 16 << 20;

pub(crate) struct Memo<T> {
    /// The last one used comes first.
    known: RefCell<VecDeque<(String, Rc<T>)>>,
}

impl<T> Memo<T> {
    pub(crate) const fn new() -> Self {
        Self { known: RefCell::new(VecDeque::new()) }
    }

    /// What `read` makes of a text, and made of it when it was there lately.
    pub(crate) fn of(&self, text: &str, read: impl FnOnce(&str) -> T) -> Rc<T> {
        let known = self.take(text);
        let (text, value) = known.unwrap_or_else(|| (text.to_owned(), Rc::new(read(text))));
        let found = Rc::clone(&value);
        self.keep(text, value);
        found
    }

    fn take(&self, text: &str) -> Option<(String, Rc<T>)> {
        let mut known = self.known.borrow_mut();
        let at = known.iter().position(|(known, _)| known == text)?;
        known.remove(at)
    }

    fn keep(&self, text: String, value: Rc<T>) {
        let mut known = self.known.borrow_mut();
        known.push_front((text, value));
        known.truncate(TEXTS);
        let mut length = 0;
        let fitting = known.iter().take_while(|(text, _)| {
            length += text.len();
            length <= LENGTH
        });
        let fitting = fitting.count();
        known.truncate(fitting.max(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How often a row of texts is read.
    fn reads<'t>(texts: impl IntoIterator<Item = &'t str>) -> usize {
        let memo = Memo::new();
        let mut reads = 0;
        for text in texts {
            let value = memo.of(text, |text| {
                reads += 1;
                text.len()
            });
            assert_eq!(*value, text.len());
        }
        reads
    }

    #[test]
    fn texts_are_read_once_however_they_take_turns() {
        assert_eq!(reads(["a", "a", "b", "b", "a", "a", "b"]), 2);
    }

    #[test]
    fn a_text_that_long_was_not_there_is_read_again() {
        let texts: Vec<String> = (0..=TEXTS).map(|number| number.to_string()).collect();
        let row = || texts.iter().map(String::as_str);
        assert_eq!(reads(row().chain(row().rev())), TEXTS + 2);
    }

    #[test]
    fn long_texts_are_not_kept_together() {
        let (one, two) = ("1".repeat(LENGTH), "2".repeat(LENGTH));
        assert_eq!(reads([one.as_str(), &one, &two, &two, &one]), 3);
        let more = "3".repeat(LENGTH + 1);
        assert_eq!(reads([more.as_str(), &more]), 1);
    }
}
