//! Reading rows back into domain values.

use control::ports::store::EventPage;
use domain::{
    App, AppDomain, AppId, Event, EventId, ImagePull, InstallId, InstanceId, Operation, OperationId,
    StepRecord,
};
use rusqlite::{Connection, Row};

use crate::error::Fault;
use crate::rows;

const OPERATION_COLUMNS: &str = "number, id, install, app_id, kind, state, failure, queued_at, started_at, finished_at, \
                                 last_lines, desired_before, settings_before";

pub(crate) fn instance(connection: &Connection) -> Result<InstanceId, Fault> {
    let text: String = connection.query_row("SELECT instance FROM meta", [], |row| row.get(0))?;
    Ok(InstanceId::from_text(text))
}

pub(crate) fn apps(connection: &Connection) -> Result<Vec<App>, Fault> {
    let mut statement = connection.prepare("SELECT * FROM app ORDER BY number")?;
    let read = |row: &Row<'_>| rows::app::read(row, domains(connection, &row.get::<_, String>("install")?)?);
    statement.query_and_then([], read)?.collect()
}

fn domains(connection: &Connection, install: &str) -> Result<Vec<AppDomain>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM domain WHERE install = ?1 ORDER BY position")?;
    statement.query_and_then([install], rows::app_domain::read)?.collect()
}

pub(crate) fn newest_operations(connection: &Connection) -> Result<Vec<Operation>, Fault> {
    let sql = format!(
        "SELECT {OPERATION_COLUMNS} FROM operation WHERE number IN
             (SELECT (SELECT max(number) FROM operation WHERE operation.install = app.install) FROM app)
         ORDER BY number"
    );
    let mut statement = connection.prepare(&sql)?;
    statement.query_and_then([], |row| read_operation(connection, row))?.collect()
}

pub(crate) fn operation(connection: &Connection, id: &OperationId) -> Result<Option<Operation>, Fault> {
    let sql = format!("SELECT {OPERATION_COLUMNS} FROM operation WHERE id = ?1");
    let mut statement = connection.prepare(&sql)?;
    statement.query_and_then([id.as_str()], |row| read_operation(connection, row))?.next().transpose()
}

pub(crate) fn newest_operation(
    connection: &Connection,
    install: &InstallId,
) -> Result<Option<Operation>, Fault> {
    let sql =
        format!("SELECT {OPERATION_COLUMNS} FROM operation WHERE install = ?1 ORDER BY number DESC LIMIT 1");
    let mut statement = connection.prepare(&sql)?;
    statement.query_and_then([install.as_str()], |row| read_operation(connection, row))?.next().transpose()
}

pub(crate) fn operations(
    connection: &Connection,
    app: Option<&AppId>,
    before: Option<&OperationId>,
    limit: usize,
) -> Result<Vec<Operation>, Fault> {
    let of_app = if app.is_some() { "app_id = ?1" } else { "?1 IS NULL" };
    let older =
        if before.is_some() { "number < (SELECT number FROM operation WHERE id = ?2)" } else { "?2 IS NULL" };
    let sql = format!(
        "SELECT {OPERATION_COLUMNS} FROM operation WHERE {of_app} AND {older} ORDER BY number DESC LIMIT ?3"
    );
    let values = (app.map(AppId::as_str), before.map(OperationId::as_str), limit_of(limit));
    let mut statement = connection.prepare_cached(&sql)?;
    statement.query_and_then(values, |row| read_operation(connection, row))?.collect()
}

fn read_operation(connection: &Connection, row: &Row<'_>) -> Result<Operation, Fault> {
    let number: i64 = row.get("number")?;
    rows::operation::read(row, steps(connection, number)?, pulls(connection, number)?)
}

fn steps(connection: &Connection, operation: i64) -> Result<Vec<StepRecord>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM step WHERE operation = ?1 ORDER BY position")?;
    statement.query_and_then([operation], rows::operation::read_step)?.collect()
}

fn pulls(connection: &Connection, operation: i64) -> Result<Vec<ImagePull>, Fault> {
    let mut statement =
        connection.prepare_cached("SELECT * FROM pull WHERE operation = ?1 ORDER BY position")?;
    statement.query_and_then([operation], rows::operation::read_pull)?.collect()
}

pub(crate) fn events(
    connection: &Connection,
    app: Option<&AppId>,
    limit: usize,
) -> Result<Vec<Event>, Fault> {
    let limit = limit_of(limit);
    match app {
        Some(app) => connection
            .prepare_cached("SELECT * FROM event WHERE app_id = ?1 ORDER BY number DESC LIMIT ?2")?
            .query_and_then((app.as_str(), limit), rows::event::read)?
            .collect(),
        None => connection
            .prepare_cached("SELECT * FROM event ORDER BY number DESC LIMIT ?1")?
            .query_and_then([limit], rows::event::read)?
            .collect(),
    }
}

pub(crate) fn events_after(
    connection: &Connection,
    place: EventId,
    app: Option<&AppId>,
    limit: usize,
) -> Result<EventPage, Fault> {
    let of_app = if app.is_some() { "app_id = ?2" } else { "?2 IS NULL" };
    let sql = format!("SELECT * FROM event WHERE number > ?1 AND {of_app} ORDER BY number LIMIT ?3");
    let place = i64::try_from(place.0).unwrap_or(i64::MAX);
    let events = connection
        .prepare_cached(&sql)?
        .query_and_then((place, app.map(AppId::as_str), limit_of(limit)), rows::event::read_stored)?
        .collect::<Result<_, Fault>>()?;
    // Two statements: SQLite looks up each of both ends in the index, but not both in one.
    let end = |sql: &str| -> Result<EventId, Fault> {
        let number: Option<i64> = connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        Ok(EventId(number.unwrap_or_default().cast_unsigned()))
    };
    let oldest = end("SELECT min(number) FROM event")?;
    let newest = end("SELECT max(number) FROM event")?;
    Ok(EventPage { events, oldest, newest })
}

fn limit_of(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
