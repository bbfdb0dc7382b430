//! The console over real HTTP: what nobody gets past, and what pages give to whom.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::console_alerts::FILLED;
use crate::served::{Answer, Call, Served};

/// An authenticator in software, whose owner is always there.
pub struct Authenticator {
    pen: EcdsaKeyPair,
    id: Vec<u8>,
    count: u32,
}

impl Authenticator {
    fn new(id: &[u8]) -> Self {
        let (algorithm, chance) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &chance).expect("a key");
        let pen = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &chance).expect("a key");
        let id = id.to_vec();
        Self { pen, id, count: 0 }
    }

    fn data(&mut self, flags: u8) -> Vec<u8> {
        self.count += 1;
        let mut data = Sha256::digest(b"mk.localhost").to_vec();
        data.push(flags);
        data.extend(self.count.to_be_bytes());
        data
    }

    fn said(office: &Served, kind: &str, challenge: &Value) -> Vec<u8> {
        let data = json!({ "type": kind, "challenge": challenge, "origin": office.origin() });
        data.to_string().into_bytes()
    }

    fn makes(&mut self, office: &Served, asked: &Value) -> Value {
        let mut data = self.data(0x45);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).expect("short").to_be_bytes());
        data.extend(&self.id);
        let head = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
        let key = [
            &hex::decode(head).expect("hex")[..],
            self.pen.public_key().as_ref(),
        ]
        .concat();
        let said = Self::said(office, "webauthn.create", &asked["challenge"]);
        json!({
            "client_data": URL_SAFE_NO_PAD.encode(said),
            "authenticator_data": URL_SAFE_NO_PAD.encode(data),
            "public_key": URL_SAFE_NO_PAD.encode(key),
            "algorithm": -7,
        })
    }

    fn proves(&mut self, office: &Served, asked: &Value) -> Value {
        let data = self.data(0x05);
        let said = Self::said(office, "webauthn.get", &asked["challenge"]);
        let signed = [&data[..], &Sha256::digest(&said)].concat();
        let signature = self
            .pen
            .sign(&SystemRandom::new(), &signed)
            .expect("it signs");
        json!({
            "id": URL_SAFE_NO_PAD.encode(&self.id),
            "client_data": URL_SAFE_NO_PAD.encode(said),
            "authenticator_data": URL_SAFE_NO_PAD.encode(data),
            "signature": URL_SAFE_NO_PAD.encode(signature.as_ref()),
        })
    }
}

/// Somebody at the console.
pub struct Person<'a> {
    office: &'a Served,
    cookie: String,
}

