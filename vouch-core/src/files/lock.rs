//! Locks between processes, and who holds one.

use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

/// How long a waiter sleeps between two tries; short beside an exchange, long beside a system call.
const POLL: Duration = Duration::from_millis(5);

/// How long a lock says that what was made under it could not be kept.
const FUTILE_TTL: Duration = Duration::from_secs(5);

/// An exclusive lock between processes; it ends with the value, or with the process that holds it.
#[derive(Debug)]
pub struct Lock {
    file: File,
    is_futile: bool,
}

/// Why a lock was not had.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    #[error("{holder} held `{path}` for too long")]
    TimedOut { path: PathBuf, holder: Holder },
    #[error("cannot lock `{path}`")]
    Io { path: PathBuf, source: io::Error },
}

impl Lock {
    /// Waits for the lock until `deadline`, calling `between` after every vain try; when that returns a value the
    /// wait is over and the value is the answer.
    ///
    /// The lock file is made if it is missing and never deleted: two processes must not lock two files of one name.
    /// Who has the lock writes its process id into it, for the message of those who wait in vain.
    ///
    /// # Errors
    /// When the deadline passes, or the file cannot be opened or locked.
    pub fn acquire_unless<T>(
        path: &Path,
        deadline: Instant,
        mut between: impl FnMut() -> Option<T>,
    ) -> Result<Result<Self, T>, LockError> {
        let wrong = |source| LockError::Io { path: path.to_owned(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(wrong)?;
        loop {
            match file.try_lock() {
                Ok(()) => {
                    let is_futile = is_marked(&file) || sign(&file).is_err();
                    return Ok(Ok(Self { file, is_futile }));
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(wrong(source)),
            }
            if let Some(answer) = between() {
                return Ok(Err(answer));
            }
            if Instant::now() >= deadline {
                return Err(LockError::TimedOut { path: path.to_owned(), holder: Holder::of(path) });
            }
            thread::sleep(POLL);
        }
    }

    /// Waits for the lock until `deadline`.
    ///
    /// # Errors
    /// As [`Lock::acquire_unless`].
    pub fn acquire(path: &Path, deadline: Instant) -> Result<Self, LockError> {
        match Self::acquire_unless(path, deadline, || None::<std::convert::Infallible>)? {
            Ok(lock) => Ok(lock),
            Err(never) => match never {},
        }
    }

    /// Whether waiting for this lock is in vain, as nothing can be kept where it is: its holder before said so a moment
    /// ago, or not even a process id could be written into it.
    pub fn is_futile(&self) -> bool {
        self.is_futile
    }

    /// Says to those who get this lock next that what was made under it could not be kept.
    ///
    /// The mark takes the place of the line end behind the process id. It needs no new block on a full disk and no new
    /// name in a directory that takes none; a lock that took no process id is futile without it.
    pub fn mark_futile(&self) {
        let _ = put(&self.file, FUTILE);
    }
}

/// What is behind the process id: as usual, and where nothing could be kept.
const SIGNED: char = '\n';
const FUTILE: char = '!';

/// Writes the process id into a lock file.
fn sign(file: &File) -> io::Result<()> {
    put(file, SIGNED)
}

/// Always as many bytes, so that nothing of an earlier one stays.
fn put(mut file: &File, end: char) -> io::Result<()> {
    file.rewind()?;
    file.write_all(format!("{:>10}{end}", std::process::id()).as_bytes())
}

/// Whether the holder before marked the lock, and not long ago: what was full may have room again.
fn is_marked(mut file: &File) -> bool {
    let mut end = [0];
    let at = || file.metadata()?.modified();
    file.seek(SeekFrom::Start(10)).is_ok()
        && file.read_exact(&mut end).is_ok()
        && char::from(end[0]) == FUTILE
        // A mark from the future was made before the clock was set back.
        && at().is_ok_and(|at| at.elapsed().is_ok_and(|age| age < FUTILE_TTL))
}

/// Who holds a lock, as far as it can be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holder(Option<Process>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Process {
    id: u32,
    name: String,
    is_stopped: bool,
}

impl Holder {
    /// Who holds the lock of a file now: the process that signed it, where the system says that it holds one there.
    pub fn of(lock: &Path) -> Self {
        Self(process(lock))
    }

    /// How to make it let go.
    pub fn hint(&self) -> String {
        match &self.0 {
            Some(Process { id, is_stopped: true, .. }) => format!(
                "That process is stopped. Let it go on with `kill -CONT {id}`, or end it with `kill -KILL {id}`; then run \
                 this command again."
            ),
            Some(Process { id, .. }) => {
                format!("Wait for it to end, or end it with `kill {id}`; then run this command again.")
            }
            None => "Wait for the other command to end, then run this one again.".into(),
        }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(Process { id, name, is_stopped }) => {
                let stopped = if *is_stopped { ", stopped" } else { "" };
                write!(f, "process {id} ({name}{stopped})")
            }
            None => f.write_str("another process"),
        }
    }
}

#[cfg(target_os = "linux")]
fn process(lock: &Path) -> Option<Process> {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    let signed: u32 = fs::read_to_string(lock).ok()?.trim_end_matches(FUTILE).trim().parse().ok()?;
    let inode = lock.metadata().ok()?.ino().to_string();
    // proc(5): `1: FLOCK  ADVISORY  WRITE 1234 08:01:131 0 EOF`; some file systems show another device than stat does.
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let holds = |line: &str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        fields.get(1) == Some(&"FLOCK")
            && fields.get(4).is_some_and(|id| id.parse() == Ok(signed))
            && fields.get(5).is_some_and(|file| file.rsplit(':').next() == Some(&inode))
    };
    locks.lines().find(|line| holds(line))?;
    let status = fs::read_to_string(format!("/proc/{signed}/status")).ok()?;
    let field = |key: &str| status.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    // Whoever is stopped gives the name: it is not to be trusted with a terminal.
    let name = field("Name:")?.chars().filter(|letter| letter.is_ascii_graphic()).collect();
    Some(Process { id: signed, name, is_stopped: field("State:")?.starts_with(['T', 't']) })
}

