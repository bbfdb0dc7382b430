use super::*;

/// Whether one writing finds the other, and how well.
fn found(kind: TermKind, sought: &str, written: &str) -> Option<Strength> {
    let mut terms = Terms::default();
    match kind {
        TermKind::Name | TermKind::Word => terms.words(kind, written),
        _ => terms.whole(kind, written),
    }
    let strengths = alternatives(sought, Some(kind))
        .into_iter()
        .filter_map(|way| {
            let each = way.sought.iter().map(|sought| {
                let shares = |term: &&Term| term.keys.iter().any(|key| sought.keys.contains(key));
                let hits = terms.found.iter().filter(shares);
                hits.filter_map(|term| strength(kind, &sought.form, &term.form))
                    .min()
            });
            each.collect::<Option<Vec<_>>>()?.into_iter().max()
        });
    strengths.min()
}

#[track_caller]
fn same(kind: TermKind, pairs: &[(&str, &str)]) {
    for (one, other) in pairs {
        assert!(
            found(kind, one, other).is_some(),
            "{one} does not find {other}"
        );
        assert!(
            found(kind, other, one).is_some(),
            "{other} does not find {one}"
        );
    }
}

#[track_caller]
fn apart(kind: TermKind, pairs: &[(&str, &str)]) {
    for (one, other) in pairs {
        assert_eq!(found(kind, one, other), None, "{one} finds {other}");
    }
}

#[test]
fn a_name_is_found_in_whichever_script_it_is_written() {
    same(
        TermKind::Name,
        &[
            ("Mohammad Hosein", "محمد حسین"),
            ("Mohammed Hussein", "محمد حسين"),
            ("Мухаммад Хусейн", "محمد حسین"),
            ("Mohamad Hossein", "Мохаммад Хосейн"),
            ("Ali Rezaei", "علی رضایی"),
            ("Reza", "رضا"),
            ("Fatemeh Ahmadi", "فاطمه احمدی"),
            ("Fatima", "Fatma"),
            ("Yusuf", "یوسف"),
            ("Yusuf", "Jusuf"),
            ("Юсуф", "Jusuf"),
            ("Davood", "داوود"),
            ("Osman", "عثمان"),
            ("Othman", "Osman"),
            ("Abdullah", "عبدالله"),
            ("Abdulla", "Abdullah"),
            ("al-Husseini", "الحسینی"),
            ("Hosseinzadeh", "حسین\u{200c}زاده"),
            ("Gholam", "غلام"),
            ("Qasim", "Kasım"),
            ("Ghasem", "قاسم"),
            ("Shaban", "Şaban"),
            ("Šaban", "Шабан"),
            ("Шабан", "شعبان"),
            ("Đorđević", "Djordjevic"),
            ("Đorđević", "Ђорђевић"),
            ("Džemal", "Cemal"),
            ("Jamal", "Cemal"),
            ("جمال", "Džemal"),
            ("Xhemal", "Џемал"),
            ("Čaušević", "Чаушевић"),
            ("Causevic", "Čaušević"),
            ("Erdoğan", "Эрдоган"),
            ("Erdogan", "اردوغان"),
            ("Ahmet", "Ahmed"),
            ("Ahmad", "احمد"),
            ("Murad", "Murat"),
            ("Ljubica", "Љубица"),
            ("Петров", "Petrov"),
            ("Petroff", "Петров"),
            ("Örnekoğlu", "Орнекоглу"),
            ("O'Brien", "O’Brien"),
            ("Rahim Khan", "رحیم خان"),
            ("مُحَمَّد", "محمد"),
            ("Mohammad", "মোহাম্মদ"),
        ],
    );
}

#[test]
fn the_order_of_names_does_not_matter_and_every_word_must_be_there() {
    let name = TermKind::Name;
    assert!(found(name, "Kemal Örnekoğlu", "Örnekoğlu Kemal").is_some());
    assert!(found(name, "Kemal", "Örnekoğlu Kemal").is_some());
    assert!(found(name, "Kemal Örnekoğlu", "Kemal Yılmaz").is_none());
}

