//! One world: its accounts, clock, counters and everything that it has handed out.

mod clock;
mod config;
mod counters;
mod default;
mod metadata;
mod partition;
mod state;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, DATE};
use http::{HeaderValue, Method};

use crate::http::{Request, Response, Service};
use crate::services::refusal::Refusal;
use crate::services::{self, registry};
pub(crate) use clock::{Clock, compact, http_date, iso, iso_milliseconds, parse_compact};
pub use config::{
    Account, Config, Domain, ForeignCrate, ForeignRegistry, Permission, Principal, Provider, Role, Trust,
};
pub(crate) use config::{is_account_id, is_domain_name, is_repository_name};
pub(crate) use counters::{Count, Counters};
pub use metadata::Metadata;
pub(crate) use partition::{AwsHost, Partition, data_plane_host};
pub(crate) use state::{
    Credentials, RoleSession, TokenGrant, new_access_key_id, new_authorization_token, new_request_id,
    new_secret, new_session_token, role_id,
};

type IssuerHook = Box<dyn Fn(&Request) -> Option<Response> + Send + Sync>;

/// A world that answers requests. All methods may be called from any thread.
pub struct World {
    config: Config,
    site: PathBuf,
    clock: Clock,
    counters: Counters,
    credentials: Credentials,
    registries: registry::Registries,
    rules: Mutex<registry::Rules>,
    issuer_hook: RwLock<Option<IssuerHook>>,
    metadata: services::metadata::Sessions,
}

impl World {
    /// A world whose issuer hosts serve the files below `site`.
    pub fn new(config: Config, site: PathBuf) -> World {
        let registries = registry::Registries::new(&config);
        World {
            config,
            site,
            clock: Clock::default(),
            counters: Counters::default(),
            credentials: Credentials::default(),
            registries,
            rules: Mutex::default(),
            issuer_hook: RwLock::default(),
            metadata: services::metadata::Sessions::default(),
        }
    }

    /// Every host name that the world answers to, sorted.
    pub fn hosts(&self) -> Vec<String> {
        let mut hosts: BTreeSet<String> = self.config.issuer_hosts.iter().cloned().collect();
        hosts.extend(self.config.cargo_registries.iter().map(|r| r.host.clone()));
        hosts.insert("sts.amazonaws.com".into());
        let domains = || self.config.accounts.iter().flat_map(|a| a.domains.iter().map(move |d| (a, d)));
        let regions: BTreeSet<&str> = self
            .config
            .regions
            .iter()
            .map(String::as_str)
            .chain(domains().map(|(_, d)| d.region.as_str()))
            .collect();
        for region in regions {
            let Some(partition) = Partition::of_region(region) else { continue };
            for service in ["sts", "codeartifact", "sts-fips", "codeartifact-fips"] {
                hosts.insert(format!("{service}.{region}.{}", partition.suffix));
                hosts.insert(format!("{service}.{region}.{}", partition.dual_stack_suffix));
            }
        }
        for (account, domain) in domains() {
            let host = |dual| data_plane_host(&domain.name, &account.id, &domain.region, dual);
            hosts.extend(host(false).into_iter().chain(host(true)));
        }
        hosts.into_iter().collect()
    }

    /// Which service lives at `host`, if any.
    pub fn service(&self, host: &str) -> Option<Service> {
        if self.config.issuer_hosts.iter().any(|h| h == host) {
            return Some(Service::Issuer);
        }
        if self.config.cargo_registries.iter().any(|r| r.host == host) {
            return Some(Service::Registry);
        }
        match AwsHost::parse(host)? {
            AwsHost::Sts { .. } => Some(Service::Sts),
            AwsHost::CodeArtifact { .. } => Some(Service::CodeArtifact),
            AwsHost::Registry { .. } => Some(Service::Registry),
        }
    }

    /// Answers one request.
    pub fn handle(&self, request: &Request) -> Response {
        let response = match self.service(&request.host) {
            Some(Service::Sts) => services::sts::handle(self, request),
            Some(Service::CodeArtifact) => services::codeartifact::handle(self, request),
            Some(Service::Issuer) => services::issuer::handle(self, request),
            Some(Service::Registry) => registry::handle(self, request),
            None => services::text(421, "no such host in this world\n"),
        };
        self.finish(request, response)
    }

