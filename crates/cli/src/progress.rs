//! How far an operation is, on standard error: bars where there is something to count, a spinner where not, and
//! plain lines, one for each change, where nobody sees bars.

use std::collections::HashMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use wire::{OperationInfo, PullInfo, StepInfo};

use crate::Context;
use crate::printer::{Printer, clean, complain};
use crate::units;

/// Images that get a bar of their own at once: more would fill the screen of a small terminal.
const IMAGES_SHOWN_MAX: usize = 8;

/// How often a spinner turns.
const TICK: Duration = Duration::from_millis(100);

/// The characters of a spinner; the last stands when it has stopped.
const SPINNER: &str = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ";

/// Shows an operation, look after look.
#[derive(Debug)]
pub(crate) struct Progress<'a> {
    printer: &'a Printer,
    screen: Screen,
    /// How far each attempt at a step was at the last look.
    seen: Vec<String>,
    images_here: Vec<String>,
    state: String,
    absent: bool,
}

#[derive(Debug)]
enum Screen {
    Bars(Bars),
    Lines,
    Nothing,
}

impl<'a> Progress<'a> {
    pub(crate) fn of(context: &'a Context) -> Self {
        let printer = &context.printer;
        let sees_bars = console::Term::stderr().is_term() && !context.surroundings.has_dumb_terminal();
        let screen = match (printer.quiet, sees_bars) {
            (true, _) => Screen::Nothing,
            (false, true) => Screen::Bars(Bars::of()),
            (false, false) => Screen::Lines,
        };
        let (seen, images_here, state) = (Vec::new(), Vec::new(), String::new());
        Self { printer, screen, seen, images_here, state, absent: false }
    }

    /// Shows what has changed since the last look.
    pub(crate) fn show(&mut self, operation: &OperationInfo) {
        self.absent = false;
        for (at, step) in operation.steps.iter().enumerate() {
            self.show_step(operation, at, step);
        }
        for pull in operation.pulls.iter().filter(|pull| pull.complete) {
            self.show_image(operation, pull);
        }
        if self.state != operation.state {
            operation.state.clone_into(&mut self.state);
            if matches!(operation.state.as_str(), "queued" | "unwinding" | "stuck") {
                self.line(operation, &self.state_text(operation));
            }
        }
        let now = self.now(operation);
        if let Screen::Bars(bars) = &mut self.screen {
            bars.show(&now, operation);
        }
    }

    /// Says that the server does not answer for the moment.
    pub(crate) fn show_absence(&mut self) {
        let text = self.printer.text("server-away", &[]);
        match &self.screen {
            Screen::Bars(bars) => bars.now.set_message(text),
            Screen::Lines if !self.absent => complain(&text),
            Screen::Lines | Screen::Nothing => {}
        }
        self.absent = true;
    }

    /// Plain lines tell when a step begins, bars when it has ended: until then it stands in the moving line.
    fn show_step(&mut self, operation: &OperationInfo, at: usize, step: &StepInfo) {
        let is_first_look = self.seen.get(at).is_none();
        if self.seen.get(at) == Some(&step.state) {
            return;
        }
        if is_first_look {
            self.seen.push(step.state.clone());
        } else {
            self.seen[at].clone_from(&step.state);
        }
        let label = self.label(step);
        let took = units::between(&step.started_at, &step.ended_at);
        match (&self.screen, step.state.as_str()) {
            (Screen::Bars(_), "succeeded") => self.mark("ok", &label, &took),
            (Screen::Bars(_), "failed") => self.mark("failed", &label, &took),
            (Screen::Bars(_), "undone") => self.mark("undone", &label, &took),
            // One that was short has succeeded at the first look already.
            (Screen::Lines, "started" | "succeeded") if is_first_look => self.line(operation, &label),
            (Screen::Lines, "failed") => {
                let reason = step.reason.as_ref().map(|reason| reason.message.as_str()).unwrap_or_default();
                self.line(
                    operation,
                    &self.printer.text("step-failed", &[("step", &label), ("reason", reason)]),
                );
            }
            (Screen::Lines, "undone") => {
                self.line(operation, &self.printer.text("step-undone", &[("step", &label)]));
            }
            _ => {}
        }
    }

    fn show_image(&mut self, operation: &OperationInfo, pull: &PullInfo) {
        if self.images_here.contains(&pull.image) {
            return;
        }
        self.images_here.push(pull.image.clone());
        let size = units::bytes(pull.bytes_total);
        if matches!(self.screen, Screen::Lines) {
            self.line(
                operation,
                &self.printer.text("image-here", &[("image", &pull.image), ("size", &size)]),
            );
        }
    }

    fn line(&self, operation: &OperationInfo, text: &str) {
        if matches!(self.screen, Screen::Lines) {
            let colon = self.printer.text("colon", &[]);
            complain(&format!("{}{colon}{text}", operation.app_id));
        }
    }

