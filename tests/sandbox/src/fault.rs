//! Misbehaviour on demand: what `vouch-sandbox ctl fault` can make a service do.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

use crate::http::Service;

/// How a faulty service behaves. The parts combine: a delay, a refusal instead of the answer, and a way to spoil
/// whatever is answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// Answer with this status in the service's own error shape, instead of doing what was asked.
    pub status: Option<u16>,
    /// The error code of that answer, instead of the usual one for the status.
    pub code: Option<String>,
    /// The error message of that answer.
    pub message: Option<String>,
    /// `Retry-After` in seconds. Without a status it makes the answer a 503.
    pub retry_after: Option<u64>,
    /// Headers of an answer that is a success or has the given status, in place of those of the same name.
    pub headers: Vec<(String, String)>,
    /// Milliseconds to wait before anything is answered.
    pub delay_ms: u64,
    /// Answer nothing until the service's faults are changed or cleared.
    pub hold: bool,
    /// How the connection or the answer is spoiled.
    pub spoil: Option<Spoil>,
    /// How many requests (where connections are spoiled: connections) are still to be hit; `None` is without end.
    pub times: Option<u64>,
}

/// Ways to break a connection or an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Spoil {
    /// The connection is reset once the request was read.
    Reset,
    /// The request is read and never answered.
    Hang,
    /// The body ends before its `Content-Length` and the connection closes.
    Truncate,
    /// 200 with a body that is neither XML nor JSON.
    Garbage,
    /// 200 with a body of spaces that never ends.
    Endless,
    /// The answer comes one byte at a time, slower than anybody waits.
    Drip,
    /// The answer is compressed, which nobody asked for.
    Compressed,
    /// 200 with the shape of the usual answer, and values of other types in it.
    WrongTypes,
    /// The connection is reset before a word was said.
    ResetEarly,
    /// The connection is taken and nothing is ever said on it.
    Stall,
    /// The certificate comes from an authority that nobody trusts.
    BadTls,
    /// The certificate is for another host.
    WrongHost,
    /// The certificate has expired.
    Expired,
    /// The certificate is not valid yet.
    NotYetValid,
    /// Nothing listens: the connection is refused. Behind the proxy, `CONNECT` is answered with 502.
    Refuse,
}

impl Spoil {
    /// Whether it comes before any request.
    fn hits_connections(self) -> bool {
        use Spoil::{BadTls, Expired, NotYetValid, Refuse, ResetEarly, Stall, WrongHost};
        matches!(self, ResetEarly | Stall | BadTls | WrongHost | Expired | NotYetValid | Refuse)
    }
}

impl Fault {
    /// The status to answer with instead of doing what was asked.
    #[must_use]
    pub fn refusal_status(&self) -> Option<u16> {
        self.status.or(self.retry_after.map(|_| 503))
    }

    /// The error code that goes with `status` when none was given: the one that AWS documents as common to its
    /// services, in the spelling of the service's protocol.
    #[must_use]
    pub fn code_for(&self, service: Service, status: u16) -> String {
        if let Some(code) = &self.code {
            return code.clone();
        }
        let query_protocol = service == Service::Sts;
        let code = match status {
            403 if query_protocol => "AccessDenied",
            403 => "AccessDeniedException",
            404 => "ResourceNotFoundException",
            429 if query_protocol => "Throttling",
            429 => "ThrottlingException",
            503 => "ServiceUnavailable",
            500.. if query_protocol => "InternalFailure",
            500.. => "InternalServerException",
            _ if query_protocol => "ValidationError",
            _ => "ValidationException",
        };
        code.to_owned()
    }

    fn hits_connections(&self) -> bool {
        self.spoil.is_some_and(Spoil::hits_connections)
    }
}

/// The faults in force, at most one per service.
#[derive(Debug)]
pub struct Faults {
    active: Mutex<BTreeMap<Service, Fault>>,
    changes: watch::Sender<u64>,
}

