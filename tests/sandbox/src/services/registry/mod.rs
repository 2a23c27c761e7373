//! Package registries: CodeArtifact's data plane and registries that are somebody else's.
//!
//! A package format is one module: what its requests mean, which credential they carry, and a store.
//! This file and its neighbours know hosts, tokens and permissions, and no format's protocol.

pub(crate) mod cargo;
mod codeartifact;
mod credential;
mod foreign;
mod maven;
mod npm;
mod pypi;

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::refusal::Refusal;
use crate::http::{Request, Response, Service};
use crate::world::{Config, World};

/// How a registry reads tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) scheme: Scheme,
    /// The status for a token that is not good.
    pub(crate) bad_token: u16,
}

/// What stands before a token in the `Authorization` header of a Cargo request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// Nothing: the header is the token.
    Raw,
    /// `Bearer `.
    Bearer,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules { scheme: Scheme::Raw, bad_token: 401 }
    }
}

impl Rules {
    /// The rules with these changes.
    pub(crate) fn changed(self, scheme: Option<&str>, bad_token: Option<u16>) -> Result<Rules, String> {
        let scheme = match scheme {
            None => self.scheme,
            Some("raw") => Scheme::Raw,
            Some("bearer") => Scheme::Bearer,
            Some(other) => return Err(format!("the scheme is raw or bearer, not {other}")),
        };
        let bad_token = match bad_token {
            None => self.bad_token,
            Some(status @ (401 | 403 | 404)) => status,
            Some(other) => return Err(format!("the status for a bad token is 401, 403 or 404, not {other}")),
        };
        Ok(Rules { scheme, bad_token })
    }
}

/// What all registries hold, by repository.
#[derive(Debug, Default)]
pub(crate) struct Registries {
    cargo: Mutex<HashMap<String, cargo::Store>>,
    pypi: Mutex<HashMap<String, pypi::Store>>,
    npm: Mutex<HashMap<String, npm::Store>>,
    maven: Mutex<HashMap<String, maven::Store>>,
}

impl Registries {
    /// CodeArtifact's repositories are empty at first, foreign registries have their crates.
    pub(crate) fn new(config: &Config) -> Registries {
        let stores = config
            .cargo_registries
            .iter()
            .map(|registry| (registry.host.clone(), cargo::Store::with(&registry.crates)));
        Registries { cargo: Mutex::new(stores.collect()), ..Registries::default() }
    }

    /// Works on the Cargo packages of one repository.
    pub(crate) fn with_cargo<T>(&self, repository: &str, work: impl FnOnce(&mut cargo::Store) -> T) -> T {
        let mut stores = self.cargo.lock().unwrap_or_else(PoisonError::into_inner);
        work(stores.entry(repository.into()).or_default())
    }

    /// Works on the Python packages of one repository.
    fn with_pypi<T>(&self, repository: &str, work: impl FnOnce(&mut pypi::Store) -> T) -> T {
        let mut stores = self.pypi.lock().unwrap_or_else(PoisonError::into_inner);
        work(stores.entry(repository.into()).or_default())
    }

    /// Works on the npm packages of one repository.
    fn with_npm<T>(&self, repository: &str, work: impl FnOnce(&mut npm::Store) -> T) -> T {
        let mut stores = self.npm.lock().unwrap_or_else(PoisonError::into_inner);
        work(stores.entry(repository.into()).or_default())
    }

    /// Works on the Maven packages of one repository.
    fn with_maven<T>(&self, repository: &str, work: impl FnOnce(&mut maven::Store) -> T) -> T {
        let mut stores = self.maven.lock().unwrap_or_else(PoisonError::into_inner);
        work(stores.entry(repository.into()).or_default())
    }
}

pub(crate) fn handle(world: &World, request: &Request) -> Response {
    let foreign = world.config().cargo_registries.iter().find(|registry| registry.host == request.host);
    let answer = match foreign {
        Some(registry) => foreign::handle(world, registry, request),
        None => codeartifact::handle(world, request),
    };
    answer.unwrap_or_else(|refusal| refusal.render(Service::Registry))
}

/// `ResourceNotFoundException`.
fn not_found(message: impl Into<String>) -> Refusal {
    Refusal::new(404, "ResourceNotFoundException", message)
}
