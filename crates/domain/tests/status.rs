//! The contract's section "Status", line by line and in every combination.

use std::time::Duration;

use domain::observation::{Expectation, RESTART_WINDOW, ServiceState, Trouble};
use domain::{
    AppId, ContainerFacts, ContainerId, ContainerState, Desired, Health, InstallId, Lifecycle, Observation,
    Operation, OperationId, OperationKind, OperationState, RestartPolicy, Status, Step, StepOutcome,
    StepRecord, Timestamp,
};

const NOW: Timestamp = Timestamp::from_millis(1_000_000_000);

fn running(service: &str) -> ContainerFacts {
    ContainerFacts {
        id: ContainerId::from_text(format!("id-of-{service}")),
        name: format!("app-{service}-1"),
        service: service.to_owned(),
        state: ContainerState::Running,
        exit_code: 0,
        oom_killed: false,
        health: Health::None,
        restart_count: 0,
        restart_policy: RestartPolicy::Always,
        created_at: NOW,
        started_at: Some(NOW),
        finished_at: None,
        depends_on: Vec::new(),
        is_partial: false,
    }
}

fn exited(service: &str, code: i64) -> ContainerFacts {
    ContainerFacts { state: ContainerState::Exited, exit_code: code, ..running(service) }
}

fn in_state(service: &str, state: ContainerState) -> ContainerFacts {
    ContainerFacts { state, ..running(service) }
}

fn with_health(service: &str, health: Health) -> ContainerFacts {
    ContainerFacts { health, ..running(service) }
}

fn judge(facts: ContainerFacts, one_shot: bool) -> ServiceState {
    let mut observation = Observation::default();
    let expected = Expectation { services: vec![(facts.service.clone(), one_shot)], main_service: None };
    observation.take_in(facts, NOW);
    observation.services(&expected, NOW)[0].1
}

#[test]
fn each_container_is_judged_as_the_contract_says() {
    use ServiceState::{Bad, Ended, Starting, Well};
    let on_failure = ContainerFacts { restart_policy: RestartPolicy::OnFailure, ..exited("a", 0) };
    let out_of_memory = ContainerFacts { oom_killed: true, ..exited("a", 137) };
    let table = [
        (running("a"), Well),
        (with_health("a", Health::Healthy), Well),
        (on_failure, Well),
        (in_state("a", ContainerState::Created), Starting),
        (in_state("a", ContainerState::Restarting), Starting),
        (with_health("a", Health::Starting), Starting),
        (in_state("a", ContainerState::Paused), Ended),
        (exited("a", 0), Ended),
        (exited("a", 130), Ended),
        (exited("a", 143), Ended),
        (exited("a", 137), Ended),
        (out_of_memory, Bad(Trouble::OutOfMemory)),
        (exited("a", 1), Bad(Trouble::ExitCode(1))),
        (exited("a", 139), Bad(Trouble::ExitCode(139))),
        (in_state("a", ContainerState::Dead), Bad(Trouble::Dead)),
        (with_health("a", Health::Unhealthy), Bad(Trouble::Unhealthy)),
    ];
    for (facts, state) in table {
        assert_eq!(judge(facts.clone(), false), state, "{facts:?}");
    }
    assert_eq!(judge(exited("a", 0), true), Well, "a one-shot has done its work");
    assert_eq!(judge(exited("a", 1), true), Bad(Trouble::ExitCode(1)));
}

#[test]
fn an_app_of_two_services_has_the_status_of_every_combination() {
    let states = [
        ("well", running("x")),
        ("starting", with_health("x", Health::Starting)),
        ("ended", exited("x", 0)),
        ("bad", exited("x", 1)),
    ];
    let expected =
        Expectation { services: vec![("a".into(), false), ("b".into(), false)], main_service: None };
    for (name_a, facts_a) in &states {
        for (name_b, facts_b) in &states {
            let mut observation = Observation::default();
            for (service, facts) in [("a", facts_a), ("b", facts_b)] {
                let id = ContainerId::from_text(service);
                observation.take_in(ContainerFacts { id, service: service.to_owned(), ..facts.clone() }, NOW);
            }
            let pair = [*name_a, *name_b];
            let status = if pair.contains(&"bad") {
                Status::Error
            } else if pair == ["ended", "ended"] {
                Status::Stop
            } else if pair.contains(&"ended") {
                Status::Error
            } else if pair.contains(&"starting") {
                Status::Initing
            } else {
                Status::Running
            };
            let found =
                Status::of(Lifecycle::Installed, None, Desired::Running, &observation, &expected, NOW);
            assert_eq!(found, status, "{pair:?}");
        }
    }
}

