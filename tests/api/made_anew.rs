//! An index that is made anew from the log.

use liaison::app::Input;
use liaison::app::core::{CatchUp, Fatal, catch_up};
use liaison::app::rows::EXCHANGE;
use liaison::audit::Statement;
use liaison::base::{MessageId, Role};
use liaison::store::{Fault, Index as _, IndexWrite, Log as _, MemoryIndex};

use crate::alerts_reach::{alert, published};
use crate::office::*;

/// More rows than one batch takes, whatever is done to each of them later.
#[test]
fn an_index_that_is_made_anew_is_the_one_that_was_kept() {
    let mut office = Office::new();
    let asked: Vec<_> = (0..600).map(|_| office.asked_tr()).collect();
    published(&mut office, alert());
    for some in asked.chunks(10) {
        let receipted = |id: &MessageId| Statement::Received {
            sender: node("MK"),
            id: *id,
            leaf: office.message_row(*id).leaf,
        };
        let receipts = receipts_of("TR", some.iter().map(receipted).collect(), office.now);
        let inputs = receipts.into_iter().map(proven);
        let inputs = inputs.map(|receipt| Input::Peer(node("TR"), receipt));
        office.handle(inputs.collect());
    }
    for id in asked.iter().step_by(2) {
        let accepted = office.next_of("TR", Role::Contact, acceptance_body(), *id);
        office.takes(&accepted);
    }
    let kept = office.standing();
    assert!(kept.len() > 2 * 4_096, "{} rows", kept.len());
    office.rebuilt();
    let anew = office.standing();
    let other = |key: &&_| kept.get(*key) != anew.get(*key);
    let keys = kept.keys().chain(anew.keys());
    assert_eq!(keys.filter(other).collect::<Vec<_>>(), Vec::<&_>::new());
}

fn made_anew(office: &Office, index: &mut MemoryIndex) -> Result<CatchUp, Fatal> {
    catch_up(node("MK"), &office.log, index, &mut |_, _| ())
}

#[test]
fn one_that_was_left_half_made_begins_anew() {
    let mut office = Office::new();
    office.asked_tr();
    let mut index = MemoryIndex::new();
    let (table, key) = (EXCHANGE, vec![1; 16]);
    let half = IndexWrite::Put {
        table,
        key: key.clone(),
        value: b"half".to_vec(),
    };
    index.fill(vec![half]).expect("an index in memory");
    let made = made_anew(&office, &mut index).expect("the log can be read");
    assert_eq!(made, CatchUp::Rebuilt(office.log.size()));
    assert_eq!(index.get(table, &key), Ok(None));
}

#[test]
fn one_that_takes_no_rows_is_told_and_has_followed_nothing() {
    let mut office = Office::new();
    office.asked_tr();
    let mut index = MemoryIndex::new();
    index.fail_next(Some(Fault::Before));
    let made = made_anew(&office, &mut index);
    assert!(matches!(made, Err(Fatal::Index(_))), "{made:?}");
    assert_eq!(index.applied(), Ok(None));
}
