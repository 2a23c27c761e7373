//! The part of Maven and Gradle in `vouch doctor`.

use super::{Flags, Gradle, Maven};
use crate::clients::inspect::{self, Case, Inspect};
use crate::finding::Finding;

/// One of these clients, if it is meant.
pub(crate) fn inspector(tool: &str) -> Option<Box<dyn Inspect>> {
    let look: fn(&Case<'_>) -> Vec<Finding> = match tool {
        "maven" => of_maven,
        "gradle" => of_gradle,
        _ => return None,
    };
    Some(Box::new(Inspector(look)))
}

struct Inspector(fn(&Case<'_>) -> Vec<Finding>);

impl Inspect for Inspector {
    fn inspect(&self, case: &Case<'_>) -> Vec<Finding> {
        (self.0)(case)
    }
}

fn of_maven(case: &Case<'_>) -> Vec<Finding> {
    // The file that setup was given: Maven is told of it each time it runs.
    let flags = Flags { settings: case.registration.file.clone() };
    let mut findings = case.by_plan(Maven::new(&flags)).findings();
    findings.push(inspect::version("mvn", &[3, 8]));
    findings
}

/// Gradle takes half a minute to tell its version where it was never started: it is not asked.
fn of_gradle(case: &Case<'_>) -> Vec<Finding> {
    case.by_plan(Gradle::new()).findings()
}
