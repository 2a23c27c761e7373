use serde_json::{Value, json};
use vouch_core::failure::Diagnostic;

use super::*;
use crate::documents::IssuerError;
use crate::enrollment::EnrollmentClaims;
use crate::enrollment::testing::{self, TestUser};

const HOST: &str = "https://id.example.com";

fn enrolled(subject: &str, serial: u32) -> VerifiedEnrollment {
    TestUser::new(&format!("{HOST}/p{serial}"), subject, serial).enrolled()
}

fn wanted() -> TemplateOptions {
    TemplateOptions {
        roles: Roles::Each { prefix: DEFAULT_ROLE_PREFIX.into() },
        owner: None,
        domains: Vec::new(),
        publish: false,
        remote: false,
        bucket: None,
        public_files: Vec::new(),
    }
}

fn shared(name: &str) -> TemplateOptions {
    TemplateOptions { roles: Roles::Shared { name: name.into() }, ..wanted() }
}

fn cloudformation(enrollments: &[VerifiedEnrollment], wanted: &TemplateOptions) -> Value {
    serde_json::from_str(&template(enrollments, wanted, Format::CloudFormation).unwrap().text).unwrap()
}

fn resources<'a>(template: &'a Value, kind: &str) -> Vec<&'a Value> {
    let all = template["Resources"].as_object().unwrap().values();
    all.filter(|resource| resource["Type"] == kind).map(|resource| &resource["Properties"]).collect()
}

fn error(enrollments: &[VerifiedEnrollment], wanted: &TemplateOptions) -> IamError {
    template(enrollments, wanted, Format::CloudFormation).unwrap_err()
}

#[test]
fn what_iam_would_refuse_is_refused() {
    let alice = enrolled("alice", 1);
    assert_eq!(error(&[], &wanted()), IamError::Issuer(IssuerError::Nothing));
    let again = enrolled("Alice", 2);
    assert!(matches!(error(&[alice.clone(), again], &wanted()), IamError::SameRole { .. }));
    let long = enrolled(&"a".repeat(60), 2);
    assert!(matches!(error(&[long], &wanted()), IamError::RoleNameSize { .. }));
    for name in ["", "a b", "path/name"] {
        assert!(
            matches!(error(std::slice::from_ref(&alice), &shared(name)), IamError::RoleName(_)),
            "{name}"
        );
    }
    // IAM would put the name of another principal here.
    assert!("${aws:username}".parse::<vouch_core::identity::Subject>().is_err());
    for bucket in ["", "ab", "Bucket", "a_b", "-ab", "ab-", "a..b", "arn:aws:s3:::b", &"a".repeat(64)] {
        assert!(bucket.parse::<BucketName>().is_err(), "{bucket}");
    }
    let domain = |n: usize| format!("domain-{n:040}").parse().unwrap();
    let many = TemplateOptions { domains: (0..100).map(domain).collect(), ..wanted() };
    assert!(matches!(error(&[alice], &many), IamError::PolicySize { .. }));
}

#[test]
fn the_keys_of_one_person_have_one_audience() {
    let alice = TestUser::new(HOST, "alice", 1);
    let spare = TestUser::new(HOST, "alice", 2);
    let other = EnrollmentClaims { audience: "other".into(), ..spare.claims.clone() };
    let spare = testing::verify(&spare.sign(&other).to_json()).unwrap();
    assert!(matches!(error(&[alice.enrolled(), spare], &wanted()), IamError::TwoAudiences { .. }));
    for (audience, right) in
        [("", false), ("*", false), (&*"a".repeat(256), false), (&*"a".repeat(255), true)]
    {
        let claims = EnrollmentClaims { audience: audience.into(), ..alice.claims.clone() };
        let enrolled = testing::verify(&alice.sign(&claims).to_json()).unwrap();
        assert_eq!(template(&[enrolled], &wanted(), Format::Terraform).is_ok(), right, "{audience}");
    }
}