#[test]
fn the_same_spelling_is_exact_and_another_only_alike() {
    let name = TermKind::Name;
    assert_eq!(found(name, "Örnekoğlu", "ORNEKOGLU"), Some(Strength::Exact));
    assert_eq!(found(name, "Ahmet", "Ahmed"), Some(Strength::Alike));
    assert_eq!(found(name, "Ahmad", "احمد"), Some(Strength::Alike));
    let plate = TermKind::Plate;
    assert_eq!(
        found(plate, "34 KLM 417", "34-klm-417"),
        Some(Strength::Exact)
    );
    assert_eq!(
        found(plate, "34 KIM 417", "34 K1M 417"),
        Some(Strength::Alike)
    );
}

#[test]
fn names_that_only_share_some_consonants_stay_apart() {
    apart(
        TermKind::Name,
        &[
            ("Petar", "Pavel"),
            ("Hassan", "Mohsen"),
            ("Karim", "Rahim"),
            ("Mustafa", "Mostar"),
            ("علی", "عمر"),
        ],
    );
}

#[test]
fn plates_and_documents_are_found_by_their_looks() {
    same(
        TermKind::Plate,
        &[
            ("34 KLM 417", "34KLM417"),
            ("SK-1234-AB", "СК 1234 АБ"),
            ("AB 1234 CK", "АВ-1234-СК"),
            ("۱۲ ب ۳۴۵", "12 ب 345"),
            ("BG 0123", "BG O123"),
        ],
    );
    apart(TermKind::Plate, &[("34 KLM 417", "34 KLM 418")]);
    same(
        TermKind::Document,
        &[
            ("A1234567", "a 123 45 67"),
            ("А1234567", "A1234567"),
            ("P٠١٢٣", "P0123"),
        ],
    );
}

#[test]
fn a_telephone_is_found_with_and_without_its_country() {
    same(
        TermKind::Phone,
        &[
            ("+90 555 010 2417", "0090 (555) 0102417"),
            ("+90 555 010 2417", "0555 010 24 17"),
            ("+90 (0)555 010 2417", "+905550102417"),
            ("۰۰۹۰۵۵۵۰۱۰۲۴۱۷", "+90 555 010 2417"),
            ("+389 70 123 456", "070/123-456"),
        ],
    );
    apart(TermKind::Phone, &[("+90 555 010 2417", "+90 555 010 2418")]);
    let exact = found(TermKind::Phone, "+905550102417", "0090 555 0102417");
    assert_eq!(exact, Some(Strength::Exact));
    let alike = found(TermKind::Phone, "+905550102417", "05550102417");
    assert_eq!(alike, Some(Strength::Alike));
}

#[test]
fn what_holds_nothing_to_look_for_has_no_alternative() {
    for query in ["", "  ", "-", "…", "a"] {
        assert!(alternatives(query, None).is_empty(), "{query:?}");
    }
}

#[test]
fn a_message_brings_a_bounded_number_of_terms() {
    let mut request = crate::domain::fixtures::request();
    let subject = request
        .subjects
        .iter()
        .find(|subject| subject.person.is_some())
        .expect("the fixture names a person")
        .clone();
    let alias = |i: usize| Name {
        original: format!("Abcd{i}efgh Ijkl{i}mnop Qrst{i}uvwx"),
        transliterations: (0..16).map(|j| format!("Zyx{j} Wvu{i}")).collect(),
    };
    let mut person = subject.person.clone().expect("it is one");
    person.aliases = (0..32).map(alias).collect();
    request.subjects = vec![
        Subject {
            person: Some(person),
            ..subject
        };
        64
    ];
    let terms = terms_of(&Body::Request(Box::new(request.clone())));
    assert!(terms.len() <= MOST_TERMS);
    assert!(terms.iter().all(|term| term.keys.len() <= 8));
    assert!(cross_checked(&request).len() <= 96);
}

#[test]
fn terms_print_no_content() {
    let request = crate::domain::fixtures::request();
    let shown = format!("{:?}", terms_of(&Body::Request(Box::new(request))));
    assert!(!shown.contains("345") && shown.contains("keys"));
}
