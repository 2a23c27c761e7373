//! The library that talks to the card: looked for when a card is needed, and loaded only where nobody but root can have put
//! it. Whoever is that library, or the service that it asks, is told the PIN.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use vouch_e2e::card::ENROLL;
use vouch_e2e::{Run, Sandbox, in_sandbox};

/// A program that links the library, as most do.
const LINKED: &str = "yubico-piv-tool";

const NAME: &str = "libpcsclite.so.1";

/// What programs look for in the library.
const FUNCTIONS: [&str; 18] = [
    "SCardEstablishContext",
    "SCardReleaseContext",
    "SCardIsValidContext",
    "SCardCancel",
    "SCardConnect",
    "SCardReconnect",
    "SCardDisconnect",
    "SCardGetStatusChange",
    "SCardListReaders",
    "SCardListReaderGroups",
    "SCardFreeMemory",
    "SCardBeginTransaction",
    "SCardEndTransaction",
    "SCardStatus",
    "SCardGetAttrib",
    "SCardSetAttrib",
    "SCardTransmit",
    "SCardControl",
];

/// What a program is linked with.
fn ldd(sandbox: &Sandbox, program: &str) -> String {
    let found = sandbox.run("sh").args(["-c", &format!("command -v {program}")]).ok().stdout;
    sandbox.run("ldd").arg(found.trim()).ok().stdout
}

/// Lets a test change the folder that has the library, for itself alone.
fn own_folder(sandbox: &Sandbox) -> PathBuf {
    let linked = ldd(sandbox, LINKED);
    let line = linked.lines().find(|line| line.contains(NAME)).expect("the tool links the library");
    let library = Path::new(line.split_whitespace().nth(2).expect("ldd tells where"));
    let folder = library.canonicalize().unwrap().parent().unwrap().to_owned();
    let (upper, work) = ("/run/own/upper", "/run/own/work");
    [upper, work].iter().for_each(|folder| fs::create_dir_all(folder).unwrap());
    fs::set_permissions(upper, fs::Permissions::from_mode(0o755)).unwrap();
    let options =
        format!("lowerdir={},upperdir={upper},workdir={work},userxattr,index=off", folder.display());
    let _ = Run::new("mount").args(["-t", "overlay", "overlay", "-o", &options]).arg(&folder).ok();
    folder
}

/// Takes the library out of its folder. Says what it was.
fn take_out(folder: &Path) -> PathBuf {
    let kept = PathBuf::from("/run/own").join(NAME);
    fs::copy(folder.join(NAME), &kept).unwrap();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        if entry.file_name().to_string_lossy().starts_with("libpcsclite") {
            fs::remove_file(entry.path()).unwrap();
        }
    }
    kept
}

/// A library under every name of the card's, in a folder of its own, that leaves a trace when it is loaded.
struct Planted {
    folder: PathBuf,
    trace: PathBuf,
}

impl Planted {
    fn new(sandbox: &Sandbox) -> Self {
        let (folder, trace) = (sandbox.file("planted"), sandbox.file("it-was-loaded"));
        let mut source = format!(
            "#include <fcntl.h>\n__attribute__((constructor)) static void run(void) {{ creat(\"{}\", 0600); }}\n\
             long g_rgSCardT0Pci[2], g_rgSCardT1Pci[2], g_rgSCardRawPci[2];\n\
             const char *pcsc_stringify_error(long error) {{ return \"\"; }}\n",
            trace.display()
        );
        FUNCTIONS.iter().for_each(|name| source += &format!("long {name}(void) {{ return 0x8010001D; }}\n"));
        sandbox.write("planted/planted.c", &source);
        let built = folder.join(NAME);
        let gcc = sandbox.run("gcc").args(["-shared", "-fPIC", "-o"]).arg(&built);
        let _ = gcc.arg(folder.join("planted.c")).ok();
        for name in ["libpcsclite_real.so.1", "libpcsclite.so"] {
            fs::copy(&built, folder.join(name)).unwrap();
        }
        Self { folder, trace }
    }

    fn was_loaded(&self) -> bool {
        fs::remove_file(&self.trace).is_ok()
    }
}

#[test]
fn no_program_links_the_card_library() {
    in_sandbox(&[], |sandbox| {
        for program in ["vouch", "cargo-credential-vouch", "npm-token-vouch"] {
            assert!(!ldd(sandbox, program).contains("pcsclite"), "{program}");
        }
        assert!(ldd(sandbox, LINKED).contains("pcsclite"), "the check would notice");
    });
}

#[test]
fn without_the_library_all_but_the_card_works() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        take_out(&own_folder(sandbox));
        let _ = sandbox.run(LINKED).arg("--version").fails(127);
        let role = ["setup", "aws", "--role", "arn:aws:iam::123456789012:role/CodeArtifact"];
        for command in [
            &["--version"][..],
            &["status"],
            &["env", "--type", "codeartifact"],
            &["exec", "--type", "codeartifact", "--", "true"],
            &role,
            &["undo", "cargo"],
        ] {
            let _ = sandbox.vouch(command).ok().never_says("pcsc");
        }
        let _ =
            sandbox.vouch(&["doctor"]).fails(1).shows("libpcsclite is not installed").shows("apt install");
        for command in [&["login"][..], &ENROLL] {
            let done = sandbox.vouch_with_pin(command).fails(4);
            let _ = done.says("libpcsclite is not installed").says("`sudo apt install pcscd` (Fedora: ");
        }
    });
}

