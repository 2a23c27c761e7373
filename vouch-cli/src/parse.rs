//! Arguments that the library reads.

use std::str::FromStr;

use vouch_core::Diagnostic;
use vouch_helper::text::is_printable;

/// Reads an argument; what is wrong with it is told with the hint, which clap alone would leave out.
pub(crate) fn argument<T: FromStr<Err: Diagnostic>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| match error.hint() {
        Some(hint) => format!("{error}\n\nhint: {hint}"),
        None => error.to_string(),
    })
}

/// Reads a name that is kept in files and shown again: what a terminal would act on, or nobody sees, is no part of one.
pub(crate) fn name(text: &str) -> Result<String, String> {
    let plain = !text.trim().is_empty() && is_printable(text) && !text.contains(['\n', '\t']);
    if plain { Ok(text.to_owned()) } else { Err("give a name of visible characters".into()) }
}

#[cfg(test)]
mod tests {
    use vouch_core::piv::Slot;

    use super::*;

    #[test]
    fn names_are_visible() {
        assert_eq!(name("team packages-1"), Ok("team packages-1".into()));
        for bad in ["", " ", "a\u{1b}[31m", "a\nb", "a\tb", "a\u{202e}b", "a\u{200b}"] {
            assert!(name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_hint_is_told() {
        assert_eq!(argument::<Slot>("82"), Ok(Slot::default()));
        let said = argument::<Slot>("9b").unwrap_err();
        assert!(said.starts_with("`9b` is no slot") && said.contains("hint: Give 9a"), "{said}");
    }
}
