//! What an edit did to a text, line by line, and the way back.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::line::{Found, Line, Remark, captured};
use crate::text::redact::{self, Dialect, Part};

/// Lines that took the place of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Hunk {
    /// The first of the new lines, counted from 0 in the text after the edit.
    pub(super) at: usize,
    pub(super) removed: Vec<Line>,
    pub(super) added: Vec<Line>,
}

/// What an edited text still had of the edit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RemainingText {
    pub text: String,
    /// For the person: what is not as it was before the edit.
    pub remarks: Vec<Remark>,
}

/// Whether a text ends within a line.
pub(crate) fn is_open(text: &str) -> bool {
    !text.is_empty() && !text.ends_with('\n')
}

/// What leads from one text to another, without what must not be kept.
///
/// A last line that only got its end is no change: it may hold a secret, and could not be put back.
pub(crate) fn hunks(before: &str, after: &str, dialect: Dialect) -> Vec<Hunk> {
    let after = &*closed(after, usual_end(after));
    let last = split(before).last().copied().unwrap_or_default();
    let end = if after.contains(&format!("{last}\r\n")) { "\r\n" } else { "\n" };
    let before = &*closed(before, end);
    let (old, new) = (split(before), split(after));
    let (old_kept, new_kept) = redact::kept(dialect, before, after);
    let lines = |kept: Vec<Vec<Part>>| kept.into_iter().map(Line::new).collect::<Vec<_>>();
    let (old_kept, new_kept) = (lines(old_kept), lines(new_kept));
    let part = |lines: &[Line], range: Range<usize>| lines.get(range).unwrap_or_default().to_vec();
    capture_diff_slices(Algorithm::Myers, &old, &new)
        .iter()
        .filter(|op| !matches!(op, DiffOp::Equal { .. }))
        .map(|op| Hunk {
            at: op.new_range().start,
            removed: part(&old_kept, op.old_range()),
            added: part(&new_kept, op.new_range()),
        })
        .collect()
}

/// The text before, from exactly the text after; none where the hunks are not of that text. `open` says whether it ended
/// within a line. Remarks name what could not be put back: a secret that is no longer in the text.
pub(crate) fn reverse(hunks: &[Hunk], after: &str, open: bool) -> Option<RemainingText> {
    let mut lines = Lines::of(after);
    let back = lines.before(hunks)?;
    let remarks = back.remarks.clone();
    lines.put_back(hunks, back, open);
    Some(RemainingText { text: lines.text(), remarks })
}

/// A text line by line, on its way back through edits: each costs what it changed, not what the file holds.
#[derive(Debug, Clone)]
pub(super) struct Lines(Vec<String>);

/// What stood in the places of an edit before.
pub(super) struct Before {
    lines: Vec<Vec<String>>,
    /// What could not be put back whole.
    pub(super) remarks: Vec<Remark>,
}