    /// A line above the moving ones, which stays.
    fn mark(&self, mark: &str, label: &str, took: &str) {
        let Screen::Bars(bars) = &self.screen else { return };
        let (sign, colour) = match mark {
            "ok" => ("✓", "ok"),
            "failed" => ("✗", "failed"),
            _ => ("↶", "undone"),
        };
        let took = if took.is_empty() { String::new() } else { format!("  ({took})") };
        bars.print(&format!("{} {}{took}", self.printer.coloured(sign, colour), clean(label)));
    }

    fn label(&self, step: &StepInfo) -> String {
        let label = self.printer.word("step", &step.step);
        if step.attempt < 2 {
            return label;
        }
        self.printer.text("step-again", &[("step", &label), ("attempt", &step.attempt.to_string())])
    }

    /// What goes on, for the line that moves.
    fn now(&self, operation: &OperationInfo) -> String {
        let at_work = operation.steps.iter().rev().find(|step| step.state == "started");
        match (operation.state.as_str(), at_work) {
            ("running", Some(step)) => match pulls_text(self.printer, operation, step) {
                Some(pulls) => format!("{}  {pulls}", self.label(step)),
                None => self.label(step),
            },
            _ => self.state_text(operation),
        }
    }

    fn state_text(&self, operation: &OperationInfo) -> String {
        let reason = operation.reason.as_ref().map(|reason| reason.message.as_str()).unwrap_or_default();
        self.printer.text(&format!("now-{}", operation.state), &[("reason", reason)])
    }
}

/// `45.2 of 103.6 MB, 12 of 31 layers, 1 of 2 images`.
fn pulls_text(printer: &Printer, operation: &OperationInfo, step: &StepInfo) -> Option<String> {
    if step.step != "pull" || operation.pulls.is_empty() {
        return None;
    }
    let sum = |figure: fn(&PullInfo) -> u64| operation.pulls.iter().map(figure).sum();
    let (done, total): (u64, u64) = (sum(|pull| pull.bytes_done), sum(|pull| pull.bytes_total));
    let layers = || operation.pulls.iter().flat_map(|pull| &pull.layers);
    let count = |number: usize| number.to_string();
    // Before the registry has told of the first layer there are only images to count.
    let id = if total == 0 { "pulls-begin" } else { "pulls" };
    Some(printer.text(
        id,
        &[
            ("done", &units::bytes(done)),
            ("total", &units::bytes(total)),
            ("layers_done", &count(layers().filter(|layer| layer.complete).count())),
            ("layers", &count(layers().count())),
            ("images_done", &count(operation.pulls.iter().filter(|pull| pull.complete).count())),
            ("images", &count(operation.pulls.len())),
        ],
    ))
}

/// Lines that move at the foot of a terminal: what goes on, and a bar for each image that is on its way.
#[derive(Debug)]
struct Bars {
    screen: MultiProgress,
    now: ProgressBar,
    images: HashMap<String, ProgressBar>,
}

impl Bars {
    fn of() -> Self {
        let screen = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let now = screen.add(ProgressBar::new_spinner());
        now.set_style(style("{spinner} {wide_msg}"));
        now.enable_steady_tick(TICK);
        Self { screen, now, images: HashMap::new() }
    }

    fn show(&mut self, now: &str, operation: &OperationInfo) {
        self.now.set_message(clean(now));
        let on_their_way: Vec<&PullInfo> = match operation.state.as_str() {
            "running" => {
                operation.pulls.iter().filter(|pull| !pull.complete && pull.bytes_total > 0).collect()
            }
            _ => Vec::new(),
        };
        self.images.retain(|image, bar| {
            let stays = on_their_way.iter().any(|pull| pull.image == *image);
            if !stays {
                bar.finish_and_clear();
            }
            stays
        });
        for pull in on_their_way {
            if self.images.len() < IMAGES_SHOWN_MAX || self.images.contains_key(&pull.image) {
                let bar = self.images.entry(pull.image.clone()).or_insert_with(|| {
                    self.screen
                        .add(ProgressBar::new(pull.bytes_total).with_style(style("  [{bar:24}] {msg}")))
                });
                bar.set_length(pull.bytes_total);
                bar.set_position(pull.bytes_done);
                let (done, total) = (units::bytes(pull.bytes_done), units::bytes(pull.bytes_total));
                bar.set_message(format!("{done} / {total}  {}", clean(&pull.image)));
            }
        }
    }

    fn print(&self, line: &str) {
        // A terminal that takes no more lines takes no bars either.
        drop(self.screen.println(line));
    }
}

impl Drop for Bars {
    fn drop(&mut self) {
        for bar in self.images.values() {
            bar.finish_and_clear();
        }
        self.now.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).expect("the templates are our own");
    style.tick_chars(SPINNER).progress_chars("=> ")
}
