//! What was last read out of a text.
//!
//! The file of a client is looked at once for each of its registrations, and each look is at all of it: what parsing gives
//! is kept until another text comes. Each thread has its own, and doctor looks at each client in one.

use std::cell::RefCell;
use std::rc::Rc;

pub(crate) struct Memo<T> {
    last: RefCell<Option<(String, Rc<T>)>>,
}

impl<T> Memo<T> {
    pub(crate) const fn new() -> Self {
        Self { last: RefCell::new(None) }
    }

    /// What `read` makes of a text, and made of it when the last one was the same.
    pub(crate) fn of(&self, text: &str, read: impl FnOnce(&str) -> T) -> Rc<T> {
        if let Some((known, value)) = &*self.last.borrow()
            && known == text
        {
            return Rc::clone(value);
        }
        let value = Rc::new(read(text));
        self.last.replace(Some((text.to_owned(), Rc::clone(&value))));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_text_is_read_once_and_another_one_again() {
        let memo = Memo::new();
        let mut reads = 0;
        for text in ["a", "a", "b", "b", "a"] {
            let value = memo.of(text, |text| {
                reads += 1;
                text.to_uppercase()
            });
            assert_eq!(*value, text.to_uppercase());
        }
        assert_eq!(reads, 3);
    }
}
