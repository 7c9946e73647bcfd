//! What packages were found to ask for, kept over the end of a life of the server: a line of JSON each. A package is known
//! by what is in it, and judged anew by another version of this server, which may know more rules.
//!
//! Losing it harms nothing: everything is judged again.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;

use control::ports::KnownRisks;
use domain::{Risk, Rule};
use serde::{Deserialize, Serialize};

/// The file, beside the catalogs.
pub(crate) const FILE: &str = "risks.jsonl";
/// Largest file that is read: thousands of packages take a tenth of it.
const FILE_BYTES_MAX: u64 = 16 << 20;
const SERVER: &str = env!("CARGO_PKG_VERSION");

#[derive(Serialize, Deserialize)]
struct Line {
    server: String,
    fingerprint: String,
    version: String,
    /// Rule, service and subject of each.
    risks: Vec<(String, String, String)>,
}

/// What is known of these contents. The file is written anew without all else.
pub(crate) fn load(path: &Path, fingerprints: &BTreeSet<&str>) -> Vec<KnownRisks> {
    let mut text = String::new();
    let read = File::open(path).and_then(|file| file.take(FILE_BYTES_MAX).read_to_string(&mut text));
    if read.is_err() {
        // Not there, or no text: it begins anew.
        text.clear();
    }
    let known: Vec<KnownRisks> = text
        .lines()
        .filter_map(|line| serde_json::from_str::<Line>(line).ok()?.into_known())
        .filter(|known| fingerprints.contains(known.fingerprint.as_str()))
        .collect();
    if known.len() != text.lines().count() {
        let lines: String = known.iter().filter_map(line_of).collect();
        let unfinished = path.with_extension("unfinished");
        let written = fs::write(&unfinished, lines).and_then(|()| fs::rename(&unfinished, path));
        told(written, path);
    }
    known
}

/// One more. The folder is made if it is not there: packages of a folder of the settings are judged where no catalog was
/// ever added.
pub(crate) fn append(path: &Path, known: &KnownRisks) {
    let Some(line) = line_of(known) else { return };
    let write = || {
        fs::create_dir_all(path.parent().unwrap_or(path))?;
        OpenOptions::new().append(true).create(true).open(path)?.write_all(line.as_bytes())
    };
    told(write(), path);
}

fn told(written: std::io::Result<()>, path: &Path) {
    if let Err(error) = written {
        tracing::warn!(path = %path.display(), %error, "what packages ask for cannot be remembered");
    }
}

fn line_of(KnownRisks { fingerprint, version, risks }: &KnownRisks) -> Option<String> {
    let risk = |risk: &Risk| (risk.rule.as_str().to_owned(), risk.service.clone(), risk.subject.clone());
    let line = Line {
        server: SERVER.to_owned(),
        fingerprint: fingerprint.clone(),
        version: version.clone(),
        risks: risks.iter().map(risk).collect(),
    };
    serde_json::to_string(&line).ok().map(|line| line + "\n")
}

impl Line {
    fn into_known(self) -> Option<KnownRisks> {
        let Self { server, fingerprint, version, risks } = self;
        let risk = |(rule, service, subject): (String, String, String)| {
            let rule = Rule::ALL.iter().find(|known| known.as_str() == rule)?;
            Some(Risk { rule: *rule, service, subject })
        };
        let risks = risks.into_iter().map(risk).collect::<Option<Vec<_>>>()?;
        (server == SERVER).then_some(KnownRisks { fingerprint, version, risks })
    }
}
