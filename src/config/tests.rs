//! What the configuration accepts, and what it says about what it refuses.

use super::*;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("/srv/mk"), text)
}

fn settings() -> Settings {
    Settings::new("MK".parse().unwrap(), "Liaison office, Скопје \"one\"")
}

#[test]
fn what_init_writes_reads_back_as_it_was() {
    let mut settings = settings();
    assert_eq!(parse(&settings.render()).unwrap().settings, settings);
    settings.node = 2;
    settings.contact = "+389 2 000 000\nmk@example.org".to_owned();
    settings.passphrase_file = Some("pass'phrase".into());
    settings.exchange.address = Some("[::1]:4433".to_owned());
    settings.alarm.command = vec!["/usr/bin/call".to_owned(), "Скопје \"1\"".to_owned()];
    settings.webhook = ["9000", "9001"].map(hook).to_vec();
    settings.log.format = LogFormat::Json;
    settings.tokens.officer = Some("tokens/officer".into());
    settings.tokens.admin = Some("/run/admin".into());
    let config = parse(&settings.render()).unwrap();
    assert_eq!(config.settings, settings);
    assert_eq!(config.node().to_string(), "MK-2");
    assert_eq!(
        config.token_file(Role::Officer),
        Some("/srv/mk/tokens/officer".into())
    );
    assert_eq!(config.token_file(Role::Admin), Some("/run/admin".into()));
    assert_eq!(config.token_file(Role::Auditor), None);
}

fn hook(port: &str) -> Webhook {
    Webhook {
        url: format!("http://127.0.0.1:{port}/liaison"),
        secret_file: "/etc/liaison/webhook".into(),
    }
}

#[test]
fn two_settings_are_enough() {
    let config = parse("member = \"MK\"\nname = \"Skopje\"\n").unwrap();
    assert_eq!(config.settings, {
        let mut settings = settings();
        settings.name = "Skopje".to_owned();
        settings
    });
}

#[test]
fn an_unknown_setting_is_refused_by_name_and_place() {
    for (text, key, line) in [
        (
            "member = \"MK\"\nname = \"x\"\nfour_eyes = true\n",
            "four_eyes",
            3,
        ),
        (
            "member = \"MK\"\nname = \"x\"\n[api]\nlistn = \"127.0.0.1:1\"\n",
            "listn",
            4,
        ),
        (
            "member = \"MK\"\nname = \"x\"\n[tokens]\nnode = \"n\"\n",
            "node",
            4,
        ),
    ] {
        match parse(text).unwrap_err() {
            ConfigError::Syntax {
                line: at, message, ..
            } => {
                assert!(message.contains(key), "{message}");
                assert_eq!(at, line, "{message}");
            }
            other => panic!("{other}"),
        }
    }
}

#[test]
fn values_that_cannot_serve_are_refused_by_name() {
    for (text, setting) in [
        ("node = 0", "node:"),
        ("[api]\nlisten = \"0.0.0.0:8480\"", "api.listen:"),
        (
            "[exchange]\naddress = \"mk.example.org\"",
            "exchange.address:",
        ),
        ("[exchange]\naddress = \":4433\"", "exchange.address:"),
    ] {
        let text = format!("member = \"MK\"\nname = \"x\"\n{text}\n");
        let error = parse(&text).unwrap_err();
        assert!(matches!(error, ConfigError::Value { .. }), "{error}");
        assert!(error.to_string().contains(setting), "{error}");
    }
}

#[test]
fn a_configuration_is_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(
        Config::load(dir.path()),
        Err(ConfigError::Missing { .. })
    ));
    let written = Config::write_new(dir.path(), &settings()).unwrap();
    assert_eq!(Config::load(dir.path()).unwrap(), written);
    assert!(matches!(
        Config::write_new(dir.path(), &settings()),
        Err(ConfigError::Exists { .. })
    ));
}

#[test]
fn columns_count_characters() {
    assert_eq!(place("a\nжж = ", 6), (2, 3));
    assert_eq!(place("", 0), (1, 1));
}

#[test]
fn the_sample_in_deploy_is_what_init_writes() {
    let mut settings = Settings::new("MK".parse().unwrap(), "Liaison office, Skopje");
    settings.contact = "+389 2 000 0000, duty@mk.example.org".to_owned();
    settings.exchange.address = Some("mk.example.org:4433".to_owned());
    assert_eq!(include_str!("../../deploy/liaison.toml"), settings.render());
}