#[test]
fn a_library_of_somebody_else_is_refused_by_name() {
    in_sandbox(&[], |sandbox| {
        sandbox.ready();
        let folder = own_folder(sandbox);
        // Who is root in a user namespace alone may not change the real root's.
        let library = folder.join(NAME);
        fs::copy(take_out(&folder), &library).unwrap();
        let refused = |place: &Path, why: &str| {
            let done = sandbox.vouch_with_pin(&["login"]).fails(4).says("refusing to load `");
            let _ = done.says(&format!("`{}` {why}", place.display())).says("apt install --reinstall");
            let _ = sandbox.vouch(&["status"]).ok();
        };
        let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        for (place, open, usual) in
            [(&library, 0o664, 0o644), (&library, 0o646, 0o644), (&folder, 0o757, 0o755)]
        {
            mode(place, open);
            refused(place, &format!("has mode {open:04o}"));
            mode(place, usual);
        }
        // Who is root in a user namespace alone knows no other user to give it to.
        for place in [&library, &folder] {
            if chown(place, Some(12345), None).is_ok() {
                refused(place, "belongs to user 12345");
                chown(place, Some(0), None).unwrap();
            }
        }
        sandbox.log_in();
        fs::write(&library, "not a library").unwrap();
        let _ = sandbox.vouch_with_pin(&["login"]).fails(4).says("cannot load the smart card library `");
    });
}

#[test]
fn neither_the_environment_nor_the_working_folder_names_the_library() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let planted = Planted::new(sandbox);
        let _ = sandbox.run(LINKED).arg("--version").env("LD_LIBRARY_PATH", &planted.folder).done();
        assert!(planted.was_loaded(), "whoever asks the linker by name gets that one");
        let ways = |run: &dyn Fn(Run)| {
            run(sandbox.vouch_with_pin(&["login"]).env("LD_LIBRARY_PATH", &planted.folder));
            run(sandbox.vouch_with_pin(&["login"]).within(&planted.folder).env("LD_LIBRARY_PATH", ":."));
            let delegate = planted.folder.join(NAME);
            run(sandbox.vouch_with_pin(&["login"]).env("LIBPCSCLITE_DELEGATE", delegate));
        };
        ways(&|login| {
            let _ = login.ok();
            assert!(!planted.was_loaded());
        });
        // As pcsc-lite 2.3 and later have it: what has the usual name only loads another by its name.
        let folder = own_folder(sandbox);
        let real = take_out(&folder);
        fs::copy(&real, folder.join("libpcsclite_real.so.1")).unwrap();
        fs::copy(planted.folder.join(NAME), folder.join(NAME)).unwrap();
        ways(&|login| {
            let _ = login.ok();
            assert!(!planted.was_loaded());
        });
        take_out(&folder);
        ways(&|login| {
            let _ = login.fails(4).says("libpcsclite is not installed");
            assert!(!planted.was_loaded());
        });
    });
}

#[test]
fn a_folder_that_the_administrator_gave_to_the_linker_counts() {
    in_sandbox(&[], |sandbox| {
        sandbox.enroll();
        let real = take_out(&own_folder(sandbox));
        let folder = Path::new("/run/own/cards");
        fs::create_dir(folder).unwrap();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        fs::copy(real, folder.join(NAME)).unwrap();
        let _ = sandbox.vouch_with_pin(&["login"]).fails(4).says("libpcsclite is not installed");
        sandbox.write("conf.d/cards.conf", "# of the cards\n/run/own/cards # here\n");
        sandbox.write("ld.so.conf", &format!("include {}/*.conf\n", sandbox.file("conf.d").display()));
        let bind = Run::new("mount").arg("--bind").arg(sandbox.file("ld.so.conf")).arg("/etc/ld.so.conf");
        let _ = bind.ok();
        sandbox.log_in();
    });
}

/// A socket on which somebody else than the service listens.
fn listen(path: &Path) -> Arc<AtomicUsize> {
    let listener = UnixListener::bind(path).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    thread::spawn(move || listener.incoming().for_each(|_| _ = counted.fetch_add(1, Ordering::SeqCst)));
    calls
}

#[test]
fn the_environment_does_not_name_the_service() {
    in_sandbox(&[], |sandbox| {
        const VARIABLE: &str = "PCSCLITE_CSOCK_NAME";

        sandbox.enroll();
        let (theirs, forwarded) = (sandbox.file("theirs.comm"), sandbox.file("forwarded.comm"));
        let calls = listen(&theirs);
        let called = || calls.swap(0, Ordering::SeqCst) > 0;
        let _ = sandbox.run(LINKED).args(["-a", "status"]).env(VARIABLE, &theirs).done();
        assert!(called(), "the library follows the variable");
        for command in [&["login"][..], &ENROLL] {
            let done = sandbox.vouch_with_pin(command).env(VARIABLE, &theirs).ok();
            let _ = done.says("ignored PCSCLITE_CSOCK_NAME").says("`--pcsc-socket PATH`");
        }
        let _ = sandbox.vouch(&["doctor"]).env(VARIABLE, &theirs).done().says("ignored PCSCLITE_CSOCK_NAME");
        assert!(!called());
        // What is typed counts.
        let typed = theirs.to_str().unwrap();
        let _ = sandbox.vouch_with_pin(&["login", "--wait", "0", "--pcsc-socket", typed]).fails(4);
        assert!(called());
        symlink("/run/pcscd/pcscd.comm", &forwarded).unwrap();
        let typed = ["login", "--pcsc-socket", "forwarded.comm"];
        let _ = sandbox.vouch_with_pin(&typed).env(VARIABLE, &theirs).ok().never_says(VARIABLE);
        assert!(!called());
        sandbox.ctl(&["pcscd", "stop"]);
        let _ = sandbox.vouch_with_pin(&["login", "--pcsc-socket", "forwarded.comm"]).fails(4).says("pcscd");
        sandbox.ctl(&["pcscd", "start"]);
    });
}
