//! The control socket: what `vouch-sandbox ctl` says and how the sandbox obeys.
//!
//! One JSON object per line each way: a [`Command`], and `{"ok": …}` or `{"error": "…"}`.

use std::collections::BTreeMap;
use std::io::{self, BufRead as _, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use virtual_yubikey::{Control, Touch};

use crate::fault::{Fault, Spoil};
use crate::http::Service;
use crate::reader::Reader;
use crate::server::Server;

/// One order to the sandbox. Cards are named by their serial number; without one, all are meant.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "command")]
#[expect(missing_docs, reason = "`ctl --help` describes them")]
pub enum Command {
    Stats,
    Reset,
    Touch { how: TouchOrder, card: Option<u32> },
    Card { present: bool, card: Option<u32> },
    Fault { service: String, fault: Option<Fault> },
    Registry { scheme: Option<String>, bad_token: Option<u16> },
    Clock { skew: i64 },
    Pcscd { run: bool },
}

/// How the cards are touched from now on, or one touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TouchOrder {
    /// At once whenever a card waits for it.
    Auto,
    /// Never.
    Never,
    /// So many milliseconds after a card began to wait.
    After(u64),
    /// Once, now.
    Now,
}

impl std::str::FromStr for TouchOrder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "never" => Ok(Self::Never),
            "now" => Ok(Self::Now),
            number => number
                .parse()
                .map(Self::After)
                .map_err(|_| "expected auto, never, now or a number of milliseconds".to_owned()),
        }
    }
}

/// A card and what can be done to it.
#[derive(Debug)]
pub struct Plugged {
    /// Its serial number.
    pub serial: u32,
    /// Its control.
    pub control: Control,
}

/// Everything that can be ordered about.
#[derive(Debug)]
pub struct Desk {
    /// Services, faults and counters.
    pub server: Arc<Server>,
    /// The cards.
    pub cards: Vec<Plugged>,
    /// pcscd, unless the sandbox runs without.
    pub reader: Option<Arc<Reader>>,
    /// Whether each service listens at present. Empty behind the proxy, where none does.
    pub listening: BTreeMap<Service, watch::Receiver<bool>>,
}

/// Serves the socket.
///
/// # Errors
/// Never returns otherwise.
pub async fn listen(desk: Arc<Desk>, listener: UnixListener) -> io::Result<()> {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        let desk = desk.clone();
        tokio::spawn(async move {
            // Who does not wait for an answer does not get one.
            let _ = serve(&desk, stream).await;
        });
    }
}

async fn serve(desk: &Desk, stream: UnixStream) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let result = match serde_json::from_str(&line) {
            Ok(command) => desk.obey(command).await,
            Err(error) => Err(format!("not a command: {error}")),
        };
        let mut answer = match result {
            Ok(value) => json!({ "ok": value }),
            Err(error) => json!({ "error": error }),
        }
        .to_string();
        answer.push('\n');
        stream.write_all(answer.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}

/// Sends one command to the sandbox behind `socket` and waits for what it says.
///
/// # Errors
/// A sentence: nothing listens there, or the sandbox refused.
pub fn send(socket: &Path, command: &Command) -> Result<Value, String> {
    let unreachable =
        |error: &dyn std::fmt::Display| format!("cannot reach the sandbox at {}: {error}", socket.display());
    let mut stream = std::os::unix::net::UnixStream::connect(socket).map_err(|error| unreachable(&error))?;
    let mut text = serde_json::to_string(command).map_err(|error| error.to_string())?;
    text.push('\n');
    stream.write_all(text.as_bytes()).map_err(|error| unreachable(&error))?;
    let mut answer = String::new();
    io::BufReader::new(stream).read_line(&mut answer).map_err(|error| unreachable(&error))?;
    let mut answer: Map<String, Value> =
        serde_json::from_str(&answer).map_err(|error| unreachable(&error))?;
    match (answer.remove("ok"), answer.remove("error")) {
        (Some(value), _) => Ok(value),
        (None, Some(Value::String(error))) => Err(error),
        _ => Err(unreachable(&"the answer is not one")),
    }
}

