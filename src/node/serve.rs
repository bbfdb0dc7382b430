//! A node that serves: every part is started in the order in which it is needed, watched, and
//! stopped in the other order.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tracing::{error, info, warn};

use super::bell::{self, Bell};
use super::carrier::{Carrier, Errand, carry};
use super::clocks::PeerTimes;
use super::fetch::Fetcher;
use super::folder::{Folder, NodeError, OpenNode};
use super::keeper::{Keeper, Keeping};
use super::links::Links;
use super::people::{SealedPeople, read_people};
use super::reach::{Reach, Ways};
use super::rotation::{OwnKeys, reconciled};
use super::signer::KeySigner;
use super::trust::{self, InForce, federation, peers};
use super::webhooks;
use super::witnessing;
use crate::app::core::{CatchUp, Core, Fatal, Outcome};
use crate::app::rows::ATTACHED;
use crate::app::{PERSON, People, bundles_on_record, list_on_record};
use crate::base::{Digest, Timestamp};
use crate::config::{Addresses, Config};
use crate::driver::{Current, Driver};
use crate::http::{self, Api, Console, HookStates, LinkStates, PeopleFile, Repeats, Site, Staging};
use crate::seal::at_rest::EpochSecret;
use crate::seal::trust::Directory;
use crate::store::{BlobId, BlobStore, CosignedFile, Index as _, Log as _, SledIndex};
use crate::transport::{Limits, Transport, TransportError, tls_identity};

/// What to serve.
pub struct Serve {
    /// The configuration.
    pub config: Config,
    /// Where to listen for peers, instead of what the configuration says.
    pub listen: Option<SocketAddr>,
    /// The passphrase of the keys.
    pub passphrase: zeroize::Zeroizing<String>,
}

/// Serves until `until` is done or a part fails.
///
/// # Errors
/// [`NodeError`] where the node cannot start, or had to stop.
pub async fn serve(serve: Serve, until: impl Future<Output = ()>) -> Result<(), NodeError> {
    serve_observed(serve, until, |_| (), |_| ()).await
}