#[test]
fn a_finished_one_shot_neither_keeps_an_app_up_nor_holds_it_down() {
    let expected =
        Expectation { services: vec![("job".into(), true), ("web".into(), false)], main_service: None };
    let status = |web: ContainerFacts| {
        let mut observation = Observation::default();
        observation.take_in(exited("job", 0), NOW);
        observation.take_in(web, NOW);
        Status::of(Lifecycle::Installed, None, Desired::Running, &observation, &expected, NOW)
    };
    assert_eq!(status(running("web")), Status::Running);
    assert_eq!(status(exited("web", 0)), Status::Stop);
    assert_eq!(status(exited("web", 1)), Status::Error);
}

#[test]
fn an_app_without_containers_is_stopped_only_if_we_stopped_it() {
    let expected = Expectation { services: vec![("a".into(), false)], main_service: None };
    let status =
        |desired| Status::of(Lifecycle::Installed, None, desired, &Observation::default(), &expected, NOW);
    assert_eq!(status(Desired::Running), Status::Error);
    assert_eq!(status(Desired::Stopped), Status::Stop);
}

#[test]
fn a_service_that_is_missing_while_another_exists_is_bad() {
    let expected =
        Expectation { services: vec![("a".into(), false), ("b".into(), false)], main_service: None };
    let mut observation = Observation::default();
    observation.take_in(running("a"), NOW);
    assert_eq!(observation.services(&expected, NOW)[1].1, ServiceState::Bad(Trouble::Missing));
}

#[test]
fn the_port_has_to_answer_once_after_each_start() {
    let expected = Expectation { services: vec![("a".into(), false)], main_service: Some("a".into()) };
    let mut observation = Observation::default();
    observation.take_in(running("a"), NOW);
    let status = |observation: &Observation| {
        Status::of(Lifecycle::Installed, None, Desired::Running, observation, &expected, NOW)
    };
    assert_eq!(status(&observation), Status::Initing);
    observation.answered =
        observation.main_start(&expected).map(|(container, started_at)| (container.clone(), started_at));
    assert_eq!(status(&observation), Status::Running);
    let later = NOW.plus(Duration::from_secs(5));
    observation.take_in(ContainerFacts { started_at: Some(later), ..running("a") }, later);
    assert_eq!(status(&observation), Status::Initing, "it was started again");
}

#[test]
fn three_restarts_within_five_minutes_are_a_crash_loop_until_they_are_over() {
    let expected = Expectation { services: vec![("a".into(), false)], main_service: None };
    let mut observation = Observation::default();
    let at = |seconds: u64| NOW.plus(Duration::from_secs(seconds));
    for (restarts, seconds) in [(0, 0), (1, 1), (2, 2)] {
        let facts = ContainerFacts { restart_count: restarts, ..in_state("a", ContainerState::Restarting) };
        observation.take_in(facts, at(seconds));
    }
    assert_eq!(observation.services(&expected, at(2))[0].1, ServiceState::Starting, "the second restart");
    observation.take_in(ContainerFacts { restart_count: 3, ..running("a") }, at(3));
    assert_eq!(observation.services(&expected, at(3))[0].1, ServiceState::Bad(Trouble::CrashLoop));
    assert_eq!(observation.changes_at(at(3)), Some(at(1).plus(RESTART_WINDOW)));
    let calm = at(1).plus(RESTART_WINDOW);
    assert_eq!(observation.services(&expected, calm)[0].1, ServiceState::Well);
}

