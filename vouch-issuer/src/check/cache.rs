//! How long copies of a document are handed out after it has changed.

use vouch_core::http::FetchedDocument;

use super::finding::Finding;

/// Seconds for which a removed key may go on working without a word about it.
const LONG: u64 = 3600;

pub(super) fn check(url: &str, page: &FetchedDocument, findings: &mut Vec<Finding>) {
    if let Some(age) = age(page).filter(|age| *age > 0) {
        findings.push(Finding::warning(
            "cached",
            url,
            format!("a cache handed out a copy that is {age} s old"),
            "Have the cache emptied whenever the issuer files change; until then a removed key goes on working.",
        ));
    }
    let control = page.header("cache-control").unwrap_or_default();
    if let Some(seconds) = lifetime(control).filter(|seconds| *seconds > LONG) {
        findings.push(Finding::warning(
            "long-cache",
            url,
            format!("caches may keep it for {seconds} s (`cache-control: {control}`)"),
            "Serve it with `cache-control: no-cache` or a `max-age` of a few minutes.",
        ));
    }
}

/// Seconds since the answer was made at its origin (RFC 9111 §5.1).
pub(super) fn age(page: &FetchedDocument) -> Option<u64> {
    page.header("age")?.trim().parse().ok()
}

/// Seconds for which shared caches may use an answer (RFC 9111 §5.2.2): `s-maxage` before `max-age`.
fn lifetime(control: &str) -> Option<u64> {
    let directives: Vec<(String, &str)> = control
        .split(',')
        .map(|directive| {
            let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
            (name.trim().to_ascii_lowercase(), value.trim().trim_matches('"'))
        })
        .collect();
    if directives.iter().any(|(name, _)| name == "no-store" || name == "no-cache") {
        return None;
    }
    let seconds = |wanted: &str| {
        directives.iter().find(|(name, _)| name == wanted).and_then(|(_, value)| value.parse().ok())
    };
    seconds("s-maxage").or_else(|| seconds("max-age"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shared_cache_lifetime_decides() {
        for (control, seconds) in [
            ("", None),
            ("public", None),
            ("max-age=60", Some(60)),
            ("public, Max-Age=\"60\"", Some(60)),
            ("max-age=60, s-maxage=86400", Some(86_400)),
            ("no-cache, max-age=86400", None),
            ("max-age=soon", None),
        ] {
            assert_eq!(lifetime(control), seconds, "{control}");
        }
    }
}