/// As [`serve`], for a program that measures or drives the node from within: `started` gets the
/// driver once it runs, and `observe` sees what the node is about to carry, durable behind it. It
/// is called on the driver's thread, which it holds up.
///
/// # Errors
/// As [`serve`].
pub async fn serve_observed(
    serve: Serve,
    until: impl Future<Output = ()>,
    started: impl FnOnce(Driver),
    mut observe: impl FnMut(&Outcome) + Send + 'static,
) -> Result<(), NodeError> {
    let config = serve.config;
    let folder = Folder(config.dir.clone());
    // A log is never continued behind a head that it may have disclosed.
    if folder.is_restored() {
        return Err(NodeError::Restored);
    }
    let (opening, passphrase) = (folder.clone(), serve.passphrase);
    let node = config.node();
    let opened = tokio::task::spawn_blocking(move || {
        if let Some(mark) = opening.moving()? {
            return Err(NodeError::Moving(mark.since));
        }
        let (keys, unlocked) = opening.unlock(node, &passphrase)?;
        // What is installed while the log is opened is taken up once the node serves.
        let seen = trust::stamp(&opening.trust());
        let directory = opening.directory()?;
        let opened = OpenNode::open(&opening, keys, &mut |_, _| ())?;
        // From here on the log is held: whoever prepares a move now finds that it serves.
        if let Some(mark) = opening.moving()? {
            return Err(NodeError::Moving(mark.since));
        }
        people_are_there(&opening, &opened)?;
        Ok::<_, NodeError>((opened, unlocked, (seen, directory)))
    });
    let (opened, unlocked, (seen, directory)) = opened.await.map_err(stopped)??;
    told(&opened);
    let record = list_on_record(&opened.index).map_err(Fatal::from)?;
    trust::no_rollback(directory.as_ref(), record.as_ref())?;
    let bundles = bundles_on_record(&opened.index).map_err(Fatal::from)?;
    let directory = directory.map(|d| trust::without_older_bundles(d, &bundles, node));
    let (directory, too_old) = directory.unzip();
    let at_least = bundles.get(&node).copied().unwrap_or_default();
    let entries = opened.log.size();
    let directory = reconciled(&folder, &opened.keys, directory, entries, at_least)?;
    let people_key = zeroize::Zeroizing::new(*opened.keys.people_key);
    let pseudonym_key = *Digest::of_parts(&[
        b"liaison/pseudonym-key/v1",
        opened.keys.storage_key.as_slice(),
    ])
    .as_bytes();
    let tls_pin = opened.keys.tls.pin();
    let identity = tls_identity(opened.keys.tls.pkcs8(), node, None)
        .map_err(|error| NodeError::Listen(error.to_string()))?;
    let keys = Current::new(opened.keys);
    let mut log = opened.log;
    let writer = log.take_over().map_err(Fatal::Append)?;
    let signer = KeySigner(keys.clone());
    let mut core = Core::new(node, log, opened.index, signer, writer, pseudonym_key)
        .with_times(config.settings.witness.times())
        .with_quota(config.settings.exchange.messages_a_day);
    core.tell_by(bell::channel(&config));

    let blobs = BlobStore::open(&folder.0).map_err(|source| NodeError::File {
        path: folder.0.join("blobs"),
        source,
    })?;
    forget_uploads(&blobs, core.index());
    let blobs = Arc::new(blobs);
    let (carrier, errands) = Carrier::new();
    let (keeper, tasks) = Keeper::new();
    let times = PeerTimes::default();
    let (ended, mut has_ended) = mpsc::channel::<()>(1);
    let carried = carrier.clone();
    let secret = EpochSecret::from_bytes(&people_key);
    let repeats = Repeats::new(folder.0.join("state/repeats"), &secret);
    let answered = repeats.clone();
    let (driver, running) = Driver::start(
        core,
        env!("CARGO_PKG_VERSION").to_owned(),
        move |outcome| {
            observe(&outcome);
            if matches!(outcome, Outcome::Forget { .. }) {
                answered.forget_answers();
            }
            carried.run(Errand::Outcome(outcome));
        },
        move || drop(ended),
    );
    driver
        .policy(config.settings.policy.in_force())
        .map_err(stopped)?;
    let in_force = Current::new(directory.clone());
    if let Some(directory) = &directory {
        driver.install(federation(directory)).map_err(stopped)?;
    }
    let states = LinkStates::default();
    let links = Links {
        driver: driver.clone(),
        node,
        keys: keys.clone(),
        keeper: keeper.clone(),
        times: times.clone(),
        directory: in_force.clone(),
        blobs: blobs.clone(),
        carrier: carrier.clone(),
        states: states.clone(),
        proven: Default::default(),
        aside: Default::default(),
        turns: Default::default(),
    };
    let listen = serve.listen.unwrap_or(config.settings.exchange.listen);
    let transport = Transport::bind(
        listen,
        &identity,
        Arc::new(peers(directory.as_ref(), node)),
        Arc::new(links),
        Limits::default(),
    );
    let transport =
        Arc::new(transport.map_err(|error: TransportError| NodeError::Listen(error.to_string()))?);
    let fetcher = Fetcher::new(node.member, blobs.clone(), driver.clone());
    let concerned = (node, in_force.clone());
    let kept = CosignedFile::of(&folder.0);
    if let Some(directory) = &directory {
        witnessing::set_damaged_aside(&kept, directory);
    }
    let bell = Bell::new(&config, driver.clone());
    let carrying = tokio::spawn(carry(
        errands,
        transport.clone(),
        concerned,
        fetcher.clone(),
        bell,
        (kept, keeper.clone()),
    ));
    let ways = Ways {
        driver: driver.clone(),
        keys: keys.clone(),
        directory: in_force.clone(),
        blobs: blobs.clone(),
        transport: transport.clone(),
        states: states.clone(),
        fetcher,
        keeper: keeper.clone(),
        times: times.clone(),
        folder: folder.clone(),
    };

    let listener = tokio::net::TcpListener::bind(config.settings.api.listen)
        .await
        .map_err(|error| {
            NodeError::Listen(format!(
                "the API cannot listen on {}: {error}",
                config.settings.api.listen
            ))
        })?;
    let http_address = listener.local_addr().map_err(stopped)?;
    let site = Site {
        origin: config.settings.console.origin(node.member, http_address),
    };
    let origin = site.origin.clone();
    let console = Console::new(
        site,
        &config.settings.name,
        folder.0.clone(),
        Some(&people_key),
    );
    let tell = driver.clone();
    let sealed = SealedPeople {
        folder: folder.clone(),
        key: people_key,
    };
    let people = PeopleFile::new(sealed, move |people: &People| {
        tell.people(people.on_record()).is_ok()
    });
    people.refresh();
    let hook_states = HookStates::default();
    let own = OwnKeys {
        folder: folder.clone(),
        unlocked: Arc::new(unlocked),
        keys,
        directory: in_force.clone(),
    };
    let api = Api {
        driver: driver.clone(),
        me: node,
        people,
        staging: Staging::default(),
        transfers: Default::default(),
        blobs,
        since: Timestamp::system(),
        link_states: states,
        hook_states: hook_states.clone(),
        directory: in_force.clone(),
        carriage: Arc::new(Reach(Arc::new(ways))),
        custody: Arc::new(own.clone()),
        repeats,
        console,
    };
    let addresses = Addresses {
        exchange: transport.local_addr().map_err(stopped)?,
        api: http_address,
    };
    let telling = webhooks::start(&config, &driver, &hook_states);
    let (stop, mut stopping) = watch::channel(());
    let serving = tokio::spawn(async move {
        let until = async move {
            // The sender is dropped when the node stops.
            let _stopping = stopping.changed().await;
        };
        http::serve(listener, api, until).await
    });
    let trust = InForce {
        node,
        directory: in_force,
        driver: driver.clone(),
        transport: transport.clone(),
        carrier,
        shown: Arc::new(Mutex::new(tls_pin)),
    };
    let keeping = tokio::spawn(Keeping::new(own, trust.clone(), times).keep(tasks));
    let too_old = too_old.unwrap_or_default();
    let watching = tokio::spawn(trust::watch(folder.clone(), trust, seen, too_old));
    write_addresses(&config, &addresses)?;
    info!(
        event = "serving",
        %node,
        exchange = %addresses.exchange,
        api = %addresses.api,
        console = %origin,
        trust_list = directory.as_ref().map(Directory::version),
    );
    started(driver);

    tokio::select! {
        () = until => info!(event = "stopping", %node),
        _ = has_ended.recv() => error!(event = "driver-ended", %node, "the node has to stop"),
    }
    // Nothing may find addresses that no longer answer.
    let _gone = std::fs::remove_file(config.addresses_file());
    drop(telling);
    watching.abort();
    keeping.abort();
    drop(stop);
    let _served = tokio::time::timeout(Duration::from_secs(5), serving).await;
    let _closed = tokio::time::timeout(Duration::from_secs(5), transport.close()).await;
    let outcome = tokio::task::spawn_blocking(move || running.stop())
        .await
        .map_err(stopped)?;
    carrying.abort();
    if let Err(Fatal::Index(error)) = &outcome {
        // The next start makes the index anew from the log.
        error!(event = "index-failed", %error, "the index is removed");
        SledIndex::destroy(&folder.index()).map_err(Fatal::from)?;
    }
    outcome?;
    info!(event = "stopped", %node);
    Ok(())
}