#[test]
fn restarts_seen_before_the_clock_was_set_back_are_no_crash_loop() {
    let expected = Expectation { services: vec![("a".into(), false)], main_service: None };
    let mut observation = Observation::default();
    // One a day, and then the clock is set back to before them all.
    for day in 0..4 {
        let at = NOW.plus(Duration::from_hours(24 * u64::from(day)));
        let facts = ContainerFacts { restart_count: day, started_at: Some(at), ..running("a") };
        observation.take_in(facts, at);
    }
    let earlier = Timestamp::from_millis(NOW.as_millis() - 1_000);
    let state = |observation: &Observation, now| observation.services(&expected, now)[0].1;
    assert_eq!(state(&observation, earlier), ServiceState::Well);
    assert_eq!(observation.changes_at(earlier), None);
    // Three by the new clock are one.
    for more in 1..=3 {
        assert_eq!(state(&observation, earlier), ServiceState::Well, "{more}");
        observation.take_in(ContainerFacts { restart_count: 3 + more, ..running("a") }, earlier);
    }
    assert_eq!(state(&observation, earlier), ServiceState::Bad(Trouble::CrashLoop));
}

#[test]
fn restarts_that_were_missed_count_and_old_ones_that_cannot_be_dated_do_not() {
    let expected = Expectation { services: vec![("a".into(), false)], main_service: None };
    // A first look at a container that was created a minute ago and has been restarted four times.
    let mut observation = Observation::default();
    let later = NOW.plus(Duration::from_secs(60));
    observation.take_in(ContainerFacts { restart_count: 4, ..running("a") }, later);
    assert_eq!(observation.services(&expected, later)[0].1, ServiceState::Bad(Trouble::CrashLoop));
    // The same at a container that is a day old: when they happened, nobody knows.
    let mut observation = Observation::default();
    let tomorrow = NOW.plus(Duration::from_secs(86_400));
    observation.take_in(ContainerFacts { restart_count: 4, ..running("a") }, tomorrow);
    assert_eq!(observation.services(&expected, tomorrow)[0].1, ServiceState::Well);
}

#[test]
fn a_start_by_hand_ends_a_crash_loop() {
    let expected = Expectation { services: vec![("a".into(), false)], main_service: None };
    let mut observation = Observation::default();
    observation.take_in(ContainerFacts { restart_count: 5, ..running("a") }, NOW);
    assert_eq!(observation.services(&expected, NOW)[0].1, ServiceState::Bad(Trouble::CrashLoop));
    observation.take_in(running("a"), NOW.plus(Duration::from_secs(1)));
    assert_eq!(observation.services(&expected, NOW)[0].1, ServiceState::Well);
}

#[test]
fn an_open_install_shows_its_step_whatever_docker_shows() {
    let steps = [
        (None, Status::Queuing),
        (Some(Step::Reserve), Status::Queuing),
        (Some(Step::Render), Status::Queuing),
        (Some(Step::Pull), Status::Pulling),
        (Some(Step::Create), Status::Creating),
        (Some(Step::AwaitReady), Status::Initing),
        (Some(Step::Finish), Status::Initing),
    ];
    let mut observation = Observation::default();
    observation.take_in(exited("a", 1), NOW);
    for (step, status) in steps {
        let id = AppId::parse("app").expect("an app id");
        let mut operation = Operation::queued(
            OperationId::from_text("o"),
            InstallId::from_text("i"),
            id,
            OperationKind::Install,
            NOW,
        );
        for &begun in Step::ALL.iter().filter(|begun| step.is_some_and(|step| **begun <= step)) {
            let outcome = StepOutcome::Started;
            operation.steps.push(StepRecord {
                step: begun,
                attempt: 1,
                started_at: NOW,
                ended_at: None,
                outcome,
            });
        }
        let shown = |operation: &Operation| {
            let expected = Expectation::default();
            let lifecycle = Lifecycle::Installing;
            Status::of(lifecycle, Some(operation), Desired::Running, &observation, &expected, NOW)
        };
        assert_eq!(shown(&operation), status);
        let failure = domain::Failure::of(domain::FailureClass::Internal, "", "");
        operation.state = OperationState::Unwinding(failure);
        assert_eq!(shown(&operation), status, "while it is being undone its last step's status stays");
    }
}

