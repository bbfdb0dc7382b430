//! Connections of callers: no more at a time than the node has files for, and none for whoever says
//! nothing. What callers hold open must not keep the node from its log or from its peers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long the head of a request may take, from when the connection is ready for one.
const HEAD_TIME: Duration = Duration::from_secs(20);

/// The same, for connections that are taken when less than half of the room is left: others wait.
const HEAD_TIME_IF_CROWDED: Duration = Duration::from_secs(1);

/// The longest head of a request, in bytes.
const LONGEST_HEAD: usize = 64 * 1024;

/// Connections where the system sets no lower limit.
const MOST: usize = 1_024;

/// Connections however few files there are.
const LEAST: usize = 8;

/// How long to wait where the system has no file for another connection.
const NO_FILE: Duration = Duration::from_millis(200);

/// How many connections there may be at a time: a fourth of the files that the process may open.
pub fn most() -> usize {
    let files = getrlimit(Resource::Nofile).current;
    let files = files.and_then(|files| usize::try_from(files).ok());
    (files.unwrap_or(usize::MAX) / 4).clamp(LEAST, MOST)
}

/// Serves `router` until `until` is done, and then ends what is under way. Of callers, at most `most`
/// are connected; the others wait until a connection ends.
///
/// # Errors
/// Whatever the listener gives.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    most: usize,
    until: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).max_buf_size(LONGEST_HEAD);
    let room = Arc::new(Semaphore::new(most));
    let graceful = GracefulShutdown::new();
    let mut until = std::pin::pin!(until);
    loop {
        let (stream, place) = tokio::select! {
            () = &mut until => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let service = TowerToHyperService::new(router.clone());
        let crowded = room.available_permits() < most / 2;
        http.header_read_timeout(match crowded {
            true => HEAD_TIME_IF_CROWDED,
            false => HEAD_TIME,
        });
        let connection = http.serve_connection(TokioIo::new(stream), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A caller that goes away, or says nothing that is HTTP, is nobody's fault.
            let _ended = connection.await;
            drop(place);
        });
    }
    drop(listener);
    graceful.shutdown().await;
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    room: &Arc<Semaphore>,
) -> (TcpStream, OwnedSemaphorePermit) {
    let place = room.clone().acquire_owned().await;
    let place = place.expect("nobody closes it");
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return (stream, place),
            Err(error) => {
                tracing::warn!(event = "caller-not-taken", kind = %error.kind());
                tokio::time::sleep(NO_FILE).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn served() -> std::net::SocketAddr {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", get(|| async { "here" }));
        tokio::spawn(serve(listener, router, 2, std::future::pending()));
        address
    }

    /// Asks, and gives the whole answer.
    async fn asked(stream: &mut TcpStream, head: &[u8]) -> String {
        stream.write_all(head).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    const ASK: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

    #[tokio::test]
    async fn idle_callers_make_room_for_whoever_asks() {
        let address = served().await;
        let mut idle = Vec::new();
        for begun in [b"".as_slice(), b"", b"GET / HT", b"GET"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(begun).await.unwrap();
            idle.push(stream);
        }
        let mut caller = TcpStream::connect(address).await.unwrap();
        assert!(asked(&mut caller, ASK).await.contains("here"));
    }

    #[tokio::test]
    async fn a_head_that_is_too_long_is_refused() {
        let address = served().await;
        let mut caller = TcpStream::connect(address).await.unwrap();
        let long = [
            b"GET / HTTP/1.1\r\nx: ".to_vec(),
            vec![b'x'; 2 * LONGEST_HEAD],
        ]
        .concat();
        let answer = asked(&mut caller, &long).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    }

    #[test]
    fn callers_leave_most_files_to_the_node() {
        assert!((LEAST..=MOST).contains(&most()));
    }
}
