//! Every package manager that there is.

use crate::finding::Finding;
use crate::inspect::{ENTRY, InspectContext};
use crate::{cargo, jvm, node, python};

/// Lets the module of the registration's client look.
pub fn inspect(case: &InspectContext<'_>) -> Vec<Finding> {
    let tool = case.registration.tool.as_str();
    let inspectors = [cargo::inspector, node::inspector, python::inspector, jvm::inspector];
    match inspectors.iter().find_map(|inspector| inspector(tool)) {
        Some(client) => client.inspect(case),
        None => vec![Finding::skip(ENTRY, format!("this Vouch does not know `{tool}`"))],
    }
}