impl Person<'_> {
    pub fn get(&self, path: &str) -> Answer {
        self.call("GET", path).send()
    }

    pub fn call(&self, method: &str, path: &str) -> Call {
        self.office
            .page(method, path)
            .header("cookie", &self.cookie)
    }

    /// What the button of a draft's preview sends.
    pub fn previewed(&self, draft: &str) -> Vec<(&'static str, String)> {
        let preview = self.get(&format!("{draft}/preview")).text();
        let named = |name: &str| {
            let value = preview.split(&format!("name=\"{name}\" value=\"")).nth(1);
            let value = value.and_then(|rest| rest.split('"').next());
            value.unwrap_or_default().to_owned()
        };
        vec![
            ("_do", "send".to_owned()),
            ("_template", named("_template")),
            ("_shown", named("_shown")),
        ]
    }

    /// Presses the button of a preview.
    pub fn presses(&self, draft: &str, button: &[(&'static str, String)]) -> Answer {
        let fields: Vec<_> = button
            .iter()
            .map(|(name, value)| (*name, &**value))
            .collect();
        self.post(draft, &fields)
    }

    /// Sends a draft as its preview stands now.
    pub fn sends(&self, draft: &str) -> Answer {
        self.presses(draft, &self.previewed(draft))
    }

    pub fn post(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.call("POST", path).form(form).send()
    }
}

/// What the page asks an authenticator, by the code that somebody was given.
fn asked_by_code(office: &Served, code: &str) -> Option<Value> {
    let page = office.page("POST", "/enrol").form(&[("code", code)]).send();
    let html = page.text();
    let options = html.split("data-options=\"").nth(1)?.split('"').next()?;
    let json = options
        .replace("&quot;", "\"")
        .replace("&#34;", "\"")
        .replace("&#x27;", "'");
    Some(serde_json::from_str(&json).expect("options are JSON"))
}

fn session(answer: &Answer) -> String {
    let cookie = answer.cookie.clone().expect("a cookie");
    for part in [
        "__Host-liaison=",
        "Path=/",
        "Secure",
        "HttpOnly",
        "SameSite=Strict",
    ] {
        assert!(cookie.contains(part), "{cookie}");
    }
    cookie.split(';').next().expect("a pair").to_owned()
}

pub fn enrolled<'a>(office: &'a Served, name: &str) -> (Person<'a>, Authenticator) {
    let mut authenticator = Authenticator::new(name.as_bytes());
    let asked = asked_by_code(office, office.code(name)).expect("the code holds");
    let made = authenticator.makes(office, &asked);
    let done = office.page("POST", "/enrol/finish").json(&made).send();
    assert_eq!(done.status, 204, "{}", done.text());
    let cookie = session(&done);
    (Person { office, cookie }, authenticator)
}

#[test]
fn a_code_enrols_one_passkey_which_then_signs_in() {
    let office = Served::new();
    let (ana, mut authenticator) = enrolled(&office, "officer");
    assert_eq!(ana.get("/inbox").status, 200);
    assert!(
        asked_by_code(&office, office.code("officer")).is_none(),
        "it works once"
    );
    let asked: Value = office.page("POST", "/sign-in/begin").send().is(200);
    let proof = authenticator.proves(&office, &asked);
    let finish = |proof: &Value| office.page("POST", "/sign-in/finish").json(proof).send();
    let signed_in = finish(&proof);
    assert_eq!(signed_in.status, 204);
    assert_ne!(
        session(&signed_in),
        ana.cookie,
        "each session has a secret of its own"
    );
    assert_eq!(finish(&proof).status, 403, "a challenge is good once");
    let asked: Value = office.page("POST", "/sign-in/begin").send().is(200);
    let stranger = Authenticator::new(b"officer").proves(&office, &asked);
    assert_eq!(finish(&stranger).status, 403);
    assert_eq!(ana.post("/sign-out", &[]).status, 303);
    assert_eq!(ana.get("/inbox").status, 303, "it leads to the door");
}

#[test]
fn whoever_guesses_codes_keeps_nobody_from_signing_in_or_proving_who_they_are() {
    let office = Served::new();
    let (ana, mut authenticator) = enrolled(&office, "officer");
    let enter = |code: &str| office.page("POST", "/enrol").form(&[("code", code)]).send();
    // The minute may end meanwhile, which forgives what failed in it.
    let told = (0..90).map(|_| enter("wrong").status);
    let told: Vec<u16> = told.skip_while(|status| *status == 422).take(1).collect();
    assert_eq!(told, [429], "there are too many");
    let code = office.code("contact");
    assert!(
        asked_by_code(&office, code).is_some(),
        "the right one holds"
    );
    let asked: Value = office.page("POST", "/sign-in/begin").send().is(200);
    let proof = authenticator.proves(&office, &asked);
    let signed_in = office.page("POST", "/sign-in/finish").json(&proof).send();
    assert_eq!(signed_in.status, 204, "{}", signed_in.text());
    let asked: Value = ana.call("POST", "/prove/begin").send().is(200);
    let proof = authenticator.proves(&office, &asked);
    let proved = ana.call("POST", "/prove/finish").json(&proof).send();
    assert_eq!(proved.status, 204, "{}", proved.text());
}

