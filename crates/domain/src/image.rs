//! Images: what an app's containers were made of, told so that the very same can be had again.
//!
//! How they are pulled is `operation`'s; what the engine says of them comes through `control`'s port.

/// An image that containers of an app were made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppImage {
    /// What the compose file calls it: `redis:latest`.
    pub image: String,
    /// Its digest in its repository (`sha256:…`): `redis@sha256:…` is this image for ever, whatever the tag comes to mean.
    /// `None` where it came from no registry.
    pub digest: Option<String>,
    /// The engine's identifier of it (`sha256:…`).
    pub id: String,
}

/// The digest of an image in the repository that `reference` names, out of all its names with a digest that the engine
/// knows (`redis@sha256:…`). None of another repository is taken for it: an image that was only built here has none.
///
/// An image may have several in one repository, as when a list of platforms is published anew around it. Each leads to it:
/// the one that `reference` names itself is taken, else the first.
#[must_use]
pub fn repository_digest(reference: &str, repo_digests: &[String]) -> Option<String> {
    let repository = repository(reference);
    let of_repository = || {
        let parts = repo_digests.iter().filter_map(|name| name.split_once('@'));
        parts.filter(|(name, _)| self::repository(name) == repository).map(|(_, digest)| digest)
    };
    let named = reference.split_once('@').map(|(_, digest)| digest);
    of_repository()
        .find(|digest| Some(*digest) == named)
        .or_else(|| of_repository().next())
        .map(str::to_owned)
}

/// The repository of a reference, as the engine shortens it: without Docker Hub's names, tag and digest.
fn repository(reference: &str) -> &str {
    let name = reference.split('@').next().unwrap_or_default();
    // A colon before the last slash is the registry's port.
    let name = name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(name, |(name, _)| name);
    let of_hub = ["docker.io/", "index.docker.io/"].iter().find_map(|host| name.strip_prefix(host));
    let name = of_hub.unwrap_or(name);
    name.strip_prefix("library/").unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(reference: &str, repo_digests: &[&str]) -> Option<String> {
        let repo_digests: Vec<String> = repo_digests.iter().map(|&name| name.to_owned()).collect();
        repository_digest(reference, &repo_digests)
    }

    #[test]
    fn the_digest_is_that_of_the_repository_that_the_reference_names() {
        for reference in
            ["redis", "redis:latest", "docker.io/redis:7", "docker.io/library/redis", "library/redis:7"]
        {
            assert_eq!(digest(reference, &["redis@sha256:a"]).as_deref(), Some("sha256:a"), "{reference}");
        }
        let known = ["ghcr.io/a/redis@sha256:a", "localhost:5000/redis@sha256:b", "redis@sha256:c"];
        assert_eq!(digest("localhost:5000/redis", &known).as_deref(), Some("sha256:b"));
        assert_eq!(digest("localhost:5000/redis:7", &known).as_deref(), Some("sha256:b"));
        assert_eq!(digest("ghcr.io/a/redis:7@sha256:x", &known).as_deref(), Some("sha256:a"));
    }

    #[test]
    fn a_digest_of_another_repository_is_none_of_it() {
        assert_eq!(digest("redis:7", &[]), None, "it was built here");
        assert_eq!(digest("redis:7", &["a/redis@sha256:a", "ghcr.io/library/redis@sha256:b"]), None);
        assert_eq!(digest("redis:7", &["redis"]), None, "a name without a digest");
    }

    #[test]
    fn of_several_digests_the_one_that_is_asked_for_is_told() {
        let known = ["redis@sha256:a", "redis@sha256:b"];
        assert_eq!(digest("redis@sha256:b", &known).as_deref(), Some("sha256:b"));
        assert_eq!(digest("redis:7", &known).as_deref(), Some("sha256:a"));
    }
}
