//! Terraform's language (HCL), for Terraform and OpenTofu.

use super::document::{Node, Part};
use super::limits::MAX_SESSION_DURATION;
use super::plan::{Plan, REMOTE_DESCRIPTION, Role};

pub(super) fn render(plan: &Plan) -> String {
    let mut blocks = vec![
        "terraform {\n  required_providers {\n    aws = {\n      source = \"hashicorp/aws\"\n    }\n  }\n}\n"
            .to_owned(),
        "data \"aws_partition\" \"current\" {}\n".to_owned(),
        "data \"aws_caller_identity\" \"current\" {}\n".to_owned(),
    ];
    for provided in &plan.providers {
        let attributes = [
            ("url".to_owned(), quoted(provided.issuer.as_str())),
            (
                "client_id_list".to_owned(),
                format!(
                    "[{}]",
                    provided.client_ids.iter().map(|id| quoted(id)).collect::<Vec<_>>().join(", ")
                ),
            ),
        ];
        blocks.push(block("resource \"aws_iam_openid_connect_provider\"", &name(&provided.id), &attributes));
    }
    let attributes = [
        ("name_prefix".to_owned(), quoted("codeartifact-access-")),
        ("description".to_owned(), quoted(plan.policy_description)),
        ("policy".to_owned(), document(&plan.permissions)),
    ];
    blocks.push(block("resource \"aws_iam_policy\"", "codeartifact_access", &attributes));
    if let Some(permissions) = &plan.remote_permissions {
        let attributes = [
            ("name_prefix".to_owned(), quoted("codeartifact-remote-access-")),
            ("description".to_owned(), quoted(REMOTE_DESCRIPTION)),
            ("policy".to_owned(), document(permissions)),
        ];
        blocks.push(block("resource \"aws_iam_policy\"", "codeartifact_remote_access", &attributes));
    }
    for role in &plan.roles {
        let id = name(&role.id);
        let attributes = [
            ("name".to_owned(), quoted(&role.name)),
            ("max_session_duration".to_owned(), MAX_SESSION_DURATION.to_string()),
            ("assume_role_policy".to_owned(), document(&role.trust)),
        ];
        blocks.push(block("resource \"aws_iam_role\"", &id, &attributes));
        let attributes = [
            ("role".to_owned(), format!("aws_iam_role.{id}.name")),
            ("policy_arn".to_owned(), format!("aws_iam_policy.{}.arn", policy(role))),
        ];
        blocks.push(block("resource \"aws_iam_role_policy_attachment\"", &id, &attributes));
    }
    if let Some((bucket, policy)) = &plan.bucket {
        let attributes =
            [("bucket".to_owned(), quoted(bucket.as_str())), ("policy".to_owned(), document(policy))];
        blocks.push(block("resource \"aws_s3_bucket_policy\"", "issuer_documents", &attributes));
    }
    let arn = |role: &Role| (quoted(&role.name), format!("aws_iam_role.{}.arn", name(&role.id)));
    let arns: Vec<_> = plan.roles.iter().map(arn).collect();
    let attributes = [
        ("description".to_owned(), quoted("For vouch setup aws --role")),
        ("value".to_owned(), format!("{{\n{}  }}", assignments(&arns, 2))),
    ];
    blocks.push(block("output", "role_arns", &attributes));
    blocks.join("\n")
}

fn policy(role: &Role) -> &'static str {
    if role.is_remote { "codeartifact_remote_access" } else { "codeartifact_access" }
}

fn block(kind: &str, name: &str, attributes: &[(String, String)]) -> String {
    format!("{kind} \"{name}\" {{\n{}}}\n", assignments(attributes, 1))
}

fn document(node: &Node) -> String {
    format!("jsonencode({})", expression(node, 1))
}

/// Lines of `name = value`, with the signs in one column as `terraform fmt` sets them: those of neighbours whose values are
/// on one line.
fn assignments(members: &[(String, String)], depth: usize) -> String {
    let indent = "  ".repeat(depth);
    let is_long = |value: &String| value.contains('\n');
    members
        .chunk_by(|(_, one), (_, next)| !is_long(one) && !is_long(next))
        .flat_map(|neighbours| {
            let width = neighbours.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
            neighbours.iter().map(move |(name, value)| (name, value, width))
        })
        .map(|(name, value, width)| format!("{indent}{name:width$} = {value}\n"))
        .collect()
}

/// A name of a resource: it begins with a letter.
fn name(id: &str) -> String {
    format!("p_{}", id.to_ascii_lowercase())
}

fn expression(node: &Node, depth: usize) -> String {
    let (indent, end) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    match node {
        Node::Text(text) => quoted(text),
        Node::Name(parts) => {
            let text: String = parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => escaped(text),
                    Part::Partition => "${data.aws_partition.current.partition}".to_owned(),
                    Part::Account => "${data.aws_caller_identity.current.account_id}".to_owned(),
                })
                .collect();
            format!("\"{text}\"")
        }
        Node::Provider { id, .. } => format!("aws_iam_openid_connect_provider.{}.arn", name(id)),
        Node::List(nodes) => {
            let items: String =
                nodes.iter().map(|node| format!("{indent}{},\n", expression(node, depth + 1))).collect();
            format!("[\n{items}{end}]")
        }
        Node::Map(members) => {
            let members: Vec<_> =
                members.iter().map(|(name, node)| (quoted(name), expression(node, depth + 1))).collect();
            format!("{{\n{}{end}}}", assignments(&members, depth + 1))
        }
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

/// In a template string, `${` and `%{` begin an expression.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace("${", "$${").replace("%{", "%%{")
}
