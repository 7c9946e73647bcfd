//! Generated faults around the names of apps: at every call across a port that a change and all that follows from it
//! make, in turn, the call fails, or the server dies before it, or right after it. Whatever happens, the change has its
//! whole effect or none, the gateway comes to serve what is stored, and no certificate is lost or left over.

use control::{Data, Error, SiteState};
use domain::{OperationState, Status};
use testkit::{FakeFront, Fault, Life, Running, World};

/// Far more calls than a change and its consequences make.
const CALLS_MAX: usize = 100;

const DOMAIN: &str = "blog.example.com";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    Add,
    Remove,
    Uninstall,
    Purge,
    Restore,
}

impl Case {
    async fn ask(self, server: &Running) -> Result<(), Error> {
        let control = &server.control;
        match self {
            Self::Add => control.add_domain("one", DOMAIN).await.map(drop),
            Self::Remove => control.remove_domain("one", DOMAIN).await.map(drop),
            Self::Uninstall => control.uninstall("one", Data::Keep).await.map(drop),
            Self::Purge => control.uninstall("one", Data::Purge).await.map(drop),
            Self::Restore => control.restore("one").await.map(drop),
        }
    }
}

fn front(world: &World) -> &FakeFront {
    world.front.as_ref().expect("it has a gateway")
}

/// A world with the app that the change needs, whose server has been stopped in good order.
async fn prepared(case: Case) -> World {
    let world = World::with_gateway();
    let server = world.start();
    server.connected().await;
    server.install("blog", "one").await.expect("accepted");
    server.has_status("one", Status::Running).await;
    if case != Case::Add {
        server.control.add_domain("one", DOMAIN).await.expect("accepted");
        has_settled(&world, &server).await;
    }
    if case == Case::Restore {
        server.control.uninstall("one", Data::Keep).await.expect("accepted");
        has_settled(&world, &server).await;
    }
    server.stop().await;
    world
}

/// Waits until no operation is open, the gateway serves what is stored, with certificates, and nothing is left over.
async fn has_settled(world: &World, server: &Running) {
    server
        .until(|server| {
            let is_open = |memory: &control::memory::Memory| memory.open_operations().next().is_some();
            // First: an operation that ends while the rest is looked at has changed what was looked at.
            if server.control.recorder().read(is_open) {
                return None;
            }
            let domains = server.control.app_domains(None).ok()?;
            let is_well = domains.iter().all(|detail| match detail.site {
                SiteState::Served => detail.is_certified && detail.domain.served_port.is_some(),
                SiteState::Kept => true,
                SiteState::Pending | SiteState::Failed(_) => false,
            });
            let served = domains.iter().filter(|detail| detail.site == SiteState::Served).count();
            let files = domains.iter().filter(|detail| detail.domain.certificate.is_some()).count();
            let is_clean = front(world).served().len() == served && front(world).files().len() == files;
            // And last: what made it well may have begun one, as a first site does that an app has to be told of.
            (is_well && is_clean && !server.control.recorder().read(is_open)).then_some(())
        })
        .await;
}

/// Makes the change with that fault. Returns the number of calls that were made until all was well again.
async fn run_with(case: Case, plan: &[(usize, Fault)]) -> usize {
    let world = prepared(case).await;
    let life = Life::with_all(plan);
    let server = world.start_in(life.clone());
    let asked = async {
        server.connected().await;
        case.ask(&server).await.is_ok()
    };
    let answered = tokio::select! {
        biased;
        answered = asked => answered,
        () = life.died() => false,
    };
    tokio::select! {
        biased;
        () = life.died() => {}
        () = has_settled(&world, &server) => {}
    }
    let server = if life.is_dead() {
        server.kill().await;
        let next = world.start();
        next.connected().await;
        next
    } else {
        server
    };
    has_settled(&world, &server).await;
    server.until(|running| (running.status("one") != Some(Status::Initing)).then_some(())).await;
    let calls = life.calls();
    let names: Vec<_> = plan.iter().map(|(call, fault)| (call, fault, calls.get(*call))).collect();
    check(&world, &server, case, answered, &format!("{case:?}, {names:?}"));
    server.stop().await;
    calls.len()
}

fn check(world: &World, server: &Running, case: Case, answered: bool, what: &str) {
    let details = server.control.app_domains(None).expect("they are listed");
    let is_bound = !details.is_empty();
    let newest = server.control.app_operation("one").ok();
    let has_succeeded = newest.as_ref().is_none_or(|newest| newest.state == OperationState::Succeeded);
    match case {
        Case::Add => assert!(is_bound || !answered, "{what}: an answered change was forgotten"),
        Case::Remove => assert!(!is_bound || !answered, "{what}: an answered change was forgotten"),
        Case::Purge => assert!(!is_bound || !answered || !has_succeeded, "{what}: {newest:?}"),
        Case::Uninstall | Case::Restore => assert!(is_bound, "{what}: the name was lost"),
    }
    let runs = server.status("one") == Some(Status::Running);
    let served: Vec<String> = front(world).served().iter().map(|site| site.domain.to_string()).collect();
    assert_eq!(served, if runs && is_bound { vec![DOMAIN] } else { Vec::new() }, "{what}");
    assert_eq!(front(world).files().len(), usize::from(is_bound), "{what}");
    if runs {
        let url = world.projects.variable("one", "APPMANAGE_URL").unwrap_or_default();
        assert_eq!(url == format!("https://{DOMAIN}"), is_bound, "{what}: the app was told {url}");
    }
}

async fn at_every_call(case: Case) {
    let run = async |plan: &[(usize, Fault)]| run_with(case, plan).await;
    testkit::faults::at_every_call(&format!("{case:?}"), 4..=CALLS_MAX, run).await;
}

#[tokio::test(start_paused = true)]
async fn adding_a_domain_survives_a_fault_at_any_call() {
    at_every_call(Case::Add).await;
}

#[tokio::test(start_paused = true)]
async fn removing_a_domain_survives_a_fault_at_any_call() {
    at_every_call(Case::Remove).await;
}

#[tokio::test(start_paused = true)]
async fn an_uninstall_takes_the_site_away_whatever_fails() {
    at_every_call(Case::Uninstall).await;
}

#[tokio::test(start_paused = true)]
async fn a_purge_takes_site_and_certificate_away_whatever_fails() {
    at_every_call(Case::Purge).await;
}

#[tokio::test(start_paused = true)]
async fn a_restore_brings_the_site_back_whatever_fails() {
    at_every_call(Case::Restore).await;
}