// Windows lets nobody but the holder read it.
#[cfg(not(target_os = "linux"))]
fn process(lock: &Path) -> Option<Process> {
    let _ = lock;
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn one_holder_at_a_time_and_the_others_are_told_which() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        assert_eq!(Holder::of(&path), Holder(None));
        let held = Lock::acquire(&path, Instant::now()).unwrap();
        let Err(LockError::TimedOut { holder, .. }) = Lock::acquire(&path, Instant::now()) else { panic!() };
        let id = std::process::id();
        assert!(holder.to_string().starts_with(&format!("process {id} (")), "{holder}");
        assert!(holder.hint().contains(&format!("`kill {id}`")), "{}", holder.hint());
        let answered =
            Lock::acquire_unless(&path, Instant::now() + Duration::from_secs(5), || Some(7)).unwrap();
        assert!(matches!(answered, Err(7)));
        drop(held);
        // The id in it is that of a process which lives and holds nothing there.
        assert_eq!(Holder::of(&path).to_string(), "another process");
        Lock::acquire(&path, Instant::now()).unwrap();
    }

    #[test]
    fn a_mark_makes_a_lock_futile_for_a_while() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let lock = || Lock::acquire(&path, Instant::now()).unwrap();
        let held = lock();
        assert!(!held.is_futile());
        held.mark_futile();
        #[cfg(target_os = "linux")]
        assert!(Holder::of(&path).to_string().starts_with("process "), "its holder is still named");
        drop(held);
        assert!(lock().is_futile());
        assert!(lock().is_futile(), "who finds the mark leaves it");
        let shift = |seconds: i64| {
            let now = std::time::SystemTime::now();
            let by = Duration::from_secs(seconds.unsigned_abs());
            let at = if seconds < 0 { now - by } else { now + by };
            File::options().write(true).open(&path).unwrap().set_modified(at).unwrap();
        };
        shift(3600);
        assert!(!lock().is_futile(), "from the future");
        lock().mark_futile();
        shift(-6);
        assert!(!lock().is_futile(), "an old one");
        assert!(!lock().is_futile(), "signing takes the mark away");
    }

    /// `/dev/full` takes no byte.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_lock_that_takes_no_process_id_is_futile() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        assert!(Lock::acquire(&path, Instant::now()).unwrap().is_futile());
    }

    #[cfg(unix)]
    #[test]
    fn a_stopped_holder_is_named_as_such() {
        use rustix::process::{Pid, Signal, kill_process};

        // This test in a process of its own, which holds the lock until it is killed.
        if let Some(path) = crate::env::var_os("LOCK_OF_TEST") {
            let _held = Lock::acquire(Path::new(&path), Instant::now()).unwrap();
            thread::sleep(Duration::from_secs(60));
            return;
        }
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let mut child = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "files::lock::tests::a_stopped_holder_is_named_as_such", "--nocapture"])
            .env("LOCK_OF_TEST", &path)
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap();
        let deadline = Instant::now() + Duration::from_secs(20);
        let seen = |part: &str| {
            while !Holder::of(&path).to_string().contains(part) && Instant::now() < deadline {
                thread::sleep(POLL);
            }
        };
        seen("process ");
        kill_process(Pid::from_child(&child), Signal::STOP).unwrap();
        seen("stopped");
        let waited = Lock::acquire(&path, Instant::now());
        child.kill().unwrap();
        child.wait().unwrap();
        let Err(LockError::TimedOut { holder, .. }) = waited else { panic!("{waited:?}") };
        let id = child.id();
        let shown = holder.to_string();
        assert!(shown.starts_with(&format!("process {id} (")) && shown.ends_with(", stopped)"), "{shown}");
        assert!(holder.hint().contains(&format!("`kill -CONT {id}`")), "{}", holder.hint());
    }
}
