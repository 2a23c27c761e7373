//! Variables as pnpm 10 reads them in an `.npmrc`: for one that is not set it leaves the whole file out.

use std::path::Path;

use super::npm::{Npmrc, file};

/// The first variable of a file that is not set, if pnpm 10 would leave the file out for it (measured with 10.34).
pub(super) fn unset(path: &Path) -> Option<String> {
    let npmrc = file::load(path).ok()?;
    missing(&npmrc, &vouch_core::env::is_there)
}

fn missing(npmrc: &Npmrc, is_set: &dyn Fn(&str) -> bool) -> Option<String> {
    npmrc
        .scalars()
        .into_iter()
        .find_map(|(key, value)| unset_in(&key, is_set).or_else(|| unset_in(&value, is_set)))
}

/// As its package `env-replace` has it: `${NAME}`, where no odd number of backslashes stands before it. `${NAME-VALUE}` and
/// `${NAME:-VALUE}` have what to take instead.
fn unset_in(text: &str, is_set: &dyn Fn(&str) -> bool) -> Option<String> {
    let mut rest = text;
    while let Some(at) = rest.find("${") {
        let (before, after) = rest.split_at(at);
        let inner = after.get(2..).unwrap_or_default();
        let end = inner.find(['$', '{', '}']);
        let name = end.and_then(|end| inner.get(..end)).filter(|name| {
            !name.is_empty() && inner.get(name.len()..).is_some_and(|rest| rest.starts_with('}'))
        });
        let escapes = before.len() - before.trim_end_matches('\\').len();
        if let Some(name) = name.filter(|name| escapes % 2 == 0 && !has_default(name) && !is_set(name)) {
            return Some(name.to_owned());
        }
        rest = inner;
    }
    None
}

fn has_default(name: &str) -> bool {
    let variable = name.find([':', '-']).filter(|end| *end > 0);
    let rest = variable.and_then(|end| name.get(end..)).unwrap_or_default();
    rest.strip_prefix(':').unwrap_or(rest).strip_prefix('-').is_some_and(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pnpm_10_leaves_a_file_out_for() {
        for (line, left_out) in [
            ("//h/:_authToken=${UNSET}", true),
            ("//h/:_authToken=${UNSET?}", true),
            ("//h/:_authToken=${UNSET-}", true),
            ("//h/:_authToken=${UNSET:-}", true),
            ("//h/:_authToken=${UNSET-x}", false),
            ("//h/:_authToken=${UNSET:-x}", false),
            ("//h/:_authToken=\\${UNSET}", false),
            ("//h/:_authToken=\\\\${UNSET}", false),
            ("; ${UNSET}", false),
            ("x=1 ; ${UNSET}", false),
            ("${UNSET}=1", true),
            ("[s]\nx=${UNSET}", false),
            ("//h/:_authToken=${SET}", false),
            ("x=\"${UNSET}\"", true),
            ("x='${UNSET}'", true),
            ("x=$UNSET", false),
            ("x=${}", false),
            ("x=${a b}", true),
            ("x=${SET}${UNSET}", true),
            ("x[]=${UNSET}", false),
            ("${UNSET}", true),
            ("x=${UNSET}\nx=1", false),
        ] {
            let found = missing(&Npmrc::parse(line.as_bytes()), &|name| name == "SET");
            assert_eq!(found.is_some(), left_out, "{line}: {found:?}");
        }
    }
}
