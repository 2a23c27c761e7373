//! Arguments that the library reads.

use std::str::FromStr;

use vouch_core::Diagnostic;

/// Reads an argument; what is wrong with it is told with the hint, which clap alone would leave out.
pub(crate) fn argument<T: FromStr<Err: Diagnostic>>(text: &str) -> Result<T, String> {
    text.parse().map_err(|error: T::Err| match error.hint() {
        Some(hint) => format!("{error}\n\nhint: {hint}"),
        None => error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use vouch_core::piv::Slot;

    use super::*;

    #[test]
    fn the_hint_is_told() {
        assert_eq!(argument::<Slot>("82"), Ok(Slot::default()));
        let said = argument::<Slot>("9b").unwrap_err();
        assert!(said.starts_with("`9b` is no slot") && said.contains("hint: Give 9a"), "{said}");
    }
}
