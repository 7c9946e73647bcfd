//! Writing a change, inside a transaction that the caller commits.
//!
//! Which rule a change breaks is told by the statement that hits a unique index: each statement here can
//! break only one.

use control::ports::store::{
    Change, Conflict, EVENTS_KEPT, OPERATIONS_KEPT_PER_APP, OPERATIONS_KEPT_WITHOUT_APP,
};
use domain::{
    App, AppDomain, Event, EventId, ImagePull, InstallId, Operation, PortReservation, StepRecord,
    SubnetReservation,
};
use rusqlite::{Transaction, params};

use crate::error::{Fault, is_not_unique};
use crate::rows;

/// Tells the place of the first of the change's events.
pub(crate) fn write(transaction: &Transaction<'_>, change: &Change) -> Result<Option<EventId>, Fault> {
    if let Some(install) = &change.forget {
        // Takes its reservations along (ON DELETE CASCADE).
        run(transaction, "DELETE FROM app WHERE install = ?1", [install.as_str()])?;
    }
    if let Some(app) = &change.app {
        write_app(transaction, app)?;
    }
    if let Some(operation) = &change.operation {
        write_operation(transaction, operation)?;
    }
    if change.forget.is_some() {
        drop_operations_without_app(transaction)?;
    }
    if let Some((install, ports)) = &change.ports {
        write_ports(transaction, install, ports)?;
    }
    if let Some((install, subnets)) = &change.subnets {
        write_subnets(transaction, install, subnets)?;
    }
    write_events(transaction, &change.events)
}

fn run(transaction: &Transaction<'_>, sql: &str, values: impl rusqlite::Params) -> rusqlite::Result<usize> {
    transaction.prepare_cached(sql)?.execute(values)
}

/// Turns the breaking of a unique index into the conflict that it means.
fn or_conflict<T>(result: rusqlite::Result<T>, conflict: impl FnOnce() -> Conflict) -> Result<T, Fault> {
    result.map_err(
        |error| {
            if is_not_unique(&error) { Fault::Conflict(conflict()) } else { Fault::Sqlite(error) }
        },
    )
}

fn write_app(transaction: &Transaction<'_>, app: &App) -> Result<(), Fault> {
    let deployment = app.deployment.as_ref().map(rows::deployment::to_json).transpose()?;
    let written = run(
        transaction,
        "INSERT INTO app (install, app_id, project, package, version, trademark, official, requirements,
                          desired, lifecycle, deployment, observation, created_at, settings, trashed_at, origin,
                          catalog, images, fingerprint)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)
         ON CONFLICT (install) DO UPDATE SET
             app_id = excluded.app_id, project = excluded.project, package = excluded.package,
             version = excluded.version, trademark = excluded.trademark, official = excluded.official,
             requirements = excluded.requirements, desired = excluded.desired, lifecycle = excluded.lifecycle,
             deployment = excluded.deployment, observation = excluded.observation,
             created_at = excluded.created_at, settings = excluded.settings, trashed_at = excluded.trashed_at,
             origin = excluded.origin, catalog = excluded.catalog, images = excluded.images,
             fingerprint = excluded.fingerprint",
        params![
            app.install.as_str(),
            app.id.as_str(),
            app.project.as_str(),
            app.package.name,
            app.package.version,
            app.package.trademark,
            app.package.official,
            rows::app::requirements_to_json(app.package.requirements)?,
            rows::app::desired_to_text(app.desired),
            app.lifecycle.as_str(),
            deployment,
            rows::observation::to_json(&app.observation)?,
            app.created_at.as_millis(),
            rows::settings::to_json(&app.settings)?,
            app.trashed_at.map(domain::Timestamp::as_millis),
            app.origin.as_str(),
            app.package.catalog,
            rows::image::to_json(&app.images)?,
            app.package.fingerprint,
        ],
    );
    or_conflict(written, || Conflict::AppName)?;
    write_domains(transaction, &app.install, &app.domains)
}

fn write_domains(
    transaction: &Transaction<'_>,
    install: &InstallId,
    domains: &[AppDomain],
) -> Result<(), Fault> {
    run(transaction, "DELETE FROM domain WHERE install = ?1", [install.as_str()])?;
    for (position, domain) in (0_u32..).zip(domains) {
        let written = run(
            transaction,
            "INSERT INTO domain (name, install, position, added_at, served_port, certificate, failed)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            params![
                domain.name.as_str(),
                install.as_str(),
                position,
                domain.added_at.as_millis(),
                domain.served_port,
                domain.certificate.as_ref().map(rows::app_domain::certificate_to_json).transpose()?,
                domain.failed.as_ref().map(rows::app_domain::failed_to_json).transpose()?,
            ],
        );
        or_conflict(written, || Conflict::Domain(domain.name.clone()))?;
    }
    Ok(())
}

