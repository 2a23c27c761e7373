//! Words of a shell.

/// A word as a shell reads it: in quotes where it needs them.
pub fn shell_word(word: &std::ffi::OsStr) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=@:,+%".contains(&byte);
    match word.to_str() {
        Some(text) if !text.is_empty() && text.bytes().all(is_plain) => text.to_owned(),
        _ => shell_quoted(std::path::Path::new(word)),
    }
}

/// A path as a shell takes it for one word.
pub fn shell_quoted(path: &std::path::Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}
