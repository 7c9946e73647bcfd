//! The list of the program's parts (SBOM) in CycloneDX 1.6.
//!
//! Which parts there are is not found out here: see `parts`.

use anyhow::Result;
use serde_json::{Value, json};

use super::parts::{Part, Parts};
use crate::paths;

/// The end of the file's name, which tells readers the format.
pub(super) const FILE: &str = "sbom.cdx.json";

/// The list, its time being `epoch` (seconds since 1970).
pub(super) fn write(parts: &Parts, epoch: u64) -> Result<String> {
    let reference = format!("pkg:generic/appmanage@{}", parts.version);
    let components: Vec<Value> = parts.parts.iter().map(component).collect();
    let mut dependencies: Vec<Value> = parts
        .parts
        .iter()
        .map(|part| json!({ "ref": part.reference, "dependsOn": parts.needs.get(&part.reference) }))
        .map(without_nulls)
        .collect();
    dependencies.push(json!({ "ref": reference, "dependsOn": parts.needs.get("appmanage") }));
    let list = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": serial_number(&serde_json::to_string(&components)?, epoch),
        "version": 1,
        "metadata": {
            "timestamp": time(epoch),
            "component": {
                "type": "application",
                "bom-ref": reference,
                "name": "appmanage",
                "version": parts.version,
                // That of the whole workspace.
                "licenses": [{ "expression": env!("CARGO_PKG_LICENSE") }],
                "purl": reference,
            },
        },
        "components": components,
        "dependencies": dependencies,
    });
    Ok(format!("{}\n", serde_json::to_string_pretty(&list)?))
}

fn component(part: &Part) -> Value {
    let hashes = part.sha256.as_ref().map(|sum| json!([{ "alg": "SHA-256", "content": sum }]));
    without_nulls(json!({
        "type": "library",
        "bom-ref": part.reference,
        "name": part.name,
        "version": part.version,
        "scope": "required",
        "hashes": hashes,
        "licenses": [{ "expression": part.licence }],
        "purl": part.reference,
    }))
}

fn without_nulls(mut value: Value) -> Value {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|_, field| !field.is_null());
    }
    value
}

/// An identifier of the list: other parts or another time, another number. (Version 8 of RFC 9562: made as its maker likes.)
fn serial_number(components: &str, epoch: u64) -> String {
    let digest = paths::sha256(format!("{epoch} {components}"));
    let (a, b, c, d, e) = (&digest[..8], &digest[8..12], &digest[13..16], &digest[17..20], &digest[20..32]);
    format!("urn:uuid:{a}-{b}-8{c}-8{d}-{e}")
}

/// As RFC 3339 writes it, in UTC.
fn time(epoch: u64) -> String {
    let (days, seconds) = (epoch / 86_400, epoch % 86_400);
    // Years that begin in March make the leap day the last of its year.
    let day_of_era = (days + 719_468) % 146_097;
    let era = (days + 719_468) / 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn times_are_the_known_ones() {
        assert_eq!(time(0), "1970-01-01T00:00:00Z");
        assert_eq!(time(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(time(1_735_689_599), "2024-12-31T23:59:59Z");
    }

    #[test]
    fn every_part_has_a_licence_and_every_reference_leads_to_a_part() {
        let parts = Parts::of(&paths::repository().unwrap()).unwrap();
        let list: Value = serde_json::from_str(&write(&parts, 0).unwrap()).unwrap();
        let components = list["components"].as_array().unwrap();
        let known: Vec<&Value> = components.iter().map(|component| &component["bom-ref"]).collect();
        for component in components {
            let licence = component["licenses"][0]["expression"].as_str().unwrap();
            assert!(licence != "NOASSERTION" && !licence.is_empty(), "{component}");
        }
        for dependency in list["dependencies"].as_array().unwrap() {
            for needed in dependency["dependsOn"].as_array().into_iter().flatten() {
                assert!(known.contains(&needed), "{needed}");
            }
        }
        assert_eq!(list["metadata"]["component"]["licenses"][0]["expression"], "Apache-2.0");
        assert_eq!(write(&parts, 0).unwrap(), write(&parts, 0).unwrap());
    }
}