impl Lines {
    pub(super) fn of(text: &str) -> Self {
        Self(split(text).into_iter().map(str::to_owned).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn text(&self) -> String {
        self.0.concat()
    }

    /// What the hunks replaced; none where they are not of this text.
    pub(super) fn before(&self, hunks: &[Hunk]) -> Option<Before> {
        let mut found = Found::new();
        for hunk in hunks {
            let block = self.0.get(hunk.at..hunk.at.checked_add(hunk.added.len())?)?;
            found.extend(captured(&hunk.added, block)?);
        }
        let mut remarks = Vec::new();
        let mut lines = Vec::new();
        for hunk in hunks.iter().rev() {
            let removed: Option<Vec<_>> =
                hunk.removed.iter().map(|line| line.back(&found, &mut remarks)).collect();
            lines.push(removed?);
        }
        Some(Before { lines, remarks })
    }

    /// Puts in place what [`Self::before`] answered. `open` says whether the text before ended within a line.
    pub(super) fn put_back(&mut self, hunks: &[Hunk], before: Before, open: bool) {
        let end = self.0.first().map_or("\n", |first| usual_end(first));
        if let Some(last) = self.0.last_mut().filter(|last| is_open(last)) {
            last.push_str(end);
        }
        for (hunk, lines) in hunks.iter().rev().zip(before.lines) {
            // The hunks are of this text: the first look found every line of them.
            let (start, end) = (hunk.at.min(self.0.len()), (hunk.at + hunk.added.len()).min(self.0.len()));
            self.0.splice(start..end, lines);
        }
        if let Some(last) = self.0.last_mut().filter(|_| open) {
            last.truncate(without_end_of_last_line(last).len());
        }
        self.0.pop_if(|last| last.is_empty());
    }
}

/// A number above those of all secrets in an edit.
pub(crate) fn secrets_end(hunks: &[Hunk]) -> usize {
    let lines = hunks.iter().flat_map(|hunk| hunk.removed.iter().chain(&hunk.added));
    lines.flat_map(Line::secrets).max().map_or(0, |last| last + 1)
}

/// Takes the edit out of a text that was edited since: its lines go, everything else stays.
pub(crate) fn take_out(hunks: &[Hunk], text: &str) -> RemainingText {
    let mut lines: Vec<String> = split(text).into_iter().map(str::to_owned).collect();
    let mut remarks = Vec::new();
    for hunk in hunks.iter().rev() {
        hunk.take(&mut lines, &mut remarks);
    }
    RemainingText { text: join(&lines, text), remarks }
}

impl Hunk {
    fn take(&self, lines: &mut Vec<String>, remarks: &mut Vec<Remark>) {
        match (self.place(lines), self.elements()) {
            (Some(at), _) => self.take_block(lines, at, remarks),
            (None, Some(elements)) => elements.iter().rev().for_each(|element| element.take(lines, remarks)),
            (None, None) if self.take_inner(lines, remarks) => {}
            (None, None) => self.take_lines(lines, remarks),
        }
    }

    /// The elements beside each other that the new lines are, if they are more than one: each can be taken out by itself.
    fn elements(&self) -> Option<Vec<Self>> {
        let mut elements = Vec::new();
        let mut rest = self.added.as_slice();
        while let Some(first) = rest.first().filter(|_| self.removed.is_empty()) {
            let open = first.shown();
            let end = rest.iter().position(|line| {
                is_element(&open, &line.shown()) && indent(&open) == indent(&line.shown())
            })?;
            let (element, behind) = rest.split_at_checked(end + 1)?;
            let at = self.at + self.added.len() - rest.len();
            elements.push(Self { at, removed: Vec::new(), added: element.to_vec() });
            rest = behind;
        }
        (elements.len() > 1).then_some(elements)
    }

    /// Where all new lines stand together, as near as can be to where the edit put them.
    fn place(&self, lines: &[String]) -> Option<usize> {
        if self.added.iter().all(Line::is_empty) {
            return None;
        }
        let fits = |at: &usize| {
            let block = lines.get(*at..*at + self.added.len()).unwrap_or_default();
            block.len() == self.added.len() && self.added.iter().zip(block).all(|(ours, line)| ours.is(line))
        };
        (0..lines.len()).filter(fits).min_by_key(|at| at.abs_diff(self.at))
    }

    fn take_block(&self, lines: &mut Vec<String>, at: usize, remarks: &mut Vec<Remark>) {
        let mut back = Vec::new();
        let block = lines.get(at..at + self.added.len()).unwrap_or_default();
        let found = captured(&self.added, block).unwrap_or_default();
        for line in &self.removed {
            match line.back(&found, remarks) {
                Some(whole) => back.push(whole),
                None => remarks.push(Remark::Lost(line.shown())),
            }
        }
        lines.splice(at..at + self.added.len(), back);
    }

    /// Takes what is inside an element out, where the element itself holds something else by now.
    fn take_inner(&self, lines: &mut Vec<String>, remarks: &mut Vec<Remark>) -> bool {
        let mut outer = Vec::new();
        let mut inner = self.added.as_slice();
        while let [open, rest @ .., close] = inner
            && self.removed.is_empty()
            && is_element(&open.shown(), &close.shown())
        {
            outer.extend([open, close]);
            inner = rest;
            let part = Self { at: self.at, removed: Vec::new(), added: inner.to_vec() };
            if part.place(lines).is_some()
                || part.elements().is_some_and(|all| all.iter().all(|one| one.place(lines).is_some()))
            {
                part.take(lines, remarks);
                let stays = |line: &&Line| lines.iter().any(|text| line.is(text));
                let stay = outer.iter().copied().filter(stays);
                remarks.extend(stay.map(|line| Remark::Stays(line.shown().trim().to_owned())));
                return true;
            }
        }
        false
    }

    /// Takes those lines out that are still there, where that cannot give another meaning to what stays.
    fn take_lines(&self, lines: &mut Vec<String>, remarks: &mut Vec<Remark>) {
        let replaced = |line: &&Line| self.removed.iter().any(|old| old.shown() == line.shown());
        let ours: Vec<&Line> = self.added.iter().filter(|line| !line.is_empty() && !replaced(line)).collect();
        remarks.extend(
            self.removed
                .iter()
                .filter(|old| !old.is_empty() && !self.added.iter().any(|line| line.shown() == old.shown()))
                .map(|old| Remark::Lost(old.shown())),
        );
        let found = self.found(&ours, lines);
        let nested = ours.iter().any(|line| line.is_nested());
        let mut out = Vec::new();
        for (place, at) in found.iter().enumerate() {
            let Some(line) = lines.get(*at) else { continue };
            let rest = lines.iter().enumerate().skip(at + 1);
            let mut rest = rest.filter(|(at, _)| !found.iter().skip(place + 1).any(|ours| ours == at));
            let next = rest.find(|(_, line)| !line.trim().is_empty());
            // The heading of lines that are not ours is theirs by now.
            let heads_others = is_heading(line) && next.is_some_and(|(_, line)| !is_heading(line));
            // A secret of before the edit is nowhere else.
            let held = |ours: &&Line| ours.is(line) && self.removed.iter().any(|old| old.shares_secret(ours));
            if nested || heads_others || ours.iter().copied().any(|line| held(&line)) {
                remarks.push(Remark::Stays(line.trim().to_owned()));
            } else {
                out.push(*at);
            }
        }
        for at in out.iter().rev() {
            lines.remove(*at);
        }
    }

    /// Which lines of the text are the first of ours and those that follow it in its section.
    fn found(&self, ours: &[&Line], lines: &[String]) -> Vec<usize> {
        let mut found: Vec<usize> = Vec::new();
        for line in ours {
            let from = found.last().map_or(0, |last| last + 1);
            let candidates = lines.iter().enumerate().skip(from);
            let at = if found.is_empty() {
                let same = candidates.filter(|(_, text)| line.is(text)).map(|(at, _)| at);
                same.min_by_key(|at| at.abs_diff(self.at))
            } else if is_heading(&line.shown()) {
                candidates.filter(|(_, text)| line.is(text)).map(|(at, _)| at).next()
            } else {
                let mut section = candidates.take_while(|(_, text)| !is_heading(text));
                section.find(|(_, text)| line.is(text)).map(|(at, _)| at)
            };
            match at {
                Some(at) => found.push(at),
                // Without the first there is no telling whose the others are.
                None if found.is_empty() => return found,
                None => {}
            }
        }
        found
    }
}

fn is_heading(line: &str) -> bool {
    let line = line.trim();
    line.starts_with('[') && line.ends_with(']')
}

fn indent(line: &str) -> &str {
    line.get(..line.len() - line.trim_start().len()).unwrap_or_default()
}

/// Whether an element of XML begins with one line and ends with another.
fn is_element(open: &str, close: &str) -> bool {
    let name = open.trim().strip_prefix('<').and_then(|open| open.strip_suffix('>'));
    name.is_some_and(|name| {
        close.trim().strip_prefix("</").and_then(|end| end.strip_suffix('>')) == Some(name)
    })
}

/// With an end behind the last line.
pub(super) fn closed<'a>(text: &'a str, end: &str) -> Cow<'a, str> {
    if is_open(text) { Cow::Owned(format!("{text}{end}")) } else { Cow::Borrowed(text) }
}

/// How the first line ends.
pub(super) fn usual_end(text: &str) -> &'static str {
    if text.split_once('\n').is_some_and(|(first, _)| first.ends_with('\r')) { "\r\n" } else { "\n" }
}

pub(super) fn without_end_of_last_line(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}

pub(super) fn split(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// The lines as one text, each but the last with an end.
fn join(lines: &[String], like: &str) -> String {
    let end = usual_end(like);
    let mut text = String::new();
    for line in lines {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push_str(end);
        }
        text.push_str(line);
    }
    text
}

#[cfg(test)]
#[path = "patch_tests.rs"]
mod tests;
