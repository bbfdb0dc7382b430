//! What is kept in a file as it stands last: written by a task of its own, so that a slow disk holds up
//! nothing else, and at once only if nothing newer waits.

use std::sync::Arc;

use tokio::sync::watch;

/// Hands over what is to be kept. Once it is dropped, what waits is kept, and the task ends.
pub struct Latest<T>(watch::Sender<Option<Arc<T>>>);

impl<T: Send + Sync + 'static> Latest<T> {
    /// Begins to keep, on threads that may block.
    pub fn kept_by(keep: impl Fn(&T) + Send + Sync + 'static) -> Self {
        let (latest, mut waiting) = watch::channel(None::<Arc<T>>);
        let keep = Arc::new(keep);
        tokio::spawn(async move {
            while waiting.changed().await.is_ok() {
                let next = waiting.borrow_and_update().clone();
                let keep = keep.clone();
                let kept =
                    tokio::task::spawn_blocking(move || next.iter().for_each(|one| keep(one)));
                // What broke off is kept with the next.
                let _broke_off = kept.await;
            }
        });
        Self(latest)
    }

    /// Has this kept, in the place of what has not been begun.
    pub fn keep(&self, next: T) {
        self.0.send_replace(Some(Arc::new(next)));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::channel;

    use super::*;

    #[tokio::test]
    async fn of_what_waits_for_the_disk_only_the_latest_is_kept() {
        let (begun, mut begins) = tokio::sync::mpsc::unbounded_channel();
        let (written, disk) = channel::<()>();
        let disk = Mutex::new(disk);
        let latest = Latest::kept_by(move |number: &u32| {
            begun.send(*number).unwrap();
            disk.lock().unwrap().recv().unwrap();
        });
        latest.keep(1);
        assert_eq!(begins.recv().await, Some(1));
        for number in 2..=9 {
            latest.keep(number);
        }
        drop(latest);
        for _ in 0..2 {
            written.send(()).unwrap();
        }
        assert_eq!(begins.recv().await, Some(9));
        assert_eq!(begins.recv().await, None);
    }
}
