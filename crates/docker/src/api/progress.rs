//! How far a pull is, from the messages about its layers.

use domain::{ImagePull, LayerPull};
use serde::Deserialize;

/// A line of the engine's answer to a pull.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Message {
    /// The layer it is about; on other lines the tag, or nothing.
    id: String,
    status: String,
    #[serde(rename = "progressDetail")]
    detail: Detail,
    pub(super) error: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail {
    current: Option<u64>,
    total: Option<u64>,
}

/// The progress of one image's pull.
///
/// Figures only ever grow: a download that is tried again from its beginning is no progress until it gets
/// further than before.
pub(super) struct Progress {
    pull: ImagePull,
    /// What is shown to nobody of each layer, in the order of `pull.layers`.
    hidden: Vec<Hidden>,
}

#[derive(Default)]
struct Hidden {
    /// Bytes unpacked: progress all the same.
    unpacked: u64,
    turn: Turn,
}

/// Whose move it is on a layer.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Turn {
    /// It is being downloaded or unpacked.
    AtWork,
    /// The engine downloads only so many layers at once, of all pulls together.
    Waiting,
    #[default]
    Neither,
}

impl Progress {
    pub(super) fn of(image: &str) -> Self {
        let pull = ImagePull { image: image.to_owned(), ..ImagePull::default() };
        Self { pull, hidden: Vec::new() }
    }

    /// The figures as they are.
    pub(super) fn figures(&self) -> &ImagePull {
        &self.pull
    }

    /// Whether nothing of it moves because other pulls have the engine's hands full.
    pub(super) fn waits_for_its_turn(&self) -> bool {
        let any = |wanted: Turn| self.hidden.iter().any(|hidden| hidden.turn == wanted);
        any(Turn::Waiting) && !any(Turn::AtWork)
    }

    /// The image is there.
    pub(super) fn complete(&mut self) -> &ImagePull {
        for layer in &mut self.pull.layers {
            downloaded(layer);
            layer.complete = true;
        }
        self.pull.complete = true;
        &self.pull
    }

    /// Takes in a message and says whether anything moved: bytes, layers, or the unpacking of one, which
    /// the figures do not show.
    pub(super) fn take_in(&mut self, message: &Message) -> bool {
        let known = matches!(
            message.status.as_str(),
            "Pulling fs layer"
                | "Waiting"
                | "Downloading"
                | "Verifying Checksum"
                | "Download complete"
                | "Extracting"
                | "Pull complete"
                | "Already exists"
        );
        if !known || message.id.is_empty() {
            return false;
        }
        let found = self.pull.layers.iter().position(|layer| layer.id == message.id);
        let index = found.unwrap_or_else(|| {
            self.pull.layers.push(LayerPull { id: message.id.clone(), ..LayerPull::default() });
            self.hidden.push(Hidden::default());
            self.hidden.len() - 1
        });
        let (layer, Hidden { unpacked, turn }) = (&mut self.pull.layers[index], &mut self.hidden[index]);
        let before = (layer.bytes_done, *unpacked, layer.complete);
        *turn = match message.status.as_str() {
            "Waiting" => Turn::Waiting,
            "Downloading" | "Verifying Checksum" | "Extracting" => Turn::AtWork,
            _ => Turn::Neither,
        };
        match message.status.as_str() {
            "Downloading" => {
                layer.bytes_total = layer.bytes_total.max(message.detail.total.unwrap_or(0));
                layer.bytes_done = layer.bytes_done.max(message.detail.current.unwrap_or(0));
            }
            "Verifying Checksum" | "Download complete" => downloaded(layer),
            "Extracting" => {
                downloaded(layer);
                *unpacked = (*unpacked).max(message.detail.current.unwrap_or(0));
            }
            "Pull complete" | "Already exists" => {
                downloaded(layer);
                layer.complete = true;
            }
            _ => {}
        }
        found.is_none() || before != (layer.bytes_done, *unpacked, layer.complete)
    }
}

/// A registry that gives no length tells no total: then what has come is all.
fn downloaded(layer: &mut LayerPull) {
    layer.bytes_total = layer.bytes_total.max(layer.bytes_done);
    layer.bytes_done = layer.bytes_total;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(line: &str) -> Message {
        serde_json::from_str(line).expect("it can be read")
    }

    fn take_in(progress: &mut Progress, lines: &[&str]) -> Vec<bool> {
        lines.iter().map(|line| progress.take_in(&message(line))).collect()
    }

    #[test]
    fn bytes_and_layers_are_summed() {
        let mut progress = Progress::of("redis:7");
        let moved = take_in(
            &mut progress,
            &[
                r#"{"status":"Pulling from library/redis","id":"7"}"#,
                r#"{"status":"Already exists","progressDetail":{},"id":"aa"}"#,
                r#"{"status":"Pulling fs layer","progressDetail":{},"id":"bb"}"#,
                r#"{"status":"Pulling fs layer","progressDetail":{},"id":"cc"}"#,
                r#"{"status":"Downloading","progressDetail":{"current":100,"total":1000},"progress":"[>  ]","id":"bb"}"#,
                r#"{"status":"Downloading","progressDetail":{"current":10,"total":50},"id":"cc"}"#,
                r#"{"status":"Download complete","progressDetail":{},"id":"cc"}"#,
            ],
        );
        assert_eq!(moved, [false, true, true, true, true, true, true]);
        let figures = progress.figures();
        assert_eq!((figures.bytes_done(), figures.bytes_total()), (150, 1050));
        assert_eq!((figures.layers_done(), figures.layers.len()), (1, 3));
        let complete = progress.complete();
        assert!(complete.complete && complete.bytes_done() == 1050 && complete.layers_done() == 3);
    }

    #[test]
    fn a_repeated_download_and_words_are_no_progress_but_unpacking_is() {
        let mut progress = Progress::of("redis:7");
        let moved = take_in(
            &mut progress,
            &[
                r#"{"status":"Downloading","progressDetail":{"current":100,"total":1000},"id":"bb"}"#,
                r#"{"status":"Retrying in 5 seconds","progressDetail":{},"id":"bb"}"#,
                r#"{"status":"Downloading","progressDetail":{"current":50,"total":1000},"id":"bb"}"#,
                r#"{"status":"Downloading","progressDetail":{"current":100,"total":1000},"id":"bb"}"#,
                r#"{"status":"Extracting","progressDetail":{"current":5,"total":1000},"id":"bb"}"#,
                r#"{"status":"Extracting","progressDetail":{"current":6,"total":1000},"id":"bb"}"#,
                r#"{"status":"Digest: sha256:aa"}"#,
            ],
        );
        assert_eq!(moved, [true, false, false, false, true, true, false]);
    }
}
