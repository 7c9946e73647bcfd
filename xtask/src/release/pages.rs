//! The pages that are shipped: all of `docs/`, laid as they lie there, so that their links to each other hold.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

/// Every file of `docs/`, relative to it, sorted.
pub(super) fn all(repository: &Path) -> Result<Vec<PathBuf>> {
    let docs = repository.join("docs");
    let mut files = Vec::new();
    add(&docs, &docs, &mut files)?;
    files.sort();
    Ok(files)
}

fn add(docs: &Path, folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() {
            add(docs, &path, files)?;
        } else {
            files.push(path.strip_prefix(docs).expect("it was found in there").to_owned());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeSet;
    use std::path::Component;

    use super::*;
    use crate::paths;

    /// The lines of a page that are text: no examples.
    fn prose(page: &str) -> impl Iterator<Item = &str> {
        let mut is_example = false;
        page.lines().filter(move |line| {
            let is_fence = line.trim_start().starts_with("```");
            is_example ^= is_fence;
            !is_example && !is_fence
        })
    }

    /// Where links of a page lead to, without those to other sites.
    fn links(page: &str) -> Vec<(String, String)> {
        let targets = prose(page).flat_map(|line| line.split("](").skip(1));
        let targets = targets.filter_map(|rest| rest.split(')').next()).filter(|to| !to.contains("://"));
        let parts = targets.map(|target| target.split_once('#').unwrap_or((target, "")));
        parts.map(|(file, heading)| (file.to_owned(), heading.to_owned())).collect()
    }

    /// The names that a page's headings have in links.
    fn headings(page: &str) -> BTreeSet<String> {
        let headings =
            prose(page).filter_map(|line| Some(line.strip_prefix('#')?.trim_start_matches('#').trim()));
        let is_kept = |letter: &char| letter.is_alphanumeric() || [' ', '-', '_'].contains(letter);
        headings
            .map(|text| text.to_lowercase().chars().filter(is_kept).collect::<String>().replace(' ', "-"))
            .collect()
    }

    /// Where a link of the page `from` leads; `None` where that is outside.
    fn target(from: &Path, link: &str) -> Option<PathBuf> {
        let mut to = from.parent().unwrap().to_path_buf();
        for part in Path::new(link).components() {
            match part {
                Component::Normal(name) => to.push(name),
                Component::ParentDir if to.pop() => {}
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
            }
        }
        Some(to)
    }

    #[test]
    fn every_link_of_a_shipped_page_leads_to_what_is_shipped_too() {
        let repository = paths::repository().unwrap();
        let shipped = all(&repository).unwrap();
        let read = |file: &Path| paths::read(&repository.join("docs").join(file)).unwrap();
        let (mut seen, mut broken) = (0, Vec::new());
        for page in shipped.iter().filter(|file| file.extension().is_some_and(|kind| kind == "md")) {
            for (link, heading) in links(&read(page)) {
                seen += 1;
                let target = if link.is_empty() { Some(page.clone()) } else { target(page, &link) };
                let target = target.filter(|target| shipped.contains(target));
                let leads =
                    target.is_some_and(|to| heading.is_empty() || headings(&read(&to)).contains(&heading));
                if !leads {
                    broken.push(format!("{}: {link}#{heading}", page.display()));
                }
            }
        }
        assert!(seen > 50, "{seen} links were found");
        assert!(broken.is_empty(), "{broken:#?}");
    }

    #[test]
    fn a_heading_is_named_as_its_links_name_it() {
        let named = headings("# An `app`, and why\n```sh\n# no heading\n```\n## AppStop, AppStart\n");
        assert_eq!(named.into_iter().collect::<Vec<_>>(), ["an-app-and-why", "appstop-appstart"]);
        assert_eq!(target(Path::new("a.md"), "../README.md"), None);
        assert_eq!(target(Path::new("adr/a.md"), "../b.md"), Some(PathBuf::from("b.md")));
    }
}
