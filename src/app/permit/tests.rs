//! The table of roles, in full.

use super::*;

fn caller(roles: &[Role]) -> Caller {
    Caller {
        person: PersonId::from_bytes([1; 16]),
        name: "someone".into(),
        roles: roles.to_vec(),
    }
}

#[test]
fn every_role_may_do_exactly_what_the_table_says() {
    use Action as A;
    let table = [
        (
            Role::Officer,
            vec![
                A::CarryByHand,
                A::SendRequest,
                A::ListExchanges,
                A::ReadExchange,
                A::Search,
                A::AnswerRequest,
                A::AskClarification,
                A::ChannelRequest,
                A::AnnounceDelay,
                A::ClarifyRequest,
                A::GiveFeedback,
                A::WithdrawRequest,
                A::SupersedeRequest,
                A::CloseExchange,
                A::ReopenExchange,
                A::ForwardMessage,
                A::CorrectMessage,
                A::AcknowledgeCorrection,
                A::AskPermission,
                A::NoteCall,
                A::ReadAlerts,
                A::SightAlert,
                A::ContradictAlert,
                A::AcknowledgeAlert,
                A::DiscardLetter,
                A::ReleaseInEmergency,
                A::SignIn,
                A::ReadHealth,
                A::ReadHoldings,
                A::ReadMembers,
                A::CompareIdentity,
                A::AcceptIdentity,
            ],
        ),
        (
            Role::Releaser,
            vec![
                A::CarryByHand,
                A::ReleaseLetter,
                A::ClearLetter,
                A::ReturnLetter,
                A::ReviewRelease,
                A::ListExchanges,
                A::ReadExchange,
                A::Search,
                A::ShortenRetention,
                A::EraseContent,
                A::NoteCall,
                A::ReadAlerts,
                A::AcknowledgeAlert,
                A::RecoverPerson,
                A::SignIn,
                A::ReadHealth,
                A::ReadHoldings,
                A::ReadMembers,
                A::CompareIdentity,
                A::AcceptIdentity,
            ],
        ),
        (
            Role::Contact,
            vec![
                A::CarryByHand,
                A::ListExchanges,
                A::ReadExchange,
                A::Search,
                A::ShortenRetention,
                A::AcceptRequest,
                A::AnswerRequest,
                A::RefuseRequest,
                A::AskClarification,
                A::ChannelRequest,
                A::AnnounceDelay,
                A::TransferRequest,
                A::CorrectMessage,
                A::AcknowledgeCorrection,
                A::AskPermission,
                A::DecidePermission,
                A::NoteCall,
                A::PublishAlert,
                A::ReadAlerts,
                A::SightAlert,
                A::ReviseAlert,
                A::ContradictAlert,
                A::AcknowledgeAlert,
                A::SubscribeAlerts,
                A::DiscardLetter,
                A::SignIn,
                A::ReadHealth,
                A::ReadHoldings,
                A::ReadMembers,
                A::CompareIdentity,
                A::AcceptIdentity,
            ],
        ),
        (
            Role::Auditor,
            vec![
                A::RecoverPerson,
                A::ReadLog,
                A::ExportLog,
                A::SignIn,
                A::ReadHealth,
                A::ReadHoldings,
                A::AcknowledgeAlarm,
                A::ReadEvidence,
                A::ReadMembers,
            ],
        ),
        (
            Role::Admin,
            vec![
                A::CarryByHand,
                A::BackUp,
                A::ManagePeople,
                A::RecoverPerson,
                A::SignIn,
                A::ReadHealth,
                A::ReadHoldings,
                A::AcknowledgeAlarm,
                A::ReadEvidence,
                A::ReadMembers,
                A::CompareIdentity,
                A::AcceptIdentity,
                A::RotateKeys,
            ],
        ),
        (
            Role::Observer,
            vec![A::ReadAlerts, A::SignIn, A::ReadHealth, A::ReadMembers],
        ),
        (Role::Node, vec![]),
    ];
    let member = "MK".parse().unwrap();
    for (role, may) in table {
        for action in Action::ALL {
            let granted = Permit::ask(member, &caller(&[role]), action).is_ok();
            assert_eq!(granted, may.contains(&action), "{role} {action:?}");
        }
    }
}

#[test]
fn a_permit_names_the_role_it_was_given_for() {
    let member = "MK".parse().unwrap();
    let both = caller(&[Role::Officer, Role::Contact]);
    let permit = Permit::ask(member, &both, Action::AcceptRequest).unwrap();
    assert_eq!(permit.actor().role, Role::Contact);
    assert_eq!(permit.action(), Action::AcceptRequest);
}
