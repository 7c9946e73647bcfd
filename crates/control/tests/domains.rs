//! Names of apps: what is accepted, what is served, and how certificates come and are renewed.

use std::net::IpAddr;
use std::time::Duration;

use control::ports::GatewayError;
use control::{Data, DomainDetail, DomainHolder, Error, SiteState};
use domain::{DomainName, FailureClass, OperationKind, Status};
use testkit::{FakeFront, Running, World};

fn name(text: &str) -> DomainName {
    DomainName::parse(text).expect("a domain name")
}

/// A server with the app `one` installed, which has web pages and reads its own address.
async fn with_app() -> (World, Running) {
    let world = World::with_gateway();
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    (world, server)
}

fn front(world: &World) -> &FakeFront {
    world.front.as_ref().expect("it has a gateway")
}

/// A refusal that is about no site.
fn refusal(words: &str) -> GatewayError {
    GatewayError::Refused { words: words.to_owned(), at_fault: Vec::new() }
}

fn detail(server: &Running, domain: &str) -> Option<DomainDetail> {
    let all = server.control.app_domains(None).expect("it is listed");
    all.into_iter().find(|detail| detail.domain.name.as_str() == domain)
}

/// Waits until the name is served with a certificate.
async fn certified(server: &Running, domain: &str) -> DomainDetail {
    server
        .until(|server| {
            detail(server, domain).filter(|detail| detail.is_certified && detail.site == SiteState::Served)
        })
        .await
}

/// Waits until the name is served with a certificate, and the app's address has followed it.
async fn addressed(server: &Running, domain: &str) -> DomainDetail {
    certified(server, domain).await;
    let settled = |detail: &DomainDetail| detail.domain.served_port.is_some() && detail.is_certified;
    let detail = server.until(|server| detail(server, domain).filter(settled)).await;
    server.operation_ended("one").await;
    server.has_status("one", Status::Running).await;
    detail
}