/// Answers of passkeys that nobody has, to sign in.
#[test]
fn whoever_tries_other_passkeys_keeps_nobody_from_signing_in_or_proving_who_they_are() {
    let office = Served::new();
    let (ana, mut authenticator) = enrolled(&office, "officer");
    let mut stranger = Authenticator::new(b"stranger");
    let mut tries = || {
        let asked: Value = office.page("POST", "/sign-in/begin").send().is(200);
        let proof = stranger.proves(&office, &asked);
        office.page("POST", "/sign-in/finish").json(&proof).send()
    };
    let told = (0..90).map(|_| tries().status);
    let told: Vec<u16> = told.skip_while(|status| *status == 403).take(1).collect();
    assert_eq!(told, [429], "there are too many");
    let asked: Value = office.page("POST", "/sign-in/begin").send().is(200);
    let proof = authenticator.proves(&office, &asked);
    let signed_in = office.page("POST", "/sign-in/finish").json(&proof).send();
    assert_eq!(signed_in.status, 204, "{}", signed_in.text());
    let asked: Value = ana.call("POST", "/prove/begin").send().is(200);
    let proof = authenticator.proves(&office, &asked);
    let proved = ana.call("POST", "/prove/finish").json(&proof).send();
    assert_eq!(proved.status, 204, "{}", proved.text());
}

#[test]
fn nobody_is_let_in_without_a_session_and_a_token_is_none() {
    let office = Served::new();
    for path in [
        "/inbox",
        "/outgoing",
        "/requests/new",
        "/alerts",
        "/log",
        "/people",
        "/node",
    ] {
        let answer = office.page("GET", path).send();
        assert_eq!(answer.status, 303, "{path}");
        assert!(answer.head.contains("location: /sign-in?then="), "{path}");
        let bearer = format!("Bearer {}", office.token("officer"));
        let answer = office
            .page("GET", path)
            .header("authorization", &bearer)
            .send();
        assert_eq!(answer.status, 303, "{path}");
    }
    let guessed = office
        .page("GET", "/inbox")
        .header("cookie", "__Host-liaison=0000");
    assert_eq!(guessed.send().status, 303);
}

#[test]
fn what_another_site_sends_changes_nothing() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let host = format!("mk.localhost:{}", office.address.port());
    let send = |headers: &[(&str, &str)]| {
        let mut call = office
            .anonymous("POST", "!/preferences")
            .header("host", &host)
            .header("cookie", &ana.cookie);
        for (name, value) in headers {
            call = call.header(name, value);
        }
        call.form(&[("keys", "on")]).send().status
    };
    let own = office.origin();
    assert_eq!(send(&[("sec-fetch-site", "same-origin")]), 303);
    assert_eq!(send(&[("origin", &own)]), 303);
    assert_eq!(send(&[]), 403);
    assert_eq!(
        send(&[("sec-fetch-site", "cross-site"), ("origin", &own)]),
        403
    );
    assert_eq!(
        send(&[("sec-fetch-site", "same-site"), ("origin", &own)]),
        403
    );
    assert_eq!(send(&[("origin", "http://tr.localhost:1")]), 403);
    // Under another name, such as one that was rebound to this address, there is no console.
    let call = office
        .anonymous("POST", "!/preferences")
        .header("host", "evil.example");
    assert_eq!(
        call.header("origin", "http://evil.example").send().status,
        421
    );
}

#[test]
fn every_page_forbids_what_it_does_not_need() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    for path in ["/inbox", "/nothing-here", "/sign-in"] {
        let head = ana.get(path).head;
        for header in [
            "content-security-policy: default-src 'none'",
            "x-content-type-options: nosniff",
            "x-frame-options: deny",
            "referrer-policy: same-origin",
            "cache-control: no-store",
            "cross-origin-opener-policy: same-origin",
        ] {
            assert!(head.contains(header), "{path} lacks {header}\n{head}");
        }
        let html = ana.get(path).text();
        for inline in ["<script>", "style=", "onclick=", "javascript:", "<style"] {
            assert!(!html.contains(inline), "{path} holds {inline}");
        }
    }
}

