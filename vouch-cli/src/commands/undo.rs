//! `vouch undo`: takes back what setup did to somebody's files.

use clap::Args as ClapArgs;
use vouch_clients::edited_file::EditedFile;
use vouch_clients::journal::{self, Entry, Link, Registered};
use vouch_clients::undo::{FilePreview, Note, Preview, Undo};
use vouch_core::config::Config;
use vouch_core::hint::{SETUP_AWS_TOOLS, SETUP_TOOL, UNDO, UNDO_LIST};
use vouch_core::home::Home;
use vouch_core::{Context, ErrorKind, Failure};

use crate::{preview, terminal};

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// Undo everything that setup did for this client, such as cargo [default: the last setup alone]
    client: Option<String>,
    /// Undo everything that setup did for all clients
    #[arg(long, conflicts_with = "client")]
    all: bool,
    /// Show what setup did and change nothing
    #[arg(long, conflicts_with = "all")]
    list: bool,
    /// Show what would be undone and write nothing
    #[arg(long, conflicts_with = "list")]
    dry_run: bool,
}

pub(crate) fn run(context: &Context, args: Args) -> Result<(), Failure> {
    let home = context.home();
    let only_looks = args.list || args.dry_run;
    let is_needed = !only_looks && journal::entries(home)?.iter().any(Entry::is_live);
    let mut undo = if is_needed { Some(Undo::begin(home)?) } else { None };
    // Which setup is the last is decided once nobody else can set up.
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
    let Some(last) = live.first() else {
        // What an undo left that was cut short.
        let links = if args.dry_run || journal::links(home)?.is_empty() {
            Vec::new()
        } else {
            undo.take().map_or_else(|| Undo::begin(home), Ok)?.links()?
        };
        let notes = links.into_iter().collect::<Result<Vec<_>, _>>()?;
        let has_undone = notes.iter().any(|note| matches!(note, Note::Done(_)));
        notes.iter().for_each(tell);
        return if has_undone { Ok(()) } else { Err(nothing_left(&args, &entries, &named)) };
    };
    let (now, rest): (Vec<&Entry>, Vec<&Entry>) =
        live.iter().partition(|entry| args.all || args.client.is_some() || entry.run == last.run);
    if args.dry_run {
        return dry_run(home, &now);
    }
    revert(&undo.map_or_else(|| Undo::begin(home), Ok)?, &now)?;
    if let Some(next) = rest.first() {
        terminal::next(&format!("{UNDO} again undoes the setup of {} before it", next.client));
    }
    Ok(())
}

/// Takes edits back, the last first, and then links that nobody needs any more; what fails keeps nothing else from it.
fn revert(undo: &Undo<'_>, entries: &[&Entry]) -> Result<(), Failure> {
    let ids: Vec<u64> = entries.iter().map(|entry| entry.id).collect();
    let (notes, mut failures) = undo.entries(&ids);
    notes.iter().for_each(tell);
    for link in undo.links().unwrap_or_else(|failure| vec![Err(failure)]) {
        match link {
            Ok(note) => tell(&note),
            Err(failure) if failures.contains(&failure) => {}
            Err(failure) => failures.push(failure),
        }
    }
    let Some(last) = failures.pop() else { return Ok(()) };
    for failure in &failures {
        terminal::report(failure);
    }
    Err(last)
}

/// Says what [`revert`] would do, and shows the files as `setup --dry-run` does. Writes nothing.
fn dry_run(home: &Home, entries: &[&Entry]) -> Result<(), Failure> {
    let mut preview = Preview::begin(home)?;
    let ids: Vec<u64> = entries.iter().map(|entry| entry.id).collect();
    let mut would = preview.entries(&ids)?;
    would.extend(preview.links()?);
    would.iter().for_each(|line| terminal::say(line));
    let mut diff = String::new();
    for FilePreview { path, dialect, before, after } in preview.files() {
        let texts = (before.unwrap_or_default(), after.unwrap_or_default());
        match dialect {
            Some(dialect) => diff.push_str(&preview::diff(path, dialect, texts)),
            // Without it, what is secret in the file cannot be told.
            None if texts.0 != texts.1 => {
                terminal::say(&format!(
                    "the change of `{}` is not shown: an earlier version made it",
                    path.display()
                ));
            }
            None => {}
        }
    }
    if *preview.config() != Config::load(home)? {
        let text = EditedFile::read(home.config_file())?;
        let after = preview.config().to_json(home)?;
        diff.push_str(&preview::own_diff(&home.config_file(), (text.text(), &after)));
    }
    terminal::print(&diff)
}

fn tell(note: &Note) {
    match note {
        Note::Done(text) => terminal::done(text),
        Note::Warning(text) => terminal::warn(text),
        Note::Remark(text) => terminal::say(text),
    }
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
        if let Some(at) = entry.reverted_at {
            line.push_str(&format!("  (undone {})", terminal::local_time(at)));
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
    let done = named.iter().filter_map(|entry| Some((entry, entry.reverted_at?)));
    if let Some((entry, at)) = done.max_by_key(|(_, at)| *at) {
        let command = match entry.client.as_str() {
            "aws" => SETUP_AWS_TOOLS,
            client => SETUP_TOOL.fill("TOOL", client),
        };
        return Failure::new(
            ErrorKind::Other,
            format!("nothing to undo: {} was undone at {}", entry.client, terminal::local_time(at)),
            format!("An undo cannot be reverted: run {command} again instead."),
        );
    }
    let mut clients: Vec<_> =
        all.iter().filter(|entry| entry.is_live()).map(|entry| entry.client.as_str()).collect();
    clients.sort_unstable();
    clients.dedup();
    let hint = match clients.as_slice() {
        [] => format!("{UNDO_LIST} shows what setup did."),
        clients => format!("You can undo: {}.", clients.join(", ")),
    };
    let what = args.client.as_ref().map(|client| format!(" for `{client}`")).unwrap_or_default();
    Failure::new(ErrorKind::Other, format!("nothing to undo: setup has edited no file{what}"), hint)
}
