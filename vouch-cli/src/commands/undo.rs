//! `vouch undo`: takes back what setup did to somebody's files.

use clap::Args as ClapArgs;
use vouch_clients::node::npm::registration::{Filter, places};
use vouch_clients::node::npm::tokens;
use vouch_core::config::{Config, Registration};
use vouch_core::home::Home;
use vouch_core::{Context, ErrorKind, Failure};

use crate::terminal;
use vouch_clients::edited_file::EditedFile;
use vouch_clients::journal::{self, Entry, Gone, Link, Registered, Remark, WayBack};
use vouch_clients::tool::Tool;

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// Take back everything that setup did for this client, such as cargo [default: the last setup alone]
    client: Option<String>,
    /// Show what setup did and change nothing
    #[arg(long)]
    list: bool,
}

pub(crate) fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let home = context.home();
    let entries = journal::entries(home)?;
    let named: Vec<&Entry> = entries
        .iter()
        .filter(|entry| args.client.as_ref().is_none_or(|client| entry.client == *client))
        .collect();
    if args.list {
        let links = journal::links(home)?;
        let of_client = |link: &Link| args.client.as_ref().is_none_or(|client| link.client == *client);
        return list(&named, &links.into_iter().filter(of_client).collect::<Vec<_>>());
    }
    let live: Vec<&Entry> = named.iter().rev().copied().filter(|entry| entry.is_live()).collect();
    let Some(last) = live.first() else { return Err(nothing_left(&args, &entries, &named)) };
    let (now, rest): (Vec<&Entry>, Vec<&Entry>) =
        live.iter().partition(|entry| args.client.is_some() || entry.run == last.run);
    for entry in now {
        match entries.iter().find(|later| entry.serves(later)) {
            Some(heir) => leave_to(home, entry, heir)?,
            None => take_back(home, entry)?,
        }
    }
    take_back_links(home)?;
    if let Some(next) = rest.first() {
        terminal::next(&format!("`vouch undo` again takes back the setup of {} before it", next.client));
    }
    Ok(())
}

fn list(entries: &[&Entry], links: &[Link]) -> Result<(), Failure> {
    if entries.is_empty() && links.is_empty() {
        terminal::say("setup has edited no file");
    }
    let line = |entry: &&Entry| {
        let mut line =
            format!("{}  {}  `{}`", terminal::local_time(entry.at), entry.client, entry.file.display());
        if let Some(Registered { after, .. }) = &entry.registration {
            line.push_str(&format!("  {}", after.endpoint));
        }
        if let Some(at) = entry.taken_back_at {
            line.push_str(&format!("  (taken back {})", terminal::local_time(at)));
        }
        line + "\n"
    };
    let link = |Link { at, client, path, program, .. }: &Link| {
        let (at, program) = (terminal::local_time(*at), program.display());
        format!("{at}  {client}  `{}`  (a link to `{program}`)\n", path.display())
    };
    let lines = entries.iter().map(line).chain(links.iter().map(link));
    terminal::print(&lines.collect::<String>())
}

fn nothing_left(args: &Args, all: &[Entry], named: &[&Entry]) -> Failure {
    let done = named.iter().filter_map(|entry| Some((entry, entry.taken_back_at?)));
    if let Some((entry, at)) = done.max_by_key(|(_, at)| *at) {
        let command = match entry.client.as_str() {
            "aws" => "vouch setup aws".to_owned(),
            client => format!("vouch setup codeartifact --tool {client}"),
        };
        return Failure::new(
            ErrorKind::Other,
            format!(
                "nothing is left to take back: that was done already, for {} at {}",
                entry.client,
                terminal::local_time(at)
            ),
            format!("An undo is not undone: run `{command}` again instead."),
        );
    }
    let mut clients: Vec<_> =
        all.iter().filter(|entry| entry.is_live()).map(|entry| entry.client.as_str()).collect();
    clients.sort_unstable();
    clients.dedup();
    let hint = match clients.as_slice() {
        [] => "`vouch undo --list` shows what setup did.".to_owned(),
        clients => format!("There is something of {}.", clients.join(", ")),
    };
    let what = args.client.as_ref().map(|client| format!(" for `{client}`")).unwrap_or_default();
    Failure::new(
        ErrorKind::Other,
        format!("nothing is there to take back: setup has edited no file{what}"),
        hint,
    )
}

/// The lines of a client stay where another one needs them.
fn leave_to(home: &Home, entry: &Entry, heir: &Entry) -> Result<(), Failure> {
    if let Some(registered) = &entry.registration {
        let _ = Config::update(home, |config| Ok::<_, Failure>(unregister(config, registered)))?;
    }
    journal::hand_over(home, entry.id, heir)?;
    terminal::done(&format!(
        "the lines in `{}` stay, because {} needs them: `vouch undo {}` takes them out",
        entry.file.display(),
        heir.client,
        heir.client
    ));
    Ok(())
}

