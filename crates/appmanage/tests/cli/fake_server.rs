//! A server that answers what a test scripted, over a real socket, and remembers what it was asked.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::SystemTime;

use serde_json::{Value, json};

/// What an interface answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// Data.
    Data(Value),
    /// An error's code and message.
    Refusal(&'static str, &'static str),
    /// These bytes of a body, whatever they are.
    Text(&'static str),
    /// Events, as they are written, then nothing until the end of the test.
    Events(Vec<String>),
    /// The same, and then the connection is cut.
    CutEvents(Vec<String>),
}

/// A call that came in.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) interface: String,
    pub(crate) language: String,
    pub(crate) parameters: Value,
}

/// The answers of each interface: one after the other, the last again and again.
type Script = HashMap<String, Vec<Answer>>;

/// Answers until it is dropped.
pub(crate) struct FakeServer {
    folder: tempfile::TempDir,
    pub(crate) socket: PathBuf,
    script: Arc<Mutex<Script>>,
    calls: Arc<Mutex<Vec<Call>>>,
    date: Arc<Mutex<Option<&'static str>>>,
    /// Dropped with the server: streams end then.
    _open: Sender<()>,
}

impl FakeServer {
    pub(crate) fn start() -> Self {
        Self::start_in(tempfile::tempdir().expect("a temporary directory"))
    }

    fn start_in(folder: tempfile::TempDir) -> Self {
        let socket = folder.path().join("appmanage.sock");
        let listener = UnixListener::bind(&socket).expect("nothing is in the way");
        let script = Arc::new(Mutex::new(Script::new()));
        let (calls, date) = (Arc::default(), Arc::default());
        let (open, ended) = channel();
        let ended = Arc::new(Mutex::new(ended));
        thread::spawn({
            let (script, calls, date) = (Arc::clone(&script), Arc::clone(&calls), Arc::clone(&date));
            move || {
                for stream in listener.incoming().map_while(Result::ok) {
                    let (script, calls) = (Arc::clone(&script), Arc::clone(&calls));
                    let (date, ended) = (Arc::clone(&date), Arc::clone(&ended));
                    thread::spawn(move || serve(stream, &script, &calls, &date, &ended));
                }
            }
        });
        Self { folder, socket, script, calls, date, _open: open }
    }

    /// Nobody answers at its socket any more.
    pub(crate) fn goes_away(self) -> Away {
        fs::remove_file(&self.socket).expect("it is there");
        Away { folder: self.folder }
    }

    /// From now on the interface answers that.
    pub(crate) fn answers(&self, interface: &str, answer: Answer) -> &Self {
        self.answers_in_turn(interface, vec![answer])
    }

    /// From now on the interface answers one after the other, and the last again and again.
    pub(crate) fn answers_in_turn(&self, interface: &str, answers: Vec<Answer>) -> &Self {
        self.script.lock().expect("no test panics with it").insert(interface.to_owned(), answers);
        self
    }

    /// From now on the interface answers that data.
    pub(crate) fn data(&self, interface: &str, data: Value) -> &Self {
        self.answers(interface, Answer::Data(data))
    }

    /// From now on its clock stands there.
    pub(crate) fn date(&self, date: &'static str) {
        *self.date.lock().expect("no test panics with it") = Some(date);
    }

    /// The calls of an interface, oldest first.
    pub(crate) fn calls(&self, interface: &str) -> Vec<Call> {
        let calls = self.calls.lock().expect("no test panics with it");
        calls.iter().filter(|call| call.interface == interface).cloned().collect()
    }
}

/// Where a server was.
pub(crate) struct Away {
    folder: tempfile::TempDir,
}

impl Away {
    /// Another server answers at the same socket.
    pub(crate) fn comes_back(self) -> FakeServer {
        FakeServer::start_in(self.folder)
    }
}

/// Answers one request; who has gone away is not answered.
fn serve(
    mut stream: UnixStream,
    script: &Mutex<Script>,
    calls: &Mutex<Vec<Call>>,
    date: &Mutex<Option<&'static str>>,
    ended: &Mutex<Receiver<()>>,
) -> Option<()> {
    let call = read_call(&stream)?;
    let answer = {
        let mut script = script.lock().ok()?;
        let answers = script.get_mut(&call.interface);
        answers.map(|answers| if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
    };
    calls.lock().ok()?.push(call);
    let now = httpdate::fmt_http_date(SystemTime::now());
    let date = date.lock().ok()?.map_or(now, str::to_owned);
    let whole = |body: &str| {
        let length = body.len();
        format!(
            "HTTP/1.1 200 OK\r\nDate: {date}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
    };
    let refusal = |code: &str, message: &str| {
        json!({ "ResponseData": {}, "Error": { "Code": code, "Message": message } }).to_string()
    };
    let answer = answer.unwrap_or(Answer::Refusal("Interface.NotExis", "There is no such interface"));
    let is_cut = matches!(answer, Answer::CutEvents(_));
    match answer {
        Answer::Data(data) => {
            stream.write_all(whole(&json!({ "ResponseData": data }).to_string()).as_bytes()).ok()?;
        }
        Answer::Refusal(code, message) => stream.write_all(whole(&refusal(code, message)).as_bytes()).ok()?,
        Answer::Text(text) => stream.write_all(whole(text).as_bytes()).ok()?,
        Answer::Events(events) | Answer::CutEvents(events) => {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
            stream.write_all((head.to_owned() + &events.concat()).as_bytes()).ok()?;
            if !is_cut {
                // Nothing is ever sent: it ends when the sender is dropped.
                let (Ok(()) | Err(_)) = ended.lock().ok()?.recv();
            }
        }
    }
    Some(())
}

fn read_call(stream: &UnixStream) -> Option<Call> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let interface = line.split(' ').nth(1)?.trim_start_matches('/').to_owned();
    let (mut length, mut language) = (0, String::new());
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "language" => value.clone_into(&mut language),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Call { interface, language, parameters: serde_json::from_slice(&body).unwrap_or_default() })
}

/// Where a test's server is, as `--server` writes it.
pub(crate) fn address(socket: &Path) -> String {
    format!("unix:{}", socket.display())
}
