use super::*;
use crate::base::Role;
use crate::domain::fixtures::{actor, answer, hours, member, message};
use crate::domain::message::{Body, Joining, Kind};
use crate::exchange::Refusal as R;

/// A message of TR to MK and AT, made at hour 10 and living an hour.
fn header() -> Header {
    let (mut header, _) = message(
        actor("TR", Role::Contact),
        hours(10),
        Body::Answer(answer()),
    );
    header.recipients = vec![member("MK"), member("AT")];
    header
}

fn leaf() -> Digest {
    Digest::of(b"leaf")
}

fn other() -> Digest {
    Digest::of(b"other")
}

fn known(leaf: Digest) -> Option<Known> {
    Some(Known { leaf, entry: 17 })
}

fn judged(change: impl FnOnce(&mut Header), so_far: Conversation, now: Timestamp) -> Verdict {
    let mut header = header();
    change(&mut header);
    judge(&header, &leaf(), member("MK"), now, None, &so_far)
}

fn first(change: impl FnOnce(&mut Header), now: Timestamp) -> Verdict {
    judged(change, Conversation::default(), now)
}

fn after(n: u64) -> Conversation {
    Conversation {
        sequence: n,
        last: Some(other()),
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);

#[test]
fn a_message_in_order_and_in_time_is_fresh() {
    assert_eq!(first(|_| (), hours(10)), Verdict::Fresh);
    let third = |header: &mut Header| {
        header.sequence = 2;
        header.previous_own = Some(other());
    };
    assert_eq!(judged(third, after(2), hours(10)), Verdict::Fresh);
}

#[test]
fn a_message_that_is_here_already_is_a_duplicate_whatever_else_is_true() {
    let mut header = header();
    header.recipients.clear();
    header.sequence = 5;
    for now in [hours(0), hours(10), hours(10_000)] {
        let verdict = judge(
            &header,
            &leaf(),
            member("MK"),
            now,
            known(leaf()),
            &after(9),
        );
        assert_eq!(verdict, Verdict::Duplicate { entry: 17 });
    }
}

#[test]
fn another_message_under_an_id_that_is_known_is_refused_whatever_else_is_true() {
    for now in [hours(10), hours(10_000)] {
        let so_far = Conversation::default();
        let verdict = judge(
            &header(),
            &leaf(),
            member("MK"),
            now,
            known(other()),
            &so_far,
        );
        assert_eq!(verdict, Verdict::Refused(R::ConflictingId));
    }
}

#[test]
fn a_message_is_taken_by_its_recipients_alone() {
    let to = |recipients: Vec<MemberId>| first(|header| header.recipients = recipients, hours(10));
    assert_eq!(to(vec![member("AT"), member("MK")]), Verdict::Fresh);
    let wrong = Verdict::Refused(R::WrongRecipient);
    assert_eq!(to(vec![member("AT")]), wrong);
    assert_eq!(to(vec![member("MKD")]), wrong);
    assert_eq!(to(Vec::new()), wrong);
}

#[test]
fn a_message_is_taken_until_it_expires() {
    assert_eq!(first(|_| (), hours(11).minus(MILLISECOND)), Verdict::Fresh);
    let expired = Verdict::Refused(R::Expired);
    assert_eq!(first(|_| (), hours(11)), expired);
    assert_eq!(first(|_| (), Timestamp::MAX), expired);
    let never = |header: &mut Header| header.expires = Timestamp::default();
    assert_eq!(first(never, hours(10)), expired);
}

#[test]
fn clocks_may_differ_by_ten_minutes() {
    assert_eq!(first(|_| (), hours(10).minus(SKEW)), Verdict::Fresh);
    let early = hours(10).minus(SKEW).minus(MILLISECOND);
    assert_eq!(first(|_| (), early), Verdict::Refused(R::PostDated));
    assert!(R::PostDated.is_temporary());
}

#[test]
fn a_message_lives_no_longer_than_its_id_is_remembered() {
    let until = |expires| first(|header| header.expires = expires, hours(10));
    let longest = hours(10).plus(LONGEST_LIFE);
    assert_eq!(until(longest), Verdict::Fresh);
    let longer = until(longest.plus(MILLISECOND));
    assert_eq!(longer, Verdict::Refused(R::LivesTooLong));
    assert_eq!(until(Timestamp::MAX), Verdict::Refused(R::LivesTooLong));
}

#[test]
fn a_number_that_was_used_is_a_replay_and_one_too_high_a_gap() {
    let numbered = |sequence| {
        let change = |header: &mut Header| {
            header.sequence = sequence;
            header.previous_own = Some(other());
        };
        judged(change, after(2), hours(10))
    };
    assert_eq!(numbered(0), Verdict::Refused(R::Replayed));
    assert_eq!(numbered(1), Verdict::Refused(R::Replayed));
    assert_eq!(numbered(2), Verdict::Fresh);
    assert_eq!(numbered(3), Verdict::Refused(R::Gap));
    assert_eq!(numbered(u64::MAX), Verdict::Refused(R::Gap));
}

#[test]
fn a_message_names_the_one_before_it() {
    let naming = |previous, so_far| {
        let change = |header: &mut Header| {
            header.sequence = 1;
            header.previous_own = previous;
        };
        judged(change, so_far, hours(10))
    };
    assert_eq!(naming(Some(other()), after(1)), Verdict::Fresh);
    let broken = Verdict::Refused(R::BrokenChain);
    assert_eq!(naming(None, after(1)), broken);
    assert_eq!(naming(Some(leaf()), after(1)), broken);
    let first = first(|header| header.previous_own = Some(other()), hours(10));
    assert_eq!(first, broken);
}

#[test]
fn what_may_still_be_taken_is_told_apart_from_what_never_is() {
    let later = [
        R::Gap,
        R::UnknownRecipientKey,
        R::PostDated,
        R::UnknownConversation,
        R::KeyNotAccepted,
        R::OverQuota,
        R::NoRoom,
    ];
    for refusal in R::ALL {
        assert_eq!(
            refusal.is_temporary(),
            later.contains(&refusal),
            "{refusal}"
        );
    }
}

#[test]
fn every_refusal_has_a_code_of_its_own() {
    let mut codes: Vec<&str> = R::ALL.iter().map(|refusal| refusal.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), R::ALL.len());
    assert_eq!(R::from_number(22), None);
    assert_eq!(R::from_number(u16::MAX), None);
}

