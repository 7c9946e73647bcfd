//! Server-Sent Events, out of the bytes of an answer that does not end.

/// An event longer than this is none of ours: the longest is a line of a log with some words around it.
const EVENT_BYTES_MAX: usize = 4 << 20;

/// One event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ServerEvent {
    /// Its number, if it has one.
    pub(crate) id: Option<String>,
    /// What it is; `""` if it does not say.
    pub(crate) kind: String,
    /// Its text.
    pub(crate) data: String,
}

/// Puts events together.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    bytes: Vec<u8>,
    event: ServerEvent,
}

/// The events have no end in sight: it is no stream of events.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Endless;

impl Reader {
    /// Takes bytes in, and gives the events that they complete.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Vec<ServerEvent>, Endless> {
        self.bytes.extend_from_slice(bytes);
        let mut events = Vec::new();
        let mut read = 0;
        while let Some(end) = self.bytes[read..].iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&self.bytes[read..read + end]).into_owned();
            read += end + 1;
            events.extend(take_line(&mut self.event, line.trim_end_matches('\r')));
        }
        self.bytes.drain(..read);
        if self.bytes.len() + self.event.data.len() > EVENT_BYTES_MAX {
            return Err(Endless);
        }
        Ok(events)
    }
}

fn take_line(event: &mut ServerEvent, line: &str) -> Option<ServerEvent> {
    if line.is_empty() {
        let whole = std::mem::take(event);
        // A heartbeat is a comment and an empty line. A number alone says where to go on from.
        return (whole.id.is_some() || !whole.data.is_empty()).then_some(whole);
    }
    let (field, value) = line.split_once(':').unwrap_or((line, ""));
    let value = value.strip_prefix(' ').unwrap_or(value);
    match field {
        "id" => event.id = Some(value.to_owned()),
        "event" => value.clone_into(&mut event.kind),
        "data" => {
            if !event.data.is_empty() {
                event.data.push('\n');
            }
            event.data.push_str(value);
        }
        // A comment, or a field of another time.
        _ => {}
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(id: Option<&str>, kind: &str, data: &str) -> ServerEvent {
        ServerEvent { id: id.map(Into::into), kind: kind.into(), data: data.into() }
    }

    #[test]
    fn events_come_whole_however_the_bytes_are_cut() {
        let stream = ": heartbeat\n\nid: 7\nevent: queued\ndata: {\"a\":\ndata: \"博\"}\n\ndata:x\r\n\r\nretry: 1\n\nid: 9\n\n";
        let expected =
            [event(Some("7"), "queued", "{\"a\":\n\"博\"}"), event(None, "", "x"), event(Some("9"), "", "")];
        for size in 1..stream.len() {
            let mut reader = Reader::default();
            let found: Vec<ServerEvent> = stream
                .as_bytes()
                .chunks(size)
                .flat_map(|chunk| reader.push(chunk).expect("it is short"))
                .collect();
            assert_eq!(found, expected, "{size}");
        }
    }

    #[test]
    fn what_never_ends_is_given_up() {
        let mut reader = Reader::default();
        let pushed: Vec<_> = (0..5).map(|_| reader.push(&vec![b'x'; 1 << 20])).collect();
        assert_eq!(pushed.last(), Some(&Err(Endless)));
    }
}
