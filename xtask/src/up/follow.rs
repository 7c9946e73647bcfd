//! An install as one sees it: bytes and layers while images are pulled, then the steps.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::Value;

use crate::api::{Api, text};
use crate::progress::{Progress, Running, Transfer};

/// How often the operation is asked for.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Where no bar can be drawn, figures come as lines, no more often than this.
const LINE_INTERVAL: Duration = Duration::from_secs(3);

/// What a step is to a person.
const STEPS: [(&str, &str); 6] = [
    ("reserve", "ports, a subnet and passwords are chosen"),
    ("render", "the app's folder is written"),
    ("pull", "images are pulled"),
    ("create", "containers are created and started"),
    ("await_ready", "started; waiting until it is ready"),
    ("finish", "done"),
];

/// Shows the app's newest operation until it has ended. One that failed is an error that tells why.
pub(super) fn follow(api: &Api, app: &str, progress: &Progress) -> Result<()> {
    let mut view =
        View { progress, step: String::new(), spinner: None, bars: HashMap::new(), last_line: None };
    loop {
        let operation = api.operation(app)?;
        match text(&operation["state"]).as_str() {
            "succeeded" => {
                view.clear();
                return Ok(());
            }
            "failed" | "stuck" | "cancelled" => {
                view.clear();
                bail!("{}", reason(app, &operation));
            }
            _ => view.show(&operation),
        }
        std::thread::sleep(POLL_INTERVAL);
    }
}

struct View<'a> {
    progress: &'a Progress,
    /// The step that is shown.
    step: String,
    spinner: Option<Running>,
    /// One per image.
    bars: HashMap<String, Transfer>,
    last_line: Option<Instant>,
}

impl View<'_> {
    fn show(&mut self, operation: &Value) {
        let step = text(&operation["step"]);
        if step != self.step {
            self.clear();
            if let Some((_, words)) = STEPS.iter().find(|(name, _)| *name == step) {
                self.progress.line(&format!("          {words}"));
            }
            // A pull has its bars.
            self.spinner = (step != "pull").then(|| self.progress.begin(""));
            self.step = step;
        }
        if self.step == "pull" {
            self.show_pulls(operation);
        }
    }

    fn show_pulls(&mut self, operation: &Value) {
        let is_due = self.last_line.is_none_or(|at| at.elapsed() >= LINE_INTERVAL);
        for pull in operation["pulls"].as_array().into_iter().flatten() {
            let image = text(&pull["image"]);
            let bar = self.bars.entry(image.clone()).or_insert_with(|| self.progress.transfer(&image));
            bar.set(bytes(pull, "bytes_done"), bytes(pull, "bytes_total"), &layers(pull));
            if is_due && !bar.is_drawn() {
                println!("          {}", line(pull));
                self.last_line = Some(Instant::now());
            }
        }
    }

    fn clear(&mut self) {
        self.bars.drain().for_each(|(_, bar)| bar.end());
        self.spinner.take().into_iter().for_each(Running::end);
    }
}

fn bytes(pull: &Value, field: &str) -> u64 {
    pull[field].as_u64().unwrap_or(0)
}

fn layers(pull: &Value) -> String {
    let layers = pull["layers"].as_array().map_or(&[][..], Vec::as_slice);
    let complete = layers.iter().filter(|layer| layer["complete"] == true).count();
    format!("{complete} of {} layers", layers.len())
}

fn line(pull: &Value) -> String {
    let megabytes = |field| bytes(pull, field) as f64 / 1e6;
    format!(
        "{}: {:.1} of {:.1} MB, {}",
        text(&pull["image"]),
        megabytes("bytes_done"),
        megabytes("bytes_total"),
        layers(pull)
    )
}

/// Why it failed, as the API tells it, with the last lines of the container that failed.
fn reason(app: &str, operation: &Value) -> String {
    let mut words = format!("the install of {app} has {}: {}", text(&operation["state"]), {
        let message = text(&operation["reason"]["message"]);
        if message.is_empty() { "no reason was given".to_owned() } else { message }
    });
    let lines: Vec<String> = operation["last_lines"].as_array().into_iter().flatten().map(text).collect();
    if !lines.is_empty() {
        words.push_str(&format!("\nIts last lines:\n{}", lines.join("\n")));
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_pull_is_one_line() {
        let pull = json!({
            "image": "mariadb:10.11", "bytes_done": 41_943_040, "bytes_total": 104_857_600,
            "layers": [{"complete": true}, {"complete": false}],
        });
        assert_eq!(line(&pull), "mariadb:10.11: 41.9 of 104.9 MB, 1 of 2 layers");
    }

    #[test]
    fn a_failure_tells_its_reason_and_the_last_lines() {
        let operation = json!({
            "state": "failed", "reason": {"message": "It ended with 1. Look."}, "last_lines": ["a", "b"],
        });
        assert_eq!(
            reason("blog", &operation),
            "the install of blog has failed: It ended with 1. Look.\nIts last lines:\na\nb"
        );
    }
}