impl Desk {
    /// Does what was ordered. The order has taken effect when this returns.
    ///
    /// # Errors
    /// A sentence that says why not.
    pub async fn obey(&self, command: Command) -> Result<Value, String> {
        match command {
            Command::Stats => return Ok(self.stats()),
            Command::Reset => {
                self.server.world.reset_stats();
                self.server.journal.reset();
                self.cards.iter().for_each(|card| card.control.reset_counters());
            }
            Command::Touch { how, card } => {
                for card in self.chosen(card)? {
                    touch(&card.control, how);
                }
            }
            Command::Card { present, card } => {
                for card in self.chosen(card)? {
                    if present { card.control.insert() } else { card.control.remove() }
                }
                self.wait_for_cards().await?;
            }
            Command::Fault { service, fault } => {
                let service: Service = service.parse().map_err(|error| format!("{error}"))?;
                self.set_fault(service, fault).await?;
            }
            Command::Registry { scheme, bad_token } => self.server.world.set_registry(scheme, bad_token)?,
            Command::Clock { skew } => self.server.world.set_clock_skew(skew),
            Command::Pcscd { run } => self.run_pcscd(run).await?,
        }
        Ok(Value::Bool(true))
    }

    fn stats(&self) -> Value {
        let mut stats = match self.server.world.stats() {
            Value::Object(stats) => stats,
            _ => Map::new(),
        };
        stats.extend(self.server.journal.stats());
        let mut sums: Map<String, Value> = Map::new();
        let mut each = Map::new();
        for card in &self.cards {
            let counters = serde_json::to_value(card.control.counters()).unwrap_or_default();
            let mut counters = match counters {
                Value::Object(counters) => counters,
                _ => Map::new(),
            };
            for (name, number) in &counters {
                let sum = sums.get(name).and_then(Value::as_u64).unwrap_or_default();
                sums.insert(name.clone(), json!(sum + number.as_u64().unwrap_or_default()));
            }
            counters.insert("present".to_owned(), json!(card.control.is_present()));
            counters.insert("waiting_for_touch".to_owned(), json!(card.control.is_waiting_for_touch()));
            each.insert(card.serial.to_string(), Value::Object(counters));
        }
        stats.insert("card".to_owned(), Value::Object(sums));
        stats.insert("cards".to_owned(), Value::Object(each));
        Value::Object(stats)
    }

    fn chosen(&self, serial: Option<u32>) -> Result<Vec<&Plugged>, String> {
        let wanted = |card: &&Plugged| serial.is_none_or(|serial| serial == card.serial);
        let chosen: Vec<_> = self.cards.iter().filter(wanted).collect();
        match (serial, chosen.is_empty()) {
            (Some(serial), true) => Err(format!("there is no card with the serial number {serial}")),
            (None, true) => Err("this sandbox has no cards".to_owned()),
            _ => Ok(chosen),
        }
    }

    fn present(&self) -> usize {
        self.cards.iter().filter(|card| card.control.is_present()).count()
    }

    /// Waits until pcscd has noticed which cards are plugged in.
    async fn wait_for_cards(&self) -> Result<(), String> {
        let Some(reader) = self.reader.clone() else { return Ok(()) };
        let present = self.present();
        let settle = move || reader.wait_for_cards(present);
        let settled = tokio::task::spawn_blocking(settle).await.map_err(|error| error.to_string())?;
        settled.map_err(|error| error.to_string())
    }

    /// Sets a fault and waits until the service's listener is as the fault wants it.
    async fn set_fault(&self, service: Service, fault: Option<Fault>) -> Result<(), String> {
        let refuse = fault.as_ref().is_some_and(|fault| fault.spoil == Some(Spoil::Refuse));
        match fault {
            Some(fault) => self.server.faults.set(service, fault),
            None => self.server.faults.clear(service),
        }
        if let Some(mut listening) = self.listening.get(&service).cloned() {
            let settled = listening.wait_for(|listening| *listening != refuse);
            let settled = tokio::time::timeout(Duration::from_secs(5), settled).await;
            return match settled {
                Ok(Ok(_)) => Ok(()),
                _ => Err(format!("the listener of {service} does not follow")),
            };
        }
        Ok(())
    }

    async fn run_pcscd(&self, run: bool) -> Result<(), String> {
        let reader = self.reader.clone().ok_or("this sandbox was started without pcscd")?;
        let present = self.present();
        let act = move || {
            if !run {
                reader.stop();
                return Ok(());
            }
            reader.start()?;
            reader.wait_for_cards(present)
        };
        let done = tokio::task::spawn_blocking(act).await.map_err(|error| error.to_string())?;
        done.map_err(|error| error.to_string())
    }
}

fn touch(control: &Control, how: TouchOrder) {
    match how {
        TouchOrder::Auto => control.set_touch(Touch::Auto),
        TouchOrder::Never => control.set_touch(Touch::Never),
        TouchOrder::After(milliseconds) => {
            control.set_touch(Touch::After(Duration::from_millis(milliseconds)))
        }
        TouchOrder::Now => control.touch(),
    }
}
