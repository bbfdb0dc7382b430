//! Telling systems on this machine what happens, as CloudEvents 1.0: ids alone, in the order of the log,
//! each until it is taken. How far each system has been told outlives the node.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::task::JoinSet;
use tracing::{info, warn};

use crate::app::News;
use crate::base::{Digest, NodeId, Timestamp, files};
use crate::client::{NotTaken, WebhookClient};
use crate::config::{Config, Webhook};
use crate::driver::Driver;
use crate::http::{HookFailing, HookStates};
use crate::seal::webhook::WebhookSecret;

/// How long to wait after the first failure; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);

/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// One system that is told.
struct Hook {
    node: NodeId,
    url: String,
    client: WebhookClient,
    secret: WebhookSecret,
    cursor: PathBuf,
    driver: Driver,
    states: HookStates,
}

/// Tells every system that the configuration names, until the tasks are dropped. One whose secret
/// cannot be used keeps nobody's node from serving: it shows among what somebody has to see to.
pub fn start(config: &Config, driver: &Driver, states: &HookStates) -> JoinSet<()> {
    let mut running = JoinSet::new();
    for named in &config.settings.webhook {
        match Hook::new(config, named, driver, states) {
            Ok(hook) => {
                running.spawn(hook.run());
            }
            Err(why) => {
                warn!(event = "webhook-failing", url = %named.url, %why);
                let since = Timestamp::system();
                let failing = HookFailing { since, why };
                lock(states).insert(named.url.clone(), failing);
            }
        }
    }
    running
}

fn lock(states: &HookStates) -> MutexGuard<'_, BTreeMap<String, HookFailing>> {
    states.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hook {
    fn new(
        config: &Config,
        named: &Webhook,
        driver: &Driver,
        states: &HookStates,
    ) -> Result<Self, String> {
        let file = config.resolve(&named.secret_file);
        let unusable = |why: &dyn std::fmt::Display| format!("{}: {why}", file.display());
        let text = std::fs::read_to_string(&file).map_err(|error| unusable(&error))?;
        let secret = WebhookSecret::parse(&text).map_err(|error| unusable(&error))?;
        let client = WebhookClient::new(&named.url);
        let name = Digest::of(named.url.as_bytes()).short();
        Ok(Self {
            node: config.node(),
            url: named.url.clone(),
            client: client.ok_or("its address cannot be used")?,
            secret,
            cursor: config.dir.join("state/webhooks").join(name),
            driver: driver.clone(),
            states: states.clone(),
        })
    }

    /// Ends when the node stops.
    async fn run(self) {
        let mut grown = self.driver.grown();
        // Who is told for the first time is told from now on.
        let size = *grown.borrow();
        let mut next = self.told().unwrap_or(size).min(size);
        self.remember(next);
        loop {
            let (news, end) = match self.driver.news(next).await {
                Ok(Ok(found)) => found,
                Ok(Err(error)) => {
                    self.failed(&error);
                    tokio::time::sleep(FIRST_WAIT).await;
                    continue;
                }
                Err(_stopping) => return,
            };
            self.taken();
            for one in &news {
                self.tell(one).await;
                self.remember(one.entry + 1);
            }
            if end > next {
                next = end;
            } else if grown.wait_for(|size| *size > next).await.is_err() {
                return;
            }
        }
    }

    /// The entry before which everything was told.
    fn told(&self) -> Option<u64> {
        std::fs::read_to_string(&self.cursor).ok()?.parse().ok()
    }

    fn remember(&self, next: u64) {
        let write = || -> io::Result<()> {
            let folder = self.cursor.parent().ok_or(io::ErrorKind::NotFound)?;
            std::fs::create_dir_all(folder)?;
            files::replace(&self.cursor, next.to_string().as_bytes())
        };
        // What is told again after a restart carries the same id.
        if let Err(error) = write() {
            warn!(event = "webhook-not-remembered", kind = %error.kind());
        }
    }

    /// Tells one event, until it is taken.
    async fn tell(&self, news: &News) {
        let id = format!("{}/{}", self.node, news.entry);
        let body = self.event(&id, news).to_string();
        let mut wait = FIRST_WAIT;
        while let Err(why) = self.post(&id, &body).await {
            self.failed(&why);
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(LONGEST_WAIT);
        }
        self.taken();
    }

    async fn post(&self, id: &str, body: &str) -> Result<(), NotTaken> {
        let seconds = Timestamp::system().as_millis() / 1_000;
        let headers = [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", seconds.to_string()),
            ("webhook-signature", self.secret.sign(id, seconds, body)),
        ];
        self.client.post(headers, body.to_owned()).await
    }

    /// The event: no content, and no names.
    fn event(&self, id: &str, news: &News) -> Value {
        let place = news.place.as_str();
        json!({
            "specversion": "1.0",
            "id": id,
            "source": format!("/nodes/{}", self.node),
            "type": format!("liaison.{}", news.what),
            "subject": news.conversation,
            "time": news.at,
            "datacontenttype": "application/json",
            "data": {
                "at": format!("/api/v1/{place}/{}", news.conversation),
                "message": news.message,
                "peer": news.peer,
            },
        })
    }

    fn failed(&self, why: &dyn std::fmt::Display) {
        let mut states = lock(&self.states);
        let now = Timestamp::system();
        let failing = states.entry(self.url.clone()).or_insert_with(|| {
            warn!(event = "webhook-failing", url = %self.url, %why);
            HookFailing {
                since: now,
                why: String::new(),
            }
        });
        failing.why = why.to_string();
    }

    fn taken(&self) {
        let mut states = lock(&self.states);
        if states.remove(&self.url).is_some() {
            info!(event = "webhook-taken-again", url = %self.url);
        }
    }
}