/// Which pages each role sees; the others are not there for them.
#[test]
fn each_role_sees_its_own_pages() {
    let office = Served::new();
    let pages = [
        ("/inbox", "officer releaser contact"),
        ("/outgoing", "officer releaser contact"),
        ("/requests/new", "officer"),
        ("/alerts", "officer releaser contact observer"),
        ("/alerts/new", "contact"),
        ("/statistics", "officer releaser contact observer"),
        ("/log", "auditor"),
        ("/log/verify", "auditor"),
        ("/people", "releaser auditor admin"),
        ("/node", "officer releaser contact auditor admin observer"),
        (
            "/preferences",
            "officer releaser contact auditor admin observer",
        ),
        ("/help", "officer releaser contact auditor admin observer"),
    ];
    for name in [
        "officer", "releaser", "contact", "auditor", "admin", "observer",
    ] {
        let (person, _) = enrolled(&office, name);
        for (path, may) in pages {
            let expected = if may.split(' ').any(|role| role == name) {
                200
            } else {
                404
            };
            assert_eq!(person.get(path).status, expected, "{name} {path}");
        }
    }
}

#[test]
fn a_year_that_cannot_be_counted_is_told_and_not_taken_for_another() {
    let office = Served::new();
    let (observer, _) = enrolled(&office, "observer");
    for year in ["next", "1969", "9999", "-1"] {
        let page = observer.get(&format!("/statistics?year={year}"));
        assert_eq!(page.status, 400, "{year}");
        assert!(page.text().contains("1970 to 9998"), "{year}");
    }
    assert_eq!(observer.get("/statistics?year=").status, 200);
}

const REQUEST: [(&str, &str); 21] = [
    ("_template", "vehicle"),
    ("_to[]", "TR"),
    ("urgency", "routine"),
    ("urgency_reason?", ""),
    ("profile", "bp-mou"),
    ("reference", "MK-1"),
    ("offence", "Smuggling"),
    ("facts[0].language", "en"),
    ("facts[0].text", "A van."),
    ("believed_there", "Its plate."),
    ("purpose", "To find it"),
    ("legal_basis", "Law, Art. 1"),
    ("languages!list", "en"),
    ("requester.authority", "Ministry"),
    ("requester.contact_24_7", "+389"),
    ("questions[0].kind", "vehicle-owner"),
    ("questions[0].text", "Whose?"),
    ("subjects[0].vehicle.plate?", "34 KLM 417"),
    ("subjects[0].connection", "Seen"),
    ("protection.never_contact!list", ""),
    ("evidence_use", "police-only"),
];

pub fn request(wish: &'static str) -> Vec<(&'static str, &'static str)> {
    let handling = [
        ("handling.codes[]", "H1"),
        ("handling.tlp", "AMBER"),
        ("handling.retention_days!number", "30"),
        ("_do", wish),
    ];
    REQUEST.into_iter().chain(handling).collect()
}

pub const DRAFT: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

#[test]
fn a_draft_that_was_changed_since_its_preview_is_shown_again_and_not_sent() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let draft = format!("/drafts/{DRAFT}");
    assert_eq!(ana.post(&draft, &request("preview")).status, 200);
    let button = ana.previewed(&draft);
    let mut changed = request("autosave");
    changed.retain(|(name, _)| *name != "_to[]");
    changed.push(("_to[]", "AT"));
    assert_eq!(ana.post(&draft, &changed).status, 204);
    let stale = ana.presses(&draft, &button);
    assert_eq!(stale.status, 422, "{}", stale.text());
    assert!(stale.text().contains("changed in another tab"));
    assert_eq!(ana.get(&format!("/exchanges/{DRAFT}")).status, 404);
    assert_eq!(ana.sends(&draft).status, 303);
    assert!(ana.get("/outgoing").text().contains(">AT<"));
}

