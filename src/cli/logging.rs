//! What a running node writes about itself to standard error: ids, no content.

use tracing_subscriber::EnvFilter;

use crate::config::LogFormat;

/// Starts writing. `LIAISON_LOG` chooses how much, such as `debug` or `liaison=trace`.
pub fn start(format: LogFormat) {
    let filter = EnvFilter::try_from_env("LIAISON_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    // Somebody who embeds the command line may have started it already.
    let _ = match format {
        LogFormat::Text => lines.with_target(false).try_init(),
        LogFormat::Json => lines.json().try_init(),
    };
}
