//! Every bound on what a client can make the server hold or wait for, with its reason.

use std::time::Duration;

/// Bytes of a body that are kept. The longest honest request is three short strings.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;

/// Parameters of a call, known or not: no interface knows more than a dozen.
pub(crate) const PARAMETERS_MAX: usize = 64;

/// Bytes of one parameter that is no object. The longest honest ones are a password of some kilobytes and a text to
/// search for; an object (the values of an app's variables) may be as long as the body.
pub(crate) const PARAMETER_BYTES_MAX: usize = 16 * 1024;

/// Bytes of a body that are read and thrown away beyond [`BODY_BYTES_MAX`], so that a client which sends
/// all of it before it listens still gets an answer and not a broken connection.
pub(crate) const BODY_BYTES_DISCARDED_MAX: usize = 16 * 1024 * 1024;

/// A body that has not arrived by then is given up: a slow phone needs a second, an attack all day.
pub(crate) const BODY_TIME_MAX: Duration = Duration::from_secs(20);

/// A request that is not answered by then is answered `SystemError`. Reads take microseconds; an install
/// is accepted in milliseconds, on a dying disk in seconds. A stream of events is answered when it opens.
pub(crate) const ANSWER_TIME_MAX: Duration = Duration::from_secs(60);

/// Bytes of a request line with all headers; browsers with many cookies send 8 KiB.
pub(crate) const HEADER_BYTES_MAX: usize = 32 * 1024;

/// Headers of a request; browsers behind two proxies send 30.
pub(crate) const HEADERS_MAX: usize = 64;

/// The headers must have arrived by then, and an idle connection is closed by then (hyper uses one clock
/// for both). Longer than the 60 s that nginx keeps idle connections for by default: so nginx closes
/// them first, and never sends a request into a connection that we are closing.
pub(crate) const HEADER_TIME_MAX: Duration = Duration::from_secs(75);

/// Bytes that are buffered of a connection, in each direction.
pub(crate) const CONNECTION_BUFFER_BYTES: usize = 64 * 1024;

/// A client that takes not one byte of what waits for it is dropped by then. A phone that changes networks
/// is back within seconds.
pub(crate) const WRITE_TIME_MAX: Duration = Duration::from_secs(30);

/// Open streams of events: a console for each of some dozen people. A quarter of what one listener may have
/// open (below), so that followers never keep other calls out.
pub(crate) const STREAMS_MAX: usize = 128;

/// A stream without events sends a comment this often: proxies close connections that are silent for a minute
/// (nginx's default).
pub(crate) const HEARTBEAT_PERIOD: Duration = Duration::from_secs(15);

/// Lines that AppLogs tells where nobody says how many: some screens.
pub(crate) const LOG_LINES_DEFAULT: usize = 100;

/// Lines that one answer of AppLogs may hold: more than a person reads, and bounded in bytes as well.
pub(crate) const LOG_LINES_MAX: usize = 10_000;

/// Lines that a stream of AppLogs sends in one go if they are there: few system calls for a talkative app, and at
/// most half a megabyte held for a slow client.
pub(crate) const LOG_LINES_AT_ONCE: usize = 32;

/// Seconds that calls take, for the classes of `/metrics`: a read, an install on a slow disk, what only the engine
/// can tell, and [`ANSWER_TIME_MAX`].
pub(crate) const CALL_SECONDS: &[f64] = &[0.0003, 0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0];

/// Open connections of one listener: nginx and a console need dozens. At the most that a client can make one hold
/// (headers) that is 16 MiB. Counted for each listener, so that one which is flooded does not shut out the others,
/// the Unix socket least of all. Where all are taken, who has been silent for longest gives way (`seats`).
pub(crate) const CONNECTIONS_MAX: usize = 512;

/// Connections that the kernel keeps for a listener until they are accepted: those of a flood, so that who comes in
/// the middle of it need not try again. (std asks for 128; the kernel allows 4096 by default.)
pub const BACKLOG: i32 = 4096;

/// After a connection could not be accepted (no file descriptors, say) the listener rests this long.
pub(crate) const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long, at a stop, a connection is kept on which nothing was asked yet: a program that connects asks within a moment, and
/// should not have to find out by itself that it came a moment too late.
pub(crate) const FIRST_CALL_TIME_MAX: Duration = Duration::from_secs(1);

/// At a stop, answers under way may end within this time; then their connections are closed. What is being changed for callers
/// who have gone gets as much again.
pub(crate) const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);

/// At a stop, streams of events end at once; a client that does not even take their end is closed by then.
pub(crate) const STREAM_END_TIME_MAX: Duration = Duration::from_secs(1);

/// Characters of a client's own text (a host name, a request id) that are repeated to it or logged.
pub(crate) const ECHO_CHARACTERS_MAX: usize = 64;

/// Operations on a page of AppOperations, where the client does not say how many.
pub(crate) const OPERATIONS_DEFAULT: usize = 20;

/// Operations on a page of AppOperations, whatever the client says: each may hold the last lines of a container
/// and a hundred layers.
pub(crate) const OPERATIONS_MAX: usize = 100;

/// Packages on a page of AppCatalog, where the client does not say how many: a screenful.
pub(crate) const PACKAGES_DEFAULT: usize = 50;

/// Packages on a page of AppCatalog, whatever the client says: each with its risks may take some kilobytes.
pub(crate) const PACKAGES_MAX: usize = 100;

/// Options of a choice that are listed to a client that gave another value.
pub(crate) const OPTIONS_LISTED_MAX: usize = 20;

/// Versions that are listed to a client that asked for another.
pub(crate) const VERSIONS_LISTED_MAX: usize = 20;

/// Days that an API key may be good for: ten years, which is a way to say never and still a number.
pub(crate) const KEY_DAYS_MAX: u64 = 3_650;
