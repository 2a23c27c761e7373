//! A CloudFormation template in JSON.

use serde_json::{Map, Value, json};

use super::document::{Node, Part};
use super::error::IamError;
use super::limits::{MAX_SESSION_DURATION, TEMPLATE_OUTPUTS, TEMPLATE_RESOURCES};
use super::plan::{Plan, REMOTE_DESCRIPTION};

const POLICY: &str = "CodeArtifactAccess";
const REMOTE_POLICY: &str = "CodeArtifactRemoteAccess";

pub(super) fn render(plan: &Plan) -> Result<String, IamError> {
    let mut resources = Map::new();
    for provided in &plan.providers {
        let properties = json!({ "Url": provided.issuer, "ClientIdList": provided.client_ids });
        add(
            &mut resources,
            provider(&provided.id),
            json!({ "Type": "AWS::IAM::OIDCProvider", "Properties": properties }),
        )?;
    }
    let policies = [
        (POLICY, plan.policy_description, Some(&plan.permissions)),
        (REMOTE_POLICY, REMOTE_DESCRIPTION, plan.remote_permissions.as_ref()),
    ];
    for (name, description, permissions) in policies {
        let Some(permissions) = permissions else { continue };
        let properties = json!({ "Description": description, "PolicyDocument": value(permissions) });
        add(
            &mut resources,
            name.into(),
            json!({ "Type": "AWS::IAM::ManagedPolicy", "Properties": properties }),
        )?;
    }
    let mut outputs = Map::new();
    for role in &plan.roles {
        let properties = json!({
            "RoleName": role.name,
            "MaxSessionDuration": MAX_SESSION_DURATION,
            "AssumeRolePolicyDocument": value(&role.trust),
            "ManagedPolicyArns": [{ "Ref": if role.is_remote { REMOTE_POLICY } else { POLICY } }],
        });
        let id = format!("Role{}", role.id);
        add(
            &mut outputs,
            format!("Arn{}", role.id),
            json!({ "Description": format!("For vouch setup aws --role: {}", role.name),
                    "Value": { "Fn::GetAtt": [id, "Arn"] } }),
        )?;
        add(&mut resources, id, json!({ "Type": "AWS::IAM::Role", "Properties": properties }))?;
    }
    if let Some((bucket, policy)) = &plan.bucket {
        let properties = json!({ "Bucket": bucket.as_str(), "PolicyDocument": value(policy) });
        add(
            &mut resources,
            "IssuerDocuments".into(),
            json!({ "Type": "AWS::S3::BucketPolicy", "Properties": properties }),
        )?;
    }
    if resources.len() > TEMPLATE_RESOURCES || outputs.len() > TEMPLATE_OUTPUTS {
        return Err(IamError::TemplateParts { resources: resources.len(), outputs: outputs.len() });
    }
    let template = json!({
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": plan.description,
        "Resources": resources,
        "Outputs": outputs,
    });
    let text = serde_json::to_string_pretty(&template).map_err(|_| IamError::Text)?;
    Ok(text + "\n")
}

/// One more part; two of one name would leave one out without a word.
fn add(parts: &mut Map<String, Value>, name: String, part: Value) -> Result<(), IamError> {
    if parts.contains_key(&name) {
        return Err(IamError::SameName(name));
    }
    parts.insert(name, part);
    Ok(())
}

fn provider(id: &str) -> String {
    format!("Provider{id}")
}

fn value(node: &Node) -> Value {
    match node {
        Node::Text(text) => text.as_str().into(),
        Node::Name(parts) => {
            let text: String = parts
                .iter()
                .map(|part| match part {
                    Part::Text(text) => text.as_str(),
                    Part::Partition => "${AWS::Partition}",
                    Part::Account => "${AWS::AccountId}",
                })
                .collect();
            json!({ "Fn::Sub": text })
        }
        // Its reference is its ARN.
        Node::Provider { id, .. } => json!({ "Ref": provider(id) }),
        Node::List(nodes) => nodes.iter().map(value).collect(),
        Node::Map(members) => {
            Value::Object(members.iter().map(|(name, node)| (name.clone(), value(node))).collect())
        }
    }
}
