//! Finding exchanges and alerts by what stands in them, whatever the script or spelling. The index
//! knows terms as tokens under its own key; what one may not see does not show, and each search is
//! on record.

mod earlier;

use std::collections::VecDeque;

pub use earlier::Earlier;
pub(super) use earlier::{compare, compared, earlier};

use super::change::{Change, Message, Other};
use super::error::AppError;
use super::input::{Hit, HitRow, Reply};
use super::members;
use super::read::LONGEST_PAGE;
use super::rows::*;
use super::service::{Service, Stop, Turn};
use super::view::{View, after_prefix};
use crate::base::{Actor, MessageId};
use crate::domain::FieldError;
use crate::domain::terms::{
    Alternative, LONGEST_QUERY, Strength, TermKind, alternatives, strength, terms_of,
};
use crate::store::IndexError;

/// Rows that one page looks at, at most; a page that ends so says where the next begins.
const LOOKED_AT: usize = 20_000;

/// Rows of a term that are read at a time: to find where they begin costs more than one of them.
const READ_AHEAD: usize = 16;

/// Where a conversation stands among those that a term finds.
pub(super) type Place = [u8; 16];

/// Writes the rows by which a message is found.
pub(super) fn project(
    view: &mut View<'_>,
    entry: u64,
    message: &Message,
) -> Result<(), IndexError> {
    if message.erased.is_some() {
        return Ok(());
    }
    for term in terms_of(&message.event.body) {
        for key in &term.keys {
            let token = view.token(&worded(term.kind, key));
            let key = term_key(token, message.header.conversation);
            let mut row = view.row::<TermRow>(TERM, &key)?.unwrap_or_default();
            let place = TermPlace {
                entry,
                place: term.place,
                form: term.form.clone(),
            };
            if row.places.len() < MOST_PLACES && !row.places.contains(&place) {
                row.places.push(place);
                view.put(TERM, key, row);
            }
        }
    }
    Ok(())
}

/// What a token is made of: a plate and a document of the same characters are two things.
fn worded(kind: TermKind, key: &str) -> String {
    format!("{kind}\u{1f}{key}")
}

/// What a person looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchFor {
    /// The words or the number.
    pub query: String,
    /// As what; none for anything.
    pub kind: Option<TermKind>,
    /// At most so many.
    pub limit: usize,
    /// Where the page begins.
    pub cursor: Option<Vec<u8>>,
}

/// A page of exchanges and alerts that hold what is looked for, those opened last first.
pub(super) fn search(
    service: &Service,
    turn: &mut Turn<'_>,
    by: Actor,
    sought: &SearchFor,
) -> Result<Reply, Stop> {
    let query = sought.query.trim();
    if query.chars().count() > LONGEST_QUERY {
        return Err(fault("too-long", "is at most 300 characters long"));
    }
    let mut from: Place = match &sought.cursor {
        Some(cursor) => cursor
            .as_slice()
            .try_into()
            .map_err(|_| AppError::BadCursor)?,
        None => [0; 16],
    };
    let limit = sought.limit.clamp(1, LONGEST_PAGE);
    let mut ways = Ways::new(&turn.view, &alternatives(query, sought.kind));
    let id: Option<MessageId> = query.parse().ok();
    if ways.0.is_empty() && id.is_none() {
        return Err(fault("required", "holds a word, a number or an id"));
    }
    let mut hits = Vec::new();
    if let (Some(id), None) = (id, &sought.cursor) {
        hits.extend(hit(turn, id, Vec::new())?);
    }
    let mut steps = LOOKED_AT;
    let mut next = None;
    loop {
        if hits.len() >= limit {
            next = Some(from);
            break;
        }
        match ways.next(&turn.view, from, &mut steps)? {
            Step::Found(place, matched) => {
                let conversation = of_complement(place);
                if Some(conversation) != id {
                    hits.extend(hit(turn, conversation, matched)?);
                }
                match after(place) {
                    Some(place) => from = place,
                    None => break,
                }
            }
            Step::Tired(place) => {
                next = Some(place);
                break;
            }
            Step::End => break,
        }
    }
    let searched = Other::Searched {
        query: query.to_owned(),
        kind: sought.kind,
        found: u16::try_from(hits.len()).unwrap_or(u16::MAX),
    };
    turn.record(service.me.member, by, Change::Other(searched))?;
    Ok(Reply::Found(hits, next.map(|place| place.to_vec())))
}