#[test]
fn what_we_stopped_is_stopped_however_it_ended() {
    let expected =
        Expectation { services: vec![("a".into(), false), ("b".into(), false)], main_service: None };
    let status = |desired, observation: &Observation| {
        Status::of(Lifecycle::Installed, None, desired, observation, &expected, NOW)
    };
    let mut observation = Observation::default();
    observation.take_in(exited("a", 1), NOW);
    observation.take_in(exited("b", 0), NOW);
    assert_eq!(status(Desired::Running, &observation), Status::Error, "it ended by itself");
    assert_eq!(status(Desired::Stopped, &observation), Status::Stop, "its answer to SIGTERM was 1");
    observation.containers.pop_last();
    assert_eq!(status(Desired::Stopped, &observation), Status::Stop, "one was removed since");
    observation.take_in(running("b"), NOW);
    assert_eq!(status(Desired::Stopped, &observation), Status::Error, "one of two was started by hand");
    observation.take_in(running("a"), NOW);
    assert_eq!(status(Desired::Stopped, &observation), Status::Running, "both were");
}

#[test]
fn an_app_on_its_way_is_not_bad_for_what_is_done_to_it() {
    let expected =
        Expectation { services: vec![("a".into(), false), ("b".into(), false)], main_service: None };
    let id = AppId::parse("app").expect("an app id");
    let (operation, install) = (OperationId::from_text("o"), InstallId::from_text("i"));
    let mut restart = Operation::queued(operation, install, id, OperationKind::Restart, NOW);
    let mut observation = Observation::default();
    observation.take_in(exited("a", 1), NOW);
    observation.take_in(running("b"), NOW);
    let status = |operation: &Operation, observation: &Observation| {
        let (lifecycle, desired) = (Lifecycle::Installed, Desired::Running);
        Status::of(lifecycle, Some(operation), desired, observation, &expected, NOW)
    };
    assert_eq!(status(&restart, &observation), Status::Error, "nothing has been done to it yet");
    restart.state = OperationState::Running;
    assert_eq!(status(&restart, &observation), Status::Initing);
    assert_eq!(status(&restart, &Observation::default()), Status::Initing, "all are being recreated");
    observation.take_in(exited("b", 143), NOW);
    assert_eq!(status(&restart, &observation), Status::Stop);
    let unhealthy = ContainerFacts { health: domain::Health::Unhealthy, ..running("b") };
    observation.take_in(unhealthy, NOW);
    assert_eq!(status(&restart, &observation), Status::Error, "that is nothing of our doing");
}

#[test]
fn what_cannot_be_inspected_keeps_what_is_known_of_it_but_for_its_state() {
    let expected = Expectation { services: vec![("a".to_owned(), false)], main_service: None };
    let told = |facts: ContainerFacts| ContainerFacts {
        restart_count: 0,
        restart_policy: RestartPolicy::No,
        started_at: None,
        is_partial: true,
        ..facts
    };
    let judged = |observation: &Observation| observation.services(&expected, NOW)[0].1;
    let mut observation = Observation::default();
    let before = NOW.plus(RESTART_WINDOW * 2);
    let restarted = ContainerFacts { restart_count: 7, ..running("a") };
    observation.take_in(restarted.clone(), before);
    for state in [told(with_health("a", Health::Unhealthy)), told(exited("a", 1)), told(running("a"))] {
        observation.take_in(state.clone(), before);
        let shown = &observation.containers[&restarted.id].facts;
        let kept = ContainerFacts { started_at: Some(NOW), is_partial: false, ..state.clone() };
        assert_eq!(
            *shown,
            ContainerFacts { restart_count: 7, restart_policy: RestartPolicy::Always, ..kept }
        );
        assert_eq!(judged(&observation), judge(state, false));
    }
    // Seven restarts are not seven restarts just now, because somebody could not count them for a minute.
    observation.take_in(restarted, before.plus(Duration::from_secs(60)));
    assert_eq!(judged(&observation), ServiceState::Well);
}

#[test]
fn the_restarts_of_what_could_not_be_inspected_at_first_are_counted_from_the_first_inspection() {
    let mut observation = Observation::default();
    let at = NOW.plus(RESTART_WINDOW * 2);
    observation.take_in(ContainerFacts { is_partial: true, started_at: None, ..running("a") }, at);
    observation
        .take_in(ContainerFacts { restart_count: 7, ..running("a") }, at.plus(Duration::from_secs(60)));
    let container = observation.containers.values().next().expect("it was taken in");
    assert!(!container.restarts.is_crash_loop(at.plus(Duration::from_secs(60))));
}