#[test]
fn the_number_of_a_request_that_was_sent_is_no_drafts_again() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let draft = format!("/drafts/{DRAFT}");
    assert_eq!(ana.post(&draft, &request("preview")).status, 200);
    assert_eq!(ana.sends(&draft).status, 303);
    let back = ana.get(&format!("{draft}?template=vehicle"));
    assert_eq!(back.status, 303);
    assert!(
        back.head.contains("location: /requests/new/vehicle\r\n"),
        "{}",
        back.head
    );
    let again = ana.post(&draft, &request("autosave"));
    assert_eq!(again.status, 409, "{}", again.text());
}

#[test]
fn a_page_that_one_person_opened_does_nothing_in_the_name_of_another() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let (boris, _) = enrolled(&office, "contact");
    let form = ana.get(&format!("/drafts/{DRAFT}?template=vehicle"));
    let shown_to = &shown_to(&form);
    let mut typed = request("autosave");
    typed.push(("_as", shown_to));
    let draft = format!("/drafts/{DRAFT}");
    let refused = boris.post(&draft, &typed);
    assert_eq!(refused.status, 409, "{}", refused.text());
    assert!(refused.text().contains("Another person has signed in"));
    assert_eq!(ana.post(&draft, &typed).status, 204);
}

/// Whose page it is, as its first form that changes something says.
pub fn shown_to(page: &Answer) -> String {
    let html = page.text();
    let shown_to = html.split("name=\"_as\" value=\"").nth(1);
    let shown_to = shown_to.and_then(|rest| rest.split('"').next());
    shown_to.expect("the form says whose it is").to_owned()
}

#[test]
fn what_needs_one_button_alone_is_done_in_nobody_elses_name_either() {
    let office = Served::new();
    let (audit, _) = enrolled(&office, "auditor");
    let (admin, _) = enrolled(&office, "admin");
    let log = shown_to(&audit.get("/log"));
    let node = shown_to(&admin.get("/node"));
    assert_eq!(log, shown_to(&audit.get("/log/verify")));
    for (person, path, other) in [
        (&audit, "/log/export", &node),
        (&audit, "/log/transfers", &node),
        (&audit, "/log/verify", &node),
        (&admin, "/node/test", &log),
    ] {
        let refused = person.post(path, &[("_as", other)]);
        assert_eq!(refused.status, 409, "{path}: {}", refused.text());
        let told = refused.text();
        assert!(told.contains("Another person has signed in"), "{path}");
    }
    let exported = audit.get("/log?event=log-exported").text();
    let none = exported.contains("class=\"empty\"");
    assert!(none, "nothing is on record: {exported}");
    let own = audit.post("/log/transfers", &[("_as", &log)]);
    assert_eq!(own.status, 200, "{}", own.text());
    assert_eq!(admin.post("/node/test", &[("_as", &node)]).status, 200);
}

#[test]
fn whoever_sends_a_form_after_their_session_ended_is_told_that_nothing_was_sent() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    assert_eq!(ana.post("/sign-out", &[]).status, 303);
    let draft = format!("/drafts/{DRAFT}");
    let sent = ana.post(&draft, &request("preview"));
    assert_eq!(sent.status, 401, "{}", sent.text());
    assert!(
        sent.text().contains("You were signed out"),
        "{}",
        sent.text()
    );
}

