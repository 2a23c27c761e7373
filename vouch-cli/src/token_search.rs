//! Looks for live tokens in files of others, in every form in which a client has them on the wire.
//!
//! Databases cut what they hold into pages, so a piece of a token counts as one: [`RUN`] bytes, which no other token has in
//! common with it by chance.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use vouch_core::Secret;
use zeroize::Zeroizing;

/// Bytes in a row that are found.
const RUN: usize = 64;
/// Bytes of a form that are compared first, at every [`STEP`] of it: any run has all of one.
const KEY: usize = 8;
const STEP: usize = 32;
const CHUNK: usize = 1 << 20;

/// No token lives longer (GetAuthorizationToken, `durationSeconds`); a file that nobody changed since then has no live one.
const LONGEST_LIFE: Duration = Duration::from_secs(12 * 3600 + 600);

/// Bytes and files that one search reads at most.
const MOST_BYTES: u64 = 4 << 30;
const MOST_FILES: usize = 500_000;

/// What is looked for.
pub(crate) struct TokenSearch {
    forms: Vec<Zeroizing<Vec<u8>>>,
    /// The keys of all forms in order, each with its form and place.
    keys: Zeroizing<Vec<(u64, usize, usize)>>,
    /// One bit for the last two bytes of each key, so that nearly every place is passed over at once.
    filter: Zeroizing<Vec<u64>>,
}

/// What came of a search.
#[derive(Debug, Default)]
pub(crate) struct Searched {
    /// Files that have a live token.
    pub(crate) found: Vec<PathBuf>,
    /// What could not be read, or where the search stopped at its bounds.
    pub(crate) left: Vec<PathBuf>,
}

impl TokenSearch {
    pub(crate) fn new(tokens: &[Secret<String>]) -> Self {
        let mut forms: Vec<Zeroizing<Vec<u8>>> = Vec::new();
        for form in tokens.iter().flat_map(|token| forms_of(token.expose())) {
            if !forms.contains(&form) && form.len() >= RUN {
                forms.push(form);
            }
        }
        let mut keys = Zeroizing::new(Vec::new());
        for (index, form) in forms.iter().enumerate() {
            let starts = form.windows(KEY).enumerate().step_by(STEP);
            keys.extend(starts.map(|(place, window)| (key(window), index, place)));
        }
        keys.sort_unstable();
        let mut filter = Zeroizing::new(vec![0; 1 << 10]);
        for (key, _, _) in keys.iter() {
            let (word, bit) = place_in_filter(*key);
            if let Some(word) = filter.get_mut(word) {
                *word |= bit;
            }
        }
        Self { forms, keys, filter }
    }

    /// All files below a folder that may have been written while a token was live. Links are not followed.
    pub(crate) fn folder(&self, folder: &Path) -> Searched {
        let since = SystemTime::now().checked_sub(LONGEST_LIFE).unwrap_or(SystemTime::UNIX_EPOCH);
        let mut searched = Searched::default();
        let mut folders = vec![folder.to_owned()];
        let (mut bytes, mut files) = (MOST_BYTES, MOST_FILES);
        while let Some(folder) = folders.pop() {
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(_) => {
                    searched.left.push(folder);
                    continue;
                }
            };
            for entry in entries {
                let Ok(entry) = entry else {
                    searched.left.push(folder.clone());
                    continue;
                };
                let metadata = match entry.metadata() {
                    Ok(metadata) => metadata,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(_) => {
                        searched.left.push(entry.path());
                        continue;
                    }
                };
                if metadata.is_dir() {
                    folders.push(entry.path());
                    continue;
                }
                if !metadata.is_file() || changed(&metadata) < since {
                    continue;
                }
                files = files.saturating_sub(1);
                let Some(rest) = bytes.checked_sub(metadata.len()).filter(|_| files > 0) else {
                    searched.left.push(entry.path());
                    return searched;
                };
                bytes = rest;
                match self.file(&entry.path()) {
                    Ok(true) => searched.found.push(entry.path()),
                    Ok(false) => {}
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(_) => searched.left.push(entry.path()),
                }
            }
        }
        searched.found.sort();
        searched
    }

    /// Whether a file has a piece of a live token.
    pub(crate) fn file(&self, path: &Path) -> io::Result<bool> {
        self.reader(File::open(path)?.take(MOST_BYTES))
    }

    fn reader(&self, mut from: impl Read) -> io::Result<bool> {
        // What is read may be a token.
        let mut buffer = Zeroizing::new(Vec::with_capacity(CHUNK + 4 * RUN));
        loop {
            let read = from.by_ref().take(CHUNK as u64).read_to_end(&mut buffer)?;
            if self.bytes(&buffer) {
                return Ok(true);
            }
            if read == 0 {
                return Ok(false);
            }
            // A run may go on in the next chunk.
            let seen = buffer.len().saturating_sub(2 * RUN);
            buffer.drain(..seen);
        }
    }

    fn bytes(&self, bytes: &[u8]) -> bool {
        bytes.windows(KEY).enumerate().any(|(at, window)| {
            let key = key(window);
            let (word, bit) = place_in_filter(key);
            if self.filter.get(word).is_none_or(|word| word & bit == 0) {
                return false;
            }
            let first = self.keys.partition_point(|(known, _, _)| *known < key);
            let same = self.keys.iter().skip(first).take_while(|(known, _, _)| *known == key);
            same.into_iter().any(|(_, form, place)| {
                let Some(form) = self.forms.get(*form) else { return false };
                run(bytes, at, form, *place) >= RUN
            })
        })
    }
}