#[test]
fn a_recipient_that_missed_messages_goes_on_where_the_header_says() {
    let joining = |sequence: u64, last: Option<Digest>| {
        move |header: &mut Header| {
            header.sequence = 5;
            header.previous_own = Some(leaf());
            let member = member("MK");
            let joining = Joining {
                member,
                sequence,
                last,
            };
            header.extensions = Joining::extension(&[joining]).into_iter().collect();
        }
    };
    let at = |so_far, change| judged(change, so_far, hours(10));
    let none = Conversation::default();
    assert_eq!(at(none, joining(0, None)), Verdict::Fresh);
    assert_eq!(at(after(2), joining(2, Some(other()))), Verdict::Fresh);
    // What went before it is still on its way.
    let early = at(none, joining(2, Some(other())));
    assert_eq!(early, Verdict::Refused(R::Gap));
    // More may have come than the sender knows.
    for kind in [Kind::Answer, Kind::AlertUpdate] {
        let more_came = |header: &mut Header| {
            joining(0, None)(header);
            header.kind = kind;
        };
        let more_came = judged(more_came, after(2), hours(10));
        assert_eq!(more_came, Verdict::Refused(R::Gap), "{kind}");
    }
    let forked = at(after(2), joining(2, Some(leaf())));
    assert_eq!(forked, Verdict::Refused(R::BrokenChain));
    let replayed = at(after(6), joining(2, Some(other())));
    assert_eq!(replayed, Verdict::Refused(R::Replayed));
    let malformed = at(after(5), joining(5, Some(other())));
    assert_eq!(malformed, Verdict::Refused(R::Malformed));
}

#[test]
fn a_message_with_the_last_number_that_there_is_is_refused() {
    let last = |header: &mut Header| {
        header.sequence = u64::MAX;
        header.previous_own = Some(leaf());
        let joining = Joining {
            member: member("MK"),
            sequence: 0,
            last: None,
        };
        header.extensions = Joining::extension(&[joining]).into_iter().collect();
    };
    assert_eq!(first(last, hours(10)), Verdict::Refused(R::Malformed));
    let one_before = |header: &mut Header| {
        last(header);
        header.sequence -= 1;
    };
    assert_eq!(first(one_before, hours(10)), Verdict::Fresh);
}

#[test]
fn a_message_that_names_where_both_may_stand_is_taken_at_either() {
    let numbered = |header: &mut Header, sequence| {
        header.sequence = sequence;
        header.previous_own = Some(leaf());
        let joining = Joining {
            member: member("MK"),
            sequence: 1,
            last: Some(other()),
        };
        header.extensions = Joining::extension(&[joining]).into_iter().collect();
    };
    let both = |header: &mut Header| numbered(header, 2);
    let at = |sequence, last| judged(both, Conversation { sequence, last }, hours(10));
    assert_eq!(at(1, Some(other())), Verdict::Fresh);
    assert_eq!(at(2, Some(leaf())), Verdict::Fresh);
    assert_eq!(at(0, None), Verdict::Refused(R::Gap));
    // It names neither.
    assert_eq!(at(1, Some(leaf())), Verdict::Refused(R::BrokenChain));
    assert_eq!(at(2, Some(other())), Verdict::Refused(R::BrokenChain));
    assert_eq!(at(3, Some(leaf())), Verdict::Refused(R::Replayed));
    let last = |header: &mut Header| numbered(header, u64::MAX);
    for (sequence, before) in [(1, other()), (u64::MAX, leaf())] {
        let stands = Conversation {
            sequence,
            last: Some(before),
        };
        let judged = judged(last, stands, hours(10));
        assert_eq!(judged, Verdict::Refused(R::Malformed), "{sequence}");
    }
}