fn url(server: &Running) -> String {
    server.detail("one").and_then(|detail| detail.running).map(|running| running.url).unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_domain_is_served_certified_and_in_the_url_of_its_app() {
    let (world, server) = with_app().await;
    let before = url(&server);
    assert!(before.starts_with("http://apps.example:"), "{before}");
    let added = server.control.add_domain("one", "Blog.Example.com.").await.expect("accepted");
    assert_eq!((added.domain.name, added.is_certified), (name("blog.example.com"), false));
    let detail = addressed(&server, "blog.example.com").await;
    assert!(url(&server).starts_with("https://blog.example.com/"), "{}", url(&server));
    let running = server.detail("one").and_then(|detail| detail.running).expect("it runs");
    assert_eq!(running.admin_url, "https://blog.example.com/admin");
    let sites = front(&world).served();
    assert_eq!(sites.len(), 1);
    assert!(sites[0].upstream.address.ip().is_loopback() && sites[0].certificate.is_some());
    assert_eq!(front(&world).files(), [detail.domain.certificate.expect("it has one").file]);
    assert_eq!(server.control.challenge("token"), None, "the challenge is over");
    server.control.add_domain("one", "www.example.com").await.expect("accepted");
    addressed(&server, "www.example.com").await;
    assert!(url(&server).starts_with("https://blog.example.com/"), "the first stays in the URL");
    server.operation_ended("one").await;
    server.control.remove_domain("one", "blog.example.com").await.expect("it is its");
    server.operation_ended("one").await;
    server.has_status("one", Status::Running).await;
    assert!(url(&server).starts_with("https://www.example.com/"), "{}", url(&server));
    server.until(|_| (front(&world).files().len() == 1).then_some(())).await;
    server.control.remove_domain("one", "www.example.com").await.expect("it is its");
    server.operation_ended("one").await;
    server.has_status("one", Status::Running).await;
    assert_eq!(url(&server), before);
    server
        .until(|_| (front(&world).served().is_empty() && front(&world).files().is_empty()).then_some(()))
        .await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_app_that_reads_its_own_address_is_told_of_the_new_one() {
    let (world, server) = with_app().await;
    server.control.add_domain("one", "blog.example.com").await.expect("accepted");
    addressed(&server, "blog.example.com").await;
    let operation = server.operation_ended("one").await;
    assert_eq!(operation.kind, OperationKind::Configure);
    assert_eq!(world.projects.variable("one", "APPMANAGE_URL").as_deref(), Some("https://blog.example.com"));
    assert_eq!(world.projects.variable("one", "APPMANAGE_HOST").as_deref(), Some("blog.example.com"));
    // The second is not in its URL.
    server.control.add_domain("one", "www.example.com").await.expect("accepted");
    addressed(&server, "www.example.com").await;
    assert_eq!(server.operation_ended("one").await.id, operation.id);
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_name_that_was_never_served_is_nobodys_address_and_one_that_was_stays_it() {
    let (world, server) = with_app().await;
    let before = url(&server);
    let installed = server.operation_ended("one").await.id;
    front(&world).refuse_site(&name("taken.example.com"), true);
    server.control.add_domain("one", "taken.example.com").await.expect("accepted");
    refused(&server, "taken.example.com").await;
    assert_eq!((url(&server), server.operation_ended("one").await.id), (before, installed.clone()));
    // The next one is served: it is the address, though it is not the first.
    server.control.add_domain("one", "blog.example.com").await.expect("accepted");
    addressed(&server, "blog.example.com").await;
    assert!(url(&server).starts_with("https://blog.example.com/"), "{}", url(&server));
    assert_eq!(world.projects.variable("one", "APPMANAGE_HOST").as_deref(), Some("blog.example.com"));
    let configured = server.operation_ended("one").await.id;
    assert_ne!(configured, installed);
    // Refused later, by a server that never saw it served, it stays the address.
    server.stop().await;
    front(&world).forget_sites();
    front(&world).refuse_site(&name("blog.example.com"), true);
    let server = world.start();
    server.connected().await;
    refused(&server, "blog.example.com").await;
    server.has_status("one", Status::Running).await;
    assert!(url(&server).starts_with("https://blog.example.com/"), "{}", url(&server));
    assert_eq!(server.operation_ended("one").await.id, configured);
    // The first is served at last.
    front(&world).refuse_site(&name("taken.example.com"), false);
    addressed(&server, "taken.example.com").await;
    assert!(url(&server).starts_with("https://taken.example.com/"), "{}", url(&server));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_port_of_https_is_in_the_address_and_followed() {
    let (world, server) = with_app().await;
    server.stop().await;
    front(&world).listen_at(8443);
    let server = world.start();
    server.connected().await;
    server.control.add_domain("one", "blog.example.com").await.expect("accepted");
    let detail = addressed(&server, "blog.example.com").await;
    assert_eq!(detail.origin, "https://blog.example.com:8443");
    assert!(url(&server).starts_with("https://blog.example.com:8443/"), "{}", url(&server));
    let told = |variable: &str| world.projects.variable("one", variable).unwrap_or_default();
    assert_eq!(told("APPMANAGE_URL"), "https://blog.example.com:8443");
    assert_eq!(
        (told("APPMANAGE_AUTHORITY"), told("APPMANAGE_HOST")),
        ("blog.example.com:8443".to_owned(), "blog.example.com".to_owned())
    );
    // `gateway init` with the usual one, and a restart, as docs/gateway.md says.
    server.stop().await;
    front(&world).listen_at(domain::HTTPS_PORT);
    let server = world.start();
    server.connected().await;
    server.until(|_| (told("APPMANAGE_URL") == "https://blog.example.com").then_some(())).await;
    server.operation_ended("one").await;
    server.has_status("one", Status::Running).await;
    assert!(url(&server).starts_with("https://blog.example.com/"), "{}", url(&server));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_served_is_refused_with_its_own_error() {
    let (world, server) = with_app().await;
    server.install("hello", "two").await.expect("accepted");
    server.has_status("two", Status::Running).await;
    let elsewhere: IpAddr = "192.0.2.7".parse().expect("an address");
    world.host.point("elsewhere.example", &[elsewhere]);
    world.host.point("nowhere.example", &[]);
    let add = |id: &'static str, domain: &'static str| server.control.add_domain(id, domain);
    assert!(matches!(add("one", "*.example.com").await, Err(Error::DomainFormat { .. })));
    assert!(matches!(add("one", "192.0.2.1").await, Err(Error::DomainFormat { .. })));
    assert!(matches!(add("none", "blog.example.com").await, Err(Error::NoSuchApp { .. })));
    assert!(matches!(add("ONE", "blog.example.com").await, Err(Error::AppIdFormat { .. })));
    let Err(Error::DomainNotResolved { found, .. }) = add("one", "elsewhere.example").await else {
        panic!("it leads elsewhere")
    };
    assert_eq!(found, [elsewhere]);
    assert!(matches!(add("one", "nowhere.example").await, Err(Error::DomainNotResolved { .. })));
    let Err(Error::DomainTaken { holder, .. }) = add("one", "apps.example").await else { panic!("ours") };
    assert_eq!(holder, DomainHolder::Server);
    front(&world).call_itself(&name("api.example.com"));
    let Err(Error::DomainTaken { holder, .. }) = add("one", "api.example.com").await else {
        panic!("its own")
    };
    assert_eq!(holder, DomainHolder::Server);
    add("one", "blog.example.com").await.expect("accepted");
    server.operation_ended("one").await;
    let Err(Error::DomainTaken { holder, .. }) = add("two", "blog.example.com").await else {
        panic!("one's")
    };
    assert_eq!(holder.to_string(), "the app one");
    assert!(matches!(add("one", "blog.example.com").await, Err(Error::DomainTaken { .. })));
    let removed = server.control.remove_domain("two", "blog.example.com").await;
    assert!(matches!(removed, Err(Error::NoSuchDomain { .. })));
    // Behind a router that hides it, the machine is known by its public name.
    world.host.point("apps.example", &[elsewhere]);
    add("one", "elsewhere.example").await.expect("the public name leads there too");
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn without_a_gateway_no_domain_is_taken() {
    let world = World::default();
    let server = world.start();
    let refused = server.control.add_domain("one", "blog.example.com").await;
    assert!(matches!(refused, Err(Error::NoGateway)));
    server.stop().await;
    // One that is configured, and was never set up.
    let (world, server) = with_app().await;
    front(&world).forget_setup();
    let refused = server.control.add_domain("one", "blog.example.com").await;
    assert!(matches!(refused, Err(Error::NoGateway)) && detail(&server, "blog.example.com").is_none());
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_recycle_bin_keeps_domains_and_a_purge_takes_them_along() {
    let (world, server) = with_app().await;
    server.control.add_domain("one", "blog.example.com").await.expect("accepted");
    addressed(&server, "blog.example.com").await;
    server.control.uninstall("one", Data::Keep).await.expect("accepted");
    server.until(|_| front(&world).served().is_empty().then_some(())).await;
    let kept = detail(&server, "blog.example.com").expect("it is kept");
    assert_eq!(kept.site, SiteState::Kept);
    assert_eq!(front(&world).files().len(), 1);
    server.install("blog", "two").await.expect("accepted");
    server.has_status("two", Status::Running).await;
    let Err(Error::DomainTaken { holder, .. }) = server.control.add_domain("two", "blog.example.com").await
    else {
        panic!("it is kept")
    };
    assert_eq!(holder.to_string(), "the app one in the recycle bin");
    server.operation_ended("one").await;
    server.control.restore("one").await.expect("accepted");
    certified(&server, "blog.example.com").await;
    assert_eq!(front(&world).issued().len(), 1, "the certificate was good for longer");
    server.operation_ended("one").await;
    server.control.uninstall("one", Data::Purge).await.expect("accepted");
    server.until(|_| front(&world).files().is_empty().then_some(())).await;
    assert!(front(&world).served().is_empty() && detail(&server, "blog.example.com").is_none());
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_certificate_is_renewed_in_time_and_a_failure_leaves_the_old_one_in_service() {
    let (world, server) = with_app().await;
    server.control.add_domain("one", "blog.example.com").await.expect("accepted");
    let first = certified(&server, "blog.example.com").await.domain.certificate.expect("it has one");
    front(&world).fail(&name("blog.example.com"), Some(FailureClass::ChallengeFailed));
    tokio::time::sleep(FakeFront::LIFETIME * 2 / 3).await;
    let failed = server
        .until(|server| detail(server, "blog.example.com").filter(|detail| detail.domain.failed.is_some()))
        .await;
    assert_eq!((failed.site, failed.is_certified), (SiteState::Served, true));
    assert_eq!(failed.domain.certificate.as_ref(), Some(&first));
    tokio::time::sleep(Duration::from_mins(50)).await;
    let asked = front(&world).asked();
    assert!((3..=4).contains(&asked), "after 15 minutes, and after 30 more: {asked}");
    front(&world).fail(&name("blog.example.com"), None);
    tokio::time::sleep(Duration::from_mins(60)).await;
    server.until(|_| (front(&world).issued().len() == 2).then_some(())).await;
    let renewed = certified(&server, "blog.example.com").await.domain;
    assert_ne!(renewed.certificate.as_ref(), Some(&first));
    assert_eq!(renewed.failed, None);
    server.until(|_| (front(&world).files().len() == 1).then_some(())).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_is_far_ahead_orders_no_certificates_in_a_loop() {
    let (world, server) = with_app().await;
    // What the authority issues now is past two thirds of its life by this machine's clock.
    front(&world).issue_in_the_past(FakeFront::LIFETIME * 5 / 6);
    server.control.add_domain("one", "blog.example.com").await.expect("accepted");
    certified(&server, "blog.example.com").await;
    tokio::time::sleep(Duration::from_mins(50)).await;
    assert_eq!(front(&world).issued().len(), 1);
    tokio::time::sleep(Duration::from_mins(15)).await;
    assert_eq!(front(&world).issued().len(), 2, "and it is not put off for good");
    // Whoever gives the name to an app anew has waited for nothing.
    server.control.remove_domain("one", "blog.example.com").await.expect("it is its");
    server.operation_ended("one").await;
    server.control.add_domain("one", "blog.example.com").await.expect("accepted");
    server.until(|_| (front(&world).issued().len() == 3).then_some(())).await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_port_is_not_given_anew_while_a_name_still_leads_to_it() {
    let (world, server) = with_app().await;
    server.control.add_domain("one", "blog.example.com").await.expect("accepted");
    addressed(&server, "blog.example.com").await;
    let upstream = front(&world).served()[0].upstream;
    front(&world).refuse(Some(refusal("a file of somebody else's")));
    server.control.uninstall("one", Data::Purge).await.expect("accepted");
    server.until(|server| server.detail("one").is_none().then_some(())).await;
    assert_eq!(front(&world).served()[0].upstream, upstream, "it still leads there");
    let ports = |world: &World| -> Vec<u16> { world.store.ports().iter().map(|(_, it)| it.port).collect() };
    server.install("blog", "two").await.expect("accepted");
    server.has_status("two", Status::Running).await;
    assert!(!ports(&world).contains(&upstream.address.port()), "{:?}", ports(&world));
    front(&world).refuse(None);
    server.until(|_| front(&world).served().is_empty().then_some(())).await;
    server.install("blog", "three").await.expect("accepted");
    server.has_status("three", Status::Running).await;
    assert!(ports(&world).contains(&upstream.address.port()), "{:?}", ports(&world));
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn failures_are_counted_across_restarts() {
    let (world, server) = with_app().await;
    front(&world).fail(&name("blog.example.com"), Some(FailureClass::CaLimit));
    server.control.add_domain("one", "blog.example.com").await.expect("accepted");
    server
        .until(|server| detail(server, "blog.example.com").filter(|detail| detail.domain.failed.is_some()))
        .await;
    server.operation_ended("one").await;
    server.stop().await;
    for _ in 0..5 {
        let server = world.start();
        server.connected().await;
        tokio::time::sleep(Duration::from_mins(10)).await;
        server.stop().await;
    }
    assert_eq!(front(&world).asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_refuses_is_told_of_and_asked_again() {
    let (world, server) = with_app().await;
    front(&world).refuse(Some(refusal("no")));
    server.control.add_domain("one", "blog.example.com").await.expect("accepted");
    let failed = server
        .until(|server| detail(server, "blog.example.com").filter(|d| matches!(d.site, SiteState::Failed(_))))
        .await;
    assert!(failed.domain.failed.is_none() && front(&world).asked() == 0, "nobody is asked in vain");
    front(&world).refuse(None);
    certified(&server, "blog.example.com").await;
    server.stop().await;
}

/// Waits until the gateway has refused the name.
async fn refused(server: &Running, domain: &str) -> DomainDetail {
    let is_refused = |detail: &DomainDetail| matches!(detail.site, SiteState::Failed(_));
    server.until(|server| detail(server, domain).filter(is_refused)).await
}

#[tokio::test(start_paused = true)]
async fn a_name_that_the_gateway_refuses_keeps_no_other_from_being_served_issued_and_renewed() {
    let (world, server) = with_app().await;
    let add = |domain: &'static str| server.control.add_domain("one", domain);
    add("first.example.com").await.expect("accepted");
    let first = certified(&server, "first.example.com").await.domain.certificate;
    for taken in ["shop.example.com", "mail.example.com"] {
        front(&world).refuse_site(&name(taken), true);
        add(taken).await.expect("accepted");
        let SiteState::Failed(failure) = refused(&server, taken).await.site else { panic!("it is refused") };
        assert_eq!((failure.class, failure.detail.contains(taken)), (FailureClass::GatewayRefused, true));
    }
    add("second.example.com").await.expect("accepted");
    certified(&server, "second.example.com").await;
    tokio::time::sleep(FakeFront::LIFETIME).await;
    let renewed = certified(&server, "first.example.com").await.domain.certificate;
    assert_ne!(renewed, first, "it was renewed, and is in use");
    let issued = front(&world).issued();
    assert!(issued.iter().all(|name| !name.as_str().contains("shop")), "nobody could answer: {issued:?}");
    front(&world).refuse_site(&name("shop.example.com"), false);
    certified(&server, "shop.example.com").await;
    refused(&server, "mail.example.com").await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_certificate_that_the_gateway_does_not_take_leaves_the_one_before_in_service() {
    let (world, server) = with_app().await;
    server.control.add_domain("one", "blog.example.com").await.expect("accepted");
    let first = certified(&server, "blog.example.com").await.domain.certificate.expect("it has one");
    front(&world).refuse_site(&name("blog.example.com"), true);
    tokio::time::sleep(FakeFront::LIFETIME * 2 / 3).await;
    let detail = refused(&server, "blog.example.com").await;
    assert_ne!(detail.domain.certificate.as_ref(), Some(&first));
    server.control.add_domain("one", "www.example.com").await.expect("accepted");
    certified(&server, "www.example.com").await;
    let sites = front(&world).served();
    let path = sites[0].certificate.as_ref().expect("it is served with one");
    assert!(sites.len() == 2 && path.ends_with(&first.file), "{sites:?}");
    assert!(front(&world).files().contains(&first.file), "what is served is kept");
    front(&world).refuse_site(&name("blog.example.com"), false);
    certified(&server, "blog.example.com").await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_certificate_whose_file_is_gone_is_asked_for_again() {
    let (world, server) = with_app().await;
    server.control.add_domain("one", "blog.example.com").await.expect("accepted");
    addressed(&server, "blog.example.com").await;
    server.stop().await;
    front(&world).lose_files();
    let server = world.start();
    server.connected().await;
    server.until(|_| (front(&world).issued().len() == 2).then_some(())).await;
    certified(&server, "blog.example.com").await;
    server.stop().await;
}

#[tokio::test(start_paused = true)]
async fn apps_can_be_published_on_loopback_only_and_stay_so() {
    let mut world = World::with_gateway();
    world.settings.publish_on_loopback = true;
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    assert!(url(&server).starts_with("http://127.0.0.1:"), "{}", url(&server));
    let is_loopback = |world: &World| world.store.ports().iter().all(|(_, port)| port.address.is_loopback());
    assert!(is_loopback(&world));
    server.control.add_domain("one", "blog.example.com").await.expect("accepted");
    addressed(&server, "blog.example.com").await;
    assert!(url(&server).starts_with("https://blog.example.com/"));
    server.control.uninstall("one", Data::Keep).await.expect("accepted");
    server.operation_ended("one").await;
    server.control.restore("one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    assert!(is_loopback(&world) && !world.store.ports().is_empty());
    server.stop().await;
}
