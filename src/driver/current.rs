//! What is replaced as a whole while others read it.

use std::sync::{Arc, Mutex};

/// A value that is replaced as a whole, and read by whoever needs it.
pub struct Current<T>(Arc<Mutex<Arc<T>>>);

impl<T> Clone for Current<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Current<T> {
    /// Begins with `value`.
    pub fn new(value: T) -> Self {
        Self(Arc::new(Mutex::new(Arc::new(value))))
    }

    /// The value in force.
    ///
    /// # Panics
    /// Never: nothing panics while it holds the lock.
    pub fn get(&self) -> Arc<T> {
        self.0
            .lock()
            .expect("nothing panics under this lock")
            .clone()
    }

    /// Replaces the value.
    ///
    /// # Panics
    /// Never: nothing panics while it holds the lock.
    pub fn set(&self, value: T) {
        *self.0.lock().expect("nothing panics under this lock") = Arc::new(value);
    }
}
