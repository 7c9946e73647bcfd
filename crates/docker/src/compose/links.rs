//! Where a path leads: links followed and `..` taken literally, also where its end is not there yet.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

/// Links that are followed on the way, as many as the kernel follows.
const LINKS_MAX: usize = 40;

/// The path without links and `..`. What is not there leads where its name says: whoever creates it, creates
/// it there. `None` for a path that is not absolute, and where somebody may not look or links lead nowhere.
pub(super) fn resolved(path: &Path) -> Option<PathBuf> {
    if !path.is_absolute() {
        return None;
    }
    let mut ahead: VecDeque<OsString> = parts(path);
    let mut reached = PathBuf::from("/");
    let mut links = 0;
    while let Some(part) = ahead.pop_front() {
        if part == ".." {
            reached.pop();
            continue;
        }
        let next = reached.join(&part);
        match std::fs::symlink_metadata(&next) {
            Ok(found) if found.is_symlink() => {
                links += 1;
                let target = std::fs::read_link(&next).ok().filter(|_| links <= LINKS_MAX)?;
                if target.is_absolute() {
                    reached = PathBuf::from("/");
                }
                for part in parts(&target).into_iter().rev() {
                    ahead.push_front(part);
                }
            }
            Ok(_) => reached = next,
            Err(error) if error.kind() == ErrorKind::NotFound => reached = next,
            Err(_) => return None,
        }
    }
    Some(reached)
}

fn parts(path: &Path) -> VecDeque<OsString> {
    let named = |component: Component<'_>| match component {
        Component::Normal(_) | Component::ParentDir => Some(component.as_os_str().to_owned()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    };
    path.components().filter_map(named).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn links_are_followed_and_what_is_not_there_leads_where_it_says() {
        let place = tempfile::tempdir().expect("a folder");
        let root = place.path().canonicalize().expect("it is there");
        std::fs::create_dir_all(root.join("app/inner")).expect("a folder");
        symlink("/etc", root.join("app/absolute")).expect("a link");
        symlink("../..", root.join("app/inner/up")).expect("a link");
        symlink("absolute", root.join("app/again")).expect("a link");
        symlink("/nowhere/at/all", root.join("app/dangling")).expect("a link");
        symlink("loop", root.join("app/loop")).expect("a link");
        let lead = |written: &str| resolved(&root.join(written));
        for (written, expected) in [
            ("app/data", root.join("app/data")),
            ("app/./data//x/", root.join("app/data/x")),
            ("app/absolute", PathBuf::from("/etc")),
            ("app/absolute/passwd", PathBuf::from("/etc/passwd")),
            ("app/again", PathBuf::from("/etc")),
            ("app/inner/up", root.clone()),
            ("app/inner/up/app", root.join("app")),
            ("app/missing/../../x", root.join("x")),
            ("app/inner/up/../y", root.parent().expect("it has one").join("y")),
            ("app/dangling/x", PathBuf::from("/nowhere/at/all/x")),
        ] {
            assert_eq!(lead(written), Some(expected), "{written}");
        }
        assert_eq!(lead("app/loop"), None);
        assert_eq!(resolved(Path::new("app")), None);
        assert_eq!(resolved(Path::new("/../../etc")), Some(PathBuf::from("/etc")));
    }
}
