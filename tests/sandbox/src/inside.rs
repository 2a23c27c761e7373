//! The inner process of `vouch-sandbox run`, process 1 of the namespaces: it furnishes them, serves, and runs the
//! command. When it ends, the kernel ends everything that is left in them.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rustix::process::Signal;
use tokio::net::{TcpListener, UnixListener};
use tokio::sync::watch;
use virtual_yubikey::{AttestationAuthority, Card, Options, vpcd};

use crate::control::{self, Desk, Plugged};
use crate::environment::{self, Places, Toolchain};
use crate::fault::Faults;
use crate::http::Service;
use crate::journal::Journal;
use crate::metadata;
use crate::namespace;
use crate::proxy::{self, Access};
use crate::reader;
use crate::reaper::{Reaper, exit_code};
use crate::run::{Error, FAILED, Run, absolute, report, tried};
use crate::server::{self, Server};
use crate::signals::Forwarder;
use crate::tls::Authority;
use crate::world::{Config, World};

/// Where the command's `XDG_RUNTIME_DIR` is: on the private tmpfs, like a real one.
const RUNTIME: &str = "/run/user/0";

/// Runs the command from inside the namespaces.
///
/// # Errors
/// When the sandbox cannot be furnished.
pub fn run(run: &Run, folder: &Path) -> Result<u8, Error> {
    // A sandbox must not outlive the process that tidies up after it.
    let bound = rustix::process::set_parent_process_death_signal(Some(Signal::KILL));
    tried("bind this process to its parent", bound.map_err(io::Error::from))?;
    let forwarder = tried("take over signals", Forwarder::start())?;
    let toolchain = Toolchain::find();
    let reaper = tried("start the reaper", Reaper::start())?;

    let site = folder.join("site");
    tried("make the site's folder", fs::create_dir(&site))?;
    let config = match &run.config {
        Some(file) => Config::load(file).map_err(|error| Error::Config(error.to_string()))?,
        None => Config::default(),
    };
    let world = Arc::new(World::new(config, site));
    let hosts = folder.join("hosts");
    tried("write the hosts file", fs::write(&hosts, hosts_file(&world, run.proxy)))?;
    namespace::furnish(&hosts, Path::new(RUNTIME), server::address(Service::Sts))?;
    if world.config().metadata.is_there() {
        metadata::ADDRESSES.into_iter().try_for_each(namespace::answer_at)?;
    }

    let server = Arc::new(Server {
        world,
        authority: Authority::generate("vouch-sandbox")?,
        impostor: Authority::generate("vouch-sandbox of somebody else")?,
        faults: Faults::default(),
        journal: tried("start the log", Journal::create(&folder.join("log.jsonl")))?,
        round_trip: Duration::from_millis(run.rtt),
    });
    server.connect_issuer();
    let reader = match run.no_pcscd {
        true => None,
        false => Some(Arc::new(reader::prepare(folder, run.cards, reaper.clone())?)),
    };
    if let Some(reader) = &reader {
        reader.start()?;
    }
    let attestation = AttestationAuthority::generate();
    let pin = run.pin.clone().map_or_else(random_pin, Ok)?;
    let cards = plug_in(run, &pin, &attestation)?;
    let present = cards.len();

    let places = furnish_home(folder, &server, &attestation, &pin)?;
    let (listening, listeners) = listening_states(run.proxy);
    let desk = Arc::new(Desk { server: server.clone(), cards, reader: reader.clone(), listening });
    let socket = folder.join("control");
    let port = serve(server, desk, listeners, socket, Access::new(run.proxy_auth.as_deref()))?;
    if let Some(reader) = &reader {
        reader.wait_for_cards(present)?;
    }

    let proxy = run.proxy.then(|| environment::proxy_url(port, run.proxy_auth.as_deref()));
    let variables = variables(run, &places, toolchain.as_ref(), proxy.as_deref());
    let code = command(run, variables, &forwarder, &reaper);
    if let Some(reader) = &reader {
        reader.stop();
    }
    Ok(code)
}

fn command(run: &Run, variables: Vec<(OsString, OsString)>, forwarder: &Forwarder, reaper: &Reaper) -> u8 {
    let Some((program, arguments)) = run.command.split_first() else { return FAILED };
    let path = variables.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path.clone());
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(variables);
    match forwarder.begin(|| reaper.spawn(&mut command)) {
        Ok(process) => {
            let status = reaper.wait(process);
            forwarder.end();
            exit_code(status)
        }
        Err(error) => {
            let program = program.display();
            report(&format!("cannot run {program}: {error} (PATH {})", path.unwrap_or_default().display()));
            if error.kind() == io::ErrorKind::NotFound { 127 } else { 126 }
        }
    }
}

fn variables(
    run: &Run,
    places: &Places,
    toolchain: Option<&Toolchain>,
    proxy: Option<&str>,
) -> Vec<(OsString, OsString)> {
    let extra: Vec<(String, OsString)> = run
        .env
        .iter()
        .filter_map(|text| match text.split_once('=') {
            Some((name, value)) => Some((name.to_owned(), value.into())),
            None => Some((text.clone(), std::env::var_os(text)?)),
        })
        .collect();
    let mut folders: Vec<PathBuf> = run.bin.iter().map(|folder| absolute(folder)).collect();
    folders.extend(std::env::current_exe().ok().and_then(|program| program.parent().map(Path::to_owned)));
    environment::build(|name| std::env::var_os(name), places, &folders, toolchain, proxy, &extra)
}

