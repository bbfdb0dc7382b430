//! One office of the demo: its folder, and its node as a process of its own.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::call::{Fault, Program};
use crate::base::{Entropy, MemberId, OsEntropy, Role};
use crate::config::{Addresses, Config};

/// How long a node may take to stop in order before it is killed.
const STOPPING: Duration = Duration::from_secs(10);

/// One office.
#[derive(Debug)]
pub struct Office {
    /// The member.
    pub member: MemberId,
    /// Its office's name.
    pub name: &'static str,
    /// Its node's folder.
    pub dir: PathBuf,
    /// The UDP port of its node on loopback.
    pub port: u16,
    node: Mutex<Option<Node>>,
    users: Mutex<Vec<User>>,
}

/// A person of an office, who has not signed in to the console yet.
#[derive(Debug, Clone, serde::Serialize)]
pub struct User {
    /// The name.
    pub name: String,
    /// The role.
    pub role: Role,
    /// The one-time code that enrols their passkey.
    pub code: String,
}

/// A serving node. It stops when its standard input ends, thus also when this process dies.
#[derive(Debug)]
struct Node {
    child: Child,
    log: PathBuf,
}

impl Office {
    /// An office that has no node yet.
    pub fn new(member: &str, name: &'static str, root: &Path, port: u16) -> Self {
        Self {
            member: member.parse().expect("the demo's members are well formed"),
            name,
            dir: root.join(member.to_lowercase()),
            port,
            node: Mutex::new(None),
            users: Mutex::new(Vec::new()),
        }
    }

    /// Notes a person who was added.
    pub fn adds(&self, user: User) {
        let mut users = self.users.lock().expect("nothing panics under this lock");
        users.push(user);
    }

    /// The people of the office.
    pub fn users(&self) -> Vec<User> {
        let users = self.users.lock().expect("nothing panics under this lock");
        users.clone()
    }

    /// Where browsers reach the console of the serving node.
    pub fn console(&self) -> Option<String> {
        let config = Config::load(&self.dir).ok()?;
        let addresses = Addresses::load(&config).ok()??;
        let console = &config.settings.console;
        Some(console.origin(self.member, addresses.api))
    }

    /// Starts the node; what it says of itself goes to `log`.
    ///
    /// # Errors
    /// Where the process cannot be started.
    pub fn serve(&self, program: &Program, log: &Path) -> Result<(), Fault> {
        let started = File::create(log).and_then(|file| {
            program
                .command()
                .arg("serve")
                .arg("--dir")
                .arg(&self.dir)
                .arg("--stop-with-stdin")
                .stdin(Stdio::piped())
                .stdout(file.try_clone()?)
                .stderr(file)
                // Ctrl-C is for the demo, which then stops its nodes in order.
                .process_group(0)
                .spawn()
        });
        let child = started.map_err(|error| {
            Fault::Unexpected(format!("{}'s node cannot be started: {error}", self.member))
        })?;
        let node = Node {
            child,
            log: log.to_owned(),
        };
        *self.node.lock().expect("nothing panics under this lock") = Some(node);
        Ok(())
    }

    /// # Errors
    /// Where the node was started and has ended; with its last words.
    pub fn check_alive(&self) -> Result<(), Fault> {
        let mut node = self.node.lock().expect("nothing panics under this lock");
        match node.as_mut().and_then(Node::ended) {
            None => Ok(()),
            Some(Ended { status, words }) => Err(Fault::Unexpected(format!(
                "{}'s node ended ({status}): {words}",
                self.member
            ))),
        }
    }

    /// Asks the node to stop, without waiting.
    pub fn ask_to_stop(&self) {
        let mut node = self.node.lock().expect("nothing panics under this lock");
        if let Some(node) = node.as_mut() {
            drop(node.child.stdin.take());
        }
    }
}

struct Ended {
    status: ExitStatus,
    words: String,
}

impl Node {
    fn ended(&mut self) -> Option<Ended> {
        let status = self.child.try_wait().ok().flatten()?;
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let mut last: Vec<_> = text.lines().rev().take(5).collect();
        last.reverse();
        Some(Ended {
            status,
            words: last.join(" / "),
        })
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let patience = Instant::now() + STOPPING;
        while Instant::now() < patience {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        // It did not stop in time; what it acknowledged is on the disk.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Below the ports that systems give by themselves: the fourth node starts late, and one of those might
/// be another connection's by then.
const PORTS: std::ops::Range<u16> = 12_000..32_000;

/// Different ports of loopback that nobody uses now, for UDP and TCP.
///
/// # Errors
/// Where the system gives none.
pub fn free_ports<const N: usize>() -> std::io::Result<[u16; N]> {
    let [high, low] = (&mut OsEntropy as &mut dyn Entropy).array();
    let start = u16::from_be_bytes([high, low]) % (PORTS.end - PORTS.start);
    let mut ports = [0; N];
    // All are held until all are known, so that none comes twice.
    let mut held = Vec::new();
    let order = (PORTS.start + start..PORTS.end).chain(PORTS.start..PORTS.start + start);
    for port in order {
        let here = (Ipv4Addr::LOCALHOST, port);
        if let (Ok(udp), Ok(tcp)) = (UdpSocket::bind(here), TcpListener::bind(here)) {
            ports[held.len()] = port;
            held.push((udp, tcp));
        }
        if held.len() == N {
            return Ok(ports);
        }
    }
    Err(std::io::ErrorKind::AddrNotAvailable.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_ports_differ_and_are_none_that_the_system_gives_to_others_meanwhile() {
        for _ in 0..50 {
            let [a, b, c] = free_ports().unwrap();
            assert!(a != b && b != c && a != c);
            for port in [a, b, c] {
                assert!(PORTS.contains(&port), "{port}");
                TcpListener::bind((Ipv4Addr::LOCALHOST, port)).unwrap();
            }
        }
    }
}
