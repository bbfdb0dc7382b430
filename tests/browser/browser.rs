//! A browser, and what the tests do with it.

use std::net::TcpListener;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::AtomicUsize;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use fantoccini::elements::Element;
use fantoccini::error::CmdError;
use fantoccini::wd::WebDriverCompatibleCommand;
use fantoccini::{Client, ClientBuilder, Locator};
use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

/// How long something may take to show, on a slow and busy machine too.
const PATIENCE: Duration = Duration::from_secs(60);

/// The driver of the browsers. Dropped, it ends with all of them.
pub struct Driver {
    process: Child,
    address: String,
}

impl Driver {
    pub fn start() -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let port = port.local_addr().expect("it is bound").port();
        let process = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("chromedriver is installed (tests/run installs it)");
        let address = format!("http://127.0.0.1:{port}");
        Self { process, address }
    }

    /// A browser of its own, with a virtual authenticator whose owner is always there.
    pub async fn browser(&self) -> Browser {
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            "--lang=en",
            "--accept-lang=en",
        ];
        let capabilities = json!({
            "goog:chromeOptions": { "args": args },
            "webauthn:virtualAuthenticators": true,
        });
        let Value::Object(capabilities) = capabilities else {
            unreachable!("it is written as an object")
        };
        let connector = hyper_util::client::legacy::connect::HttpConnector::new();
        let mut builder = ClientBuilder::new(connector);
        builder.capabilities(capabilities);
        let began = Instant::now();
        let client = loop {
            match builder.connect(&self.address).await {
                Ok(client) => break client,
                Err(error) if began.elapsed() > PATIENCE => panic!("no browser: {error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
            }
        };
        let keys = AtomicUsize::new(0);
        let browser = Browser { client, keys };
        let owner = json!({
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": true,
            "hasUserVerification": true,
            "isUserVerified": true,
        });
        browser.command("webauthn/authenticator", owner).await;
        browser
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        // Browsers outlive a driver that is killed alone.
        let group = Pid::from_child(&self.process);
        let _ended = kill_process_group(group, Signal::KILL);
        let _waited = self.process.wait();
    }
}

/// A command that fantoccini has no word for.
#[derive(Debug)]
struct Post(&'static str, Value);

impl WebDriverCompatibleCommand for Post {
    fn endpoint(
        &self,
        base: &url::Url,
        session: Option<&str>,
    ) -> Result<url::Url, url::ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.0
        ))
    }

    fn method_and_body(&self, _: &url::Url) -> (http::Method, Option<String>) {
        (http::Method::POST, Some(self.1.to_string()))
    }
}

/// One browser.
pub struct Browser {
    pub client: Client,
    /// How many keys were pressed.
    pub keys: AtomicUsize,
}

impl Browser {
    async fn command(&self, path: &'static str, body: Value) -> Value {
        let outcome = self.client.issue_cmd(Post(path, body)).await;
        outcome.unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A command of the DevTools protocol.
    pub async fn devtools(&self, command: &str, params: Value) -> Value {
        let body = json!({ "cmd": command, "params": params });
        self.command("goog/cdp/execute", body).await
    }

    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.expect("the page loads");
    }

    pub async fn path(&self) -> String {
        let url = self.client.current_url().await.expect("an address");
        url.path().to_owned()
    }

    pub async fn script(&self, script: &str) -> Value {
        let outcome = self.client.execute(script, Vec::new()).await;
        outcome.unwrap_or_else(|error| panic!("{script}: {error}"))
    }

    pub async fn text(&self) -> String {
        let text = self.script("return document.body.innerText").await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// What stands at a selector, once it does.
    pub async fn find(&self, css: &str) -> Element {
        let began = Instant::now();
        loop {
            let error = match self.client.find(Locator::Css(css)).await {
                Ok(element) => return element,
                Err(error) => error,
            };
            // A page that goes away under the search is told as text, not as an error of the standard.
            let not_yet = error.is_no_such_element() || matches!(error, CmdError::NotW3C(_));
            if !not_yet || began.elapsed() > PATIENCE {
                panic!("{css}: {error}\n{}", self.text().await);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub async fn click(&self, css: &str) {
        let element = self.find(css).await;
        element.click().await.expect("it can be clicked");
    }

    pub async fn fill(&self, css: &str, text: &str) {
        let element = self.find(css).await;
        element.clear().await.expect("it can be emptied");
        element.send_keys(text).await.expect("it takes text");
    }

    /// Chooses a value of a list, a radio button or a check box by its name.
    pub async fn choose(&self, name: &str, value: &str) {
        let script = format!(
            "const all = [...document.getElementsByName({name:?})];\
             const one = all.find((e) => e.tagName === 'SELECT' || e.value === {value:?});\
             if (one.tagName === 'SELECT') one.value = {value:?}; else one.click();",
        );
        self.script(&script).await;
    }

    /// Whether a script gives true, which it has to in time.
    async fn holds(&self, script: &str, began: Instant, what: &str) -> bool {
        let given = self.client.execute(script, Vec::new()).await;
        let holds = given.is_ok_and(|value| value == true);
        if !holds && began.elapsed() > PATIENCE {
            panic!("not in time: {what}\n{}", self.text().await);
        }
        holds
    }

    /// Asks until a script gives true.
    pub async fn until(&self, what: &str, script: &str) {
        let began = Instant::now();
        while !self.holds(script, began, what).await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until the page is at a path that begins so.
    pub async fn arrives(&self, path: &str) {
        let script = format!(
            "return document.readyState === 'complete' && location.pathname.startsWith({path:?})"
        );
        self.until(path, &script).await;
    }

    /// Loads the page again until a script gives true.
    pub async fn reloads_until(&self, what: &str, script: &str) {
        let began = Instant::now();
        while !self.holds(script, began, what).await {
            tokio::time::sleep(Duration::from_millis(250)).await;
            self.client.refresh().await.expect("it loads again");
        }
    }

    /// Width and height in CSS pixels, and the colour scheme.
    pub async fn looks(&self, width: u32, height: u32, scheme: &str) {
        let size = json!({
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", size)
            .await;
        let features = json!([{ "name": "prefers-color-scheme", "value": scheme }]);
        let media = json!({ "features": features });
        self.devtools("Emulation.setEmulatedMedia", media).await;
    }

    /// A picture of the whole page.
    pub async fn picture(&self) -> Vec<u8> {
        let size = self.devtools("Page.getLayoutMetrics", json!({})).await;
        let mut clip = size["cssContentSize"].clone();
        clip["scale"] = json!(1);
        // Chromium shifts a page that is written from the right where it is told to look beyond a
        // window that shows it whole.
        let window = &size["cssLayoutViewport"]["clientHeight"];
        let beyond = clip["height"].as_f64() > window.as_f64();
        let params = json!({
            "format": "jpeg", "quality": 85, "captureBeyondViewport": beyond, "clip": clip,
        });
        let taken = self.devtools("Page.captureScreenshot", params).await;
        let data = taken["data"].as_str().expect("a picture");
        STANDARD.decode(data).expect("base64")
    }

    /// Enrols the first passkey of a person by their one-time code.
    pub async fn enrol(&self, console: &str, code: &str) {
        self.goto(&format!("{console}/enrol")).await;
        self.fill("#code", code).await;
        self.click("form[action='/enrol'] button").await;
        self.click("form[data-passkey=enrol] button").await;
        self.until("signed in", "return location.pathname !== '/enrol'")
            .await;
    }
}
