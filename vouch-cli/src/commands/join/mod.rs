//! `vouch join`: what a team publishes, shown, agreed to, and set up in one go.

pub(crate) mod fetch;
mod handover;
mod plan;
mod show;
mod tools;

use serde_json::Map;
use vouch_clients::joins::{self, Join};
use vouch_core::config::Config;
use vouch_core::hint::{ENROLL, JOIN, LOGIN};
use vouch_core::identity::{Identity, Subject};
use vouch_core::{Context, ErrorKind, Failure, UnixTime};
use vouch_issuer::join::{Digest, JoinAddress, JoinFile, ProfileName};

use self::plan::Plan;
use self::tools::ToolsFlags;
use crate::commands::enroll::{self, KeyFlags};
use crate::{parse, prompt, terminal};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The join file of your team, such as https://id.example.com/vouch.json; with `#sha256=DIGEST` that very file alone
    #[arg(value_name = "URL", value_parser = parse::argument::<JoinAddress>)]
    address: JoinAddress,
    /// Your name in the team, such as alice [default: as you are enrolled]
    #[arg(long, value_name = "NAME", value_parser = parse::argument::<Subject>)]
    subject: Option<Subject>,
    /// Give the new profiles this name, where others have theirs
    #[arg(long = "as", value_name = "NAME")]
    name: Option<ProfileName>,
    #[command(flatten)]
    tools: ToolsFlags,
    /// Print the commands that propose your enrollment as a pull request
    #[arg(long)]
    pull_request: bool,
    #[command(flatten, next_help_heading = "YubiKey")]
    key: KeyFlags,
}

/// A join file, and what it is here.
struct Fetched {
    file: JoinFile,
    json: serde_json::Value,
    digest: Digest,
    before: Option<Join>,
    name: Option<ProfileName>,
    plan: Plan,
}

pub(crate) fn run(context: &Context, args: &Args) -> Result<(), Failure> {
    args.key.service.choose()?;
    let config = context.config()?;
    let fetched = read(context, &config, args)?;
    let Fetched { plan, before, digest, .. } = &fetched;
    // Before anybody is asked: what cannot be is not offered.
    let is_there = plan.is_there(&config, &args.address)?;
    let offers = args.tools.offers(plan, &config);
    let needs_key = needs_key(config.identity.as_ref(), before.is_some(), is_there, args);
    let is_known = is_there && before.as_ref().is_some_and(|before| before.sha256 == digest.as_str());
    if is_known {
        let at = before.as_ref().map_or_else(String::new, |before| terminal::local_time(before.at));
        terminal::done(&format!("nothing has changed in {} since you joined: {at}", args.address.url()));
        if !offers.is_empty() {
            show::overview(&args.address, &fetched.file, plan, &offers);
        }
    } else {
        tell_changes(&args.address, before.as_ref(), &fetched.file);
        show::overview(&args.address, &fetched.file, plan, &offers);
        consent(args, plan, digest, needs_key)?;
    }
    if needs_key {
        let _quiet = args.key.pin.keep_quiet();
        enroll::enroll_key(context, &plan.applicant(), &args.key, |config| plan.add(config, &args.address))?;
    } else {
        Config::update(context.home(), |config| plan.add(config, &args.address))?;
        if args.key.ask_for_a_key() {
            terminal::warn(&format!(
                "you are enrolled already, so no key was made; another one is enrolled with {}",
                ENROLL.fill("URL", plan.issuer.as_str()).fill("NAME", plan.subject.as_str())
            ));
        }
    }
    if !is_there {
        tell_profiles(&config, plan);
    }
    if !is_known {
        joins::record(context.home(), fetched.join(args))?;
    }
    let set_up = args.tools.set_up(context, &offers);
    tell_next(context, args, &fetched, needs_key)?;
    set_up
}

