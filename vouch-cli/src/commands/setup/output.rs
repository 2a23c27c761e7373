//! What setup says of what it did.

use vouch_clients::inspect;
use vouch_clients::undo::without_registration;
use vouch_core::Verdict;
use vouch_core::config::{Config, Registration};
use vouch_core::endpoint::Domain;
use vouch_core::hint::{DOCTOR_ONLINE, LOGIN, SETUP_AWS};
use vouch_core::home::Home;

use super::plan::Plan;
use super::profile::{Change, Chosen, RoleState};
use super::proof::Proof;
use super::transaction::Changed;
use crate::{project_trust, terminal};

/// Tells it; `config` is the configuration after it, `finished` what followed on it.
pub(super) fn tell(plan: &Plan, changed: &Changed, home: &Home, config: &Config, finished: &[String]) {
    let profile = &plan.chosen.name;
    for note in &plan.edits.notes {
        terminal::warn(note);
    }
    project_trust::warn(&plan.targets(), &[plan.client.tool()]);
    tell_profile(plan);
    let (wanted, file) = (plan.wanted(), plan.client.file().display());
    let endpoint = &plan.registration.endpoint;
    if changed.file {
        for line in plan.client.done(&wanted) {
            terminal::done(&line);
        }
    }
    let manual = plan.client.tool().is_manual();
    if changed.config && !manual {
        let config = home.config_file();
        terminal::done(&format!(
            "{endpoint} may receive tokens of profile `{profile}`, in `{}`",
            config.display()
        ));
        if plan.is_custom {
            terminal::warn("that host is not AWS's own: tokens of the domain will be sent to it");
        }
    }
    if let Some(before) = plan.replaced.as_ref().filter(|before| before.endpoint != *endpoint) {
        terminal::say(&without_registration(before, config));
    }
    if !changed.file && !changed.config && !manual {
        let Registration { name, repository, .. } = &plan.registration;
        let name = name.as_deref().unwrap_or_else(|| repository.as_str());
        terminal::done(&format!(
            "nothing to change: registry `{name}` in `{file}` is set up for profile `{profile}`"
        ));
    }
    for line in finished {
        terminal::done(line);
    }
    for displaced in displaced(plan) {
        terminal::say(&format!(
            "{} is no longer what {} takes packages from by default; it stays set up and receives tokens. {}",
            displaced.endpoint,
            displaced.tool,
            inspect::setup(displaced).replacen("Run", "To have it back:", 1)
        ));
    }
    tell_refused(plan, config);
}

/// Tells what is still to be typed.
pub(super) fn tell_next(plan: &Plan, proof: &Proof) {
    let Chosen { profile, role, .. } = &plan.chosen;
    tell_role(role, &profile.domain());
    match proof {
        Proof::NoSession if plan.client.tool().is_manual() => terminal::next(&format!("{LOGIN}")),
        Proof::NoSession => terminal::next(&format!(
            "{LOGIN}; then {DOCTOR_ONLINE} proves that {} answers",
            plan.registration.repository
        )),
        _ => {}
    }
    terminal::next(&plan.client.next(&plan.wanted()));
}

fn tell_profile(plan: &Plan) {
    let Chosen { name, profile, change, region, .. } = &plan.chosen;
    let domain = profile.domain();
    let stands_for = format!("profile `{name}`: {domain} (region: {region})");
    match change {
        Change::Kept => {}
        Change::Relinked => {
            let link = profile.aws_profile.as_deref().unwrap_or_default();
            terminal::done(&format!("profile `{name}`: AWS profile `{link}` reads {domain}"));
        }
        Change::Made => terminal::done(&stands_for),
        Change::MadeBeside { name, domain: other } => {
            terminal::done(&format!("{stands_for}; `{name}` stays {other}"));
        }
        Change::Changed { was } => {
            let refused = match plan.standing.verdict(name) {
                Verdict::Refused => ", which AWS refused",
                Verdict::Answered | Verdict::Unasked => "",
            };
            terminal::warn(&format!("profile `{name}` was {was}{refused}"));
            terminal::done(&stands_for);
        }
    }
}

/// Registrations that held the place which the new one has now.
fn displaced(plan: &Plan) -> impl Iterator<Item = &Registration> {
    let Plan { registration, replaced, before, .. } = plan;
    let registrations = before.codeartifact.registrations.iter();
    let others = registrations.filter(|known| known.endpoint != registration.endpoint);
    others.filter(|known| inspect::share_a_place(known, registration) && replaced.as_ref() != Some(known))
}

/// Others that were set up with what AWS refused, and how each is corrected.
fn tell_refused(plan: &Plan, config: &Config) {
    let Some(replaced) = plan.replaced.as_ref() else { return };
    let chosen = &plan.chosen.name;
    if replaced.profile == *chosen || plan.standing.verdict(&replaced.profile) != Verdict::Refused {
        return;
    }
    let gone = plan.before.codeartifact.profiles.get(&replaced.profile);
    if let Some(gone) = gone.filter(|_| !config.codeartifact.profiles.contains_key(&replaced.profile)) {
        terminal::warn(&format!(
            "profile `{}` was {}, which AWS refused: it is removed, as nothing else uses it",
            replaced.profile,
            gone.domain()
        ));
    }
    let registrations = config.codeartifact.registrations.iter();
    for other in registrations.filter(|known| known.profile == replaced.profile) {
        terminal::warn(&format!(
            "{} is still set up with profile `{}`, which AWS refused",
            inspect::label(other),
            other.profile
        ));
        let corrected = Registration { profile: chosen.clone(), ..other.clone() };
        terminal::next(inspect::setup(&corrected).trim_start_matches("Run ").trim_end_matches('.'));
    }
}

fn tell_role(role: &RoleState, domain: &Domain) {
    match role {
        RoleState::Served { own_account: true, .. } => {}
        RoleState::Served { aws_profile, .. } => terminal::say(&format!(
            "using AWS profile `{aws_profile}`; its role is in another account, so the domain policy must allow it"
        )),
        RoleState::Missing { aws_profile: None } => {
            terminal::next(&format!("{SETUP_AWS} with a role that may read {domain}"));
        }
        RoleState::Missing { aws_profile: Some(name) } => {
            terminal::next(&SETUP_AWS.flag("--profile", name).to_string());
        }
    }
}
