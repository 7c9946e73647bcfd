//! Pulls from the test environment's registry.

use std::io::Read as _;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use control::ports::{Engine as _, PullError, PullSink};
use docker::{Docker, Environment};
use domain::{FailureClass, ImagePull};

use crate::docker_command;

const LONG: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Told(Mutex<Vec<ImagePull>>);

impl PullSink for Told {
    fn progress(&self, pull: &ImagePull) {
        self.0.lock().expect("no test panics while it tells").push(pull.clone());
    }
}

fn engine() -> Docker {
    Docker::of(Environment::of(std::env::vars())).expect("the test environment's engine")
}

#[tokio::test]
#[ignore = "needs the private engine: cargo xtask test"]
async fn the_engine_tells_of_itself() {
    let info = engine().info().await.expect("it answers");
    assert!(
        info.cpu_cores > 0
            && info.memory_bytes > 0
            && info.root_dir.as_ref().is_some_and(|root| root.is_absolute()),
        "{info:?}"
    );
    assert!(!info.version.is_empty() && info.api_version.starts_with("1."), "{info:?}");
}

#[tokio::test]
#[ignore = "needs the private engine: cargo xtask test"]
async fn a_pull_tells_every_byte_of_every_layer() {
    let image = image_that_nobody_has();
    let told = Told::default();
    engine().pull(&image, LONG, &told).await.expect("the registry has it");
    let told = told.0.into_inner().expect("nobody holds it");
    let last = told.last().expect("something was told");
    assert!(last.complete && last.layers_done() == 1 && last.layers.len() == 1, "{last:?}");
    assert!(last.bytes_done() > 3_000_000 && last.bytes_done() == last.bytes_total(), "{last:?}");
    assert!(told.is_sorted_by_key(ImagePull::bytes_done) && told.len() > 3, "{told:?}");
    engine().pull(&image, LONG, &Told::default()).await.expect("it is there already");
    docker_command(&["image", "rm", &image]);
}

/// An image of one layer that cannot be compressed, in the registry and not on the engine.
fn image_that_nobody_has() -> String {
    let registry = std::env::var("TESTENV_REGISTRY").expect("the test environment names it");
    let image = format!("{registry}/realengine/random:{}", std::process::id());
    let folder = tempfile::tempdir().expect("a folder");
    let (file, tar) = (folder.path().join("random"), folder.path().join("random.tar"));
    let mut random = Vec::new();
    let device = std::fs::File::open("/dev/urandom").expect("Linux");
    device.take(3_000_000).read_to_end(&mut random).expect("it never ends");
    std::fs::write(&file, random).expect("written");
    let packed = Command::new("tar").arg("-cf").arg(&tar).arg("-C").arg(folder.path()).arg("random").status();
    assert!(packed.expect("tar is everywhere").success());
    docker_command(&["import", &tar.display().to_string(), &image]);
    docker_command(&["push", "--quiet", &image]);
    docker_command(&["image", "rm", &image]);
    image
}

#[tokio::test]
#[ignore = "needs the private engine: cargo xtask test"]
async fn a_missing_image_or_tag_and_a_registry_out_of_reach_are_told_apart() {
    let registry = std::env::var("TESTENV_REGISTRY").expect("the test environment names it");
    for (image, expected) in [
        (format!("{registry}/library/redis:nope"), FailureClass::NoSuchImage),
        (format!("{registry}/nothing:1"), FailureClass::NoSuchImage),
        (format!("{registry}/Not:An:Image"), FailureClass::NoSuchImage),
        ("127.0.0.1:1/nothing:1".to_owned(), FailureClass::RegistryUnreachable),
    ] {
        match engine().pull(&image, LONG, &Told::default()).await {
            Err(PullError::Failed(failure)) => assert_eq!(failure.class, expected, "{failure}"),
            other => panic!("{image}: {other:?}"),
        }
    }
}

#[tokio::test]
#[ignore = "needs the private engine: cargo xtask test"]
async fn a_registry_that_hangs_is_given_up_unless_the_engine_has_the_image() {
    // Accepts connections, and says nothing: the kernel does that for whoever listens.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let image = format!("127.0.0.1:{}/silent:1", silent.local_addr().expect("bound").port());
    let limit = Duration::from_secs(1);
    match engine().pull(&image, limit, &Told::default()).await {
        Err(PullError::Failed(failure)) => assert_eq!(failure.class, FailureClass::PullStalled, "{failure}"),
        other => panic!("{other:?}"),
    }
    engine().pull(crate::IMAGE, LONG, &Told::default()).await.expect("the registry has it");
    docker_command(&["tag", crate::IMAGE, &image]);
    engine().pull(&image, limit, &Told::default()).await.expect("the engine has it");
    docker_command(&["image", "rm", &image]);
}
