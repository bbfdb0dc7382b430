//! What tells a serving node to stop: a signal, or a parent that is gone.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

use super::failure::{Exit, Failure};

/// What tells a serving node to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stop {
    /// Whether the end of standard input does, beside the signals INT and TERM.
    pub with_stdin: bool,
}

impl Stop {
    /// Returns when the node is to stop.
    ///
    /// # Errors
    /// A [`Failure`] where the system refuses a signal handler.
    ///
    /// # Panics
    /// Outside a tokio runtime that drives I/O.
    pub async fn requested(self) -> Result<(), Failure> {
        let mut interrupt = signal(SignalKind::interrupt()).map_err(refused)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(refused)?;
        let (ended, stdin_ended) = oneshot::channel();
        if self.with_stdin {
            // A thread of its own: a blocked read would hold up the runtime's end.
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
                let _ = ended.send(());
            });
        }
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            Ok(()) = stdin_ended, if self.with_stdin => {}
        }
        Ok(())
    }
}

/// The system lets this process handle no signals.
pub(super) fn refused(error: std::io::Error) -> Failure {
    Failure::new(
        Exit::Failure,
        "signals-refused",
        "the system lets this process handle no signals",
        error.to_string(),
        "run it without that restriction",
    )
}
