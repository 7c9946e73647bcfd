//! `/metrics`: figures for Prometheus. Ordinary HTTP. What each means is in docs/operations.md.

use std::sync::Arc;

use axum::Extension;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use control::ports::ProcessUsage;

use crate::Server;
use crate::exposition::{Exposition, MEDIA_TYPE};
use crate::seats::{Rooms, SocketKind};

/// All figures. It reads memory as AppList does, and two files of the kernel's.
pub(crate) async fn metrics(
    State(server): State<Arc<Server>>,
    rooms: Option<Extension<Arc<Rooms>>>,
) -> impl IntoResponse {
    let mut text = Exposition::default();
    text.gauge("appmanage_build_info", "Always 1; the version that runs.");
    text.figure("appmanage_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    write_standing(&mut text, &server);
    let metrics = server.control.metrics();
    text.durations(
        "appmanage_operation_duration_seconds",
        "Operations that have ended, from the moment that work on them began.",
        ["kind", "outcome"],
        &metrics.operations,
    );
    text.durations(
        "appmanage_engine_call_duration_seconds",
        "Calls of the container engine and of docker compose.",
        ["call", "outcome"],
        &metrics.engine_calls,
    );
    text.durations(
        "appmanage_engine_event_lag_seconds",
        "From an event of the engine's until the status of its app follows.",
        ["", ""],
        &metrics.event_lag,
    );
    text.durations(
        "appmanage_http_request_duration_seconds",
        "Calls of the API, from their last byte until the answer is made.",
        ["interface", "outcome"],
        &server.calls,
    );
    text.gauge("appmanage_event_streams_open", "Streams of events and logs that are open.");
    text.figure("appmanage_event_streams_open", &[], server.streams.open_count());
    write_connections(&mut text, rooms.as_ref().map_or(&[], |rooms| rooms.0.as_slice()));
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], text.into_text())
}

fn write_standing(text: &mut Exposition, server: &Server) {
    let standing = server.control.standing();
    text.gauge("appmanage_apps", "Apps by status.");
    for (status, count) in standing.apps {
        text.figure("appmanage_apps", &[("status", status.as_str())], count);
    }
    text.gauge("appmanage_operations_open", "Operations that have not ended, by queue and what they do.");
    for ((queue, stage), count) in standing.open_operations {
        text.figure("appmanage_operations_open", &[("queue", queue), ("stage", stage)], count);
    }
    text.gauge("appmanage_sites", "Domains of apps, by how they stand with the gateway.");
    for (state, count) in standing.sites {
        text.figure("appmanage_sites", &[("state", state)], count);
    }
    for (name, help, expires_at) in [
        (
            "appmanage_certificate_expiry_timestamp_seconds",
            "When the first certificate of an app's domain expires; nothing where there is none.",
            standing.certificate_expires_at,
        ),
        (
            "appmanage_gateway_certificate_expiry_timestamp_seconds",
            "When the gateway's own certificate expires; nothing where it shows none.",
            standing.own_certificate_expires_at,
        ),
    ] {
        text.gauge(name, help);
        if let Some(expires_at) = expires_at {
            text.figure(name, &[], expires_at.as_millis() / 1_000);
        }
    }
    text.gauge("appmanage_engine_up", "1 while the container engine answers, else 0.");
    text.figure("appmanage_engine_up", &[], u8::from(standing.engine_up));
    if let Ok(ProcessUsage { resident_bytes, open_files, open_files_max }) = standing.process {
        text.gauge("process_resident_memory_bytes", "Memory of the server itself.");
        text.figure("process_resident_memory_bytes", &[], resident_bytes);
        text.gauge("process_open_fds", "Files and sockets that the server has open.");
        text.figure("process_open_fds", &[], open_files);
        text.gauge("process_max_fds", "How many it may have.");
        text.figure("process_max_fds", &[], open_files_max.unwrap_or(u64::MAX));
    }
}

fn write_connections(text: &mut Exposition, rooms: &[(SocketKind, Arc<crate::seats::Seats>)]) {
    let kinds = [(SocketKind::Tcp, "tcp"), (SocketKind::Unix, "unix")];
    let of_kind =
        |kind: SocketKind| rooms.iter().filter(move |(its, _)| *its == kind).map(|(_, seats)| seats);
    text.gauge("appmanage_connections_open", "Connections of clients, by kind of socket.");
    for (way, kind) in kinds {
        let open: usize = of_kind(way).map(|seats| seats.taken()).sum();
        text.figure("appmanage_connections_open", &[("socket", kind)], open);
    }
    text.counter(
        "appmanage_connections_evicted_total",
        "Silent connections that were closed to let others in.",
    );
    for (way, kind) in kinds {
        let evicted: u64 = of_kind(way).map(|seats| seats.evicted()).sum();
        text.figure("appmanage_connections_evicted_total", &[("socket", kind)], evicted);
    }
}
