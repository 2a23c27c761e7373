//! What happened: counters for assertions, and one JSON line per request for a person.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use crate::http::Service;

/// What is counted for each service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// TCP connections accepted, or tunnels opened by the proxy.
    Connections,
    /// Connections that ended before TLS stood.
    TlsFailures,
    /// Requests read, whatever they were answered.
    Requests,
    /// Requests and connections that a fault spoiled. Refused connections are not seen, so not counted.
    Faulted,
}

impl Count {
    const ALL: [Self; 4] = [Self::Connections, Self::TlsFailures, Self::Requests, Self::Faulted];

    const fn name(self) -> &'static str {
        match self {
            Self::Connections => "connections",
            Self::TlsFailures => "tls_failures",
            Self::Requests => "requests",
            Self::Faulted => "faulted",
        }
    }
}

/// Counters and log of one sandbox.
#[derive(Debug)]
pub struct Journal {
    file: Mutex<File>,
    counts: Mutex<BTreeMap<(Count, Service), u64>>,
    proxy: Mutex<BTreeMap<&'static str, u64>>,
    under_way: Mutex<UnderWay>,
}

/// Requests for credentials that were not answered yet, by what they ask for.
#[derive(Debug, Default)]
struct UnderWay {
    now: BTreeMap<String, u64>,
    /// The most that there were of one kind at one moment.
    most: u64,
}

/// A request that is under way until this goes.
#[derive(Debug)]
pub struct Flight<'a> {
    journal: &'a Journal,
    wanted: String,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        let mut under_way = self.journal.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = under_way.now.get_mut(&self.wanted) {
            *count = count.saturating_sub(1);
        }
    }
}

impl Journal {
    /// Starts a log file.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        let file = File::options().append(true).create(true).open(path)?;
        Ok(Self {
            file: Mutex::new(file),
            counts: Mutex::default(),
            proxy: Mutex::default(),
            under_way: Mutex::default(),
        })
    }

    /// Counts one more.
    pub fn count(&self, count: Count, service: Service) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((count, service)).or_default() += 1;
    }

    /// Counts a request for a credential as long as it is under way.
    pub fn begin(&self, wanted: String) -> Flight<'_> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let count = under_way.now.entry(wanted.clone()).or_default();
        *count += 1;
        let count = *count;
        under_way.most = under_way.most.max(count);
        Flight { journal: self, wanted }
    }

    /// Counts one more request to the proxy, by what became of it.
    pub fn count_proxy(&self, outcome: &'static str) {
        let mut proxy = self.proxy.lock().unwrap_or_else(PoisonError::into_inner);
        *proxy.entry(outcome).or_default() += 1;
    }

    /// Every counter, grouped by what is counted and then by service.
    #[must_use]
    pub fn stats(&self) -> Map<String, Value> {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let proxy = self.proxy.lock().unwrap_or_else(PoisonError::into_inner);
        let group = |count: Count| {
            let each = Service::ALL.map(|service| {
                let number = counts.get(&(count, service)).copied().unwrap_or_default();
                (service.name().to_owned(), json!(number))
            });
            (count.name().to_owned(), Value::Object(Map::from_iter(each)))
        };
        let mut stats = Map::from_iter(Count::ALL.map(group));
        let outcomes = ["tunnels", "refused", "unauthenticated"]
            .map(|outcome| (outcome.to_owned(), json!(proxy.get(outcome).copied().unwrap_or_default())));
        let most = self.under_way.lock().unwrap_or_else(PoisonError::into_inner).most;
        stats.insert("at_once".to_owned(), json!(most));
        stats.insert("proxy".to_owned(), Value::Object(Map::from_iter(outcomes)));
        stats
    }

    /// Sets every counter to zero. The log stays.
    pub fn reset(&self) {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.proxy.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner).most = 0;
    }

    /// Adds a line to the log, with the time in front. A log that cannot be written is not worth a failed
    /// request, so errors are dropped.
    pub fn log(&self, entry: &Value) {
        let mut line = Map::new();
        line.insert("time".to_owned(), json!(jiff::Timestamp::now().to_string()));
        if let Value::Object(fields) = entry {
            line.extend(fields.clone());
        }
        let mut text = Value::Object(line).to_string();
        text.push('\n');
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = file.write_all(text.as_bytes());
    }
}

/// What may be written down of an `Authorization` header: its scheme if that is a known one. Cargo sends a bare
/// token, so that the first word of an unknown value can be the secret itself.
#[must_use]
pub fn scheme(headers: &http::HeaderMap) -> Option<&'static str> {
    let value = headers.get(http::header::AUTHORIZATION)?.to_str().unwrap_or_default();
    let word = value.split_once(' ').map_or("", |(word, _)| word);
    let known = ["AWS4-HMAC-SHA256", "Basic", "Bearer"].into_iter();
    Some(known.into_iter().find(|known| known.eq_ignore_ascii_case(word)).unwrap_or("other"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn journal() -> (tempfile::TempDir, Journal) {
        let folder = tempfile::tempdir().unwrap();
        let journal = Journal::create(&folder.path().join("log")).unwrap();
        (folder, journal)
    }

    #[test]
    fn counters_start_at_zero_and_return_to_it() {
        let (_folder, journal) = journal();
        let zero = journal.stats();
        assert_eq!(zero["requests"]["sts"], 0);
        journal.count(Count::Requests, Service::Sts);
        journal.count(Count::Requests, Service::Sts);
        journal.count_proxy("refused");
        assert_eq!(journal.stats()["requests"]["sts"], 2);
        assert_eq!(journal.stats()["requests"]["registry"], 0);
        assert_eq!(journal.stats()["proxy"]["refused"], 1);
        journal.reset();
        assert_eq!(journal.stats(), zero);
    }

    #[test]
    fn a_line_is_json_with_a_time() {
        let (folder, journal) = journal();
        journal.log(&json!({ "path": "/a\nb" }));
        let text = std::fs::read_to_string(folder.path().join("log")).unwrap();
        assert_eq!(text.lines().count(), 1);
        let line: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(line["path"], "/a\nb");
        assert!(line["time"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    }

    #[test]
    fn a_secret_never_passes_for_a_scheme() {
        let of = |value: &str| {
            let mut headers = http::HeaderMap::new();
            headers.insert(http::header::AUTHORIZATION, value.parse().unwrap());
            scheme(&headers)
        };
        assert_eq!(scheme(&http::HeaderMap::new()), None);
        assert_eq!(of("Bearer secret"), Some("Bearer"));
        assert_eq!(of("basic secret"), Some("Basic"));
        assert_eq!(of("secret"), Some("other"));
        assert_eq!(of("secret with spaces"), Some("other"));
        assert_eq!(of(""), Some("other"));
    }
}
