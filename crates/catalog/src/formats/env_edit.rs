//! The `.env` of a catalog as a package may bring it: every byte is kept but for lines that a package must not have,
//! that use what has no value yet, or that hold a secret which is made anew.

use std::collections::{BTreeMap, BTreeSet};

use domain::EnvFile;

use crate::block::{Kind, VariableBlock};
use crate::formats::known::Known;
use crate::formats::offered::text_variable;
use crate::variables::{is_reserved, used_too_early};

/// The file, and in `variables` those that now stand for some of its lines. `asked` are variables that users give values
/// to, whatever the file says.
pub(crate) fn clean(
    text: &str,
    variables: &mut Vec<VariableBlock>,
    of_versions: &BTreeSet<String>,
    asked: &BTreeSet<String>,
    known: &Known,
    remarks: &mut Vec<String>,
) -> String {
    let reserved: BTreeSet<String> =
        EnvFile::of(text).names().filter(|name| is_reserved(name)).map(str::to_owned).collect();
    for name in &reserved {
        remarks.push(format!(
            "{name} is left out of .env: it means something to the server or to docker compose"
        ));
    }
    let env = EnvFile::of(EnvFile::of(text).without(is_reserved));
    let mut emptied: BTreeMap<String, &str> = BTreeMap::new();
    for name in too_early(&env, variables, of_versions) {
        if variables.iter().all(|variable| variable.name != name) && !of_versions.contains(&name) {
            let mut variable = text_variable(&name);
            let template = known.env().get(&name).cloned().unwrap_or_default();
            variable.kind = Kind::Derived;
            let is_declared = |name: &str| variables.iter().any(|variable| variable.name == name);
            variable.value = Some(known.expanded(&template, &is_declared));
            variables.push(variable);
        }
        emptied.insert(name, "");
    }
    let is_in_file = |name: &str| env.names().any(|known| known == name);
    let is_given = |variable: &VariableBlock| variable.kind == Kind::Secret || asked.contains(&variable.name);
    for variable in variables.iter().filter(|variable| is_given(variable) && is_in_file(&variable.name)) {
        emptied.insert(variable.name.clone(), "");
    }
    env.with(emptied.iter().map(|(name, value)| (name.as_str(), *value)))
}

/// The names of the lines that use what only comes later.
fn too_early(env: &EnvFile, variables: &[VariableBlock], of_versions: &BTreeSet<String>) -> BTreeSet<String> {
    let of_package: BTreeSet<&str> =
        variables.iter().map(|variable| &variable.name).chain(of_versions).map(String::as_str).collect();
    used_too_early(env, |name| of_package.contains(name)).map(|(line, _)| line.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_cannot_stay_are_changed() {
        let text = "# first\nA=$B\nB='x' # b\r\nCOMPOSE_FILE=x\nSECRET='sample'\nC=${B}$A\n";
        let (known, mut remarks) = (Known::default(), Vec::new());
        let mut variables = vec![VariableBlock { kind: Kind::Secret, ..text_variable("SECRET") }];
        let none = BTreeSet::new();
        let cleaned = clean(text, &mut variables, &none, &none, &known, &mut remarks);
        assert_eq!(cleaned, "# first\nA=''\nB='x' # b\r\nSECRET=''\nC=${B}$A\n");
        assert_eq!(variables.last().map(|v| (v.name.as_str(), v.kind)), Some(("A", Kind::Derived)));
        assert_eq!(remarks.len(), 1);
    }
}
