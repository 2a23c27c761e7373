//! The endpoints at which a machine has role credentials.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Role credentials that AWS has for containers and instances, by role ARN. Without a role there is no endpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metadata {
    /// The instance's role.
    #[serde(default)]
    pub instance: Option<String>,
    /// Roles of ECS tasks, by the path of their URI.
    #[serde(default)]
    pub containers: BTreeMap<String, String>,
    /// Roles of EKS pods, by the token of their service account.
    #[serde(default)]
    pub pods: BTreeMap<String, String>,
    /// Seconds that credentials live.
    #[serde(default = "seconds")]
    pub seconds: u32,
}

impl Default for Metadata {
    fn default() -> Metadata {
        Metadata { instance: None, containers: BTreeMap::new(), pods: BTreeMap::new(), seconds: seconds() }
    }
}

impl Metadata {
    /// Whether any endpoint has something to give.
    pub fn is_there(&self) -> bool {
        self.instance.is_some() || !self.containers.is_empty() || !self.pods.is_empty()
    }
}

/// As ECS has it.
fn seconds() -> u32 {
    21_600
}