#[test]
fn a_request_is_composed_previewed_and_sent_once() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let draft = format!("/drafts/{DRAFT}");
    let preview = ana.post(&draft, &request("preview"));
    assert_eq!(preview.status, 200, "{}", preview.text());
    let html = preview.text();
    for part in ["TR", "TLP:AMBER", "34 KLM 417", "value=\"send\""] {
        assert!(html.contains(part), "{part} is not in the preview");
    }
    let send = || ana.sends(&draft);
    for _ in 0..2 {
        let sent = send();
        assert_eq!(sent.status, 303, "{}", sent.text());
        let place = format!("location: /exchanges/{}", DRAFT.to_ascii_lowercase());
        assert!(sent.head.contains(&place), "{}", sent.head);
    }
    let listed = ana.get("/outgoing").text();
    assert_eq!(listed.matches("MK-1").count(), 1, "{listed}");
    assert_eq!(ana.get(&format!("/exchanges/{DRAFT}")).status, 200);
}

#[test]
fn what_was_asked_before_about_the_same_is_told_before_it_leaves() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let first = format!("/drafts/{DRAFT}");
    let preview = ana.post(&first, &request("preview")).text();
    assert!(
        !preview.contains("Already asked about the same"),
        "{preview}"
    );
    let sent = ana.sends(&first);
    assert_eq!(sent.status, 303, "{}", sent.text());
    let second = "/drafts/01BX5ZZKBKACTAV9WEVGEMMVRZ";
    let preview = ana.post(second, &request("preview")).text();
    let link = format!("/exchanges/{}", DRAFT.to_ascii_uppercase());
    for part in ["Already asked about the same", "MK-1", &link] {
        assert!(preview.contains(part), "{part} is not in {preview}");
    }
}

#[test]
fn a_draft_is_its_writers_alone_and_comes_back_as_typed() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let (eva, _) = enrolled(&office, "second officer");
    let draft = format!("/drafts/{DRAFT}");
    let form = [
        ("_template", "person"),
        ("_do", "save"),
        ("offence", "  <b>as typed</b> \u{202e}x"),
    ];
    assert_eq!(ana.post(&draft, &form).status, 303);
    let html = ana.get(&draft).text();
    assert!(
        html.contains("&#60;b&#62;as typed&#60;/b&#62;") || html.contains("&lt;b&gt;as typed"),
        "{html}"
    );
    assert!(!html.contains("<b>as typed"));
    assert_eq!(eva.get(&draft).status, 404);
    let checked = ana.post(
        &draft,
        &[
            ("_template", "person"),
            ("_do", "preview"),
            ("offence", "\u{202e}x"),
        ],
    );
    assert_eq!(checked.status, 422);
    assert!(checked.text().contains("class=\"faults\""));
    assert_eq!(ana.post(&draft, &[("_do", "discard")]).status, 303);
    assert_eq!(ana.get(&draft).status, 404);
}

#[test]
fn hostile_forms_are_told_off_and_nothing_breaks() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let draft = format!("/drafts/{DRAFT}");
    let long = "x".repeat(200_000);
    for value in ["", "\0", "<script>alert(1)</script>", "\u{202e}", &long] {
        for (field, _) in REQUEST.into_iter().skip(1) {
            let mut form = request("preview");
            for pair in &mut form {
                if pair.0 == field {
                    pair.1 = Box::leak(value.to_owned().into_boxed_str());
                }
            }
            let answer = ana.post(&draft, &form);
            let fine = matches!(answer.status, 200 | 422);
            assert!(fine, "{field} {}: {}", value.len(), answer.status);
            assert!(!answer.text().contains("<script>alert"), "{field}");
        }
    }
    let huge = "x".repeat(10 * 1024 * 1024);
    let answer = ana.post(&draft, &[("offence", &huge)]);
    assert_eq!(answer.status, 413);
    for path in [
        "/exchanges/x",
        "/drafts/x",
        "/exchanges/01ARZ3NDEKTSV4RRFFQ69G5FAV",
        "/people/x/y",
    ] {
        assert_eq!(ana.get(path).status / 100, 4, "{path}");
    }
}

