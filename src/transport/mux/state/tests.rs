//! Two ends that hand each other their pieces, and ends that break the rules.

use bytes::Bytes;

use super::*;
use crate::transport::mux::piece::MAX_DATA;

fn pair() -> (State, State) {
    (State::new(Side::Dialler), State::new(Side::Dialled))
}

/// Hands over all that `from` has to say.
fn pass(from: &mut State, to: &mut State) {
    while let Some(piece) = from.next() {
        to.came(piece);
    }
}

fn read_all(state: &mut State, id: u32) -> Vec<u8> {
    let mut all = Vec::new();
    while let Ok(Some(Some(bytes))) = state.read(id, 100_000) {
        all.extend_from_slice(&bytes);
    }
    all
}

fn bytes(n: u8, length: usize) -> Bytes {
    Bytes::from(vec![n; length])
}

#[test]
fn streams_arrive_in_the_order_in_which_they_were_opened() {
    let (mut a, mut b) = pair();
    let first = a.open(Way::Uni).unwrap().unwrap();
    let second = a.open(Way::Uni).unwrap().unwrap();
    a.write(first, &bytes(1, 1)).unwrap();
    a.write(second, &bytes(2, 1)).unwrap();
    pass(&mut a, &mut b);
    assert_eq!(b.accept(Way::Uni), Ok(Some(first)));
    assert_eq!(b.accept(Way::Uni), Ok(Some(second)));
    assert_eq!(b.accept(Way::Uni), Ok(None));
    assert_eq!(read_all(&mut b, second), [2]);
}

#[test]
fn the_urgent_overtakes_and_the_equal_take_turns() {
    let (mut a, mut b) = pair();
    let [large, other, urgent] = [0, 0, 2].map(|priority| {
        let id = a.open(Way::Uni).unwrap().unwrap();
        a.set_priority(id, priority);
        id
    });
    for id in [large, other] {
        a.write(id, &bytes(7, 3 * MAX_DATA)).unwrap();
    }
    let mut order = Vec::new();
    for _ in 0..2 {
        order.extend(a.next().map(|piece| (b.came(piece.clone()), piece)));
    }
    a.write(urgent, &bytes(9, 10)).unwrap();
    while let Some(piece) = a.next() {
        order.push((b.came(piece.clone()), piece));
    }
    let ids: Vec<u32> = order
        .iter()
        .filter_map(|(_, piece)| match piece {
            Piece::Data(id, _) => Some(*id),
            _ => None,
        })
        .collect();
    assert_eq!(ids, [large, other, urgent, large, other, large, other]);
}

#[test]
fn a_reader_that_rests_holds_its_stream_up_at_the_window_and_no_other() {
    let (mut a, mut b) = pair();
    let slow = a.open(Way::Uni).unwrap().unwrap();
    let quick = a.open(Way::Uni).unwrap().unwrap();
    let length = WINDOW as usize + 1;
    a.write(slow, &bytes(1, length)).unwrap();
    a.write(quick, &bytes(2, 5)).unwrap();
    pass(&mut a, &mut b);
    assert_eq!(read_all(&mut b, quick), [2; 5]);
    assert_eq!(read_all(&mut b, slow).len(), WINDOW as usize);
    pass(&mut b, &mut a);
    pass(&mut a, &mut b);
    assert_eq!(read_all(&mut b, slow), [1]);
}

#[test]
fn a_request_and_its_answer_leave_nothing_behind() {
    let (mut a, mut b) = pair();
    for _ in 0..100 {
        let id = a.open(Way::Bi).unwrap().unwrap();
        a.write(id, &bytes(1, 26)).unwrap();
        a.finish(id);
        pass(&mut a, &mut b);
        assert_eq!(b.accept(Way::Bi), Ok(Some(id)));
        assert_eq!(read_all(&mut b, id), [1; 26]);
        assert_eq!(b.read(id, 1), Ok(Some(None)));
        b.leave(id);
        b.write(id, &bytes(2, 1000)).unwrap();
        b.finish(id);
        pass(&mut b, &mut a);
        assert_eq!(read_all(&mut a, id), [2; 1000]);
        assert_eq!(a.read(id, 1), Ok(Some(None)));
        assert!(a.leave(id));
    }
    assert!(a.halves().is_empty() && b.halves().is_empty());
}