#[test]
fn a_role_trusts_one_audience_and_one_subject_for_one_action() {
    let template = cloudformation(&[enrolled("alice", 1), enrolled("bob", 2)], &wanted());
    let roles = resources(&template, "AWS::IAM::Role");
    assert_eq!(roles.len(), 2);
    for (role, (name, path)) in roles.iter().zip([("alice", "p1"), ("bob", "p2")]) {
        assert_eq!(role["RoleName"], format!("CodeArtifact-{name}"));
        assert_eq!(role["MaxSessionDuration"], 3600);
        let statements = role["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap();
        assert_eq!(statements.len(), 1);
        assert_eq!(statements[0]["Action"], "sts:AssumeRoleWithWebIdentity");
        let provider = statements[0]["Principal"]["Federated"]["Ref"].as_str().unwrap();
        let url = &template["Resources"][provider]["Properties"]["Url"];
        assert_eq!(*url, format!("{HOST}/{path}"));
        let condition = json!({ "StringEquals": {
            (format!("id.example.com/{path}:aud")): "sts.amazonaws.com",
            (format!("id.example.com/{path}:sub")): name,
        }});
        assert_eq!(statements[0]["Condition"], condition);
    }
}

#[test]
fn the_permissions_are_those_of_the_client_and_bounded() {
    let domains = vec!["b-domain".parse().unwrap(), "a-domain".parse().unwrap()];
    let wanted = TemplateOptions { domains, owner: Some("123456789012".parse().unwrap()), ..wanted() };
    let actions = |publish| {
        let template =
            cloudformation(&[enrolled("alice", 1)], &TemplateOptions { publish, ..wanted.clone() });
        let statements =
            resources(&template, "AWS::IAM::ManagedPolicy")[0]["PolicyDocument"]["Statement"].clone();
        let actions = |statement: &Value| statement["Action"].as_array().unwrap().clone();
        let all: Vec<Value> = statements.as_array().unwrap().iter().flat_map(actions).collect();
        (statements, all)
    };
    let (statements, read) = actions(false);
    assert_eq!(
        read,
        [
            "codeartifact:GetAuthorizationToken",
            "sts:GetServiceBearerToken",
            "codeartifact:GetRepositoryEndpoint",
            "codeartifact:ReadFromRepository"
        ]
    );
    assert_eq!(
        statements[0]["Resource"],
        json!([
            { "Fn::Sub": "arn:${AWS::Partition}:codeartifact:*:123456789012:domain/a-domain" },
            { "Fn::Sub": "arn:${AWS::Partition}:codeartifact:*:123456789012:domain/b-domain" },
        ])
    );
    assert_eq!(
        statements[1]["Condition"],
        json!({
            "StringEquals": { "sts:AWSServiceName": "codeartifact.amazonaws.com" },
            "NumericLessThanEquals": { "sts:DurationSeconds": "28800" },
        })
    );
    let (_, publish) = actions(true);
    assert!(publish.contains(&"codeartifact:PublishPackageVersion".into()));
}

#[test]
fn a_bucket_gives_out_the_documents_and_nothing_else() {
    let alice = enrolled("alice", 1);
    let wanted = TemplateOptions { bucket: Some("my-documents".parse().unwrap()), ..wanted() };
    let built = crate::documents::build(std::slice::from_ref(&alice)).unwrap();
    for others in [&[][..], &["vouch.json", "index.html"]] {
        let wanted = TemplateOptions { public_files: others.to_vec(), ..wanted.clone() };
        let template = cloudformation(std::slice::from_ref(&alice), &wanted);
        let policy = resources(&template, "AWS::S3::BucketPolicy")[0];
        assert_eq!(policy["Bucket"], "my-documents");
        let statement = &policy["PolicyDocument"]["Statement"][0];
        assert_eq!(statement["Action"], "s3:GetObject");
        let paths = built.iter().map(|(path, _)| path.display().to_string());
        let objects: Vec<_> = paths
            .chain(others.iter().map(|name| (*name).to_owned()))
            .map(|path| json!({ "Fn::Sub": format!("arn:${{AWS::Partition}}:s3:::my-documents/{path}") }))
            .collect();
        assert_eq!(statement["Resource"], Value::Array(objects));
    }
}

#[test]
fn the_same_people_in_any_order_give_the_same_bytes() {
    let (alice, bob) = (enrolled("alice", 1), enrolled("bob", 2));
    let spare = TestUser::new(&format!("{HOST}/p1"), "alice", 3).enrolled();
    for format in [Format::CloudFormation, Format::Terraform] {
        for wanted in [wanted(), shared("Team")] {
            let one = template(&[alice.clone(), bob.clone(), spare.clone()], &wanted, format).unwrap();
            let other = template(&[spare.clone(), bob.clone(), alice.clone()], &wanted, format).unwrap();
            assert_eq!(one, other);
            // A spare changes nothing: keys are no business of IAM's.
            let without = template(&[alice.clone(), bob.clone()], &wanted, format).unwrap();
            assert_eq!(one, without);
        }
    }
}

#[test]
fn limits_are_counted_and_named() {
    let people: Vec<_> = (1..=101).map(|serial| enrolled(&format!("person{serial}"), serial)).collect();
    let notices = template(&people, &wanted(), Format::CloudFormation).unwrap().notices.join("\n");
    for named in ["101 of the 100", "101 of 1000", "quota", "51200"] {
        assert!(notices.contains(named), "{named}: {notices}");
    }
    let notices = template(&people[..100], &wanted(), Format::Terraform).unwrap().notices;
    assert_eq!(notices.len(), 1, "{notices:?}");

    // A shared role's trust policy grows with every user.
    let notices =
        |count: usize| template(&people[..count], &shared("Team"), Format::Terraform).map(|t| t.notices);
    assert_eq!(notices(5).unwrap().len(), 1);
    assert!(notices(10).unwrap()[1].contains("2048"));
    assert!(matches!(notices(20), Err(IamError::TrustSize { size, .. }) if size > 4096));
}

#[test]
fn more_people_than_a_template_holds_are_refused_and_none_is_left_out() {
    let people: Vec<_> = (1..=250).map(|serial| enrolled(&format!("person{serial}"), serial)).collect();
    let all = cloudformation(&people[..200], &wanted());
    assert_eq!(all["Outputs"].as_object().unwrap().len(), 200);
    assert_eq!(resources(&all, "AWS::IAM::Role").len(), 200);
    for (count, resources, outputs) in [(201, 403, 201), (250, 501, 250)] {
        let refused = error(&people[..count], &wanted());
        assert_eq!(refused, IamError::TemplateParts { resources, outputs });
        assert!(refused.to_string().contains("500 and 200") && refused.hint().unwrap().contains("terraform"));
    }
    let terraform = template(&people, &wanted(), Format::Terraform).unwrap().text;
    assert_eq!(terraform.matches("resource \"aws_iam_role\"").count(), 250);

    let bucket = TemplateOptions { bucket: Some("my-documents".parse().unwrap()), ..wanted() };
    assert!(template(&people[..100], &bucket, Format::CloudFormation).is_ok());
    assert!(matches!(error(&people, &bucket), IamError::BucketPolicySize { size } if size > 20_480));
    assert!(template(&people, &bucket, Format::Terraform).is_err(), "the bucket is the same");
}

#[test]
fn one_persons_trust_fits_whatever_their_names_are() {
    let issuer = format!("{HOST}/{}", "a".repeat(255 - HOST.len() - 1));
    let alice = TestUser::new(&issuer, "alice", 1).enrolled();
    assert_eq!(template(&[alice], &wanted(), Format::Terraform).unwrap().notices.len(), 1);
}

/// Evaluates the Terraform text and compares it with CloudFormation's: two renderings of one policy.
#[test]
fn terraform_says_the_same() {
    let odd = TestUser::new(&format!("{HOST}/p3"), "a%b~c", 3).enrolled();
    let people = [enrolled("alice", 1), enrolled("bob", 2), odd];
    let bucket = Some("my-documents".parse().unwrap());
    let wanted = TemplateOptions { publish: true, bucket, ..wanted() };
    let text = template(&people, &wanted, Format::Terraform).unwrap().text;
    let body: hcl::Body = hcl::parse(&text).unwrap();
    let plan = Plan::new(&people, &wanted).unwrap();

    let evaluated = evaluate(&body);
    let find = |kind: &str, attribute: &str| -> Vec<Value> {
        let blocks = evaluated["resource"][kind].as_object().unwrap_or_else(|| panic!("no {kind}"));
        blocks.values().map(|block| block[attribute].clone()).collect()
    };
    let documents = |kind: &str, attribute: &str| -> Vec<Value> {
        let texts = find(kind, attribute);
        texts.iter().map(|text| serde_json::from_str(text.as_str().unwrap()).unwrap()).collect()
    };
    let applied = |node: &document::Node| node.applied("aws-cn", "123456789012");
    assert_eq!(documents("aws_iam_policy", "policy"), [applied(&plan.permissions)]);
    let trusts: Vec<_> = plan.roles.iter().map(|role| applied(&role.trust)).collect();
    assert_eq!(documents("aws_iam_role", "assume_role_policy"), trusts);
    assert_eq!(documents("aws_s3_bucket_policy", "policy"), [applied(&plan.bucket.unwrap().1)]);
    assert_eq!(find("aws_iam_role", "max_session_duration"), [3600, 3600, 3600].map(Value::from));
    assert_eq!(find("aws_iam_openid_connect_provider", "url").len(), 3);
}

/// The resources as Terraform would see them in an account of China.
pub(super) fn evaluate(body: &hcl::Body) -> Value {
    use hcl::eval::{Context, Evaluate, FuncArgs, FuncDef, ParamType};

    fn jsonencode(args: FuncArgs) -> Result<hcl::Value, String> {
        serde_json::to_string(&args[0]).map(hcl::Value::from).map_err(|error| error.to_string())
    }

    let mut providers = hcl::Map::new();
    for block in body.blocks().filter(|block| {
        block.labels().first().is_some_and(|l| l.as_str() == "aws_iam_openid_connect_provider")
    }) {
        let url = block.body().attributes().find(|attribute| attribute.key() == "url").unwrap();
        let hcl::Expression::String(url) = url.expr() else { panic!("no text") };
        let arn = url.replacen("https://", "arn:aws-cn:iam::123456789012:oidc-provider/", 1);
        providers.insert(block.labels()[1].as_str().to_owned(), hcl::value!({ "arn" = arn }));
    }
    let names = |attribute: &str| {
        let roles = body
            .blocks()
            .filter(|block| block.labels().first().is_some_and(|l| l.as_str() == "aws_iam_role"));
        let named = roles.map(|block| {
            let value = hcl::Map::from_iter([(attribute.to_owned(), hcl::Value::from("x"))]);
            (block.labels()[1].as_str().to_owned(), hcl::Value::Object(value))
        });
        hcl::Value::Object(named.collect())
    };
    let mut context = Context::new();
    context.declare_func("jsonencode", FuncDef::builder().param(ParamType::Any).build(jsonencode));
    context.declare_var(
        "data",
        hcl::value!({
            "aws_partition" = { "current" = { "partition" = "aws-cn" } }
            "aws_caller_identity" = { "current" = { "account_id" = "123456789012" } }
        }),
    );
    context.declare_var("aws_iam_openid_connect_provider", hcl::Value::Object(providers));
    context.declare_var("aws_iam_role", names("name"));
    context.declare_var("aws_iam_policy", hcl::value!({ "codeartifact_access" = { "arn" = "x" } }));
    let resources = hcl::Body::from_iter(
        body.blocks().filter(|block| block.identifier() == "resource").cloned().map(hcl::Structure::Block),
    );
    hcl::from_body(resources.evaluate(&context).unwrap()).unwrap()
}

#[test]
fn other_machines_get_a_role_of_their_own_that_only_reads() {
    let users = [enrolled("alice", 1), enrolled("bob", 2)];
    for roles in [Roles::Each { prefix: DEFAULT_ROLE_PREFIX.into() }, Roles::Shared { name: "Team".into() }] {
        let with = TemplateOptions { roles, publish: true, remote: true, ..wanted() };
        let without = TemplateOptions { remote: false, ..with.clone() };
        let (template, before) = (cloudformation(&users, &with), cloudformation(&users, &without));
        for provider in resources(&template, "AWS::IAM::OIDCProvider") {
            assert_eq!(provider["ClientIdList"], json!(["sts.amazonaws.com", "vouch-remote"]));
        }
        let all = resources(&template, "AWS::IAM::Role");
        // The daily roles are as they were.
        for daily in resources(&before, "AWS::IAM::Role") {
            assert!(all.contains(&daily), "{daily}");
        }
        let remote: Vec<_> =
            all.iter().filter(|role| role["RoleName"].as_str().unwrap().contains("remote")).collect();
        assert_eq!(remote.len() * 2, all.len());
        for role in remote {
            assert_eq!(role["MaxSessionDuration"], 3600);
            assert_eq!(role["ManagedPolicyArns"], json!([{ "Ref": "CodeArtifactRemoteAccess" }]));
            for statement in role["AssumeRolePolicyDocument"]["Statement"].as_array().unwrap() {
                let conditions = statement["Condition"]["StringEquals"].as_object().unwrap();
                let (_, audience) = conditions.iter().find(|(name, _)| name.ends_with(":aud")).unwrap();
                assert_eq!((audience, conditions.len()), (&json!("vouch-remote"), 2));
            }
        }
        let policy = &template["Resources"]["CodeArtifactRemoteAccess"]["Properties"]["PolicyDocument"];
        let text = policy.to_string();
        assert!(
            text.contains(r#""sts:DurationSeconds":"3600""#) && text.contains("ReadFromRepository"),
            "{text}"
        );
        assert!(!text.contains("Publish") && !text.contains("PutPackageMetadata"), "{text}");
        let hcl = super::template(&users, &with, Format::Terraform).unwrap().text;
        assert!(hcl.contains(r#"["sts.amazonaws.com", "vouch-remote"]"#), "{hcl}");
        assert_eq!(hcl.matches("aws_iam_policy.codeartifact_remote_access.arn").count(), all.len() / 2);
    }
}

#[test]
fn a_user_who_is_called_as_anothers_remote_role_is_refused() {
    let users = [enrolled("alice", 1), enrolled("remote-alice", 2)];
    let with = TemplateOptions { remote: true, ..wanted() };
    assert!(matches!(error(&users, &with), IamError::SameName(name) if name == "CodeArtifact-remote-alice"));
}
