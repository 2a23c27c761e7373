//! What IAM, CloudFormation and S3 allow, and what a role is made to allow.

/// Providers that an account may have unless its quota was raised.
pub const PROVIDERS_PER_ACCOUNT: usize = 100;
/// Roles that an account may have unless its quota was raised.
pub const ROLES_PER_ACCOUNT: usize = 1000;
/// Characters of a trust policy, white space not counted, unless the quota was raised.
pub const TRUST_POLICY_SIZE: usize = 2048;
/// The same at most.
pub const TRUST_POLICY_SIZE_RAISED: usize = 4096;
/// Characters of a managed policy, white space not counted.
pub const MANAGED_POLICY_SIZE: usize = 6144;
/// Characters of a role's name.
pub const ROLE_NAME_SIZE: usize = 64;
/// Characters of an audience (client ID) of a provider.
pub const AUDIENCE_SIZE: usize = 255;
/// Bytes of a CloudFormation template that is handed over in the request; a larger one goes through S3.
pub const TEMPLATE_SIZE: usize = 51_200;
/// Resources of a CloudFormation template ("CloudFormation quotas" in its user guide).
pub const TEMPLATE_RESOURCES: usize = 500;
/// Outputs of a CloudFormation template.
pub const TEMPLATE_OUTPUTS: usize = 200;
/// Bytes of a bucket's policy (S3 user guide, "Bucket policies").
pub const BUCKET_POLICY_SIZE: usize = 20 * 1024;
/// Seconds that a session of the role lasts at most.
pub const MAX_SESSION_DURATION: u32 = 3600;
/// Seconds that a bearer token lasts at most on another machine than the YubiKey's.
pub const MAX_REMOTE_TOKEN_DURATION: u32 = 3600;
/// Seconds that a bearer token lasts at most: a working day, as a session of Vouch.
pub const MAX_TOKEN_DURATION: u32 = 28_800;
