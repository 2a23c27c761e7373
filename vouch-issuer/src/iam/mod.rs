//! What IAM has to hold for an issuer's users: their providers, their roles, what the roles may do.
//!
//! The user writes every claim of their own tokens, so the trust rests on `aud` and `sub` alone, and allows one
//! action. Limits are those of "IAM and AWS STS quotas" in the IAM user guide.

mod ci;
mod cloudformation;
mod document;
mod error;
mod limits;
mod plan;
mod request;
mod terraform;

use std::fmt;

use self::plan::Plan;
use crate::enrollment::VerifiedEnrollment;
pub use ci::{CiError, CiOptions, CiProject, ci_template};
pub use error::IamError;
pub use limits::*;
pub use request::{BucketName, Roles, TemplateOptions, role_name};

/// What the name of a user's role begins with unless told otherwise.
pub const DEFAULT_ROLE_PREFIX: &str = "CodeArtifact-";

/// What the text is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    CloudFormation,
    Terraform,
}

/// The text, and what its reader should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub text: String,
    pub notices: Vec<String>,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CloudFormation => "CloudFormation",
            Self::Terraform => "Terraform",
        })
    }
}

/// A template for every user of the enrollments. The same input in any order gives the same bytes. It names no
/// partition: the one that it is applied in is used.
///
/// # Errors
/// See [`IamError`]; what IAM would refuse is refused here.
pub fn template(
    enrollments: &[VerifiedEnrollment],
    wanted: &TemplateOptions,
    format: Format,
) -> Result<Template, IamError> {
    let plan = Plan::new(enrollments, wanted)?;
    let text = render(&plan, format)?;
    let mut notices = plan.notices();
    if format == Format::CloudFormation && text.len() > TEMPLATE_SIZE {
        notices.push(format!(
            "the template has {} bytes and CloudFormation takes {TEMPLATE_SIZE} directly: upload it to S3 and use \
             `--template-url`, or `aws cloudformation deploy --s3-bucket BUCKET`",
            text.len()
        ));
    }
    Ok(Template { text, notices })
}

fn render(plan: &Plan, format: Format) -> Result<String, IamError> {
    match format {
        Format::CloudFormation => cloudformation::render(plan),
        Format::Terraform => Ok(terraform::render(plan)),
    }
}

#[cfg(test)]
mod tests;
