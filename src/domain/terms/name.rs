//! The normal forms of names: which consonants are heard, in which order. Vowels differ between
//! spellings and are not written in Arabic and Persian; what several letters may stand for, each of
//! the readings is a key.

use std::collections::BTreeSet;

use any_ascii::any_ascii;
use unicode_normalization::UnicodeNormalization as _;

/// The most readings of one word.
const MOST_READINGS: usize = 8;

/// How alike two spellings with vowels are at least, by Jaro and Winkler, to be taken for one name.
const ALIKE: f64 = 0.55;

/// Marks the form of a word whose vowels are not written.
const UNVOWELLED: char = '~';

/// A vowel at the beginning, which is heard whatever it is.
const VOWEL: &str = "*";

/// A word of a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// In Arabic script, in which vowels are not written.
    Arabic(String),
    /// In Latin letters, or in others as Latin ones.
    Latin(String),
}

/// The words of a name, at most `most`. Articles between them count for nothing.
pub(super) fn words(text: &str, most: usize) -> Vec<Word> {
    let text: String = text.nfkc().filter(|c| !is_mark(*c)).collect();
    let parts =
        text.split(|c: char| !(c.is_alphanumeric() || is_apostrophe(c) || is_vowel_sign(c)));
    let words = parts.filter_map(|part| {
        let part: String = part.chars().filter(|c| !is_apostrophe(*c)).collect();
        let word = if part.chars().any(is_arabic) {
            Word::Arabic(part)
        } else {
            Word::Latin(any_ascii(&part).to_lowercase())
        };
        let long = match &word {
            Word::Arabic(letters) | Word::Latin(letters) => letters.chars().count() > 1,
        };
        (long && !is_article(&word)).then_some(word)
    });
    words.take(most).collect()
}

/// The words, and each two that stand together as one, as others may write them.
pub(super) fn with_joined(words: &[Word]) -> Vec<Word> {
    let joined = words.windows(2).filter_map(|pair| match pair {
        [Word::Arabic(a), Word::Arabic(b)] => Some(Word::Arabic(format!("{a}{b}"))),
        [Word::Latin(a), Word::Latin(b)] => Some(Word::Latin(format!("{a}{b}"))),
        _ => None,
    });
    words.iter().cloned().chain(joined).collect()
}

/// What tells a word from others that share a key with it.
pub(super) fn form(word: &Word) -> String {
    match word {
        Word::Arabic(letters) => format!("{UNVOWELLED}{letters}"),
        Word::Latin(letters) => letters.clone(),
    }
}

/// Whether two forms that share a key may be one name.
pub(super) fn alike(one: &str, other: &str) -> bool {
    let unvowelled = |form: &str| form.starts_with(UNVOWELLED);
    unvowelled(one) || unvowelled(other) || strsim::jaro_winkler(one, other) >= ALIKE
}

/// The keys of a word: its readings, without vowels.
pub(super) fn keys(word: &Word) -> Vec<String> {
    let sounds = match word {
        Word::Arabic(letters) => arabic(letters),
        Word::Latin(letters) => latin(letters),
    };
    let mut readings = vec![String::new()];
    for options in sounds {
        let mut next = Vec::new();
        for option in options {
            for reading in &readings {
                let mut reading = reading.clone();
                reading.push_str(option);
                if next.len() < MOST_READINGS && !next.contains(&reading) {
                    next.push(reading);
                }
            }
        }
        readings = next;
    }
    let mut keys: BTreeSet<String> = readings.iter().map(|reading| finished(reading)).collect();
    keys.retain(|key| !key.is_empty());
    if let Word::Latin(letters) = word
        && (keys.is_empty() || keys.contains(VOWEL))
    {
        // Nothing but vowels is heard, so the letters themselves must do.
        return vec![format!("={letters}")];
    }
    keys.into_iter().collect()
}

/// Sounds that are said once, however often they are written; a breath at the end is not heard, and
/// a soft end is heard as a hard one.
fn finished(reading: &str) -> String {
    let mut key = String::new();
    for c in reading.chars() {
        if !key.ends_with(c) {
            key.push(c);
        }
    }
    if key.len() > 1 && key.ends_with('h') {
        key.pop();
    }
    if key.ends_with('d') {
        key.pop();
        if !key.ends_with('t') {
            key.push('t');
        }
    }
    key
}

/// What each letter may stand for.
type Sounds = Vec<&'static [&'static str]>;

