//! What a package may not do is found out before anything is pulled or created, and told beforehand.

use control::{Error, PolicyReport};
use domain::policy::Wish;
use domain::{FailureClass, Rule, Status, Step, Verdict};
use testkit::{Running, World};

/// What is known of that package, as soon as something is.
async fn verdict(server: &Running, package: &str) -> PolicyReport {
    server
        .until(|running| {
            let entry = running.control.catalog().entry(package)?;
            Some(running.control.policy_of(&entry)).filter(|report| report.verdict != Verdict::Unknown)
        })
        .await
}

/// A world in which the blog asks for too much.
fn world() -> World {
    let world = World::default();
    world.projects.ask("Blog", "web", Wish::Privileged);
    world.projects.ask("Blog", "web", Wish::Device("/dev/kvm".to_owned()));
    world
}

#[tokio::test(start_paused = true)]
async fn a_package_that_asks_for_too_much_is_refused_before_it_is_stored() {
    let world = world();
    let server = world.start();
    server.connected().await;
    let report = verdict(&server, "blog").await;
    let rules: Vec<Rule> = report.risks.iter().map(|risk| risk.rule).collect();
    assert_eq!((report.verdict, rules), (Verdict::Refused, vec![Rule::Privileged, Rule::Device]));
    assert_eq!(
        verdict(&server, "hello").await,
        PolicyReport { verdict: Verdict::Allowed, risks: Vec::new() }
    );
    let refused = server.install("blog", "one").await;
    assert!(
        matches!(&refused, Err(Error::PolicyRefused { risks, .. }) if *risks == report.risks),
        "{refused:?}"
    );
    assert_eq!(server.status("one"), None);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_is_not_known_beforehand_is_refused_before_anything_is_pulled_and_leaves_nothing() {
    let world = world();
    let server = world.start();
    server.connected().await;
    verdict(&server, "blog").await;
    // Other values could make another project of it: that is judged when it is written.
    server.install_with("blog", "one", &[("TITLE", "x")]).await.expect("accepted");
    server.has_status("one", Status::Error).await;
    let operation = server.operation_ended("one").await;
    let failure = operation.state.failure().cloned().expect("it failed");
    assert_eq!((failure.class, failure.subject.as_str()), (FailureClass::PolicyRefused, "Blog"));
    assert_eq!(failure.detail, "privileged (web: privileged), device (web: /dev/kvm)");
    assert_eq!((operation.attempts(Step::Render), operation.attempts(Step::Pull)), (1, 0));
    assert_eq!(world.traces(), Vec::<String>::new());
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_excepted_package_is_installed_and_its_risks_are_told_all_the_same() {
    let mut world = world();
    world.settings.policy_exceptions = vec!["blog".to_owned()];
    let server = world.start();
    server.connected().await;
    let report = verdict(&server, "blog").await;
    assert_eq!((report.verdict, report.risks.len()), (Verdict::Excepted, 2));
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_secret_that_stands_in_a_risk_is_not_told() {
    let world = World::default();
    world.projects.ask("Blog", "web", Wish::Device("/dev/correct horse".to_owned()));
    let server = world.start();
    server.connected().await;
    server.install_with("blog", "one", &[("DB_PASSWORD", "correct horse")]).await.expect("accepted");
    server.has_status("one", Status::Error).await;
    let failure = server.operation_ended("one").await.state.failure().cloned().expect("it failed");
    assert_eq!(failure.detail, "device (web: /dev/***)");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_was_allowed_is_not_judged_again_for_the_same_version_and_values() {
    let world = World::default();
    let server = world.start();
    server.connected().await;
    assert_eq!(verdict(&server, "blog").await.verdict, Verdict::Allowed);
    // Now it would be refused.
    world.projects.ask("Blog", "web", Wish::Privileged);
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    // A restore and a change of settings find a folder that the app has had in its hands.
    server.control.uninstall("one", control::Data::Keep).await.expect("accepted");
    server.operation_ended("one").await;
    server.control.restore("one").await.expect("accepted");
    let failure = server.operation_ended("one").await.state.failure().cloned().expect("it failed");
    assert_eq!(failure.class, FailureClass::PolicyRefused);
    server.stop().await;
}
