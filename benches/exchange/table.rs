//! The table: what was measured, beside its floor and its target, for people and for programs.

use std::path::{Path, PathBuf};

/// Whether more is better, as for rates, or less, as for costs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Better {
    /// The gate is the least that the judged figure may be.
    More,
    /// The gate is the most that it may be.
    Less,
}

/// Which figure the gate judges.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// Value by floor.
    Ratio,
    /// The value itself, which has no floor.
    Value,
}

/// One row.
pub struct Row {
    name: &'static str,
    unit: &'static str,
    value: f64,
    floor: Option<f64>,
    better: Better,
    target: Option<Target>,
}

/// What a figure has to reach.
#[derive(Clone, Copy)]
pub struct Target {
    /// What must hold.
    pub gate: f64,
    /// Where we are going.
    pub moonshot: f64,
    /// Which figure.
    pub judged: Judged,
}

impl Row {
    /// A figure beside its floor.
    pub fn ratio(name: &'static str, unit: &'static str, value: f64, floor: f64) -> Self {
        Self {
            name,
            unit,
            value,
            floor: Some(floor),
            better: Better::Less,
            target: None,
        }
    }

    /// A figure without one.
    pub fn plain(name: &'static str, unit: &'static str, value: f64) -> Self {
        Self {
            floor: None,
            ..Self::ratio(name, unit, value, 1.0)
        }
    }

    /// Its target.
    pub fn target(mut self, better: Better, gate: f64, moonshot: f64) -> Self {
        let judged = match self.floor {
            Some(_) => Judged::Ratio,
            None => Judged::Value,
        };
        self.better = better;
        self.target = Some(Target {
            gate,
            moonshot,
            judged,
        });
        self
    }

    fn ratio_of(&self) -> Option<f64> {
        self.floor.map(|floor| self.value / floor)
    }

    fn holds(&self) -> Option<bool> {
        let target = self.target?;
        let judged = match target.judged {
            Judged::Ratio => self.ratio_of()?,
            Judged::Value => self.value,
        };
        Some(match self.better {
            Better::More => judged >= target.gate,
            Better::Less => judged <= target.gate,
        })
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "name": self.name,
            "value": self.value,
            "unit": self.unit,
            "floor": self.floor,
            "ratio": self.ratio_of(),
            "gate": self.target.map(|target| target.gate),
            "moonshot": self.target.map(|target| target.moonshot),
            "holds": self.holds(),
        })
    }
}

/// Prints the rows.
pub fn print(title: &str, rows: &[Row]) {
    println!("\n{title}");
    println!(
        "{:<22}{:>13} {:<7}{:>13}{:>9}{:>9}{:>10}  holds",
        "name", "value", "unit", "floor", "ratio", "gate", "moonshot"
    );
    for row in rows {
        let some = |figure: Option<f64>| figure.map_or_else(|| "–".to_owned(), short);
        let sign = match row.better {
            Better::More => "≥",
            Better::Less => "≤",
        };
        let bound = |figure: fn(Target) -> f64| {
            row.target.map_or_else(
                || "–".to_owned(),
                |target| format!("{sign}{}", short(figure(target))),
            )
        };
        println!(
            "{:<22}{:>13} {:<7}{:>13}{:>9}{:>9}{:>10}  {}",
            row.name,
            short(row.value),
            row.unit,
            some(row.floor),
            some(row.ratio_of()),
            bound(|target| target.gate),
            bound(|target| target.moonshot),
            match row.holds() {
                None => "–",
                Some(true) => "yes",
                Some(false) => "NO",
            }
        );
    }
}

/// Three significant digits, or all digits before the point.
fn short(figure: f64) -> String {
    match figure.abs() {
        small if small < 0.1 => format!("{figure:.3}"),
        small if small < 10.0 => format!("{figure:.2}"),
        middle if middle < 100.0 => format!("{figure:.1}"),
        _ => format!("{figure:.0}"),
    }
}

/// Writes the rows to `target/bench/exchange.json`, wherever the target folder is; gives the path.
pub fn write(rows: &[Row]) -> std::io::Result<PathBuf> {
    // The bench itself lies in <target>/<profile>/deps.
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(3).unwrap_or(Path::new("target"));
    let folder = target.join("bench");
    std::fs::create_dir_all(&folder)?;
    let path = folder.join("exchange.json");
    let rows: Vec<_> = rows.iter().map(Row::json).collect();
    let json = serde_json::to_vec_pretty(&rows).expect("figures are finite");
    std::fs::write(&path, json)?;
    Ok(path)
}