fn read(context: &Context, config: &Config, args: &Args) -> Result<Fetched, Failure> {
    let address = &args.address;
    let of_identity = || config.identity.as_ref().map(|identity| identity.subject.clone());
    let subject = args.subject.clone().or_else(of_identity).ok_or_else(|| {
        let hint = format!(
            "Give the name that your administrator knows you by: {}.",
            JOIN.fill("URL", address.to_string())
        );
        Failure::new(ErrorKind::Usage, "your name in the team is not known", hint)
    })?;
    let bytes = fetch::fetch(context.home(), address)?;
    let digest = address.check(&bytes)?;
    let file = JoinFile::parse(&bytes, address)?;
    let typed = args.name.as_ref().map(ProfileName::as_str);
    let before = joins::of(context.home(), address.url(), typed)?;
    let recorded = || before.as_ref()?.name.as_ref()?.parse().ok();
    let name = args.name.clone().or_else(recorded);
    let plan = Plan::new(&file, &subject, name.as_ref())?;
    // As it was checked, not as it was sent.
    let json = serde_json::to_value(&file).unwrap_or_default();
    Ok(Fetched { file, json, digest, before, name, plan })
}

impl Fetched {
    fn join(&self, args: &Args) -> Join {
        Join {
            url: args.address.url().to_owned(),
            name: self.name.as_ref().map(ProfileName::to_string),
            sha256: self.digest.as_str().to_owned(),
            pinned: args.address.digest().is_some(),
            at: UnixTime::now(),
            file: self.json.clone(),
            other: Map::new(),
        }
    }
}

/// Says what is other than at the last join.
fn tell_changes(address: &JoinAddress, before: Option<&Join>, file: &JoinFile) {
    let Some(before) = before else { return };
    let at = terminal::local_time(before.at);
    let read = serde_json::to_vec(&before.file).ok().and_then(|bytes| JoinFile::parse(&bytes, address).ok());
    let Some(known) = read else {
        terminal::warn(&format!("you joined at {at}; what the file was then can no longer be read"));
        return;
    };
    let changes = show::changes(&known, file);
    if changes.is_empty() {
        return;
    }
    terminal::warn(&format!("{} has changed since you joined, {at}:", address.url()));
    changes.iter().for_each(|line| terminal::say(&format!("  {line}")));
}

/// Asks once. Without a terminal the digest of the file is the answer.
fn consent(args: &Args, plan: &Plan, digest: &Digest, needs_key: bool) -> Result<(), Failure> {
    let address = &args.address;
    if prompt::has_user() {
        if prompt::agrees(&format!("Join {} as {}?", address.host(), plan.subject))? {
            return Ok(());
        }
        return Err(Failure::new(
            ErrorKind::Other,
            "you did not agree to join; nothing was changed",
            "Ask your administrator about what you did not expect, then run the command again.",
        ));
    }
    if address.digest().is_some() {
        return Ok(());
    }
    let join =
        JOIN.fill("URL", address.pinned(digest.clone()).to_string()).fill("NAME", plan.subject.as_str());
    let join = if needs_key { join.word("--pin-stdin") } else { join };
    Err(Failure::new(
        ErrorKind::Usage,
        "there is no terminal to ask on whether you agree; nothing was changed",
        format!(
            "Compare the digest with what your administrator tells you, then accept this very file: \
             {join}."
        ),
    ))
}

/// Whether a key has to be made, or the file of one that an interrupted join has made has to be written.
fn needs_key(identity: Option<&Identity>, has_joined: bool, is_there: bool, args: &Args) -> bool {
    identity.is_none() || (is_there && !has_joined && !args.key.out.exists())
}

fn tell_profiles(before: &Config, plan: &Plan) {
    for new in plan.aws.iter().filter(|new| !before.aws.profiles.contains_key(&new.name)) {
        terminal::done(&format!("saved AWS profile `{}`: {} in {}", new.name, new.role, new.region));
    }
    for (new, _) in
        plan.profiles.iter().filter(|(new, _)| !before.codeartifact.profiles.contains_key(&new.name))
    {
        terminal::done(&format!("saved profile `{}`: {}", new.name, new.domain));
    }
}

/// What only a person can do.
fn tell_next(context: &Context, args: &Args, fetched: &Fetched, has_new_key: bool) -> Result<(), Failure> {
    let out = &args.key.out;
    if args.pull_request {
        handover::pull_request(out, &fetched.plan)?;
    } else if has_new_key {
        let questions =
            fetched.file.questions().map_or_else(String::new, |url| format!(" (questions: {url})"));
        terminal::next(&format!("give `{}` to your administrator{questions}", out.display()));
    }
    if context.session().is_err() {
        let when = if has_new_key { " once they have added you" } else { "" };
        terminal::next(&format!("{LOGIN}{when}"));
    }
    Ok(())
}
