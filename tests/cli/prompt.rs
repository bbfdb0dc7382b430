//! The passphrase as a person types it, on a terminal of its own.

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{folder, path, stdout};

const PATIENCE: Duration = Duration::from_secs(30);

/// Runs the program on a terminal, and types each answer where its question stands. Gives what the terminal
/// showed, and the exit code.
fn typed(words: &str, answers: &[(&str, &str)]) -> (String, Option<i32>) {
    let program = crate::program::program();
    let program = program.to_str().expect("its path is UTF-8");
    let mut terminal = Command::new("script")
        .args(["--quiet", "--return", "--command"])
        .arg(format!("tty; exec {program} {words}"))
        .arg("/dev/null")
        .env_remove("LIAISON_PASSPHRASE_FILE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a terminal");
    let mut keys = terminal.stdin.take().expect("it is piped");
    let mut screen = terminal.stdout.take().expect("it is piped");
    let (mut shown, mut seen) = (String::new(), 0);
    for (question, answer) in answers {
        while !shown[seen..].contains(question) {
            let mut piece = [0; 256];
            let read = screen.read(&mut piece).expect("the terminal shows");
            assert_ne!(read, 0, "no {question:?} in {shown:?}");
            shown += &String::from_utf8_lossy(&piece[..read]);
        }
        seen = shown.len();
        shows_no_keys(shown.lines().next().expect("it names itself").trim());
        keys.write_all(format!("{answer}\n").as_bytes())
            .expect("somebody types");
    }
    screen.read_to_string(&mut shown).expect("it shows text");
    let status = terminal.wait().expect("it ends");
    (shown, status.code())
}

/// Waits until the terminal does not show what is typed: the question stands a moment before that.
fn shows_no_keys(terminal: &str) {
    let begun = Instant::now();
    loop {
        let stty = Command::new("stty").args(["-a", "-F", terminal]).output();
        let settings = stdout(&stty.expect("there is stty"));
        if settings
            .split_whitespace()
            .any(|setting| setting == "-echo")
        {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{terminal}: {settings}");
    }
}

#[test]
fn a_passphrase_is_asked_for_twice_and_never_shown() {
    let dir = folder("127.0.0.1:0");
    let office = dir.path().join("office");
    let (words, secret) = (path(&office), "six words that nobody shows here");
    let init = format!("init --dir {words} --member MK --name Skopje");
    let (shown, code) = typed(
        &init,
        &[
            ("New passphrase for the keys: ", secret),
            ("The same again: ", secret),
        ],
    );
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("six words"), "{shown}");

    let shares = dir.path().join("shares");
    let back_up = format!("key backup --dir {words} --out {}", path(&shares));
    let (shown, code) = typed(&back_up, &[("Passphrase of MK-1: ", secret)]);
    assert_eq!(code, Some(0), "{shown}");
    assert!(!shown.contains("six words"), "{shown}");
}

#[test]
fn two_different_passphrases_make_no_keys() {
    let dir = folder("127.0.0.1:0");
    let office = dir.path().join("office");
    let init = format!("init --dir {} --member MK --name Skopje", path(&office));
    let (shown, code) = typed(
        &init,
        &[
            (
                "New passphrase for the keys: ",
                "six words that nobody shows here",
            ),
            ("The same again: ", "six words that nobody shows there"),
        ],
    );
    assert_eq!(code, Some(1), "{shown}");
    assert!(shown.contains("the two are not the same"), "{shown}");
}
