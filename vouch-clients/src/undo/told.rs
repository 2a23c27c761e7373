//! What an undo has to say.

use vouch_core::hint::UNDO_CLIENT;

use super::plan::{Outcome, Taken};
use crate::journal::{Remark, Way};

/// A line of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    Done(String),
    Warning(String),
    /// Nothing was done, and that is right.
    Remark(String),
}

/// What was done about one edit.
pub(super) fn told(taken: &Taken) -> Vec<Note> {
    let Taken { entry, outcome, is_first, gone, unrestored } = taken;
    let mut notes = match outcome {
        Outcome::LeftTo(heir) => vec![Note::Done(format!(
            "the lines in `{}` stay, because {heir} needs them: {} takes them out",
            entry.file.display(),
            UNDO_CLIENT.fill("CLIENT", heir)
        ))],
        Outcome::Out(way) => out(taken, way, *is_first),
    };
    notes.extend(gone.as_ref().map(|(gone, left)| Note::Done(left.told(gone))));
    notes.extend(unrestored.clone().map(Note::Warning));
    notes
}

/// `is_first` says that no earlier edit of setup is left in the file.
fn out(Taken { entry, .. }: &Taken, way: &Way, is_first: bool) -> Vec<Note> {
    let shown = entry.file.display();
    let setup = if is_first { "setup".to_owned() } else { format!("the setup of {}", entry.client) };
    let first = match way {
        Way::Absent => Note::Done(format!("`{shown}` is gone: nothing to undo in it")),
        Way::Nothing => Note::Done(format!("`{shown}` is already as it was before {setup}")),
        Way::Exact => Note::Done(format!("`{shown}` is as it was before {setup}")),
        Way::Removed => Note::Done(format!("`{shown}` is removed: it was made by setup")),
        Way::Between => Note::Done(format!(
            "the lines of {} are out of `{shown}`; what setup did there since stays",
            entry.client
        )),
        Way::Blanked(_) => {
            Note::Warning(format!("`{shown}` is as it was before {setup}, but for what may be secret"))
        }
        Way::Edited(_) => Note::Warning(format!(
            "`{shown}` was edited since: only the lines of setup were taken out, the rest stays as it is"
        )),
    };
    let told = |remark: &Remark| {
        Note::Warning(match remark {
            Remark::Stays(line) => {
                format!("this line of setup stays, because lines of yours depend on it: {line}")
            }
            Remark::Blanked(key) => format!(
                "the journal does not keep the value of `{key}`, where `[redacted]` stands now: write it there again"
            ),
            Remark::Lost(line) => format!("this line from before setup is not put back: {line}"),
        })
    };
    std::iter::once(first).chain(way.remarks().iter().map(told)).collect()
}
