//! Terraform's language (HCL), for Terraform and OpenTofu.

use std::fmt::Write;

use super::MAX_SESSION_DURATION;
use super::document::{Node, Part};
use super::plan::Plan;

pub(super) fn render(plan: &Plan) -> String {
    let mut blocks = vec![
        "terraform {\n  required_providers {\n    aws = {\n      source = \"hashicorp/aws\"\n    }\n  }\n}\n"
            .to_owned(),
        "data \"aws_partition\" \"current\" {}\n".to_owned(),
        "data \"aws_caller_identity\" \"current\" {}\n".to_owned(),
    ];
    for person in &plan.people {
        blocks.push(format!(
            "resource \"aws_iam_openid_connect_provider\" \"{}\" {{\n  url            = {}\n  client_id_list = [{}]\n}}\n",
            name(&person.id),
            quoted(person.issuer.as_str()),
            quoted(&person.audience),
        ));
    }
    blocks.push(format!(
        "resource \"aws_iam_policy\" \"codeartifact_access\" {{\n  name_prefix = \"codeartifact-access-\"\n  description = \
         \"What people may do who come through their own issuers\"\n  policy      = jsonencode({})\n}}\n",
        expression(&plan.permissions, 1)
    ));
    for role in &plan.roles {
        let id = name(&role.id);
        blocks.push(format!(
            "resource \"aws_iam_role\" \"{id}\" {{\n  name                 = {}\n  max_session_duration = \
             {MAX_SESSION_DURATION}\n  assume_role_policy   = jsonencode({})\n}}\n",
            quoted(&role.name),
            expression(&role.trust, 1)
        ));
        blocks.push(format!(
            "resource \"aws_iam_role_policy_attachment\" \"{id}\" {{\n  role       = aws_iam_role.{id}.name\n  policy_arn \
             = aws_iam_policy.codeartifact_access.arn\n}}\n"
        ));
    }
    if let Some((bucket, policy)) = &plan.bucket {
        blocks.push(format!(
            "resource \"aws_s3_bucket_policy\" \"issuer_documents\" {{\n  bucket = {}\n  policy = jsonencode({})\n}}\n",
            quoted(bucket.as_str()),
            expression(policy, 1)
        ));
    }
    let mut outputs =
        "output \"role_arns\" {\n  description = \"For vouch setup aws --role\"\n  value = {\n".to_owned();
    for role in &plan.roles {
        let _ = writeln!(outputs, "    {} = aws_iam_role.{}.arn", quoted(&role.name), name(&role.id));
    }
    blocks.push(outputs + "  }\n}\n");
    blocks.join("\n")
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
            let items: String = members
                .iter()
                .map(|(name, node)| format!("{indent}{} = {}\n", quoted(name), expression(node, depth + 1)))
                .collect();
            format!("{{\n{items}{end}}}")
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