/// Arabic, Persian, Pashto, Urdu and Sorani letters.
fn arabic(letters: &str) -> Sounds {
    let bare = letters.strip_prefix("ال");
    let letters = match bare {
        Some(rest) if rest.chars().count() > 2 => rest,
        Some(_) | None => letters,
    };
    let sound = |(place, letter): (usize, char)| -> &'static [&'static str] {
        match letter {
            'ا' | 'آ' | 'أ' | 'إ' | 'ٱ' | 'ع' | 'ی' | 'ي' | 'ى' | 'ې' | 'ێ' | 'ے' | 'ئ' | 'ء'
            | 'ؤ' => {
                if place == 0 {
                    &[VOWEL]
                } else {
                    &[""]
                }
            }
            'و' | 'ۆ' | 'ۋ' => {
                if place == 0 {
                    &["f"]
                } else {
                    &["", "f"]
                }
            }
            'ب' | 'پ' => &["b"],
            'ت' | 'ط' | 'ٹ' | 'ټ' => &["t"],
            'ث' => &["s", "t"],
            'ج' => &["j"],
            'چ' => &["c"],
            'ځ' | 'څ' => &["z", "s", "c"],
            'ح' | 'ه' | 'ھ' | 'ہ' | 'خ' | 'ە' => &["h"],
            'ة' => &["", "t"],
            'د' | 'ڈ' | 'ډ' => &["d"],
            'ذ' | 'ض' | 'ظ' => &["z", "d"],
            'ر' | 'ڑ' | 'ړ' | 'ڕ' => &["r"],
            'ز' | 'ژ' => &["z"],
            'ږ' => &["z", "k"],
            'س' | 'ش' | 'ص' => &["s"],
            'ښ' => &["s", "h"],
            'غ' | 'ق' | 'ک' | 'ك' | 'گ' | 'ګ' => &["k"],
            'ف' | 'ڤ' => &["f"],
            'ل' | 'ڵ' => &["l"],
            'م' => &["m"],
            'ن' | 'ں' | 'ڼ' => &["n"],
            _ => &[""],
        }
    };
    letters.chars().enumerate().map(sound).collect()
}

/// What stands for a sound in one spelling or another, the longest first.
const LETTERS: [(&str, &[&str]); 44] = [
    ("shch", &["sc", "st"]),
    ("tsch", &["c"]),
    ("dzh", &["j"]),
    ("tch", &["c"]),
    ("sch", &["s"]),
    ("ch", &["c", "h"]),
    ("ck", &["k"]),
    ("cz", &["c"]),
    ("dh", &["d", "z"]),
    ("dj", &["j", "d"]),
    ("dz", &["j", "z"]),
    ("gh", &["k"]),
    ("gj", &["j", "k"]),
    ("kh", &["h"]),
    ("lj", &["l"]),
    ("nj", &["n"]),
    ("ph", &["f"]),
    ("qu", &["k"]),
    ("sh", &["s"]),
    ("th", &["t", "s"]),
    ("ts", &["c"]),
    ("tz", &["c"]),
    ("xh", &["j"]),
    ("zh", &["z"]),
    ("b", &["b"]),
    ("c", &["c", "k", "j"]),
    ("d", &["d"]),
    ("f", &["f"]),
    ("g", &["k"]),
    ("h", &["h"]),
    ("j", &["j", ""]),
    ("k", &["k"]),
    ("l", &["l"]),
    ("m", &["m"]),
    ("n", &["n"]),
    ("p", &["b"]),
    ("q", &["k"]),
    ("r", &["r"]),
    ("s", &["s"]),
    ("t", &["t"]),
    ("v", &["f"]),
    ("w", &["f"]),
    ("x", &["ks"]),
    ("z", &["z"]),
];

/// Latin letters, as Balkan, Turkish, English and German spellings use them.
fn latin(letters: &str) -> Sounds {
    let mut sounds: Sounds = Vec::new();
    let mut rest = letters;
    while let Some(first) = rest.chars().next() {
        let begins = sounds.is_empty();
        let (length, sound): (usize, &'static [&'static str]) = match first {
            'a' | 'e' | 'i' | 'o' | 'u' | 'y' if begins => (1, &[VOWEL]),
            'j' if begins => (1, &["j", VOWEL]),
            _ => LETTERS
                .iter()
                .find(|(spelt, _)| rest.starts_with(spelt))
                .map_or((first.len_utf8(), &[""]), |(spelt, sound)| {
                    (spelt.len(), *sound)
                }),
        };
        sounds.push(sound);
        rest = &rest[length..];
    }
    sounds
}

fn is_arabic(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{6ff}' | '\u{750}'..='\u{77f}' | '\u{8a0}'..='\u{8ff}')
}

/// Vowel signs and lengthening strokes, which few write.
fn is_mark(c: char) -> bool {
    matches!(c, '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}')
}

/// Signs that are parts of a word in Indic scripts, and no letters.
fn is_vowel_sign(c: char) -> bool {
    matches!(c, '\u{900}'..='\u{dff}')
}

fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | '‘' | 'ʼ' | '`' | 'ʻ' | '´')
}

fn is_article(word: &Word) -> bool {
    match word {
        Word::Arabic(letters) => letters == "ال",
        Word::Latin(letters) => matches!(letters.as_str(), "al" | "el" | "ul" | "ur"),
    }
}
