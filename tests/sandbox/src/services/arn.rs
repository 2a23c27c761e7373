//! ARNs of roles and domains.

/// `arn:PARTITION:iam::ACCOUNT:role/NAME`
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RoleArn<'a> {
    pub(crate) partition: &'a str,
    pub(crate) account: &'a str,
    /// With the path, if there is one.
    pub(crate) name: &'a str,
}

impl<'a> RoleArn<'a> {
    pub(crate) fn parse(arn: &'a str) -> Option<RoleArn<'a>> {
        let mut fields = arn.splitn(6, ':');
        let mut next = || fields.next();
        let ("arn", partition, "iam", "", account, resource) =
            (next()?, next()?, next()?, next()?, next()?, next()?)
        else {
            return None;
        };
        let name = resource.strip_prefix("role/").filter(|name| !name.is_empty())?;
        crate::world::is_account_id(account).then_some(RoleArn { partition, account, name })
    }

    /// The ARN of a session of this role; it has the role's name without the path.
    pub(crate) fn session(&self, session_name: &str) -> String {
        let name = self.name.rsplit('/').next().unwrap_or(self.name);
        format!("arn:{}:sts::{}:assumed-role/{name}/{session_name}", self.partition, self.account)
    }

    /// The ARN of this account's provider for an issuer.
    pub(crate) fn provider(&self, issuer: &str) -> String {
        let issuer = issuer.strip_prefix("https://").unwrap_or(issuer);
        format!("arn:{}:iam::{}:oidc-provider/{issuer}", self.partition, self.account)
    }
}

pub(crate) fn domain(partition: &str, region: &str, owner: &str, name: &str) -> String {
    format!("arn:{partition}:codeartifact:{region}:{owner}:domain/{name}")
}

pub(crate) fn repository(partition: &str, region: &str, owner: &str, domain: &str, name: &str) -> String {
    format!("arn:{partition}:codeartifact:{region}:{owner}:repository/{domain}/{name}")
}