/// How many bytes around two places are the same.
fn run(bytes: &[u8], at: usize, form: &[u8], place: usize) -> usize {
    let same = |(one, other): &(&u8, &u8)| one == other;
    let (before, after) = bytes.split_at(at);
    let (form_before, form_after) = form.split_at(place);
    after.iter().zip(form_after).take_while(same).count()
        + before.iter().rev().zip(form_before.iter().rev()).take_while(same).count()
}

fn key(window: &[u8]) -> u64 {
    window.iter().fold(0, |key, byte| key << 8 | u64::from(*byte))
}

fn place_in_filter(key: u64) -> (usize, u64) {
    (((key & 0xffff) >> 6) as usize, 1 << (key & 63))
}

/// A token as it is, as in a URL, and as Basic's user and password at each place that base64 can have it, without the ends
/// that depend on what stands beside them.
fn forms_of(token: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let encoded: String = url::form_urlencoded::byte_serialize(token.as_bytes()).collect();
    let mut forms = vec![Zeroizing::new(token.as_bytes().to_vec()), Zeroizing::new(encoded.into_bytes())];
    let pair = Zeroizing::new(format!("aws:{token}"));
    for (before, skipped) in [("", 0), ("?", 2), ("??", 3)] {
        let shifted = Zeroizing::new(format!("{before}{}", *pair));
        let whole = shifted.len() - shifted.len() % 3;
        for engine in [STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text = Zeroizing::new(engine.encode(shifted.get(..whole).unwrap_or_default()));
            forms.push(Zeroizing::new(text.bytes().skip(skipped).collect()));
        }
    }
    forms
}

/// When what is in a file was last changed; nobody can set that back where there is such a time.
#[cfg(unix)]
fn changed(metadata: &fs::Metadata) -> SystemTime {
    use std::os::unix::fs::MetadataExt;
    let seconds = u64::try_from(metadata.ctime()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
}

#[cfg(not(unix))]
fn changed(metadata: &fs::Metadata) -> SystemTime {
    metadata.modified().unwrap_or_else(|_| SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As long as a real one, with no piece twice.
    fn token(seed: u32) -> String {
        let mut state = seed;
        let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(letters[(state >> 26) as usize])
        };
        let body: String = (0..1000).map(|_| next()).collect();
        format!("eyJ2ZXIiOjEsImlzdSI6MTYwNj.{body}=")
    }

    fn search(token: &str) -> TokenSearch {
        TokenSearch::new(&[Secret::new(token.to_owned())])
    }

    fn has(search: &TokenSearch, bytes: &[u8]) -> bool {
        search.reader(bytes).unwrap()
    }

    #[test]
    fn a_token_is_found_in_every_form_and_any_64_bytes_of_it() {
        let token = token(1);
        let search = search(&token);
        for shift in 0..3 {
            let header = format!("{}aws:{token}{}", &"xyz"[..shift], &"12"[..shift % 2]);
            for text in [STANDARD_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(&header)] {
                assert!(
                    has(&search, format!("{{\"Authorization\": \"Basic {text}\"}}").as_bytes()),
                    "{shift}"
                );
            }
        }
        assert!(has(&search, format!("https://h/?token={}&x=1", token.replace('=', "%3D")).as_bytes()));
        let basic = STANDARD_NO_PAD.encode(format!("aws:{token}"));
        for form in [token.as_bytes(), basic.as_bytes()] {
            for piece in form.windows(RUN) {
                assert!(has(&search, &[b"\0\0page", piece, b"\xff"].concat()));
                let shorter = [b"\0", &piece[..RUN - 1], b"\xff"].concat();
                assert!(!has(&search, &shorter), "a piece that is too short");
            }
        }
    }

    #[test]
    fn what_lies_across_two_reads_is_found() {
        let token = token(2);
        let search = search(&token);
        for before in [CHUNK - RUN, CHUNK - 1, CHUNK - 17, 2 * CHUNK - 30, CHUNK] {
            let text = [vec![b'A'; before], token.as_bytes()[100..100 + RUN].to_vec()].concat();
            assert!(has(&search, &text), "{before}");
        }
    }

    #[test]
    fn other_tokens_are_none() {
        let search = search(&token(3));
        for seed in 4..20 {
            assert!(!has(&search, token(seed).as_bytes()));
            assert!(!has(&search, STANDARD_NO_PAD.encode(format!("aws:{}", token(seed))).as_bytes()));
        }
        assert!(!has(&TokenSearch::new(&[]), token(3).as_bytes()));
    }

    #[test]
    fn folders_are_searched_without_their_links() {
        let dir = tempfile::tempdir().unwrap();
        let token = token(5);
        let inside = dir.path().join("cache/a/b");
        fs::create_dir_all(&inside).unwrap();
        fs::write(inside.join("c"), &token).unwrap();
        fs::write(inside.join("d"), "nothing").unwrap();
        fs::write(dir.path().join("outside"), &token).unwrap();
        #[cfg(unix)]
        std::os::unix::fs::symlink(dir.path(), dir.path().join("cache/link")).unwrap();
        let searched = search(&token).folder(&dir.path().join("cache"));
        assert_eq!(searched.found, [inside.join("c")]);
        assert!(searched.left.is_empty());
        assert!(search(&token).folder(&dir.path().join("none")).found.is_empty());
    }
}
