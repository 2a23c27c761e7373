//! A private view of the machine: own mounts, own network, own process tree.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;

use rustix::mount::{MountFlags, MountPropagationFlags, mount, mount_bind, mount_change};
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType};
use rustix::thread::UnshareFlags;

/// Why there is no private view. The text says what forbids it and what allows it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The kernel or a policy forbids namespaces.
    #[error("cannot make private namespaces: {reason}\n{remedy}")]
    Forbidden {
        /// What forbids it.
        reason: String,
        /// What allows it.
        remedy: String,
    },
    /// One step failed inside.
    #[error("cannot {step}: {source}{hint}")]
    Step {
        /// What was tried.
        step: &'static str,
        /// What the system answered.
        source: io::Error,
        /// What may be behind it, or nothing.
        hint: String,
    },
}

/// Moves this process into new mount and network namespaces, and its future children into a new process tree.
/// An ordinary user gets them inside a user namespace, as its root.
///
/// Must be called before any thread is started.
///
/// # Errors
/// [`Error::Forbidden`] where policy does not allow it.
pub fn enter() -> Result<(), Error> {
    let private = UnshareFlags::NEWNS | UnshareFlags::NEWNET | UnshareFlags::NEWPID;
    let (user, group) = (rustix::process::geteuid(), rustix::process::getegid());
    if user.is_root() && unshare(private).is_ok() {
        return Ok(());
    }
    unshare(private | UnshareFlags::NEWUSER).map_err(|error| forbidden(&error))?;
    // A single identity may be mapped without privileges, once setgroups is given up.
    let write = |file: &str, text: String| fs::write(file, text).map_err(|error| forbidden(&error));
    write("/proc/self/setgroups", "deny".to_owned())?;
    write("/proc/self/uid_map", format!("0 {} 1", user.as_raw()))?;
    write("/proc/self/gid_map", format!("0 {} 1", group.as_raw()))
}

/// Furnishes the namespaces from inside, as their process 1: an empty `/run`, the given hosts file, and a
/// loopback interface that is up and has one more address.
///
/// # Errors
/// [`Error::Step`] for the step that failed.
pub fn furnish(hosts: &Path, runtime: &Path, address: Ipv4Addr) -> Result<(), Error> {
    let propagation = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    step("make the mounts private", mount_change("/", propagation))?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    step("mount an empty /run", mount("tmpfs", "/run", "tmpfs", flags, Some(c"mode=0755")))?;
    step("make /run/pcscd", fs::create_dir("/run/pcscd"))?;
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(runtime);
    step("make the runtime folder", made)?;
    step("bind /etc/hosts", mount_bind(hosts, "/etc/hosts"))?;
    // Where parts of /proc are masked, as in containers, the kernel allows no new one in a user namespace. The
    // old one serves: /proc/self still means the reader.
    let _ = mount("proc", "/proc", "proc", flags | MountFlags::NOEXEC, None);
    step("bring up the loopback interface", loopback_up(address))
}

/// Gives the loopback interface one more address, as if the link had it.
///
/// # Errors
/// [`Error::Step`].
pub fn answer_at(address: Ipv4Addr) -> Result<(), Error> {
    step("add an address", add_address(address, 32))
}

fn step<T, E: Into<io::Error>>(step: &'static str, result: Result<T, E>) -> Result<T, Error> {
    result.map_err(|error| {
        let source = error.into();
        let hint =
            if source.kind() == io::ErrorKind::PermissionDenied { policy_hint() } else { String::new() };
        Error::Step { step, source, hint }
    })
}

#[expect(unsafe_code, reason = "the call is marked unsafe for a flag that is not used")]
fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    // SAFETY: only UnshareFlags::FILES can break assumptions of other code about file descriptors.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

const LOOPBACK: u32 = 1;

/// What `ip link set lo up` and `ip address add ADDRESS/8 dev lo` send, see rtnetlink(7).
///
/// The kernel gives the interface 127.0.0.1 and ::1 by itself. With nothing else, glibc finds no name for clients
/// that ask with `AI_ADDRCONFIG`, because it takes the machine for one without a network.
fn loopback_up(address: Ipv4Addr) -> io::Result<()> {
    const RTM_NEWLINK: u16 = 16;
    const IFF_UP: u32 = 1;
    const PREFIX_LENGTH: u8 = 8;

    let link = [0, LOOPBACK, IFF_UP, IFF_UP]; // family and hardware type, interface, flags, which of them change
    rtnetlink(RTM_NEWLINK, &link.map(u32::to_ne_bytes).concat())?;
    add_address(address, PREFIX_LENGTH)
}

