//! AppPlan: what AppInstall would do and what would keep it from it, found out without changing anything.
//!
//! It asks what the install itself would ask (the engine for images, `docker compose` for what the package
//! does), so unlike a query it takes its time; and nothing that it finds is promised to anybody.

use std::sync::Arc;

use domain::package::Requirements;
use domain::{PortReservation, SubnetReservation, Verdict};
use futures_util::future::join_all;

use crate::Control;
use crate::commands::install::{InstallRequest, Wanted};
use crate::error::Error;
use crate::operations::reserve::Lost;
use crate::policy::PolicyReport;
use crate::recorder::off_the_runtime;

/// What AppInstall would do now.
#[derive(Debug)]
pub struct Plan {
    /// The package's name.
    pub package: String,
    /// The version, never `latest`.
    pub version: String,
    /// Its images, each once.
    pub images: Vec<PlannedImage>,
    /// What it needs of the host.
    pub requirements: Requirements,
    /// The ports that it would be given; empty where there are none to give.
    pub ports: Vec<PortReservation>,
    /// The subnets that it would be given; empty where there are none to give.
    pub subnets: Vec<SubnetReservation>,
    /// Everything for which AppInstall would refuse now, in the order of its checks.
    pub obstacles: Vec<Error>,
    /// What it may do on the host.
    pub policy: PolicyReport,
    /// Whether it ships with a password that is the same for everybody.
    pub has_fixed_password: bool,
}

/// An image of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedImage {
    /// As the compose file names it.
    pub image: String,
    /// Whether the engine has it; `None` where the engine does not tell.
    pub is_present: Option<bool>,
}

impl Control {
    /// What AppInstall would do now with the same request.
    ///
    /// # Errors
    /// Where there is nothing to plan: `AppUnknown`, `CustomerAppNameFormat`, `VersionUnknown`, `Setting`, `Host`.
    /// All else stands in the plan.
    pub async fn plan(self: &Arc<Self>, request: InstallRequest) -> Result<Plan, Error> {
        let wanted = Arc::new(self.wanted(request).await?);
        let (control, asked) = (Arc::clone(self), Arc::clone(&wanted));
        let found = off_the_runtime(move || control.chosen_and_refused(&asked)).await?;
        let Wanted { id, package, version, settings } = &*wanted;

        let mut app = self.fresh_app(id, package, version.clone(), settings.clone(), self.clock.now());
        let (ports, subnets) = found.chosen.as_ref().map_or_else(Default::default, |deployment| {
            (deployment.ports.clone(), deployment.subnets.clone())
        });
        app.deployment = found.chosen;
        self.installing.keep(&app.install, package);
        let project = self.project(&app).await;
        self.installing.drop(&app.install);
        let policy = async {
            let project = project.ok()?;
            let rendered = self.projects.rendered_aside(&project).await;
            let rendered = rendered.inspect_err(|error| {
                tracing::warn!(package = package.name, %error, "the package cannot be judged");
            });
            Some(self.judge(&project, &rendered.ok()?))
        };
        let images = join_all(package.images(version).into_iter().map(async |image| {
            let is_present = self.engine.image(&image).await.ok().map(|found| found.is_some());
            PlannedImage { image, is_present }
        }));
        let (policy, images) = tokio::join!(policy, images);
        let policy = policy.unwrap_or(PolicyReport::unknown());

        let mut obstacles = Vec::new();
        obstacles.extend(settings.check_complete(&package.variables).err().map(Error::from));
        if policy.verdict == Verdict::Refused {
            let risks = policy.risks.clone();
            obstacles.push(Error::PolicyRefused { package: package.name.clone(), risks });
        }
        obstacles.extend(found.refusals);
        Ok(Plan {
            package: package.name.clone(),
            version: version.clone(),
            images,
            requirements: package.requirements,
            ports,
            subnets,
            obstacles,
            policy,
            has_fixed_password: package.has_fixed_password(),
        })
    }

    /// What the step Reserve would choose, and what AppInstall would refuse for. Blocks.
    fn chosen_and_refused(&self, wanted: &Wanted) -> Result<Found, Error> {
        let Wanted { id, package, version, settings } = wanted;
        let figures = self.host_figures()?;
        let networks = self.recorder.read(|memory| memory.engine.networks.clone());
        let outside = self.taken_outside(networks)?;
        let app = self.fresh_app(id, package, version.clone(), settings.clone(), self.clock.now());
        Ok(self.recorder.read(|memory| {
            let checks = [
                self.check_name(id, package, memory),
                memory.engine_link.check(self.settings.engine_grace),
                self.admit(package, &figures, memory),
            ];
            Found {
                chosen: self.deployment(&app, package, memory, &outside, &Lost::default()).ok(),
                refusals: checks.into_iter().filter_map(Result::err).collect(),
            }
        }))
    }
}

struct Found {
    chosen: Option<domain::Deployment>,
    refusals: Vec<Error>,
}