#[test]
fn a_persons_exchange_opens_only_with_a_reason_that_auditors_see() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let (eva, _) = enrolled(&office, "releaser");
    let (audit, _) = enrolled(&office, "auditor");
    let draft = format!("/drafts/{DRAFT}");
    assert_eq!(ana.post(&draft, &request("preview")).status, 200);
    assert_eq!(ana.sends(&draft).status, 303);
    let path = format!("/exchanges/{DRAFT}");
    let asks = eva.get(&path).text();
    assert!(
        asks.contains("id=\"why\"") && !asks.contains("34 KLM 417"),
        "{asks}"
    );
    let why = format!("{path}/why");
    assert_eq!(eva.post(&why, &[("why", " ")]).status, 422);
    assert_eq!(eva.post(&why, &[("why", "release duty")]).status, 303);
    assert!(eva.get(&path).text().contains("34 KLM 417"));
    let log = audit.get("/log?event=reading-justified").text();
    assert!(log.contains("release duty"), "{log}");
    assert!(!audit.get("/log").text().contains("34 KLM 417"));
    assert_eq!(audit.get(&path).status, 404, "an auditor reads no content");
}

#[test]
fn auditors_export_the_register_of_transfers_which_names_no_content() {
    let office = Served::new();
    let (ana, _) = enrolled(&office, "officer");
    let (audit, _) = enrolled(&office, "auditor");
    let draft = format!("/drafts/{DRAFT}");
    assert_eq!(ana.post(&draft, &request("preview")).status, 200);
    let sent = ana.sends(&draft);
    assert_eq!(sent.status, 303);
    let register = audit.post("/log/transfers", &[]);
    assert_eq!(register.status, 200, "{}", register.text());
    assert!(register.head.contains("-transfers-"), "{}", register.head);
    let register = register.text();
    let mut lines = register.lines();
    let head = lines.next().expect("a head");
    assert_eq!(
        head,
        "time,recipient,what,reason,exchange,person,role,entry"
    );
    let line = lines.next().expect("a transfer");
    for part in [",TR,request-sent,\"Law, Art. 1\",", ",officer,"] {
        assert!(line.contains(part), "{part} is not in {line}");
    }
    assert_eq!(lines.next(), None, "one transfer: {register}");
    assert!(!register.contains("34 KLM 417"), "{register}");
    assert_eq!(ana.post("/log/transfers", &[]).status, 404);
    let exported = audit.get("/log?event=log-exported").text();
    assert!(
        exported.contains("#"),
        "the export is on record: {exported}"
    );
    let node = audit.get("/node").text();
    for part in ["Room on the disk", "Cosigned by enough members"] {
        assert!(node.contains(part), "{part} is not in {node}");
    }
}

#[test]
fn what_went_to_three_has_three_lines_in_the_register_and_is_found_by_each() {
    let office = Served::new();
    let (contact, _) = enrolled(&office, "contact");
    let (audit, _) = enrolled(&office, "auditor");
    let sent = contact.post("/alerts/new", &FILLED);
    assert_eq!(sent.status, 303, "{}", sent.text());
    let register = audit.post("/log/transfers", &[]).text();
    let lines: Vec<&str> = register.lines().skip(1).collect();
    assert_eq!(lines.len(), 3, "{register}");
    let mut entries = Vec::new();
    for (line, to) in lines.iter().zip(["AT", "RS", "TR"]) {
        assert!(line.contains(&format!(",{to},alert-sent,")), "{line}");
        entries.extend(line.rsplit(',').next());
        let path = format!("/log?event=alert-sent&peer={to}");
        let found: Value = office.call("auditor", "GET", &path).send().is(200);
        let found = found["items"].as_array().expect("entries");
        assert_eq!(found.len(), 1, "{to}");
        assert_eq!(found[0]["peer"], to);
    }
    entries.dedup();
    assert_eq!(entries.len(), 1, "all of them are of one entry");
}

