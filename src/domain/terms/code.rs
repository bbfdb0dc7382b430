//! The normal forms of numbers and codes: digits of every script, letters by their looks where they
//! stand on plates and documents, telephone numbers with and without their country.

use any_ascii::any_ascii_char;

use super::TermKind;

/// Digits by which a number without its country is found: the subscriber's own part.
const TAIL: usize = 8;

/// The fewest digits of a telephone number.
const SHORTEST_PHONE: usize = 5;

/// The fewest characters of any other code.
const SHORTEST: usize = 2;

/// The keys and the form of a code; no keys for what is none.
pub(super) fn normal(kind: TermKind, text: &str) -> (Vec<String>, String) {
    match kind {
        TermKind::Phone => phone(text),
        TermKind::Plate
        | TermKind::Vin
        | TermKind::Device
        | TermKind::Document
        | TermKind::Account
        | TermKind::Registration
        | TermKind::Reference => {
            let form = letters_and_digits(text, by_looks);
            let by_sound = letters_and_digits(text, any_ascii_char);
            let key = |code: &str| code.chars().map(mistaken).collect::<String>();
            let mut keys = vec![key(&form), key(&by_sound)];
            keys.dedup();
            keys.retain(|key| key.len() >= SHORTEST);
            (keys, form)
        }
        TermKind::Name | TermKind::Word => (Vec::new(), String::new()),
    }
}

/// Full digits with the country where the number has it (ITU-T E.164: `+` or `00` before it), else
/// without the zeros before an area; and the last digits, which both share.
fn phone(text: &str) -> (Vec<String>, String) {
    let plain: String = text
        .trim_start()
        .chars()
        .flat_map(|c| any_ascii_char(c).chars())
        .collect();
    // "(0)" between country and area is written, and not dialled.
    let dialled = plain.replace("(0)", "");
    let digits: String = dialled.chars().filter(char::is_ascii_digit).collect();
    let international = dialled.trim_start().starts_with('+')
        || dialled.trim_start_matches(['(', ' ']).starts_with("00");
    let number = digits.trim_start_matches('0');
    if number.len() < SHORTEST_PHONE {
        return (Vec::new(), String::new());
    }
    let tail = &number[number.len().saturating_sub(TAIL)..];
    let mut keys = vec![format!("~{tail}")];
    let form = if international {
        keys.push(number.to_owned());
        format!("+{number}")
    } else {
        number.to_owned()
    };
    (keys, form)
}

/// The letters and digits, in Latin capitals.
fn letters_and_digits(text: &str, latin: impl Fn(char) -> &'static str) -> String {
    text.chars()
        .flat_map(char::to_uppercase)
        .flat_map(|c| latin(c).chars())
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// Letters of plates and documents are copied by their looks, if not by their sound: the Vienna Convention on Road Traffic
/// (Annex 2) has them in Latin capitals, and countries with other scripts use those that look alike.
fn by_looks(c: char) -> &'static str {
    match c {
        'А' | 'Α' => "A",
        'В' | 'Β' => "B",
        'Е' | 'Ε' => "E",
        'З' | 'Ζ' => "Z",
        'І' | 'Ι' | 'İ' => "I",
        'Ј' => "J",
        'К' | 'Κ' => "K",
        'М' | 'Μ' => "M",
        'Н' | 'Η' => "H",
        'Ν' => "N",
        'О' | 'Ο' => "O",
        'Р' | 'Ρ' => "P",
        'С' => "C",
        'Ѕ' => "S",
        'Т' | 'Τ' => "T",
        'У' | 'Υ' => "Y",
        'Х' | 'Χ' => "X",
        c => any_ascii_char(c),
    }
}

/// Letters that are mistaken for digits.
fn mistaken(c: char) -> char {
    match c {
        'O' | 'Q' => '0',
        'I' => '1',
        c => c,
    }
}
