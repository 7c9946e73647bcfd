//! How far a pull is, summed over the messages of its layers.

use std::collections::HashMap;

use domain::ImagePull;
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

/// What is known of a layer. Figures only ever grow: a download that is tried again from its beginning
/// is no progress until it gets further than before.
#[derive(Default)]
struct Layer {
    downloaded: u64,
    total: u64,
    unpacked: u64,
    done: bool,
}

/// The progress of one image's pull.
pub(super) struct Progress {
    pull: ImagePull,
    layers: HashMap<String, Layer>,
}

impl Progress {
    pub(super) fn of(image: &str) -> Self {
        Self { pull: ImagePull { image: image.to_owned(), ..ImagePull::default() }, layers: HashMap::new() }
    }

    /// The figures as they are.
    pub(super) fn figures(&self) -> &ImagePull {
        &self.pull
    }

    /// The image is there.
    pub(super) fn complete(&mut self) -> &ImagePull {
        self.pull.bytes_done = self.pull.bytes_total;
        self.pull.layers_done = self.pull.layers_total;
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
        let is_first = !self.layers.contains_key(&message.id);
        let layer = self.layers.entry(message.id.clone()).or_default();
        let before = (layer.downloaded, layer.unpacked, layer.done);
        match message.status.as_str() {
            "Downloading" => {
                layer.total = layer.total.max(message.detail.total.unwrap_or(0));
                layer.downloaded = layer.downloaded.max(message.detail.current.unwrap_or(0));
            }
            "Verifying Checksum" | "Download complete" => layer.downloaded = layer.total,
            "Extracting" => {
                layer.downloaded = layer.total;
                layer.unpacked = layer.unpacked.max(message.detail.current.unwrap_or(0));
            }
            "Pull complete" | "Already exists" => {
                layer.downloaded = layer.total;
                layer.done = true;
            }
            _ => {}
        }
        let moved = before != (layer.downloaded, layer.unpacked, layer.done);
        self.sum();
        is_first || moved
    }

    fn sum(&mut self) {
        let layers = self.layers.values();
        let (mut done, mut total, mut finished) = (0, 0, 0);
        for layer in layers {
            // A registry that gives no length tells no total: what has come is all that is known.
            done += layer.downloaded;
            total += layer.total.max(layer.downloaded);
            finished += u32::from(layer.done);
        }
        self.pull.bytes_done = done;
        self.pull.bytes_total = total;
        self.pull.layers_done = finished;
        self.pull.layers_total = u32::try_from(self.layers.len()).unwrap_or(u32::MAX);
    }
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
        assert_eq!((figures.bytes_done, figures.bytes_total), (150, 1050));
        assert_eq!((figures.layers_done, figures.layers_total), (1, 3));
        let complete = progress.complete();
        assert!(complete.complete && complete.bytes_done == 1050 && complete.layers_done == 3);
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