fn id_of_the_officer(admin: &Person<'_>) -> String {
    let page = admin.get("/people").text();
    page.split("data-liaison-row=\"officer\"")
        .nth(1)
        .and_then(|rest| rest.split("/people/").nth(1))
        .and_then(|rest| rest.split('/').next())
        .expect("the officer's id")
        .to_owned()
}

#[test]
fn no_account_changes_while_the_log_cannot_say_so() {
    let office = Served::new();
    let (admin, _) = enrolled(&office, "admin");
    let (audit, _) = enrolled(&office, "auditor");
    let id = id_of_the_officer(&admin);
    let before = admin.get("/people").text();
    let named = [("name", "new one"), ("role", "officer")];
    for (path, form) in [
        ("/people".to_owned(), &named[..]),
        (format!("/people/{id}/roles"), &[("role", "contact")]),
        (format!("/people/{id}/remove"), &[]),
        (format!("/people/{id}/recover"), &[]),
    ] {
        office.fills_up();
        assert_eq!(admin.post(&path, form).status, 507, "{path}");
        assert_eq!(admin.get("/people").text(), before, "{path}");
    }
    let approved = audit.post(&format!("/people/{id}/approve"), &[]);
    assert_eq!(approved.status, 404, "nobody has asked");
    // A code that enrolled nothing works still.
    let mut authenticator = Authenticator::new(b"officer");
    let asked = asked_by_code(&office, office.code("officer")).expect("the code holds");
    let made = authenticator.makes(&office, &asked);
    office.fills_up();
    let refused = office.page("POST", "/enrol/finish").json(&made).send();
    assert_eq!(refused.status, 507, "{}", refused.text());
    enrolled(&office, "officer");
}

#[test]
fn accounts_are_changed_only_on_a_fresh_proof_and_a_way_back_needs_two() {
    let office = Served::new();
    let (admin, _) = enrolled(&office, "admin");
    let (audit, _) = enrolled(&office, "auditor");
    let (ana, _) = enrolled(&office, "officer");
    let added = admin.post("/people", &[("name", "new one"), ("role", "officer")]);
    assert_eq!(added.status, 200);
    assert!(added.text().contains("new one"));
    let refused = admin.post("/people", &[("name", "new one"), ("role", "officer")]);
    assert_eq!(refused.status, 422, "the name is taken");
    assert_eq!(
        ana.post("/people", &[("name", "x"), ("role", "admin")])
            .status,
        404
    );
    let id = id_of_the_officer(&admin);
    assert_eq!(
        admin.post(&format!("/people/{id}/recover"), &[]).status,
        303
    );
    assert_eq!(
        admin.post(&format!("/people/{id}/approve"), &[]).status,
        422,
        "alone"
    );
    assert_eq!(ana.get("/inbox").status, 200);
    let approved = audit.post(&format!("/people/{id}/approve"), &[]);
    assert_eq!(approved.status, 200);
    assert_eq!(ana.get("/inbox").status, 303, "the old session is over");
}

#[test]
fn a_page_that_a_language_lacks_is_english_as_a_whole_and_read_from_left_to_right() {
    let office = Served::new();
    let (admin, _) = enrolled(&office, "admin");
    admin.post("/language", &[("language", "fa")]);
    let english = "<main id=\"main\" tabindex=\"-1\" lang=\"en\" dir=\"ltr\">";
    let node = admin.get("/node").text();
    assert!(node.contains("<html lang=\"fa\" dir=\"rtl\">"), "{node}");
    assert!(node.contains(english), "{node}");
    assert!(!admin.get("/members").text().contains(english));
}

#[test]
fn a_peer_without_a_link_is_told_with_code_cause_and_remedy() {
    let office = Served::new();
    let (admin, _) = enrolled(&office, "admin");
    let page = admin.get("/node").text();
    for told in [
        "<code>link-down</code>",
        "No link has come about since the node started.",
        "Test all connections: the test says what stands in the way and what to do.",
    ] {
        assert!(page.contains(told), "{told}\n{page}");
    }
}