#[test]
fn who_gives_a_stream_up_tells_the_other_why() {
    let (mut a, mut b) = pair();
    let id = a.open(Way::Bi).unwrap().unwrap();
    a.write(id, &bytes(1, 26)).unwrap();
    a.finish(id);
    pass(&mut a, &mut b);
    b.reset(id, 258);
    b.leave(id);
    pass(&mut b, &mut a);
    assert_eq!(a.read(id, 1), Err(StreamError::Reset(258)));

    let id = a.open(Way::Bi).unwrap().unwrap();
    a.write(id, &bytes(1, 26)).unwrap();
    pass(&mut a, &mut b);
    a.leave(id);
    pass(&mut a, &mut b);
    assert_eq!(b.write(id, &bytes(2, 1)), Err(StreamError::Reset(0)));
    pass(&mut b, &mut a);
    assert!(!a.incoming.contains_key(&id));
    assert_eq!((a.ended(), b.ended()), (None, None));
}

#[test]
fn the_end_reaches_both_with_its_code_and_what_came_before_can_be_read() {
    let (mut a, mut b) = pair();
    let id = a.open(Way::Uni).unwrap().unwrap();
    a.write(id, &bytes(1, 3)).unwrap();
    pass(&mut a, &mut b);
    a.end(LinkError::Stopping, Some(1));
    a.end(LinkError::Broken, None);
    pass(&mut a, &mut b);
    assert_eq!(a.ended(), Some(LinkError::Stopping));
    assert_eq!(b.ended(), Some(LinkError::Replaced));
    assert_eq!(read_all(&mut b, id), [1; 3]);
    let lost = StreamError::Lost(LinkError::Replaced);
    assert_eq!(b.read(id, 1), Err(lost));
    assert_eq!(b.open(Way::Bi), Err(lost));
}

#[test]
fn a_peer_that_breaks_the_rules_is_told_so_and_gone() {
    let data = |id| Piece::Data(id, bytes(1, 1));
    let rows: Vec<Vec<Piece>> = vec![
        // Streams of this side's, and ones out of order.
        vec![data(1)],
        vec![data(3)],
        vec![data(6)],
        vec![data(4)],
        vec![Piece::End(4)],
        // More streams than there may be.
        (0..5).map(|n| data(n << 2 | WAY)).collect(),
        (0..17).map(|n| data(n << 2)).collect(),
        // After the end.
        vec![data(2), Piece::End(2), data(2)],
        vec![data(2), Piece::Reset(2, 0), Piece::End(2)],
        // What was never opened.
        vec![Piece::Credit(2, 1)],
        vec![Piece::Stop(1, 1)],
        // More than the window.
        vec![Piece::Data(0, bytes(1, 4097))],
        vec![Piece::Data(2, bytes(1, WINDOW as usize + 1))],
        // More credit than can be counted.
        vec![data(0), Piece::Credit(0, u32::MAX)],
    ];
    for row in rows {
        let mut node = State::new(Side::Dialled);
        for piece in row.clone() {
            node.came(piece);
        }
        assert_eq!(node.ended(), Some(LinkError::Misbehaved), "{row:?}");
        assert_eq!(node.next(), Some(Piece::Close(MISBEHAVED)));
        assert_eq!(node.next(), None);
    }
}

#[test]
fn pieces_of_one_byte_cost_no_more_than_their_bytes() {
    let (mut a, mut b) = pair();
    let id = a.open(Way::Uni).unwrap().unwrap();
    for _ in 0..1000 {
        b.came(Piece::Data(id, bytes(5, 1)));
    }
    assert_eq!(b.read(id, 2000), Ok(Some(Some(bytes(5, 1000)))));
}