/// The file first and then the registration: nothing may keep receiving tokens because of an edit that is gone.
fn take_back(home: &Home, entry: &Entry) -> Result<(), Failure> {
    if let Some(registered) = &entry.registration {
        remove_static_token(home, &registered.after)?;
    }
    let file = EditedFile::read(entry.file.clone())?;
    let shown = entry.file.display();
    let way = entry.way_back(file.existing_text());
    match &way {
        WayBack::Nothing => {}
        WayBack::Exact(Some(text)) => file.restore(text)?,
        WayBack::Exact(None) | WayBack::EditedAway => file.remove(&entry.made_folders)?,
        WayBack::Blanked(taken) | WayBack::Edited(taken) => file.restore(&taken.text)?,
    }
    let unregistered = match &entry.registration {
        Some(registered) => Config::update(home, |config| Ok::<_, Failure>(unregister(config, registered)))?,
        None => false,
    };
    journal::mark_taken_back(home, entry.id)?;
    match way {
        WayBack::Nothing if file.existing_text().is_none() => {
            terminal::done(&format!("`{shown}` is gone: nothing to take back in it"));
        }
        WayBack::Nothing => terminal::done(&format!("`{shown}` is already as it was before setup")),
        WayBack::Exact(Some(_)) => terminal::done(&format!("`{shown}` is as it was before setup")),
        WayBack::Exact(None) | WayBack::EditedAway => {
            terminal::done(&format!("`{shown}` is removed: it was made by setup"));
        }
        WayBack::Blanked(taken) => {
            terminal::warn(&format!("`{shown}` is as it was before setup, but for what may be secret"));
            taken.remarks.iter().for_each(tell);
        }
        WayBack::Edited(taken) => {
            terminal::warn(&format!(
                "`{shown}` was edited since: only the lines of setup were taken out, the rest stays as it is"
            ));
            for remark in &taken.remarks {
                tell(remark);
            }
        }
    }
    if let (true, Some(registered)) = (unregistered, &entry.registration) {
        terminal::done(&format!("{} no longer receives tokens", registered.after.endpoint));
    }
    Ok(())
}

/// Links that setup made, once nobody who was set up with them is left.
fn take_back_links(home: &Home) -> Result<(), Failure> {
    let links = journal::links(home)?;
    if links.is_empty() {
        return Ok(());
    }
    let config = Config::load(home)?;
    let mut users: Vec<&str> =
        config.codeartifact.registrations.iter().map(|registration| registration.tool.as_str()).collect();
    users.retain(|tool| Tool::named(tool).is_some_and(Tool::uses_linked_keyring));
    users.sort_unstable();
    users.dedup();
    for link in links {
        let shown = link.path.display();
        if !users.is_empty() {
            terminal::say(&format!("`{shown}` stays: {} asks it", users.join(", ")));
            continue;
        }
        match link.take_back(home)? {
            Gone::Removed => terminal::done(&format!("`{shown}` is removed: it was made by setup")),
            Gone::Before => {}
            Gone::Replaced => terminal::warn(&format!("`{shown}` is no longer what setup made: it stays")),
        }
    }
    Ok(())
}

/// What was written after setup, and anew each day: the token of a client that cannot ask for one.
fn remove_static_token(home: &Home, registration: &Registration) -> Result<(), Failure> {
    let mut config = Config::load(home)?;
    let others = std::mem::take(&mut config.codeartifact.registrations);
    let is_it = |known: &Registration| {
        (&known.tool, &known.name, &known.file)
            == (&registration.tool, &registration.name, &registration.file)
    };
    config.codeartifact.registrations.push(registration.clone());
    let ours = places(&config, Filter::default());
    config.codeartifact.registrations = others.into_iter().filter(|known| !is_it(known)).collect();
    let shared = places(&config, Filter::default());
    if ours.iter().any(|place| shared.iter().any(|known| known.key == place.key && known.file == place.file))
    {
        return Ok(());
    }
    config.codeartifact.registrations = vec![registration.clone()];
    for (_, removed) in tokens::remove(home, &config, Filter::default()) {
        removed?;
    }
    Ok(())
}

fn tell(remark: &Remark) {
    match remark {
        Remark::Stays(line) => {
            terminal::warn(&format!("this line of setup stays, because lines of yours depend on it: {line}"))
        }
        Remark::Blanked(key) => terminal::warn(&format!(
            "the journal does not keep the value of `{key}`, where `[redacted]` stands now: write it there again"
        )),
        Remark::Lost(line) => terminal::warn(&format!("this line from before setup is not put back: {line}")),
    }
}

/// Puts the registration back that was there before; whether that takes one away.
fn unregister(config: &mut Config, Registered { before, after }: &Registered) -> bool {
    let registrations = &mut config.codeartifact.registrations;
    let place = registrations.iter().position(|known| {
        known.tool == after.tool
            && known.endpoint == after.endpoint
            && known.name == after.name
            && known.file == after.file
    });
    match (place, before) {
        (Some(place), None) => {
            registrations.remove(place);
            true
        }
        (Some(place), Some(before)) => {
            let others = before.endpoint != after.endpoint;
            if let Some(known) = registrations.get_mut(place) {
                *known = before.clone();
            }
            others
        }
        (None, _) => false,
    }
}
