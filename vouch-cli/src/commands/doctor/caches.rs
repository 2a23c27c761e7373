//! Caches and logs of the package managers that are set up, searched for tokens that are still good.

use vouch_clients::caches::Cache;
use vouch_clients::finding::Finding;
use vouch_clients::tool::Tool;
use vouch_core::Context;

use super::context::DoctorContext;
use crate::token_search::TokenSearch;

const CACHE: &str = "cache";

pub(super) fn look(context: &DoctorContext, progress: &dyn Fn(&str)) -> Vec<Finding> {
    let (Some(home), Some(config)) = (&context.home, &context.config) else {
        return vec![Finding::skip(CACHE, "the configuration cannot be read")];
    };
    let broker = Context::new(home.clone()).broker();
    let tokens = match broker.and_then(|broker| broker.live_secrets()) {
        Ok(tokens) if !tokens.is_empty() => tokens,
        Ok(_) => return vec![Finding::skip(CACHE, "this session has no token that could be looked for")],
        Err(failure) => {
            return vec![Finding::skip(CACHE, format!("no token is known to look for: {failure}"))];
        }
    };
    let search = TokenSearch::new(&tokens);
    let mut tools: Vec<Tool> = Vec::new();
    for registration in &config.codeartifact.registrations {
        tools.extend(Tool::named(&registration.tool).filter(|tool| !tools.contains(tool)));
    }
    let mut findings = Vec::new();
    for tool in tools {
        for cache in Cache::of(tool).into_iter().filter(|cache| cache.folder.is_dir()) {
            progress(&format!("looking for tokens in {}", cache.folder.display()));
            findings.extend(judge(&search, &cache).into_iter().map(|finding| finding.about(tool.name())));
        }
    }
    findings
}

fn judge(search: &TokenSearch, cache: &Cache) -> Vec<Finding> {
    let searched = search.folder(&cache.folder);
    let found = searched.found.iter().map(|file| {
        Finding::fail(
            CACHE,
            format!("`{}` has a token that is still valid", file.display()),
            "Whoever reads that file can use the token until it expires.",
            cache.fix(file),
        )
    });
    let left = searched.left.iter().map(|path| {
        Finding::warn(
            CACHE,
            format!("`{}` and what follows on it was not looked at", path.display()),
            "It cannot be read, or there is more than one search reads.",
            "Make it readable for yourself, or empty the cache.",
        )
    });
    let findings: Vec<_> = found.chain(left).collect();
    if findings.is_empty() {
        return vec![Finding::ok(
            CACHE,
            format!("none of this session's tokens in `{}`", cache.folder.display()),
        )];
    }
    findings
}
