//! A terminal of 24 lines and 80 columns with the binary in it.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::num::NonZero;
use std::os::unix::ffi::OsStrExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle, sleep};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Lines and columns.
pub(crate) const SIZE: [NonZero<u16>; 2] = [NonZero::new(24).unwrap(), NonZero::new(80).unwrap()];

/// How long something may take on a machine under load.
const PATIENCE: Duration = Duration::from_secs(30);

/// How often it is looked.
const POLL: Duration = Duration::from_millis(10);

struct Output {
    screen: vt100::Parser,
    bytes: Vec<u8>,
}

/// A program in a terminal.
pub(crate) struct Terminal {
    child: Child,
    keyboard: std::fs::File,
    output: Arc<Mutex<Output>>,
    reader: Option<JoinHandle<()>>,
}

impl Terminal {
    /// Runs the command in it.
    pub(crate) fn run(mut command: Command) -> Self {
        let master =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&master).and_then(|()| unlockpt(&master)).expect("it is ours");
        let [rows, columns] = SIZE;
        let size = Winsize { ws_row: rows.get(), ws_col: columns.get(), ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).expect("it takes a size");
        let name = ptsname(&master, Vec::new()).expect("it has a name");
        let path = std::ffi::OsStr::from_bytes(name.as_bytes());
        let side =
            || Stdio::from(OpenOptions::new().read(true).write(true).open(path).expect("its other side"));
        let child = command.stdin(side()).stdout(side()).stderr(side()).spawn().expect("it can be run");
        // The command holds the other side open, and the end would never be read.
        drop(command);
        let mut screen = std::fs::File::from(master);
        let keyboard = screen.try_clone().expect("a second handle");
        let output = Arc::new(Mutex::new(Output {
            screen: vt100::Parser::new(rows, columns, 1000),
            bytes: Vec::new(),
        }));
        let reader = thread::spawn({
            let output = Arc::clone(&output);
            move || {
                let mut buffer = [0; 4096];
                // At the end a terminal gives an error.
                while let Ok(length @ 1..) = screen.read(&mut buffer) {
                    let mut output = output.lock().expect("no test panics with it");
                    output.screen.process(&buffer[..length]);
                    output.bytes.extend_from_slice(&buffer[..length]);
                }
            }
        });
        Self { child, keyboard, output, reader: Some(reader) }
    }

    /// What stands on it, from its first line to the last that is not empty; a turning spinner as `*`.
    pub(crate) fn screen(&self) -> String {
        let output = self.output.lock().expect("no test panics with it");
        let [_, columns] = SIZE;
        let lines = output.screen.screen().rows(0, columns.get());
        let lines: Vec<String> = lines.map(|line| line.trim_end().to_owned()).collect();
        lines
            .join("\n")
            .trim_end()
            .chars()
            .map(|c| if ('\u{2800}'..'\u{2900}').contains(&c) { '*' } else { c })
            .collect()
    }

    /// All that was written to it, with what steers it.
    pub(crate) fn bytes(&self) -> String {
        String::from_utf8_lossy(&self.output.lock().expect("no test panics with it").bytes).into_owned()
    }

    /// Waits until the screen is as wanted, and gives it.
    pub(crate) fn wait_for(&self, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen();
            if wanted(&screen) {
                return screen;
            }
            assert!(Instant::now() < deadline, "it did not come; there stands:\n{screen}");
            sleep(POLL);
        }
    }

    /// Waits until that text stands on it, and gives all that does.
    pub(crate) fn wait_for_text(&self, text: &str) -> String {
        self.wait_for(|screen| screen.contains(text))
    }

    /// Types that.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.keyboard.write_all(text.as_bytes()).expect("it takes keys");
    }

    /// What the terminal sends at Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::INT).expect("it is ours");
    }

    /// Waits for the end: the screen, and the exit code.
    pub(crate) fn end(mut self) -> (String, Option<i32>) {
        let deadline = Instant::now() + PATIENCE;
        let code = loop {
            if let Some(status) = self.child.try_wait().expect("it is ours") {
                break status.code();
            }
            assert!(Instant::now() < deadline, "it did not end; there stands:\n{}", self.screen());
            sleep(POLL);
        };
        self.reader.take().expect("it is taken once").join().expect("it does not panic");
        (self.screen(), code)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A test that failed half-way.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
