//! A TCP proxy in front of the registry that a test can hold and slow down, to make of a pull what it wants:
//! a long one, one that hangs, one during which something else happens.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::docker;
use crate::setup::variable;

/// What the proxy does with what it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Passes it on.
    Open,
    /// Passes it on after that time.
    Slow(Duration),
    /// Keeps it until the mode changes.
    Held,
    /// Passes it on, but what comes back piece by piece, with that time between: a large image takes long.
    Trickling(Duration),
}

#[derive(Debug)]
struct Gate {
    mode: Mutex<Mode>,
    changed: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut mode = self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        while *mode == Mode::Held {
            mode = self.changed.wait(mode).unwrap_or_else(PoisonError::into_inner);
        }
        let pause = if let Mode::Slow(pause) = *mode { pause } else { Duration::ZERO };
        drop(mode);
        std::thread::sleep(pause);
    }

    fn pass_back(&self) {
        let mode = *self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        if let Mode::Trickling(pause) = mode {
            std::thread::sleep(pause);
        }
    }
}

/// The registry, through the proxy. Images that were pulled through it are taken off the engine at the end.
#[derive(Debug)]
pub struct Registry {
    gate: Arc<Gate>,
    port: u16,
}

impl Registry {
    /// A way to the registry in that mode. It works until the process ends: connections may be in use.
    ///
    /// # Panics
    /// No port is free.
    #[must_use]
    pub fn open(mode: Mode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let gate = Arc::new(Gate { mode: Mutex::new(mode), changed: Condvar::new() });
        let accepting = Arc::clone(&gate);
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let gate = Arc::clone(&accepting);
                std::thread::spawn(move || serve(client, &gate));
            }
        });
        Self { gate, port }
    }

    /// Changes what is done from now on, also with what is held.
    pub fn set(&self, mode: Mode) {
        *self.gate.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
        self.gate.changed.notify_all();
    }

    /// The name of an image, so that it is pulled this way.
    #[must_use]
    pub fn image(&self, name: &str) -> String {
        format!("127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.set(Mode::Open);
        let prefix = format!("127.0.0.1:{}/", self.port);
        let all = docker::try_docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]).unwrap_or_default();
        for image in all.lines().filter(|image| image.starts_with(&prefix)) {
            docker::try_docker(&["rmi", "--force", image]).ok();
        }
    }
}

fn serve(client: TcpStream, gate: &Arc<Gate>) {
    gate.pass();
    let Ok(server) = TcpStream::connect(variable("TESTENV_REGISTRY")) else { return };
    let (Ok(from_server), Ok(to_client)) = (server.try_clone(), client.try_clone()) else { return };
    let gate_back = Arc::clone(gate);
    let back = std::thread::spawn(move || copy(from_server, to_client, || gate_back.pass_back()));
    copy(client, server, || gate.pass());
    back.join().ok();
}

/// Copies until either side ends, and ends the other.
fn copy(mut from: TcpStream, mut to: TcpStream, before_each: impl Fn()) {
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut chunk) {
        before_each();
        if to.write_all(&chunk[..length]).is_err() {
            break;
        }
    }
    to.shutdown(Shutdown::Write).ok();
}

/// A listener of this machine that accepts and never answers: its address, until it is dropped.
#[derive(Debug)]
pub struct Silence {
    listener: TcpListener,
}

impl Silence {
    /// Listens.
    ///
    /// # Panics
    /// No port is free.
    #[must_use]
    pub fn listen() -> Self {
        // The kernel accepts on behalf of the listener, up to its backlog.
        Self { listener: TcpListener::bind("127.0.0.1:0").expect("a free port") }
    }

    /// The name of an image that nobody will ever send.
    ///
    /// # Panics
    /// Never: it is bound.
    #[must_use]
    pub fn image(&self, name: &str) -> String {
        format!("127.0.0.1:{}/{name}", self.listener.local_addr().expect("it is bound").port())
    }
}
