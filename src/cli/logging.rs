//! What a running node writes about itself to standard error: ids, no content.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

use crate::config::LogFormat;

/// Starts writing. `LIAISON_LOG` chooses how much, such as `debug` or `liaison=trace`.
pub fn start(format: LogFormat) {
    let wanted = std::env::var("LIAISON_LOG").ok();
    let filter: Targets = wanted
        .and_then(|wanted| wanted.parse().ok())
        .unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Text => lines.with_target(false).boxed(),
        LogFormat::Json => lines.json().boxed(),
    };
    // Somebody who embeds the command line may have started it already.
    let _ = registry().with(lines.with_filter(filter)).try_init();
}
