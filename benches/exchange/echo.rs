//! What the network itself can do: 1 KiB echoed by another process over one QUIC stream, and over
//! one HTTP connection.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use quinn::{
    ClientConfig, Connection, Endpoint, RecvStream, SendStream, ServerConfig, TransportConfig,
};
use rustls::RootCertStore;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::sample::{Samples, micros, quantile};

/// Bytes of one message.
const MESSAGE: usize = 1024;
/// In the environment of the process that echoes.
const ECHO: &str = "LIAISON_BENCH_ECHO";

/// Whether this process is the one that echoes.
pub fn is_echo() -> bool {
    std::env::var_os(ECHO).is_some()
}

/// Echoes whatever comes until standard input ends.
pub fn echo() {
    let runtime = tokio::runtime::Runtime::new().expect("the system has threads");
    runtime.spawn(async {
        let name = vec!["echo".to_owned()];
        let made = rcgen::generate_simple_self_signed(name).expect("a certificate is made");
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("it is a key");
        let mut tls = rustls::ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3 is there")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("the key is the certificate's");
        tls.max_early_data_size = 0;
        let crypto = QuicServerConfig::try_from(tls).expect("QUIC has its suite");
        let config = ServerConfig::with_crypto(Arc::new(crypto));
        let endpoint = Endpoint::server(config, loopback()).expect("a port is free");
        let address = endpoint.local_addr().expect("it is bound");
        println!("{address} {}", hex::encode(made.cert.der()));
        while let Some(incoming) = endpoint.accept().await {
            tokio::spawn(async move {
                let connection = incoming.await.expect("the client connects");
                tokio::spawn(keep_files(connection.clone()));
                while let Ok((send, receive)) = connection.accept_bi().await {
                    tokio::spawn(echo_stream(send, receive));
                }
            });
        }
    });
    // The process that measures holds the other end.
    let _end = std::io::stdin().lines().count();
}

async fn echo_stream(mut send: SendStream, mut receive: RecvStream) {
    while let Ok(Some(chunk)) = receive.read_chunk(usize::MAX, true).await {
        if send.write_chunk(chunk.bytes).await.is_err() {
            return;
        }
    }
}

/// Writes what comes on each one-way stream to a file, and says when that is on the disk.
async fn keep_files(connection: Connection) {
    while let Ok(mut receive) = connection.accept_uni().await {
        let mut file = tempfile::tempfile_in(".").expect("there is room");
        while let Ok(Some(chunk)) = receive.read_chunk(usize::MAX, true).await {
            file.write_all(&chunk.bytes).expect("there is room");
        }
        file.sync_all().expect("the disk writes");
        let mut send = connection.open_uni().await.expect("a stream opens");
        send.write_all(b"kept").await.expect("the stream is open");
        send.finish().expect("it is open");
    }
}

/// The other process, and a connection to it.
pub struct Echo {
    child: Child,
    connection: Connection,
    count: usize,
}

impl Echo {
    /// Starts the other process and connects. A round sends `count` messages one at a time, and
    /// sixteen times as many with 64 in flight. Files are kept in `folder`.
    pub async fn start(count: usize, folder: &Path) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program has a path"))
            .env(ECHO, "1")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a process starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("it says where it listens");
        let (address, certificate) = line.trim().split_once(' ').expect("two words");
        let address: SocketAddr = address.parse().expect("an address");
        let der = hex::decode(certificate).expect("a certificate in hexadecimal");
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(der))
            .expect("it is a certificate");
        let tls = rustls::ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .expect("TLS 1.3 is there")
            .with_root_certificates(roots)
            .with_no_client_auth();
        let crypto = QuicClientConfig::try_from(tls).expect("QUIC has its suite");
        let endpoint = Endpoint::client(loopback()).expect("a port is free");
        let mut config = ClientConfig::new(Arc::new(crypto));
        let mut transport = TransportConfig::default();
        // What is measured in between takes longer than a silent link lives.
        transport.keep_alive_interval(Some(Duration::from_secs(5)));
        config.transport_config(Arc::new(transport));
        let connecting = endpoint.connect_with(config, address, "echo");
        let connection = connecting
            .expect("the name is one")
            .await
            .expect("it connects");
        Self {
            child,
            connection,
            count,
        }
    }

    /// One round.
    pub async fn round(&self, samples: &mut Samples) {
        let (mut send, mut receive) = self.connection.open_bi().await.expect("a stream opens");
        let message = [9; MESSAGE];
        let mut times = Vec::with_capacity(self.count);
        for _ in 0..self.count {
            let start = Instant::now();
            send.write_all(&message).await.expect("the stream is open");
            let mut back = [0; MESSAGE];
            receive.read_exact(&mut back).await.expect("it comes back");
            times.push(micros(start));
        }
        samples.add("quinn-1", quantile(&times, 0.5));
        let rate = in_flight(&mut send, &mut receive, self.count * 16, 64).await;
        samples.add("quinn-64", rate);
    }
}

impl Echo {
    /// Bytes a second of a file of `len` bytes, from the first of them to all being on the disk.
    pub async fn file(&self, len: usize) -> f64 {
        let piece = vec![9; 256 * 1024];
        let start = Instant::now();
        let mut send = self.connection.open_uni().await.expect("a stream opens");
        for _ in 0..len / piece.len() {
            send.write_all(&piece).await.expect("the stream is open");
        }
        send.finish().expect("it is open");
        let mut kept = self.connection.accept_uni().await.expect("it answers");
        let said = kept.read_to_end(4).await.expect("it answers");
        assert_eq!(said, b"kept");
        len as f64 / start.elapsed().as_secs_f64()
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ended = self.child.wait();
    }
}

/// Messages a second with `window` of them in flight.
async fn in_flight(
    send: &mut SendStream,
    receive: &mut RecvStream,
    count: usize,
    window: usize,
) -> f64 {
    let start = Instant::now();
    let burst = vec![9; window * MESSAGE];
    send.write_all(&burst).await.expect("the stream is open");
    let (mut sent, mut back) = (window, 0);
    while back < count * MESSAGE {
        let chunk = receive
            .read_chunk(usize::MAX, true)
            .await
            .expect("the stream is open");
        back += chunk.expect("it has not ended").bytes.len();
        let due = (back / MESSAGE + window).min(count.max(window));
        if due > sent {
            send.write_all(&burst[..(due - sent) * MESSAGE])
                .await
                .expect("the stream is open");
            sent = due;
        }
    }
    count as f64 / start.elapsed().as_secs_f64()
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn loopback() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}