    /// Answers a request to an address at which AWS has role credentials for this machine.
    pub fn handle_metadata(&self, request: &Request) -> Response {
        self.finish(request, services::metadata::handle(self, request))
    }

    /// An error answer in the shape of `service`, for faults that are injected from outside.
    pub fn refusal(&self, service: Service, status: u16, code: &str, message: &str) -> Response {
        let mut response = Refusal::new(status, code, message).render(service);
        self.stamp(&mut response);
        response
    }

    /// Counts a request that a fault keeps from [`World::handle`], as made and refused.
    pub fn count_unserved(&self, request: &Request) {
        match self.service(&request.host) {
            Some(Service::Sts) => services::sts::count_unserved(self, request),
            Some(Service::CodeArtifact) => services::codeartifact::count_unserved(self, request),
            Some(Service::Issuer) => services::issuer::count(self, &request.path),
            Some(Service::Registry) | None => {}
        }
    }

    /// STS reads issuer documents inside the process. `hook` sees those requests first, so that
    /// faults of the issuer host also reach STS; what it answers is what STS gets.
    pub fn on_issuer_fetch(&self, hook: impl Fn(&Request) -> Option<Response> + Send + Sync + 'static) {
        *self.issuer_hook.write().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(hook));
    }

    /// All counters as JSON: `sts`, `codeartifact`, `issuer`, `metadata`, `registry.cargo`, `registry.npm`, `registry.pypi`,
    /// `registry.maven`, `registry.foreign`.
    pub fn stats(&self) -> serde_json::Value {
        self.counters.to_json()
    }

    /// Sets all counters to zero. Credentials and packages stay.
    pub fn reset_stats(&self) {
        self.counters.reset();
    }

    /// Changes how registries read tokens: `scheme` is `raw` or `bearer`; `bad_token` is the status
    /// (401, 403 or 404) that a token gets which is not good. `None` leaves a setting as it is.
    ///
    /// # Errors
    /// When a value is none of these; nothing is changed then.
    pub fn set_registry(&self, scheme: Option<String>, bad_token: Option<u16>) -> Result<(), String> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        *rules = rules.changed(scheme.as_deref(), bad_token)?;
        Ok(())
    }

    /// Makes every service's clock run `seconds` ahead of the machine's.
    pub fn set_clock_skew(&self, seconds: i64) {
        self.clock.set_skew(seconds);
    }

    pub(crate) fn config(&self) -> &Config {
        &self.config
    }

    pub(crate) fn site(&self) -> &Path {
        &self.site
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }

    pub(crate) fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    pub(crate) fn metadata(&self) -> &services::metadata::Sessions {
        &self.metadata
    }

    pub(crate) fn registries(&self) -> &registry::Registries {
        &self.registries
    }

    pub(crate) fn registry_rules(&self) -> registry::Rules {
        *self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self, count: Count) {
        self.counters.add(count);
    }

    pub(crate) fn account(&self, id: &str) -> Option<&Account> {
        self.config.accounts.iter().find(|a| a.id == id)
    }

    /// The role that `arn` names.
    pub(crate) fn role(&self, arn: &str) -> Option<&Role> {
        let role = services::arn::RoleArn::parse(arn)?;
        let account = self.account(role.account).filter(|a| a.partition == role.partition)?;
        account.roles.iter().find(|r| r.name == role.name)
    }

    pub(crate) fn domain(&self, owner: &str, name: &str, region: &str) -> Option<&Domain> {
        self.account(owner)?.domains.iter().find(|d| d.name == name && d.region == region)
    }

    pub(crate) fn intercepted(&self, request: &Request) -> Option<Response> {
        let hook = self.issuer_hook.read().unwrap_or_else(PoisonError::into_inner);
        hook.as_ref().and_then(|hook| hook(request))
    }

    /// A HEAD answer keeps the length of the body that it leaves out.
    fn finish(&self, request: &Request, mut response: Response) -> Response {
        self.stamp(&mut response);
        if request.method == Method::HEAD {
            let length = response.body().len();
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
            *response.body_mut() = Bytes::new();
        }
        response
    }

    /// SDKs learn from `Date` how wrong their own clock is, so it has to tell the world's time.
    fn stamp(&self, response: &mut Response) {
        if let Ok(date) = HeaderValue::try_from(http_date(self.clock.now())) {
            response.headers_mut().insert(DATE, date);
        }
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("config", &self.config)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}
