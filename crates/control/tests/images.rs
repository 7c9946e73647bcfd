//! What an app was made of: recorded by digest, kept, and true for each app by itself.

use control::Data;
use domain::{AppImage, Status};
use testkit::{Running, World};

async fn installed(server: &Running, name: &str) {
    server.install("hello", name).await.expect("accepted");
    server.has_status(name, Status::Running).await;
}

fn edition(number: u32) -> Vec<AppImage> {
    vec![AppImage {
        image: "hello".to_owned(),
        digest: Some(format!("sha256:published-hello-{number}")),
        id: format!("sha256:hello-{number}"),
    }]
}

#[tokio::test(start_paused = true)]
async fn each_app_has_recorded_what_it_was_installed_with() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    installed(&server, "one").await;
    world.engine.publish_anew("hello");
    installed(&server, "two").await;
    assert_eq!((world.recorded_images("one"), world.recorded_images("two")), (edition(0), edition(1)));
    server.control.restart("one").await.expect("accepted");
    server.operation_ended("one").await;
    assert_eq!(world.recorded_images("one"), edition(0), "its container is the same");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_container_that_is_made_anew_tells_what_of() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    installed(&server, "one").await;
    world.engine.move_tag("hello");
    server.control.stop("one").await.expect("accepted");
    server.operation_ended("one").await;
    world.engine.remove_by_hand("one", "web");
    server.until(|_| world.engine.sight().containers.is_empty().then_some(())).await;
    assert_eq!(world.recorded_images("one"), edition(0), "nothing else is known while it has no container");
    server.control.start("one").await.expect("accepted");
    server.operation_ended("one").await;
    assert_eq!(world.recorded_images("one"), edition(1));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_app_in_the_recycle_bin_keeps_what_it_was_made_of_also_over_a_restart_of_the_server() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    installed(&server, "one").await;
    server.control.uninstall("one", Data::Keep).await.expect("accepted");
    server.operation_ended("one").await;
    server.stop().await;
    let server = world.start();
    server.connected().await;
    assert_eq!(world.recorded_images("one"), edition(0));
    server.control.restore("one").await.expect("accepted");
    server.operation_ended("one").await;
    assert_eq!(world.recorded_images("one"), edition(0));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_image_that_was_built_here_has_no_digest() {
    let world = World::default();
    world.engine.build_image("hello");
    let server = world.start();
    server.connected().await;
    installed(&server, "one").await;
    let expected = AppImage { image: "hello".to_owned(), digest: None, id: "sha256:hello-0".to_owned() };
    assert_eq!(world.recorded_images("one"), [expected]);
    server.stop().await;
}
