//! The two calls of the exchange without the vault: to see whether they would be granted.

use std::time::{Duration, Instant};

use super::{Aws, Exchange, ExchangeError, RoleCredentials, id_token, longest_token, sts};
use crate::endpoint::Domain;
use crate::home::Home;
use crate::partition::Region;
use crate::profile::Role;
use crate::session::{IdTokenClaims, Session, Source};
use crate::time::UnixTime;

/// For one call.
const DEADLINE: Duration = Duration::from_secs(14);

/// Asks AWS what the broker would ask, keeps nothing and writes nothing.
#[derive(Debug)]
pub struct Probe<'a> {
    home: &'a Home,
}

impl<'a> Probe<'a> {
    /// With roots and proxy as the environment names them.
    pub fn new(home: &'a Home) -> Self {
        Self { home }
    }

    /// The URL at which STS of a region answers.
    pub fn sts_url(region: &Region) -> String {
        format!("https://{}/", sts::host(region))
    }

    /// The ID token that a source has now, by its claims. Nothing of it is verified.
    ///
    /// # Errors
    /// When there is none, or it is over.
    pub fn id_token(&self, source: &Source) -> Result<IdTokenClaims, ExchangeError> {
        let exchange = self.exchange()?;
        let token = exchange.run(async { Ok(id_token::fetch(&exchange.http, source).await?) })?;
        Ok(id_token::claims_of(&token, source)?)
    }

    /// Role credentials for a session, for as long as the broker would ask.
    ///
    /// # Errors
    /// When AWS gave nothing.
    pub fn role_credentials(&self, session: &Session, role: &Role) -> Result<RoleCredentials, ExchangeError> {
        self.exchange()?.role_credentials(session, role, None)
    }

    /// When a token for a domain, asked for so many seconds, would expire. The token is forgotten at once.
    ///
    /// # Errors
    /// When AWS gave nothing.
    pub fn token(
        &self,
        credentials: &RoleCredentials,
        role: &Role,
        domain: &Domain,
        seconds: u32,
    ) -> Result<UnixTime, ExchangeError> {
        let token = longest_token(&self.exchange()?, credentials, role, domain, seconds)?;
        Ok(token.expires_at)
    }

    fn exchange(&self) -> Result<Exchange, ExchangeError> {
        let exchange = Exchange::new(self.home, Instant::now() + DEADLINE)?;
        exchange.http.forget();
        Ok(exchange)
    }
}
