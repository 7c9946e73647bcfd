//! Values for round trips: every variant, empty and awkward texts, the largest numbers. Made from a seed,
//! so that a failure can be had again.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use domain::observation::{Expectation, LastEnd, ObservedContainer, RestartHistory};
use domain::package::{Requirements, Speaks};
use domain::*;
use ipnet::Ipv4Net;

/// A small generator of pseudo-random values (SplitMix64): the same seed, the same values.
pub struct Generator(u64);

const TEXTS: &[&str] = &[
    "",
    "wordpress",
    "Nextcloud 文档",
    "it's \"quoted\" \\ and $HOME",
    "two\nlines\tand\u{0}nothing",
    "😀 ünïcödé",
    "'; DROP TABLE app; --",
];

impl Generator {
    /// A generator that always makes the same values.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn chance(&mut self) -> bool {
        self.next().is_multiple_of(2)
    }

    fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        let count = from.len() as u64;
        from[usize::try_from(self.next() % count).expect("an index into a slice is a usize")].clone()
    }

    fn text(&mut self) -> String {
        self.pick(TEXTS).to_owned()
    }

    fn secret(&mut self) -> Secret {
        Secret::from_text(self.text())
    }

    fn number(&mut self) -> u32 {
        let any = self.next().to_le_bytes();
        let any = u32::from_le_bytes([any[0], any[1], any[2], any[3]]);
        self.pick(&[0, 1, any, u32::MAX])
    }

    fn port(&mut self) -> u16 {
        self.pick(&[0, 80, 20_000, u16::MAX])
    }

    fn bytes(&mut self) -> u64 {
        let any = self.next() >> 20;
        self.pick(&[0, 1, any, i64::MAX.cast_unsigned()])
    }

    fn time(&mut self) -> Timestamp {
        let any = (self.next() >> 22).cast_signed();
        Timestamp::from_millis(self.pick(&[0, -1, any, i64::MAX, i64::MIN]))
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.chance() { Some(make(self)) } else { None }
    }

    fn some<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.next() % 4).map(|_| make(self)).collect()
    }

    fn address(&mut self) -> IpAddr {
        let any = Ipv6Addr::from(u128::from(self.next()) << 64 | u128::from(self.next()));
        self.pick(&[
            IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            IpAddr::V6(any),
        ])
    }

    /// A failure.
    pub fn failure(&mut self) -> Failure {
        let class = self.pick(FailureClass::ALL);
        Failure::of(class, self.text(), self.text())
    }

    fn domain(&mut self, install: &str, number: u64) -> AppDomain {
        let name = DomainName::parse(&format!("d{number}.{install}.example"));
        let file = self.text();
        AppDomain {
            name: name.expect("a test names its installations well"),
            added_at: self.time(),
            served_port: self.maybe(|it| it.pick(&[443, 8443])),
            certificate: self.maybe(|it| Certificate { file, valid_from: it.time(), expires_at: it.time() }),
            failed: self.maybe(|it| FailedTries { count: it.number(), failure: it.failure(), at: it.time() }),
        }
    }

    /// An app. Its identifiers are those given.
    pub fn app(&mut self, install: &str, id: &str) -> App {
        let id = AppId::parse(id).expect("a test names its apps well");
        App {
            install: InstallId::from_text(install),
            origin: self.pick(&[Origin::Installed, Origin::Foreign, Origin::Adopted]),
            project: ProjectName::from(&id),
            id,
            package: PackageRef {
                name: self.text(),
                catalog: self.text(),
                version: self.text(),
                trademark: self.text(),
                fingerprint: self.maybe(Self::text),
                official: self.chance(),
                requirements: Requirements {
                    cpu_cores: self.number(),
                    memory_bytes: self.bytes(),
                    disk_bytes: self.pick(&[0, u64::MAX]),
                },
            },
            settings: self.settings(),
            desired: self.pick(&[Desired::Running, Desired::Stopped]),
            lifecycle: self.pick(&[
                Lifecycle::Installing,
                Lifecycle::Installed,
                Lifecycle::Failed,
                Lifecycle::Trashed,
            ]),
            deployment: self.maybe(Self::deployment),
            // One name leads to one app: those of the installation's own are nobody else's.
            domains: (0..self.next() % 3).map(|number| self.domain(install, number)).collect(),
            images: self.some(|generator| AppImage {
                image: generator.text(),
                digest: generator.maybe(Self::text),
                id: generator.text(),
            }),
            observation: self.observation(),
            created_at: self.time(),
            trashed_at: self.maybe(Self::time),
        }
    }

    fn settings(&mut self) -> SettingValues {
        let value = |generator: &mut Self| match generator.chance() {
            true => VariableValue::Plain(generator.text()),
            false => VariableValue::Secret(generator.secret()),
        };
        SettingValues::of(self.some(|generator| (generator.text(), value(generator))).into_iter().collect())
    }

    fn deployment(&mut self) -> Deployment {
        Deployment {
            folder: PathBuf::from(self.text()),
            compose_file: PathBuf::from(self.text()),
            ports: self.some(Self::port_reservation),
            subnets: self.some(Self::subnet_reservation),
            images: self.some(Self::text),
            expected: Expectation {
                services: self.some(|generator| (generator.text(), generator.chance())),
                main_service: self.maybe(Self::text),
            },
            patience: Duration::from_millis(self.bytes()),
            main: self.maybe(|generator| MainEndpoint {
                address: generator.address(),
                port: generator.port(),
                speaks: generator.speaks(),
            }),
            admin_path: self.text(),
            login: Login { user_name: self.text(), password: self.secret() },
            user_variable: self.maybe(Self::text),
            password_variable: self.maybe(Self::text),
            secrets: self.some(|generator| (generator.text(), generator.secret())),
            tokens: self.some(Self::secret),
            kept_volumes: self.some(|generator| KeptVolume {
                service: generator.text(),
                target: generator.text(),
                name: generator.text(),
            }),
        }
    }

    fn speaks(&mut self) -> Speaks {
        match self.chance() {
            true => Speaks::Tcp,
            false => Speaks::Http { ready_path: self.text(), path: self.text(), tls: self.chance() },
        }
    }

    fn port_reservation(&mut self) -> PortReservation {
        PortReservation {
            address: self.address(),
            protocol: self.pick(&[Protocol::Tcp, Protocol::Udp]),
            port: self.port(),
            service: self.text(),
            target: self.port(),
        }
    }

    fn subnet_reservation(&mut self) -> SubnetReservation {
        let address = Ipv4Addr::from(self.number());
        let subnet = Ipv4Net::new(address, self.pick(&[0, 16, 27, 32])).expect("these prefixes exist");
        SubnetReservation { network: self.text(), subnet }
    }

    fn observation(&mut self) -> Observation {
        let mut observation = Observation::default();
        for number in 0..self.next() % 4 {
            let id = ContainerId::from_text(format!("c{number}"));
            let container = self.container(id.clone());
            observation.containers.insert(id, container);
        }
        observation.answered = self.maybe(|generator| (ContainerId::from_text("c0"), generator.time()));
        observation
    }

    fn container(&mut self, id: ContainerId) -> ObservedContainer {
        use ContainerState::{Created, Dead, Exited, Paused, Removing, Restarting, Running};
        let facts = ContainerFacts {
            id,
            name: self.text(),
            service: self.text(),
            state: self.pick(&[Created, Running, Paused, Restarting, Removing, Exited, Dead]),
            exit_code: self.pick(&[0, 1, 137, -1, i64::MAX]),
            oom_killed: self.chance(),
            health: self.pick(&[Health::None, Health::Starting, Health::Healthy, Health::Unhealthy]),
            restart_count: self.number(),
            restart_policy: self.pick(&[RestartPolicy::No, RestartPolicy::OnFailure, RestartPolicy::Always]),
            created_at: self.time(),
            started_at: self.maybe(Self::time),
            finished_at: self.maybe(Self::time),
            // Not stored: every look tells it anew.
            depends_on: Vec::new(),
            is_partial: false,
        };
        let last = self.maybe(|generator| (generator.number(), generator.time()));
        let last_end = self.maybe(|generator| LastEnd {
            exit_code: generator.pick(&[0, 1, 137]),
            oom_killed: generator.chance(),
        });
        let restarts = RestartHistory { last, seen_at: self.some(Self::time) };
        ObservedContainer { facts, restarts, last_end }
    }

    /// An operation in any state. Its identifiers are those given.
    pub fn operation(&mut self, id: &str, app: &App) -> Operation {
        let id = OperationId::from_text(id);
        let (queued_at, kind) = (self.time(), self.pick(OperationKind::ALL));
        let mut operation = Operation::queued(id, app.install.clone(), app.id.clone(), kind, queued_at);
        operation.desired_before = self.pick(&[Desired::Running, Desired::Stopped]);
        operation.settings_before = self.settings();
        operation.state = self.operation_state();
        operation.started_at = self.maybe(Self::time);
        operation.finished_at = self.maybe(Self::time);
        operation.steps = self.some(Self::step_record);
        operation.pulls = self.some(Self::pull);
        operation.last_lines = self.some(Self::text);
        operation
    }

    fn operation_state(&mut self) -> OperationState {
        let failure = self.failure();
        self.pick(&[
            OperationState::Queued,
            OperationState::Running,
            OperationState::Unwinding(failure.clone()),
            OperationState::Stuck(failure.clone()),
            OperationState::Succeeded,
            OperationState::Failed(failure),
            OperationState::Cancelled,
        ])
    }

    fn step_record(&mut self) -> StepRecord {
        let failure = self.failure();
        StepRecord {
            step: self.pick(Step::ALL),
            attempt: self.number(),
            started_at: self.time(),
            ended_at: self.maybe(Self::time),
            outcome: self.pick(&[
                StepOutcome::Started,
                StepOutcome::Succeeded,
                StepOutcome::Failed(failure),
                StepOutcome::UndoStarted,
                StepOutcome::Undone,
            ]),
        }
    }

    fn pull(&mut self) -> ImagePull {
        ImagePull { image: self.text(), layers: self.some(Self::layer), complete: self.chance() }
    }

    fn layer(&mut self) -> LayerPull {
        LayerPull {
            id: self.text(),
            bytes_done: self.bytes(),
            bytes_total: self.bytes(),
            complete: self.chance(),
        }
    }

    /// An event of that app.
    pub fn event(&mut self, app: &App) -> Event {
        let failure = self.failure();
        let kinds = [
            EventKind::Queued(self.pick(OperationKind::ALL)),
            EventKind::StepStarted { step: self.pick(Step::ALL), attempt: self.number() },
            EventKind::Unwinding(failure.clone()),
            EventKind::Stuck(self.text()),
            EventKind::Succeeded,
            EventKind::Cancelled,
            EventKind::Appeared,
            EventKind::Vanished,
            EventKind::Failed(failure),
            EventKind::StatusChanged { from: self.pick(Status::ALL), to: self.pick(Status::ALL) },
        ];
        Event {
            at: self.time(),
            install: app.install.clone(),
            app: app.id.clone(),
            operation: self.maybe(|generator| OperationId::from_text(generator.text())),
            kind: self.pick(&kinds),
        }
    }
}
