//! The proxy that the environment names.

use std::ffi::OsString;
use std::fmt;

use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;

use super::error::HttpError;
use crate::env;

/// Variables that name a proxy for https; the first one that is set decides. Lower case comes first, as in curl, Cargo
/// and pip.
pub(super) const VARIABLES: [&str; 4] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
pub(super) const EXCEPTIONS: [&str; 2] = ["no_proxy", "NO_PROXY"];

/// What the environment says about proxies.
#[derive(Debug)]
pub(super) struct Proxies {
    named: Option<Named>,
}

struct Named {
    variable: &'static str,
    proxy: Matcher,
    /// Intercepts whatever `NO_PROXY` does not except.
    exceptions: Matcher,
}

impl fmt::Debug for Named {
    /// Without the matchers: where a password is not encoded as it should be, a part of it is in their URI.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Named").field("variable", &self.variable).finish_non_exhaustive()
    }
}

/// The proxy for a host in an environment, for a user: without user and password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedProxy {
    /// The variable that names it.
    pub variable: &'static str,
    /// Host and port.
    pub address: String,
}

impl NamedProxy {
    /// The variables that name proxies for https and exceptions from them; of each list the first that is set decides.
    pub const VARIABLES: [&'static [&'static str]; 2] = [&VARIABLES, &EXCEPTIONS];

    /// What the environment says for a host; nothing where it is reached directly. No network.
    ///
    /// # Errors
    /// [`HttpError::ProxyName`] when a variable names a proxy in a way that cannot be understood.
    pub fn from_env(host: &str) -> Result<Option<Self>, HttpError> {
        let proxy = Proxies::new(env::var_os).for_host(host)?;
        Ok(proxy.map(|proxy| Self { variable: proxy.variable, address: proxy.address() }))
    }
}

/// A proxy to go through.
#[derive(Debug, Clone)]
pub(super) struct Proxy {
    /// The variable that named it.
    pub(super) variable: &'static str,
    pub(super) uri: Uri,
    pub(super) authorization: Option<HeaderValue>,
}

impl Proxy {
    /// Host and port, without user and password.
    pub(super) fn address(&self) -> String {
        self.uri.authority().map(ToString::to_string).unwrap_or_default()
    }
}

impl Proxies {
    pub(super) fn new(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let first = |names: &'static [&'static str]| {
            names.iter().find_map(|name| Some((*name, variable(name)?.to_string_lossy().into_owned())))
        };
        let exceptions = first(&EXCEPTIONS).map(|(_, value)| value).unwrap_or_default();
        let named = first(&VARIABLES).map(|(variable, value)| Named {
            variable,
            proxy: Matcher::builder().https(value).build(),
            exceptions: Matcher::builder().https("http://any.invalid").no(exceptions).build(),
        });
        Self { named }
    }

    /// The proxy for an https host, if one is to be used.
    ///
    /// # Errors
    /// When a proxy is named, but not in a way that can be understood: going round it would not be what was asked for.
    pub(super) fn for_host(&self, authority: &str) -> Result<Option<Proxy>, HttpError> {
        let Some(Named { variable, proxy, exceptions }) = &self.named else { return Ok(None) };
        let variable = *variable;
        let Ok(target) = format!("https://{authority}/").parse::<Uri>() else { return Ok(None) };
        if exceptions.intercept(&target).is_none() {
            return Ok(None);
        }
        let found = proxy.intercept(&target).ok_or(HttpError::ProxyName { variable })?;
        // The matcher takes a user to end at the first `@`: what follows it may still be a part of the password.
        let plain = !found.uri().authority().is_some_and(|authority| authority.as_str().contains('@'));
        match found.uri().scheme_str() {
            Some("http" | "https") if plain => Ok(Some(Proxy {
                variable,
                uri: found.uri().clone(),
                authorization: found.basic_auth().cloned(),
            })),
            _ => Err(HttpError::ProxyName { variable }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxy(set: &[(&str, &str)], host: &str) -> Result<Option<Proxy>, HttpError> {
        Proxies::new(|name| set.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value)))
            .for_host(host)
    }

    const STS: &str = "sts.us-east-1.amazonaws.com";

    #[test]
    fn the_first_variable_decides() {
        let all = [
            ("ALL_PROXY", "http://d:1"),
            ("all_proxy", "http://c:1"),
            ("HTTPS_PROXY", "http://b:1"),
            ("https_proxy", "http://a:1"),
        ];
        for (count, host) in [(4, "a:1"), (3, "b:1"), (2, "c:1"), (1, "d:1")] {
            assert_eq!(proxy(&all[..count], STS).unwrap().unwrap().address(), host);
        }
        assert!(proxy(&[], STS).unwrap().is_none());
        assert!(proxy(&[("HTTP_PROXY", "http://a:1")], STS).unwrap().is_none());
    }

    #[test]
    fn exceptions_are_host_suffixes() {
        for (exceptions, used) in [
            ("", true),
            ("example.com", true),
            ("amazonaws.com", false),
            (".amazonaws.com", false),
            ("localhost, sts.us-east-1.amazonaws.com", false),
            ("*", false),
            ("us-east-1.amazonaws", true),
        ] {
            let found = proxy(&[("HTTPS_PROXY", "http://a:1"), ("NO_PROXY", exceptions)], STS).unwrap();
            assert_eq!(found.is_some(), used, "{exceptions}");
        }
    }

    #[test]
    fn user_and_password_become_a_header_and_nothing_else() {
        let found = proxy(&[("HTTPS_PROXY", "http://alice:hun%20ter@a:3128")], STS).unwrap().unwrap();
        assert_eq!(found.authorization.as_ref().unwrap(), "Basic YWxpY2U6aHVuIHRlcg==");
        assert_eq!(found.address(), "a:3128");
        assert!(!format!("{found:?}").contains("YWxp"), "{found:?}");
        // A name without a scheme is taken as http, as by curl.
        assert_eq!(proxy(&[("HTTPS_PROXY", "a:3128")], STS).unwrap().unwrap().uri.scheme_str(), Some("http"));
    }

    #[test]
    fn no_debug_output_shows_a_password() {
        for value in ["http://alice:hunter2@a:1", "http://alice:hun@ter2@a:1"] {
            let shown = format!("{:?}", Proxies::new(|name| (name == "ALL_PROXY").then(|| value.into())));
            assert!(shown.contains("ALL_PROXY") && !shown.contains("ter2"), "{shown}");
        }
    }

    #[test]
    fn what_cannot_be_understood_is_an_error_that_does_not_show_it() {
        for value in ["http://", "http://alice:hun@ter@a:1", "ftp://a:1", "socks5://alice:hunter@a:1", "a b"]
        {
            let error = proxy(&[("HTTPS_PROXY", value)], STS).unwrap_err().to_string();
            assert!(error.contains("HTTPS_PROXY") && !error.contains("hun"), "{error}");
            // Where no proxy is to be used it does not matter.
            assert!(proxy(&[("HTTPS_PROXY", value), ("NO_PROXY", "*")], STS).unwrap().is_none());
        }
    }
}