fn fault(code: &'static str, what: &str) -> Stop {
    let fault = FieldError {
        path: "query".to_owned(),
        code,
        what: what.to_owned(),
    };
    AppError::Invalid(vec![fault]).into()
}

/// The exchange or alert, as a search shows it.
fn hit(
    turn: &Turn<'_>,
    id: MessageId,
    matched: Vec<(TermKind, Strength)>,
) -> Result<Option<Hit>, Stop> {
    let key = id.to_bytes();
    if let Some(row) = turn.view.row::<ExchangeRow>(EXCHANGE, &key)? {
        let row = HitRow::Exchange(Box::new(row));
        return Ok(Some(Hit { row, matched }));
    }
    let Some(mut row) = turn.view.row::<AlertRow>(ALERT, &key)? else {
        return Ok(None);
    };
    members::annotate_alert(turn, &mut row)?;
    let row = HitRow::Alert(Box::new(row));
    Ok(Some(Hit { row, matched }))
}

/// The ways to find what is looked for, with the tokens of this index.
pub(super) struct Ways(Vec<Way>);

struct Way {
    kind: TermKind,
    sought: Vec<Tokens>,
}

struct Tokens {
    tokens: Vec<Token>,
    form: String,
}

/// One token, with the places of it that were read and not passed yet.
struct Token {
    token: [u8; 16],
    ahead: VecDeque<(Place, TermRow)>,
    /// Whether there is none behind those.
    ends: bool,
}

/// The next thing that a walk comes to.
pub(super) enum Step {
    /// A conversation, with what was found in it.
    Found(Place, Vec<(TermKind, Strength)>),
    /// It looked at as many rows as it may, and got so far.
    Tired(Place),
    /// There is no more.
    End,
}

/// What one way comes to.
enum Next {
    Found(Place, Strength),
    Tired(Place),
    End,
}

impl Ways {
    pub(super) fn new(view: &View<'_>, alternatives: &[Alternative]) -> Self {
        let way = |way: &Alternative| Way {
            kind: way.kind,
            sought: way
                .sought
                .iter()
                .map(|sought| Tokens {
                    tokens: sought
                        .keys
                        .iter()
                        .map(|key| Token {
                            token: view.token(&worded(way.kind, key)),
                            ahead: VecDeque::new(),
                            ends: false,
                        })
                        .collect(),
                    form: sought.form.clone(),
                })
                .collect(),
        };
        Self(alternatives.iter().map(way).collect())
    }

    /// The first conversation from a place on in which any way finds everything. Places only ascend.
    pub(super) fn next(
        &mut self,
        view: &View<'_>,
        from: Place,
        steps: &mut usize,
    ) -> Result<Step, IndexError> {
        let mut first: Option<(Place, Vec<(TermKind, Strength)>)> = None;
        let mut tired: Option<Place> = None;
        for way in &mut self.0 {
            match way.next(view, from, steps)? {
                Next::Found(place, strength) => match &mut first {
                    Some((earliest, matched)) if *earliest == place => {
                        note(matched, way.kind, strength);
                    }
                    Some((earliest, _)) if *earliest < place => (),
                    Some(_) | None => first = Some((place, vec![(way.kind, strength)])),
                },
                Next::Tired(place) => {
                    tired = Some(tired.map_or(place, |known| known.min(place)));
                }
                Next::End => (),
            }
        }
        Ok(match (first, tired) {
            // What another way may still find before it has to come first.
            (Some((place, matched)), Some(tired)) if place < tired => Step::Found(place, matched),
            (_, Some(tired)) => Step::Tired(tired),
            (Some((place, matched)), None) => Step::Found(place, matched),
            (None, None) => Step::End,
        })
    }
}

