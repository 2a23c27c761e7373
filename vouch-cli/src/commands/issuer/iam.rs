//! `vouch issuer iam`: providers, roles and policies, ready to be applied.

use std::path::PathBuf;

use clap::ValueEnum;
use vouch_core::Failure;
use vouch_core::partition::{AccountId, DomainName};
use vouch_issuer::iam::{self, BucketName, DEFAULT_ROLE_PREFIX, Format, Roles, TemplateOptions};
use vouch_issuer::join;

use super::iam_ci;
use crate::parse;
use crate::terminal;

#[derive(Debug, clap::Args)]
pub(crate) struct Iam {
    /// The language of the template
    #[arg(long, value_name = "FORMAT")]
    format: Language,
    /// The account that owns the CodeArtifact domains; by default the one that the template is applied to
    #[arg(long, value_name = "ACCOUNT")]
    account: Option<AccountId>,
    /// A domain that the roles may use; may be repeated; by default every domain of the account
    #[arg(long, value_name = "DOMAIN")]
    domain: Vec<DomainName>,
    /// Let the roles publish packages, too
    #[arg(long)]
    publish: bool,
    /// A second role for each of them that only reads, for sessions on other machines (`vouch login --remote`)
    #[arg(long)]
    remote: bool,
    /// What the name of each user's role begins with
    #[arg(long, value_name = "PREFIX", default_value = DEFAULT_ROLE_PREFIX)]
    role_prefix: String,
    /// One role for all of them, instead of one for each
    #[arg(long, value_name = "NAME", conflicts_with = "role_prefix")]
    shared_role: Option<String>,
    /// The bucket that serves the issuer files: adds a policy for exactly these objects
    #[arg(long, value_name = "NAME", value_parser = parse::argument::<BucketName>)]
    bucket: Option<BucketName>,
    /// Let the bucket give out the join file and its page, too, which `vouch issuer build --team` writes
    #[arg(long, requires = "bucket")]
    join_file: bool,
    #[command(flatten)]
    trust: super::trust::Trust,
    #[command(flatten)]
    job: iam_ci::Flags,
    /// The files that `vouch enroll` wrote
    #[arg(required_unless_present = "ci", conflicts_with = "ci", value_name = "ENROLLMENT")]
    enrollments: Vec<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Language {
    #[value(name = "cloudformation")]
    CloudFormation,
    Terraform,
}

pub(super) fn run(args: Iam) -> Result<(), Failure> {
    let format = match args.format {
        Language::CloudFormation => Format::CloudFormation,
        Language::Terraform => Format::Terraform,
    };
    let access = iam_ci::Access {
        publish: args.publish,
        role_prefix: args.role_prefix.clone(),
        owner: args.account.clone(),
        domains: args.domain.clone(),
    };
    if let Some(wanted) = args.job.options(access) {
        return iam_ci::run(&wanted, format);
    }
    args.job.check_alone()?;
    let enrollments = args.trust.read_all(&args.enrollments)?;
    let roles = match args.shared_role {
        Some(name) => Roles::Shared { name },
        None => Roles::Each { prefix: args.role_prefix },
    };
    let public = args.bucket.is_some();
    let wanted = TemplateOptions {
        roles,
        owner: args.account,
        domains: args.domain,
        publish: args.publish,
        remote: args.remote,
        bucket: args.bucket,
        public_files: if args.join_file { vec![join::FILE, join::PAGE] } else { Vec::new() },
    };
    let template = iam::template(&enrollments, &wanted, format)?;
    for notice in &template.notices {
        terminal::say(&format!("note: {notice}"));
    }
    if public {
        terminal::say(
            "note: the bucket must allow public policies (Block Public Access: BlockPublicPolicy and \
             RestrictPublicBuckets off), and a bucket has one policy: this one takes the place of another",
        );
    }
    terminal::print(&template.text)
}