/// Makes the cards and a thread for each, which keeps it plugged in.
fn plug_in(run: &Run, pin: &str, attestation: &Arc<AttestationAuthority>) -> Result<Vec<Plugged>, Error> {
    let mut cards = Vec::new();
    for number in 0..run.cards {
        let mut options = Options::new(12_345_678 + u32::from(number));
        options.firmware = run.firmware;
        options.pin = pin.to_owned();
        options.attestation = attestation.clone();
        let serial = options.serial;
        let card = Card::new(options);
        cards.push(Plugged { serial, control: card.control() });
        let plug = move || {
            if let Err(error) = vpcd::run(card, reader::address(number)) {
                report(&format!("card {serial} fell out of its reader: {error}"));
            }
        };
        let thread = std::thread::Builder::new().name(format!("card-{serial}")).spawn(plug);
        tried("start a card", thread.map(drop))?;
    }
    Ok(cards)
}

/// Writes what the command finds in its folders.
fn furnish_home(
    folder: &Path,
    server: &Server,
    attestation: &AttestationAuthority,
    pin: &str,
) -> Result<Places, Error> {
    let (home, temporary) = (folder.join("home"), folder.join("tmp"));
    let (authority, root) = (folder.join("ca.pem"), folder.join("attestation-root.pem"));
    tried("make the home folder", fs::create_dir(&home))?;
    tried("make the temporary folder", fs::create_dir(&temporary))?;
    tried("write the certificate", fs::write(&authority, server.authority.pem()))?;
    tried("write the attestation root", fs::write(&root, attestation.root_pem()))?;
    let sandbox = vec![
        ("CTL", folder.join("control").into()),
        ("SITE", folder.join("site").into()),
        ("PIN", pin.into()),
        ("ATTESTATION_ROOT", root.into()),
        ("CA", authority.clone().into()),
        ("LOG", folder.join("log.jsonl").into()),
    ];
    Ok(Places { home, temporary, runtime: RUNTIME.into(), authority, sandbox })
}

type Listeners = Vec<(Service, watch::Sender<bool>)>;

fn listening_states(proxy: bool) -> (BTreeMap<Service, watch::Receiver<bool>>, Listeners) {
    let services = if proxy { [].as_slice() } else { Service::ALL.as_slice() };
    let pairs = services.iter().map(|service| (*service, watch::channel(false)));
    pairs.map(|(service, (sender, receiver))| ((service, receiver), (service, sender))).unzip()
}

/// Starts the one thread that serves everything, and waits until all of it listens. Returns the proxy's port.
fn serve(
    server: Arc<Server>,
    desk: Arc<Desk>,
    listeners: Listeners,
    socket: PathBuf,
    access: Access,
) -> Result<u16, Error> {
    let (ready, readiness) = mpsc::channel();
    let serve = async move {
        let states = desk.listening.clone();
        let mut tasks = tokio::task::JoinSet::new();
        let control = UnixListener::bind(&socket)?;
        tasks.spawn(control::listen(desk, control));
        let proxy = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = proxy.local_addr()?.port();
        // Where the services listen themselves the proxy is closed again.
        if listeners.is_empty() {
            tasks.spawn(proxy::listen(server.clone(), proxy, access));
        }
        if server.world.config().metadata.is_there() {
            for address in metadata::ADDRESSES {
                tasks.spawn(metadata::listen(server.clone(), metadata::bind(address).await?));
            }
        }
        for (service, listening) in listeners {
            tasks.spawn(server::listen(server.clone(), service, listening));
        }
        let all = async {
            for mut state in states.into_values() {
                let _ = state.wait_for(|listening| *listening).await;
            }
        };
        tokio::select! {
            () = all => {
                let _ = ready.send(Ok(port));
            }
            Some(Ok(Err(error))) = tasks.join_next() => return Err(error),
        }
        // A listener that fails later leaves its service dead; the command then sees refused connections.
        while let Some(ended) = tasks.join_next().await {
            if let Ok(Err(error)) = ended {
                report(&format!("a listener failed: {error}"));
            }
        }
        Ok(port)
    };
    let thread = std::thread::Builder::new().name("services".to_owned()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        runtime.block_on(serve)
    });
    let thread = tried("start the services", thread)?;
    match readiness.recv() {
        Ok(port) => port,
        Err(_) => {
            let error = thread.join().ok().and_then(Result::err);
            Err(Error::System("listen", error.unwrap_or_else(|| io::ErrorKind::Other.into())))
        }
    }
}

fn hosts_file(world: &World, proxy: bool) -> String {
    let mut text = "127.0.0.1 localhost\n::1 localhost\n".to_owned();
    if proxy {
        return text;
    }
    for host in world.hosts() {
        if let Some(service) = world.service(&host) {
            text.push_str(&format!("{} {host}\n", server::address(service)));
        }
    }
    text
}

/// 8 random digits that are none of the factory's numbers.
fn random_pin() -> Result<String, Error> {
    loop {
        let number = getrandom::u32().map_err(|error| Error::Random(error.to_string()))? % 100_000_000;
        let pin = format!("{number:08}");
        if pin != "12345678" {
            return Ok(pin);
        }
    }
}