/// Adds what was found, the better of two of one kind.
fn note(matched: &mut Vec<(TermKind, Strength)>, kind: TermKind, strength: Strength) {
    match matched.iter_mut().find(|(known, _)| *known == kind) {
        Some((_, known)) => *known = (*known).min(strength),
        None => matched.push((kind, strength)),
    }
}

impl Way {
    /// Walks all that is sought side by side: each leaps to where the one furthest on stands.
    fn next(
        &mut self,
        view: &View<'_>,
        mut from: Place,
        steps: &mut usize,
    ) -> Result<Next, IndexError> {
        'places: loop {
            let mut rows: Vec<Vec<TermRow>> = Vec::new();
            let several = self.sought.len() > 1;
            for sought in &mut self.sought {
                if *steps < sought.tokens.len() {
                    *steps = 0;
                    return Ok(Next::Tired(from));
                }
                *steps -= sought.tokens.len();
                let Some((place, found)) = sought.next(view, from)? else {
                    return Ok(Next::End);
                };
                if place > from {
                    from = place;
                    // Of several things, those before have to come here too.
                    if several {
                        continue 'places;
                    }
                }
                rows.push(found);
            }
            if let Some(strength) = self.in_one_place(&rows) {
                return Ok(Next::Found(from, strength));
            }
            match after(from) {
                Some(place) => from = place,
                None => return Ok(Next::End),
            }
        }
    }

    /// How well all that is sought is found in one thing of one message; none if it is not.
    fn in_one_place(&self, rows: &[Vec<TermRow>]) -> Option<Strength> {
        let found = |sought: &Tokens, rows: &[TermRow], at: Option<&TermPlace>| {
            let here = |place: &&TermPlace| {
                at.is_none_or(|at| at.entry == place.entry && at.place == place.place)
            };
            let places = rows.iter().flat_map(|row| &row.places).filter(here);
            places
                .filter_map(|place| strength(self.kind, &sought.form, &place.form))
                .min()
        };
        let (first, rest) = rows.split_first()?;
        let starts = first.iter().flat_map(|row| &row.places);
        let ends = starts.filter_map(|at| {
            let start = found(self.sought.first()?, first, Some(at))?;
            let others = self.sought.iter().skip(1).zip(rest);
            let others = others.map(|(sought, rows)| found(sought, rows, Some(at)));
            let others = others.collect::<Option<Vec<_>>>()?;
            others.into_iter().chain([start]).max()
        });
        ends.min()
    }
}

impl Tokens {
    /// The first place from `from` on that any of the tokens has, with the rows there.
    fn next(
        &mut self,
        view: &View<'_>,
        from: Place,
    ) -> Result<Option<(Place, Vec<TermRow>)>, IndexError> {
        let mut first: Option<(Place, Vec<TermRow>)> = None;
        for token in &mut self.tokens {
            let Some((place, row)) = token.next(view, from)? else {
                continue;
            };
            match &mut first {
                Some((earliest, rows)) if *earliest == place => rows.push(row),
                Some((earliest, _)) if *earliest < place => (),
                Some(_) | None => first = Some((place, vec![row])),
            }
        }
        Ok(first)
    }
}

impl Token {
    /// The first place from `from` on, with its row.
    fn next(
        &mut self,
        view: &View<'_>,
        from: Place,
    ) -> Result<Option<(Place, TermRow)>, IndexError> {
        while self
            .ahead
            .pop_front_if(|(place, _)| *place < from)
            .is_some()
        {}
        if self.ahead.is_empty() && !self.ends {
            let start = [self.token, from].concat();
            let end = after_prefix(&self.token);
            let rows = view.range::<TermRow>(TERM, &start, end.as_deref(), READ_AHEAD)?;
            self.ends = rows.len() < READ_AHEAD;
            for (key, row) in rows {
                let place = key.get(16..).and_then(|place| place.try_into().ok());
                self.ahead
                    .push_back((place.ok_or(IndexError::Damaged)?, row));
            }
        }
        Ok(self.ahead.front().cloned())
    }
}

/// The place after one.
fn after(place: Place) -> Option<Place> {
    u128::from_be_bytes(place)
        .checked_add(1)
        .map(u128::to_be_bytes)
}