fn write_operation(transaction: &Transaction<'_>, operation: &Operation) -> Result<(), Fault> {
    let values = params![
        operation.id.as_str(),
        operation.install.as_str(),
        operation.app.as_str(),
        operation.kind.as_str(),
        operation.state.as_str(),
        operation.state.failure().map(rows::failure::to_json).transpose()?,
        operation.queued_at.as_millis(),
        operation.started_at.map(domain::Timestamp::as_millis),
        operation.finished_at.map(domain::Timestamp::as_millis),
        serde_json::to_string(&operation.last_lines)?,
        rows::app::desired_to_text(operation.desired_before),
        rows::settings::to_json(&operation.settings_before)?,
    ];
    let written = transaction
        .prepare_cached(
            "INSERT INTO operation (id, install, app_id, kind, state, failure, queued_at, started_at,
                                    finished_at, last_lines, desired_before, settings_before)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
             ON CONFLICT (id) DO UPDATE SET
                 install = excluded.install, app_id = excluded.app_id, kind = excluded.kind,
                 state = excluded.state, failure = excluded.failure, queued_at = excluded.queued_at,
                 started_at = excluded.started_at, finished_at = excluded.finished_at,
                 last_lines = excluded.last_lines, desired_before = excluded.desired_before,
                 settings_before = excluded.settings_before
             RETURNING number",
        )?
        .query_row(values, |row| row.get::<_, i64>("number"));
    let number = or_conflict(written, || Conflict::OpenOperation)?;
    write_steps(transaction, number, &operation.steps)?;
    write_pulls(transaction, number, &operation.pulls)?;
    run(
        transaction,
        "DELETE FROM operation
         WHERE app_id = ?1 AND state NOT IN ('queued', 'running', 'unwinding', 'stuck') AND number <=
             (SELECT number FROM operation WHERE app_id = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2)",
        params![operation.app.as_str(), OPERATIONS_KEPT_PER_APP.cast_signed()],
    )?;
    Ok(())
}

/// Only where a row has gone: else none can have become one of those.
fn drop_operations_without_app(transaction: &Transaction<'_>) -> Result<(), Fault> {
    run(
        transaction,
        "DELETE FROM operation WHERE number IN
             (SELECT number FROM operation WHERE app_id NOT IN (SELECT app_id FROM app)
              ORDER BY number DESC LIMIT -1 OFFSET ?1)",
        [OPERATIONS_KEPT_WITHOUT_APP.cast_signed()],
    )?;
    Ok(())
}

fn write_steps(transaction: &Transaction<'_>, operation: i64, steps: &[StepRecord]) -> Result<(), Fault> {
    run(transaction, "DELETE FROM step WHERE operation = ?1", [operation])?;
    for (position, record) in (0_u32..).zip(steps) {
        run(
            transaction,
            "INSERT INTO step (operation, position, step, attempt, started_at, ended_at, outcome, failure)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            params![
                operation,
                position,
                record.step.as_str(),
                record.attempt,
                record.started_at.as_millis(),
                record.ended_at.map(domain::Timestamp::as_millis),
                record.outcome.as_str(),
                rows::operation::failure_of(&record.outcome).map(rows::failure::to_json).transpose()?,
            ],
        )?;
    }
    Ok(())
}

fn write_pulls(transaction: &Transaction<'_>, operation: i64, pulls: &[ImagePull]) -> Result<(), Fault> {
    run(transaction, "DELETE FROM pull WHERE operation = ?1", [operation])?;
    for (position, pull) in (0_u32..).zip(pulls) {
        run(
            transaction,
            "INSERT INTO pull (operation, position, image, layers, complete) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                operation,
                position,
                pull.image,
                rows::operation::layers_to_json(&pull.layers)?,
                pull.complete
            ],
        )?;
    }
    Ok(())
}

fn write_ports(
    transaction: &Transaction<'_>,
    install: &InstallId,
    ports: &[PortReservation],
) -> Result<(), Fault> {
    run(transaction, "DELETE FROM port_reservation WHERE install = ?1", [install.as_str()])?;
    for port in ports {
        let written = run(
            transaction,
            "INSERT INTO port_reservation (install, address, protocol, port, service, target)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                install.as_str(),
                port.address.to_string(),
                port.protocol.as_str(),
                port.port,
                port.service,
                port.target,
            ],
        );
        or_conflict(written, || Conflict::Port(port.clone()))?;
    }
    Ok(())
}

fn write_subnets(
    transaction: &Transaction<'_>,
    install: &InstallId,
    subnets: &[SubnetReservation],
) -> Result<(), Fault> {
    run(transaction, "DELETE FROM subnet_reservation WHERE install = ?1", [install.as_str()])?;
    for subnet in subnets {
        let written = run(
            transaction,
            "INSERT INTO subnet_reservation (install, network, subnet) VALUES (?1, ?2, ?3)",
            params![install.as_str(), subnet.network, subnet.subnet.to_string()],
        );
        or_conflict(written, || Conflict::Subnet(subnet.clone()))?;
    }
    Ok(())
}

fn write_events(transaction: &Transaction<'_>, events: &[Event]) -> Result<Option<EventId>, Fault> {
    let mut first = None;
    for event in events {
        run(
            transaction,
            "INSERT INTO event (at, install, app_id, operation, what) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                event.at.as_millis(),
                event.install.as_str(),
                event.app.as_str(),
                event.operation.as_ref().map(domain::OperationId::as_str),
                rows::event::to_json(&event.kind)?,
            ],
        )?;
        first = first.or(Some(EventId(transaction.last_insert_rowid().cast_unsigned())));
    }
    if first.is_some() {
        run(
            transaction,
            "DELETE FROM event WHERE number <= (SELECT max(number) FROM event) - ?1",
            [EVENTS_KEPT.cast_signed()],
        )?;
    }
    Ok(first)
}
