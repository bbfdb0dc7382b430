//! The client against a node that a few lines of TCP play.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use super::*;
use crate::api::AttachmentView;

/// Answers one request with `answer` and gives back what was asked.
fn node(answer: String) -> (SocketAddr, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        let mut buffer = [0; 4096];
        loop {
            let text = String::from_utf8_lossy(&asked).into_owned();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |length| length.parse().unwrap());
                if body.len() >= length {
                    break;
                }
            }
            let read = stream.read(&mut buffer).unwrap();
            asked.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8(asked).unwrap()
    });
    (address, asked)
}

fn answer(status: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}")
}

fn client(address: SocketAddr) -> Client {
    Client::new(address, Zeroizing::new("secret-token".to_owned()))
}

#[tokio::test]
async fn a_call_carries_the_token_and_reads_the_answer() {
    let (address, asked) = node(answer(
        "200 OK",
        "{\"person\":\"01010101010101010101010101010101\",\"name\":\"Ana\",\"member\":\"MK\",\"roles\":[\"officer\"]}",
    ));
    let me = client(address).whoami().await.unwrap();
    assert_eq!(me.name, "Ana");
    let asked = asked.join().unwrap();
    assert!(
        asked.starts_with("GET /api/v1/whoami HTTP/1.1\r\n"),
        "{asked}"
    );
    assert!(asked.contains("authorization: Bearer secret-token\r\n"));
}

#[tokio::test]
async fn a_problem_comes_back_whole() {
    let problem = answer(
        "404 Not Found",
        "{\"type\":\"/problems/exchange-not-found\",\"title\":\"No such\",\"status\":404,\
        \"code\":\"exchange-not-found\",\"detail\":\"none\",\"next\":\"list them\"}",
    );
    let (address, asked) = node(problem);
    let id = MessageId::from_bytes([1; 16]);
    match client(address).exchange(id).await.unwrap_err() {
        ClientError::Problem(problem) => assert_eq!(problem.code, "exchange-not-found"),
        other => panic!("{other}"),
    }
    assert!(asked.join().unwrap().contains(&format!("/exchanges/{id} ")));
}

#[tokio::test]
async fn an_absent_node_is_told_from_one_that_stops_answering() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client(address).health().await.unwrap_err();
    assert!(matches!(error, ClientError::Unreachable { .. }), "{error}");
    let (address, _) = node("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_owned());
    let error = client(address).health().await.unwrap_err();
    assert!(matches!(error, ClientError::Interrupted { .. }), "{error}");
}

#[tokio::test]
async fn an_upload_streams_the_file_with_its_length_and_name() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("a b&c.pdf");
    std::fs::write(&file, vec![b'x'; 200_000]).unwrap();
    let (address, asked) = node(answer(
        "200 OK",
        "{\"index\":0,\"name\":\"n\",\"size\":3,\"sha256\":\
        \"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad\"}",
    ));
    let moved = std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
    let counter = moved.clone();
    let progress = Box::new(move |n| {
        counter.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
    });
    let staged = client(address)
        .upload(MessageId::from_bytes([1; 16]), 0, &file, progress)
        .await
        .unwrap();
    assert_eq!(staged.size, 3);
    let asked = asked.join().unwrap();
    assert!(asked.contains("/attachments/0?name=a+b%26c.pdf&media_type=application%2Fpdf "));
    assert!(
        asked.contains("content-length: 200000\r\n"),
        "{}",
        &asked[..400]
    );
    assert_eq!(moved.load(std::sync::atomic::Ordering::Relaxed), 200_000);
}

#[tokio::test]
async fn a_download_keeps_only_what_its_message_lists() {
    let dir = tempfile::tempdir().unwrap();
    let abc = answer("200 OK", "abc");
    let mut listed = AttachmentView {
        index: 0,
        name: "x".to_owned(),
        media_type: "text/plain".to_owned(),
        size: 3,
        sha256: crate::base::Digest::of(b"abd"),
        complete: true,
    };
    let message = ("TR".parse().unwrap(), MessageId::from_bytes([1; 16]));
    let target = dir.path().join("out");
    let (address, _) = node(abc.clone());
    let refused = client(address)
        .download(message, &listed, &target, Box::new(|_| ()))
        .await;
    assert!(matches!(refused, Err(ClientError::WrongDigest { .. })));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    listed.sha256 = crate::base::Digest::of(b"abc");
    let (address, _) = node(abc);
    client(address)
        .download(message, &listed, &target, Box::new(|_| ()))
        .await
        .unwrap();
    assert_eq!(std::fs::read(&target).unwrap(), b"abc");
    let again = client(address)
        .download(message, &listed, &target, Box::new(|_| ()))
        .await;
    assert!(matches!(again, Err(ClientError::File { .. })));
}
