//! A network that drops UDP: the same exchange over TLS on TCP, told in the node's state.

use std::io::copy;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;

use liaison::api::{LinkOut, Sent};
use liaison::base::Timestamp;
use liaison::config::Config;

use crate::examples;
use crate::office::Office;
use crate::world::{PATIENCE, World, at_once, free_port, until};

/// Puts a line before the office on which TCP passes and every datagram is swallowed: what the
/// trust list gives as its address is the line's.
fn block_udp(office: &Office) -> UdpSocket {
    let mut config = Config::load(&office.dir).expect("a valid configuration");
    let address: SocketAddr = config.settings.exchange.listen;
    config.settings.exchange.listen = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let behind = config.settings.exchange.listen;
    std::fs::write(office.part("liaison.toml"), config.settings.render()).expect("room");
    let swallowed = UdpSocket::bind(address).expect("the address is free");
    let listener = TcpListener::bind(address).expect("the address is free for TCP too");
    thread::spawn(move || {
        for from in listener.incoming().flatten() {
            let Ok(to) = TcpStream::connect(behind) else {
                continue;
            };
            pour(&from, &to);
            pour(&to, &from);
        }
    });
    swallowed
}

/// Carries one direction until it ends.
fn pour(from: &TcpStream, to: &TcpStream) {
    let mut from = from.try_clone().expect("a second handle");
    let mut to = to.try_clone().expect("a second handle");
    thread::spawn(move || {
        // An end that is gone ends the other.
        let _ = copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Both);
    });
}

fn link(office: &Office) -> Option<LinkOut> {
    office.health()?.peers.into_iter().next()?.link
}

#[test]
fn where_udp_is_blocked_requests_and_attachments_pass_over_tcp_and_the_state_says_so() {
    let world = World::of(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    let swallowed: Vec<_> = world.offices.iter().map(block_udp).collect();
    at_once(&world.offices, Office::serve);
    world.linked();
    for socket in &swallowed {
        socket.set_nonblocking(true).expect("a socket");
    }
    let tried = swallowed.iter().any(|socket| socket.recv(&mut [0]).is_ok());
    assert!(tried, "QUIC was tried first");
    for office in [mk, tr] {
        let link = until(PATIENCE, "the link is told", || link(office));
        assert_eq!(link.over, "tcp");
    }
    let status = mk.call("status").run().done();
    assert_eq!(status["peers"][0]["link"]["over"], "tcp");
    assert!(status["peers"][0]["link"]["since"].is_string(), "{status}");

    let checked = mk.call("netcheck").option("--peer", "TR").run().done();
    let tried = checked["peers"][0]["tried"].as_array().expect("attempts");
    let found: Vec<_> = tried
        .iter()
        .map(|tried| (tried["over"].as_str(), tried["found"].as_str()))
        .collect();
    assert_eq!(
        found,
        [(Some("quic"), Some("silent")), (Some("tcp"), Some("works"))]
    );
    let ahead = checked["peers"][0]["clock_ahead_ms"].as_i64();
    assert!(ahead.is_some_and(|ahead| ahead.abs() < 10_000), "{checked}");

    let content: Vec<u8> = (0..3_000_000u32).map(|n| n.to_le_bytes()[0]).collect();
    let file = world.write("picture.bin", &content);
    let text = toml::to_string(&examples::request()).expect("an example is valid TOML");
    let request = world.write("request.toml", text);
    let call = mk.call("rfi send").option("--to", "TR");
    let sent: Sent = call
        .option("--file", request)
        .option("--attach", file)
        .run()
        .read();
    let id = sent.exchanges[0].id.to_string();
    let out = world.file("saved.bin");
    until(PATIENCE, "the attachment came", || {
        let save = tr.call("attachment save").word(&id);
        let saved = save.option("--out", &out).run();
        (saved.exit == Some(0)).then_some(())
    });
    assert!(std::fs::read(out).expect("it was saved") == content);
    until(PATIENCE, "the receipt is here", || {
        let waiting: u64 = mk.health()?.peers.iter().map(|peer| peer.waiting).sum();
        (waiting == 0).then_some(())
    });
}

#[test]
fn what_waits_for_an_office_that_is_away_is_told_with_since_when_until_it_has_come() {
    let world = World::of(&["MK", "TR"]);
    let (mk, tr) = (world.office("MK"), world.office("TR"));
    mk.serve();
    let text = toml::to_string(&examples::request()).expect("an example is valid TOML");
    let request = world.write("request.toml", text);
    let waits = || {
        let peer = mk.health()?.peers.into_iter().next()?;
        Some((peer.waiting, peer.waiting_since))
    };
    assert_eq!(waits(), Some((0, None)));
    let send = || {
        let call = mk.call("rfi send").option("--to", "TR");
        let _: Sent = call.option("--file", &request).run().read();
    };
    let before = Timestamp::system();
    send();
    let after = Timestamp::system();
    let (waiting, since) = waits().expect("it serves");
    let since = since.expect("something waits");
    assert_eq!(waiting, 1);
    assert!((before..=after).contains(&since), "{since}");
    send();
    assert_eq!(waits(), Some((2, Some(since))), "the oldest counts");
    let status = mk.call("status").run().done();
    let since = serde_json::to_value(since).expect("it is plain");
    assert_eq!(status["peers"][0]["waiting_since"], since);
    tr.serve();
    until(PATIENCE, "nothing waits any more", || {
        (waits()? == (0, None)).then_some(())
    });
}
