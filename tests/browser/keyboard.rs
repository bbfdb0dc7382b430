//! A browser as somebody uses it who has no mouse: Tab, Enter, Space, arrows and letters alone.

use std::sync::atomic::Ordering;

use serde_json::json;

use crate::browser::Browser;
use crate::stage::Node;

/// A key that is no letter.
#[derive(Debug, Clone, Copy)]
pub enum Key {
    Tab,
    Enter,
    Space,
    Down,
}

/// How often Tab is pressed at most: more often than any page has places.
const PLACES: usize = 150;

impl Browser {
    /// Presses a key.
    pub async fn press(&self, key: Key) {
        let (name, code, number, text) = match key {
            Key::Tab => ("Tab", "Tab", 9, ""),
            Key::Enter => ("Enter", "Enter", 13, "\r"),
            Key::Space => (" ", "Space", 32, " "),
            Key::Down => ("ArrowDown", "ArrowDown", 40, ""),
        };
        self.stroke(name, code, number, text).await;
    }

    /// Presses the key of a letter.
    pub async fn letter(&self, letter: char) {
        let code = format!("Key{}", letter.to_ascii_uppercase());
        let number = u32::from(letter.to_ascii_uppercase());
        let text = letter.to_string();
        self.stroke(&text, &code, number, &text).await;
    }

    async fn stroke(&self, name: &str, code: &str, number: u32, text: &str) {
        self.keys.fetch_add(1, Ordering::Relaxed);
        let mut down = json!({
            "type": if text.is_empty() { "rawKeyDown" } else { "keyDown" },
            "key": name, "code": code, "windowsVirtualKeyCode": number,
        });
        if !text.is_empty() {
            down["text"] = json!(text);
        }
        self.devtools("Input.dispatchKeyEvent", down).await;
        let up = json!({
            "type": "keyUp", "key": name, "code": code, "windowsVirtualKeyCode": number,
        });
        self.devtools("Input.dispatchKeyEvent", up).await;
    }

    /// Presses Tab until the focus is where a selector says.
    pub async fn tab_to(&self, css: &str) {
        self.tab_until(css, &format!("at.matches({css:?})")).await;
    }

    /// Presses Tab until a condition on the element `at`, which has the focus, holds.
    async fn tab_until(&self, what: &str, condition: &str) {
        let emulated = json!({ "enabled": true });
        self.devtools("Emulation.setFocusEmulationEnabled", emulated)
            .await;
        let there = format!("const at = document.activeElement; return !!({condition})");
        for _ in 0..PLACES {
            if self.script(&there).await == true {
                return;
            }
            self.press(Key::Tab).await;
        }
        panic!("Tab never leads to {what}\n{}", self.text().await);
    }

    /// Presses Enter on a link or a button.
    pub async fn enter(&self, css: &str) {
        self.find(css).await;
        self.tab_to(css).await;
        self.press(Key::Enter).await;
    }

    /// Types into a field.
    pub async fn type_into(&self, css: &str, text: &str) {
        self.find(css).await;
        self.tab_to(css).await;
        self.keys.fetch_add(text.chars().count(), Ordering::Relaxed);
        self.devtools("Input.insertText", json!({ "text": text }))
            .await;
    }

    /// Chooses a value of a list, a radio button or a check box by its name.
    pub async fn choose_by_keys(&self, name: &str, value: &str) {
        let group = format!("at.name === {name:?}");
        self.tab_until(name, &group).await;
        if self.script("return document.activeElement.type").await == "checkbox" {
            let one = format!("{group} && at.value === {value:?}");
            self.tab_until(value, &one).await;
            return self.press(Key::Space).await;
        }
        let chosen = format!(
            "const at = document.activeElement;\
             return at.value === {value:?} && (at.type !== 'radio' || at.checked)"
        );
        for _ in 0..PLACES {
            if self.script(&chosen).await == true {
                return;
            }
            self.press(Key::Down).await;
        }
        panic!("no arrow leads to {value} of {name}");
    }

    /// Presses Enter on the row that names something.
    pub async fn enter_row(&self, named: &str) {
        let shown = format!(
            "return [...document.querySelectorAll('table.rows tr')]\
             .some((row) => row.innerText.includes({named:?}))"
        );
        self.reloads_until(named, &shown).await;
        let row = format!("at.matches('a') && at.closest('tr')?.innerText.includes({named:?})");
        self.tab_until(named, &row).await;
        self.press(Key::Enter).await;
    }

    /// Enrols the first passkey of a person, without a mouse.
    pub async fn enrol_by_keys(&self, node: &Node, role: &str) {
        self.goto(&node.page("/enrol")).await;
        self.type_into("#code", node.code(role)).await;
        self.press(Key::Enter).await;
        self.enter("form[data-passkey=enrol] button").await;
        let signed_in = "return location.pathname !== '/enrol'";
        self.until("signed in", signed_in).await;
    }
}