impl Default for Faults {
    fn default() -> Self {
        Self { active: Mutex::default(), changes: watch::Sender::new(0) }
    }
}

impl Faults {
    /// Puts a fault in force, in place of the service's present one.
    pub fn set(&self, service: Service, fault: Fault) {
        self.with(|active| active.insert(service, fault));
        self.changes.send_modify(|count| *count += 1);
    }

    /// Lets the service behave again.
    pub fn clear(&self, service: Service) {
        self.with(|active| active.remove(&service));
        self.changes.send_modify(|count| *count += 1);
    }

    /// Wakes up after each change.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Whether nobody is to get a connection to the service.
    #[must_use]
    pub fn refuses(&self, service: Service) -> bool {
        self.with(|active| active.get(&service).is_some_and(|fault| fault.spoil == Some(Spoil::Refuse)))
    }

    /// Whether connections made before the fault have to go, so that clients meet it.
    #[must_use]
    pub fn severs(&self, service: Service) -> bool {
        self.with(|active| active.get(&service).is_some_and(Fault::hits_connections))
    }

    /// What spoils this new connection. Uses up one of the fault's times.
    pub fn take_connection(&self, service: Service) -> Option<Spoil> {
        self.take(service, Fault::hits_connections)?.spoil
    }

    /// The fault that hits this request. Uses up one of its times.
    pub fn take_request(&self, service: Service) -> Option<Fault> {
        self.take(service, |fault| !fault.hits_connections())
    }

    fn take(&self, service: Service, wanted: impl FnOnce(&Fault) -> bool) -> Option<Fault> {
        self.with(|active| {
            let fault = active.get_mut(&service).filter(|fault| wanted(fault))?;
            let taken = fault.clone();
            if let Some(times) = &mut fault.times {
                *times = times.saturating_sub(1);
                if *times == 0 {
                    active.remove(&service);
                }
            }
            Some(taken)
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut BTreeMap<Service, Fault>) -> T) -> T {
        act(&mut self.active.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_hits_its_service_only() {
        let faults = Faults::default();
        faults.set(Service::Sts, Fault { status: Some(500), ..Fault::default() });
        assert!(faults.take_request(Service::CodeArtifact).is_none());
        assert!(faults.take_request(Service::Sts).is_some());
        faults.clear(Service::Sts);
        assert!(faults.take_request(Service::Sts).is_none());
    }

    #[test]
    fn a_counted_fault_ends_after_its_last_hit() {
        let faults = Faults::default();
        faults.set(Service::Sts, Fault { delay_ms: 1, times: Some(2), ..Fault::default() });
        assert!(faults.take_request(Service::Sts).is_some());
        assert!(faults.take_request(Service::Sts).is_some());
        assert!(faults.take_request(Service::Sts).is_none());
    }

    #[test]
    fn a_fault_of_connections_leaves_requests_alone() {
        let faults = Faults::default();
        faults.set(Service::Issuer, Fault { spoil: Some(Spoil::BadTls), times: Some(1), ..Fault::default() });
        assert!(faults.severs(Service::Issuer) && !faults.refuses(Service::Issuer));
        assert!(faults.take_request(Service::Issuer).is_none());
        assert_eq!(faults.take_connection(Service::Issuer), Some(Spoil::BadTls));
        assert_eq!(faults.take_connection(Service::Issuer), None);
    }

    #[test]
    fn a_refusal_has_a_fitting_code() {
        let fault = Fault { retry_after: Some(2), ..Fault::default() };
        assert_eq!(fault.refusal_status(), Some(503));
        assert_eq!(Fault::default().refusal_status(), None);
        assert_eq!(fault.code_for(Service::Sts, 403), "AccessDenied");
        assert_eq!(fault.code_for(Service::CodeArtifact, 403), "AccessDeniedException");
        let own = Fault { code: Some("IDPCommunicationError".to_owned()), ..Fault::default() };
        assert_eq!(own.code_for(Service::Sts, 400), "IDPCommunicationError");
    }
}