/// What `ip address add ADDRESS/LENGTH dev lo` sends.
fn add_address(address: Ipv4Addr, prefix_length: u8) -> io::Result<()> {
    const RTM_NEWADDR: u16 = 20;
    const AF_INET: u8 = 2;
    const RT_SCOPE_HOST: u8 = 254;
    const IFA_LOCAL: [u16; 2] = [8, 2]; // length and type of the attribute

    let mut message = vec![AF_INET, prefix_length, 0, RT_SCOPE_HOST];
    message.extend(LOOPBACK.to_ne_bytes());
    message.extend(IFA_LOCAL.map(u16::to_ne_bytes).concat());
    message.extend(address.octets());
    rtnetlink(RTM_NEWADDR, &message)
}

fn rtnetlink(kind: u16, body: &[u8]) -> io::Result<()> {
    const HEADER: u32 = 16;
    const NLM_F_REQUEST_ACK: u16 = 1 | 4;
    const NLM_F_CREATE: u16 = 0x400;
    const NLMSG_ERROR: u16 = 2;

    let length = HEADER + u32::try_from(body.len()).map_err(io::Error::other)?;
    let mut message = length.to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend((NLM_F_REQUEST_ACK | NLM_F_CREATE).to_ne_bytes());
    message.extend([0; 8]); // sequence and port
    message.extend(body);

    // No protocol means NETLINK_ROUTE, which is 0.
    let socket =
        rustix::net::socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
    rustix::net::send(&socket, &message, SendFlags::empty())?;
    let mut answer = [0u8; 256];
    let (length, _) = rustix::net::recv(&socket, &mut answer, RecvFlags::empty())?;
    let answer = answer.get(..length).unwrap_or_default();
    let kind = answer.get(4..6).and_then(|bytes| Some(u16::from_ne_bytes(bytes.try_into().ok()?)));
    let error = answer.get(16..20).and_then(|bytes| Some(i32::from_ne_bytes(bytes.try_into().ok()?)));
    match (kind, error) {
        (Some(NLMSG_ERROR), Some(0)) => Ok(()),
        (Some(NLMSG_ERROR), Some(error)) => Err(io::Error::from_raw_os_error(-error)),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

const APPARMOR: &str = "/proc/sys/kernel/apparmor_restrict_unprivileged_userns";

/// Ubuntu's AppArmor lets the namespace be made and then takes its privileges away.
fn policy_hint() -> String {
    if !setting_is(APPARMOR, "1") {
        return String::new();
    }
    "\nAppArmor restricts user namespaces here; allow them with \
     `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or run as root"
        .to_owned()
}

fn forbidden(error: &dyn std::fmt::Display) -> Error {
    let (reason, remedy) = if setting_is("/proc/sys/kernel/unprivileged_userns_clone", "0") {
        (
            "this kernel forbids user namespaces to ordinary users (kernel.unprivileged_userns_clone is 0)",
            "Allow them with `sudo sysctl -w kernel.unprivileged_userns_clone=1`, or run as root.",
        )
    } else if setting_is(APPARMOR, "1") {
        (
            "AppArmor restricts user namespaces (kernel.apparmor_restrict_unprivileged_userns is 1)",
            "Allow them with `sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, or run as root.",
        )
    } else if setting_is("/proc/sys/user/max_user_namespaces", "0") {
        (
            "this system allows no user namespaces (user.max_user_namespaces is 0)",
            "Allow them with `sudo sysctl -w user.max_user_namespaces=10000`, or run as root.",
        )
    } else {
        (
            "the system refused, as containers do by default",
            "In a container, start it with `--privileged`, or with `--cap-add SYS_ADMIN --security-opt \
             seccomp=unconfined --security-opt apparmor=unconfined`.",
        )
    };
    Error::Forbidden { reason: format!("{reason}: {error}"), remedy: remedy.to_owned() }
}

fn setting_is(file: &str, value: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|text| text.trim() == value)
}