fn stopped(error: impl std::fmt::Display) -> NodeError {
    NodeError::Listen(format!("the node stopped while it started: {error}"))
}

/// Refuses to serve where nobody could sign in although the log names people: their file is damaged,
/// or gone.
fn people_are_there(folder: &Folder, opened: &OpenNode) -> Result<(), NodeError> {
    read_people(&opened.keys.people_key, &folder.people())?;
    let on_record = opened.index.range(PERSON, &[], None, 1);
    let on_record = on_record.map_err(Fatal::from)?;
    match on_record.is_empty() || folder.people().exists() {
        true => Ok(()),
        false => Err(NodeError::State(
            "state/people is missing, although the log names people".to_owned(),
        )),
    }
}

/// Removes sealed files that no message lists: uploads that were never sent.
fn forget_uploads(blobs: &BlobStore, index: &SledIndex) {
    let mut listed = |id: BlobId| {
        let found = index.get(ATTACHED, &id.message.to_bytes());
        // What cannot be told is kept.
        !matches!(found, Ok(None))
    };
    match blobs.remove_unreferenced(&mut listed) {
        Ok(0) => (),
        Ok(removed) => info!(event = "uploads-forgotten", removed),
        Err(error) => warn!(event = "uploads-kept", %error),
    }
}

/// Says what opening the folder found.
fn told(opened: &OpenNode) {
    info!(event = "log-opened", size = opened.log.size());
    for remark in &opened.started.log.remarks {
        warn!(event = "log-remark", remark = %remark.in_words());
    }
    if let Some(remark) = opened.started.index_remark {
        warn!(event = "index-remark", "{remark}");
    }
    match opened.started.index {
        // A node that has just been made has nothing to make anew.
        CatchUp::Current | CatchUp::Rebuilt(0) => (),
        CatchUp::Replayed(entries) => info!(event = "index-caught-up", entries),
        CatchUp::Rebuilt(entries) => {
            warn!(
                event = "index-rebuilt",
                entries, "the index was made anew from the log"
            );
        }
    }
}

fn write_addresses(config: &Config, addresses: &Addresses) -> Result<(), NodeError> {
    let path = config.addresses_file();
    let io = |source| NodeError::File {
        path: config.addresses_file(),
        source,
    };
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(io)?;
    }
    let json = serde_json::to_vec(addresses).expect("addresses are plain text");
    let fresh = path.with_extension("new");
    std::fs::write(&fresh, json).map_err(io)?;
    std::fs::rename(&fresh, &path).map_err(io)
}
